"""Accreditations and recognitions as the contract's events tell them, and what they were at a time.

Pure values. The rules are the contract's (`contracts/src/AccreditationHistory.sol`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

from registry.errors import ChainError, SettingsError
from registry.recognition.scope import ANY_PROGRAMME, Scope
from registry.records import BlockRef, Event, Reason
from registry.timestamps import write_timestamp


class Kind(StrEnum):
    """What a body says of another party; in the order of the contract's numbers."""

    ACCREDIT_TO_ISSUE = "accredit-to-issue"
    ACCREDIT_TO_ACCREDIT = "accredit-to-accredit"
    RECOGNISE = "recognise"


class State(StrEnum):
    """What an accreditation is; `none` stands for nothing on record for that time."""

    NONE = "none"
    OFFERED = "offered"
    REFUSED = "refused"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"
    VOID = "void"


REASONS: Final = ("", *(reason.word for reason in Reason if reason is not Reason.UNSPECIFIED))
"""Why something changed, in the order of the contract's numbers; "" when it was not said."""

_KINDS = tuple(Kind)
_KIND_NUMBERS = {kind: number for number, kind in enumerate(Kind)}

# What an accreditation may become; any other event means that one before it was not read.
_NEXT = {
    State.OFFERED: {State.ACTIVE, State.REFUSED, State.VOID},
    State.ACTIVE: {State.SUSPENDED, State.WITHDRAWN, State.VOID},
    State.SUSPENDED: {State.ACTIVE, State.WITHDRAWN, State.VOID},
    State.WITHDRAWN: {State.VOID},
}

# Each event that changes something: what it leads to, and from what.
_CHANGES = {
    "AccreditationAccepted": (State.ACTIVE, State.OFFERED),
    "AccreditationRefused": (State.REFUSED, State.OFFERED),
    "AccreditationSuspended": (State.SUSPENDED, State.ACTIVE),
    "AccreditationReinstated": (State.ACTIVE, State.SUSPENDED),
    "AccreditationWithdrawn": (State.WITHDRAWN, None),
    "AccreditationVoided": (State.VOID, None),
}
MADE_BY: Final = {"AccreditationOffered": State.OFFERED, "Recognised": State.ACTIVE}
"""The events that make an accreditation or a recognition, and what it then is."""
EVENT_NAMES: Final = frozenset(MADE_BY | _CHANGES)
"""The contract's events that a ledger is made of."""

Sides = dict[int, set[int]]
"""By the number of a body, whom it speaks of."""

MOST_REACHED: Final = 64
"""Of so many sets of trusted bodies it is kept whom they lead to: a verifier asks by the same ones again and again."""

_LATEST_SECOND = int(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp())


@dataclass(frozen=True, slots=True)
class Change:
    """One change of state: when it was recorded, from when it holds as declared, and why, one of `REASONS`."""

    state: State
    recorded_at: datetime
    effective_from: datetime
    reason: str = ""


class StateAt(NamedTuple):
    """What an accreditation was at a time: by what was recorded then, and by all that is recorded now."""

    as_known_then: State
    as_known_now: State


@dataclass(frozen=True, slots=True)
class Accreditation:
    """What a body says of another party: an accreditation, or a recognition.

    Attributes:
        id: the contract's number, from 1.
        body, holder: numbers of the parties.
        valid_from, valid_until: the end is no longer part of it; None for no end, with recognitions only.
        condition_hash: of what the holder has yet to fulfil, 32 bytes; zeros for an unconditional decision.
        evidence_hash: 32 bytes, zero for none.
        changes: in the order of their record, the offer or recognition first.
    """

    id: int
    body: int
    holder: int
    kind: Kind
    scope: Scope
    valid_from: datetime
    valid_until: datetime | None
    evidence_hash: bytes
    evidence_uri: str
    changes: tuple[Change, ...]
    condition_hash: bytes = bytes(32)

    @property
    def is_conditional(self) -> bool:
        """Whether its holder has yet to fulfil something, of which the hash alone is on record."""
        return any(self.condition_hash)

    @property
    def decision(self) -> tuple[object, ...] | None:
        """What several links of one decision about one programme have in common; None for a link that is no such one.

        They are accreditations by the same body, of the same kind, for the same period, and on the same evidence.
        """
        is_about_one = self.scope.programme != ANY_PROGRAMME and any(self.evidence_hash)
        if self.kind is Kind.RECOGNISE or not is_about_one:
            return None
        return (self.body, self.kind, self.scope.programme, self.evidence_hash, self.valid_from, self.valid_until)

    @property
    def state(self) -> State:
        """What it became with the last change, whether or not the period has begun or ended."""
        return self.changes[-1].state

    def state_at(self, moment: datetime) -> StateAt:
        """What it was at that moment, by both clocks; `none` outside of its period.

        A withdrawal leaves what was before it; a void one was never anything else, as known now.
        """
        if moment < self.valid_from or (self.valid_until is not None and moment >= self.valid_until):
            return StateAt(State.NONE, State.NONE)
        if len(self.changes) == 1:
            # As most are: nothing became of it since.
            (only,) = self.changes
            then = only.state if only.recorded_at <= moment else State.NONE
            if only.state is State.VOID:
                return StateAt(then, State.VOID)
            return StateAt(then, only.state if only.effective_from <= moment else State.NONE)
        recorded = [change.state for change in self.changes if change.recorded_at <= moment]
        effective = [change.state for change in self.changes if change.effective_from <= moment]
        now = State.VOID if self.state is State.VOID else effective[-1] if effective else State.NONE
        return StateAt(recorded[-1] if recorded else State.NONE, now)


def state_members(link: Accreditation, at: datetime) -> dict[str, str]:
    """What an accreditation was at a moment, for JSON."""
    then = link.state_at(at)
    return {
        "moment": write_timestamp(at),
        "asKnownThen": then.as_known_then.value,
        "asKnownNow": then.as_known_now.value,
    }


@dataclass(frozen=True, slots=True)
class Ledger:
    """All accreditations and recognitions of one contract.

    Attributes:
        accreditations: by their numbers, from 1.
        as_of: the block up to which the events were read, if the reader said so.
    """

    accreditations: tuple[Accreditation, ...] = ()
    as_of: BlockRef | None = None
    _by_number: dict[int, Accreditation] = field(init=False, repr=False, compare=False)
    _by_holder: dict[int, list[Accreditation]] = field(init=False, repr=False, compare=False)
    _by_body: dict[int, list[Accreditation]] = field(init=False, repr=False, compare=False)
    _led_to: tuple[Sides, Sides] = field(init=False, repr=False, compare=False)
    _reached: dict[frozenset[int], frozenset[int]] = field(init=False, repr=False, compare=False)
    _by_decision: dict[tuple[object, ...], list[Accreditation]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_holder: dict[int, list[Accreditation]] = {}
        by_body: dict[int, list[Accreditation]] = {}
        by_decision: dict[tuple[object, ...], list[Accreditation]] = {}
        for each in self.accreditations:
            if (decision := each.decision) is not None:
                by_decision.setdefault(decision, []).append(each)
            by_holder.setdefault(each.holder, []).append(each)
            by_body.setdefault(each.body, []).append(each)
        object.__setattr__(self, "_by_number", {each.id: each for each in self.accreditations})
        object.__setattr__(self, "_by_holder", by_holder)
        object.__setattr__(self, "_by_body", by_body)
        sides = ((each.body, each.holder, _KIND_NUMBERS[each.kind]) for each in self.accreditations)
        object.__setattr__(self, "_led_to", _sides(sides))
        object.__setattr__(self, "_reached", {})
        object.__setattr__(self, "_by_decision", by_decision)

    @classmethod
    def from_events(cls, events: Iterable[Event], *, as_of: BlockRef | None = None) -> Ledger:
        """The ledger that all events of a contract, in their order, come to; other events than ours are skipped.

        Args:
            events: with the times of their blocks; a scope is its six numbers in order or by name.
            as_of: the block up to which they were read.

        Raises:
            ChainError: the events cannot be all there are, or not of our contract (code `events-incomplete`).
        """
        records: dict[int, Accreditation] = {}
        for event in events:
            if event.name not in EVENT_NAMES:
                continue
            try:
                _apply(records, event)
            except (KeyError, IndexError, TypeError, SettingsError) as error:
                raise _incomplete(f"{event.name} has arguments that make no sense: {error}") from error
        return cls(tuple(records.values()), as_of)

    def __getitem__(self, number: int) -> Accreditation:
        """The accreditation with that number; KeyError when there is none."""
        return self._by_number[number]

    def held_by(self, party: int) -> tuple[Accreditation, ...]:
        """What is said of that party, by number."""
        return tuple(self._by_holder.get(party, ()))

    def of_decision(self, link: Accreditation) -> tuple[Accreditation, ...]:
        """All links of the decision that this one is of, by number; none where it is of no such one."""
        return tuple(self._by_decision.get(link.decision or (), ()))

    def given_by(self, party: int) -> tuple[Accreditation, ...]:
        """What that party says of others, by number."""
        return tuple(self._by_body.get(party, ()))

    def reach(self, trusted: Collection[int]) -> frozenset[int]:
        """The bodies whose accreditations may count for whoever trusts these, if every link held.

        All others can say what they like of each other, and as much as they like, without costing a verifier time.
        """
        asked = frozenset(trusted)
        found = self._reached.get(asked)
        if found is None:
            if len(self._reached) >= MOST_REACHED:
                self._reached.clear()
            found = self._reached[asked] = _reach(asked, *self._led_to)
        return found


def reach(trusted: Collection[int], sides: Iterable[tuple[int, int, int]]) -> frozenset[int]:
    """As `Ledger.reach`, by body, holder and number of the kind of each accreditation and recognition."""
    return _reach(trusted, *_sides(sides))


def _sides(sides: Iterable[tuple[int, int, int]]) -> tuple[Sides, Sides]:
    """Whom each body recognises, and whom it accredits to accredit."""
    recognised: Sides = {}
    accrediting: Sides = {}
    for body, holder, kind in sides:
        if kind == _KIND_NUMBERS[Kind.RECOGNISE]:
            recognised.setdefault(body, set()).add(holder)
        elif kind == _KIND_NUMBERS[Kind.ACCREDIT_TO_ACCREDIT]:
            accrediting.setdefault(body, set()).add(holder)
    return recognised, accrediting


def _reach(trusted: Collection[int], recognised: Sides, accrediting: Sides) -> frozenset[int]:
    reached, new = set[int](), set(trusted).union(*(recognised.get(body, ()) for body in trusted))
    while new:
        reached |= new
        new = set[int]().union(*(accrediting.get(body, ()) for body in new)) - reached
    return frozenset(reached)


def _apply(records: dict[int, Accreditation], event: Event) -> None:
    number = event.arguments["id"]
    if event.name in MADE_BY:
        if number != len(records) + 1:
            raise _incomplete(f"after number {len(records)} comes number {number}")
        records[number] = _made(event)
        return
    if number not in records:
        raise _incomplete(f"{event.name} is about number {number}, which was not made")
    record = records[number]
    to, only_from = _CHANGES[event.name]
    if to not in _NEXT.get(record.state, ()) or only_from not in (None, record.state):
        raise _incomplete(f"number {number} is {record.state} and cannot become {to}")
    effective = event.arguments.get("effectiveFrom")
    change = Change(
        to,
        event.time,
        record.valid_from if effective is None else read_moment(effective),
        REASONS[event.arguments.get("reason", 0)],
    )
    records[number] = replace(record, changes=(*record.changes, change))


def _made(event: Event) -> Accreditation:
    """From `AccreditationOffered` or `Recognised`; only the latter has no kind, and calls its holder `recognised`."""
    given = event.arguments
    recognition = event.name == "Recognised"
    valid_from = read_moment(given["validFrom"])
    return Accreditation(
        id=given["id"],
        body=given["body"],
        holder=given["recognised"] if recognition else given["holder"],
        kind=Kind.RECOGNISE if recognition else _KINDS[given["kind"]],
        scope=read_scope(given["scope"]),
        valid_from=valid_from,
        valid_until=read_moment(given["validUntil"]) if given["validUntil"] else None,
        evidence_hash=bytes(given["evidenceHash"]),
        evidence_uri=given["evidenceUri"],
        changes=(Change(MADE_BY[event.name], event.time, valid_from),),
        condition_hash=bytes(given.get("conditionHash", bytes(32))),
    )


def read_scope(given: Iterable[Any] | Mapping[str, Any]) -> Scope:
    """A scope as the contract tells it; raises SettingsError or KeyError where it is none.

    One of the first edition has no programme.
    """
    if isinstance(given, Mapping):
        names = ("field", "fieldDigits", "levelMin", "levelMax", "qualificationTypes", "jurisdiction")
        given = [*(given[name] for name in names), given.get("programme", ANY_PROGRAMME)]
    return Scope.from_numbers(given)


def read_moment(seconds: int) -> datetime:
    """A Unix time of 48 bits; those after the year 9999 become its last second, which is as far away."""
    return datetime.fromtimestamp(min(seconds, _LATEST_SECOND), UTC)


def _incomplete(what: str) -> ChainError:
    return ChainError(
        f"the events of accreditations do not fit together: {what}",
        remedy="Read them again from the contract's first block, or use another endpoint.",
        code="events-incomplete",
    )
