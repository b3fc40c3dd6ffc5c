"""How alike two texts of one language are: in pieces of their words, and in English in meaning, too.

It compares texts of the same kind with each other and not with a framework, so the hit rates that are published for
suggestions say nothing of it; nobody has measured how often alike texts mean the same.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from registry.extras import needs
from registry.language.choosing import primary
from registry.learning.suggest.meaning import embed, weights_sha256
from registry.learning.suggest.values import Model
from registry.learning.suggest.words import grams

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

NAME: Final = "likeness"
PLACES: Final = 2_048
"""Of a vector of pieces; each piece has one of them and a sign, by its hash."""
MEANT: Final = "en"
"""The one language in which meaning is compared, too."""


def vectors_of(texts: Sequence[str], language: str) -> Vectors:
    """Unit vectors whose cosine says how alike texts are; of a text without words, zero.

    Args:
        texts: all that are compared: how rare a piece is among them counts.
    """
    with needs("ai"):
        import numpy as np

    pieces = _unit(_pieces([Counter(grams(each, primary(language))) for each in texts]))
    if primary(language) != MEANT:
        return pieces
    # The cosine of both beside each other is the mean of the two.
    both: Vectors = np.hstack([pieces, embed(texts)]) * math.sqrt(0.5)
    return both


def likeness_model(language: str) -> Model:
    """What a score is said to be made by."""
    parts = {"numpy": version("numpy")}
    weights = ""
    if primary(language) == MEANT:
        parts["wordllama"], weights = version("wordllama"), weights_sha256()
    said = ", ".join(f"{name} {number}" for name, number in sorted(parts.items()))
    data = hashlib.sha256(f"{NAME} {PLACES} {primary(language)} {said} {weights}".encode()).hexdigest()
    return Model(NAME, said, data)


def _pieces(counted: Sequence[Mapping[str, int]]) -> Vectors:
    import numpy as np

    held = Counter(piece for each in counted for piece in each)
    found = np.zeros((len(counted), PLACES), dtype=np.float32)
    place: dict[str, tuple[int, float]] = {}
    for row, each in enumerate(counted):
        for piece, times in each.items():
            if piece not in place:
                number = int.from_bytes(hashlib.blake2b(piece.encode(), digest_size=8).digest())
                rare = math.log((1 + len(counted)) / (1 + held[piece])) + 1
                place[piece] = number % PLACES, rare if number >> 63 else -rare
            at, weight = place[piece]
            found[row, at] += weight * (1 + math.log(times))
    return found


def _unit(vectors: Vectors) -> Vectors:
    import numpy as np

    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Vectors = (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    return unit
