"""Whether a document carries a signature of its issuer's, which is not the anchor."""

from __future__ import annotations

from registry.document.reading import Reading
from registry.verify.same_document import missed
from registry.verify.verdict import Check, Code


def check_signature(reading: Reading | None) -> Check:
    """Signatures are not checked here, and the verdict says so where there is one; receipts are not signatures."""
    if reading is None or not reading.is_at_hand:
        return Check.warned(
            "signature", Code.SIGNATURE_UNREAD, "The document was not read, so neither was a signature it may carry."
        )
    if reading.unread and not reading.signatures:
        return Check.warned(
            "signature",
            Code.SIGNATURE_UNREAD,
            f"Not all of it was read ({missed(reading)}), so neither was a signature it may carry.",
        )
    if reading.signatures:
        return Check.warned(
            "signature",
            Code.SIGNATURE_UNREAD,
            f"It also carries a signature ({', '.join(reading.signatures[:4])}), which was not checked: a broken or "
            "foreign one would look the same here. That it was anchored does not depend on it.",
        )
    return Check.passed("signature", Code.NO_SIGNATURE, "It carries no signature besides what proves the anchor.")
