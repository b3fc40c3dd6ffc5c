"""Loops that run beside the server, each in a thread: when one ends unasked, that is told, and all of them end."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from anchor.notices.notices import Notices

ENDS_SECONDS: Final = 60.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Loop:
    """Something that runs until it is asked to stop."""

    name: str
    run: Callable[[], None]
    stop: Callable[[], None]


class Loops:
    """Runs loops in threads.

    Args:
        asked: whether the process has been asked to end, or has to for a reason that was told.
        end: asks the whole process to end: without one of its loops it is of no use, however well its server answers.

    Attributes:
        fault: what ended the first one that nobody had asked to end.
    """

    def __init__(self, loops: Sequence[Loop], notices: Notices, *, asked: Callable[[], bool], end: Callable[[], None]):
        self._loops = loops
        self._notices = notices
        self._asked = asked
        self._end = end
        self._threads = [threading.Thread(target=self._run, args=(loop,), name=loop.name) for loop in loops]
        self.fault: BaseException | None = None

    def start(self) -> None:
        """Start all of them."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Have all of them end after what they are at, and wait for that."""
        for loop in self._loops:
            loop.stop()
        for thread in self._threads:
            thread.join(ENDS_SECONDS)

    def watch(self, name: str, run: Callable[[], None]) -> None:
        """Run something here in the same way; nothing is raised."""
        try:
            run()
            if not self._may_end:
                raise RuntimeError("it ended by itself")
        except BaseException as error:
            self._failed(name, error)
        finally:
            self._end()

    @property
    def _may_end(self) -> bool:
        return self._asked() or self.fault is not None

    def _run(self, loop: Loop) -> None:
        self.watch(loop.name, loop.run)

    def _failed(self, name: str, error: BaseException) -> None:
        if self._may_end:
            _log.warning("%s ended with an error when it was asked to end", name, exc_info=error)
            return
        _log.critical("%s has ended", name, exc_info=error)
        why = (str(error).splitlines() or [""])[0]
        self._notices.tell("loop-ended", loop=name, code=type(error).__name__, why=why)
        self.fault = error
