"""How many questions one endpoint takes in one request: as many as it has not refused lately."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

MOST_TOGETHER: Final = 100
AGAIN_SECONDS: Final = 600.0
"""After which an endpoint that took fewer is tried with all again: its plan or the machine behind it may be another."""
FAILURES_THAT_TELL: Final = 2
"""In a row, of requests whose questions were answered one by one: once may be an accident."""


class Batches:
    """What was learnt of one endpoint; one question a request in the end.

    Args:
        clock: seconds that never go back.
    """

    def __init__(self, most: int = MOST_TOGETHER, *, clock: Callable[[], float] = time.monotonic):
        self._all = most
        self._most = most
        self._clock = clock
        self._learnt_at = clock()
        self._failures = 0

    @property
    def most(self) -> int:
        """Questions that may be asked in one request now."""
        if self._most < self._all and self._clock() - self._learnt_at > AGAIN_SECONDS:
            self._most = self._all
        return self._most

    def worked(self) -> None:
        """Several were answered together."""
        self._failures = 0

    def refused(self, tried: int) -> None:
        """The endpoint said that it does not take so many."""
        self._most, self._learnt_at, self._failures = max(1, tried // 2), self._clock(), 0

    def failed(self, tried: int) -> None:
        """So many had no answer together, and had one each by themselves."""
        self._failures += 1
        if self._failures >= FAILURES_THAT_TELL:
            self.refused(tried)
