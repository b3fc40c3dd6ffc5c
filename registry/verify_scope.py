"""What a credential says of its own field, level and type of qualification, as Open Badges 2.0 and 3.0 have it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from os.path import commonprefix
from typing import Any

from registry.scope import QUALIFICATION_TYPES, StatedScope

# A badge has a handful of alignments; what comes after these says nothing.
_MOST = 64

# The European Publications Office names fields and levels so, as Europass and many national frameworks do after it.
# ISCED-F has the broad fields 00 to 10; 99 stands for "not known".
_FIELD_URL = re.compile(r"/isced-f/((?:0[0-9]|10)[0-9]{0,2})/?\Z", re.ASCII | re.IGNORECASE)
_LEVEL_URL = re.compile(r"/eqf/([1-8])/?\Z", re.ASCII | re.IGNORECASE)
_FIELD_CODE = re.compile(r"(?:0[0-9]|10)[0-9]{0,2}", re.ASCII)
_LEVEL_CODE = re.compile(r"(?:EQF[ -]?)?(?:level )?([1-8])", re.ASCII | re.IGNORECASE)
_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")


def stated_scope(claims: Mapping[str, Any]) -> StatedScope:
    """The smallest scope that holds all a credential states; a part that it does not state is None.

    Read are the `achievement` of each subject and the `badge`: their `achievementType`, their `fieldOfStudy` when it is
    an ISCED-F code, and each alignment to ISCED-F or to the European Qualifications Framework.
    """
    fields: set[str] = set()
    levels: set[int] = set()
    types: set[str] = set()
    for achievement in islice(_achievements(claims), _MOST):
        if (name := _kebab(achievement.get("achievementType"))) in QUALIFICATION_TYPES:
            types.add(name)
        if isinstance(code := achievement.get("fieldOfStudy"), str) and (field := _field(code, code)):
            fields.add(field)
        for alignment in islice(_objects(achievement.get("alignment", achievement.get("alignments"))), _MOST):
            code, url = _text(alignment.get("targetCode")), _text(alignment.get("targetUrl"))
            framework = _text(alignment.get("targetFramework")).casefold()
            if field := _field(code if "isced" in framework else "", url):
                fields.add(field)
            european = "eqf" in framework or "european qualifications framework" in framework
            if level := _level(code if european else "", url):
                levels.add(level)
    shared = commonprefix(sorted(fields))  # noqa: RUF071 - not paths: the digits that all codes begin with
    return StatedScope(
        # One digit is no code: fields that share no more have nothing in common.
        field=(shared if len(shared) > 1 else "") if fields else None,
        levels=(min(levels), max(levels)) if levels else None,
        qualification_types=frozenset(types) if types else None,
    )


def _achievements(claims: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for subject in _objects(claims.get("credentialSubject")):
        yield from _objects(subject.get("achievement"))
    yield from _objects(claims.get("badge"))


def _objects(value: object) -> Iterator[Mapping[str, Any]]:
    """An object, or the objects in a list."""
    for item in value if isinstance(value, list) else (value,):
        if isinstance(item, dict):
            yield item


def _field(code: str, url: str) -> str | None:
    if match := _FIELD_URL.search(url):
        return match[1]
    return code if _FIELD_CODE.fullmatch(code) else None


def _level(code: str, url: str) -> int | None:
    match = _LEVEL_URL.search(url) or _LEVEL_CODE.fullmatch(code)
    return int(match[1]) if match else None


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) and len(value) <= 200 else ""


def _kebab(value: object) -> str:
    """`BachelorDegree` → `bachelor-degree`."""
    return _WORD.sub("-", _text(value)).lower()
