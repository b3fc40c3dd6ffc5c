"""Files looked into in processes beside this one, in the order of their paths: for folders that take longer than to
start them.

This process does the same while it waits. One that dies costs the one file that it died of, which could not be checked.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Final

from anchor.verifying.one_file import One, broken
from registry.document.submitted import Broken
from registry.verify.checks import Verdict

FILES_A_PIECE: Final = 48
FILES_HERE: Final = 8
"""After so many files of its own, this process looks whether another one has nothing to do."""
PIECES_AHEAD: Final = 8
"""For each process: what is done before its turn has come is in memory."""
ENDED: Final = "reader-ended"

Work = Callable[[Path], One | None]
"""What is done with a file; it is sent to each process once."""

_spawning = multiprocessing.get_context("spawn")


def read_apart(paths: Iterable[Path], work: Work, processes: int) -> Generator[tuple[Path, One | None]]:
    """The paths, and what came of the work on each.

    However it ends, the processes end with it: close it where it is not read to its end.

    Args:
        processes: started at once, beside this one.
    """
    crew = _Crew(paths, work)
    try:
        crew.start(processes)
        yield from crew.done()
    finally:
        crew.end()


class _Piece:
    """Files, and what came of them when they are done."""

    def __init__(self, paths: list[Path]):
        self.paths = paths
        self.found: list[One | None] | None = None


class _Crew:
    """The processes that are at work, and the pieces that were taken and not told yet, in their order."""

    def __init__(self, paths: Iterable[Path], work: Work):
        self._source = iter(paths)
        self._work = work
        self._readers: list[_Process] = []
        self._taken: deque[_Piece] = deque()
        self._most = 0

    def start(self, processes: int) -> None:
        with suppress(OSError):  # no more processes are to be had; without any, all is done here
            for _ in range(processes):
                self._readers.append(_Process(self._work))
        self._most = PIECES_AHEAD * (processes + 1)

    def done(self) -> Iterator[tuple[Path, One | None]]:
        """All of them, in their order."""
        while True:
            self._look()
            while self._taken and self._taken[0].found is not None:
                piece = self._taken.popleft()
                for number, one in enumerate(zip(piece.paths, piece.found or (), strict=True), start=1):
                    yield one
                    if not number % FILES_HERE:  # whoever asked may have taken its time
                        self._look()
            if (own := self._next(FILES_HERE)) is not None:
                own.found = [self._work(path) for path in own.paths]
            elif not self._taken:
                return
            elif self._taken[0].found is None:
                self._look(wait_for_one=True)

    def _next(self, count: int) -> _Piece | None:
        """The files that come next; None where there are none, or enough are taken."""
        if len(self._taken) >= self._most or not (paths := list(islice(self._source, count))):
            return None
        self._taken.append(_Piece(paths))
        return self._taken[-1]

    def _look(self, *, wait_for_one: bool = False) -> None:
        """Take what processes have done, and give something to those that have nothing to do."""
        awaited = [reader.pipe for reader in self._readers if reader.is_awaited]
        ready = wait(awaited, None if wait_for_one else 0) if awaited else []
        for reader in [each for each in self._readers if each.pipe in ready]:
            if not reader.take():
                self._readers.remove(reader)
                reader.end()
        for reader in self._readers:
            if not reader.is_awaited and (piece := self._next(FILES_A_PIECE)) is not None:
                reader.give(piece)

    def end(self) -> None:
        for reader in self._readers:
            reader.end()


class _Process:
    """One process and the pipe to it; another one takes its place where it dies of a file.

    Attributes:
        is_awaited: whether something will come through the pipe: that it has started, or what is in a piece. It is
            given one at a time: with a second one, both ends of the pipe could wait for each other.
    """

    def __init__(self, work: Work):
        self._work = work
        self._piece: _Piece | None = None
        self._start()

    def _start(self) -> None:
        self.is_awaited = True
        self.pipe, theirs = _spawning.Pipe()
        self._process = _spawning.Process(target=_serve, args=(theirs, self._work), name="reader", daemon=True)
        try:
            with _without_interrupts():
                self._process.start()
        finally:
            theirs.close()

    def give(self, piece: _Piece) -> None:
        """Have files read; whether it lives to do so, `take` tells."""
        self._piece, self.is_awaited = piece, True
        self._send(piece.paths)

    def take(self) -> bool:
        """Take what came; whether the process can be used from now on."""
        piece, self._piece, self.is_awaited = self._piece, None, False
        try:
            found = self._receive()
        except (EOFError, OSError):
            return piece is not None and self._one_by_one(piece)
        if piece is not None:
            piece.found = found
        return True

    def _one_by_one(self, piece: _Piece) -> bool:
        """Have files read of which one ended the process, by others in its place; whether there is one still.

        Where none can be started, none of the others is read here: whichever it was would end this process.
        """
        piece.found = []
        for path in piece.paths:
            found = None
            with suppress(EOFError, OSError):
                if not self._process.is_alive():
                    self._again()
                self._send([path])
                found = self._receive()
            piece.found += [_ended(path)] if found is None else found
        return self._process.is_alive()

    def _again(self) -> None:
        self.end()
        self._start()
        self._receive()
        self.is_awaited = False

    def _send(self, paths: list[Path]) -> None:
        with suppress(OSError):
            self.pipe.send(paths)

    def _receive(self) -> list[One | None]:
        """What came; of a process that died, after it is gone."""
        try:
            found: list[One | None] = self.pipe.recv()
        except (EOFError, OSError):
            self._process.join()
            raise
        return found

    def end(self) -> None:
        """It reads nothing more."""
        if self._process.pid is not None:  # else it could not be started
            self._process.kill()
            self._process.join()
        self.pipe.close()


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """What is started here does not hear Ctrl+C, from its first moment: it is for the command, which ends this one."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _ended(path: Path) -> Verdict:
    what = "The process that read it ended: it took more memory than there is, or was killed."
    return broken(Broken(str(path), code=ENDED, what=what, remedy="Verify it by itself."))


def _serve(pipe: Connection, work: Work) -> None:
    """In the process: say that it has started, and do what comes, until the other end is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # where it was not kept from it before
    with suppress(EOFError, OSError):
        pipe.send([])
        while True:
            paths = pipe.recv()
            pipe.send([work(path) for path in paths])
