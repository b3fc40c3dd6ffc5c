"""What of a pathway is done, by the items of one learner and the verdicts on them. Pure.

A step is done, awaiting a person, expired, not accredited or open; it is *unknown* where what decides could not be
checked. `docs/reference/pathways.md` has the rules exactly; a slow reference of them is in the tests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from registry.learning.items import Fate, Item
from registry.learning.pathways.credits import Families, Unit
from registry.learning.pathways.matching import Match
from registry.learning.pathways.model import PARTS_OF_A_CREDIT, Counts
from registry.learning.pathways.plan import Leaf, Plan, Planned, PlannedOf, PlannedStep, Seen
from registry.learning.pathways.standing import (
    DONE,
    OPEN,
    Bounds,
    Rank,
    Reason,
    all_of,
    any_of,
    at_least,
    grave_fates,
    standing,
)
from registry.timestamps import write_timestamp

PROGRESS_TYPE: Final = "TestamurProgress"
VERSION: Final = 1


class Outcome(StrEnum):
    """What of a step, or of a pathway, is known."""

    DONE = "done"
    AWAITING = "awaiting a person"
    EXPIRED = "expired"
    NOT_ACCREDITED = "not accredited"
    OPEN = "open"
    UNKNOWN = "unknown"


_OUTCOMES: Final[Mapping[int, Outcome]] = {
    Rank.DONE: Outcome.DONE,
    Rank.AWAITING: Outcome.AWAITING,
    Rank.EXPIRED: Outcome.EXPIRED,
    Rank.NOT_ACCREDITED: Outcome.NOT_ACCREDITED,
    Rank.OPEN: Outcome.OPEN,
}


_NO: Final = Match.NO


class Known(StrEnum):
    """An answer to yes or no; what depends on what is unknown is unknown."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Counted:
    """Credits of a requirement in ten-thousandths: how many count for sure, and how many are asked for."""

    have: int
    need: int

    def to_dict(self) -> dict[str, Any]:
        """Its JSON form."""
        return {"have": credits_text(self.have), "need": credits_text(self.need)}


@dataclass(frozen=True, slots=True)
class StepProgress:
    """A step, and what it rests on.

    Attributes:
        outcome: what is known of it.
        available: whether all steps before it are done.
        items: positions of the items whose verdicts *done* rests on; none where it is not done.
        steps: identifiers of steps that *done* rests on.
        decided: position of the decision, where it is done by one.
        partly: of one that is not done, positions of items that count for it.
        hindered: of one that is not done, items that are what is asked for, or may be, and why they do not count.
        credits: of each sum of credits that it asks for.
    """

    identifier: str
    outcome: Outcome
    available: Known
    items: tuple[int, ...] = ()
    steps: tuple[str, ...] = ()
    decided: int | None = None
    partly: tuple[int, ...] = ()
    hindered: tuple[tuple[int, Reason], ...] = ()
    credits: tuple[Counted, ...] = ()

    def to_dict(self, digests: Mapping[int, str]) -> dict[str, Any]:
        """Its JSON form; each item with the digest by which its verdict is found."""
        return {
            "step": self.identifier,
            "outcome": self.outcome.value,
            "available": self.available.value,
            "items": [{"position": each, "digest": digests[each]} for each in self.items],
            "steps": list(self.steps),
            "decided": self.decided,
            "partly": list(self.partly),
            "hindered": [{"position": position, "reason": why.value} for position, why in self.hindered],
            "credits": [each.to_dict() for each in self.credits],
        }


@dataclass(frozen=True, slots=True)
class Progress:
    """What of a pathway is done.

    Attributes:
        at: the moment by which ages were counted.
        complete: whether every step is done that is not optional.
        steps: in the order of the pathway.
        digests: by position, of every item.
    """

    pathway: str
    at: datetime
    complete: Known
    steps: tuple[StepProgress, ...]
    digests: Mapping[int, str]

    def to_dict(self) -> dict[str, Any]:
        """Its JSON form."""
        return {
            "type": PROGRESS_TYPE,
            "version": VERSION,
            "pathway": self.pathway,
            "at": write_timestamp(self.at),
            "complete": self.complete.value,
            "steps": [each.to_dict(self.digests) for each in self.steps],
        }


def credits_text(parts: int) -> str:
    """Credits of ten-thousandths, with as many decimals as there are: `7.5`."""
    whole, rest = divmod(parts, PARTS_OF_A_CREDIT)
    return f"{whole}.{rest:04d}".rstrip("0") if rest else str(whole)


def progress(plan: Plan, items: Sequence[Item], at: datetime) -> Progress:
    """What of a pathway is done by some items.

    Args:
        items: of one learner, in any order; each with its own position.
        at: the moment by which ages are counted, with its time zone.
    """
    return _Check(plan, items, at).progress()


@dataclass(slots=True)
class _Met:
    """An achievement that is, or perhaps is, what a leaf asks for."""

    unit: Unit
    bounds: Bounds
    reason: Reason | None
    is_refusal: bool = False


@dataclass(slots=True)
class _Rests:
    """What a step that is done rests on: achievements, and steps by their numbers."""

    units: list[Unit]
    steps: dict[int, None]
    is_decided: bool = False


class _Check:
    """One learner's items held against a plan."""

    def __init__(self, plan: Plan, items: Sequence[Item], at: datetime):
        self._plan, self._at = plan, at
        self._once = plan.pathway.counts is Counts.ONCE
        # In an order that does not depend on the one in which they came: what is chosen is always the same.
        self._items = sorted(items, key=lambda each: (not each.digest, each.digest, each.position))
        self._grave = grave_fates(self._items)
        self._since = plan.since(at)
        self._met: list[list[_Met]] = [[] for _ in plan.leaves]
        self._unread = [
            each.position for each in self._items if not each.achieved and self._fate(each) is Fate.UNCHECKED
        ]
        self._families = Families(self._items)
        self._bounds: dict[int, Bounds] = {}
        # What serves a step that is done, and what may serve one of which that is not known; by item.
        self._serves: set[int] = set()
        self._may_serve: set[int] = set()

    def progress(self) -> Progress:
        for at, item in enumerate(self._items):
            self._hold(at, item)
        rests = {number: self._step(self._plan.steps[number]) for number in self._plan.order}
        steps = tuple(self._told(each, rests[each.number]) for each in self._plan.steps)
        needed = [self._bounds[each.number] for each in self._plan.steps if not each.step.optional]
        return Progress(
            self._plan.pathway.identifier,
            self._at,
            _known(needed),
            steps,
            {each.position: each.digest for each in self._items},
        )

    def _fate(self, item: Item) -> Fate:
        return self._grave.get(item.digest, item.checked.fate)

    def _hold(self, at: int, item: Item) -> None:
        """Hold the achievements of an item against the leaves."""
        fate = self._fate(item)
        for place, achieved in enumerate(item.achieved):
            seen = Seen(self._plan, item, achieved)
            for leaf in seen.candidates():
                if (match := seen.match(leaf)) is _NO:
                    continue
                has_result = not leaf.results or seen.has_result(leaf)
                if not has_result and not leaf.is_decision:
                    continue
                parts = seen.parts if leaf.least else 0
                if leaf.least and not parts:
                    continue
                since = self._since[leaf.months] if leaf.months else None
                bounds, reason = standing(item, fate, match, accredited=leaf.accredited, since=since)
                if not has_result:
                    reason = reason or Reason.REFUSED
                self._met[leaf.number].append(_Met(Unit(at, place, parts), bounds, reason, not has_result))

    def _step(self, planned: PlannedStep) -> _Rests:
        """Find out what a step comes to, and what it rests on if it is done."""
        if self._once:
            self._withhold(planned)
        by_requirement = OPEN if planned.requires is None else self._part(planned.requires)
        by_decision = OPEN if planned.decision is None else self._recognition(planned.decision, planned.evidence)
        bounds = any_of((by_requirement, by_decision))
        self._bounds[planned.number] = bounds
        rests = _Rests([], {})
        if bounds == DONE:
            if planned.requires is not None and by_requirement == DONE:
                self._rests_on(planned.requires, rests.units, rests.steps)
            elif planned.decision is not None:
                rests.units += self._first(planned.decision)
                rests.is_decided = True
        if self._once:
            self._note_serving(planned, rests.units)
        return rests

    def _told(self, planned: PlannedStep, rests: _Rests) -> StepProgress:
        """What is told of a step, once all are known."""
        bounds = self._bounds[planned.number]
        available = _known([self._bounds[each] for each in planned.after]) if planned.after else Known.YES
        credits_ = tuple(Counted(self._have(leaf), leaf.least) for leaf in planned.leaves if leaf.least)
        if bounds == DONE:
            return StepProgress(
                planned.step.identifier,
                Outcome.DONE,
                available,
                items=self._positions(each.item for each in rests.units),
                steps=tuple(self._plan.steps[each].step.identifier for each in sorted(rests.steps)),
                decided=self._items[rests.units[0].item].position if rests.is_decided else None,
                credits=credits_,
            )
        return StepProgress(
            planned.step.identifier,
            _OUTCOMES[bounds.best] if bounds.is_known else Outcome.UNKNOWN,
            available,
            partly=self._positions(each.unit.item for each in self._all_met(planned) if _counts(each)),
            hindered=self._hindered(planned, bounds),
            credits=credits_,
        )

    # What a requirement comes to

    def _part(self, part: Planned) -> Bounds:
        if isinstance(part, int):
            return self._bounds[part]
        if isinstance(part, PlannedOf):
            return at_least(part.at_least, [self._part(each) for each in part.parts])
        return self._leaf(part)

    def _leaf(self, leaf: Leaf) -> Bounds:
        met = self._met[leaf.number]
        if not leaf.least:
            bounds = any_of(each.bounds for each in met if not each.is_refusal)
        elif met:
            bounds = Bounds(self._reached(leaf, "best"), self._reached(leaf, "worst"))
        else:
            bounds = OPEN
        # What could not be read at all may be anything.
        return Bounds(Rank.DONE, bounds.worst) if self._unread else bounds

    def _reached(self, leaf: Leaf, end: str) -> int:
        """The lowest rank at which what counts comes to enough, taking each for the best or the worst it can be."""
        met = self._met[leaf.number]
        ranks = sorted({getattr(each.bounds, end) for each in met})
        for rank in ranks:
            if rank == Rank.OPEN:
                break
            if self._families.sum(each.unit for each in met if getattr(each.bounds, end) <= rank) >= leaf.least:
                return int(rank)
        return Rank.OPEN

    def _recognition(self, decision: Leaf, evidence: Planned | None) -> Bounds:
        """A decision; without one, what was handed in for it waits, unless it was refused."""
        decided = self._leaf(decision)
        waiting = OPEN if evidence is None else all_of((self._part(evidence), Bounds(Rank.AWAITING, Rank.AWAITING)))
        refusals = [each.bounds for each in self._met[decision.number] if each.is_refusal]
        if refusals:
            refused = any_of(refusals)
            is_refused, may_be = refused.worst == Rank.DONE, refused.best == Rank.DONE
            waiting = Bounds(Rank.OPEN if is_refused else waiting.best, Rank.OPEN if may_be else waiting.worst)
        if self._unread:
            # It may be a refusal.
            waiting = Bounds(waiting.best, Rank.OPEN)
        return any_of((decided, waiting))

    def _have(self, leaf: Leaf) -> int:
        return self._families.sum(each.unit for each in self._met[leaf.number] if _counts(each))

    # What done rests on

    def _rests_on(self, part: Planned, units: list[Unit], steps: dict[int, None]) -> None:
        if isinstance(part, int):
            steps[part] = None
        elif isinstance(part, PlannedOf):
            done = [each for each in part.parts if self._part(each) == DONE]
            for each in done[: part.at_least]:
                self._rests_on(each, units, steps)
        elif part.least:
            good = [each.unit for each in self._met[part.number] if _counts(each)]
            units += self._families.chosen(good, part.least)
        else:
            units += self._first(part)

    def _first(self, leaf: Leaf) -> list[Unit]:
        return [next(each.unit for each in self._met[leaf.number] if _counts(each))]

    def _positions(self, places: Iterable[int]) -> tuple[int, ...]:
        return tuple(sorted({self._items[each].position for each in places}))

    def _all_met(self, planned: PlannedStep) -> Iterator[_Met]:
        for leaf in planned.leaves:
            yield from self._met[leaf.number]

    def _hindered(self, planned: PlannedStep, bounds: Bounds) -> tuple[tuple[int, Reason], ...]:
        found: dict[int, Reason] = {}
        counting = {each.unit.item for each in self._all_met(planned) if _counts(each)}
        for each in self._all_met(planned):
            if each.reason is not None and each.unit.item not in counting:
                found.setdefault(self._items[each.unit.item].position, each.reason)
        if not bounds.is_known:
            for position in self._unread:
                found.setdefault(position, Reason.UNREAD)
        return tuple(sorted(found.items()))

    # Where an item serves one step

    def _withhold(self, planned: PlannedStep) -> None:
        """Take from a step what serves one before it."""
        for each in self._all_met(planned):
            if each.unit.item in self._serves:
                each.bounds, each.reason = OPEN, Reason.SERVES_ANOTHER
            elif each.unit.item in self._may_serve and each.bounds.worst != Rank.OPEN:
                each.bounds, each.reason = Bounds(each.bounds.best, Rank.OPEN), Reason.MAY_SERVE_ANOTHER

    def _note_serving(self, planned: PlannedStep, units: list[Unit]) -> None:
        """What serves a step; where something that is unknown has a part in it, all that could may serve it."""
        serving = self._copies(each.item for each in units)
        if self._is_certain(planned):
            self._serves |= serving
            return
        self._may_serve |= serving | self._copies(
            each.unit.item for each in self._all_met(planned) if each.bounds.best == Rank.DONE
        )

    def _is_certain(self, planned: PlannedStep) -> bool:
        """Whether nothing that is unknown has a part in it."""
        return (
            not self._unread
            and all(each.bounds.is_known for each in self._all_met(planned))
            and all(self._bounds[each].is_known for each in _steps_of(planned))
        )

    def _copies(self, places: Iterable[int]) -> set[int]:
        """Items, with the copies of them."""
        found = set(places)
        digests = {self._items[each].digest for each in found} - {""}
        return found | {at for at, each in enumerate(self._items) if each.digest in digests}


def _counts(met: _Met) -> bool:
    return met.bounds.worst == Rank.DONE and not met.is_refusal


def _known(needed: Sequence[Bounds]) -> Known:
    """Whether all of several steps are done."""
    if all(each == DONE for each in needed):
        return Known.YES
    return Known.NO if any(each.best != Rank.DONE for each in needed) else Known.UNKNOWN


def _steps_of(planned: PlannedStep) -> Iterator[int]:
    waiting = [each for each in (planned.requires, planned.evidence) if each is not None]
    while waiting:
        part = waiting.pop()
        if isinstance(part, int):
            yield part
        elif isinstance(part, PlannedOf):
            waiting += part.parts
