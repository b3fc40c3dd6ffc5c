"""Items suggested for a text: several, with scores, or a reason why there are none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from typing import Final

from registry.errors import IntakeError
from registry.language.choosing import primary
from registry.learning.suggest.catalogue import MAX_ENTRIES, Catalogue
from registry.learning.suggest.figures import BAR, FEWEST, figure_for, passes
from registry.learning.suggest.models import Engine, Index, model_of
from registry.learning.suggest.sentences import sentences_of
from registry.learning.suggest.values import MANY, SCORE_DECIMALS, Candidate, Figure, Model, Suggestion, Text

WEAK: Final = 0.1
"""Below it a right item is rarely among the candidates."""


@dataclass(frozen=True, slots=True)
class Suggester:
    """One engine over one catalogue in one language, ready to be asked.

    Attributes:
        figure: what was measured of it; None where nobody did, and a person allowed it all the same.
    """

    catalogue: Catalogue
    language: str
    model: Model
    figure: Figure | None
    index: Index

    def suggest(self, text: Text) -> Suggestion:
        """Items that may fit a text, for a person to decide about.

        Raises:
            IntakeError: the text is of another language, or it cannot be read (codes `suggest-language`,
                `suggest-text`).
        """
        if _language_of(text) != self.language:
            raise IntakeError(
                f"it is said to be in {text.language!r}, and this was made ready for {self.language!r}",
                where=text.where or None,
                code="suggest-language",
            )
        sentences = sentences_of(text)
        rests_on = [0] * len(self.catalogue.entries)
        best = [0.0] * len(self.catalogue.entries)
        for number, scores in enumerate(self.index.scores(sentences)):
            for at, score in enumerate(scores):
                if score > best[at]:
                    best[at], rests_on[at] = score, number
        rounded = [round(each, SCORE_DECIMALS) for each in best]
        order = first_of(rounded, MANY + 1)
        shown = order[:MANY]
        return Suggestion(
            text=text,
            language=self.language,
            framework=self.catalogue.identifier,
            framework_title=self.catalogue.title,
            framework_version=self.catalogue.version,
            model=self.model,
            candidates=tuple(
                self._candidate(rank, at, rounded, sentences[rests_on[at]]) for rank, at in enumerate(shown, 1)
            ),
            figure=self.figure,
            weak=rounded[shown[0]] < WEAK,
            cut=len(order) > MANY and rounded[order[MANY]] == rounded[shown[-1]],
        )

    def _candidate(self, rank: int, at: int, scores: Sequence[float], sentence: str) -> Candidate:
        entry = self.catalogue.entries[at]
        return Candidate(
            rank=rank,
            code=entry.code,
            name="" if self.catalogue.codes_only else entry.name_in(self.language),
            uri=entry.uri,
            score=scores[at],
            sentence=sentence,
            tied=scores.count(scores[at]) > 1,
        )


def suggester(
    catalogue: Catalogue, language: str, engine: Engine, figures: Iterable[Figure], *, unmeasured: bool = False
) -> Suggester:
    """An engine made ready, where its hit rate in this framework and language is known and good enough.

    Args:
        language: tag of the texts.
        figures: what was measured.
        unmeasured: a person wants suggestions though nobody has measured how often they are right.

    Raises:
        IntakeError: the language is not said (code `suggest-language`), the framework has too few or too many items
            (`suggest-framework`), nobody measured it (`suggest-unmeasured`), or it was wrong too often
            (`suggest-below-bar`).
    """
    spoken = primary(language)
    if not spoken:
        raise language_unsaid("")
    if not MANY <= len(catalogue.entries) <= MAX_ENTRIES:
        raise IntakeError(
            f"it has {len(catalogue.entries):,} items, and suggestions need {MANY} to {MAX_ENTRIES:,}",
            where=catalogue.title,
            remedy="With fewer, read them all; of more, take a part.",
            code="suggest-framework",
        )
    model = model_of(engine, catalogue)
    figure = figure_for(figures, catalogue.identifier, spoken, model)
    if figure is None and not unmeasured:
        raise IntakeError(
            f"how often suggestions of {engine.name} are right has not been measured for {spoken!r} with these items",
            where=catalogue.title,
            remedy="Measure it with sentences of your own (testamur suggest measure), or say --unmeasured.",
            code="suggest-unmeasured",
        )
    if figure is not None and not passes(figure):
        raise IntakeError(
            f"of {figure.sentences} sentences in {spoken!r}, {figure.among} had a right item among the first {MANY} "
            f"(at least {figure.low:.0%} with 95 % confidence); the bar is {BAR:.0%}, of {FEWEST} sentences or more",
            where=catalogue.title,
            remedy="Choose the item by hand, or take another framework, language or model.",
            code="suggest-below-bar",
        )
    return Suggester(catalogue, spoken, model, figure, engine.index(catalogue, spoken))


def first_of(scores: Sequence[float], many: int) -> list[int]:
    """Positions of the highest scores, the highest first; equal ones in their order."""
    return nsmallest(many, range(len(scores)), key=lambda at: (-scores[at], at))


def language_unsaid(where: str) -> IntakeError:
    """Of a text whose language nobody states."""
    return IntakeError(
        "nobody says in which language it is, and that is not guessed",
        where=where or None,
        remedy="Say it with --language, such as --language en.",
        code="suggest-language",
    )


def _language_of(text: Text) -> str:
    spoken = primary(text.language)
    if not spoken:
        raise language_unsaid(text.where)
    return spoken
