"""How far an index is, in one line for a person at a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

from registry.chain.rpc.ahead import ReaderState
from registry.chain.rpc.patience import RATE_LIMITED
from registry.index.indexer import Indexer, Step
from registry.index.reader import Head

PERIOD_SECONDS: Final = 1.0
"""Over which rates are told, at least."""


class IndexProgress:
    """Makes a line of the steps of an indexer, once a second.

    Args:
        told: shows a line in the place of the one before.
        clock: seconds that never go back.

    Attributes:
        indexer: whose steps they are.
    """

    def __init__(self, told: Callable[[str], None], *, clock: Callable[[], float] = time.monotonic):
        self.indexer: Indexer | None = None
        self._told = told
        self._clock = clock
        self._before: tuple[float, int, int] | None = None

    def step(self, _step: Step, head: Head) -> None:
        """The indexer has taken a step, and is there now."""
        if self.indexer is None:
            return
        now, added = self._clock(), self.indexer.added
        if self._before is None:
            self._before = now, head.cursor.number, added
            return
        at, block, events = self._before
        if now - at < PERIOD_SECONDS:
            return
        self._before = now, head.cursor.number, added
        blocks_a_second = max(0, head.cursor.number - block) / (now - at)
        self._told(line(head, blocks_a_second, (added - events) / (now - at), self.indexer.reading()))


def line(head: Head, blocks: float, events: float, reading: Sequence[ReaderState]) -> str:
    """The line: where it is, how fast it was in the last second, and which endpoints are not asked now."""
    newest = max(head.seen, head.cursor.number)
    said = f"Block {head.cursor.number:,} of {newest:,}; {blocks:,.0f} blocks and {events:,.0f} events a second"
    if head.confirmed < head.cursor.number:
        said += f"; confirmed to {max(0, head.confirmed):,}"
    for state in reading:
        if state.why is not None:
            what = "limits requests" if state.why == RATE_LIMITED else f"rests ({state.why})"
            said += f"; {state.where} {what}, {state.rests:.0f} s"
    return said
