"""How far many learners have come in a pathway, in counts of which none is about fewer than ten people. Pure.

Small counts are taken together until none is left, and what is told of a step and of the step before it leaves out what
could be worked out, by the rules of `registry.partnerships`: a count that gives a small one away beside the others is
not told. Nobody is named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations
from typing import Any, Final

from registry.errors import IntakeError
from registry.learning.pathways.implied import Implied
from registry.learning.pathways.plan import Plan
from registry.learning.pathways.progress import Known, Outcome, Progress
from registry.partnerships.statement import given_away_together
from registry.partnerships.tables import K, Table, suppressed

COHORT_TYPE: Final = "TestamurPathwayCohort"
VERSION: Final = 1
MOST_STEPS: Final = 60
"""Of a pathway whose cohort is told: every count is held against all others."""

_REST: Final = "other"
_OUTCOMES: Final = {Known.YES: Outcome.DONE, Known.NO: Outcome.OPEN, Known.UNKNOWN: Outcome.UNKNOWN}


@dataclass(frozen=True, slots=True)
class Group:
    """How many learners have one of some outcomes of a step; None where it is not told."""

    outcomes: tuple[Outcome, ...]
    count: int | None

    def to_dict(self) -> dict[str, Any]:
        """Its JSON form."""
        return {"outcomes": [each.value for each in self.outcomes], "count": self.count}


@dataclass(frozen=True, slots=True)
class StepCounts:
    """A step, and how far learners have come.

    Attributes:
        step: its identifier; "" for the pathway as a whole.
        all: all learners by what is known of the step; nothing where nothing can be told.
        before: how many have done all steps before it; None where it is not told, or there are none.
        after_it: of those, by what is known of the step: the ones who have not done it are where learners stop.
    """

    step: str
    all: tuple[Group, ...]
    before: int | None = None
    after_it: tuple[Group, ...] = ()

    @property
    def done(self) -> int | None:
        """How many have done it; None where that is not told by itself."""
        return next((each.count for each in self.all if each.outcomes == (Outcome.DONE,)), None)

    @property
    def went_on(self) -> int | None:
        """How many have done all before it and it, too; None where that is not told by itself."""
        return next((each.count for each in self.after_it if each.outcomes == (Outcome.DONE,)), None)

    @property
    def stopped(self) -> int | None:
        """How many have done all before it and, as far as is known, not it; None where that is not told."""
        return None if self.before is None or self.went_on is None else self.before - self.went_on

    def to_dict(self) -> dict[str, Any]:
        """Its JSON form."""
        return {
            "step": self.step or None,
            "all": [each.to_dict() for each in self.all],
            "before": self.before,
            "ofThose": [each.to_dict() for each in self.after_it],
            "stopped": self.stopped,
        }


@dataclass(frozen=True, slots=True)
class Cohort:
    """How far learners have come in a pathway."""

    pathway: str
    learners: int
    complete: StepCounts
    steps: tuple[StepCounts, ...]

    def to_dict(self) -> dict[str, Any]:
        """Its JSON form."""
        return {
            "type": COHORT_TYPE,
            "version": VERSION,
            "pathway": self.pathway,
            "learners": self.learners,
            "k": K,
            "complete": self.complete.to_dict(),
            "steps": [each.to_dict() for each in self.steps],
        }


class Tally:
    """Counts learners, one after the other; nothing else of them is kept.

    Raises:
        IntakeError: the pathway has more steps than are told together (code `too-many`).
    """

    def __init__(self, plan: Plan):
        if len(plan.steps) > MOST_STEPS:
            raise IntakeError(
                f"the pathway has {len(plan.steps):,} steps, and a cohort is told of at most {MOST_STEPS}",
                remedy="Ask about a part of it.",
                code="too-many",
            )
        self._plan = plan
        self._learners = 0
        self._outcomes: list[Counter[Outcome]] = [Counter() for _ in range(len(plan.steps) + 1)]
        self._begun: list[Counter[tuple[bool, Outcome]]] = [Counter() for _ in plan.steps]

    def add(self, found: Progress) -> None:
        """Count one learner."""
        self._learners += 1
        for number, each in enumerate(found.steps):
            self._outcomes[number][each.outcome] += 1
            self._begun[number][each.available is Known.YES, each.outcome] += 1
        self._outcomes[-1][_OUTCOMES[found.complete]] += 1

    def cohort(self) -> Cohort:
        """What can be told.

        Raises:
            IntakeError: there are fewer than ten learners (code `small-cell`).
        """
        if self._learners < K:
            raise IntakeError(
                f"there are {self._learners} learners, and nothing is told of fewer than {K}",
                remedy="Take more of them together.",
                code="small-cell",
            )
        in_line = {number for number, each in enumerate(self._begun) if not each[False, Outcome.DONE]}
        told = _Told(self._plan, self._learners, in_line)
        parts = [_partition(each) for each in self._outcomes]
        all_ = [told.of_all(number, parts[number], each) for number, each in enumerate(self._outcomes)]
        steps = []
        for number, counts in enumerate(self._begun):
            name = self._plan.steps[number].step.identifier
            # Where nothing is told of all, nothing is told of some.
            before, after_it = told.of_those_before(number, parts[number], counts) if all_[number] else (None, ())
            steps.append(StepCounts(name, all_[number], before, after_it))
        return Cohort(self._plan.pathway.identifier, self._learners, StepCounts("", all_[-1]), tuple(steps))


class _Told:
    """Tables that are told, each only where it gives nothing away beside those before it."""

    def __init__(self, plan: Plan, learners: int, in_line: Collection[int]):
        self._plan, self._learners, self._in_line = plan, learners, in_line
        self._tables: list[Table] = []
        self._sets = _Sets(plan, in_line)

    def of_all(self, number: int, parts: Sequence[tuple[Outcome, ...]], counts: Counter[Outcome]) -> tuple[Group, ...]:
        """All learners by the groups of outcomes of a step."""
        if len(parts) < 2:
            return ()
        cells = tuple((_sum(counts, each),) for each in parts)
        done = {_name(number): counts[Outcome.DONE]} if (Outcome.DONE,) in parts else {}
        table = self._safely(Table.summed((_name(number), tuple(map(_word, parts))), None, cells), lambda _: done)
        return () if table is None else tuple(Group(each, row[0]) for each, row in zip(parts, table.cells, strict=True))

    def of_those_before(
        self, number: int, parts: Sequence[tuple[Outcome, ...]], counts: Counter[tuple[bool, Outcome]]
    ) -> tuple[int | None, tuple[Group, ...]]:
        """Those who have done all before a step, and them by its groups of outcomes."""
        after = self._plan.steps[number].after
        if not after:
            return None, ()
        if number in self._in_line and (Outcome.DONE,) in parts:
            return self._told_in_line(number, counts)
        cells = tuple(
            tuple(sum(counts[begun, outcome] for outcome in each) for each in parts) for begun in (True, False)
        )

        def known(table: Table) -> dict[str, int]:
            went_on = table.cells[0][parts.index((Outcome.DONE,))] if (Outcome.DONE,) in parts else None
            said = {_before(after, number): table.row_totals[0], _both(number): went_on}
            return {name: count for name, count in said.items() if count is not None}

        rows = _before(after, number), (_word((Outcome.DONE,)), _REST)
        table = self._safely(Table.summed(rows, (_name(number), tuple(map(_word, parts))), cells), known)
        if table is None:
            return None, ()
        groups = tuple(Group(each, count) for each, count in zip(parts, table.cells[0], strict=True))
        return table.row_totals[0], groups

    def _told_in_line(self, number: int, counts: Counter[tuple[bool, Outcome]]) -> tuple[int | None, tuple[Group, ...]]:
        """Where whoever has done a step has done all before it: the two counts say everything."""
        before = _before(self._plan.steps[number].after, number)
        begun = sum(count for (is_begun, _), count in counts.items() if is_begun)
        done = counts[True, Outcome.DONE]
        whole = Table.summed((before, (_word((Outcome.DONE,)), _REST)), None, ((begun,), (self._learners - begun,)))
        if self._safely(whole, lambda _: {before: begun, _both(number): done}) is None:
            return None, ()
        rest = tuple(each for each in Outcome if each is not Outcome.DONE)
        # Where nobody stopped, the two counts are the same one.
        return begun, (Group((Outcome.DONE,), done), *([Group(rest, begun - done)] if begun > done else []))

    def _safely(self, whole: Table, known: Callable[[Table], Mapping[str, int]]) -> Table | None:
        """What is told of a table; None where it would give something away beside those before it.

        Args:
            known: how many have done what, by what is told of the table.
        """
        table = suppressed(whole)
        together = [*self._tables, table]
        if None in (row[0] for row in table.cells if len(row) == 1) or table.total is None:
            return None
        if given_away_together(together) is not None or not self._sets.take(known(table), self._learners):
            return None
        self._tables = together
        return table


class _Sets:
    """Of whom it is told how many have done certain steps: one of these groups may be within another, or what two of
    them have in common, and then the counts say how many are in the one and not in the other.

    Args:
        in_line: numbers of steps that nobody has done without those before them, as everybody will take it to be.
    """

    def __init__(self, plan: Plan, in_line: Collection[int]):
        self._implied = implied = Implied(plan.pathway)
        count = len(plan.steps)
        # Each by the steps that all in it have done, and nobody else has.
        own = [implied.made_of(each.step.identifier) for each in plan.steps]
        before = [frozenset[str]()] * count
        for number in _in_order(plan):
            before[number] = _all(own, plan.steps[number].after)
            if number in in_line:
                own[number] |= before[number]
        self._of = {_name(number): each for number, each in enumerate(own)}
        self._of[_name(count)] = _all(own, (each.number for each in plan.steps if not each.step.optional))
        for each in plan.steps:
            if each.after:
                self._of[_both(each.number)] = before[each.number] | own[each.number]
            if len(each.after) > 1:
                self._of[_before(each.after, each.number)] = before[each.number]
        self._of = {name: implied.needed(those) for name, those in self._of.items()}
        by_name = {each.step.identifier: _name(each.number) for each in plan.steps}
        self._either = {
            number: (by_name[pair[0]], by_name[pair[1]])
            for name, number in by_name.items()
            if (pair := implied.either(name)) is not None
        }
        self._counts: dict[str, int] = {}

    def take(self, more: Mapping[str, int], learners: int) -> bool:
        """Take counts to those that are told, unless a small group can be worked out of all together then."""
        counts = {**self._counts, **more}
        if any(map(_is_small, self._apart(counts, learners))):
            return False
        self._counts = counts
        return True

    def _apart(self, counts: Mapping[str, int], learners: int) -> Iterator[int]:
        """How many are in one group and not in another one, and how many in neither, as far as it follows."""
        same: dict[frozenset[str], int] = {self._of[name]: count for name, count in counts.items()}
        for (one, few), (other, many) in permutations(counts.items(), 2):
            if all(any(self._implied.is_done_with(each, by) for by in self._of[one]) for each in self._of[other]):
                yield many - few
        for (one, first), (other, second) in combinations(counts.items(), 2):
            if (both := same.get(self._implied.needed(self._of[one] | self._of[other]))) is not None:
                yield from (first - both, second - both, learners - first - second + both)
        for either, (one, other) in self._either.items():
            if (known := [counts[name] for name in (either, one, other) if name in counts]) and len(known) == 3:
                yield known[1] + known[2] - known[0]


def _partition(counts: Counter[Outcome]) -> list[tuple[Outcome, ...]]:
    """The outcomes in groups of which none has fewer than `K`: small ones are taken together, with the next larger."""
    order = list(Outcome)
    # Those who have done it are told by themselves wherever that can be.
    ordered = sorted(order, key=lambda each: (each is Outcome.DONE, counts[each]))
    small = [each for each in ordered if counts[each] < K]
    large = [each for each in ordered if counts[each] >= K]
    while small and _sum(counts, small) < K and large:
        small.append(large.pop(0))
    groups: list[tuple[Outcome, ...]] = [(each,) for each in large]
    if small:
        groups.append(tuple(each for each in order if each in small))
    return sorted(groups, key=lambda each: order.index(each[0]))


def _in_order(plan: Plan) -> Iterator[int]:
    """Each step after those before it."""
    found: dict[int, None] = {}
    while len(found) < len(plan.steps):
        ready = [each.number for each in plan.steps if each.number not in found and set(each.after) <= found.keys()]
        found |= dict.fromkeys(ready)
        yield from ready


def _all(sets: Sequence[frozenset[str]], numbers: Iterable[int]) -> frozenset[str]:
    return frozenset[str]().union(*(sets[each] for each in numbers))


def _is_small(count: int) -> bool:
    """Whether it is a count of few people; that there are none is no secret."""
    return 0 < count < K


def _before(after: Sequence[int], number: int) -> str:
    """The name of the dimension by which all steps before one are done or not."""
    return _name(after[0]) if len(after) == 1 else f"before {number}"


def _both(number: int) -> str:
    """The name of those who have done a step, and all before it."""
    return f"before {number}, and it"


def _name(number: int) -> str:
    return f"step {number}"


def _word(outcomes: Iterable[Outcome]) -> str:
    return " or ".join(outcomes)


def _sum(counts: Counter[Outcome], outcomes: Iterable[Outcome]) -> int:
    return sum(counts[each] for each in outcomes)
