"""What two programmes cover of a framework: what is in both, in one, and in neither, by number and by credit.

The items without children are compared, each once, so that the four sets are a partition. A part that covers a group
covers each item under it. Its credits are shared equally among the items that it covers: that is a convention, which
makes the credits of all sets and of what is not aligned come to those of the programme exactly.

It compares what two programmes say of themselves. It says nothing of how well anything is taught or learnt, and
nothing of recognition.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any, Final

from registry.errors import IntakeError
from registry.frameworks.model import Fault, Framework, Item, Programme

COVERAGE_TYPE: Final = "TestamurCoverage"
VERSION: Final = 1
SAYS: Final = "Covered is what a programme says of its own parts. Alike coverage is no statement about recognition."


class Where(StrEnum):
    """Which of two programmes cover an item."""

    BOTH = "both"
    FIRST = "first-only"
    SECOND = "second-only"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class Covered:
    """How a programme covers an item: by which parts, and with how many credits of them."""

    parts: tuple[str, ...] = ()
    ects: Fraction = Fraction()


@dataclass(frozen=True, slots=True)
class Row:
    """An item, and how each programme covers it."""

    item: Item
    first: Covered
    second: Covered

    @property
    def where(self) -> Where:
        """Which of the two cover it."""
        if self.first.parts:
            return Where.BOTH if self.second.parts else Where.FIRST
        return Where.SECOND if self.second.parts else Where.NEITHER


@dataclass(frozen=True, slots=True)
class Aligned:
    """A programme as it was compared.

    Attributes:
        ects: credits of its parts that cover items.
        unaligned: credits of the others.
        faults: codes that its parts name and the framework does not have: left out.
    """

    programme: Programme
    ects: Fraction
    unaligned: Fraction
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """Two programmes beside each other.

    Attributes:
        rows: one for each item without children, in the order of the framework.
    """

    framework: Framework
    first: Aligned
    second: Aligned
    rows: tuple[Row, ...]

    def counted(self, where: Where) -> tuple[int, Fraction, Fraction]:
        """How many items, and how many credits of the first programme and of the second."""
        rows = [each for each in self.rows if each.where is where]
        return (
            len(rows),
            sum((each.first.ects for each in rows), Fraction()),
            sum((each.second.ects for each in rows), Fraction()),
        )

    def to_dict(self) -> dict[str, Any]:
        """Its JSON form; credits with two decimals."""
        language = self.framework.language
        return {
            "type": COVERAGE_TYPE,
            "version": VERSION,
            "says": SAYS,
            "framework": {
                "id": self.framework.identifier,
                "title": self.framework.title,
                "version": self.framework.version,
                "items": len(self.rows),
            },
            "first": _about(self.first),
            "second": _about(self.second),
            "sets": {where.value: self._set(where) for where in Where},
            "items": [
                {
                    "code": each.item.code,
                    "text": each.item.text_in(language),
                    "where": each.where.value,
                    "first": {"parts": list(each.first.parts), "ects": decimals(each.first.ects)},
                    "second": {"parts": list(each.second.parts), "ects": decimals(each.second.ects)},
                }
                for each in self.rows
            ],
        }

    def _set(self, where: Where) -> dict[str, Any]:
        number, first, second = self.counted(where)
        return {"items": number, "outOf": len(self.rows), "ects": [decimals(first), decimals(second)]}


def compare(framework: Framework, first: Programme, second: Programme) -> Coverage:
    """What two programmes cover of a framework.

    Raises:
        IntakeError: a programme is aligned with another framework (code `other-framework`).
    """
    for each in (first, second):
        if each.framework != framework.identifier:
            raise IntakeError(
                f"{each.identifier!r} is aligned with {each.framework!r}, and not with {framework.identifier!r}",
                remedy="Compare programmes that are aligned with one framework.",
                code="other-framework",
            )
    leaves = framework.leaves_of()
    of_first, in_first = _aligned(first, leaves)
    of_second, in_second = _aligned(second, leaves)
    nothing = Covered()
    rows = tuple(
        Row(item, in_first.get(item.code, nothing), in_second.get(item.code, nothing))
        for item in framework.items
        if leaves.get(item.code) == (item.code,)
    )
    return Coverage(framework, of_first, of_second, rows)


def decimals(credits_: Fraction) -> str:
    """Credits with two decimals, rounded to the nearest and halves to even."""
    hundredths = round(credits_ * 100)
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def _aligned(programme: Programme, leaves: Mapping[str, tuple[str, ...]]) -> tuple[Aligned, dict[str, Covered]]:
    faults: list[Fault] = []
    parts_of: dict[str, list[str]] = {}
    ects_of: dict[str, Fraction] = {}
    unaligned = Fraction()
    for part in programme.parts:
        unknown = [code for code in part.covers if code not in leaves]
        faults += [Fault(f"part {part.code}", f"the framework has no item {code!r}") for code in unknown]
        covered = tuple(dict.fromkeys(leaf for code in part.covers for leaf in leaves.get(code, ())))
        if not covered:
            unaligned += part.ects
        for leaf in covered:
            parts_of.setdefault(leaf, []).append(part.code)
            ects_of[leaf] = ects_of.get(leaf, Fraction()) + part.ects / len(covered)
    found = {leaf: Covered(tuple(parts), ects_of[leaf]) for leaf, parts in parts_of.items()}
    return Aligned(programme, programme.ects - unaligned, unaligned, tuple(faults)), found


def _about(aligned: Aligned) -> dict[str, Any]:
    programme = aligned.programme
    return {
        "id": programme.identifier,
        "title": programme.title,
        "institution": programme.institution,
        "country": programme.country or None,
        "level": programme.level or None,
        "ects": decimals(programme.ects),
        "alignedEcts": decimals(aligned.ects),
        "unalignedEcts": decimals(aligned.unaligned),
        "leftOut": [str(each) for each in aligned.faults],
    }


def table_rows(coverage: Coverage) -> Iterable[tuple[str, ...]]:
    """The items as rows of a table, with its heading first."""
    language = coverage.framework.language
    yield ("code", "item", "where", "first_parts", "first_ects", "second_parts", "second_ects")
    for each in coverage.rows:
        yield (
            each.item.code,
            each.item.text_in(language),
            each.where.value,
            " ".join(each.first.parts),
            decimals(each.first.ects),
            " ".join(each.second.parts),
            decimals(each.second.ects),
        )
