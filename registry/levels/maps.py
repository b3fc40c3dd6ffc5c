"""Level maps: which levels a framework has, and beside which levels of a reference framework they were put, by whom.

Pure values. A map is what a report says, with its date; it never says that two qualifications are the same.
`docs/reference/levels.md` has the format of the files and a table of those that are bundled.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, Final

REFERENCES: Final[Mapping[str, int]] = {"eqf": 8, "aqrf": 8, "sadcqf": 10}
"""Frameworks that others are compared with, and how many levels they have: European, of ASEAN, of the SADC."""

_LENGTHS: Final = (len("2009"), len("2009-06"), len("2009-06-30"))


class Kind(StrEnum):
    """What a map rests on."""

    REFERENCE = "reference"
    """It is a framework that others are compared with."""
    REFERENCED = "referenced"
    """The country referenced its framework to the reference framework, and a report says so."""
    COMPARISON = "comparison"
    """A report compares the two; nobody referenced one to the other. Always close, never exact."""
    NONE = "none"
    """The framework is known, and no comparison of it."""
    PROFICIENCY = "proficiency"
    """Levels of what a person can do at work, not of qualifications."""


class Match(StrEnum):
    """How near a level is to those of the reference framework that it stands beside."""

    EXACT = "exact"
    CLOSE = "close"
    NONE = "none"
    """No level of the reference framework stands beside it."""


@dataclass(frozen=True, slots=True)
class Level:
    """One level of a framework.

    Attributes:
        code: as the framework writes it, such as `6`, `5.2`, `4+` or `e-3`.
        name: what it is called, or what is typically awarded at it; "" where the map does not say.
        beside: lowest and highest level of the reference framework; None where there is none.
        checked: whether whoever wrote the map read it in the source that the map names.
    """

    code: str
    name: str
    beside: tuple[int, int] | None
    match: Match
    checked: bool = True

    def to_dict(self) -> dict[str, Any]:
        """Its JSON form."""
        return {
            "level": self.code,
            "levelName": self.name,
            "referenceLevels": list(self.beside) if self.beside else None,
            "match": self.match.value,
            "checked": self.checked,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """The report that a map rests on; "" for what is not known. `dated` is a year, a month or a day."""

    title: str = ""
    uri: str = ""
    dated: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Its JSON form."""
        return {"title": self.title, "uri": self.uri, "dated": self.dated}


@dataclass(frozen=True, slots=True)
class Source:
    """Where the map was read, and on which day."""

    name: str
    uri: str
    read: str

    def to_dict(self) -> dict[str, Any]:
        """Its JSON form."""
        return {"name": self.name, "uri": self.uri, "read": self.read}


@dataclass(frozen=True, slots=True)
class LevelMap:
    """The levels of one framework for a time, beside those of a reference framework.

    Attributes:
        framework: short name, such as `ie-nfq`.
        countries: ISO 3166-1, two letters, in which it is the framework or one of them; none for a reference framework
            and for proficiency.
        against: the reference framework, a key of `REFERENCES`.
        levels: from the lowest to the highest.
        since: the first day that the map is about, as a year, a month or a day: the first of it.
        until: the first day that it is no longer about; "" for none.
        referenced: when the levels were put beside each other; "" where nobody did.
        file: where it was read from, for messages.
    """

    framework: str
    name: str
    countries: tuple[str, ...]
    kind: Kind
    against: str
    levels: tuple[Level, ...]
    since: str
    until: str
    referenced: str
    report: Report
    source: Source
    note: str = ""
    file: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Its JSON form."""
        return {
            "framework": self.framework,
            "frameworkName": self.name,
            "countries": list(self.countries),
            "kind": self.kind.value,
            "reference": self.against,
            "since": self.since,
            "until": self.until or None,
            "referenced": self.referenced or None,
            "report": self.report.to_dict(),
            "source": self.source.to_dict(),
            "note": self.note or None,
            "levels": [each.to_dict() for each in self.levels],
        }

    def level(self, code: str) -> Level | None:
        """The level with a code."""
        return next((each for each in self.levels if each.code == code), None)

    def holds_at(self, moment: datetime | None) -> bool:
        """Whether the map is about a moment; with none, whether it is about no end of time yet."""
        if moment is None:
            return not self.until
        day = moment.astimezone(UTC).date()
        return first_day(self.since) <= day and (not self.until or day < first_day(self.until))

    def overlaps(self, other: LevelMap) -> bool:
        """Whether both are about the same framework on some day."""
        return (
            self.framework == other.framework
            and (not other.until or first_day(self.since) < first_day(other.until))
            and (not self.until or first_day(other.since) < first_day(self.until))
        )


class LevelMaps:
    """Maps by framework and country, of one framework none that are about the same day.

    Args:
        maps: the earlier one of two that overlap is kept; see `registry.levels.reading.read_maps`, which tells of both.
    """

    def __init__(self, maps: Iterable[LevelMap]):
        kept: dict[str, list[LevelMap]] = {}
        for each in maps:
            same = kept.setdefault(each.framework, [])
            if not any(each.overlaps(other) for other in same):
                same.append(each)
        self._of = {name: tuple(sorted(each, key=_start)) for name, each in sorted(kept.items())}

    def __iter__(self) -> Iterator[LevelMap]:
        """All maps, by framework and then by time."""
        return (each for maps in self._of.values() for each in maps)

    def __len__(self) -> int:
        return sum(map(len, self._of.values()))

    def of(self, place: str) -> tuple[LevelMap, ...]:
        """All maps of a framework, by its short name, or of a country, by its two letters; in any case of letters."""
        if (found := self._of.get(place.lower())) is not None:
            return found
        return tuple(each for each in self if place.upper() in each.countries)

    def at(self, place: str, moment: datetime | None) -> tuple[LevelMap, ...]:
        """As `of`, those that are about a moment; with none, those without an end."""
        return tuple(each for each in self.of(place) if each.holds_at(moment))


def first_day(text: str) -> date:
    """The first day of `2009`, `2009-06` or `2009-06-30`.

    Raises:
        ValueError: it is none of them.
    """
    if not (text.isascii() and text.replace("-", "").isdigit() and len(text) in _LENGTHS):
        raise ValueError("a date is written as 2009, 2009-06 or 2009-06-30")
    return date.fromisoformat(text + "-01-01"[len(text) - len("2009") :])


def _start(each: LevelMap) -> date:
    return first_day(each.since)
