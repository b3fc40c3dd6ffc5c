"""What exercises say, in the languages of the courses."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, Final

from anchor.lab.model import Exercise, Missing, Step

SOURCE: Final = "en"
_FOLDER: Final = "texts"


@cache
def languages() -> tuple[str, ...]:
    """The languages there are, the source first."""
    files = (resources.files("anchor.lab") / _FOLDER).iterdir()
    found = {each.name.removesuffix(".toml") for each in files if each.name.endswith(".toml")}
    return (SOURCE, *sorted(found - {SOURCE}))


@cache
def _texts(language: str) -> Mapping[str, Any]:
    file = resources.files("anchor.lab") / _FOLDER / f"{language}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


class Texts:
    """The texts of the exercises in one language; what it lacks is said in English.

    Args:
        language: one of `languages()`; any other is English.

    Attributes:
        language: the one that it is.
    """

    def __init__(self, language: str):
        self.language = language if language in languages() else SOURCE
        self._own = _texts(self.language)

    def word(self, key: str, **values: object) -> str:
        """A word or sentence of the command's own."""
        return self._found("lab", key).format_map(values)

    def title(self, exercise: Exercise) -> str:
        """What it is called."""
        return self._found(exercise.name, "title")

    def story(self, exercise: Exercise) -> str:
        """Who the trainee is, and what lies in the folder."""
        return self._found(exercise.name, "story")

    def task(self, exercise: Exercise, step: Step) -> str:
        """What is to be done."""
        return self._found(exercise.name, f"{step.key}-do")

    def hint(self, exercise: Exercise, step: Step) -> str:
        """How it is done."""
        return self._found(exercise.name, f"{step.key}-hint")

    def files(self, exercise: Exercise) -> Mapping[str, str]:
        """Letters and minutes of its folder in this language, by name; none in English, in which they are made."""
        files: Mapping[str, str] = self._own.get(exercise.name, {}).get("files", {})
        return files

    def lacks(self, exercise: Exercise, what: Missing) -> str:
        """What is still missing."""
        return self._found(exercise.name, what.key).format_map(what.values)

    def _found(self, part: str, key: str) -> str:
        for texts in (self._own, _texts(SOURCE)):
            if (found := texts.get(part, {}).get(key)) is not None:
                return str(found).strip()
        # Sentences that several exercises share.
        return str(
            _texts(SOURCE)["shared"][key] if key not in self._own.get("shared", {}) else self._own["shared"][key]
        )
