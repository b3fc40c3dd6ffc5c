"""The checks of a document of others that is anchored otherwise than here: what it is, and what of it holds.

They stand in the places of the checks of a receipt, under reasons of their own, so that nobody takes the one for the
other; who anchored it stays unknown.
"""

from __future__ import annotations

from collections.abc import Iterator

from registry.document.foreign import Anchoring, Foreign
from registry.language.said import Original, Said, Sentence, listed, say
from registry.verify.verdict import Check, Code


def check_foreign(foreign: Foreign) -> tuple[Check, Check, Check, Check, Check]:
    """The checks `integrity`, `inclusion`, `anchor`, `issuer` and `status` of such a document."""
    left = not_checked(foreign)
    return (
        _integrity(foreign),
        _inclusion(foreign),
        Check.unknown("anchor", Code.FOREIGN_ANCHOR, *_places(foreign), left),
        Check.unknown("issuer", Code.FOREIGN_ANCHOR, *_issuers(foreign), left),
        Check.unknown("status", Code.FOREIGN_ANCHOR, left),
    )


def not_checked(foreign: Foreign) -> Said:
    """What follows from no document: who anchored it, and what became of it since."""
    return say("foreign.notChecked", kind=foreign.kind)


def _integrity(foreign: Foreign) -> Check:
    if foreign.unread:
        return _unread("integrity", foreign)
    if foreign.computed is None:
        why = Original(foreign.uncomputed)
        return Check.unknown("integrity", Code.FOREIGN_UNREAD, say("foreign.uncomputed", kind=foreign.kind, why=why))
    if foreign.computed == foreign.target:
        return Check.passed("integrity", Code.FOREIGN_INTACT, say("foreign.intact", kind=foreign.kind))
    named = "" if foreign.target is None else foreign.target.hex()
    changed = say("foreign.changed", kind=foreign.kind, found=foreign.computed.hex(), named=named)
    return Check.failed("integrity", Code.DIGEST_DIFFERS, changed)


def _inclusion(foreign: Foreign) -> Check:
    if foreign.root is None:
        return _unread("inclusion", foreign)
    root = f"0x{foreign.root.hex()}"
    if foreign.leads:
        return Check.passed("inclusion", Code.FOREIGN_INCLUDED, say("foreign.included", root=root))
    return Check.failed("inclusion", Code.ROOT_DIFFERS, say("foreign.notIncluded", root=root))


def _unread(name: str, foreign: Foreign) -> Check:
    said = say("foreign.unread", kind=foreign.kind, why=Original(foreign.unread))
    return Check.unknown(name, Code.FOREIGN_UNREAD, said)


def _places(foreign: Foreign) -> Iterator[Sentence]:
    key = {
        Anchoring.NOT_ASKED: "foreign.transaction",
        Anchoring.ELSEWHERE: "foreign.elsewhere",
        Anchoring.UNCOUNTED: "foreign.uncounted",
    }[foreign.anchoring]
    for transaction, chain in foreign.places:
        yield say(key, transaction=transaction, chain=chain)


def _issuers(foreign: Foreign) -> Iterator[Sentence]:
    if foreign.issuers:
        yield say("foreign.issuers", names=listed(foreign.issuers))
