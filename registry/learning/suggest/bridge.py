"""Likeness by matter: a sentence and an item are near where both are near the same matters.

Matters are the items of the e-CF, and finer topics that are taught, each with words of ours in six languages. What is
known of them so serves frameworks whose texts are in one language only.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from registry.learning.suggest.bundled import e_cf
from registry.learning.suggest.catalogue import Entry
from registry.learning.suggest.glossary import LANGUAGES
from registry.learning.suggest.lexical import Bm25
from registry.learning.suggest.words import grams, stems

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

TOPICS_FILE: Final = "topics.txt"
SHARPNESS: Final = 2
"""Power of an item's nearness to matters: it is near a few, and what is far from all of them adds little."""


class Kind(StrEnum):
    """Which matters are meant."""

    COMPETENCES = "competences"
    TOPICS = "topics"


class Bridge:
    """Items, each by its nearness to matters.

    Args:
        items: the stems of each.
        language: of these, one of `LANGUAGES`.
    """

    def __init__(self, items: Sequence[Sequence[str]], language: str, kind: Kind):
        import numpy as np

        near = _matters(kind, language).words.all_scores(items) ** SHARPNESS
        lengths = np.linalg.norm(near, axis=1, keepdims=True)
        self._near: Vectors = (near / np.where(lengths > 0, lengths, 1)).astype(np.float32)
        self._kind = kind

    def scores(self, sentences: Sequence[str], language: str) -> Vectors:
        """For each sentence and item, from 0 to 1."""
        import numpy as np

        matters = _matters(self._kind, language)
        words = matters.words.all_scores(stems(each, language) for each in sentences)
        pieces = matters.pieces.all_scores(grams(each, language) for each in sentences)
        found: Vectors = np.clip((words + pieces) / 2 @ self._near.T, 0, 1)
        return found


def topics_bytes() -> bytes:
    """The file of topics, for its hash."""
    return files(__package__).joinpath("data", TOPICS_FILE).read_bytes()


def text_of(entry: Entry, language: str) -> str:
    """All that is known of an item in a language."""
    said = (entry.names.get(language, ""), *entry.keywords.get(language, ()), entry.about.get(language, ""))
    return "; ".join(each for each in said if each)


class _Matters:
    def __init__(self, texts: Sequence[str], language: str):
        self.words = Bm25([stems(each, language) for each in texts])
        self.pieces = Bm25([grams(each, language) for each in texts])


@cache
def _matters(kind: Kind, language: str) -> _Matters:
    texts = [text_of(each, language) for each in e_cf().entries] if kind is Kind.COMPETENCES else _topics(language)
    return _Matters(texts, language)


def _topics(language: str) -> list[str]:
    lines = topics_bytes().decode().splitlines()
    column = LANGUAGES.index(language)
    return [line.split("|")[column].strip() for line in lines if line.strip() and not line.startswith("#")]
