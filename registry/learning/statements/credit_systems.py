"""Which words and URIs name the European credit system: what states none of them states other credits.

Sources: the list of education credits of the European Learning Model; the ECTS Users' Guide 2015 for the names.
"""

from __future__ import annotations

from typing import Final

from registry.document.stated_scope import ECTS_CONCEPT
from registry.learning.achieved import ECTS

_NAMES: Final = frozenset(
    {
        "ects",
        "ects credits",
        "ects credit points",
        "european credit transfer system",
        "european credit transfer and accumulation system",
        "european credit transfer system (ects)",
        "european credit transfer and accumulation system (ects)",
    }
)


def system_of(*names: str) -> str:
    """`ECTS` where one of the names or URIs is one of that system; otherwise the first that says something."""
    if any(is_ects(each) for each in names):
        return ECTS
    return next(filter(None, names), "")


def is_ects(name: str) -> bool:
    """Whether a name or URI is that of the European system, and of no other that resembles it."""
    return " ".join(name.split()).casefold() in _NAMES or _without_scheme(name) == _without_scheme(ECTS_CONCEPT)


def _without_scheme(uri: str) -> str:
    return uri.strip().removeprefix("https://").removeprefix("http://").rstrip("/")
