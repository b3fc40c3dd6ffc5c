"""Frameworks that come with the program: codes and titles as facts with their source, and words of our own.

e-CF 4.0: the 41 competences of EN 16234-1:2019, by code and title; none of the standard's descriptions is here.
IS2020: the nineteen competence areas of the curriculum of ACM and AIS (2021), by name; none of its text is here.
What people write of an item, `data/e-cf/*.toml`, is ours, in six languages.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

from registry.learning.suggest.catalogue import Catalogue, Entry

HINTED: Final = ("de", "en", "es", "fr", "hr", "pt")
"""Languages in which words of ours are kept."""


@cache
def e_cf() -> Catalogue:
    """The European e-Competence Framework, edition 4.0."""
    return _catalogue("e-cf.toml", {language: _words(language) for language in HINTED})


@cache
def is2020() -> Catalogue:
    """The competence areas of IS2020."""
    return _catalogue("is2020.toml", {})


BUNDLED: Final = {"e-cf": e_cf, "is2020": is2020}
"""By the word that a person types."""


def identifier_of(name: str) -> str:
    """The identifier of a framework that comes along, in whatever case it is written; any other name as it stands."""
    known = BUNDLED.get(name.casefold())
    return known().identifier if known is not None else name


def _catalogue(name: str, words: Mapping[str, Mapping[str, str]]) -> Catalogue:
    content = tomllib.loads(files(__package__).joinpath("data", name).read_text(encoding="utf-8"))
    about: dict[str, Any] = content["framework"]
    entries = tuple(
        Entry(
            code=code,
            names={"en": title},
            keywords={language: tuple(said[code].split("; ")) for language, said in words.items()},
        )
        for code, title in content["items"].items()
    )
    return Catalogue(about["id"], about["title"], about["version"], entries, about["source"])


def _words(language: str) -> dict[str, str]:
    found = files(__package__).joinpath("data", "e-cf", f"{language}.toml").read_text(encoding="utf-8")
    return dict(tomllib.loads(found))
