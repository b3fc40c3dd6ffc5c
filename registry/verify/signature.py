"""Whether a document carries a signature of its issuer's, which is not the anchor."""

from __future__ import annotations

from registry.document.reading import Reading
from registry.language.said import listed, say
from registry.verify.same_document import missed
from registry.verify.verdict import Check, Code


def check_signature(reading: Reading | None) -> Check:
    """Signatures are not checked here, and the verdict says so where there is one; receipts are not signatures."""
    if reading is None or not reading.is_at_hand:
        return Check.warned("signature", Code.SIGNATURE_UNREAD, say("signature.notAtHand"))
    if reading.unread and not reading.signatures:
        return Check.warned("signature", Code.SIGNATURE_UNREAD, say("signature.partsUnread", what=missed(reading)))
    if reading.signatures:
        names = listed(reading.signatures[:4])
        return Check.warned("signature", Code.SIGNATURE_UNREAD, say("signature.unread", names=names))
    return Check.passed("signature", Code.NO_SIGNATURE, say("signature.none"))
