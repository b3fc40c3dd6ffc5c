"""Items of a framework that no part of a programme covers, as questions: is it covered somewhere, or is it missing?

Which items are not covered is counted; a model only says which parts come nearest in their words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from registry.errors import IntakeError
from registry.frameworks.coverage import Where, compare
from registry.frameworks.model import Framework, Item, Part, Programme
from registry.learning.suggest.bundled import identifier_of
from registry.learning.suggest.likeness import vectors_of

NEAREST: Final = 3
"""Parts that are named for a gap: one alone would be taken for the answer."""

Scores = Callable[[Sequence[str], Sequence[str]], Sequence[Sequence[float]]]
"""For each of the first texts a score with each of the second."""


@dataclass(frozen=True, slots=True)
class NearPart:
    """A part of the programme whose title is near to an item that is not covered."""

    part: Part
    score: float


@dataclass(frozen=True, slots=True)
class Gap:
    """An item that no part covers, and the parts that come nearest: none where no model was asked."""

    item: Item
    nearest: tuple[NearPart, ...] = ()


def gaps_of(framework: Framework, programme: Programme, language: str, scores: Scores | None = None) -> tuple[Gap, ...]:
    """The items that no part covers, in the framework's order.

    Args:
        language: in which parts and items are compared.
        scores: of a model; None to ask none.

    Raises:
        IntakeError: the programme is aligned with another framework (code `other-framework`), or items that a model is
            asked about have no text in the language (`suggest-language`).
    """
    own = replace(programme, framework=identifier_of(programme.framework))
    rows = compare(framework, own, own).rows
    missing = [each.item for each in rows if each.where is Where.NEITHER]
    if scores is None or not missing:
        return tuple(map(Gap, missing))
    if unsaid := next((each for each in missing if language not in each.text), None):
        raise IntakeError(
            f"item {unsaid.code} has no text in {language!r}, and texts of two languages are not compared",
            where=framework.title,
            remedy="Name with --language one in which both the framework and the programme are written.",
            code="suggest-language",
        )
    found = scores([each.text_in(language) for each in missing], [each.title for each in programme.parts])
    return tuple(Gap(item, _nearest(programme.parts, own)) for item, own in zip(missing, found, strict=True))


def nearest_by_words(language: str) -> Scores:
    """Scores by `registry.learning.suggest.likeness`: how alike two texts are said."""

    def scores(items: Sequence[str], parts: Sequence[str]) -> Sequence[Sequence[float]]:
        vectors = vectors_of([*items, *parts], language)
        found: list[list[float]] = (vectors[: len(items)] @ vectors[len(items) :].T).tolist()
        return found

    return scores


def _nearest(parts: Sequence[Part], scores: Sequence[float]) -> tuple[NearPart, ...]:
    order = sorted(range(len(parts)), key=lambda at: (-scores[at], at))[:NEAREST]
    return tuple(NearPart(parts[at], float(scores[at])) for at in order)
