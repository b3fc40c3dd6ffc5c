"""What a credential says was achieved, in the words of its issuer; nobody has judged it here. Pure values.

Formats of others are read to these: Open Badges 2.0 and 3.0, CLR 2.0, the European Learning Model, SD-JWT VC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Final

ECTS: Final = "ECTS"
"""The system of credits of the European Higher Education Area."""

UNSAID: Final = ""
"""The language of a text whose credential names none."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """An item of a framework that an achievement is said to be aligned with.

    Attributes:
        framework: name or URI, as written; "" where it is not said.
        code: in the framework; "" where it is not said.
        url: of the item; "" where it is not said.
        kind: what the item is, such as `CFItem` or `ceasn:Competency`; "" where it is not said.
    """

    framework: str = ""
    code: str = ""
    url: str = ""
    name: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Credits:
    """Credits, and of which system they are; "" where it is not said, and then they are not taken for ECTS."""

    amount: Fraction
    system: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """One result, such as a mark, in the words of the credential.

    Attributes:
        kind: `resultType` of its description, such as `LetterGrade`; "" where it is not said.
        value: as written; "" where only a level is named.
        level: name or identifier of the rubric's level that was reached; "" where none is named.
        has_scale: whether the credential says which values or levels there are.
    """

    name: str = ""
    kind: str = ""
    value: str = ""
    level: str = ""
    has_scale: bool = False


@dataclass(frozen=True, slots=True)
class Achieved:
    """One achievement that a credential states of its subject.

    Attributes:
        identifier: URI of the achievement (not of the credential); "" where it has none.
        name, description, criteria: by language tag; `UNSAID` where the credential names none.
        kind: `achievementType` or what corresponds, such as `Course`; "" where it is not said.
        credits: each with its system; several are alternatives and are never added up. Those that were earned come
            before those that can be, which are left out where of the same system is said what was earned.
        levels: framework and code, each as written; those of the European framework are `EQF` and one digit. Not all
            of them are levels: whoever asks knows by which framework.
        whole: place, among the achievements that were read together, of the one that this is a part of; None where it
            is part of none. What a whole states has its parts in it: see `credits_counted`.
    """

    identifier: str = ""
    name: Mapping[str, str] = field(default_factory=dict)
    kind: str = ""
    description: Mapping[str, str] = field(default_factory=dict)
    criteria: Mapping[str, str] = field(default_factory=dict)
    credits: tuple[Credits, ...] = ()
    levels: tuple[tuple[str, str], ...] = ()
    alignments: tuple[Alignment, ...] = ()
    results: tuple[Result, ...] = ()
    whole: int | None = None

    def credits_of(self, system: str) -> Fraction | None:
        """Its credits of a system, in any case of letters; None where it states none of that system."""
        return next((each.amount for each in self.credits if each.system.casefold() == system.casefold()), None)

    @property
    def ects(self) -> Fraction | None:
        """Its credits of the European system; None where it states none of that system."""
        return self.credits_of(ECTS)


def credits_counted(achieved: Sequence[Achieved], system: str) -> Fraction:
    """The credits of a system in achievements that were read together, none of them twice.

    A part counts where no whole that it is in states credits of that system itself. One that stands there several
    times, in several wholes or with several amounts, counts once, with the least.
    """
    least: dict[object, Fraction] = {}
    for each in achieved:
        if (own := each.credits_of(system)) is not None:
            name = each.identifier or _without_whole(each)
            counted = Fraction(0) if _is_in_counted(each, achieved, system) else own
            least[name] = min(least.get(name, counted), counted)
    return sum(least.values(), Fraction(0))


def _is_in_counted(each: Achieved, among: Sequence[Achieved], system: str) -> bool:
    # Wholes stand in any order, and a faulty document may have them in a circle.
    above, seen = each.whole, 0
    while above is not None and seen < len(among):
        if among[above].credits_of(system) is not None:
            return True
        above, seen = among[above].whole, seen + 1
    return False


def _without_whole(each: Achieved) -> str:
    """All that it says, but for what it is a part of: two that say the same are one."""
    return repr(replace(each, whole=None))
