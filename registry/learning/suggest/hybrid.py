"""The engine of the program: words, pieces of words, meaning and matter, weighed together.

Which of them take part depends on what is known of the items in the language of the sentences. Where words of ours are
kept for them, these are compared; else the framework's own texts in that language; else its English texts, with the
sentence carried into English term by term. The weights were chosen on the development part of the labelled set.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Final, TypeVar

from registry.extras import needs
from registry.learning.suggest import meaning
from registry.learning.suggest.bridge import Bridge, Kind, text_of, topics_bytes
from registry.learning.suggest.bundled import e_cf
from registry.learning.suggest.catalogue import Catalogue, Entry
from registry.learning.suggest.glossary import LANGUAGES, carried, glossary_bytes
from registry.learning.suggest.lexical import Bm25
from registry.learning.suggest.words import grams, stems

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Scores = NDArray[np.float32]
    Part = Callable[[Sequence[str]], Scores]

NAME: Final = "hybrid"
LIBRARIES: Final = ("bm25s", "snowballstemmer", "wordllama")
WORDS: Final = 1.0
PIECES: Final = 1.0
MEANING: Final = 1.0
MEANING_OF_KEYWORDS: Final = 0.5
"""Less where words of ours are compared: they already say what else is meant."""
MATTERS: Final = {Kind.COMPETENCES: 2.0, Kind.TOPICS: 6.0}
FEW: Final = 2_000
"""Items of a framework at most in which pieces of words are compared, too: more would take a minute to make ready."""

_Made = TypeVar("_Made")


class Hybrid:
    """See the module. Nothing is loaded before an index is made, and what several languages share is made once."""

    name = NAME

    def __init__(self) -> None:
        self._made: dict[tuple[str, ...], object] = {}

    @cached_property
    def parts(self) -> Mapping[str, str]:
        """The libraries that take part, with their versions."""
        with needs("ai"):
            return {name: version(name) for name in LIBRARIES}

    @cached_property
    def weights(self) -> str:
        """SHA-256 over the weights of the vectors, the glossary, the topics and the words of the e-CF's items."""
        files = (hashlib.sha256(each).hexdigest() for each in (glossary_bytes(), topics_bytes()))
        return hashlib.sha256(" ".join((meaning.weights_sha256(), *files, e_cf().sha256)).encode()).hexdigest()

    def index(self, catalogue: Catalogue, language: str) -> HybridIndex:
        """A catalogue made ready for sentences of a language."""
        with needs("ai"):
            return HybridIndex(self._parts_for(catalogue, language))

    def _parts_for(self, catalogue: Catalogue, language: str) -> list[tuple[float, Part]]:
        own, english = (_texts(catalogue, each) for each in (language, "en"))
        if any(language in each.keywords for each in catalogue.entries):
            parts = [(WORDS, self._words(catalogue, language)), (PIECES, self._pieces(catalogue, language))]
            return [*parts, *([(MEANING_OF_KEYWORDS, self._meaning(catalogue, language))] if language == "en" else [])]
        parts = []
        if own:
            parts.append((WORDS, self._words(catalogue, language)))
        elif english:
            parts.append((WORDS, self._carried_words(catalogue, language)))
        if own and len(own) <= FEW:
            parts.append((PIECES, self._pieces(catalogue, language)))
        elif english and len(english) <= FEW:
            parts.append((PIECES, self._carried_pieces(catalogue, language)))
        if english:
            parts.append((MEANING, self._meaning(catalogue, language)))
        if language in LANGUAGES and (own or english):
            of_texts = language if own else "en"
            parts += [(weight, self._matter(catalogue, of_texts, language, kind)) for kind, weight in MATTERS.items()]
        return parts

    def _words(self, catalogue: Catalogue, language: str) -> Part:
        index = self._word_index(catalogue, language)
        return lambda sentences: index.all_scores(stems(each, language) for each in sentences)

    def _carried_words(self, catalogue: Catalogue, language: str) -> Part:
        index = self._word_index(catalogue, "en")
        return lambda sentences: index.all_scores(carried(each, language).broad for each in sentences)

    def _pieces(self, catalogue: Catalogue, language: str) -> Part:
        index = self._piece_index(catalogue, language)
        return lambda sentences: index.all_scores(grams(each, language) for each in sentences)

    def _carried_pieces(self, catalogue: Catalogue, language: str) -> Part:
        index = self._piece_index(catalogue, "en")
        return lambda sentences: index.all_scores(grams(carried(each, language).narrow, "en") for each in sentences)

    def _meaning(self, catalogue: Catalogue, language: str) -> Part:
        def make() -> meaning.Passages:
            return meaning.Passages([_passages(each) for each in catalogue.entries])

        passages = self._once(make, "meaning", catalogue.sha256)
        return lambda sentences: passages.scores([carried(each, language).narrow for each in sentences])

    def _matter(self, catalogue: Catalogue, of_texts: str, language: str, kind: Kind) -> Part:
        def make() -> Bridge:
            return Bridge(self._stems(catalogue, of_texts), of_texts, kind)

        bridge = self._once(make, kind, catalogue.sha256, of_texts)
        return lambda sentences: bridge.scores(sentences, language)

    def _word_index(self, catalogue: Catalogue, language: str) -> Bm25:
        def make() -> Bm25:
            return Bm25(self._stems(catalogue, language))

        return self._once(make, "words", catalogue.sha256, language)

    def _stems(self, catalogue: Catalogue, language: str) -> list[list[str]]:
        def make() -> list[list[str]]:
            return [stems(each, language) for each in _texts(catalogue, language)]

        return self._once(make, "stems", catalogue.sha256, language)

    def _piece_index(self, catalogue: Catalogue, language: str) -> Bm25:
        def make() -> Bm25:
            return Bm25([grams(each, language) for each in _texts(catalogue, language)])

        return self._once(make, "pieces", catalogue.sha256, language)

    def _once(self, make: Callable[[], _Made], *key: str) -> _Made:
        if key not in self._made:
            self._made[key] = make()
        made: _Made = self._made[key]  # type: ignore[assignment]  # each key is of one kind
        return made


class HybridIndex:
    """A catalogue in parts, each with its weight."""

    def __init__(self, parts: Sequence[tuple[float, Part]]):
        self._parts = parts
        self._whole = sum(weight for weight, _ in parts)

    def scores(self, sentences: Sequence[str]) -> Sequence[Sequence[float]]:
        """For each sentence and item, from 0 to 1.

        Each sentence by itself: of many at once the last digits depend on how many they are.
        """
        return [self._of_one(each) for each in sentences]

    def _of_one(self, sentence: str) -> list[float]:
        import numpy as np

        found: Scores = np.zeros(1, dtype=np.float32)
        for weight, part in self._parts:
            found = found + part([sentence])[0] * np.float32(weight / self._whole)
        scores: list[float] = found.tolist()
        return scores


def _texts(catalogue: Catalogue, language: str) -> list[str]:
    """What is known of each item in a language; none at all where nothing is known of any."""
    texts = [text_of(each, language) for each in catalogue.entries]
    return texts if any(texts) else []


def _passages(entry: Entry) -> Sequence[str]:
    """Name and keywords each by itself; a description with its name before it."""
    name, about = entry.names.get("en", ""), entry.about.get("en", "")
    keywords = entry.keywords.get("en", ())
    if about:
        return ["; ".join(each for each in (name, *keywords, about) if each)]
    return [each for each in (name, *keywords) if each] or [""]
