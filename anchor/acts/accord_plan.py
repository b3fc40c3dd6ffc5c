"""What one party of an accord does so that the chain says what its file says, and what others have to do.

Two parties make the link of an admission: the accord offers and the member accepts; and the member alone recognises. So
whoever runs a command does its own part, and is told whose turn it is then. Nothing is sent here.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from registry.errors import SettingsError
from registry.recognition.accord_file import AccordFile, Member, Membership
from registry.recognition.accords import AccordStanding, LinkStanding, MemberStanding, Side, Standing, begins_at
from registry.recognition.ledger import Accreditation, Kind, Ledger, State
from registry.recognition.scope import Scope
from registry.timestamps import write_timestamp


class Doing(StrEnum):
    """What a party does on chain for an accord."""

    OFFER = "offer"
    ACCEPT = "accept"
    RECOGNISE = "recognise"
    WITHDRAW = "withdraw"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that the party of this data folder does.

    Attributes:
        number: of the link that is accepted or withdrawn; None for one that is made.
        begins: of a link that is made, None for now; of a withdrawal, when it takes effect.
        ends: of a link that is made.
    """

    doing: Doing
    member: Member
    scope: Scope
    number: int | None = None
    begins: datetime | None = None
    ends: datetime | None = None


@dataclass(frozen=True, slots=True)
class Errand:
    """A command that another party runs in its own data folder."""

    party: int
    name: str
    command: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What is done, what others have to do, and what a person has to decide.

    Attributes:
        notes: sentences about one member each, with the member first.
    """

    steps: tuple[Step, ...]
    errands: tuple[Errand, ...] = ()
    notes: tuple[tuple[Member, str], ...] = ()


# A link in this standing is made anew only when its member is named: somebody said no, or took it back, on purpose.
_ON_PURPOSE: Final = frozenset({Standing.REFUSED, Standing.VOID})


def plan_admission(
    file: AccordFile, standing: AccordStanding, party: int, now: datetime, *, path: str, only: int | None = None
) -> Plan:
    """What a party does so that members are linked as the file says.

    Args:
        standing: as of now.
        party: the accord, which offers to each member, or a member, which accepts and recognises for itself.
        path: of the file, as others are to type it.
        only: the one member that is meant, also where a link was refused or voided before; default: for the accord
            all, for a member itself, and nothing that was refused or voided.

    Raises:
        SettingsError: the party is not of this accord (code `accord-stranger`), or the one that is meant is not a full
            member of it, or another than who asks (`accord-member`).
    """
    makes = Side.ADMISSION if party == file.accord.party else Side.RECOGNITION
    planner = _Planner(file, makes, now, path, is_named=only is not None)
    for each in _meant(file, standing, party, only):
        if only is not None:
            _require_part(file, each.member, now)
        planner.plan(each)
    return planner.made()


def whose_turn(file: AccordFile, standing: AccordStanding, now: datetime, *, path: str) -> Plan:
    """What each party of an accord has left to do, told to somebody who may be none of them."""
    planner = _Planner(file, None, now, path, is_named=False)
    for each in standing.members:
        planner.plan(each)
    return planner.made()


def plan_leave(
    file: AccordFile, ledger: Ledger, party: int, now: datetime, *, path: str, only: int | None = None
) -> Plan:
    """What a party withdraws of the links of members that left, from when the file says that they left.

    Raises:
        SettingsError: as `plan_admission`; or the one that is meant has not left by the file (`accord-member`).
    """
    require_party(file, party)
    accord, is_accord = file.accord.party, party == file.accord.party
    ours, theirs = (Side.ADMISSION, Side.RECOGNITION) if is_accord else (Side.RECOGNITION, Side.ADMISSION)
    if only is None and not is_accord:
        only = party
    leaving = [each for each in file.members if each.left is not None and only in (None, each.party)]
    if only is not None and not leaving:
        raise _no_member(file, only, "does not say when it left", "Write the day, as left = 2026-01-31")
    if not is_accord and only != party:
        raise _another(only)
    steps, errands, notes = list[Step](), list[Errand](), list[tuple[Member, str]]()
    for member in leaving:
        for link in _between(ledger, accord, member.party, ours):
            found = _withdrawal(link, member, now)
            if isinstance(found, Step):
                steps.append(found)
            elif found:
                notes.append((member, found))
        if any(_can_be_withdrawn(link) for link in _between(ledger, accord, member.party, theirs)):
            errands.append(_errand(file, member, path, "leave", to_member=is_accord))
    return Plan(tuple(steps), tuple(errands), tuple(notes))


def require_party(file: AccordFile, party: int) -> None:
    """Make sure that a party is the accord of a file or one of its members.

    Raises:
        SettingsError: code `accord-stranger`.
    """
    if party != file.accord.party and file.member(party) is None:
        raise SettingsError(
            f"party {party} is neither the accord, party {file.accord.party}, nor one of its members",
            remedy="Run this in the data folder of one of them, or name the party that is meant with --issuer.",
            code="accord-stranger",
        )


class _Planner:
    """Gathers steps, errands and notes, member by member.

    Args:
        makes: the links that are made by who asks; None for those of nobody.
    """

    def __init__(self, file: AccordFile, makes: Side | None, now: datetime, path: str, *, is_named: bool):
        self._file = file
        self._makes = makes
        self._now = now
        self._path = path
        self._is_named = is_named
        self._steps: list[Step] = []
        self._errands: dict[tuple[int, str], Errand] = {}
        self._notes: list[tuple[Member, str]] = []

    def made(self) -> Plan:
        return Plan(tuple(self._steps), tuple(self._shortened()), tuple(self._notes))

    def _shortened(self) -> Iterator[Errand]:
        """The errands; where the accord admits several members, the one command for all of them."""
        accord = self._file.accord
        admits = [each for each in self._errands.values() if each.party == accord.party and " admit " in each.command]
        if len(admits) > 1:
            yield Errand(accord.party, accord.name, shlex.join(["testamur", "accord", "create", self._path]))
        yield from (each for each in self._errands.values() if len(admits) < 2 or each not in admits)

    def plan(self, standing: MemberStanding) -> None:
        member = standing.member
        if member.state is Membership.PROVISIONAL:
            self._provisional(standing)
        elif not self._is_due(member):
            for each in standing.links:
                if each.standing is Standing.BEYOND:
                    self._turn(member, "leave", to_member=each.side is Side.RECOGNITION)
        else:
            for each in standing.links:
                if each.side is Side.ADMISSION:
                    self._admission(member, each)
                else:
                    self._make(Doing.RECOGNISE, member, each)
        for link in standing.beyond:
            self._note(member, f"number {link.id} is none that the file asks for ({link.scope}); {_to_withdraw(link)}")

    def _provisional(self, standing: MemberStanding) -> None:
        there = [each.link for each in standing.links if each.standing is Standing.BEYOND and each.link is not None]
        for link in there:
            self._note(
                standing.member, f"provisional, and number {link.id} is there all the same; {_to_withdraw(link)}"
            )
        if not there and standing.member.left is None:
            self._note(standing.member, "provisional: no links, and no path leads through it until it is admitted")

    def _admission(self, member: Member, link: LinkStanding) -> None:
        offered = link.renewal if link.standing is Standing.ENDS_EARLY else None
        if link.standing is Standing.OFFERED:
            offered = link.link
        if offered is None:
            self._make(Doing.OFFER, member, link)
        elif self._makes is not Side.RECOGNITION:
            self._turn(member, "admit", to_member=True)
        elif difference := self._difference(member, offered):
            self._note(
                member,
                f"offer {offered.id} {difference}: not accepted; testamur accredit accept {offered.id} does, whatever "
                "the file says",
            )
        else:
            self._steps.append(Step(Doing.ACCEPT, member, offered.scope, offered.id))

    def _make(self, doing: Doing, member: Member, link: LinkStanding) -> None:
        """Make a link that is not there; where another party makes it, say so."""
        ours = link.side is self._makes
        standing, ends = link.standing, self._file.ends_at(member)
        number = link.link.id if link.link is not None else None
        if standing in (Standing.HOLDS, Standing.NOT_YET_VALID, Standing.NOT_YET_RECORDED):
            return
        if standing is Standing.SUSPENDED:
            self._note(member, f"number {number} is suspended: testamur accredit reinstate {number} lifts it")
            return
        begins = begins_at(link, member)
        if standing is Standing.WITHDRAWN and link.link is not None:
            since = link.link.changes[-1].effective_from
            if begins is None or begins < since:
                self._note(
                    member,
                    f"number {number} was withdrawn from {write_timestamp(since)} on; where it has returned since, "
                    "write the day of its return as joined",
                )
                return
        if ends <= max(self._now, begins or self._now):
            self._note(member, f"its period ended on {write_timestamp(ends)}: write its new end as until")
            return
        if standing in _ON_PURPOSE and not (self._is_named and ours):
            self._note(member, f"number {number} is {standing}; testamur accord admit for this member makes another")
            return
        if not ours:
            self._turn(member, "admit", to_member=doing is Doing.RECOGNISE)
            return
        self._steps.append(Step(doing, member, link.scope, None, begins, ends))

    def _difference(self, member: Member, offered: Accreditation) -> str:
        """What of an offer the member's own file does not say."""
        if offered.is_conditional:
            return "has a condition, and the file says nothing of one"
        if member.joined is not None and offered.valid_from < member.joined:
            return f"begins on {write_timestamp(offered.valid_from)}, before it joined by the file"
        if offered.valid_until is not None and offered.valid_until > self._file.ends_at(member):
            return f"ends on {write_timestamp(offered.valid_until)}, later than the file says"
        return ""

    def _is_due(self, member: Member) -> bool:
        return member.joined is not None and member.takes_part(max(self._now, member.joined))

    def _note(self, member: Member, sentence: str) -> None:
        self._notes.append((member, sentence))

    def _turn(self, member: Member, command: str, *, to_member: bool) -> None:
        errand = _errand(self._file, member, self._path, command, to_member=to_member)
        self._errands[errand.party, errand.command] = errand


def _meant(file: AccordFile, standing: AccordStanding, party: int, only: int | None) -> Iterable[MemberStanding]:
    require_party(file, party)
    if party != file.accord.party:
        if only not in (None, party):
            raise _another(only)
        only = party
    if only is not None and file.member(only) is None:
        raise _no_member(file, only, "does not have it", "Write it into the file")
    return (each for each in standing.members if only in (None, each.member.party))


def _require_part(file: AccordFile, member: Member, now: datetime) -> None:
    if member.state is Membership.PROVISIONAL:
        raise _no_member(file, member.party, "calls it provisional", 'Write state = "full" and the day it joined')
    if member.left is not None and member.left <= now:
        raise _no_member(
            file, member.party, "says that it left", "Take out left, and write the day of its return as joined"
        )


def _withdrawal(link: Accreditation, member: Member, now: datetime) -> Step | str | None:
    """How a link ends with the membership; a sentence where the contract does not allow what the file says."""
    left = member.left
    if left is None or link.state in (State.REFUSED, State.VOID):
        return None
    if link.state is State.OFFERED:
        return f"offer {link.id} is open: testamur accredit void {link.id} takes it back"
    since = link.changes[-1].effective_from
    if link.state is State.WITHDRAWN:
        if since == left or (link.valid_until is not None and link.valid_until <= left):
            return None
        return (
            f"number {link.id} was withdrawn from {write_timestamp(since)} on, and not from {write_timestamp(left)} as "
            "the file says; nothing that is recorded is overwritten"
        )
    if link.valid_until is not None and link.valid_until <= left:
        return None
    if left > now:
        return (
            f"it leaves on {write_timestamp(left)}: the contract takes no withdrawal before its day; run this again "
            "then"
        )
    if left < since:
        return (
            f"number {link.id} cannot be withdrawn from {write_timestamp(left)} on: the contract allows no time before "
            f"its last change took effect, {write_timestamp(since)} (InvalidEffect). Write that time as left; what was "
            f"accredited before stands. testamur accredit void {link.id} is another thing: it declares that the link "
            "never held, and with it nothing that rests on it"
        )
    return Step(Doing.WITHDRAW, member, link.scope, link.id, left)


def _between(ledger: Ledger, accord: int, member: int, side: Side) -> Iterator[Accreditation]:
    """All links of one side between an accord and a member, of any scope."""
    if side is Side.ADMISSION:
        body, holder, kind = accord, member, Kind.ACCREDIT_TO_ACCREDIT
    else:
        body, holder, kind = member, accord, Kind.RECOGNISE
    yield from (each for each in ledger.given_by(body) if each.holder == holder and each.kind is kind)


def _can_be_withdrawn(link: Accreditation) -> bool:
    return link.state in (State.ACTIVE, State.SUSPENDED)


def _to_withdraw(link: Accreditation) -> str:
    command = "void" if link.state is State.OFFERED else "withdraw"
    return f"testamur accredit {command} {link.id} ends it, by party {link.body}"


def _errand(file: AccordFile, member: Member, path: str, command: str, *, to_member: bool) -> Errand:
    words = ["testamur", "accord", command, path]
    if to_member:
        return Errand(member.party, member.name, shlex.join(words))
    return Errand(file.accord.party, file.accord.name, shlex.join([*words, str(member.party)]))


def _no_member(file: AccordFile, party: int, what: str, remedy: str) -> SettingsError:
    return SettingsError(
        f"party {party} is not to be linked so: the file of party {file.accord.party} {what}",
        remedy=f"{remedy}, and run this again.",
        code="accord-member",
    )


def _another(party: int | None) -> SettingsError:
    return SettingsError(
        f"party {party} is another member than the one of this data folder",
        remedy="Each member speaks for itself; leave the number out.",
        code="accord-member",
    )
