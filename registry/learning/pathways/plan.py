"""A pathway made ready: what is the same for every learner is worked out once. Pure.

Each `award` and each `credits` of a pathway, and each decision, is a *leaf* with a number. An achievement of an item is
held against the leaves that can be about it, which are found by its URI or by what it is aligned with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from registry.learning.achieved import Achieved
from registry.learning.items import Item
from registry.learning.pathways.levels import Within, levels_known, names_of, within
from registry.learning.pathways.matching import (
    Match,
    competences_of,
    fields_of,
    folded,
    levels_of,
    results_of,
)
from registry.learning.pathways.model import (
    CreditSum,
    Criteria,
    Of,
    Pathway,
    Requirement,
    Step,
    StepDone,
    parts_of_credits,
)
from registry.learning.pathways.standing import months_before
from registry.levels.maps import LevelMaps

_NO: Final = Match.NO
_YES: Final = Match.YES


@dataclass(frozen=True, slots=True)
class Leaf:
    """Criteria, ready to be held against achievements.

    Attributes:
        number: among the leaves of the pathway.
        criteria: as the pathway has them; the rest is made of them.
        least: ten-thousandths of credits that are asked for; 0 for one achievement, whatever its credits.
        is_decision: whether an achievement that fails by its results alone is a refusal.
    """

    number: int
    criteria: Criteria
    achievements: frozenset[str]
    competences: frozenset[tuple[str, str]]
    kinds: frozenset[str]
    results: frozenset[str]
    level: Within | None
    issuers: tuple[int | str, ...]
    fields: tuple[str, ...]
    months: int
    accredited: bool
    least: int = 0
    is_decision: bool = False


@dataclass(frozen=True, slots=True)
class PlannedOf:
    """As `Of`, of planned parts."""

    parts: tuple[Planned, ...]
    at_least: int


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step with its requirements.

    Attributes:
        number: among the steps.
        requires, evidence: None where it has none.
        decision: the leaf of its recognition; None where it has none.
        after: numbers of the steps before it.
        leaves: all that decide about it.
    """

    number: int
    step: Step
    requires: Planned | None
    decision: Leaf | None
    evidence: Planned | None
    after: tuple[int, ...]
    leaves: tuple[Leaf, ...]


Planned = Leaf | PlannedOf | int
"""A leaf, several of them, or the number of a step."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A pathway made ready.

    Attributes:
        steps: as the pathway has them.
        order: numbers of steps, each after those that it requires; otherwise as the pathway has them.
        names: identifier of each framework of competences that the pathway names, by each of its names, folded.
        by_achievement, by_competence, by_kind: the leaves that ask for one, by its URI, by what it is aligned with, or
            else by its kind.
        others: the leaves that ask for none of them.
        months: the ages that leaves ask for.
        level_names: the short name of each framework of levels, by each of its names, folded.
    """

    pathway: Pathway
    steps: tuple[PlannedStep, ...]
    order: tuple[int, ...]
    leaves: tuple[Leaf, ...]
    names: Mapping[str, str]
    by_achievement: Mapping[str, tuple[Leaf, ...]]
    by_competence: Mapping[tuple[str, str], tuple[Leaf, ...]]
    by_kind: Mapping[str, tuple[Leaf, ...]]
    others: tuple[Leaf, ...]
    months: frozenset[int]
    level_names: Mapping[str, str]

    def since(self, at: datetime) -> dict[int, datetime]:
        """From when on achievements have to be at a moment, by the months of each leaf that asks for it."""
        return {months: months_before(at, months) for months in self.months}


class CircleError(ValueError):
    """Steps require each other; a pathway with such a fault is refused when it is read."""


def plan_of(pathway: Pathway, maps: LevelMaps) -> Plan:
    """The pathway made ready.

    Args:
        pathway: without grave faults.

    Raises:
        CircleError: steps require each other.
        UnknownLevel: a level is asked for that no map has.
    """
    return _Planner(pathway, maps).plan()


class _Planner:
    def __init__(self, pathway: Pathway, maps: LevelMaps):
        self._pathway, self._maps = pathway, maps
        self._number = {each.identifier: number for number, each in enumerate(pathway.steps)}
        self._leaves: list[Leaf] = []
        self._names = {
            folded(name): folded(each.identifier)
            for each in pathway.frameworks
            for name in (each.identifier, *each.names)
        }

    def plan(self) -> Plan:
        steps = tuple(self._step(number, each) for number, each in enumerate(self._pathway.steps))
        by_achievement: dict[str, list[Leaf]] = {}
        by_competence: dict[tuple[str, str], list[Leaf]] = {}
        by_kind: dict[str, list[Leaf]] = {}
        others: list[Leaf] = []
        for leaf in self._leaves:
            if leaf.achievements:
                for name in leaf.criteria.achievements:
                    by_achievement.setdefault(name, []).append(leaf)
            elif leaf.competences:
                for named in leaf.competences:
                    by_competence.setdefault(named, []).append(leaf)
            elif leaf.kinds:
                for kind in leaf.kinds:
                    by_kind.setdefault(kind, []).append(leaf)
            else:
                others.append(leaf)
        return Plan(
            self._pathway,
            steps,
            self._order(steps),
            tuple(self._leaves),
            self._names,
            {name: tuple(leaves) for name, leaves in by_achievement.items()},
            {named: tuple(leaves) for named, leaves in by_competence.items()},
            {kind: tuple(leaves) for kind, leaves in by_kind.items()},
            tuple(others),
            frozenset(leaf.months for leaf in self._leaves if leaf.months),
            dict(names_of(self._maps)),
        )

    def _step(self, number: int, step: Step) -> PlannedStep:
        before = len(self._leaves)
        recognition = step.recognition
        requires = None if step.requires is None else self._part(step.requires)
        decision = None if recognition is None else self._leaf(recognition.decision, is_decision=True)
        handed_in = None if recognition is None else recognition.evidence
        evidence = None if handed_in is None else self._part(handed_in)
        after = tuple(self._number[each] for each in step.after)
        return PlannedStep(number, step, requires, decision, evidence, after, tuple(self._leaves[before:]))

    def _part(self, part: Requirement) -> Planned:
        if isinstance(part, StepDone):
            return self._number[part.step]
        if isinstance(part, Of):
            return PlannedOf(tuple(map(self._part, part.parts)), part.at_least)
        return self._leaf(part.criteria, parts_of_credits(part.ects) if isinstance(part, CreditSum) else 0)

    def _leaf(self, criteria: Criteria, least: int = 0, *, is_decision: bool = False) -> Leaf:
        leaf = Leaf(
            len(self._leaves),
            criteria,
            frozenset(criteria.achievements),
            frozenset(
                ("", each.url)
                if each.url
                else (self._names.get(folded(each.framework), folded(each.framework)), each.code)
                for each in criteria.competences
            ),
            frozenset(map(folded, criteria.kinds)),
            frozenset(map(folded, criteria.results)),
            None if criteria.level is None else within(criteria.level, self._maps),
            criteria.issuers,
            criteria.fields,
            criteria.within_months,
            criteria.accredited,
            least,
            is_decision,
        )
        self._leaves.append(leaf)
        return leaf

    def _order(self, steps: Sequence[PlannedStep]) -> tuple[int, ...]:
        needed = [set(_steps_in(each.requires)) | set(_steps_in(each.evidence)) for each in steps]
        found: dict[int, None] = {}
        while len(found) < len(steps):
            ready = next((at for at in range(len(steps)) if at not in found and needed[at] <= found.keys()), None)
            if ready is None:
                raise CircleError("steps require each other")
            found[ready] = None
        return tuple(found)


def _steps_in(part: Planned | None) -> Iterator[int]:
    if isinstance(part, int):
        yield part
    elif isinstance(part, PlannedOf):
        for each in part.parts:
            yield from _steps_in(each)


class Seen:
    """What an achievement is, as far as leaves ask for it; each is read at most once."""

    __slots__ = ("_competences", "_fields", "_levels", "_plan", "_results", "achieved", "item")

    def __init__(self, plan: Plan, item: Item, achieved: Achieved):
        self._plan, self.item, self.achieved = plan, item, achieved
        self._competences: frozenset[tuple[str, str]] | None = None
        self._fields: tuple[str, ...] | None = None
        self._levels: tuple[tuple[str, str], ...] | None = None
        self._results: frozenset[str] | None = None

    def candidates(self) -> list[Leaf]:
        """The leaves that it can be about."""
        plan = self._plan
        found = list(plan.others)
        if plan.by_kind:
            found += plan.by_kind.get(folded(self.achieved.kind), ())
        if self.achieved.identifier:
            found += plan.by_achievement.get(self.achieved.identifier, ())
        if plan.by_competence and self.achieved.alignments:
            aligned: dict[int, Leaf] = {}
            for each in self.competences:
                for leaf in plan.by_competence.get(each, ()):
                    aligned[leaf.number] = leaf
            found += aligned.values()
        return found

    def match(self, leaf: Leaf) -> Match:
        """Whether it is what a leaf asks for, but for the results."""
        if leaf.kinds and folded(self.achieved.kind) not in leaf.kinds:
            return _NO
        if leaf.achievements and self.achieved.identifier not in leaf.achievements:
            return _NO
        if leaf.competences and leaf.competences.isdisjoint(self.competences):
            return _NO
        if leaf.fields and not any(each.startswith(leaf.fields) for each in self.fields):
            return _NO
        found = _YES
        if leaf.issuers:
            found = _issuer(self.item, leaf.issuers)
        if leaf.level is not None and found is not _NO:
            found = min(found, leaf.level.match(self.levels))
        return found

    def has_result(self, leaf: Leaf) -> bool:
        """Whether one of its results is one that a leaf asks for."""
        return not leaf.results.isdisjoint(self.results)

    @property
    def competences(self) -> frozenset[tuple[str, str]]:
        """What it is aligned with."""
        if self._competences is None:
            self._competences = competences_of(self.achieved, self._plan.names)
        return self._competences

    @property
    def fields(self) -> tuple[str, ...]:
        """Its fields."""
        if self._fields is None:
            self._fields = fields_of(self.achieved)
        return self._fields

    @property
    def levels(self) -> tuple[tuple[str, str], ...]:
        """Its levels, of frameworks that have a map."""
        if self._levels is None:
            self._levels = levels_known(levels_of(self.achieved), self._plan.level_names)
        return self._levels

    @property
    def results(self) -> frozenset[str]:
        """Its results."""
        if self._results is None:
            self._results = results_of(self.achieved)
        return self._results

    @property
    def parts(self) -> int:
        """Its credits in ten-thousandths; 0 where it states none that count."""
        found = self.achieved.ects
        if found is None and self._plan.pathway.unnamed_credits:
            found = self.achieved.credits_of("")
        return parts_of_credits(found)


def _issuer(item: Item, wanted: Sequence[int | str]) -> Match:
    number = item.checked.issuer
    is_named = bool(item.issuer_id) and item.issuer_id in wanted
    if (is_named and item.issuer_confirmed) or (number is not None and number in wanted):
        return Match.YES
    # Anybody can call himself anything.
    by_number = any(isinstance(each, int) for each in wanted)
    return Match.PERHAPS if is_named or (number is None and by_number) else Match.NO
