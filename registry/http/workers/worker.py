"""One of several processes at a port: it serves until its supervisor says so, or is gone."""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Final

from registry.errors import RegistryError
from registry.http.server import Front, Server
from registry.http.workers.messages import Answered, Asked, End, Failed, Ping, Pong, Ready, Reply, Seat, Told
from registry.http.workers.supervisor import ENDING

ANSWER_SECONDS: Final = 5.0

_log = logging.getLogger(__name__)


class Link:
    """The line to the supervisor. Any thread may use it.

    Args:
        line: of the seat.
    """

    def __init__(self, line: Connection):
        self._line = line
        self._lock = threading.Lock()
        self._waiting: dict[int, Future[Answered | None]] = {}
        self._asked = 0

    def listen(self, loop: asyncio.AbstractEventLoop, end: Callable[[], None]) -> None:
        """Hear from now on what the supervisor says.

        Args:
            loop: in which requests are answered.
            end: called when this process has to end, also since the supervisor is gone.
        """
        threading.Thread(target=self._listen, args=(loop, end), name="supervisor", daemon=True).start()

    def send(self, what: Ready | Failed | Told | Asked | Pong) -> None:
        """Say something; nothing where the supervisor is gone, since this process ends then."""
        with self._lock, suppress(OSError):
            self._line.send(what)

    def tell(self, what: object) -> None:
        """Hand something that can be pickled to the supervisor's program."""
        self.send(Told(what))

    async def answered(self, what: str, *, seconds: float = ANSWER_SECONDS) -> Answered | None:
        """What the supervisor answers to a question; None when nothing came in time."""
        reply: Future[Answered | None] = Future()
        with self._lock:
            self._asked += 1
            number = self._asked
            self._waiting[number] = reply
        self.send(Asked(number, what))
        try:
            return await asyncio.wait_for(asyncio.wrap_future(reply), seconds)
        except TimeoutError:
            return None
        finally:
            with self._lock:
                self._waiting.pop(number, None)

    def _listen(self, loop: asyncio.AbstractEventLoop, end: Callable[[], None]) -> None:
        with suppress(EOFError, OSError):
            while True:
                match self._line.recv():
                    case End():
                        end()
                    case Ping():
                        # A loop that is closed answers nobody.
                        with suppress(RuntimeError):
                            loop.call_soon_threadsafe(self.send, Pong())
                    case Reply(number, answered):
                        self._reply(number, answered)
        end()

    def _reply(self, number: int, answered: Answered | None) -> None:
        with self._lock:
            waiting = self._waiting.pop(number, None)
        if waiting is not None and waiting.set_running_or_notify_cancel():
            waiting.set_result(answered)


def run_worker(seat: Seat, front_of: Callable[[Link], Front], *, linger: float) -> None:
    """Serve at a seat; returns when all requests are answered.

    Signals are the supervisor's: a terminal and a service manager send them to every process, and each worker that
    left by itself would take connections with it that wait at the port of all.

    Args:
        front_of: makes what is served; a RegistryError from it is told to the supervisor.
        linger: as of `Server`.
    """
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
    # It was started without them, so that none could end it before.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
    link = Link(seat.line)
    try:
        front = front_of(link)
    except RegistryError as error:
        link.send(Failed(_as_sent(error)))
        raise SystemExit(1) from None

    def started() -> None:
        link.listen(asyncio.get_running_loop(), lambda: setattr(server, "should_exit", True))
        link.send(Ready())

    server = Server(front.config, linger=linger, started=started)
    server.run(sockets=[seat.listener])
    if not server.should_exit:
        raise RuntimeError("the server of a worker has ended by itself")


def _as_sent(error: RegistryError) -> RegistryError:
    """The error, or one like it where its class is made otherwise: the supervisor makes it anew."""
    is_usual = type(error).__init__ is RegistryError.__init__
    made = type(error) if is_usual else RegistryError
    return made(error.what, where=error.where, remedy=error.remedy, code=error.code)
