"""Whether an issuer was accredited for a scope at a time, along a path from a body that the verifier trusts.

Pure: a ledger in, a path or the nearest missing link out. The contract's `checkPath` accepts exactly the paths that are
found here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

from registry.language.catalogue import english
from registry.language.said import Said, Sentences, say
from registry.recognition.ledger import Accreditation, Change, Kind, Ledger, State, StateAt
from registry.recognition.scope import ANY_PROGRAMME, NO_NAMES, Scope

__all__ = [
    "LONGEST_PATH",
    "Accreditation",
    "Change",
    "Gap",
    "Kind",
    "Ledger",
    "Missing",
    "Path",
    "Reading",
    "Scope",
    "State",
    "StateAt",
    "find_path",
    "why_not",
]

LONGEST_PATH: Final = 5
"""How many links a path has at most, as in the contract."""


class Reading(StrEnum):
    """By which record a link has to be active: that of the time asked for, that of today, or both."""

    AS_KNOWN_THEN = "as-known-then"
    AS_KNOWN_NOW = "as-known-now"
    BOTH = "both"


class Gap(StrEnum):
    """Why there is no path."""

    NOT_ACCREDITED = "not-accredited"
    NO_AGREEMENT = "no-agreement"
    NOT_YET_VALID = "not-yet-valid"
    EXPIRED = "expired"
    NOT_YET_RECORDED = "not-yet-recorded"
    NOT_ACCEPTED = "not-accepted"
    REFUSED = "refused"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"
    VOID = "void"
    SCOPE_NOT_COVERED = "scope-not-covered"
    SCOPE_WIDENED = "scope-widened"


@dataclass(frozen=True, slots=True)
class Path:
    """The links from a trusted body to the issuer, all of them active at the time.

    Attributes:
        links: 1 to 5; the first may be a recognition, the last accredits the issuer to issue.
        scope: the one that was asked for; every link covers it.
    """

    links: tuple[Accreditation, ...]
    scope: Scope
    moment: datetime
    reading: Reading

    @property
    def ids(self) -> tuple[int, ...]:
        """The numbers of the links, as `checkPath` takes them."""
        return tuple(link.id for link in self.links)

    @property
    def body(self) -> int:
        """The trusted body at which it begins."""
        return self.links[0].body

    @property
    def recognition(self) -> Accreditation | None:
        """The recognition that it begins with, if it does."""
        return self.links[0] if self.links[0].kind is Kind.RECOGNISE else None

    @property
    def accreditations(self) -> tuple[Accreditation, ...]:
        """The links that are accreditations."""
        return self.links[1:] if self.recognition else self.links


@dataclass(frozen=True, slots=True)
class Missing:
    """What keeps the issuer from being accredited: the link nearest to it that is missing.

    Attributes:
        link: the one that would do but for the gap, or None when there is no such link at all.
        party: of whom the missing link would speak.
        count: how many links are missing on the path that lacks the fewest.
        said: sentences for people.
    """

    gap: Gap
    party: int
    link: Accreditation | None
    count: int
    said: Sentences

    @property
    def text(self) -> str:
        """What is said, in English."""
        return english().text(self.said)

    def to_dict(self) -> dict[str, Any]:
        """Its members, without the sentences."""
        return {
            "gap": self.gap.value,
            "party": self.party,
            "accreditation": self.link.id if self.link else None,
            "count": self.count,
        }


class _Fault(NamedTuple):
    """What is wrong with one link of a path."""

    gap: Gap
    link: Accreditation
    said: tuple[Said, ...]


class _Way(NamedTuple):
    """Links that lead to the issuer, with the number of things wrong with them; the best way is the least."""

    faults: int
    length: int
    ids: tuple[int, ...]


class _Question(NamedTuple):
    ledger: Ledger
    scope: Scope
    moment: datetime
    reading: Reading
    reach: frozenset[int]
    last: Kind = Kind.ACCREDIT_TO_ISSUE
    programmes: Mapping[bytes, str] = NO_NAMES


def find_path(
    ledger: Ledger,
    issuer: int,
    scope: Scope,
    moment: datetime,
    trusted: Collection[int],
    reading: Reading = Reading.BOTH,
    last: Kind = Kind.ACCREDIT_TO_ISSUE,
    programmes: Mapping[bytes, str] = NO_NAMES,
) -> Path | Missing:
    """The shortest path by which the issuer was accredited for the scope at that moment, or the nearest missing link.

    A path begins at a trusted body, or at a body that a trusted one recognised: one recognition, first, never
    transitive. Then bodies accredit bodies to accredit, and the last one the issuer to issue. An accreditation lies
    within the one before it; a recognition only limits what is accepted. Of the shortest paths it is the one with the
    lowest numbers, from the trusted body on.

    Args:
        moment: with a time zone; the block time of the anchor, not a date in the credential.
        trusted: numbers of the bodies that the verifier trusts.
        last: what the party has to be accredited to: to issue, or to accredit others.
        programmes: as in `Scope.said_with`, for what is said of a missing link.
    """
    question = _Question(ledger, scope, moment, reading, ledger.reach(trusted), last, programmes)
    ways = list(_ways(question, issuer))
    tops = [ledger[way.ids[0]].body for way in ways]
    # Many ways come from one body, and its recognitions are the same for all of them.
    recognised = {
        body: [
            (link.id, _gap(link, question) is not None)
            for link in ledger.held_by(body)
            if link.kind is Kind.RECOGNISE and link.body in trusted
        ]
        for body in set(tops)
    }
    whole = [way for way, body in zip(ways, tops, strict=True) if body in trusted] + [
        _Way(way.faults + wrong, way.length + 1, (number, *way.ids))
        for way, body in zip(ways, tops, strict=True)
        if way.length < LONGEST_PATH
        for number, wrong in recognised[body]
    ]
    best = min(whole, default=None)
    if best is not None and best.faults == 0:
        return Path(tuple(ledger[number] for number in best.ids), scope, moment, reading)
    nearest = min(ways, default=None)
    if nearest is None:
        return _not_accredited(ledger, issuer, last)
    if best is None or best.faults > nearest.faults + 1:
        return _no_agreement(ledger[nearest.ids[0]].body, issuer, nearest)
    links = [ledger[number] for number in best.ids]
    fault = next(_faults(links, question))
    return Missing(fault.gap, fault.link.holder, fault.link, best.faults, fault.said)


def why_not(link: Accreditation, scope: Scope, moment: datetime, reading: Reading = Reading.BOTH) -> Missing | None:
    """What keeps one link by itself from counting for the scope at that moment, or None when it counts."""
    fault = _fault(link, _Question(Ledger(), scope, moment, reading, frozenset()))
    return None if fault is None else Missing(fault.gap, link.holder, link, 1, fault.said)


def _ways(question: _Question, issuer: int) -> Iterator[_Way]:
    """For each length and each link, the best way of that length from the link to the issuer.

    Links with faults are followed, too: with none of them there is a path, with few of them a nearest missing link.
    Of bodies out of reach only the issuer's own accreditations are looked at.
    """
    ledger = question.ledger
    layer = {
        link.id: _Way(int(_gap(link, question) is not None), 1, (link.id,))
        for link in ledger.held_by(issuer)
        if link.kind is question.last
    }
    for length in range(2, LONGEST_PATH + 2):
        yield from layer.values()
        longer: dict[int, _Way] = {}
        for number, way in layer.items():
            inner = ledger[number]
            for outer in ledger.held_by(inner.body):
                if outer.kind is not Kind.ACCREDIT_TO_ACCREDIT or outer.body not in question.reach:
                    continue
                wrong = (_gap(outer, question) is not None) + (not outer.scope.covers(inner.scope))
                candidate = _Way(way.faults + wrong, length, (outer.id, *way.ids))
                longer[outer.id] = min(candidate, longer.get(outer.id, candidate))
        layer = longer


def _faults(links: list[Accreditation], question: _Question) -> Iterator[_Fault]:
    """What is wrong with a path, from the issuer up."""
    for index in reversed(range(len(links))):
        link = links[index]
        if fault := _fault(link, question):
            yield fault
        if index and links[index - 1].kind is not Kind.RECOGNISE and not links[index - 1].scope.covers(link.scope):
            outer = links[index - 1].scope.said_with(question.programmes)
            scope = link.scope.said_with(question.programmes)
            widened = say("path.widened", link=_named(link), scope=scope, body=link.body, outer=outer)
            yield _Fault(Gap.SCOPE_WIDENED, link, (widened,))


def _gap(link: Accreditation, question: _Question) -> Gap | None:
    """What is wrong with the link by itself, without a word of it: of most links nobody wants to read it."""
    if not link.scope.covers(question.scope):
        return Gap.SCOPE_NOT_COVERED
    moment = question.moment
    if moment < link.valid_from:
        return Gap.NOT_YET_VALID
    if link.valid_until is not None and moment >= link.valid_until:
        return Gap.EXPIRED
    known = link.state_at(moment)
    if question.reading is not Reading.AS_KNOWN_THEN and known.as_known_now is not State.ACTIVE:
        return _WHY[known.as_known_now][0]
    if question.reading is not Reading.AS_KNOWN_NOW and known.as_known_then is not State.ACTIVE:
        return _WHY[known.as_known_then][0]
    return None


def _fault(link: Accreditation, question: _Question) -> _Fault | None:
    """What is wrong with the link by itself, in words."""
    gap, moment = _gap(link, question), question.moment
    if gap is None:
        return None
    if gap is Gap.SCOPE_NOT_COVERED:
        wanted, scope = (each.said_with(question.programmes) for each in (question.scope, link.scope))
        said = [say("path.notCovered", wanted=wanted, link=_named(link), scope=scope)]
        if question.scope.programme == ANY_PROGRAMME != link.scope.programme:
            said.append(say("path.oneProgramme"))
        return _Fault(gap, link, tuple(said))
    if gap is Gap.NOT_YET_VALID:
        return _inactive(gap, link, moment, say("linkState.begins", when=link.valid_from))
    if gap is Gap.EXPIRED and link.valid_until is not None:
        return _inactive(gap, link, moment, say("linkState.ended", when=link.valid_until))
    known = link.state_at(moment)
    if question.reading is not Reading.AS_KNOWN_THEN and known.as_known_now is not State.ACTIVE:
        return _inactive(gap, link, moment, _WHY[known.as_known_now][1])
    return _inactive(gap, link, moment, say("linkState.then", state=_WHY[known.as_known_then][1]))


_WHY: Final = {
    State.NONE: (Gap.NOT_YET_RECORDED, say("linkState.none")),
    State.OFFERED: (Gap.NOT_ACCEPTED, say("linkState.offered")),
    State.REFUSED: (Gap.REFUSED, say("linkState.refused")),
    State.SUSPENDED: (Gap.SUSPENDED, say("linkState.suspended")),
    State.WITHDRAWN: (Gap.WITHDRAWN, say("linkState.withdrawn")),
    State.VOID: (Gap.VOID, say("linkState.void")),
}


def _inactive(gap: Gap, link: Accreditation, moment: datetime, state: Said) -> _Fault:
    return _Fault(gap, link, (say("path.inactive", when=moment, link=_named(link), state=state),))


def _not_accredited(ledger: Ledger, issuer: int, last: Kind) -> Missing:
    to, other = say("accreditTo.issue"), say("accreditTo.accreditOthers")
    if last is not Kind.ACCREDIT_TO_ISSUE:
        to, other = say("accreditTo.accredit"), to
    said = say("path.notOffered", party=issuer, to=to)
    if any(link.kind not in (last, Kind.RECOGNISE) for link in ledger.held_by(issuer)):
        said = say("path.notOfferedOnly", party=issuer, to=to, other=other)
    return Missing(Gap.NOT_ACCREDITED, issuer, None, 1, (said,))


def _no_agreement(body: int, issuer: int, way: _Way) -> Missing:
    said = say("path.noAgreement", body=body, party=issuer)
    return Missing(Gap.NO_AGREEMENT, body, None, way.faults + 1, (said,))


def _named(link: Accreditation) -> Said:
    key = "path.recognition" if link.kind is Kind.RECOGNISE else "path.accreditation"
    return say(key, holder=link.holder, body=link.body, number=link.id)
