"""Whether an achievement is what criteria ask for, by what its credential says alone. Pure.

How the credential stands is asked beside it (`registry.learning.pathways.standing`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import IntEnum
from functools import lru_cache
from string import ascii_lowercase, ascii_uppercase
from typing import Final

from registry.learning.achieved import Achieved

_LOWER: Final = str.maketrans(ascii_uppercase, ascii_lowercase)
_FIELD_URL: Final = re.compile(r"/isced-f/((?:0[0-9]|10)[0-9]{0,2})/?\Z", re.ASCII | re.IGNORECASE)
_FIELD_CODE: Final = re.compile(r"(?:0[0-9]|10)[0-9]{0,2}", re.ASCII)
_LEVEL_URL: Final = re.compile(r"/eqf/([1-8])/?\Z", re.ASCII | re.IGNORECASE)


class Match(IntEnum):
    """Whether something is what was asked for."""

    NO = 0
    PERHAPS = 1
    YES = 2

    def __str__(self) -> str:
        """`yes`."""
        return self.name.lower()


@lru_cache(maxsize=1024)
def folded(text: str) -> str:
    """A text as it is compared: letters of ASCII in lower case, without spaces around it, all else as it is.

    So it is the same in every program, which the folding of all letters is not.
    """
    return text.strip(" ").translate(_LOWER)


def fields_of(achieved: Achieved) -> tuple[str, ...]:
    """Codes of ISCED-F 2013 that it is aligned with, by the framework's name or by the Publications Office's URLs."""
    found: dict[str, None] = {}
    for each in achieved.alignments:
        if match := _FIELD_URL.search(each.url):
            found[match[1]] = None
        elif "isced" in folded(each.framework) and _FIELD_CODE.fullmatch(each.code):
            found[each.code] = None
    return tuple(found)


def levels_of(achieved: Achieved) -> tuple[tuple[str, str], ...]:
    """Framework and code of all that may be a level of it."""
    found = dict.fromkeys(achieved.levels)
    for each in achieved.alignments:
        if match := _LEVEL_URL.search(each.url):
            found["eqf", match[1]] = None
        elif each.framework and each.code:
            found[each.framework, each.code] = None
    return tuple(found)


def results_of(achieved: Achieved) -> frozenset[str]:
    """Values and levels of its results, folded."""
    return frozenset(folded(text) for each in achieved.results for text in (each.value, each.level) if text)


def competences_of(achieved: Achieved, names: Mapping[str, str]) -> frozenset[tuple[str, str]]:
    """Framework and code of each item that it is aligned with; an empty framework with the URL of one.

    Args:
        names: identifier of each framework that the pathway names, by its names, folded.
    """
    found: set[tuple[str, str]] = set()
    for each in achieved.alignments:
        if each.url:
            found.add(("", each.url))
        if each.framework and each.code:
            framework = folded(each.framework)
            found.add((names.get(framework, framework), each.code))
    return frozenset(found)
