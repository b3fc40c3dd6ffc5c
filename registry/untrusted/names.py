"""Names of people, compared as people compare them: whoever signs twice under two spellings is still one."""

from __future__ import annotations

import unicodedata


def is_same_name(one: str, other: str) -> bool:
    """Whether people take two names for the same: by their words in whatever order, without accents and signs."""
    return words_of_name(one) == words_of_name(other) and bool(words_of_name(one))


def words_of_name(name: str) -> list[str]:
    """The words of a name in one order and form; vowel signs of Indian scripts are letters, accents are none."""
    letters = unicodedata.normalize("NFKD", name).casefold()
    kept = (each for each in letters if not unicodedata.combining(each))
    return sorted("".join(each if unicodedata.category(each)[0] in "LMN" else " " for each in kept).split())
