"""Fields of education and training (ISCED-F 2013) as people look for them: by code, or by words of their names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from registry.recognition.isced import FIELDS, field_name

MOST_FOUND: Final = 40
_BROADEST: Final = 2


@dataclass(frozen=True, slots=True)
class Found:
    """A field: its code, its English name, and the codes and names of the fields that it is part of, broadest first."""

    code: str
    name: str
    within: tuple[tuple[str, str], ...]


def fields_of(asked: str) -> tuple[Found, ...]:
    """The field with a code and those right below it; or those whose names have all the words, by code.

    Args:
        asked: a code of two to four digits, or words in any order and case of letters.
    """
    wanted = asked.strip()
    if (name := field_name(wanted)) is not None:
        below = [code for code in FIELDS if code.startswith(wanted) and len(code) == len(wanted) + 1]
        return tuple(_found(code, found) for code, found in ((wanted, name), *((code, FIELDS[code]) for code in below)))
    words = wanted.casefold().split()
    if not words:
        return ()
    named = [code for code, found in FIELDS.items() if all(word in found.casefold() for word in words)]
    return tuple(_found(code, FIELDS[code]) for code in named[:MOST_FOUND])


def _found(code: str, name: str) -> Found:
    within = [(code[:digits], field_name(code[:digits]) or "") for digits in range(_BROADEST, len(code))]
    return Found(code, name, tuple((broader, found) for broader, found in within if found))
