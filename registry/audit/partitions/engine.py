"""Where the units of an audit are done: in this process, or in several processes of this machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from threading import Thread
from typing import Final, Protocol

from registry.audit.partitions.units import Outcome, Unit, check_unit, check_unit_at, lost
from registry.trees.store import TreeStore

MOST_DEATHS: Final = 3
"""Processes that may end over the units of an audit, before what is left of it is not checked."""
AHEAD: Final = 2  # units that wait for each process, so that none waits for the next


class Engine(Protocol):
    """Does units of an audit.

    Attributes:
        is_elsewhere: whether it reads trees where other storage may stand under the same name.
    """

    is_elsewhere: bool

    def outcomes(self, trees: TreeStore, place: str, units: Iterable[Unit]) -> Iterator[tuple[Outcome, ...]]:
        """What the parts of each unit come to, unit by unit in their order.

        Whatever happens to a unit, there is an outcome for each of its parts: where it was not done, a `Failed` that
        says why.

        Args:
            trees: as they are read in this process.
            place: where others read them.
        """


class InProcess:
    """One unit after the other, in this process."""

    is_elsewhere = False

    def outcomes(self, trees: TreeStore, place: str, units: Iterable[Unit]) -> Iterator[tuple[Outcome, ...]]:  # noqa: ARG002 - as `Engine`
        """As in `Engine`."""
        for unit in units:
            yield check_unit(trees, unit)


class Processes:
    """Several processes of this machine.

    Args:
        workers: how many.
    """

    is_elsewhere = False

    def __init__(self, workers: int):
        self._workers = workers

    def outcomes(self, trees: TreeStore, place: str, units: Iterable[Unit]) -> Iterator[tuple[Outcome, ...]]:
        """As in `Engine`. When a process ends, what was under way is begun anew in other ones."""
        left = deque(units)
        if len(left) == 1:
            # Another process takes longer to start than this one takes for it.
            yield from InProcess().outcomes(trees, place, left)
            return
        deaths = 0
        while left and deaths <= MOST_DEATHS:
            try:
                # Spawned: this process has threads, whose locks a fork would copy.
                with ProcessPoolExecutor(self._workers, multiprocessing.get_context("spawn"), _begin_apart) as pool:
                    for outcomes in _ahead(pool, place, left, AHEAD * self._workers):
                        left.popleft()
                        yield outcomes
            except BrokenProcessPool:
                deaths += 1
        for unit in left:
            yield lost(unit, f"{deaths} processes that checked trees ended before they were done")


def _begin_apart() -> None:
    """Leave Ctrl+C to the command, which lets the units under way come to their end; and end when it does, however."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    if (parent := multiprocessing.parent_process()) is not None:
        parent.join()
        os._exit(1)


def _ahead(pool: ProcessPoolExecutor, place: str, units: Iterable[Unit], most: int) -> Iterator[tuple[Outcome, ...]]:
    pending: deque[Future[tuple[Outcome, ...]]] = deque()
    try:
        for unit in list(units):
            pending.append(pool.submit(check_unit_at, place, unit))
            if len(pending) > most:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        for each in pending:
            each.cancel()
