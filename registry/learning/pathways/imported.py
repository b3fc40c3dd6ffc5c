"""What importers of pathways have in common. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from registry.frameworks.model import Fault
from registry.learning.pathways.model import MAX_PARTS, MAX_URI
from registry.untrusted.text import terminal_text

LONGEST_NOTE: Final = MAX_URI


def noted(faults: Iterable[Fault]) -> tuple[str, ...]:
    """What could not be taken over, as lines for the pathway's file; of very many, the last line says how many."""
    lines = [terminal_text(" ".join(str(each).split()), LONGEST_NOTE) for each in faults]
    found = list(dict.fromkeys(each for each in lines if each))
    if len(found) > MAX_PARTS:
        found = [*found[: MAX_PARTS - 1], f"and {len(found) - MAX_PARTS + 1:,} more"]
    return tuple(found)
