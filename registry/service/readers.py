"""Processes that read documents of strangers, so that a document made to be slow takes nothing from lookups.

Each works at low priority under a limit of processor time and memory. One that goes beyond is killed and replaced, and
the document is one that could not be checked; the process that answers lookups only waits.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final

from registry.credential.digest import Limits
from registry.document.portfolio import Portfolio
from registry.document.projection import MOST_VALUES, projected
from registry.document.submitted import Broken, ReadItem, Submitted, portfolio_in, read_item
from registry.errors import RegistryError

MEMORY_BYTES: Final = 1 << 30
NICENESS: Final = 10
READERS: Final = 1
# What it costs to start a process in place of one that was ended; whoever had it ended pays for it.
REPLACING_SECONDS: Final = 0.5
# A machine that is busy otherwise gives a process at low priority little; this ends waiting for one that hangs.
MOST_WAIT_FACTOR: Final = 20
LEAST_WAIT_SECONDS: Final = 10.0
# A process at low priority imports for long on a machine that is busy otherwise.
START_SECONDS: Final = 60.0
READY: Final = "ready"

_spawning = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an item, and what it cost in seconds of processor time.

    Attributes:
        item: a portfolio where the item is one and may be one.
    """

    item: ReadItem | Broken | Portfolio
    seconds: float


def read_for_checks(item: Submitted, limits: Limits) -> ReadItem | Broken:
    """Read one item of an upload, as far as the checks look at it (`registry.document.projection`).

    Args:
        limits: for each JSON text in it.
    """
    found = read_item(item, limits)
    if isinstance(found, Broken) or found.reading is None:
        return found
    reading = projected(found.reading)
    return too_many_values(item.name) if reading is None else replace(found, reading=reading)


class Readers:
    """A few processes; any thread may have an item read, and waits for a process that is free.

    Args:
        count: processes; each is started when it is needed first.
        memory_bytes: that each may use.
    """

    def __init__(self, count: int, *, memory_bytes: int = MEMORY_BYTES):
        self.count = count
        self._free: queue.LifoQueue[_Reader | None] = queue.LifoQueue()
        for _ in range(count):
            self._free.put(None)
        self._memory = memory_bytes
        self._all: set[_Reader] = set()

    def read(self, item: Submitted, limits: Limits, *, seconds: float, most_items: int = 0) -> Outcome:
        """The item, read in one of the processes.

        Args:
            seconds: of processor time that it may take; beyond that it is *could not be checked* (`too-much-work`).
            most_items: of a portfolio; 0 to read one as a document.

        Raises:
            NoReader: no process can be started here now, which is not the fault of whoever sent it.
        """
        reader, outcome = self._free.get(), None
        try:
            reader = self._alive(reader)
            outcome = reader.read(item, limits, seconds, most_items)
        finally:
            if outcome is None:
                self._ended(reader)
            self._free.put(reader if outcome is not None else None)
        return outcome or Outcome(too_much_work(item.name, seconds), seconds + REPLACING_SECONDS)

    def ready(self) -> None:
        """Make sure that there is a process.

        Raises:
            NoReader: none can be started.
        """
        if any(reader.is_alive for reader in list(self._all)):
            return
        reader, started = self._free.get(), None
        try:
            started = self._alive(reader)
        finally:
            self._free.put(started)

    def close(self) -> None:
        """End all processes; one that is needed again is started again."""
        for reader in list(self._all):
            self._ended(reader)

    def _alive(self, reader: _Reader | None) -> _Reader:
        if reader is None or not reader.is_alive:
            self._ended(reader)
            reader = _Reader(self._memory)
            self._all.add(reader)
        return reader

    def _ended(self, reader: _Reader | None) -> None:
        if reader is not None:
            self._all.discard(reader)
            reader.end()


@cache
def shared_readers() -> Readers:
    """The processes of whoever has none of its own."""
    return Readers(READERS)


class NoReader(RegistryError):
    """A process that reads what strangers send cannot be started: descriptors, processes or memory ran out."""

    default_code = "no-reader"
    stranger_sentence = "documents cannot be read here at this moment"


class _Reader:
    """One process and the pipe to it.

    Raises:
        NoReader: it cannot be started.
    """

    def __init__(self, memory_bytes: int):
        try:
            self._pipe, theirs = _spawning.Pipe()
        except OSError as error:
            raise _no_reader(error) from None
        self._process: BaseProcess = _spawning.Process(
            target=_work, args=(theirs, memory_bytes), name="reader", daemon=True
        )
        try:
            self._process.start()
        except OSError as error:
            self._pipe.close()
            raise _no_reader(error) from None
        finally:
            theirs.close()
        step_back(self._process.pid)
        if not self._has_started():
            self.end()
            raise _no_reader("it ended before it could read")

    def _has_started(self) -> bool:
        """Whether it says that it can read."""
        try:
            return self._pipe.poll(START_SECONDS) and self._pipe.recv() == READY
        except (EOFError, OSError):
            return False

    def read(self, item: Submitted, limits: Limits, seconds: float, most_items: int) -> Outcome | None:
        """The outcome; None when the process went beyond its limits or broke."""
        try:
            self._pipe.send((item, limits, seconds, most_items))
            if not self._pipe.poll(LEAST_WAIT_SECONDS + MOST_WAIT_FACTOR * seconds):
                return None
            found = self._pipe.recv()
        except (EOFError, OSError):
            return None
        return found if isinstance(found, Outcome) else None

    @property
    def is_alive(self) -> bool:
        return self._process.is_alive()

    def end(self) -> None:
        self._process.kill()
        self._process.join()
        self._pipe.close()


def _no_reader(why: object) -> NoReader:
    return NoReader(f"no process that reads documents can be started: {why}", remedy="See what the machine has left.")


def too_much_work(name: str, seconds: float) -> Broken:
    """An item that would cost more than is spent on it."""
    what = f"Reading it takes more than the {seconds:g} seconds of processor time or the memory that it is given."
    return Broken(name, "too-much-work", what, "Verify it on your own machine with `testamur verify`.")


def too_many_values(name: str) -> Broken:
    """An item of which the checks would have to look at too much."""
    what = f"Its issuer, dates, status, achievements and proofs hold more than {MOST_VALUES:,} values."
    return Broken(name, "too-much-work", what, "Verify it on your own machine with `testamur verify`.")


def _work(pipe: Connection, memory_bytes: int) -> None:
    """In the process: read what comes, one at a time."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the server, which ends this one
    leave_session()
    _limit_memory(memory_bytes)
    pipe.send(READY)
    while True:
        try:
            item, limits, seconds, most_items = pipe.recv()
        except (EOFError, OSError):
            return
        _limit_time(seconds)
        began = time.process_time()
        try:
            apart = portfolio_in(item, most_items) if most_items else None
            if isinstance(apart, Portfolio):
                # Nothing is judged by them, and a stranger may put anything there.
                apart = replace(apart, achievements=(), links=())
            found = read_for_checks(item, limits) if apart is None else apart
        except (MemoryError, RecursionError):
            found = too_much_work(item.name, seconds)
        outcome = Outcome(found, time.process_time() - began)
        _limit_time(0)
        pipe.send(outcome)


def step_back(pid: int | None) -> None:
    """Have a process let others go first, from its first moment: what it imports costs more than most documents."""
    if pid is not None and hasattr(os, "setpriority"):
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, pid, NICENESS)
            if hasattr(os, "sched_setscheduler"):
                os.sched_setscheduler(pid, os.SCHED_BATCH, os.sched_param(0))


def leave_session() -> None:
    """Have this process count apart from the server where Linux divides processors among sessions first.

    There, priorities compare the processes of one session only, and what a reader takes is missing from the server's
    share when other programs want the processor too.
    """
    with suppress(AttributeError, OSError):
        os.setsid()
        Path("/proc/self/autogroup").write_text(str(NICENESS), encoding="ascii")


def _limit_time(seconds: float) -> None:
    """Have the kernel end this process after so much processor time; 0 for no limit."""
    if hasattr(signal, "setitimer"):
        # Without a handler the signal kills, also in the middle of a library's C code.
        signal.setitimer(signal.ITIMER_PROF, seconds)


def _limit_memory(most: int) -> None:
    with suppress(ImportError, ValueError, OSError):  # Windows has no such limit, and macOS does not keep it
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (most, most))
