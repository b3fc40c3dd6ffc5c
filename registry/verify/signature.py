"""Whether a document carries a signature of its issuer's, which is not the anchor, and whose it is.

A signature holds or does not; whose it is, is another question. A key that only the document names is anybody's. A DID
document ties a key to a host on the web, and to the party on chain only where both name each other: the party's URI is
the DID, and the DID document names the party. When a signature was made is its signer's own word, except where the
digest that was anchored covers the signature: then it is older than the anchor.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from registry.credential.digest import DigestMethod
from registry.document.did_parties import PartyName
from registry.document.reading import Reading
from registry.document.signatures import Held, Signature
from registry.language.said import Original, Said, Sentence, Value, listed, say
from registry.proofs.signatures.suites import MOST_AHEAD
from registry.records import Party
from registry.untrusted.text import marked
from registry.verify.same_document import missed
from registry.verify.verdict import Check, Code, sentences

_MOST_TOLD: Final = 2
_LONGEST: Final = 200
COVERING: Final = frozenset({DigestMethod.FILE, DigestMethod.JSON_JCS, DigestMethod.SD_JWT})
"""Digests of which a signature in the document is a part: what was anchored by them was signed before."""


class Anchored(NamedTuple):
    """By whom a document was anchored, as the chain has it.

    Attributes:
        chain: CAIP-2.
        contract: address in either case.
        party: None where the contract has none of that number.
        signed_before: when it was anchored, where the anchor covers its signatures; None where it does not.
    """

    chain: str
    contract: str
    party: Party | None
    signed_before: datetime | None = None

    @property
    def name(self) -> PartyName | None:
        """The party, told from all others."""
        return None if self.party is None else PartyName(self.chain, self.contract.lower(), self.party.id)


def check_signature(reading: Reading | None, now: datetime, anchored: Anchored | None = None) -> Check:
    """Whether the signatures that can be checked hold, and what says whose they are; receipts are not signatures.

    Args:
        now: the moment to judge by what signatures say of their own time.
        anchored: None where the chain was not asked, or could not say.
    """
    if reading is None or not reading.is_at_hand:
        return _unread("signature.notAtHand")
    if reading.unread and not reading.signatures:
        return _unread("signature.partsUnread", what=missed(reading))
    if not reading.signatures:
        return Check.passed("signature", Code.NO_SIGNATURE, say("signature.none"))
    signed = reading.signed
    if (failed := refused(signed.found, now)) is not None:
        return failed
    if signed.unchecked:
        whys = dict.fromkeys(Original(sentences(each.why)) for each in signed.of(Held.UNREAD) if each.why)
        return _unread("signature.unread", *list(whys)[:_MOST_TOLD], names=listed(signed.unchecked[:4]))
    for each in signed.found:
        if each.created is not None and each.created > now + MOST_AHEAD:
            return _unread("signature.early", signer=_shown(each), when=each.created)
    return _whose(signed.found, now, anchored, is_partial=signed.is_partial)


def refused(found: Sequence[Signature], now: datetime) -> Check | None:
    """That one of them does not count, the worst first."""
    for each in found:
        if each.held is Held.BROKEN:
            return Check.failed("signature", Code.SIGNATURE_BROKEN, say("signature.broken", signer=_shown(each)))
    for each in found:
        if each.held is Held.FORBIDDEN:
            said = say("online.notAuthorised", signer=_shown(each))
            return Check.failed("signature", Code.SIGNER_NOT_AUTHORISED, said, Original(sentences(each.why)))
    for each in found:
        if each.ended is not None and each.created is not None and each.created >= each.ended:
            said = say("online.afterEnd", signer=_shown(each), created=each.created, ended=each.ended)
            return Check.failed("signature", Code.KEY_ENDED, said)
    for each in found:
        if each.expires is not None and each.expires <= now:
            said = say("signature.expired", signer=_shown(each), when=each.expires)
            return Check.failed("signature", Code.SIGNATURE_EXPIRED, said)
    return None


def _whose(found: Sequence[Signature], now: datetime, anchored: Anchored | None, *, is_partial: bool) -> Check:
    """Whose signatures these are, all of which hold."""
    times: list[Said] = []
    for each in found:
        if each.ended is None or each.ended > now:
            continue
        if anchored is None or anchored.signed_before is None or anchored.signed_before >= each.ended:
            since = say("online.endedSince", signer=_shown(each), ended=each.ended)
            word = [] if each.created is None else [say("online.ownWord", created=each.created)]
            return Check.warned("signature", Code.KEY_ENDED_SINCE, since, *word)
        times.append(say("online.dated", ended=each.ended, when=anchored.signed_before))
    unbound = [each for each in found if not _is_bound(each, anchored)]
    if not unbound:
        bound = next((each for each in found if each.is_published), found[0])
        if is_partial:
            # Whoever has one credential of the issuer's could lay any other beside it.
            return Check.warned("signature", Code.SIGNER_UNKNOWN, say("signature.notAll", signer=_shown(bound)), *times)
        key = "online.bothWays" if bound.is_published else "signature.ofIssuer"
        return Check.passed("signature", Code.SIGNATURE_HOLDS, say(key, signer=_shown(bound)), *times)
    for each in unbound:
        if each.is_published:
            code, said = _published(each, anchored)
            return Check.warned("signature", code, said, *times)
    signers = listed(dict.fromkeys(map(_shown, found)))
    return Check.warned("signature", Code.SIGNER_UNKNOWN, say("signature.ofAnybody", signers=signers), *times)


def _is_bound(signature: Signature, anchored: Anchored | None) -> bool:
    """Whether the chain says that the party is the signer, and the signer, where there is more than a key, the same."""
    if anchored is None or anchored.party is None or anchored.party.uri != signature.signer:
        return False
    return not signature.is_published or anchored.name in signature.parties


def _published(signature: Signature, anchored: Anchored | None) -> tuple[Code, Said]:
    """Of a signer whose DID document lists the key: what ties it to the party, or does not."""
    values: dict[str, Value] = {"signer": _shown(signature)}
    if anchored is None or anchored.party is None:
        return Code.SIGNER_UNKNOWN, say("online.ofDid", **values)
    values |= {"party": anchored.party.id}
    if anchored.party.uri == signature.signer:
        return Code.SIGNER_ONE_WAY, say("online.notNamedBack", **values)
    values |= {"uri": marked(anchored.party.uri, _LONGEST)}
    if anchored.name in signature.parties:
        return Code.SIGNER_ONE_WAY, say("online.namedOnly", **values)
    return Code.SIGNER_OTHER, say("online.ofAnother", **values)


def _shown(signature: Signature) -> str:
    return marked(signature.signer, _LONGEST)


def _unread(key: str, *more: Sentence, **values: Value) -> Check:
    return Check.warned("signature", Code.SIGNATURE_UNREAD, say(key, **values), *more)
