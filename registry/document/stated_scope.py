"""What a credential says of its own field, level, type and programme, as Open Badges 2.0 and 3.0 have it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from os.path import commonprefix
from typing import Any, Final

from registry.errors import SettingsError
from registry.recognition.scope import QUALIFICATION_TYPES, StatedScope, hash_of_programme

# A badge has a handful of achievements and alignments. What comes after these is not read, and that is said.
MOST_READ: Final = 64
CREDITS_TYPE: Final = "ext:creditSystem"
"""`targetType` of an alignment that says of which system the credits of an achievement are.

Open Badges 3.0 has a number for credits and no unit; without one, nobody may take them for ECTS."""
ECTS_CONCEPT: Final = "http://data.europa.eu/snb/education-credit/6fcec5c5af"
"""URI of the European Credit Transfer and Accumulation System in the list of education credits of Europass."""

_LONGEST = 200
_LONGEST_IDENTIFIER = 2000
_FIELD, _LEVEL, _TYPE = "field", "level", "type of qualification"

# The European Publications Office names fields and levels so, as Europass and many national frameworks do after it.
# ISCED-F has the broad fields 00 to 10; 99 stands for "not known".
_FIELD_URL = re.compile(r"/isced-f/((?:0[0-9]|10)[0-9]{0,2})/?\Z", re.ASCII | re.IGNORECASE)
_LEVEL_URL = re.compile(r"/eqf/([1-8])/?\Z", re.ASCII | re.IGNORECASE)
_FIELD_CODE = re.compile(r"(?:0[0-9]|10)[0-9]{0,2}", re.ASCII)
# Frameworks of nations end in it, such as SeQF, and have levels of their own.
_EUROPEAN = re.compile(r"(?<![a-z])eqf")
_LEVEL_CODE = re.compile(r"(?:EQF[ -]?)?(?:level )?([1-8])", re.ASCII | re.IGNORECASE)
_NOTHING: Mapping[str, Any] = {}
_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")


def stated_scope(credentials: Iterable[Mapping[str, Any]]) -> StatedScope:
    """The smallest scope that holds all that credentials state; a part that they do not state is None.

    Read are the `achievement` of each subject and the `badge`: their `achievementType`, their `fieldOfStudy` when it is
    an ISCED-F code, and each alignment to ISCED-F or to the European Qualifications Framework. What one achievement
    states and another does not is stated partly, and so is everything where there is more than is read. The
    programme is their `id`, where all have the same.
    """
    found = list(islice((each for claims in credentials for each in achievements_of(claims)), MOST_READ + 1))
    scopes = [_Scope.of(achievement) for achievement in found[:MOST_READ]]
    fields = {code for scope in scopes for code in scope.fields}
    levels = {level for scope in scopes for level in scope.levels}
    types = {name for scope in scopes for name in scope.types}
    shared = commonprefix(sorted(fields))  # noqa: RUF071 - not paths: the digits that all codes begin with
    is_cut = len(found) > MOST_READ
    stated = ((_FIELD, fields), (_LEVEL, levels), (_TYPE, types))
    programmes = {scope.programme: scope.identifier for scope in scopes}
    programme, identifier = next(iter(programmes.items())) if len(programmes) == 1 and not is_cut else (None, "")
    partly = {name for name, values in stated if values and (is_cut or any(name in each.missing for each in scopes))}
    return StatedScope(
        # One digit is no code: fields that share no more have nothing in common.
        field=(shared if len(shared) > 1 else "") if fields else None,
        levels=(min(levels), max(levels)) if levels else None,
        qualification_types=frozenset(types) if types else None,
        partly=frozenset(partly),
        programme=programme,
        identifier=identifier,
    )


@dataclass(slots=True)
class _Scope:
    """What one achievement states, and what of its scope it does not state or not legibly."""

    fields: set[str] = field(default_factory=set)
    levels: set[int] = field(default_factory=set)
    types: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    programme: bytes | None = None
    identifier: str = ""

    @classmethod
    def of(cls, achievement: Mapping[str, Any]) -> _Scope:
        scope = cls()
        if (programme := _programme(stated := achievement.get("id"))) is not None:
            scope.programme, scope.identifier = programme, str(stated).strip()
        if (name := _kebab(achievement.get("achievementType"))) in QUALIFICATION_TYPES:
            scope.types.add(name)
        if isinstance(code := achievement.get("fieldOfStudy"), str):
            scope.fields |= {found} if (found := _field(code, code)) else set()
        elif code is not None:
            scope.missing.add(_FIELD)
        stated_alignments = achievement.get("alignment", achievement.get("alignments"))
        alignments = list(islice(objects_of(stated_alignments, "targetUrl"), MOST_READ + 1))
        for alignment in alignments[:MOST_READ]:
            scope._align(alignment)
        if len(alignments) > MOST_READ:
            scope.missing |= {_FIELD, _LEVEL}
        stated = ((_FIELD, scope.fields), (_LEVEL, scope.levels), (_TYPE, scope.types))
        scope.missing |= {name for name, values in stated if not values}
        return scope

    def _align(self, alignment: Mapping[str, Any]) -> None:
        code, url = short_text(alignment.get("targetCode")), short_text(alignment.get("targetUrl"))
        framework = short_text(alignment.get("targetFramework")).casefold()
        of_fields = "isced" in framework or "/isced-f/" in url.casefold()
        of_levels = is_of_european_levels(framework, url)
        if found := _field(code if "isced" in framework else "", url):
            self.fields.add(found)
        elif of_fields:
            self.missing.add(_FIELD)
        if level := european_level(code if of_levels else "", url):
            self.levels.add(level)
        elif of_levels:
            self.missing.add(_LEVEL)
        members = ("targetCode", "targetUrl", "targetFramework")
        given = [value for name in members if (value := alignment.get(name)) is not None]
        if any(not isinstance(value, str) or len(value) > _LONGEST for value in given):
            self.missing |= {_FIELD, _LEVEL}


def achievements_of(claims: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every achievement; a subject without one, and what is only named, is one that states nothing."""
    for subject in objects_of(claims.get("credentialSubject")):
        yield from objects_of(subject.get("achievement", _NOTHING))
    yield from objects_of(claims.get("badge"))


def objects_of(value: object, named_by: str = "id") -> Iterator[Mapping[str, Any]]:
    """An object, or the objects of a list, at any depth as in JSON-LD; of anything else one that has it for its name.

    Args:
        named_by: the member that is the name.
    """
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, list):
            pending += reversed(item)
        elif item is not None:
            yield item if isinstance(item, dict) else {named_by: item}


def _field(code: str, url: str) -> str | None:
    if match := _FIELD_URL.search(url):
        return match[1]
    return code if _FIELD_CODE.fullmatch(code) else None


def is_of_european_levels(framework: str, url: str) -> bool:
    """Whether an alignment is to the European Qualifications Framework, by the name of its framework or by its URL."""
    name = framework.casefold()
    is_named = _EUROPEAN.search(name) is not None or "european qualifications framework" in name
    return is_named or "/eqf/" in url.casefold()


def european_level(code: str, url: str = "") -> int | None:
    """The level of the European framework that a URL of it or a code such as `6` or `EQF level 6` names."""
    match = _LEVEL_URL.search(url) or _LEVEL_CODE.fullmatch(code)
    return int(match[1]) if match else None


def _programme(identifier: object) -> bytes | None:
    if not isinstance(identifier, str) or len(identifier) > _LONGEST_IDENTIFIER:
        return None
    try:
        return hash_of_programme(identifier)
    except SettingsError:
        return None


def short_text(value: object) -> str:
    """A text of up to 200 characters without the space around it; "" of anything else."""
    return value.strip() if isinstance(value, str) and len(value) <= _LONGEST else ""


def _kebab(value: object) -> str:
    """`BachelorDegree` → `bachelor-degree`."""
    return _WORD.sub("-", short_text(value)).lower()
