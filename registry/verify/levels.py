"""The level card of a verdict: what the level that a credential states stands beside, where it was issued and here.

Pure: what credentials say and level maps in, rows and gaps out. It judges nothing: two levels are comparable, with a
source and a date, or no comparison of them is on record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

from registry.document.stated_levels import stated_country, stated_levels
from registry.document.stated_scope import stated_scope
from registry.language.catalogue import english
from registry.language.said import Said, say
from registry.levels.card import RELATION, Gap, Placed, Row, Unknown, level_card
from registry.levels.maps import Kind, LevelMap, LevelMaps, Match
from registry.recognition.scope import StatedScope
from registry.untrusted.text import marked
from registry.verify.schema_parts import closed_object

EUROPEAN: Final = "eqf"
LONGEST_PROGRAMME: Final = 200
PLACE_UNKNOWN: Final = "place-unknown"
MOST_ROWS: Final = 40
"""As many as the maps of one country come to, with room."""
_NATIONAL: Final = frozenset({Kind.REFERENCED, Kind.COMPARISON, Kind.NONE})


class Place(StrEnum):
    """Where a level is read: in the country of issue, or in that of the verifier."""

    THERE = "there"
    HERE = "here"


class Source(NamedTuple):
    """Who put a level beside another: a report, or where the map was read; and when."""

    name: str
    uri: str
    date: str

    @classmethod
    def of(cls, map_: LevelMap) -> Source:
        """The report that a map rests on, and where it names none, where the map was read."""
        report, read = map_.report, map_.source
        if report.title:
            return cls(report.title, report.uri, report.dated or map_.referenced or read.read)
        return cls(read.name, read.uri, read.read)


@dataclass(frozen=True, slots=True)
class CountryLevel:
    """A level with which the stated one is comparable.

    Attributes:
        match: exact or close.
        kind: of the map, as in `registry.levels.maps.Kind`.
        checked: whether whoever wrote the map compared it with its source.
    """

    place: Place
    country: str
    framework: str
    framework_name: str
    level: str
    level_name: str
    match: Match
    kind: Kind
    checked: bool
    source: Source

    @classmethod
    def of(cls, row: Row, place: Place, country: str) -> CountryLevel:
        """A row of a card of two places."""
        placed = row.here
        return cls(
            place,
            country,
            placed.map.framework,
            placed.map.name,
            placed.level.code,
            placed.level.name,
            row.match,
            placed.map.kind,
            placed.level.checked and row.there.level.checked,
            Source.of(placed.map),
        )

    @property
    def said(self) -> Said:
        """The level with its framework."""
        return _level(self.level, self.level_name, self.framework_name)

    @property
    def relation_said(self) -> Said:
        """How it is comparable."""
        return say("level.exact" if self.match is Match.EXACT else "level.close")

    @property
    def source_said(self) -> Said:
        """Who says so, and when."""
        told = say("level.source", name=self.source.name, date=self.source.date)
        return told if self.checked else say("level.unchecked", source=told)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "place": str(self.place),
            "country": self.country,
            "framework": self.framework,
            "frameworkName": self.framework_name,
            "level": self.level,
            "levelName": self.level_name,
            "relation": RELATION,
            "match": str(self.match),
            "kind": str(self.kind),
            "checked": self.checked,
            "source": self.source._asdict(),
        }


@dataclass(frozen=True, slots=True)
class LevelGap:
    """What cannot be said of a place, and why.

    Attributes:
        country: None where it is not known.
        code: as in `registry.levels.card.Gap`, or `place-unknown`.
    """

    place: Place
    country: str | None
    code: str
    said: Said

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "place": str(self.place),
            "country": self.country,
            "code": self.code,
            "text": english().text(self.said),
        }


@dataclass(frozen=True, slots=True)
class Levels:
    """The card: the level as it is stated, and what it stands beside in each place.

    Attributes:
        framework, level: short name of a framework that has a map, and the level's code in it.
        programme: identifier of the programme that is stated, as it may be shown; "" where there is none, or several.
        programme_hash: SHA-256 of it, by which two programmes of one level are told apart; None as with that.
    """

    framework: str
    framework_name: str
    level: str
    level_name: str
    rows: tuple[CountryLevel, ...]
    gaps: tuple[LevelGap, ...]
    programme: str = ""
    programme_hash: bytes | None = None

    @property
    def said(self) -> Said:
        """What is stated."""
        return say("level.stated", level=self.level, framework=self.framework_name)

    @property
    def programme_said(self) -> Said | None:
        """The programme whose level it is, where one is stated."""
        if self.programme_hash is None:
            return None
        return say("scope.programmeNamed", name=self.programme, hash=f"0x{self.programme_hash.hex()[:8]}…")

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "framework": self.framework,
            "frameworkName": self.framework_name,
            "level": self.level,
            "levelName": self.level_name,
            "programme": self.programme or None,
            "rows": [each.to_dict() for each in self.rows],
            "unknown": [each.to_dict() for each in self.gaps],
        }


def place_said(place: Place, country: str) -> Said:
    """A place, as the head of its levels."""
    return say("level.there" if place is Place.THERE else "level.here", country=country)


def verdict_levels(
    credentials: Sequence[Mapping[str, Any]],
    maps: Callable[[], LevelMaps],
    *,
    accredited_in: str,
    here: str,
    moment: datetime,
) -> Levels | None:
    """The card of what credentials state; None where they state no level, or several.

    A level of a national framework that has a map goes before one of the European framework, which says less. The
    country of issue is that of the national framework, else that of the issuer's address, else that for which the
    issuer is accredited.

    Args:
        maps: what is known of levels; asked only where a level is stated.
        accredited_in: ISO 3166-1; "" for anywhere.
        here: where the verifier is; likewise. A country without letters has no maps.
        moment: with a time zone; the maps of that time count.
    """
    stated = _stated(credentials, maps)
    if stated is None:
        return None
    country = _own_country(stated) or stated_country(credentials) or _letters(accredited_in)
    here = _letters(here)
    # A level that is of a framework of its own country is told by the framework that others compare it with.
    there = stated.map.against if country in stated.map.countries else country
    gaps: list[LevelGap] = []
    rows: list[CountryLevel] = []
    if not country:
        gaps.append(LevelGap(Place.THERE, None, PLACE_UNKNOWN, say("level.noPlace")))
    elif country != here or there != country:
        _add(Place.THERE, country, there, stated, maps(), moment, rows, gaps)
    if here and (country != here or there == country):
        _add(Place.HERE, here, here, stated, maps(), moment, rows, gaps)
    return Levels(
        stated.map.framework,
        stated.map.name,
        stated.level.code,
        stated.level.name,
        tuple(rows[:MOST_ROWS]),
        tuple(gaps),
        *_programme(stated_scope(credentials)),
    )


def _programme(stated: StatedScope) -> tuple[str, bytes | None]:
    return marked(stated.identifier, LONGEST_PROGRAMME) if stated.identifier else "", stated.programme


def _stated(credentials: Sequence[Mapping[str, Any]], maps: Callable[[], LevelMaps]) -> Placed | None:
    """The one level that is stated, in the newest map that has it."""
    named = stated_levels(credentials)
    national = {
        (each.framework, code): Placed(each, level)
        for framework, code in named
        for each in maps()
        if each.kind in _NATIONAL and framework.casefold() in (each.framework, each.name.casefold())
        if (level := each.level(code)) is not None
    }
    if len(national) == 1:
        return next(iter(national.values()))
    levels = stated_scope(credentials).certain.levels
    if national or levels is None or levels[0] != levels[1]:
        return None
    for each in maps().of(EUROPEAN):
        if (level := each.level(str(levels[0]))) is not None:
            return Placed(each, level)
    return None


def _letters(place: str) -> str:
    return place if place.isalpha() else ""


def _own_country(stated: Placed) -> str:
    return stated.map.countries[0] if len(stated.map.countries) == 1 else ""


def _add(
    place: Place,
    country: str,
    target: str,
    stated: Placed,
    maps: LevelMaps,
    moment: datetime,
    rows: list[CountryLevel],
    gaps: list[LevelGap],
) -> None:
    """What one place has for the level."""
    card = level_card(maps, stated.level.code, source=stated.map.framework, target=target, moment=moment)
    rows += (CountryLevel.of(each, place, country) for each in card.rows)
    gaps += _gaps(card.unknown, place, country, stated, maps)


def _gaps(
    unknown: Sequence[Unknown], place: Place, country: str, stated: Placed, maps: LevelMaps
) -> Iterator[LevelGap]:
    level = stated.level.code
    names = {each.framework: each.name for each in maps}
    for each in unknown:
        about = each.about if each.about != stated.map.framework else stated.map.against
        match each.code:
            case Gap.NO_FRAMEWORK:
                said = say("level.noFramework", place=each.about)
            case Gap.NOT_THEN:
                said = say("level.noMapThen", place=each.about)
            case Gap.NO_LEVEL:
                said = say("level.noLevel", place=each.about, level=level)
            case _:
                said = say("level.noComparison", level=level, framework=names.get(about, about))
        yield LevelGap(place, country, str(each.code), said)


def _level(level: str, name: str, framework: str) -> Said:
    if name:
        return say("level.levelNamed", level=level, framework=framework, name=name)
    return say("level.level", level=level, framework=framework)


def levels_schema() -> dict[str, Any]:
    """The JSON Schema of `Levels.to_dict`."""
    text = {"type": "string"}
    country = {"type": "string", "pattern": "^[A-Z]{2}$"}
    place = {"enum": [str(each) for each in Place]}
    return closed_object(
        {
            "framework": text,
            "frameworkName": text,
            "level": text,
            "levelName": text,
            "programme": {"anyOf": [text, {"type": "null"}]},
            "rows": {
                "type": "array",
                "maxItems": MOST_ROWS,
                "items": closed_object(
                    {
                        "place": place,
                        "country": country,
                        "framework": text,
                        "frameworkName": text,
                        "level": text,
                        "levelName": text,
                        "relation": {"const": RELATION},
                        "match": {"enum": [str(Match.EXACT), str(Match.CLOSE)]},
                        "kind": {"enum": [str(each) for each in Kind]},
                        "checked": {"type": "boolean"},
                        "source": closed_object({"name": text, "uri": text, "date": text}),
                    }
                ),
            },
            "unknown": {
                "type": "array",
                "items": closed_object(
                    {
                        "place": place,
                        "country": {"anyOf": [country, {"type": "null"}]},
                        "code": {"enum": [*map(str, Gap), PLACE_UNKNOWN]},
                        "text": text,
                    }
                ),
            },
        }
    )
