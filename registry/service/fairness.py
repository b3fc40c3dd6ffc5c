"""What one client may have of the work of `POST /v1/verify`: uploads at once, and processor time by and by."""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Final

from registry.errors import IntakeError

ADDRESSES_KEPT: Final = 10_000
# With less a document of some size would cost a process, which costs more than it had.
LEAST_SECONDS: Final = 0.2


class Shares:
    """Uploads and seconds of processor time, by address.

    Args:
        uploads: that one address may have verified at once.
        uploads_of_all: that all together may.
        seconds: of processor time that an address may have spent at once.
        rate: seconds of processor time that come back to it each second.
        clock: seconds that never go back.
    """

    def __init__(
        self,
        *,
        uploads: int,
        uploads_of_all: int,
        seconds: float,
        rate: float,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._uploads = uploads
        self._uploads_of_all = uploads_of_all
        self._seconds = seconds
        self._rate = rate
        self._clock = clock
        self._open: Counter[str] = Counter()
        # Seconds left and the moment they were counted, the least recently seen address first.
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def begin(self, address: str) -> None:
        """An upload of this address begins.

        Raises:
            IntakeError: code `busy` when too many are verified, `work-limit` when the address has none left.
        """
        if self._open.total() >= self._uploads_of_all:
            raise IntakeError("too many uploads are verified at this moment", remedy="Try again soon.", code="busy")
        if self._open[address] >= self._uploads:
            raise IntakeError(
                f"{self._uploads} uploads from this address are verified at this moment, the most at once",
                remedy="Send the next one when one of them is answered.",
                code="work-limit",
            )
        if self.left(address) < LEAST_SECONDS:
            raise IntakeError(
                "what was sent from this address took all the processor time that it is given for now",
                remedy="Wait a minute, or verify on your own machine with `testamur verify`.",
                code="work-limit",
            )
        self._open[address] += 1

    def end(self, address: str) -> None:
        """An upload of this address is answered."""
        self._open[address] -= 1
        if self._open[address] <= 0:
            del self._open[address]

    def left(self, address: str) -> float:
        """Seconds of processor time that the address may still have now."""
        seconds, counted_at = self._left.get(address, (self._seconds, self._clock()))
        return min(self._seconds, seconds + (self._clock() - counted_at) * self._rate)

    def spend(self, address: str, seconds: float) -> None:
        """So much was spent on what the address sent."""
        left = self.left(address) - seconds
        self._left.pop(address, None)
        self._left[address] = (left, self._clock())
        if len(self._left) > ADDRESSES_KEPT:
            self._left.popitem(last=False)
