"""How much may be asked of the chain for strangers: so much a second, and some at once."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Allowance:
    """Fills up with time, and is taken from; for several threads.

    Args:
        a_second: how much comes in.
        most: that it holds, and begins with.
        clock: seconds that never go back.
    """

    def __init__(self, a_second: float, most: float, clock: Callable[[], float]):
        self._a_second, self._most, self._clock = a_second, most, clock
        self._lock = threading.Lock()
        self._left, self._counted_at = most, clock()

    def take(self) -> bool:
        """Take one; whether there was one left."""
        with self._lock:
            now = self._clock()
            self._left = min(self._most, self._left + (now - self._counted_at) * self._a_second)
            self._counted_at = now
            if self._left < 1:
                return False
            self._left -= 1
            return True
