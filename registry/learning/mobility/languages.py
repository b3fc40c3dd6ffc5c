"""In which languages a credential is written, and which are official in a country, as CLDR has them."""

from __future__ import annotations

from functools import cache

from registry.language.choosing import primary
from registry.learning.achieved import UNSAID
from registry.learning.items import Item

_NORWEGIAN = {"no": {"nb", "nn"}}


@cache
def official_languages(country: str, *, regional: bool = False) -> frozenset[str]:
    """Those of a whole country, by two or three letters; none where CLDR knows of none.

    Args:
        country: ISO 3166-1, two letters.
        regional: with those that CLDR has as official in regions.
    """
    from babel.languages import get_official_languages

    return frozenset(primary(tag) for tag in get_official_languages(country, regional=regional, de_facto=True))


def languages_of(item: Item) -> tuple[str, ...]:
    """Those in which its texts are, by two or three letters, that of the credential first."""
    named = [tag for each in item.achieved for texts in (each.name, each.description) for tag in texts]
    return tuple(dict.fromkeys(primary(tag) for tag in (item.language, *named) if tag != UNSAID))


def is_read(languages: tuple[str, ...], official: frozenset[str]) -> bool:
    """Whether one of the languages is an official one."""
    return any({tag, *_NORWEGIAN.get(tag, ())} & official for tag in languages)


def named(tag: str) -> str:
    """A language as it calls itself, with its letters: `français (fr)`; of one that CLDR does not know, the letters."""
    from babel import Locale, UnknownLocaleError

    try:
        name = Locale.parse(tag).get_language_name()
    except (UnknownLocaleError, ValueError):
        name = None
    return f"{name} ({tag})" if name else tag
