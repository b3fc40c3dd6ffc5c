"""What cells of registers say in words or by number: countries, fields, levels, yes and no, parties."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, TypeVar

from registry.quality.decision import Identifier
from registry.quality.wire import SCHEME_PATTERN
from registry.recognition.countries import ALPHA_3, NUMERIC
from registry.recognition.isced import field_name

ISCED_URI: Final = "http://data.europa.eu/esco/isced-f/"

_Kind = TypeVar("_Kind")

_NUMBERED: Final = re.compile(r"([0-9]+)\s*[-–—.:)]?\s*(.*)", re.ASCII | re.DOTALL)
_SCHEME: Final = re.compile(SCHEME_PATTERN, re.ASCII)
_NOT_OF_A_SCHEME: Final = re.compile(r"[^a-z0-9]+")
_YES: Final = frozenset({"1", "yes", "true", "y"})
_NO: Final = frozenset({"0", "2", "no", "false", "n"})
# What the European Union calls them (Interinstitutional style guide, annex A5), and ETER after it.
_EU_NAMES: Final = {"EL": "GR", "UK": "GB"}


def choice(text: str, words: Mapping[str, _Kind]) -> _Kind | None:
    """What a cell says: a word, a number, or both as in `1 - positive`, which have to agree.

    Args:
        words: both words, in lower case, and numbers.
    """
    plain = " ".join(text.lower().split())
    if plain in words:
        return words[plain]
    match = _NUMBERED.fullmatch(plain)
    if match is None:
        return None
    by_number, by_word = words.get(match[1]), words.get(match[2]) if match[2] else None
    return by_number if by_number == by_word else None


def country_of(text: str) -> str | None:
    """ISO 3166-1 in two letters, given in two or three of them; Greece and the United Kingdom also as EL and UK."""
    code = text.strip().upper()
    if len(code) == 3:
        return ALPHA_3.get(code)
    code = _EU_NAMES.get(code, code)
    return code if code in NUMERIC else None


def field_of(text: str) -> str | None:
    """An ISCED-F 2013 code of 2 to 4 digits, given as such or by its address in ESCO; it has to exist."""
    code = text.strip().removeprefix(ISCED_URI).removeprefix(ISCED_URI.replace("http:", "https:"))
    return code if field_name(code) is not None else None


def yes_or_no(text: str) -> bool | None:
    """Whether a cell says yes; None where it says neither."""
    plain = text.strip().lower()
    return True if plain in _YES else False if plain in _NO else None


def scheme_of(text: str) -> str | None:
    """A name of a scheme of identifiers in the form that ours have: `SI-ETER.BAS.NATID` is `si-eter-bas-natid`."""
    plain = _NOT_OF_A_SCHEME.sub("-", text.strip().lower()).strip("-")
    return plain if _SCHEME.fullmatch(plain) else None


def identifier_of(text: str, scheme: str) -> Identifier | None:
    """An identifier with its scheme before a colon, or without, then in the scheme that is given.

    A URI is one of the scheme `uri`.
    """
    plain = text.strip()
    if plain.startswith(("http://", "https://", "urn:")):
        return Identifier("uri", plain)
    before, colon, value = plain.partition(":")
    if colon and _SCHEME.fullmatch(before):
        return Identifier(before, value.strip()) if value.strip() else None
    return Identifier(scheme, plain) if plain else None


def party_of(text: str) -> int | None:
    """The number of a party; None for what is none."""
    plain = text.strip()
    number = int(plain) if plain.isascii() and plain.isdigit() and len(plain) < 16 else 0
    return number or None
