"""What of a run a person looks at before the root is confirmed: the first, the longest names, and every nth."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from anchor.books.issued import AWARD, IssuedRow, IssuedStore, Run
from anchor.issuing.holder_files import members_of

LONGEST_NAMES: Final = 6
"""The names that a page may have no room for."""
AT_INTERVALS: Final = 29
MOST_SHOWN: Final = 1 + LONGEST_NAMES + AT_INTERVALS


@dataclass(frozen=True, slots=True)
class Chosen:
    """A credential that is shown, and why."""

    row: IssuedRow
    why: str


def chosen_of(store: IssuedStore, run: Run) -> list[Chosen]:
    """The credentials of a run that are shown, in the order of the roster; of a granular one the first row's parts,
    too."""
    return choose(store.rows_of(run), run.credentials)


def choose(rows: Iterable[IssuedRow], count: int) -> list[Chosen]:
    """Some of the credentials: the first row with its parts, the longest names, and every nth.

    Args:
        rows: an award before its parts.
        count: how many there are, at most.
    """
    step = max(1, -(-count // AT_INTERVALS))
    shown: dict[str, Chosen] = {}
    longest: list[tuple[int, int, IssuedRow]] = []
    first: str | None = None
    for place, row in enumerate(rows):
        first = first or row.row_key
        if row.row_key == first:
            shown[row.credential_id] = Chosen(row, "first")
        elif place % step == 0:
            shown[row.credential_id] = Chosen(row, "all are shown" if step == 1 else f"1 of {step}")
        if row.part == AWARD:
            # Of names that are as long the first: what is shown of a run is always the same.
            heapq.heappush(longest, (_length(row), -place, row))
            if len(longest) > LONGEST_NAMES:
                heapq.heappop(longest)
    for _, _, row in longest:
        shown.setdefault(row.credential_id, Chosen(row, "long name"))
    return sorted(shown.values(), key=lambda each: (each.row.row_number, each.row.part != AWARD))


def name_of(row: IssuedRow) -> str:
    """The holder's name, as the credential has it."""
    return next(_names(row), "")


def _names(row: IssuedRow) -> Iterator[str]:
    for each in members_of(row)["credentialSubject"]["identifier"]:
        if each["identityType"] == "name":
            yield each["identityHash"]


def _length(row: IssuedRow) -> int:
    return len(name_of(row))
