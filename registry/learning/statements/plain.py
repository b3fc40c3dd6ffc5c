"""Awards as in the usual examples of W3C credentials, with a name and a type: `degree`, `hasCredential`, others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from registry.learning.achieved import Achieved
from registry.learning.statements.members import (
    LONGEST_NAME,
    Members,
    identifier_of,
    kinds_of,
    objects,
    text_of,
    texts_of,
)

_MEMBERS: Final = ("degree", "award", "qualification", "hasCredential")
# Types of the object, which say nothing of the award.
_OBJECTS: Final = frozenset({"EducationalOccupationalCredential", "Credential", "Achievement", "Qualification"})


def awards(subject: Members, language: str) -> Iterator[Achieved]:
    """Each award of a subject that has a name."""
    for each in (one for name in _MEMBERS for one in objects(subject.get(name), "name")):
        names = texts_of(each.get("name", each.get("title")), language, LONGEST_NAME)
        if names:
            kinds = sorted(kinds_of(each) - _OBJECTS)
            yield Achieved(
                identifier=identifier_of(each),
                name=names,
                kind=text_of(each.get("credentialCategory")) or next(iter(kinds), ""),
                description=texts_of(each.get("description"), language),
            )
