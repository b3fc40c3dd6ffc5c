"""Accords: multilateral agreements, each a body that accredits its members to accredit and that they recognise.

Two links for each member, in place of two for each pair. Pure: a ledger and, where there is one, the file of the accord
in, what holds and what is missing out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from registry.recognition.accord_file import AccordFile, Member
from registry.recognition.ledger import Accreditation, Kind, Ledger, State
from registry.recognition.path import Reading
from registry.recognition.scope import Scope

MOST_CIRCLES: Final = 20
"""As many circles of recognitions as are pointed out."""


class Side(StrEnum):
    """Which of the two links of a member."""

    ADMISSION = "admission"
    RECOGNITION = "recognition"


class Standing(StrEnum):
    """What there is of a link that the file asks for.

    `not-due`: the file asks for none, and there is none. `beyond-the-file`: it asks for none, and there is one.
    """

    HOLDS = "holds"
    ENDS_EARLY = "ends-early"
    NOT_YET_VALID = "not-yet-valid"
    NOT_YET_RECORDED = "not-yet-recorded"
    OFFERED = "offered"
    SUSPENDED = "suspended"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"
    VOID = "void"
    OTHER_SCOPE = "other-scope"
    MISSING = "missing"
    NOT_DUE = "not-due"
    BEYOND = "beyond-the-file"


# What speaks for a link, the strongest first; of those that say as much, the newest counts.
_STRENGTH: Final = {
    Standing.HOLDS: 0,
    Standing.SUSPENDED: 1,
    Standing.NOT_YET_VALID: 2,
    Standing.NOT_YET_RECORDED: 2,
    Standing.OFFERED: 3,
    Standing.LAPSED: 4,
    Standing.WITHDRAWN: 4,
    Standing.REFUSED: 5,
    Standing.VOID: 6,
}
_OF_STATE: Final = {
    State.NONE: Standing.NOT_YET_RECORDED,
    State.OFFERED: Standing.OFFERED,
    State.REFUSED: Standing.REFUSED,
    State.ACTIVE: Standing.HOLDS,
    State.SUSPENDED: Standing.SUSPENDED,
    State.WITHDRAWN: Standing.WITHDRAWN,
    State.VOID: Standing.VOID,
}
_ENDED: Final = frozenset({Standing.LAPSED, Standing.WITHDRAWN, Standing.REFUSED, Standing.VOID})


@dataclass(frozen=True, slots=True)
class LinkStanding:
    """One of the links of a member, and what there is of it.

    Attributes:
        scope: what the file asks for.
        link: the one that says most of it, or None.
        renewal: of one that ends early, the one offered to follow it.
    """

    side: Side
    scope: Scope
    standing: Standing
    link: Accreditation | None = None
    renewal: Accreditation | None = None

    @property
    def holds(self) -> bool:
        """Whether a path may lead through it."""
        return self.standing in (Standing.HOLDS, Standing.ENDS_EARLY)


@dataclass(frozen=True, slots=True)
class MemberStanding:
    """What there is of the links of one member.

    Attributes:
        links: its admissions, then its recognitions, in the order of the scopes of the file.
        beyond: links between it and the accord that hold or are offered, and are none that the file asks for.
    """

    member: Member
    links: tuple[LinkStanding, ...]
    beyond: tuple[Accreditation, ...] = ()

    @property
    def is_linked(self) -> bool:
        """Whether paths may lead through both of its links."""
        return all(each.holds for each in self.links)


@dataclass(frozen=True, slots=True)
class AccordStanding:
    """What there is of an accord on chain, beside what its file says.

    Attributes:
        members: in the order of the file.
        strangers: links between the accord and parties that the file does not have, which hold or are offered.
        recognises: whom the accord itself recognises, which gives its members nothing: recognition is not passed on.
        circles: parties of whom each recognises the next and the last the first, which is the accord; harmless.
        nested: members that are accords themselves.
    """

    members: tuple[MemberStanding, ...]
    strangers: tuple[Accreditation, ...] = ()
    recognises: tuple[int, ...] = ()
    circles: tuple[tuple[int, ...], ...] = ()
    nested: tuple[int, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether the chain says of each member what the file says, and of nobody else."""
        settled = (Standing.HOLDS, Standing.NOT_DUE)
        return (
            all(each.standing in settled for member in self.members for each in member.links)
            and not any(member.beyond for member in self.members)
            and not any(link.kind is Kind.ACCREDIT_TO_ACCREDIT for link in self.strangers)
        )


def accord_members(ledger: Ledger, body: int, moment: datetime, reading: Reading = Reading.BOTH) -> tuple[int, ...]:
    """The parties that a body accredited to accredit and that recognised it, both of which held at that moment.

    In ascending order. For what scope is not looked at: `find_path` does.
    """
    return _both_ways(each for each in _links_of(ledger, body) if is_active(each, moment, reading))


def is_accord(ledger: Ledger, body: int, moment: datetime | None = None) -> bool:
    """Whether a body has members: parties that recognise it and that it accredits to accredit.

    Args:
        moment: at which both held, by either record; default: that each held at any time, and is not void.
    """
    links = _links_of(ledger, body)
    if moment is None:
        return bool(_both_ways(each for each in links if _ever_held(each)))
    known = ((each, each.state_at(moment)) for each in links)
    return bool(_both_ways(each for each, states in known if State.ACTIVE in states))


def what_is_missing(
    file: AccordFile, ledger: Ledger, moment: datetime, reading: Reading = Reading.BOTH
) -> AccordStanding:
    """What there is on chain of each link that the file asks for, and what there is beyond.

    Args:
        moment: with a time zone.
        reading: by which record a link has to hold.
    """
    accord = file.accord.party
    by_party: dict[int, list[Accreditation]] = {}
    for link in _links_of(ledger, accord):
        by_party.setdefault(link.holder if link.body == accord else link.body, []).append(link)
    members = tuple(
        _member_standing(file, each, by_party.get(each.party, []), moment, reading) for each in file.members
    )
    known = {member.party for member in file.members}
    strangers = (link for party in sorted(by_party.keys() - known) for link in by_party[party])
    recognised = {
        link.holder
        for link in ledger.given_by(accord)
        if link.kind is Kind.RECOGNISE and is_active(link, moment, reading)
    }
    return AccordStanding(
        members,
        tuple(link for link in strangers if _speaks(link, moment, reading)),
        tuple(sorted(recognised)),
        tuple(_circles(ledger, accord, recognised, moment, reading)),
        tuple(
            member.party
            for member in file.members
            if member.takes_part(moment) and is_accord(ledger, member.party, moment)
        ),
    )


def begins_at(standing: LinkStanding, member: Member) -> datetime | None:
    """When a link that is not there yet has to begin.

    As the member joined; where one of the same scope went before, when that one ended, so that no time is without and
    none has two; where there is one of another scope, None for now, because the agreement was another before.
    """
    if standing.standing is Standing.OTHER_SCOPE:
        return None
    link = standing.link
    follows = standing.standing in (Standing.LAPSED, Standing.ENDS_EARLY)
    if follows and link is not None and _ever_held(link):
        return max(filter(None, (link.valid_until, member.joined)))
    return member.joined


def is_active(link: Accreditation, moment: datetime, reading: Reading) -> bool:
    """Whether a link is active at a moment, by that reading."""
    then, now = link.state_at(moment)
    return (reading is Reading.AS_KNOWN_NOW or then is State.ACTIVE) and (
        reading is Reading.AS_KNOWN_THEN or now is State.ACTIVE
    )


def _links_of(ledger: Ledger, body: int) -> Iterator[Accreditation]:
    """Its accreditations to accredit, and the recognitions of it."""
    yield from (each for each in ledger.given_by(body) if each.kind is Kind.ACCREDIT_TO_ACCREDIT)
    yield from (each for each in ledger.held_by(body) if each.kind is Kind.RECOGNISE)


def _both_ways(links: Iterable[Accreditation]) -> tuple[int, ...]:
    admitted, recognising = set[int](), set[int]()
    for link in links:
        if link.kind is Kind.RECOGNISE:
            recognising.add(link.body)
        else:
            admitted.add(link.holder)
    return tuple(sorted(admitted & recognising))


def _ever_held(link: Accreditation) -> bool:
    return link.state is not State.VOID and any(change.state is State.ACTIVE for change in link.changes)


def _member_standing(
    file: AccordFile, member: Member, links: list[Accreditation], moment: datetime, reading: Reading
) -> MemberStanding:
    admissions = [each for each in links if each.kind is Kind.ACCREDIT_TO_ACCREDIT]
    recognitions = [each for each in links if each.kind is Kind.RECOGNISE]
    asked = [(Side.ADMISSION, scope, admissions) for scope in file.admitted_for(member)]
    asked += [(Side.RECOGNITION, scope, recognitions) for scope in file.recognised_for]
    # One that will join is told of beforehand, so that its links can be there in time.
    is_due = member.takes_part(max(moment, member.joined)) if member.joined else False
    found = tuple(
        _of_due(file, member, side, scope, given, moment, reading)
        if is_due
        else _of_none_due(side, scope, given, moment, reading)
        for side, scope, given in asked
    )
    wanted = {(side, scope) for side, scope, _ in asked} if is_due else set()
    told = {id(each.link) for each in found} | {id(each.renewal) for each in found}
    beyond = (
        link
        for side, given in ((Side.ADMISSION, admissions), (Side.RECOGNITION, recognitions))
        for link in given
        if (side, link.scope) not in wanted and id(link) not in told and _speaks(link, moment, reading)
    )
    return MemberStanding(member, found, tuple(beyond))


def _of_due(
    file: AccordFile,
    member: Member,
    side: Side,
    scope: Scope,
    given: list[Accreditation],
    moment: datetime,
    reading: Reading,
) -> LinkStanding:
    same = [each for each in given if each.scope == scope]
    if not same:
        others = [each for each in given if _speaks(each, moment, reading)]
        return LinkStanding(side, scope, Standing.OTHER_SCOPE if others else Standing.MISSING, *others[-1:])
    best = min(same, key=lambda each: (_STRENGTH[_standing(each, moment, reading)], -each.id))
    standing = _standing(best, moment, reading)
    if standing is not Standing.HOLDS or best.valid_until is None or best.valid_until >= file.ends_at(member):
        return LinkStanding(side, scope, standing, best)
    following = [
        each
        for each in same
        if each.valid_from <= best.valid_until < (each.valid_until or file.ends_at(member))
        and each.state in (State.ACTIVE, State.OFFERED)
    ]
    if any(each.state is State.ACTIVE for each in following):
        return LinkStanding(side, scope, Standing.HOLDS, best)
    return LinkStanding(side, scope, Standing.ENDS_EARLY, best, next(iter(following), None))


def _of_none_due(
    side: Side, scope: Scope, given: list[Accreditation], moment: datetime, reading: Reading
) -> LinkStanding:
    """What there is of a link of a member that is provisional or has left."""
    for link in given:
        if link.scope == scope and _speaks(link, moment, reading):
            return LinkStanding(side, scope, Standing.BEYOND, link)
    same = [each for each in given if each.scope == scope]
    return LinkStanding(side, scope, Standing.NOT_DUE, *same[-1:])


def _standing(link: Accreditation, moment: datetime, reading: Reading) -> Standing:
    """What a link is at a moment; of two records, the one by which it does not hold says why."""
    if link.valid_until is not None and moment >= link.valid_until:
        lasting = link.state in (State.WITHDRAWN, State.REFUSED, State.VOID)
        return _OF_STATE[link.state] if lasting else Standing.LAPSED
    if moment < link.valid_from:
        # No history is older than its period: of the time before, its newest state says what will be.
        return Standing.NOT_YET_VALID if link.state is State.ACTIVE else _OF_STATE[link.state]
    then, now = link.state_at(moment)
    by_then = reading is Reading.AS_KNOWN_THEN or (reading is Reading.BOTH and now is State.ACTIVE)
    return _OF_STATE[then if by_then else now]


def _speaks(link: Accreditation, moment: datetime, reading: Reading) -> bool:
    """Whether it holds, or will unless somebody does something."""
    return _standing(link, moment, reading) not in _ENDED


def _circles(
    ledger: Ledger, body: int, recognised: set[int], moment: datetime, reading: Reading
) -> Iterator[tuple[int, ...]]:
    """For each party that the body recognises, the shortest way back to it by recognitions alone."""
    towards: dict[int, int] = {}
    waiting = deque([body])
    while waiting and not recognised <= towards.keys():
        at = waiting.popleft()
        for link in ledger.held_by(at):
            if link.kind is Kind.RECOGNISE and link.body not in towards and is_active(link, moment, reading):
                towards[link.body] = at
                waiting.append(link.body)
    for first in sorted(recognised & towards.keys())[:MOST_CIRCLES]:
        circle = [body, first]
        while towards[circle[-1]] != body:
            circle.append(towards[circle[-1]])
        yield tuple(circle)
