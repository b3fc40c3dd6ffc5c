"""What a model is: it compares sentences with the items of a catalogue, and says what it is and which version."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Protocol

from registry.learning.suggest.catalogue import Catalogue
from registry.learning.suggest.values import Model


class Index(Protocol):
    """A catalogue that is ready to be asked in one language."""

    def scores(self, sentences: Sequence[str]) -> Sequence[Sequence[float]]:
        """For each sentence, of each item in the catalogue's order, a score from 0 to 1. The same every time."""
        ...


class Engine(Protocol):
    """A way to compare. It loads what it needs when it is first asked, and from this machine alone."""

    name: str

    @property
    def parts(self) -> Mapping[str, str]:
        """The version of each library that takes part, by its name."""
        ...

    @property
    def weights(self) -> str:
        """SHA-256 of the weights and word lists that it brings, as 64 hex digits; "" of one that has none."""
        ...

    def index(self, catalogue: Catalogue, language: str) -> Index:
        """Make a catalogue ready for sentences in a language (two letters)."""
        ...


def model_of(engine: Engine, catalogue: Catalogue) -> Model:
    """What a suggestion says of the engine that made it with these items."""
    version = ", ".join(f"{name} {number}" for name, number in sorted(engine.parts.items()))
    data = hashlib.sha256(f"{engine.name} {version} {engine.weights} {catalogue.sha256}".encode()).hexdigest()
    return Model(engine.name, version, data)
