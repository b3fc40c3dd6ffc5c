"""How the achievements in a portfolio belong together, and what they are called, as the credentials themselves say.

For readers of Comprehensive Learner Records: no verdict rests on any of it. Credentials of a granular award name each
other by `evidence`; a record of others states `association`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from registry.document.portfolio import LONGEST_WORD, Link
from registry.document.reading import Reading

MOST_TOLD: Final = 10_000
"""Most links and most achievements of one portfolio."""
KINDS: Final = frozenset(
    {
        "exactMatchOf",
        "isChildOf",
        "isParentOf",
        "isPartOf",
        "isPeerOf",
        "isRelatedTo",
        "precedes",
        "replacedBy",
    }
)
"""`AssociationType` of CLR 2.0."""
_WHOLE: Final = "whole"
_PART: Final = "part"
_RELATED: Final = "isRelatedTo"
_URI: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:[^\s<>\"{}|\\^`\x00-\x20]+")

Members = Mapping[str, Any]


def links_in(readings: Sequence[Reading]) -> tuple[Link, ...]:
    """How the achievements of these documents belong together, each link once; only those between two that are here."""
    credentials = [part.members for reading in readings for part in reading.parts]
    achieved = {_uri(each): _achievements(each) for each in credentials if _uri(each)}
    here = {_uri(each) for each in _every(credentials)} - {""}
    found: dict[Link, None] = {}
    for each in _stated(credentials, achieved):
        if len(found) < MOST_TOLD and each.source != each.target and {each.source, each.target} <= here:
            found.setdefault(each)
    closer = {frozenset((each.source, each.target)) for each in found if each.kind != _RELATED}
    return tuple(each for each in found if each.kind != _RELATED or frozenset((each.source, each.target)) not in closer)


def achievements_in(readings: Sequence[Reading]) -> tuple[dict[str, Any], ...]:
    """The achievements of these documents as a record lists them: what it asks for of each, in the first language."""
    found: dict[str, dict[str, Any]] = {}
    for each in _every(part.members for reading in readings for part in reading.parts):
        name, description = _text(each.get("name")), _text(each.get("description"))
        criteria = each.get("criteria")
        narrative = _text(criteria.get("narrative")) if isinstance(criteria, dict) else ""
        if len(found) < MOST_TOLD and (uri := _uri(each)) and name and description and narrative:
            found.setdefault(
                uri,
                {
                    "id": uri,
                    "type": ["Achievement"],
                    "name": name,
                    "description": description,
                    "criteria": {"narrative": narrative},
                },
            )
    return tuple(found.values())


def _stated(credentials: Sequence[Members], achieved: Mapping[str, list[Members]]) -> Iterator[Link]:
    for credential in credentials:
        own = _achievements(credential)
        for evidence in _objects(credential.get("evidence")):
            others = achieved.get(_uri(evidence), [])
            if evidence.get("genre") == _WHOLE:
                yield from (Link("isPartOf", _uri(one), _uri(other)) for one in own for other in others)
            elif evidence.get("genre") == _PART:
                yield from (Link("isPartOf", _uri(other), _uri(one)) for one in own for other in others)
        for one in own:
            yield from (Link(_RELATED, _uri(one), _uri(other)) for other in _objects(one.get("related")))
        for subject in _objects(credential.get("credentialSubject")):
            for link in _objects(subject.get("association")):
                kind, source, target = (_text(link.get(name)) for name in ("associationType", "sourceId", "targetId"))
                if kind in KINDS:
                    yield Link(kind, source, target)


def _every(credentials: Iterable[Members]) -> Iterator[Members]:
    return (achievement for credential in credentials for achievement in _achievements(credential))


def _achievements(credential: Members) -> list[Members]:
    subjects = _objects(credential.get("credentialSubject"))
    return [each for subject in subjects for each in _objects(subject.get("achievement"))]


def _objects(value: object) -> list[Members]:
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, dict)]


def _uri(members: Members) -> str:
    value = _text(members.get("id"))
    return value if _URI.fullmatch(value) else ""


def _text(value: object) -> str:
    return value if isinstance(value, str) and len(value) <= LONGEST_WORD else ""
