"""What is suggested for a text, and on what it rests. Pure values; nothing here decides.

A suggestion is a question to a person: never one item, always several, each with its score, the sentence that it
rests on, and what made it. Only a person's decision makes an alignment of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

MANY: Final = 5
"""As many candidates are shown: one alone would be taken for the answer."""
MAX_TEXT: Final = 20_000
"""Characters of one text: a course description of eight pages."""
MAX_SENTENCES: Final = 100
SCORE_DECIMALS: Final = 4
"""Scores are rounded to so many before they are compared, so that other processors give the same order."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text that items are asked for.

    Attributes:
        words: as its author wrote it.
        language: tag (BCP 47) as the document or a person states it; "" where nobody does. It is never guessed.
        where: what a person finds it by, such as a file or `part IS.1`.
        name: of the achievement or course, where the text is its description; "" otherwise.
    """

    words: str
    language: str = ""
    where: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Model:
    """What made a suggestion, so that it can be made again.

    Attributes:
        name: such as `hybrid`.
        version: of each library that took part, such as `bm25s 0.3.16, wordllama 0.4.0.post1`.
        data: SHA-256 over the weights and over all that was matched with, as 64 hex digits.
    """

    name: str
    version: str
    data: str

    def to_dict(self) -> dict[str, str]:
        """As JSON has it."""
        return {"name": self.name, "version": self.version, "data": self.data}


@dataclass(frozen=True, slots=True)
class Figure:
    """How often a model was right, measured on sentences that it was not made with.

    Attributes:
        framework: identifier of the framework.
        language: of the sentences, as two letters.
        model: by which it was measured: another model, or other data, has not been measured by it.
        first, among: how many of `sentences` had a right item first, and among the first `MANY`.
        low: lower end of the Wilson interval (95 %) of `among`.
    """

    framework: str
    language: str
    model: Model
    sentences: int
    first: int
    among: int
    low: float

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "framework": self.framework,
            "language": self.language,
            "model": self.model.to_dict(),
            "sentences": self.sentences,
            "hitAt1": self.first,
            "hitAt5": self.among,
            "low95": self.low,
        }


@dataclass(frozen=True, slots=True)
class Candidate:
    """One item that may fit.

    Attributes:
        rank: from 1, by score, then by the order of the framework.
        code: of the item in its framework; for ESCO its URI.
        name: in the language of the text where the framework has it so, else in another; "" where it has none.
        uri: of the item; "" where it has none.
        score: from 0 to 1; it compares candidates of one text and says nothing of how sure anybody is.
        sentence: of the text, on which the score rests.
        tied: another item has the same score, so that their order says nothing.
    """

    rank: int
    code: str
    name: str
    uri: str
    score: float
    sentence: str
    tied: bool = False

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "rank": self.rank,
            "code": self.code,
            "name": self.name,
            "uri": self.uri,
            "score": self.score,
            "sentence": self.sentence,
            "tied": self.tied,
        }


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Items of one framework that may fit a text, for a person to choose from, change or refuse.

    Attributes:
        framework: identifier; `framework_version` is "" where it has none.
        candidates: `MANY` of them, or all items of a framework that has fewer.
        figure: how often the model was right in this framework and language; None where nobody has measured it, and
            then a person said that it may be suggested all the same.
        weak: the best score is so low that a right item is rarely among the candidates.
        cut: an item that is not shown has the same score as the last one shown.
    """

    text: Text
    language: str
    framework: str
    framework_title: str
    framework_version: str
    model: Model
    candidates: tuple[Candidate, ...]
    figure: Figure | None
    weak: bool = False
    cut: bool = False

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "text": self.text.words,
            "name": self.text.name,
            "where": self.text.where,
            "language": self.language,
            "framework": {
                "id": self.framework,
                "title": self.framework_title,
                "version": self.framework_version,
            },
            "model": self.model.to_dict(),
            "figure": None if self.figure is None else self.figure.to_dict(),
            "weak": self.weak,
            "cut": self.cut,
            "candidates": [each.to_dict() for each in self.candidates],
        }
