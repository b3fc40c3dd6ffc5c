"""Words of a text as they are compared: folded, without stop words, and by their stem.

Stems by Snowball. It has none for Croatian; its Serbian stemmer takes both alphabets and both ways to write the old
yat, and so serves for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import Final

STEMMERS: Final[Mapping[str, str]] = {
    "de": "german",
    "en": "english",
    "es": "spanish",
    "fr": "french",
    "hr": "serbian",
    "pt": "portuguese",
}
_LISTS: Final[Mapping[str, str]] = {
    "de": "STOPWORDS_GERMAN",
    "en": "STOPWORDS_EN",
    "es": "STOPWORDS_SPANISH",
    "fr": "STOPWORDS_FRENCH",
    "pt": "STOPWORDS_PORTUGUESE",
}
_CROATIAN: Final = """
a ako ali bez bi bila bile bili bilo bio biti da do dok ga gdje i ih ili im iz ja je jedan jedna jedno jer jesu
joj još ju kad kada kako kao koja koje kojem koji kojih kojim kojima koju kroz li među mi može mogu na nad nakon
ne nego neka neki nije niti no o od oko on ona oni ono ova ovaj ove ovo po pod pored prema pri prije s sa sam se
sebe smo ste su sve svi svih svim svog svoj svoje svoju šta što ta taj te ti to tu u uz vam vas već vi vrlo za
zbog
"""
_WORD: Final = re.compile(r"[^\W_]+(?:[+#]+(?!\w))?")
SHORTEST_GRAM: Final = 3
LONGEST_GRAM: Final = 5


@cache
def stop_words(language: str) -> frozenset[str]:
    """Words that say nothing of what a text is about; none of a language that has no list."""
    if language == "hr":
        return frozenset(_CROATIAN.split())
    from bm25s import stopwords

    return frozenset(getattr(stopwords, _LISTS[language])) if language in _LISTS else frozenset()


@cache
def stemmer(language: str) -> Callable[[str], str]:
    """From a word to its stem; a word itself in a language without a stemmer."""
    if language not in STEMMERS:
        return str
    import snowballstemmer

    own: Callable[[str], str] = snowballstemmer.stemmer(STEMMERS[language]).stemWord
    return lru_cache(maxsize=100_000)(own)


def plain_words(text: str, language: str) -> list[str]:
    """The words of a text, folded, without stop words."""
    stops = stop_words(language)
    return [word for word in _WORD.findall(text.casefold()) if word not in stops]


def stems(text: str, language: str) -> list[str]:
    """The stems of a text's words, in order."""
    stem = stemmer(language)
    return [stem(word) for word in plain_words(text, language)]


def grams(text: str, language: str) -> list[str]:
    """Pieces of three to five letters of a text's words, with their ends marked: they meet in compounds and endings."""
    return [piece for word in plain_words(text, language) for piece in _pieces(word)]


@lru_cache(maxsize=100_000)
def _pieces(word: str) -> tuple[str, ...]:
    whole = f"_{word}_"
    sizes = range(SHORTEST_GRAM, LONGEST_GRAM + 1)
    return tuple(whole[at : at + size] for size in sizes for at in range(len(whole) - size + 1)) or (whole,)
