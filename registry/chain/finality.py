"""Whether a block that was final is another one now: a verdict that stops index and daemon, so it needs evidence.

One machine that is behind, or on a branch that the chain has left, shows another block for a moment, or none. That is
no reorganisation of what was final. `look_at` asks the endpoints; what follows is pure: looks in, a finding out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from registry.chain.rpc.client import ChainClient

LOOKS: Final = 3
LOOKS_SECONDS: Final = 60.0
"""Between the first and the last look at the same other block, so that a machine has the time to catch up."""
WITNESSES: Final = 2
"""Endpoints that have to show it, where several are configured."""


class Finding(StrEnum):
    """What a look came to.

    SAME: the block is as it was, wherever it is shown. DISAGREE: one endpoint says so, another one not. DOUBTFUL:
    another block was shown, not often, not long or not by enough. VIOLATED: it is another one.
    """

    SAME = "same"
    DISAGREE = "disagree"
    DOUBTFUL = "doubtful"
    VIOLATED = "violated"


@dataclass(frozen=True, slots=True)
class Look:
    """What the endpoints show at the height of a final block at one moment.

    Attributes:
        at: seconds that never go back.
        shown: hash of the block at that height by endpoint, None where it has none; without those that do not answer.
        endpoints: how many are configured.
        is_final: whether the chain calls that height final now; what is not can change.
    """

    at: float
    shown: Mapping[str, bytes | None]
    endpoints: int
    is_final: bool


def look_at(client: ChainClient, number: int, calls_final: Callable[[], bool]) -> Look:
    """What the endpoints show at a height now.

    Args:
        calls_final: whether the chain calls that height final now; asked after the block.

    Raises:
        ChainUnavailable: no answer.
    """
    blocks = client.block_by_endpoint(number)
    shown = {where: None if block is None else block.hash for where, block in blocks.items()}
    return Look(time.monotonic(), shown, len(client.endpoints()) or 1, calls_final())


class Evidence:
    """Looks at one final block, until one shows it as it was."""

    def __init__(self, *, looks: int = LOOKS, seconds: float = LOOKS_SECONDS):
        self._looks = looks
        self._seconds = seconds
        self._other: bytes | None = None
        self._first = 0.0
        self._counted = 0

    def clear(self) -> None:
        """The block was seen as it was."""
        self._other, self._counted = None, 0

    def add(self, known: bytes, look: Look) -> Finding:
        """What follows from one look more.

        Args:
            known: hash of the block that was final.
        """
        others = [found for found in look.shown.values() if found is not None and found != known]
        if known in look.shown.values():
            self.clear()
            return Finding.DISAGREE if others else Finding.SAME
        # Two that show two others do not agree either.
        agreed = others[0] if len(set(others)) == 1 and len(others) >= min(WITNESSES, look.endpoints) else None
        if agreed is None or not look.is_final:
            return Finding.DOUBTFUL
        if agreed != self._other:
            self._other, self._first, self._counted = agreed, look.at, 0
        self._counted += 1
        enough = self._counted >= self._looks and look.at - self._first >= self._seconds
        return Finding.VIOLATED if enough else Finding.DOUBTFUL
