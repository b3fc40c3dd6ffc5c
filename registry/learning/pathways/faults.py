"""What is wrong with a pathway as a whole: circles, steps that cannot be reached, and contradictions. Pure.

Grave is what makes the pathway say nothing, or something that it cannot mean: it is not used then. What is not grave is
told, and the pathway is used as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from registry.frameworks.model import Fault
from registry.learning.pathways.credits_possible import most_credits
from registry.learning.pathways.levels import UnknownLevel, within
from registry.learning.pathways.matching import folded
from registry.learning.pathways.model import (
    Award,
    Competence,
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
from registry.learning.pathways.progress import credits_text
from registry.learning.pathways.surroundings import Surroundings
from registry.recognition.isced import field_name

_SHOWN: Final = 8


def faults_of(pathway: Pathway, around: Surroundings) -> tuple[Fault, ...]:
    """All that is wrong with a pathway whose entries can be read."""
    return tuple(_Look(pathway, around).faults())


class _Look:
    def __init__(self, pathway: Pathway, around: Surroundings):
        self._pathway, self._around = pathway, around
        self._steps = pathway.by_identifier()
        self._offers = {each.identifier: each for each in pathway.offers}

    def faults(self) -> Iterator[Fault]:
        for each in self._pathway.frameworks:
            if each.file and each.file in self._around.frameworks and self._around.frameworks[each.file] is None:
                yield Fault(f"framework {each.identifier}", f"its file {each.file!r} cannot be read", grave=False)
        yield from self._of_names()
        for step in self._pathway.steps:
            yield from self._of_step(step)
        circles = list(self._circles())
        yield from circles
        if not circles:
            yield from self._unreachable()
        if self._pathway.counts is Counts.ONCE:
            yield from self._taken_twice()
        if self._pathway.steps and all(each.optional for each in self._pathway.steps):
            yield Fault("", "every step is optional: whoever has done nothing has completed it", grave=False)

    def _of_names(self) -> Iterator[Fault]:
        """Names by which two frameworks are called: a credential's is one of them, and nobody knows which."""
        called: dict[str, str] = {}
        for each in self._pathway.frameworks:
            for name in (each.identifier, *each.names):
                if (other := called.setdefault(folded(name), each.identifier)) != each.identifier:
                    yield Fault(f"framework {each.identifier}", f"framework {other} is called {name!r}, too")

    # Each step by itself

    def _of_step(self, step: Step) -> Iterator[Fault]:
        entry = f"step {step.identifier}"
        if step.requires is None and step.recognition is None:
            yield Fault(entry, "it says neither what it requires nor how it is recognised: it cannot be done")
        for name in step.waits_for():
            if name not in self._steps:
                yield Fault(entry, f"there is no step {name!r}")
        for part in step.requirements():
            if isinstance(part, Of):
                yield from self._of_gate(entry, part)
            elif not isinstance(part, StepDone):
                yield from self._of_criteria(entry, part.criteria)
                if isinstance(part, CreditSum):
                    yield from self._of_sum(entry, part)
                elif part.criteria == Criteria():
                    yield Fault(entry, "it asks for nothing in particular: any credential does", grave=False)
        if step.recognition is not None:
            yield from self._of_criteria(f"{entry}, recognition", step.recognition.decision)

    def _of_gate(self, entry: str, part: Of) -> Iterator[Fault]:
        if part.at_least > len(part.parts):
            yield Fault(entry, f"at least {part.at_least} of {len(part.parts)} are asked for, which are fewer")
        seen: list[Requirement] = []
        for each in part.parts:
            if each in seen:
                yield Fault(entry, "the same requirement stands twice in one list", grave=False)
                return
            seen.append(each)

    def _of_sum(self, entry: str, part: CreditSum) -> Iterator[Fault]:
        least = parts_of_credits(part.ects)
        if not least:
            yield Fault(entry, "credits is a number of ECTS above 0")
        most = most_credits(part, self._offers)
        if most is not None and most < least:
            yield Fault(
                entry,
                f"{credits_text(least)} ECTS are asked for, and the achievements that it names come to "
                f"{credits_text(most)}",
            )

    def _of_criteria(self, entry: str, criteria: Criteria) -> Iterator[Fault]:
        if criteria.level is not None:
            try:
                within(criteria.level, self._around.maps)
            except UnknownLevel as error:
                yield Fault(entry, str(error))
        for code in criteria.fields:
            if field_name(code) is None:
                yield Fault(entry, f"there is no field {code!r} of ISCED-F 2013")
        if self._offers:
            for name in criteria.achievements:
                if name not in self._offers and "recognition" not in entry:
                    yield Fault(entry, f"{name} is none of the pathway's achievements")
        for competence in criteria.competences:
            yield from self._of_competence(entry, competence)

    def _of_competence(self, entry: str, competence: Competence) -> Iterator[Fault]:
        asked = folded(competence.framework)
        named = next(
            (each for each in self._pathway.frameworks if asked in map(folded, (each.identifier, *each.names))), None
        )
        if named is None and asked and self._pathway.frameworks:
            yield Fault(entry, f"{competence.framework} is none of the pathway's frameworks", grave=False)
        framework = None if named is None else self._around.frameworks.get(named.file)
        if framework is not None and competence.code not in framework.by_code():
            yield Fault(entry, f"{framework.title} has no item {competence.code!r}")

    # Steps by one another

    def _circles(self) -> Iterator[Fault]:
        """Steps that wait for themselves, each circle once."""
        told: set[frozenset[str]] = set()
        state: dict[str, bool] = {}
        for start in self._steps:
            if start in state:
                continue
            way: dict[str, Iterator[str]] = {start: iter(self._named(start))}
            state[start] = True
            while way:
                last = next(reversed(way))
                following = next(way[last], None)
                if following is None:
                    del way[last]
                    state[last] = False
                elif following in way:
                    names = list(way)
                    circle = names[names.index(following) :]
                    if (key := frozenset(circle)) not in told:
                        told.add(key)
                        shown = " → ".join([*circle[:_SHOWN], *(["…"] if len(circle) > _SHOWN else []), following])
                        yield Fault(f"step {following}", f"it waits for itself: {shown}")
                elif following not in state:
                    state[following] = True
                    way[following] = iter(self._named(following))

    def _named(self, name: str) -> list[str]:
        return [each for each in self._steps[name].waits_for() if each in self._steps]

    def _unreachable(self) -> Iterator[Fault]:
        """Steps that no way leads to: what is before them, or what they ask for, cannot be done."""
        possible: dict[str, bool] = {}
        for name in self._in_order():
            step = self._steps[name]
            before = [each for each in step.after if not possible.get(each, False)]
            recognised = step.recognition is not None
            can_be_done = recognised or (step.requires is not None and self._can_be(step.requires, possible))
            possible[name] = can_be_done and not before
            if before:
                missing = " and ".join(repr(each) for each in before[:_SHOWN])
                yield Fault(f"step {name}", f"no way leads to it: {missing} before it cannot be done")
            elif not can_be_done and any(isinstance(each, StepDone) for each in step.requirements()):
                yield Fault(f"step {name}", "no way leads to it: what it requires cannot be done")

    def _in_order(self) -> list[str]:
        """Each step after those that it waits for; there are no circles."""
        found: dict[str, None] = {}
        for start in self._steps:
            waiting = [start]
            while waiting:
                name = waiting[-1]
                missing = [each for each in self._named(name) if each not in found]
                if missing:
                    waiting += missing
                else:
                    found[waiting.pop()] = None
        return list(found)

    def _can_be(self, part: Requirement, possible: Mapping[str, bool]) -> bool:
        if isinstance(part, StepDone):
            return possible.get(part.step, False)
        if isinstance(part, Of):
            return sum(self._can_be(each, possible) for each in part.parts) >= part.at_least
        if isinstance(part, CreditSum):
            most = most_credits(part, self._offers)
            return most is None or most >= parts_of_credits(part.ects)
        return True

    # Where an item serves one step

    def _taken_twice(self) -> Iterator[Fault]:
        """Steps that can be done only by what another one needs, too, where an item serves one step alone."""
        needed: dict[str, str] = {}
        for step in self._pathway.steps:
            if step.recognition is not None or step.requires is None:
                continue
            for name in sorted(_needed(step.requires)):
                if (other := needed.setdefault(name, step.identifier)) != step.identifier:
                    yield Fault(
                        f"step {step.identifier}",
                        f"it needs {name}, which step {other} needs, too, and what serves one step serves no other: "
                        "it takes a second credential of it",
                        grave=False,
                    )


def _needed(part: Requirement) -> frozenset[str]:
    """The achievements without which a requirement cannot be done."""
    if isinstance(part, StepDone):
        return frozenset()
    if isinstance(part, Award | CreditSum):
        return frozenset(part.criteria.achievements) if len(part.criteria.achievements) == 1 else frozenset()
    inner = [_needed(each) for each in part.parts]
    every = frozenset[str]().union(*inner)
    # It can be done without one where enough of its parts do not need it.
    return frozenset(name for name in every if sum(name not in each for each in inner) < part.at_least)
