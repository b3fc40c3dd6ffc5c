"""Achievements of several institutions that are said in alike words, as questions to a person: are they the same?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from registry.extras import needs

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

    Vectors = NDArray[float32]

BLOCK: Final = 2_048
"""Rows that are compared with all others in one multiplication: 2,048 × 10,000 scores take 80 MB."""
MOST_PAIRS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Near:
    """Two of a list, by their positions, and how alike they are: the cosine of their vectors."""

    first: int
    second: int
    score: float


@dataclass(frozen=True, slots=True)
class Nearest:
    """Pairs above a threshold, the most alike first.

    Attributes:
        more: pairs above the threshold that are not among them.
    """

    pairs: tuple[Near, ...]
    more: int


def near_pairs(
    vectors: Vectors, groups: Sequence[int], threshold: float, *, block: int = BLOCK, most: int = MOST_PAIRS
) -> Nearest:
    """The pairs of different groups whose vectors are nearer to each other than a threshold.

    Ten thousand vectors make fifty million pairs: they are multiplied in blocks, and Python sees those above the
    threshold alone.

    Args:
        vectors: a row each, of any length; those of length 0 are near to none.
        groups: of each row, such as the number of its institution.
        threshold: cosine, above 0.
    """
    with needs("ai"):
        import numpy as np

    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = vectors / np.where(lengths > 0, lengths, 1)
    group = np.asarray(groups)
    found: list[Near] = []
    for begins in range(0, len(unit), block):
        rows = unit[begins : begins + block]
        # Pairs within the block and with what comes after it: each once.
        scores = rows @ unit[begins:].T
        apart = group[begins : begins + block, None] != group[None, begins:]
        first, second = np.nonzero((scores >= threshold) & apart)
        once = first < second
        kept = scores[first[once], second[once]]
        found += map(Near, (first[once] + begins).tolist(), (second[once] + begins).tolist(), kept.tolist())
    found.sort(key=lambda each: (-each.score, each.first, each.second))
    return Nearest(tuple(found[:most]), max(0, len(found) - most))
