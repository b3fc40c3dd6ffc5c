"""Sentences carried into English term by term, so that they meet texts that are in English only.

It is no translation: known terms are replaced, all else stays as it is, and the order means nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from registry.learning.suggest.words import plain_words, stemmer, stems

LANGUAGES: Final = ("en", "de", "fr", "es", "pt", "hr")
"""In the order of the columns of the file."""
LONGEST_TERM: Final = 4
FILE: Final = "glossary.txt"


@dataclass(frozen=True, slots=True)
class Carried:
    """A sentence in English terms.

    Attributes:
        broad: every English term of each term that was found, as words: for comparing words.
        narrow: the first English term alone, as text: for comparing meanings, where each word more blurs.
    """

    broad: tuple[str, ...]
    narrow: str


def glossary_bytes() -> bytes:
    """The file, for its hash."""
    return files(__package__).joinpath("data", FILE).read_bytes()


def carried(sentence: str, language: str) -> Carried:
    """A sentence with its known terms in English, the longest first; one in English stays as it is."""
    if language == "en":
        return Carried(tuple(stems(sentence, "en")), sentence)
    terms, stem = _terms(language), stemmer(language)
    words = plain_words(sentence, language)
    stemmed = [stem(each) for each in words]
    broad: list[str] = []
    narrow: list[str] = []
    at = 0
    while at < len(words):
        size = next((n for n in range(LONGEST_TERM, 0, -1) if tuple(stemmed[at : at + n]) in terms), 0)
        if not size:
            broad.append(stemmed[at])
            narrow.append(words[at])
        for row in terms.get(tuple(stemmed[at : at + size]), ()):
            broad += [word for term in row for word in stems(term, "en")]
            narrow.append(row[0])
        at += size or 1
    return Carried(tuple(broad), " ".join(narrow))


@cache
def _terms(language: str) -> Mapping[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """The English terms of each term of a language, by its stems; none of a language that the file has not."""
    if language not in LANGUAGES:
        return {}
    column = LANGUAGES.index(language)
    found: dict[tuple[str, ...], tuple[tuple[str, ...], ...]] = {}
    for row in _rows():
        for term in row[column]:
            key = tuple(stems(term, language))[:LONGEST_TERM]
            if key:
                found[key] = (*found.get(key, ()), row[0])
    return found


@cache
def _rows() -> tuple[tuple[tuple[str, ...], ...], ...]:
    lines = glossary_bytes().decode().splitlines()
    return tuple(
        tuple(tuple(term.strip() for term in cell.split(",")) for cell in line.split("|"))
        for line in lines
        if line.strip() and not line.startswith("#")
    )
