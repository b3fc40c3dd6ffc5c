"""The level card: what a level of one framework stands beside in another place, with the source and the date of each.

Pure. Two levels are *comparable* when both stand beside a common level of one reference framework. That is all that is
said: a level is no qualification, and what follows from it is for whoever decides on recognition.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from registry.levels.maps import Kind, Level, LevelMap, LevelMaps, Match
from registry.timestamps import write_timestamp

CARD_TYPE: Final = "TestamurLevelCard"
VERSION: Final = 1
RELATION: Final = "comparable"


class Gap(StrEnum):
    """Why nothing can be said of a level or of a framework."""

    NO_FRAMEWORK = "no-framework"
    NOT_THEN = "no-map-then"
    NO_LEVEL = "no-such-level"
    NOT_BESIDE = "no-comparison"
    NO_COMMON = "no-common-reference"
    NO_LEVEL_THERE = "no-level-beside"


@dataclass(frozen=True, slots=True)
class Placed:
    """A level in its map."""

    map: LevelMap
    level: Level

    def to_dict(self) -> dict[str, Any]:
        """Its JSON form: the level, what it stands beside, and who says so."""
        whole = self.map.to_dict()
        return {name: value for name, value in whole.items() if name != "levels"} | self.level.to_dict()


@dataclass(frozen=True, slots=True)
class Row:
    """A level here, and the level there with which it is comparable.

    Attributes:
        match: exact where both stand exactly beside one and the same level of the reference framework; close otherwise.
    """

    here: Placed
    there: Placed
    match: Match

    def to_dict(self) -> dict[str, Any]:
        """Its JSON form."""
        return {
            **self.here.to_dict(),
            "relation": RELATION,
            "relationMatch": self.match.value,
            "to": {"framework": self.there.map.framework, "level": self.there.level.code},
        }


@dataclass(frozen=True, slots=True)
class Unknown:
    """What could not be said: of which framework or place, and why."""

    about: str
    code: Gap
    why: str

    def to_dict(self) -> dict[str, Any]:
        """Its JSON form."""
        return {"about": self.about, "code": self.code.value, "why": self.why}


@dataclass(frozen=True, slots=True)
class LevelCard:
    """What a level means there, where it is from, and here, where it is read.

    Attributes:
        level: the code asked about.
        source, target: where it is from, and where it is read: a framework's short name or a country's two letters.
        moment: of which time the maps are; None for those without an end.
        there: the level in each framework of its place that has it.
        rows: the levels here that are comparable, by framework and then from the lowest.
        unknown: what could not be said; a card without rows has some.
    """

    level: str
    source: str
    target: str
    moment: datetime | None
    there: tuple[Placed, ...]
    rows: tuple[Row, ...]
    unknown: tuple[Unknown, ...]

    def to_dict(self) -> dict[str, Any]:
        """Its JSON form."""
        return {
            "type": CARD_TYPE,
            "version": VERSION,
            "level": self.level,
            "from": self.source,
            "to": self.target,
            "at": write_timestamp(self.moment) if self.moment else None,
            "there": [each.to_dict() for each in self.there],
            "here": [each.to_dict() for each in self.rows],
            "unknown": [each.to_dict() for each in self.unknown],
        }


def level_card(maps: LevelMaps, level: str, *, source: str, target: str, moment: datetime | None = None) -> LevelCard:
    """What a level of one place stands beside in another.

    Args:
        level: its code in the framework of `source`; for `eqf`, 1 to 8.
        source: where the level is from: a framework, such as `ie-nfq` or `eqf`, or a country, such as `IE`.
        target: where it is read; likewise.
        moment: the maps of that time count; None for those without an end.
    """
    unknown: list[Unknown] = []
    of_source, of_target = _maps_of(maps, source, moment, unknown), _maps_of(maps, target, moment, unknown)
    found = [Placed(each, has) for each in of_source if (has := each.level(level)) is not None]
    if of_source and not found:
        unknown.append(
            Unknown(source, Gap.NO_LEVEL, f"no framework of {source} that is known here has a level {level}")
        )
    rows: list[Row] = []
    for there in found:
        if there.level.beside is None:
            unknown.append(Unknown(there.map.framework, Gap.NOT_BESIDE, _not_beside(there)))
            continue
        for each in of_target:
            compared = list(_rows(there, each))
            rows += compared
            if not compared:
                unknown.append(_nothing(there, each))
    rows.sort(key=lambda row: (row.here.map.framework, row.here.map.levels.index(row.here.level)))
    return LevelCard(level, source, target, moment, tuple(found), tuple(rows), tuple(dict.fromkeys(unknown)))


def _maps_of(maps: LevelMaps, place: str, moment: datetime | None, unknown: list[Unknown]) -> tuple[LevelMap, ...]:
    known = maps.of(place)
    then = tuple(each for each in known if each.holds_at(moment))
    if not known:
        unknown.append(Unknown(place, Gap.NO_FRAMEWORK, f"no framework of {place} is known here"))
    elif not then:
        unknown.append(Unknown(place, Gap.NOT_THEN, f"the maps of {place} are about other times: {_times(known)}"))
    return then


def _rows(there: Placed, here: LevelMap) -> Iterator[Row]:
    if here.against != there.map.against or there.level.beside is None:
        return
    low, high = there.level.beside
    for level in here.levels:
        if level.beside is not None and level.beside[0] <= high and low <= level.beside[1]:
            exact = level.match is Match.EXACT and there.level.match is Match.EXACT
            yield Row(Placed(here, level), there, Match.EXACT if exact else Match.CLOSE)


def _nothing(there: Placed, here: LevelMap) -> Unknown:
    name = here.name
    if not any(level.beside for level in here.levels):
        return Unknown(
            here.framework, Gap.NOT_BESIDE, f"no comparison of {name} with {here.against.upper()} is on record"
        )
    if here.against != there.map.against:
        why = f"{name} was compared with {here.against.upper()}, and {there.map.name} with {there.map.against.upper()}"
        return Unknown(here.framework, Gap.NO_COMMON, why)
    why = f"no level of {name} stands beside {here.against.upper()} level {_span(there.level.beside)}"
    return Unknown(here.framework, Gap.NO_LEVEL_THERE, why)


def _not_beside(there: Placed) -> str:
    what = f"level {there.level.code} of {there.map.name}"
    if there.map.kind in (Kind.NONE, Kind.PROFICIENCY):
        return f"no comparison of {what} with {there.map.against.upper()} is on record"
    if not there.level.checked:
        return f"which level of {there.map.against.upper()} {what} stands beside is not known here"
    return f"{what} stands beside no level of {there.map.against.upper()}"


def _times(known: Iterable[LevelMap]) -> str:
    return ", ".join(f"{each.since} to {each.until}" if each.until else f"from {each.since}" for each in known)


def _span(beside: tuple[int, int] | None) -> str:
    low, high = beside or (0, 0)
    return str(low) if low == high else f"{low} to {high}"
