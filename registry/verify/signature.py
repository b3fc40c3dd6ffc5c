"""Whether a document carries a signature of its issuer's, which is not the anchor, and whose it is."""

from __future__ import annotations

from registry.document.reading import Reading
from registry.records import Party
from registry.verify.same_document import missed
from registry.verify.verdict import Check, Code


def check_signature(reading: Reading | None, party: Party | None = None) -> Check:
    """Whether the signatures that can be checked hold, and what says whose they are; receipts are not signatures.

    Args:
        party: the one that anchored it, as the chain has it; None where that is not known.
    """
    if reading is None or not reading.is_at_hand:
        return _unread("The document was not read, so neither was a signature it may carry.")
    if reading.unread and not reading.signatures:
        return _unread(f"Not all of it was read ({missed(reading)}), so neither was a signature it may carry.")
    if not reading.signatures:
        return Check.passed("signature", Code.NO_SIGNATURE, "It carries no signature besides what proves the anchor.")
    signed = reading.signed
    if signed.broken:
        return Check.failed(
            "signature",
            Code.SIGNATURE_BROKEN,
            f"It carries a signature that is said to be of {signed.broken[0]}, and is not: the document was changed "
            "after it was signed, or the signature is of another one. Ask the issuer for the document again.",
        )
    if signed.unchecked:
        return _unread(
            f"It also carries a signature ({', '.join(signed.unchecked[:4])}), which was not checked: a broken or "
            "foreign one would look the same here. That it was anchored does not depend on it."
        )
    signers = ", ".join(signed.holding)
    if party is not None and signed.holding == (party.uri,):
        return Check.passed(
            "signature",
            Code.SIGNATURE_HOLDS,
            f"Its signature by {signers} holds. By this URI the issuer is known on the chain.",
        )
    return Check.warned(
        "signature",
        Code.SIGNER_UNKNOWN,
        f"Its signature by {signers} holds. That this key is the issuer's is said by the document alone: anybody could "
        "have signed it so. That it was anchored does not depend on it.",
    )


def _unread(text: str) -> Check:
    return Check.warned("signature", Code.SIGNATURE_UNREAD, text)
