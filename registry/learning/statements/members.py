"""Members of strangers' JSON as the values that achievements are made of: whatever has another form gives less.

Texts may be plain, of JSON-LD with a language, of an object of languages (the European Learning Model), or lists of
these; numbers may be written as text. Each is bounded where it is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from itertools import islice
from typing import Any, Final

from registry.document.stated_scope import objects_of
from registry.learning.achieved import UNSAID

MOST_VALUES: Final = 64
"""Most values of one member that are read: languages, alignments, results, and what else comes in lists."""
LONGEST_TEXT: Final = 4000
LONGEST_NAME: Final = 500
LONGEST_IDENTIFIER: Final = 2000

_MOST_DEEP: Final = 4
_MOST_CREDITS: Final = Decimal(1_000_000)
_MOST_PLACES: Final = 6
# BCP 47, and what some programs write in its place, such as `nl_NL`.
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8}){0,8}", re.ASCII)
# Three digits after a comma may be thousands, and nobody knows.
_AMOUNT: Final = re.compile(r"[0-9]{1,7}(?:\.[0-9]{1,6}|,[0-9]{1,2})?", re.ASCII)
# Members that hold the words of an object: of values in JSON-LD, notes, concepts, and what is plainly named.
_WORDS: Final = ("@value", "noteLiteral", "prefLabel", "notation", "title", "name")

Members = Mapping[str, Any]


def texts_of(value: object, language: str = UNSAID, longest: int = LONGEST_TEXT) -> dict[str, str]:
    """The texts of a member by their languages, of each language the first.

    Args:
        language: of a text that names none itself.
        longest: texts with more characters are cut there.
    """
    found: dict[str, str] = {}
    for tag, text in islice(_tagged(value, language, 0), MOST_VALUES):
        found.setdefault(tag, text[:longest])
    return found


def text_of(value: object, longest: int = LONGEST_NAME) -> str:
    """The first text of a member, in English where that is one of its languages; "" where it has none."""
    found = texts_of(value, longest=longest)
    return found.get("en") or next(iter(found.values()), "")


def identifier_of(value: object) -> str:
    """A URI or other identifier, or that of an object; "" where there is none or it is too long to be one."""
    if isinstance(value, Mapping):
        value = value.get("id", value.get("@id"))
    return value.strip() if isinstance(value, str) and len(value) <= LONGEST_IDENTIFIER else ""


def amount_of(value: object) -> Fraction | None:
    """A number that is not negative, as a number or as text; None of anything else."""
    if isinstance(value, Mapping):
        value = value.get("@value")
    if isinstance(value, str):
        text = value.strip()
        value = Decimal(text.replace(",", ".")) if _AMOUNT.fullmatch(text) else None
    elif isinstance(value, int | float) and not isinstance(value, bool):
        try:
            value = Decimal(repr(value)) if abs(value) <= _MOST_CREDITS else None
        except InvalidOperation:
            value = None
    if not isinstance(value, Decimal) or not 0 <= value <= _MOST_CREDITS:
        return None
    exponent = value.as_tuple().exponent
    return Fraction(value) if isinstance(exponent, int) and exponent >= -_MOST_PLACES else None


def language_of(value: object) -> str:
    """A language tag with hyphens, as it is written otherwise; "" where it is none."""
    text = text_of(value)
    return text.replace("_", "-") if _LANGUAGE.fullmatch(text) else UNSAID


def objects(value: object, named_by: str = "id", most: int = MOST_VALUES) -> Iterator[Members]:
    """The objects of a member, as many as are read; a mere name is one that has it as its name."""
    return islice((each for each in objects_of(value, named_by) if each), most)


def kinds_of(members: Members) -> frozenset[str]:
    """The types of an object."""
    kinds = members.get("type", members.get("@type"))
    given = kinds[:MOST_VALUES] if isinstance(kinds, list) else (kinds,)
    return frozenset(each for each in given if isinstance(each, str))


def _tagged(value: object, language: str, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        if text := value.strip():
            yield language, text
    elif depth == _MOST_DEEP:
        return
    elif isinstance(value, list):
        for item in value[:MOST_VALUES]:
            yield from _tagged(item, language, depth + 1)
    elif isinstance(value, Mapping):
        tag = value.get("@language", value.get("language"))
        own = tag if isinstance(tag, str) and _LANGUAGE.fullmatch(tag) else language
        for name in _WORDS:
            if (inner := value.get(name)) is not None:
                yield from _tagged(inner, own, depth + 1)
                return
        languages = (key for key in value if key != "id" and _LANGUAGE.fullmatch(key))
        for key in islice(languages, MOST_VALUES):
            yield from _tagged(value[key], key, depth + 1)
