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
from collections.abc import Iterator, Sequence
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
from registry.http.fairness import LEAST_SECONDS

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
TURN_SECONDS: Final = 0.1
"""After so much processor time a process is free for others, however many items it was given."""

_spawning = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an item, and what it cost in seconds of processor time.

    Attributes:
        item: a portfolio where the item is one and may be one.
    """

    item: ReadItem | Broken | Portfolio
    seconds: float


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a process is to read, as in `Readers.read_some`."""

    items: tuple[Submitted, ...]
    limits: Limits
    seconds: float
    together: float
    most_items: int


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
        (outcome,) = self.read_some([item], limits, seconds=seconds, together=seconds, most_items=most_items)
        return outcome

    def read_some(
        self, items: Sequence[Submitted], limits: Limits, *, seconds: float, together: float, most_items: int = 0
    ) -> list[Outcome]:
        """The first of the items, one at least: as many as a turn has time for, up to a portfolio or one that is ended.

        Args:
            seconds: of processor time that each may take, as in `read`.
            together: that all may take.
            most_items: of a portfolio that comes first; of others as many less as come before them.

        Raises:
            NoReader: as `read`.
        """
        reader, is_well, outcomes = self._free.get(), False, list[Outcome]()
        try:
            reader = self._alive(reader)
            is_well = reader.read(_Asked(tuple(items), limits, seconds, together, most_items), outcomes)
        finally:
            if not is_well:
                self._ended(reader)
            self._free.put(reader if is_well else None)
        if not is_well and len(outcomes) < len(items):
            given = min(seconds, together - sum(each.seconds for each in outcomes))
            outcomes.append(Outcome(too_much_work(items[len(outcomes)].name, given), given + REPLACING_SECONDS))
        return outcomes

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

    def read(self, asked: _Asked, outcomes: list[Outcome]) -> bool:
        """Add the outcomes as they come; whether the process kept to its limits and lives."""
        try:
            self._pipe.send(asked)
            while self._pipe.poll(LEAST_WAIT_SECONDS + MOST_WAIT_FACTOR * asked.seconds):
                found = self._pipe.recv()
                if found is None:
                    return True
                if not isinstance(found, Outcome):
                    return False
                outcomes.append(found)
        except (EOFError, OSError):
            pass
        return False

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
    """In the process: read what comes, one item after another, and tell of each when it is read."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the server, which ends this one
    leave_session()
    _limit_memory(memory_bytes)
    pipe.send(READY)
    while True:
        try:
            asked: _Asked = pipe.recv()
        except (EOFError, OSError):
            return
        for outcome in _outcomes(asked):
            pipe.send(outcome)
        pipe.send(None)


def _outcomes(asked: _Asked) -> Iterator[Outcome]:
    """In the process: read the first of the items, for as long as a turn takes."""
    spent = 0.0
    for number, item in enumerate(asked.items):
        most_items = max(asked.most_items - number, 1) if asked.most_items else 0
        outcome = _outcome(item, asked.limits, min(asked.seconds, asked.together - spent), most_items)
        yield outcome
        spent += outcome.seconds
        # How many items others may hold is known only when those of this one are counted.
        is_portfolio = isinstance(outcome.item, Portfolio)
        if spent >= TURN_SECONDS or asked.together - spent < LEAST_SECONDS or is_portfolio:
            return


def _outcome(item: Submitted, limits: Limits, seconds: float, most_items: int) -> Outcome:
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
    return outcome


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
