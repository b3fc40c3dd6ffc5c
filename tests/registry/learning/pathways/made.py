"""Pathways and items made up for tests: few values of each kind, so that they meet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from random import Random
from typing import Any, Final, TypeVar

from hypothesis import strategies as st

from registry.learning.achieved import Achieved, Alignment, Credits, Result
from registry.learning.items import Accredited, Checked, Fate, Item
from registry.learning.pathways.model import (
    Award,
    Competence,
    Counts,
    CreditSum,
    Criteria,
    LevelRange,
    NamedFramework,
    Of,
    Pathway,
    Recognition,
    Requirement,
    Step,
    StepDone,
)
from registry.verify.verdict import Overall

_Value = TypeVar("_Value")

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
URIS = tuple(f"https://a.example/{letter}" for letter in "wxyz")
DECISION = "https://a.example/decision"
ISSUERS: tuple[int | str, ...] = (7, 8, "did:web:one.example", "did:web:two.example")
FRAMEWORK = NamedFramework("is", ("Information Systems", "https://f.example/is"))
CODES = ("A.1", "A.2", "B.1")
FIELDS = ("06", "0613", "04")
LEVELS = (("EQF", "6"), ("eqf", "7"), ("ie-nfq", "7"), ("ie-nfq", "8"), ("au-aqf", "9"), ("unheard", "6"))
RESULTS = ("granted", "refused", "A")
OVERALL = {Fate.GOOD: Overall.VALID, Fate.UNCHECKED: Overall.COULD_NOT_BE_CHECKED}


def item(position: int, *achieved: Achieved, fate: Fate = Fate.GOOD, **more: Any) -> Item:
    """An item; `checked` facts by their names, and the rest of the item."""
    facts = {name: more.pop(name) for name in ("issuer", "anchored_at") if name in more}
    facts.setdefault("anchored_at", datetime(2025, 6, 1, tzinfo=UTC))
    checked = Checked(OVERALL.get(fate, Overall.NOT_VALID), fate, more.pop("accredited", Accredited.YES), **facts)
    more.setdefault("digest", f"{position:064x}")
    more.setdefault("issuer_confirmed", "issuer_id" in more)
    return Item(position, f"item {position}", checked, achieved=achieved, **more)


def course(uri: str = "", ects: int | str | None = None, **more: Any) -> Achieved:
    """An achievement with credits of the European system."""
    credits_ = () if ects is None else (Credits(Fraction(ects), "ECTS"),)
    return Achieved(identifier=uri, kind="Course", credits=credits_, **more)


def pathway(*steps: Step, **more: Any) -> Pathway:
    """A pathway of steps."""
    return Pathway("p", {"en": "P"}, steps, frameworks=(FRAMEWORK,), **more)


def step(name: str, requires: Requirement | None = None, **more: Any) -> Step:
    """A step."""
    return Step(name, {"en": name.upper()}, requires, **more)


def award(*uris: str, **more: Any) -> Award:
    """One achievement of some."""
    return Award(Criteria(achievements=uris, **more))


class Maker:
    """Makes pathways and items; the same seed makes the same."""

    def __init__(self, seed: int):
        self._chance = Random(seed)

    def pathway(self, counts: Counts | None = None) -> Pathway:
        """One without faults; each step can name those before it."""
        steps: list[Step] = []
        for number in range(self._up_to(1, 4)):
            names = tuple(each.identifier for each in steps)
            recognition = self._recognition(names) if self._one_in(4) else None
            requires = None if recognition and self._one_in(2) else self._requirement(names)
            after = self._some(names)
            steps.append(step(f"s{number}", requires, recognition=recognition, after=after, optional=self._one_in(3)))
        chosen = counts or self._of(tuple(Counts))
        return pathway(*steps, counts=chosen, unnamed_credits=self._one_in(2))

    def items(self, *, linked: bool = True, copies: bool = True, first: int = 0) -> tuple[Item, ...]:
        """Those of a learner.

        Args:
            linked: whether achievements can be parts of others.
            copies: whether a credential can be there twice.
            first: position of the first.
        """
        return tuple(self._item(at, linked=linked, copies=copies) for at in range(first, first + self._up_to(0, 6)))

    def _recognition(self, names: tuple[str, ...]) -> Recognition:
        decision = Criteria(achievements=(DECISION,), issuers=(7,), results=self._seldom(RESULTS))
        return Recognition(decision, None if self._one_in(3) else self._requirement(names))

    def _requirement(self, names: tuple[str, ...], depth: int = 0) -> Requirement:
        if depth < 3 and self._one_in(3):
            parts = tuple(self._requirement(names, depth + 1) for _ in range(self._up_to(1, 3)))
            return Of(parts, self._up_to(1, len(parts)))
        if names and self._one_in(4):
            return StepDone(self._of(names))
        if self._one_in(2):
            return CreditSum(self._of((Fraction(1, 2), Fraction(5), Fraction(12))), self._criteria())
        return Award(self._criteria())

    def _criteria(self) -> Criteria:
        ranges = (LevelRange("eqf", "6"), LevelRange("eqf", "7", "7"), LevelRange("ie-nfq", "8", "8"))
        competences = (
            *(Competence(name, code) for name in ("is", "Information Systems") for code in CODES),
            *(Competence(url=f"https://f.example/is/{code}") for code in CODES),
        )
        return Criteria(
            achievements=self._some(URIS),
            competences=self._seldom(competences),
            issuers=self._seldom(ISSUERS),
            kinds=self._seldom(("course", "Degree")),
            fields=self._seldom(FIELDS),
            level=self._of(ranges) if self._one_in(4) else None,
            results=self._seldom(RESULTS),
            within_months=self._of((0, 0, 1, 13)),
            accredited=self._one_in(3),
        )

    def _item(self, position: int, *, linked: bool, copies: bool) -> Item:
        achieved = [self._achieved() for _ in range(self._up_to(0, 3))]
        if linked:
            achieved = [
                replace(each, whole=self._up_to(0, len(achieved) - 1) if self._one_in(3) else None) for each in achieved
            ]
        digest = self._up_to(0, 3) if copies and self._one_in(5) else position
        return item(
            position,
            *achieved,
            fate=Fate.GOOD if self._one_in(2) else self._of(tuple(Fate)),
            accredited=Accredited.YES if self._one_in(2) else self._of(tuple(Accredited)),
            issuer=self._of((None, 7, 7, 8)),
            anchored_at=self._moment(),
            identifier=f"urn:{position}",
            digest=f"{digest:064x}",
            issuer_id=self._of(("", "did:web:one.example", "did:web:two.example")),
            issuer_confirmed=not self._one_in(4),
            valid_from=self._moment(),
            wholes=self._seldom(tuple(f"urn:{at}" for at in range(4))) if linked else (),
        )

    def _achieved(self) -> Achieved:
        alignments = (
            *(Alignment("information systems", code) for code in CODES),
            *(Alignment("", "", f"https://f.example/is/{code}") for code in CODES),
            *(Alignment("ISCED-F 2013", code) for code in FIELDS),
            *(Alignment(url=f"http://data.europa.eu/snb/isced-f/{code}") for code in FIELDS),
            *(Alignment(url=f"http://data.europa.eu/snb/eqf/{code}") for code in "67"),
        )
        amounts = (Fraction(1, 2), Fraction(3), Fraction(5), Fraction(12), Fraction(2000))
        systems = ("ECTS", "ECTS", "", "CH")
        return Achieved(
            identifier=self._of(("", *URIS, DECISION)),
            kind=self._of(("", "Course", "Degree")),
            credits=tuple(Credits(self._of(amounts), self._of(systems)) for _ in range(self._up_to(0, 2))),
            levels=self._some(LEVELS),
            alignments=tuple(self._of(alignments) for _ in range(self._up_to(0, 3))),
            results=(Result(value=self._of(RESULTS)),) if self._one_in(2) else (),
        )

    def _moment(self) -> datetime | None:
        return None if self._one_in(5) else NOW - timedelta(days=self._of((0, 10, 40, 390, 500)))

    def _of(self, values: Sequence[_Value]) -> _Value:
        return self._chance.choice(values)

    def _some(self, values: Sequence[_Value]) -> tuple[_Value, ...]:
        return tuple(self._chance.sample(values, self._up_to(0, min(2, len(values)))))

    def _seldom(self, values: Sequence[_Value]) -> tuple[_Value, ...]:
        return self._some(values) if self._one_in(3) else ()

    def _one_in(self, number: int) -> bool:
        return self._chance.randrange(number) == 0

    def _up_to(self, least: int, most: int) -> int:
        return self._chance.randint(least, most)


MAKERS: Final = st.integers(0, 2**32).map(Maker)
