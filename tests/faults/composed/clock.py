"""One clock for a node and many processes, that moves only when the driver moves it.

It lies in a page of memory that all of them map. A process that has `install`ed it reads it as the time of day (plus an
offset, for a clock that is set wrong) and as the monotonic clock, and its pauses end when the clock has come that far.
Each loop tells in the page until when it pauses, so that the driver can wait until all have done what was due.
"""

from __future__ import annotations

import asyncio
import mmap
import struct
import sys
import threading
import time
from collections.abc import Iterable
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any, Final, SupportsIndex

PLACES: Final = 64
LOOPS: Final = 8
_CLOCK, _OFFSET, _SLOTS = 0, 8, 16
_SIZE: Final = _SLOTS + PLACES * LOOPS * 8
DRIFT: Final = 1e-6
BUSY: Final = -1.0
GLANCE_SECONDS: Final = 0.002
# Shorter pauses are between two tries of one and the same thing, and pass as they do everywhere.
SHORT_SECONDS: Final = 0.25

real_monotonic, real_sleep, real_wait = time.monotonic, time.sleep, threading.Event.wait


class Page:
    """The clock, and who pauses until when. Seconds since 1970 throughout."""

    def __init__(self, path: Path):
        if not path.exists():
            path.write_bytes(bytes(_SIZE))
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), _SIZE)

    @property
    def now(self) -> float:
        return self._get(_CLOCK)

    @now.setter
    def now(self, seconds: float) -> None:
        self._set(_CLOCK, seconds)

    @property
    def offset(self) -> float:
        """How far the time of day is off."""
        return self._get(_OFFSET)

    @offset.setter
    def offset(self, seconds: float) -> None:
        self._set(_OFFSET, seconds)

    def pauses_until(self, place: int, loop: int, deadline: float) -> None:
        """A loop of the process at a place pauses until then; `BUSY` while it does not."""
        self._set(self._slot(place, loop), deadline)

    def vacate(self, place: int) -> None:
        """The process there has ended."""
        start = self._slot(place, 0)
        self._memory[start : start + 8 * LOOPS] = bytes(8 * LOOPS)

    def is_due(self, places: Iterable[int]) -> bool:
        """Whether a loop there is at work, or has slept long enough."""
        now = self.now
        deadlines = (self._get(self._slot(place, loop)) for place in places for loop in range(LOOPS))
        return any(deadline != 0.0 and deadline <= now for deadline in deadlines)

    def _slot(self, place: int, loop: int) -> int:
        return _SLOTS + 8 * (place * LOOPS + loop)

    def _get(self, at: int) -> float:
        return float(struct.unpack_from("<d", self._memory, at)[0])

    def _set(self, at: int, value: float) -> None:
        struct.pack_into("<d", self._memory, at, value)


class Pauses:
    """The pauses of this process: each thread that pauses a second time is a loop."""

    def __init__(self, page: Page):
        self.page = page
        self.place: int | None = None
        self._own = threading.local()
        self._free = list(range(1, LOOPS))
        self._lock = threading.Lock()

    def begin(self, place: int, *, main_counts: bool) -> None:
        """From now on this is the process at that place; its main thread is waited for where that counts."""
        self.place = place
        if main_counts:
            self._own.loop = 0
            self.page.pauses_until(place, 0, BUSY)

    def wait(self, event: threading.Event, timeout: float) -> bool:
        """As `Event.wait`, by the driven clock."""
        deadline = self.page.now + timeout
        loop = self._loop()
        self._tell(loop, deadline)
        try:
            while self.page.now < deadline:
                if real_wait(event, GLANCE_SECONDS):
                    return True
            return event.is_set()
        finally:
            self._tell(loop, BUSY)

    def _loop(self) -> int | None:
        own = self._own
        if not hasattr(own, "loop"):
            own.times = getattr(own, "times", 0) + 1
            if own.times < 2:
                return None
            with self._lock:
                own.loop = self._free.pop() if self._free else None
        found: int | None = own.loop
        return found

    def _tell(self, loop: int | None, deadline: float) -> None:
        if loop is not None and self.place is not None:
            self.page.pauses_until(self.place, loop, deadline)


def install(page: Page) -> Pauses:
    """Have this process live by the page; before the program is imported."""
    pauses = Pauses(page)
    never = threading.Event()

    def wait(self: threading.Event, timeout: float | None = None) -> bool:
        if timeout is None or timeout < SHORT_SECONDS:
            return real_wait(self, timeout)
        return pauses.wait(self, timeout)

    def sleep(seconds: SupportsIndex | float) -> None:
        if float(seconds) < SHORT_SECONDS:
            real_sleep(seconds)
        else:
            pauses.wait(never, float(seconds))

    time.time = lambda: page.now + page.offset
    time.time_ns = lambda: int((page.now + page.offset) * 10**9)
    # No two readings of a monotonic clock are the same for long, even while the driven one stands.
    time.monotonic = lambda: page.now + DRIFT * real_monotonic()
    time.sleep = sleep
    threading.Event.wait = wait  # type: ignore[method-assign]
    # What a server waits for on its sockets comes when it comes.
    asyncio.BaseEventLoop.time = lambda self: real_monotonic()  # type: ignore[method-assign]
    return pauses


def install_dates(page: Page, packages: tuple[str, ...]) -> None:
    """The same for `datetime.now`, in the modules of these packages that are loaded."""

    class OfAll(type):
        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, datetime)

    class Driven(datetime, metaclass=OfAll):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return datetime.fromtimestamp(page.now + page.offset, tz)

    for name, module in list(sys.modules.items()):
        if name.split(".")[0] in packages and getattr(module, "datetime", None) is datetime:
            module.datetime = Driven  # type: ignore[attr-defined]
