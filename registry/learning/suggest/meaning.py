"""Nearness of meaning in English, by the word vectors of `wordllama`, whose weights are in its wheel.

Nothing is fetched: the library is told where its files are and that it must not load any.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from registry.extras import needs

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

WEIGHTS: Final = Path("weights", "l2_supercat_256.safetensors")
LONGEST: Final = 300
"""Characters of a passage: a name, other names and a first sentence; more blurs the mean."""
BEST: Final = 3
"""Of an item with many passages, as many count."""


class Passages:
    """Items as lists of short passages in English, each item with at least one."""

    def __init__(self, items: Sequence[Sequence[str]]):
        import numpy as np

        flat = [passage[:LONGEST] for each in items for passage in each]
        self._vectors = embed(flat)
        counts = [len(each) for each in items]
        self._starts = np.cumsum([0, *counts[:-1]])
        self._single = max(counts) == 1

    def scores(self, sentences: Sequence[str]) -> Vectors:
        """For each sentence and item, the mean cosine of its nearest passages, from 0 to 1."""
        import numpy as np

        near = np.clip(embed([each[:LONGEST] for each in sentences]) @ self._vectors.T, 0, 1)
        if not self._single:
            parts = np.split(near, self._starts[1:], axis=1)
            near = np.stack([np.sort(part, axis=1)[:, -BEST:].mean(axis=1) for part in parts], axis=1)
        found: Vectors = near.astype(np.float32)
        return found


def embed(texts: Sequence[str]) -> Vectors:
    """Unit vectors of texts; of one without a known word, zero."""
    import numpy as np

    found: Vectors = _model().embed([each or " " for each in texts], norm=False)
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    unit: Vectors = (found / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    return unit


@cache
def weights_sha256() -> str:
    """Of the weights, as 64 hex digits."""
    return hashlib.sha256((_folder() / WEIGHTS).read_bytes()).hexdigest()


@cache
def _model() -> Any:
    with needs("ai"), _log_left_alone():
        from wordllama import WordLlama

        # Its wheel has the tokenizer in `tokenizers/` and looks for it in `tokenizer/`: as a cache it finds it.
        return WordLlama.load(cache_dir=_folder(), disable_download=True)


def _folder() -> Path:
    with needs("ai"):
        spec = find_spec("wordllama")
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError("No module named 'wordllama'", name="wordllama")
    return Path(spec.origin).parent


@contextmanager
def _log_left_alone() -> Iterator[None]:
    """The library sets the root log up for itself when it is imported; ours stays as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
