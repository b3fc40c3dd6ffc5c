"""Rubrics: what is looked at, and which levels or points there are; as a TOML file, or as Open Badges 3.0 has them.

A rubric of Open Badges 3.0 is a list of `ResultDescription` (section B.1.18 of its data models), whose entries have
`rubricCriterionLevel`, or `valueMin` and `valueMax`. All that is wrong is found at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from registry.credential.strictjson import DEFAULT_LIMITS, parse_json
from registry.errors import CredentialError
from registry.frameworks.members import Members, Refused, toml_of
from registry.frameworks.model import Fault
from registry.learning.statements.members import identifier_of, language_of, objects, text_of
from registry.untrusted.text import terminal_text
from registry.untrusted.uris import read_uri

MOST_CRITERIA: Final = 64
MOST_LEVELS: Final = 32
CODE: Final = "rubric"
LEVELS: Final = "RubricCriterionLevel"
"""`resultType` of a criterion with levels."""
POINTS: Final = "RawScore"
"""`resultType` of a criterion with points."""

_KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,60}", re.ASCII)
_POINTS: Final = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,6})?", re.ASCII)
_NAMES: Final = ("identifier", "key", "name")
"""By which a level or criterion is looked for: what is one's key may be another's name."""
_RUBRIC: Final = frozenset({"id", "title", "language", "description", "assesses"})
_CRITERION: Final = frozenset({"key", "name", "description", "required", "lowest", "highest", "levels"})
_LEVEL: Final = frozenset({"key", "name", "description", "points"})


@dataclass(frozen=True, slots=True)
class Level:
    """A level of a criterion.

    Attributes:
        identifier: URI, by which results name it.
        key: by which people name it: short, in one word.
        points: as written; "" where it has none.
    """

    identifier: str
    key: str
    name: str
    description: str = ""
    points: str = ""


@dataclass(frozen=True, slots=True)
class Criterion:
    """What is looked at: by levels, from the lowest to the highest, or by points between two numbers.

    Attributes:
        required: the level or number of points that is needed; "" where nothing is.
        lowest, highest: of points; None of a criterion with levels.
    """

    identifier: str
    key: str
    name: str
    description: str = ""
    levels: tuple[Level, ...] = ()
    required: str = ""
    lowest: Decimal | None = None
    highest: Decimal | None = None

    def level(self, named: str) -> Level | None:
        """The level of this identifier, or else of this key, or else of this name."""
        return next((each for name in _NAMES for each in self.levels if getattr(each, name) == named), None)

    def fits(self, mark: str) -> bool:
        """Whether a mark is one of its levels, or points between its bounds; where it has neither, every mark is."""
        if self.levels:
            return self.level(mark) is not None
        if self.lowest is None or self.highest is None:
            return True
        points = points_of(mark)
        return points is not None and self.lowest <= points <= self.highest

    def is_same(self, one: str, other: str) -> bool:
        """Whether two marks say the same: `71.5` and `71.50` do."""
        if self.levels:
            return one == other or (self.level(one) or one) == (self.level(other) or other)
        return one == other or (points_of(one) is not None and points_of(one) == points_of(other))

    def reaches(self, mark: str) -> bool | None:
        """Whether a mark is what is required or more; None where nothing is required, or the mark is none.

        Args:
            mark: identifier of a level, or points.
        """
        if not self.required:
            return None
        if self.levels:
            needed, had = self.level(self.required), self.level(mark)
            return None if needed is None or had is None else self.levels.index(had) >= self.levels.index(needed)
        points, needed_points = points_of(mark), points_of(self.required)
        return None if points is None or needed_points is None else points >= needed_points


@dataclass(frozen=True, slots=True)
class Rubric:
    """A rubric.

    Attributes:
        identifier: URI.
        assesses: URI of the achievement that it is about; "" where it is not said.
    """

    identifier: str
    title: str
    criteria: tuple[Criterion, ...]
    language: str = "en"
    description: str = ""
    assesses: str = ""

    def criterion(self, named: str) -> Criterion | None:
        """The criterion of this identifier, or else of this key, or else of this name."""
        return next((each for name in _NAMES for each in self.criteria if getattr(each, name) == named), None)


def read_rubric(content: bytes, where: str) -> Rubric:
    """The rubric in a file.

    Raises:
        Refused: it is none, or has a fault that is grave (code `rubric`).
    """
    found, faults = look_at_rubric(content, where)
    grave = [each for each in faults if each.grave]
    if found is None or grave:
        raise _refused(grave, where)
    return found


def look_at_rubric(content: bytes, where: str) -> tuple[Rubric | None, tuple[Fault, ...]]:
    """The rubric in a file, and all that is wrong with it.

    Raises:
        Refused: it is neither TOML nor JSON (code `rubric`).
    """
    faults: list[Fault] = []
    rubric = _of_json(content, where, faults) if where.lower().endswith(".json") else _of_toml(content, where, faults)
    if rubric is not None:
        faults += _faults_of(rubric)
    return rubric, tuple(faults)


def rubric_of(achievement: Mapping[str, Any]) -> Rubric:
    """The rubric that the achievement of a record of an assessment is; whatever has no form is left out."""
    criteria = tuple(_criterion_of(each) for each in objects(achievement.get("resultDescription"), most=MOST_CRITERIA))
    related = (identifier_of(each) for each in objects(achievement.get("related")))
    return Rubric(
        identifier=identifier_of(achievement),
        title=text_of(achievement.get("name")),
        criteria=tuple(each for each in criteria if each.identifier),
        language=language_of(achievement.get("inLanguage")) or "en",
        description=text_of(achievement.get("description"), 4000),
        assesses=next(filter(None, related), ""),
    )


def points_of(text: str) -> Decimal | None:
    """Points as a number, in plain digits with a point for decimals; None of what is none."""
    return Decimal(text) if _POINTS.fullmatch(text) else None


def _of_toml(content: bytes, where: str, faults: list[Fault]) -> Rubric | None:
    try:
        members = toml_of(content, where, code=CODE)
    except Refused as error:
        raise _refused(error.faults, where) from None
    Members(members, "", faults).only({"rubric", "criteria"})
    table, rows = members.get("rubric"), members.get("criteria", [])
    if not isinstance(table, dict) or not isinstance(rows, list):
        faults.append(Fault("", "a rubric has a table [rubric] and criteria as [[criteria]]"))
        return None
    about = Members(table, "rubric", faults)
    about.only(_RUBRIC)
    identifier = _uri(about, table, "id", needed=True)
    return Rubric(
        identifier=identifier,
        title=about.text("title", needed=True),
        criteria=tuple(
            _criterion(row, called, identifier, faults)
            for called, row in _rows(rows, "criterion", MOST_CRITERIA, faults)
        ),
        language=about.language("language"),
        description=about.text("description"),
        assesses=_uri(about, table, "assesses"),
    )


def _criterion(row: Mapping[str, Any], called: str, rubric: str, faults: list[Fault]) -> Criterion:
    key = _named(row, called, faults)
    members = Members(row, f"criterion {key}", faults)
    members.only(_CRITERION)
    identifier = f"{rubric}#{key}"
    rows = row.get("levels", [])
    if not isinstance(rows, list):
        members.fault("levels are written as [[criteria.levels]]")
        rows = []
    levels = _rows(rows, f"criterion {key}, level", MOST_LEVELS, faults)
    required = row.get("required", "")
    is_number = isinstance(required, int | Decimal) and not isinstance(required, bool)
    return Criterion(
        identifier=identifier,
        key=key,
        name=members.text("name", needed=True),
        description=members.text("description"),
        levels=tuple(_level(each, level, identifier, faults) for level, each in levels),
        required=str(required) if is_number else members.text("required"),
        lowest=_number(members, row, "lowest"),
        highest=_number(members, row, "highest"),
    )


def _level(row: Mapping[str, Any], called: str, criterion: str, faults: list[Fault]) -> Level:
    members = Members(row, called, faults)
    members.only(_LEVEL)
    key = _named(row, called, faults)
    points = _number(members, row, "points")
    return Level(
        identifier=f"{criterion}.{key}",
        key=key,
        name=members.text("name", needed=True),
        description=members.text("description"),
        points="" if points is None else str(points),
    )


def _rows(rows: list[Any], entry: str, most: int, faults: list[Fault]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each row that is a table, with what it is called until its key is read."""
    if len(rows) > most:
        faults.append(Fault(entry, f"there are {len(rows):,}, and at most {most} are read"))
    for number, row in enumerate(rows[:most], 1):
        called = f"{entry} no. {number}"
        if isinstance(row, dict):
            yield called, row
        else:
            faults.append(Fault(called, "it is a table"))


def _named(row: Mapping[str, Any], called: str, faults: list[Fault]) -> str:
    key = row.get("key")
    if isinstance(key, str) and _KEY.fullmatch(key):
        return key
    faults.append(Fault(called, "key is one word of at most 60 letters, digits, - and _"))
    return ""


def _number(members: Members, row: Mapping[str, Any], name: str) -> Decimal | None:
    value = row.get(name)
    if value is None:
        return None
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        number = points_of(str(value))
        if number is not None and abs(number) <= 1_000_000:
            return number
    members.fault(f"{name} is a number up to a million, such as 50 or 7.5")
    return None


def _uri(members: Members, row: Mapping[str, Any], name: str, *, needed: bool = False) -> str:
    text = row.get(name, "")
    if text == "" and not needed:
        return ""
    try:
        return read_uri(text if isinstance(text, str) else "")
    except ValueError:
        members.fault(f"{name} is a URI, such as https://university.example/rubrics/report")
        return ""


def _of_json(content: bytes, where: str, faults: list[Fault]) -> Rubric | None:
    try:
        value = parse_json(content, DEFAULT_LIMITS)
    except CredentialError as error:
        raise _refused([Fault("", error.what)], where) from None
    if isinstance(value, dict) and "resultDescription" in value:
        rubric = rubric_of(value)
    else:
        described = [each for each in objects(value, most=MOST_CRITERIA) if "resultType" in each]
        first = identifier_of(described[0]) if described else ""
        rubric = rubric_of({"resultDescription": described, "id": first.partition("#")[0], "name": ""})
    if not rubric.criteria:
        faults.append(Fault("", "it has no resultDescription with an id"))
        return None
    return rubric if rubric.title else replace(rubric, title=rubric.criteria[0].name)


def _criterion_of(described: Mapping[str, Any]) -> Criterion:
    identifier = identifier_of(described)
    levels = [_level_of(each) for each in objects(described.get("rubricCriterionLevel"), most=MOST_LEVELS)]
    return Criterion(
        identifier=identifier,
        key=_key(identifier),
        name=text_of(described.get("name")),
        levels=tuple(each for each in levels if each.identifier),
        required=identifier_of(described.get("requiredLevel")) or text_of(described.get("requiredValue")),
        lowest=points_of(text_of(described.get("valueMin"))),
        highest=points_of(text_of(described.get("valueMax"))),
    )


def _level_of(stated: Mapping[str, Any]) -> Level:
    identifier = identifier_of(stated)
    return Level(
        identifier=identifier,
        key=_key(identifier),
        name=text_of(stated.get("name")),
        description=text_of(stated.get("description"), 4000),
        points=text_of(stated.get("points")),
    )


def _key(identifier: str) -> str:
    """The last step of a URI: of a level, what stands behind the last dot."""
    for sign in "#./:":
        last = identifier.rpartition(sign)[2]
        if sign in identifier and last:
            identifier = last
    return identifier


def _faults_of(rubric: Rubric) -> Iterator[Fault]:
    if not rubric.criteria:
        yield Fault("", "a rubric has criteria")
    yield from _twice([each.key for each in rubric.criteria], "criterion")
    for each in rubric.criteria:
        entry = f"criterion {each.key}"
        yield from _twice([level.key for level in each.levels], f"{entry}, level")
        if each.levels:
            if each.lowest is not None or each.highest is not None:
                yield Fault(entry, "it has levels, or points from lowest to highest, and not both")
            if len(each.levels) < 2:
                yield Fault(entry, "one level says nothing: there are two or more")
            if each.required and each.level(each.required) is None:
                yield Fault(entry, f"required names no level of it: {terminal_text(each.required, 60)}")
            points = [points_of(level.points) for level in each.levels if level.points]
            if any(one is None for one in points):
                yield Fault(entry, "points of a level are a number")
            elif points != sorted(one for one in points if one is not None):
                yield Fault(entry, "its levels do not stand from the lowest points to the highest", False)
        elif each.lowest is None or each.highest is None or each.lowest >= each.highest:
            yield Fault(entry, "it has levels, or a lowest and a highest number of points")
        elif each.required and not each.fits(each.required):
            yield Fault(entry, "required is no number between lowest and highest")


def _twice(keys: list[str], entry: str) -> Iterator[Fault]:
    for key in dict.fromkeys(keys):
        if keys.count(key) > 1:
            yield Fault(f"{entry} {key}", f"the key stands there {keys.count(key)} times")


def _refused(faults: Iterable[Fault], where: str) -> Refused:
    error = Refused(faults, where, CODE)
    error.remedy = "testamur assessment rubric FILE lists all; docs/reference/assessment.md says how it is written."
    return error
