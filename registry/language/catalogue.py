"""The languages there are, each as `scripts/build_languages.py` builds it from the catalogue that people write."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

from registry.language.rendering import Language

SOURCE: Final = "en"
"""The language of the program's own texts, of its JSON and of its logs."""
LANGUAGES: Final = ("en", "fr", "pt", "es", "de", "ar", "sw", "hi", "zh", "zu")
"""Those that are promised, in the order in which they are offered."""
_BUILT: Final = "built"
_ENDING: Final = ".json"


@cache
def available() -> tuple[str, ...]:
    """Codes of the languages that are installed: those that are promised first, then others."""
    names = (each.name for each in files(__package__).joinpath(_BUILT).iterdir())
    found = {name.removesuffix(_ENDING) for name in names if name.endswith(_ENDING)}
    return tuple(sorted(found, key=lambda code: (LANGUAGES.index(code) if code in LANGUAGES else len(LANGUAGES), code)))


@cache
def language(tag: str) -> Language:
    """One of those that are `available`."""
    return Language(content(tag))


@cache
def content(tag: str) -> Mapping[str, Any]:
    """The same as values of JSON, for a program in another language to read."""
    found: Mapping[str, Any] = json.loads(
        files(__package__).joinpath(_BUILT, f"{tag}{_ENDING}").read_text(encoding="utf-8")
    )
    return found


def english() -> Language:
    """The language of the program's own texts."""
    return language(SOURCE)
