"""Starts the workers of a port, puts another one in the place of one that dies, and has all of them end together.

All accept from one socket, which the supervisor opens and holds: what waits at it is lost with no worker. What is
asked of the program as a whole (is it alive, is it ready, its metrics) a worker asks the supervisor.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import secrets
import signal
import socket
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final

from prometheus_client.multiprocess import mark_process_dead

from registry.errors import SettingsError
from registry.http.workers.messages import Answered, Asked, End, Failed, Ping, Pong, Ready, Reply, Seat, Told

FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 30.0
STEADY_SECONDS: Final = 30.0
"""A worker that answered for so long is replaced at once when it dies."""
ANSWERS_SECONDS: Final = 2.0
"""A worker from which nothing is heard for so long answers nobody: it hangs, or was stopped."""
ENDING: Final = (signal.SIGTERM, signal.SIGINT)
"""By which the supervisor is asked to end; workers leave them alone."""
FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
"""Where Prometheus' client keeps what several processes count, and finds it."""

_log = logging.getLogger(__name__)
_spawning = multiprocessing.get_context("spawn")


@dataclass(slots=True)
class _Worker:
    """One that runs, or has ended and was not looked at."""

    number: int
    process: BaseProcess
    line: Connection
    lock: threading.Lock = field(default_factory=threading.Lock)
    ready_at: float | None = None
    error: Exception | None = None
    answers: threading.Event = field(default_factory=threading.Event)
    listening: threading.Thread = field(init=False)

    def send(self, what: Reply | End) -> None:
        with self.lock, suppress(OSError):
            self.line.send(what)

    def ping(self) -> None:
        """Have `answers` set once it answers; one that has not answered the last time is not asked again."""
        with self.lock, suppress(OSError):
            if self.answers.is_set():
                self.answers.clear()
                self.line.send(Ping())


class Supervisor:
    """Runs workers.

    Args:
        work: what a worker runs, in a module that it can import; gets `given` and its seat.
        given: for each worker, as it can be pickled.
        count: of workers.
        listener: what they accept from, bound; the first worker has it listen. Closed at the end.
        end_seconds: in which a worker has to end; what is left then is killed.
        answer: what is asked of the whole: called in a thread, once at a time for each question.
        started: called once all answer.
        heard: what a worker tells the program.
        ended: called when a worker has died and nobody had asked it to end.
    """

    def __init__(
        self,
        work: Callable[[Any, Seat], None],
        given: Any,
        count: int,
        listener: socket.socket,
        *,
        end_seconds: float,
        answer: Callable[[str], Answered],
        started: Callable[[], None] = lambda: None,
        heard: Callable[[object], None] = lambda _: None,
        ended: Callable[[], None] = lambda: None,
    ):
        self._work = work
        self._given = given
        self._count = count
        self._listener = listener
        self._end_seconds = end_seconds
        self._questions = _Questions(answer)
        self._started = started
        self._heard = heard
        self._ended = ended
        self._workers: dict[int, _Worker] = {}
        self._due: dict[int, float] = {}
        self._failures: Counter[int] = Counter()
        self._were_ready = False
        self._has_to_end = False
        self._woken, self._wake = os.pipe()
        os.set_blocking(self._wake, False)
        self.replaced = 0
        """How many have been put in the place of others."""

    @property
    def should_exit(self) -> bool:
        """Whether all are to end; may be set from a signal."""
        return self._has_to_end

    @should_exit.setter
    def should_exit(self, value: bool) -> None:
        self._has_to_end = value
        self._look_again()

    def answering(self) -> int:
        """How many answer: all are asked now, and have two seconds."""
        asked = self._ready()
        for worker in asked:
            worker.ping()
        end = time.monotonic() + ANSWERS_SECONDS
        return sum(worker.answers.wait(max(0.0, end - time.monotonic())) for worker in asked)

    @property
    def processes(self) -> list[int]:
        """The numbers of the processes that run."""
        return [worker.process.pid for worker in list(self._workers.values()) if worker.process.pid is not None]

    def run(self) -> None:
        """Run until `should_exit`.

        Raises:
            RegistryError: a worker cannot start, for a reason that it told, and no other one answers.
            RuntimeError: the same without a reason.
        """
        with _shared_folder() as folder:
            key = secrets.token_bytes(32)
            try:
                self._due = dict.fromkeys(range(self._count), 0.0)
                while not self._has_to_end:
                    self._start_due(folder, key)
                    self._wait()
                    self._bury()
            finally:
                self._has_to_end = True
                self._end()

    def _ready(self) -> list[_Worker]:
        return [worker for worker in list(self._workers.values()) if worker.ready_at is not None]

    def _start_due(self, folder: Path, key: bytes) -> None:
        now = time.monotonic()
        for number in [number for number, at in self._due.items() if at <= now]:
            del self._due[number]
            ours, theirs = _spawning.Pipe()
            seat = Seat(number, self._count, self._listener, theirs, folder, key)
            process = _spawning.Process(target=self._work, args=(self._given, seat), name=f"worker {number}")
            try:
                with _without_signals():
                    process.start()
            except OSError as error:
                ours.close()
                if not self._were_ready:
                    raise
                _log.error("worker %d cannot be started: %s", number, error)
                self._due[number] = now + LONGEST_PAUSE_SECONDS
                continue
            finally:
                theirs.close()
            self._workers[number] = worker = _Worker(number, process, ours)
            worker.listening = threading.Thread(target=self._listen, args=(worker,), name=process.name, daemon=True)
            worker.listening.start()

    def _wait(self) -> None:
        """Until a worker ends, one is due, or somebody wants to be heard."""
        pause = max(0.0, min(self._due.values()) - time.monotonic()) if self._due else None
        if self._woken in wait([self._woken, *(one.process.sentinel for one in self._workers.values())], pause):
            os.read(self._woken, 1024)
        if not self._were_ready and not self._has_to_end and len(self._ready()) == self._count:
            self._were_ready = True
            self._started()

    def _bury(self) -> None:
        """What has to be done for those that have died."""
        for worker in [one for one in self._workers.values() if not one.process.is_alive()]:
            if self._has_to_end:
                return
            self._forget(worker)
            lived = 0.0 if worker.ready_at is None else time.monotonic() - worker.ready_at
            self._failures[worker.number] = 0 if lived >= STEADY_SECONDS else self._failures[worker.number] + 1
            could_start = worker.ready_at is not None
            if not could_start and (not self._were_ready or not self._ready()):
                raise worker.error or RuntimeError(f"a worker could not start: {_how(worker.process)}")
            failures = self._failures[worker.number] - could_start
            pause = 0.0 if failures <= 0 else min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** (failures - 1))
            why = f"{_how(worker.process)}{'' if worker.error is None else f' ({worker.error})'}"
            what = "worker %d, process %s, %s; another one starts in %g s"
            _log.error(what, worker.number, worker.process.pid, why, pause)
            self._due[worker.number] = time.monotonic() + pause
            self.replaced += 1
            self._ended()

    def _forget(self, worker: _Worker) -> None:
        worker.process.join()
        # What it had told before is heard.
        worker.listening.join()
        del self._workers[worker.number]
        if FOLDER in os.environ:
            mark_process_dead(worker.process.pid)  # type: ignore[no-untyped-call]

    def _end(self) -> None:
        """All of them, by themselves if they do so in time."""
        # With the last one that holds it the door is closed, and who knocks is refused.
        self._listener.close()
        workers = list(self._workers.values())
        for worker in workers:
            worker.send(End())
        end = time.monotonic() + self._end_seconds
        for worker in workers:
            worker.process.join(max(0.0, end - time.monotonic()))
            if worker.process.is_alive():
                _log.error("worker %d, process %s, did not end in time", worker.number, worker.process.pid)
                worker.process.kill()
            self._forget(worker)

    def _listen(self, worker: _Worker) -> None:
        with worker.line, suppress(EOFError, OSError):
            while True:
                self._hear(worker, worker.line.recv())

    def _hear(self, worker: _Worker, said: object) -> None:
        match said:
            case Ready():
                worker.answers.set()
                worker.ready_at = time.monotonic()
                self._look_again()
            case Pong():
                worker.answers.set()
            case Failed(error):
                worker.error = error
            case Asked(number, what):
                self._questions.ask(what, lambda answered: worker.send(Reply(number, answered)))
            case Told(what):
                self._heard(what)

    def _look_again(self) -> None:
        with suppress(BlockingIOError):
            os.write(self._wake, b"\0")


class _Questions:
    """Asked in threads, each once at a time: who asks while one is answered waits for the next answer."""

    def __init__(self, answer: Callable[[str], Answered]):
        self._answer = answer
        self._lock = threading.Lock()
        self._waiting: dict[str, list[Callable[[Answered | None], None]]] = {}

    def ask(self, what: str, reply: Callable[[Answered | None], None]) -> None:
        with self._lock:
            is_asked = what in self._waiting
            self._waiting.setdefault(what, []).append(reply)
        if not is_asked:
            threading.Thread(target=self._work, args=(what,), name=f"answers {what}", daemon=True).start()

    def _work(self, what: str) -> None:
        while True:
            with self._lock:
                replies = self._waiting[what]
                if not replies:
                    del self._waiting[what]
                    return
                self._waiting[what] = []
            try:
                answered: Answered | None = self._answer(what)
            except Exception:
                _log.exception("%s could not be answered", what)
                answered = None
            for reply in replies:
                reply(answered)


@contextmanager
def _without_signals() -> Iterator[None]:
    """What is started here is not ended by a signal to all processes before it can leave that to its supervisor."""
    # Which lets signals through when it starts, so it has to run.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def counted_together() -> Iterator[None]:
    """Have this process, and those that it starts, count for Prometheus in one folder; begin before metrics are made.

    A folder that the environment names already is used as it is.
    """
    if FOLDER in os.environ:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="testamur-") as folder:
        os.environ[FOLDER] = folder
        try:
            yield
        finally:
            del os.environ[FOLDER]


@contextmanager
def _shared_folder() -> Iterator[Path]:
    """A folder for what workers share, which no other program can read."""
    with tempfile.TemporaryDirectory(prefix="testamur-") as folder:
        yield Path(folder)


def refuse_unable(count: int) -> None:
    """Refuse several workers where they cannot accept from one socket.

    Raises:
        SettingsError: code `workers`.
    """
    if count > 1 and not hasattr(socket, "AF_UNIX"):
        raise SettingsError(
            "several workers cannot share a port on Windows",
            remedy="Leave workers at 1, and put several processes, each at a port of its own, behind a proxy.",
            code="workers",
        )


def _how(process: BaseProcess) -> str:
    code = process.exitcode
    if code is not None and code < 0:
        with suppress(ValueError):
            return f"was ended by {signal.Signals(-code).name}"
    return f"has ended with exit code {code}"
