"""Waiting for a condition, with a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 2.0


def wait_for(probe: Callable[[], T | None], timeout: float) -> T | None:
    """Ask until there is an answer, at growing intervals; None when there was none within `timeout` seconds."""
    deadline = time.monotonic() + timeout
    pause = FIRST_PAUSE_SECONDS
    while (answer := probe()) is None:
        left = deadline - time.monotonic()
        if left <= 0:
            return None
        time.sleep(min(pause, left))
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
    return answer
