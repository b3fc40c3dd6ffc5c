"""How often an engine is right, measured on sentences of which a person, or somebody who says who, chose the items."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from registry.language.choosing import primary
from registry.learning.suggest.catalogue import Catalogue
from registry.learning.suggest.figures import wilson_low
from registry.learning.suggest.models import Engine, model_of
from registry.learning.suggest.values import MANY, SCORE_DECIMALS, Figure


@dataclass(frozen=True, slots=True)
class Labelled:
    """A sentence, and the codes of all items that would be right for it; at least one.

    Attributes:
        language: tag of the sentence.
    """

    sentence: str
    language: str
    codes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Placed:
    """Where the first right item stands.

    Attributes:
        place: from 0; `math.inf` where no item of the catalogue is right.
        best: score of the first candidate.
    """

    labelled: Labelled
    place: float
    best: float

    @property
    def hit(self) -> bool:
        """Whether it is among those that would be shown."""
        return self.place < MANY


def placed(engine: Engine, catalogue: Catalogue, sentences: Iterable[Labelled]) -> tuple[Placed, ...]:
    """Each sentence with the place of its first right item, language by language in the order of the sentences."""
    by_language: dict[str, list[Labelled]] = {}
    for each in sentences:
        by_language.setdefault(primary(each.language), []).append(each)
    found: list[Placed] = []
    for language, listed in by_language.items():
        index = engine.index(catalogue, language)
        for each, scores in zip(listed, index.scores([one.sentence for one in listed]), strict=True):
            found.append(place_of(each, scores, catalogue))
    return tuple(found)


def place_of(labelled: Labelled, scores: Sequence[float], catalogue: Catalogue) -> Placed:
    """As a suggestion would rank the items."""
    rounded = [round(each, SCORE_DECIMALS) for each in scores]
    right = [at for at, each in enumerate(catalogue.entries) if each.code in labelled.codes]
    if not right:
        return Placed(labelled, math.inf, max(rounded))
    first = min(right, key=lambda at: (-rounded[at], at))
    score = rounded[first]
    before = sum(each > score for each in rounded) + rounded[:first].count(score)
    return Placed(labelled, before, max(rounded))


def figures_of(engine: Engine, catalogue: Catalogue, measured: Iterable[Placed]) -> tuple[Figure, ...]:
    """The hit rates in each language."""
    model = model_of(engine, catalogue)
    by_language: dict[str, list[Placed]] = {}
    for each in measured:
        by_language.setdefault(primary(each.labelled.language), []).append(each)
    return tuple(
        Figure(
            framework=catalogue.identifier,
            language=language,
            model=model,
            sentences=len(listed),
            first=sum(each.place < 1 for each in listed),
            among=sum(each.hit for each in listed),
            low=wilson_low(sum(each.hit for each in listed), len(listed)),
        )
        for language, listed in by_language.items()
    )
