"""What a tool found, against what was explained: either without the other is a problem."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from scripts.audit.tools import REPOSITORY

EXPLAINED = REPOSITORY / "scripts/audit/explained.json"


@dataclass(frozen=True)
class Place:
    """What was found, and where; the place is a name or the text of a line, never a number that moves."""

    what: str
    where: str


@dataclass(frozen=True)
class Explained:
    """A place, and in one sentence why it is as it should be."""

    place: Place
    reason: str


def problems(found: Iterable[Place], explained: Iterable[Explained]) -> list[str]:
    """One line for each finding too many for its explanations and for each explanation that matches nothing.

    A place found twice needs two explanations, so that a second mistake does not hide behind the reason for the first.
    """
    counted = Counter(found)
    reasons = Counter(each.place for each in explained)
    unexplained = counted - reasons
    stale = reasons - counted
    return [
        *(f"not explained: {place.what} at {place.where}" for place in sorted(unexplained.elements(), key=_order)),
        *(f"explains nothing: {place.what} at {place.where}" for place in sorted(stale.elements(), key=_order)),
    ]


def explained(section: str, path: Path = EXPLAINED) -> list[Explained]:
    """A section of the committed list. Raises ValueError for an entry without a reason."""
    entries = []
    for entry in json.loads(path.read_text())[section]:
        if not entry["reason"].strip():
            raise ValueError(f"{path}: {entry['what']} at {entry['where']} has no reason")
        entries.append(Explained(Place(entry["what"], entry["where"]), entry["reason"]))
    return entries


def _order(place: Place) -> tuple[str, str]:
    return place.what, place.where
