"""Words in common, weighed by how rare they are (BM25), as a share of what a sentence could reach."""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Scores = NDArray[np.float32]

K1: Final = 1.2
B: Final = 0.5
"""How far long documents are held back: half, because keywords of ours make documents long, not verbose."""


FEW: Final = 200
"""Documents of which the score of each token is kept, because thousands of texts are compared with them."""


class Bm25:
    """Documents as lists of tokens; at least one of them has a token.

    A document's score is the sum that `bm25s` gives it, divided by what all tokens of the sentence would give at most,
    also those that no document has: a sentence of which little is known scores low everywhere.
    """

    def __init__(self, documents: Sequence[Sequence[str]]):
        import bm25s

        # It sets itself to tell all it does.
        logging.getLogger("bm25s").setLevel(logging.WARNING)
        self._model = bm25s.BM25(k1=K1, b=B)
        self._model.index([list(each) for each in documents], show_progress=False)
        self._many = len(documents)
        self._in = Counter(token for each in documents for token in set(each))
        self._rows: dict[str, Scores] | None = None
        if len(documents) <= FEW:
            self._rows = {token: self._model.get_scores([token]) for token in self._in}

    def scores(self, tokens: Sequence[str]) -> Scores:
        """Of each document, from 0 to 1."""
        import numpy as np

        known = [each for each in tokens if each in self._in]
        if not known:
            return np.zeros(self._many, dtype=np.float32)
        if self._rows is None:
            summed = self._model.get_scores(known)
        else:
            summed = np.add.reduce([self._rows[each] for each in known])
        found: Scores = summed / np.float32(sum(map(self.weight, tokens)))
        return found

    def weight(self, token: str) -> float:
        """The most that a token can give: the logarithm of how rare it is among the documents."""
        held = self._in.get(token, 0)
        return math.log(1 + (self._many - held + 0.5) / (held + 0.5))

    def all_scores(self, sentences: Iterable[Sequence[str]]) -> Scores:
        """Of each sentence and document."""
        import numpy as np

        return np.stack([self.scores(each) for each in sentences])
