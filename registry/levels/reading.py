"""Level maps as files: read strictly, and refused with every reason where a map contradicts itself.

The text may be anybody's: it is bounded before it is read, and what cannot be printed is refused.
`docs/reference/levels.md` has the format.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, TypeVar

from registry.errors import IntakeError
from registry.levels.maps import REFERENCES, Kind, Level, LevelMap, LevelMaps, Match, Report, Source, first_day
from registry.recognition.countries import NUMERIC
from registry.untrusted.text import oddities, terminal_text
from registry.untrusted.toml import NotToml, parse_toml

MAX_BYTES: Final = 256 * 1024
"""Of one file: the longest map that is known has 3 KiB."""
MAX_LEVELS: Final = 40
MAX_MAPS: Final = 1_000
MAX_TEXT: Final = 500
MAX_CODE: Final = 20

_FRAMEWORK = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?", re.ASCII)
_CODE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 .+/-]{0,18}[A-Za-z0-9+])?", re.ASCII)
_MEMBERS: Final = frozenset(
    {"framework", "name", "countries", "kind", "against", "since", "until", "referenced", "note", "match", "checked"}
    | {"report", "source", "levels"}
)
_COUNTRIES: Final = frozenset(NUMERIC) | {"XK"}
"""With what the European Commission writes for Kosovo, which has a framework and no code of ISO 3166-1."""
_Word = TypeVar("_Word", Kind, Match)
_COMPARED: Final = frozenset({Kind.REFERENCED, Kind.COMPARISON})
_WRITTEN_AS: Final = "docs/reference/levels.md says how a map is written."


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a map, and in which entry of it."""

    file: str
    entry: str
    reason: str

    def __str__(self) -> str:
        """`ie.toml, level 8: …`."""
        return f"{self.file}, {self.entry}: {self.reason}" if self.entry else f"{self.file}: {self.reason}"


class MapRefused(IntakeError):
    """A level map that cannot be read, or that contradicts itself (code `level-map`).

    Attributes:
        faults: all that was found, in the order of the file.
    """

    default_code = "level-map"

    def __init__(self, faults: Iterable[Fault]):
        self.faults = tuple(faults)
        super().__init__("; ".join(map(str, self.faults)), remedy=_WRITTEN_AS)


def read_map(content: bytes, file: str) -> LevelMap:
    """The map in a TOML file.

    Args:
        file: its name, for messages.

    Raises:
        MapRefused: it is not one, or contradicts itself.
    """
    reader = _Reader(file)
    found = reader.map_of(_toml(content, file))
    if reader.faults or found is None:
        raise MapRefused(reader.faults)
    return found


def read_maps(
    files: Iterable[tuple[str, bytes]], beside: Iterable[LevelMap] = ()
) -> tuple[LevelMaps, tuple[Fault, ...]]:
    """All maps that can be read, and what is wrong with the others; one bad map keeps out no good one.

    Args:
        files: their names and contents.
        beside: maps that are known already. One that is about the same framework and time is left out, and told.
    """
    kept, faults = list(beside), list[Fault]()
    for name, content in files:
        if len(kept) >= MAX_MAPS:
            faults.append(Fault(name, "", f"only {MAX_MAPS} maps are read"))
            break
        try:
            read = read_map(content, name)
        except MapRefused as refused:
            faults += refused.faults
            continue
        other = next((each for each in kept if each.overlaps(read)), None)
        if other is not None:
            reason = f"{other.file or 'another map'} is about {read.framework} at the same time, since {other.since}"
            faults.append(Fault(name, "since", reason))
            continue
        kept.append(read)
    return LevelMaps(kept), tuple(faults)


def _toml(content: bytes, file: str) -> dict[str, Any]:
    if len(content) > MAX_BYTES:
        raise MapRefused([Fault(file, "", f"it has {len(content):,} bytes, and at most {MAX_BYTES:,} are read")])
    try:
        return parse_toml(content)
    except NotToml as error:
        raise MapRefused([Fault(file, "", f"it cannot be read as TOML: {error}")]) from None


class _Reader:
    """Reads one file, and gathers all that is wrong with it."""

    def __init__(self, file: str):
        self.faults: list[Fault] = []
        self._file = file

    def map_of(self, members: Mapping[str, Any]) -> LevelMap | None:
        self._only(members, _MEMBERS, "")
        kind = self._choice(members, "kind", Kind)
        against = members.get("against", "eqf")
        if against not in REFERENCES:
            self._fault("against", f"it is one of {', '.join(REFERENCES)}")
        levels = self._levels(members, against if against in REFERENCES else "eqf")
        report, source = self._part(members, "report"), self._part(members, "source")
        self._only(report, {"title", "uri", "dated"}, "report")
        self._only(source, {"name", "uri", "read"}, "source")
        read = LevelMap(
            framework=self._pattern(members, "framework", _FRAMEWORK, "small letters, digits and hyphens"),
            name=self._text(members, "name", "name"),
            countries=self._countries(members.get("countries", [])),
            kind=kind or Kind.NONE,
            against=str(against),
            levels=levels,
            since=self._date(members, "since", "since", needed=True),
            until=self._date(members, "until", "until"),
            referenced=self._date(members, "referenced", "referenced"),
            report=Report(
                self._text(report, "title", "report.title", needed=False),
                self._uri(report, "report.uri"),
                self._date(report, "dated", "report.dated"),
            ),
            source=Source(
                self._text(source, "name", "source.name"),
                self._uri(source, "source.uri"),
                self._date(source, "read", "source.read", needed=True),
            ),
            note=self._text(members, "note", "note", needed=False),
            file=self._file,
        )
        if kind is not None and not self.faults:
            self._contradictions(read)
        return None if self.faults else read

    def _contradictions(self, read: LevelMap) -> None:
        """What is well written and cannot be true."""
        if read.kind in _COMPARED:
            if not read.referenced:
                self._fault(
                    "referenced", "a map that rests on a report says when the levels were put beside each other"
                )
            if not read.report.title:
                self._fault("report.title", "a map that rests on a report names it")
            if not read.countries:
                self._fault("countries", "a map of a national framework names its country")
        elif read.referenced:
            self._fault("referenced", f"a map of the kind {read.kind} was put beside nothing on a day")
        self._dates(read)
        if read.kind is Kind.REFERENCE and [each.beside for each in read.levels] != [
            (number, number) for number in range(1, REFERENCES[read.against] + 1)
        ]:
            self._fault("levels", "each level of a reference framework stands beside itself, from 1 to the highest")
        before: Level | None = None
        for each in read.levels:
            entry = f"level {each.code}"
            if each.match is Match.EXACT and read.kind not in (Kind.REFERENCED, Kind.REFERENCE):
                self._fault(entry, f"a map of the kind {read.kind} is never exact")
            if each.beside is not None and read.kind is Kind.NONE:
                self._fault(entry, "a map of the kind none puts no level beside another")
            if each.beside is None:
                continue
            if before is not None and before.beside is not None and _turns(before.beside, each.beside):
                self._fault(entry, f"it stands below level {before.code}, and the order of the levels says above")
            before = each

    def _dates(self, read: LevelMap) -> None:
        day = first_day(read.source.read)
        if read.until and first_day(read.until) <= first_day(read.since):
            self._fault("until", f"it ends on {read.until}, and begins on {read.since}")
        if read.referenced and first_day(read.referenced) > day:
            self._fault("referenced", f"{read.referenced} is after the day on which the source was read, {day}")
        if read.until and read.referenced and first_day(read.until) <= first_day(read.referenced):
            self._fault(
                "until", f"it ended on {read.until}, before its levels were put beside others: {read.referenced}"
            )
        if read.report.dated and first_day(read.report.dated) > day:
            self._fault("report.dated", f"{read.report.dated} is after the day on which the source was read, {day}")

    def _levels(self, members: Mapping[str, Any], against: str) -> tuple[Level, ...]:
        rows = members.get("levels")
        if not isinstance(rows, list) or not rows:
            self._fault("levels", "a map has a list of levels, from the lowest to the highest")
            return ()
        if len(rows) > MAX_LEVELS:
            self._fault("levels", f"it has {len(rows)} levels, and at most {MAX_LEVELS} are read")
            return ()
        defaults = {each: members[each] for each in ("match", "checked") if each in members}
        levels = [self._level(row, number, defaults, against) for number, row in enumerate(rows, 1)]
        seen: dict[str, Level] = {}
        for each in (level for level in levels if level is not None):
            twin = seen.setdefault(each.code, each)
            if twin is not each:
                two = twin.beside != each.beside and "beside different levels; write a range such as [4, 5]"
                self._fault(f"level {each.code}", f"the code stands there twice, {two or 'and names one level'}")
        return tuple(seen.values())

    def _level(self, row: object, number: int, defaults: Mapping[str, Any], against: str) -> Level | None:
        entry, before = f"level no. {number}", len(self.faults)
        if not isinstance(row, dict):
            self._fault(entry, "a level is a table with a code")
            return None
        self._only(row, {"code", "name", "match", "checked", against}, entry)
        code = row.get("code")
        if not isinstance(code, str) or not _CODE.fullmatch(code):
            self._fault(entry, f"its code is text of at most {MAX_CODE} letters, digits, dots and hyphens")
            return None
        entry = f"level {code}"
        beside = self._beside(row.get(against), entry, against)
        stated = {**defaults, **row}
        match = (self._choice(stated, "match", Match, entry) if against in row else Match.NONE) or Match.NONE
        checked = stated.get("checked", True)
        if not isinstance(checked, bool):
            self._fault(entry, "checked is true or false")
        if match is Match.EXACT and beside is not None and beside[0] != beside[1]:
            self._fault(entry, f"it stands beside {beside[0]} to {beside[1]}, which is close and not exact")
        if match is Match.NONE and beside is not None:
            self._fault(entry, "it stands beside a level, exact or close")
        name = self._text(row, "name", entry, needed=False)
        return Level(code, name, beside, match, bool(checked)) if len(self.faults) == before else None

    def _beside(self, value: object, entry: str, against: str) -> tuple[int, int] | None:
        if value is None:
            return None
        highest = REFERENCES[against]
        ends = [end for end in (value if isinstance(value, list) else [value, value]) if type(end) is int]
        if (
            len(ends) != 2
            or not all(1 <= end <= highest for end in ends)
            or (isinstance(value, list) and len(value) != 2)
        ):
            self._fault(entry, f"{against} is a level from 1 to {highest}, or the lowest and the highest as [4, 5]")
            return None
        low, high = ends
        if low > high:
            self._fault(entry, f"the lowest level, {low}, is above the highest, {high}")
            return None
        return low, high

    def _countries(self, value: object) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(each, str) and each in _COUNTRIES for each in value):
            self._fault("countries", "a list of countries by the two letters of ISO 3166-1")
            return ()
        if len(set(value)) != len(value):
            self._fault("countries", "a country stands there twice")
        return tuple(value)

    def _part(self, members: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        part = members.get(name, {})
        if isinstance(part, dict):
            return part
        self._fault(name, "it is a table")
        return {}

    def _text(self, members: Mapping[str, Any], name: str, entry: str, *, needed: bool = True) -> str:
        value = members.get(name, "")
        if not isinstance(value, str) or len(value) > MAX_TEXT or terminal_text(value) != value:
            self._fault(entry, f"{name} is text of at most {MAX_TEXT} characters in one line, without hidden ones")
        elif needed and not value.strip():
            self._fault(entry, f"{name} is missing")
        elif found := [each for each in oddities(value) if "hidden" in each]:
            self._fault(entry, f"{name} is {found[0]}")
        else:
            return value
        return ""

    def _uri(self, members: Mapping[str, Any], entry: str) -> str:
        value = self._text(members, "uri", entry, needed=False)
        if value and not value.startswith(("https://", "http://")):
            self._fault(entry, "uri begins with https:// or http://")
        return value

    def _date(self, members: Mapping[str, Any], name: str, entry: str, *, needed: bool = False) -> str:
        value = members.get(name, "")
        value = value.isoformat() if type(value) is date else value
        if value == "" and not needed:
            return ""
        try:
            first_day(value if isinstance(value, str) else "")
        except ValueError:
            self._fault(entry, f"{name} is written as 2009, 2009-06 or 2009-06-30")
            return ""
        return str(value)

    def _pattern(self, members: Mapping[str, Any], name: str, pattern: re.Pattern[str], what: str) -> str:
        value = members.get(name)
        if isinstance(value, str) and pattern.fullmatch(value):
            return value
        self._fault(name, f"it is written in {what}")
        return ""

    def _choice(self, members: Mapping[str, Any], name: str, words: type[_Word], entry: str = "") -> _Word | None:
        try:
            return words(str(members.get(name)))
        except ValueError:
            self._fault(entry or name, f"{name} is one of {', '.join(each.value for each in words)}")
            return None

    def _only(self, members: Mapping[str, Any], known: Iterable[str], entry: str) -> None:
        for name in sorted(set(members) - set(known)):
            self._fault(entry or terminal_text(name, 40), f"there is no member {terminal_text(name, 40)!r}")

    def _fault(self, entry: str, reason: str) -> None:
        self.faults.append(Fault(self._file, entry, reason))


def _turns(below: tuple[int, int], above: tuple[int, int]) -> bool:
    return above[0] < below[0] or above[1] < below[1]
