"""The language in which verdicts are told on a terminal; JSON and what the program says of itself are English."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Annotated

import typer
from rich.cells import cell_len

from registry.errors import SettingsError
from registry.language.catalogue import available, content
from registry.language.choosing import from_environment, known
from registry.language.rendering import Language
from registry.language.said import Listed, Sentence, Sentences, Value, say
from registry.verify.absence import Absence
from registry.verify.verdict import CHECK_NAMES, Outcome, Overall

InLanguage = Annotated[
    str | None,
    typer.Option("--language", help="Language of the verdicts, such as fr; default: that of LANGUAGE or LANG."),
]


@dataclass(frozen=True)
class Spoken:
    """What verdicts are told in."""

    language: Language

    def text(self, words: Sentence | Listed | Sentences) -> str:
        """What is said."""
        return self.language.text(words)

    def word(self, key: str, **values: Value) -> str:
        """A word or line of the command's own."""
        return self.language.text(say(f"cli.{key}", **values))

    def page_word(self, key: str, **values: Value) -> str:
        """A word or line that the page that verifies says, too."""
        return self.language.text(say(f"page.{key}", **values))

    def overall(self, overall: Overall) -> str:
        """What checks come to."""
        return self.word(f"overall.{overall}")

    def absence(self, outcome: Absence) -> str:
        """What is known of a digest and an issuer."""
        return self.word(f"absence.{outcome}")

    def check(self, outcome: Outcome, name: str) -> tuple[str, str]:
        """A check's outcome and name, each as wide as its column."""
        outcomes = [self.word(f"outcome.{each}") for each in Outcome]
        names = [self.word(f"check.{each}") for each in CHECK_NAMES]
        return _padded(self.word(f"outcome.{outcome}"), outcomes), _padded(self.word(f"check.{name}"), names)


def spoken(wanted: str | None = None) -> Spoken:
    """The language that was asked for, or that of the environment.

    Raises:
        SettingsError: it is asked for and there is none (code `language`).
    """
    code = from_environment(os.environ) if wanted is None else known(wanted)
    if code is None:
        raise SettingsError(
            f"there is no language {wanted!r}", remedy=f"There are {', '.join(available())}.", code="language"
        )
    # The console shows every sign that turns text as a visible one, and a terminal orders its text by itself.
    return Spoken(Language(content(code), isolates=False))


def _padded(word: str, column: list[str]) -> str:
    return word + " " * (max(map(cell_len, column)) - cell_len(word))
