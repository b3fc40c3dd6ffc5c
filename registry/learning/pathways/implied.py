"""Which requirements are met by whoever meets another one: what is told of two such steps gives their difference away.

Pure. What is found holds for every learner; not all that holds is found.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from registry.learning.pathways.model import (
    Award,
    Counts,
    CreditSum,
    Criteria,
    Of,
    Pathway,
    Requirement,
    Step,
    StepDone,
    parts_of_credits,
)


class Implied:
    """The steps of a pathway that are done wherever another one is."""

    def __init__(self, pathway: Pathway):
        self._steps: Mapping[str, Step] = pathway.by_identifier()
        # Where an item serves one step, it may be taken from the other one.
        self._by_criteria = pathway.counts is Counts.SEVERAL
        self._found: dict[tuple[str, str], bool] = {}
        self._implied: dict[tuple[Requirement, Requirement], bool] = {}

    def is_done_with(self, step: str, other: str) -> bool:
        """Whether whoever has done the other step has done the step."""
        if step == other:
            return True
        if (step, other) not in self._found:
            self._found[step, other] = self._is_within(self._steps[other], self._steps[step])
        return self._found[step, other]

    def needed(self, steps: Iterable[str]) -> frozenset[str]:
        """Of steps that all have to be done, those that none of the others includes."""
        found: list[str] = []
        for each in sorted(set(steps)):
            if not any(self.is_done_with(each, other) for other in found):
                found = [*(other for other in found if not self.is_done_with(other, each)), each]
        return frozenset(found)

    def made_of(self, name: str) -> frozenset[str]:
        """Steps of which whoever has done them all has done the step, and nobody else has: at the least, itself."""
        step = self._steps[name]
        named = None if step.recognition is not None or step.requires is None else _steps_of_all(step.requires)
        return frozenset({name}) if named is None else frozenset().union(*map(self.made_of, named))

    def either(self, name: str) -> tuple[str, str] | None:
        """The two steps of which whoever has done one has done the step, and nobody else has."""
        step = self._steps[name]
        part = step.requires
        if step.recognition is None and isinstance(part, Of) and (part.at_least, len(part.parts)) == (1, 2):
            one, other = part.parts
            if isinstance(one, StepDone) and isinstance(other, StepDone):
                return one.step, other.step
        return None

    def _is_within(self, inner: Step, outer: Step) -> bool:
        if outer.requires is not None and self._implies(StepDone(inner.identifier), outer.requires):
            return True
        if inner.recognition is not None or inner.requires is None:
            return False
        return self._implies(inner.requires, StepDone(outer.identifier))

    def _implies(self, one: Requirement, other: Requirement) -> bool:
        """Whether whatever meets one requirement meets the other."""
        if (one, other) not in self._implied:
            self._implied[one, other] = self._looked_at(one, other)
        return self._implied[one, other]

    def _looked_at(self, one: Requirement, other: Requirement) -> bool:
        if isinstance(one, StepDone) and isinstance(other, StepDone):
            return self.is_done_with(other.step, one.step)
        if isinstance(other, Of) and sum(self._implies(one, each) for each in other.parts) >= other.at_least:
            return True
        if isinstance(one, Of):
            return sum(not self._implies(each, other) for each in one.parts) < one.at_least
        if isinstance(one, StepDone):
            step = self._steps[one.step]
            return step.recognition is None and step.requires is not None and self._implies(step.requires, other)
        if isinstance(other, StepDone):
            requires = self._steps[other.step].requires
            return requires is not None and self._implies(one, requires)
        return self._by_criteria and not isinstance(other, Of) and _is_more(one, other)


def _steps_of_all(part: Requirement) -> list[str] | None:
    """The steps that a requirement asks for, all of them; None where it asks for anything else."""
    if isinstance(part, StepDone):
        return [part.step]
    if not isinstance(part, Of) or part.at_least < len(part.parts):
        return None
    inner = [_steps_of_all(each) for each in part.parts]
    found = [each for each in inner if each is not None]
    return [name for each in found for name in each] if len(found) == len(inner) else None


def _is_more(one: Award | CreditSum, other: Award | CreditSum) -> bool:
    """Whether one asks for all that the other does: of as many credits, or of one achievement at least."""
    least, most = (parts_of_credits(each.ects) if isinstance(each, CreditSum) else 0 for each in (other, one))
    return least <= most and _is_narrower(one.criteria, other.criteria)


def _is_narrower(one: Criteria, other: Criteria) -> bool:
    lists = ("achievements", "competences", "issuers", "kinds", "results")
    return (
        all(not getattr(other, name) or _is_among(getattr(one, name), getattr(other, name)) for name in lists)
        and (not other.fields or bool(one.fields and all(each.startswith(other.fields) for each in one.fields)))
        and other.level in (None, one.level)
        and (not other.within_months or 0 < one.within_months <= other.within_months)
        and (one.accredited or not other.accredited)
    )


def _is_among(some: tuple[object, ...], others: tuple[object, ...]) -> bool:
    return bool(some) and set(some) <= set(others)
