"""Asking again where an endpoint limits requests: for a person's command, which has nothing else to do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeVar

from registry.errors import ChainUnavailable

FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 8.0
"""Where the endpoint does not say for how long."""
RATE_LIMITED: Final = "chain-rate-limited"

T = TypeVar("T")


class Patience:
    """Waits as long as the endpoint asks to, up to so many seconds for one question.

    Once that was in vain, questions are asked once each until one is answered: a thousand of them do not wait a
    thousand times.

    Args:
        seconds: 0 for none, where whoever asks has a pause of its own.
        sleep: waits so many seconds.
    """

    def __init__(self, seconds: float = 0.0, *, sleep: Callable[[float], None] = time.sleep):
        self.seconds = seconds
        self._sleep = sleep
        self._is_used_up = False

    @property
    def is_left(self) -> bool:
        """Whether the next question is waited for."""
        return self.seconds > 0 and not self._is_used_up

    def answer(self, ask: Callable[[], T], *, most: int | None = None) -> T:
        """What is answered in the end.

        Args:
            most: times to ask; where that is used up, time is left for asking in another way.

        Raises:
            ChainUnavailable: no answer; where it was waited for, the sentence says for how long.
        """
        waited, pause, asked = 0.0, FIRST_PAUSE_SECONDS, 0
        while True:
            try:
                asked += 1
                found = ask()
            except ChainUnavailable as error:
                wanted = max(pause, error.retry_after or 0.0)
                if not _is_over_by_itself(error):
                    raise
                if self._is_used_up or waited + wanted > self.seconds:
                    self._is_used_up = True
                    if waited:
                        error.what += f"; it was waited for {waited:.0f} seconds"
                    raise
                if asked == most:
                    raise
                self._sleep(wanted)
                waited += wanted
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            else:
                self._is_used_up = False
                return found


def _is_over_by_itself(error: ChainUnavailable) -> bool:
    return error.code == RATE_LIMITED or (error.code == "chain-http-status" and error.retry_after is not None)
