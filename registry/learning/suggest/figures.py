"""Measured hit rates, and the bar below which nothing is suggested."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any, Final

import orjson

from registry.learning.suggest.values import Figure, Model

BAR: Final = 0.5
"""The lower end of the 95 % interval of hit@5 that is needed.

A list of five that more often than not has nothing right in it costs the reader more than it gives, and invites to
take the nearest. The lower end, not the share itself: few sentences do not prove much.
"""
FEWEST: Final = 10
"""Sentences of which a figure is worth something: four of four would be above the bar."""
FIGURES_FILE: Final = "figures.json"


def wilson_low(hits: int, of: int) -> float:
    """Lower end of the 95 % interval of a share (Wilson 1927), to four decimals; 0 where nothing was measured."""
    if not of:
        return 0.0
    z, share = 1.959964, hits / of
    middle = share + z * z / (2 * of)
    spread = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return round(max(0.0, (middle - spread) / (1 + z * z / of)), 4)


def passes(figure: Figure) -> bool:
    """Whether its hit rate is known well enough, and good enough, to be suggested with."""
    return figure.sentences >= FEWEST and figure.low >= BAR


def figure_for(figures: Iterable[Figure], framework: str, language: str, model: Model) -> Figure | None:
    """What was measured of exactly this model, with these items, in this language; None where nobody did."""
    return next(
        (each for each in figures if (each.framework, each.language, each.model) == (framework, language, model)), None
    )


def figures_in(content: Any) -> tuple[Figure, ...]:
    """Figures of JSON that `Figure.to_dict` wrote.

    Raises:
        ValueError, KeyError, TypeError: it is not of that form.
    """
    return tuple(
        Figure(
            framework=str(each["framework"]),
            language=str(each["language"]),
            model=Model(**each["model"]),
            sentences=int(each["sentences"]),
            first=int(each["hitAt1"]),
            among=int(each["hitAt5"]),
            low=wilson_low(int(each["hitAt5"]), int(each["sentences"])),
        )
        for each in content["figures"]
    )


@cache
def published() -> tuple[Figure, ...]:
    """What `scripts/bench/suggest.py --write` measured last."""
    return figures_in(orjson.loads(files(__package__).joinpath("data", FIGURES_FILE).read_bytes()))
