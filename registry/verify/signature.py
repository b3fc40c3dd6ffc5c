"""Whether a document carries a signature of its issuer's, which is not the anchor, and whose it is."""

from __future__ import annotations

from registry.document.reading import Reading
from registry.language.said import Value, listed, say
from registry.records import Party
from registry.verify.same_document import missed
from registry.verify.verdict import Check, Code


def check_signature(reading: Reading | None, party: Party | None = None) -> Check:
    """Whether the signatures that can be checked hold, and what says whose they are; receipts are not signatures.

    Args:
        party: the one that anchored it, as the chain has it; None where that is not known.
    """
    if reading is None or not reading.is_at_hand:
        return _unread("signature.notAtHand")
    if reading.unread and not reading.signatures:
        return _unread("signature.partsUnread", what=missed(reading))
    if not reading.signatures:
        return Check.passed("signature", Code.NO_SIGNATURE, say("signature.none"))
    signed = reading.signed
    if signed.broken:
        return Check.failed("signature", Code.SIGNATURE_BROKEN, say("signature.broken", signer=signed.broken[0]))
    if signed.unchecked:
        return _unread("signature.unread", names=listed(signed.unchecked[:4]))
    signers = listed(signed.holding)
    if party is not None and signed.holding == (party.uri,):
        return Check.passed("signature", Code.SIGNATURE_HOLDS, say("signature.ofIssuer", signer=party.uri))
    return Check.warned("signature", Code.SIGNER_UNKNOWN, say("signature.ofAnybody", signers=signers))


def _unread(key: str, **values: Value) -> Check:
    return Check.warned("signature", Code.SIGNATURE_UNREAD, say(key, **values))
