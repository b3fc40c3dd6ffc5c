"""Which next step opens most. Pure.

A step can be next where it is known not to be done, all before it are done, and it asks for something of its own (one
that asks for nothing but other steps is done by these). It *opens* the steps that can be begun once it is done and
cannot be now. The one that opens more steps goes first; of equal ones the one whose opened steps are worth more ECTS;
then the one that more steps wait for, near or far; then the one that comes first in the pathway.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from registry.learning.pathways.model import (
    Award,
    CreditSum,
    Step,
    fewest_credits,
    parts_of_credits,
)
from registry.learning.pathways.plan import Plan, Planned, PlannedOf
from registry.learning.pathways.progress import Known, Outcome, Progress, credits_text


@dataclass(frozen=True, slots=True)
class Next:
    """A step that can be next.

    Attributes:
        opens: identifiers of the steps that can be begun once it is done, in the order of the pathway.
        parts: what those are worth, in ten-thousandths of ECTS.
        waiting: how many steps that are not done wait for it, near or far.
        decided_by: what puts it before the one after it: `opens`, `credits`, `waiting` or `order`; "" of the last.
    """

    identifier: str
    opens: tuple[str, ...]
    parts: int
    waiting: int
    decided_by: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Its JSON form."""
        return {
            "step": self.identifier,
            "opens": list(self.opens),
            "ects": credits_text(self.parts),
            "waiting": self.waiting,
            "decidedBy": self.decided_by,
        }


def next_steps(plan: Plan, found: Progress) -> tuple[Next, ...]:
    """The steps that can be next, the one that opens most first."""
    done = [each.outcome is Outcome.DONE for each in found.steps]
    ready = [
        number
        for number, each in enumerate(found.steps)
        if each.outcome not in (Outcome.DONE, Outcome.UNKNOWN)
        and each.available is Known.YES
        and _asks_itself(plan.steps[number].step)
    ]
    waiting_for = _waiting_for(plan)
    candidates: list[tuple[tuple[int, int, int, int], Next]] = []
    for number in ready:
        after = _propagated(plan, done, number)
        opened = [
            at
            for at, each in enumerate(plan.steps)
            if not after[at] and not _is_begun(each.after, done) and _is_begun(each.after, after)
        ]
        parts = sum(worth(plan.steps[at].step) for at in opened)
        behind = sum(not done[at] for at in waiting_for[number])
        name = plan.steps[number].step.identifier
        opens = tuple(plan.steps[at].step.identifier for at in opened)
        candidates.append(((-len(opened), -parts, -behind, number), Next(name, opens, parts, behind)))
    candidates.sort(key=lambda each: each[0])
    return tuple(_explained(candidates))


def worth(step: Step) -> int:
    """What a step is worth in ten-thousandths of ECTS: as it says, and else the fewest credits that it asks for."""
    if step.ects is not None:
        return parts_of_credits(step.ects)
    return 0 if step.requires is None else fewest_credits(step.requires)


def _explained(candidates: list[tuple[tuple[int, int, int, int], Next]]) -> Iterator[Next]:
    for at, (key, each) in enumerate(candidates):
        why = ""
        if at + 1 < len(candidates):
            after = candidates[at + 1][0]
            names = ("opens", "credits", "waiting", "order")
            why = next(name for name, own, other in zip(names, key, after, strict=True) if own != other)
        yield Next(each.identifier, each.opens, each.parts, each.waiting, why)


def _asks_itself(step: Step) -> bool:
    return step.recognition is not None or any(isinstance(each, Award | CreditSum) for each in step.requirements())


def _is_begun(after: tuple[int, ...], done: list[bool]) -> bool:
    return all(done[each] for each in after)


def _propagated(plan: Plan, done: list[bool], number: int) -> list[bool]:
    """What is done once a step is, with the steps that are done by other steps alone."""
    found = list(done)
    found[number] = True
    for at in plan.order:
        requires = plan.steps[at].requires
        if not found[at] and requires is not None and _is_done(requires, found):
            found[at] = True
    return found


def _is_done(part: Planned, done: list[bool]) -> bool:
    """Whether steps alone make it done."""
    if isinstance(part, int):
        return done[part]
    if isinstance(part, PlannedOf):
        return sum(_is_done(each, done) for each in part.parts) >= part.at_least
    return False


def _waiting_for(plan: Plan) -> list[set[int]]:
    """Of each step, those that name it, and those that name these."""
    number = {each.step.identifier: each.number for each in plan.steps}
    named: list[set[int]] = [set() for _ in plan.steps]
    for each in plan.steps:
        for name in each.step.waits_for():
            named[number[name]].add(each.number)
    found: list[set[int]] = []
    for start in range(len(named)):
        reached: set[int] = set()
        waiting = [start]
        while waiting:
            for at in named[waiting.pop()] - reached:
                reached.add(at)
                waiting.append(at)
        found.append(reached)
    return found
