"""What a connection may do, whichever parser reads it: the head of a request is bounded in bytes and in time, an answer
must be taken, and there are only so many connections."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec
from typing import Any, ClassVar, Final

import h11
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from registry.http.connections import Connections
from registry.http.limits import client_of
from registry.http.problems import PROBLEM, problem
from registry.http.request_bodies import LEAST_RATE

MOST_HEAD_BYTES: Final = 32 << 10
MOST_HEADERS: Final = 100
HEAD_SECONDS: Final = 15.0
STALLED_SECONDS: Final = 60.0
"""Over which a client must take its answer at `LEAST_RATE`."""

_TOO_LARGE: Final = (
    431,
    "head-too-large",
    f"the head of the request has more than {MOST_HEAD_BYTES:,} bytes or {MOST_HEADERS} fields",
)
_TOO_SLOW: Final = (408, "too-slow", f"the head of the request was not there within {HEAD_SECONDS:g} seconds")
_BUSY: Final = (503, "busy", "there are too many connections at this moment")


class HeadLimit:
    """Refuses requests with too large a head. What is not complete yet is bounded by the protocol below."""

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _is_too_large(scope):
            refused = problem(*_TOO_LARGE, remedy="Send fewer and shorter fields.")
            refused.headers["Connection"] = "close"
            await refused(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _is_too_large(scope: Scope) -> bool:
    headers = scope["headers"]
    if len(headers) > MOST_HEADERS:
        return True
    came = len(scope.get("raw_path") or b"") + len(scope["query_string"])
    for name, value in headers:
        came += len(name) + len(value)
    return came > MOST_HEAD_BYTES


class _Bounded(asyncio.Protocol):
    """Gives a connection up whose next head is too long or too slow, or whose answer nobody takes; mixed into a
    protocol of uvicorn.

    Attributes:
        counted_in: the connections of its server.
    """

    counted_in: ClassVar[Connections]
    transport: asyncio.Transport
    loop: asyncio.AbstractEventLoop
    client: tuple[str, int] | None
    cycle: Any
    _came = 0
    _timer: asyncio.TimerHandle | None = None
    _stalled: asyncio.TimerHandle | None = None

    @property
    def address(self) -> str:
        """Whose it is, as far as limits go."""
        return client_of({"client": self.client})

    @property
    def descriptor(self) -> int:
        """The number of its socket."""
        found: int = self.transport.get_extra_info("socket").fileno()
        return found

    @property
    def is_waiting(self) -> bool:
        """Whether it has no request that is being answered."""
        return self.cycle is None or bool(self.cycle.response_complete)

    def give_way(self) -> None:
        """Close it, for one that has more to say."""
        if self.transport.is_closing() or self.transport.get_write_buffer_size():
            self.transport.abort()
        elif self._timer is not None:
            self._refuse(*_BUSY)
        else:
            # On a kept connection, an answer that nobody asked for would be taken for that to the next request.
            self.transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if (reason := self.counted_in.come(self)) is None:
            self._start()
        elif reason == "descriptors":
            self.transport.abort()
        else:
            self._refuse(*_BUSY)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.transport.is_closing():
            self._stop()
        elif self._head_is_missing():
            self._start()
            self._came += len(data)
            if self._came > MOST_HEAD_BYTES:
                self._refuse(*_TOO_LARGE)
        else:
            self._stop()
            self.counted_in.used(self)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        self._resumed()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        self._resumed()
        self.counted_in.gone(self)
        super().connection_lost(exc)

    def _watch(self, left: int) -> None:
        self._stalled = self.loop.call_later(STALLED_SECONDS, self._look, left)

    def _look(self, before: int) -> None:
        left = self.transport.get_write_buffer_size()
        if before - left < LEAST_RATE * STALLED_SECONDS:
            self.transport.abort()
        else:
            self._watch(left)

    def _resumed(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _head_is_missing(self) -> bool:
        """Whether a head has begun, or is the first one, and is not complete."""
        raise NotImplementedError

    def _start(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(HEAD_SECONDS, self._refuse, *_TOO_SLOW)

    def _stop(self) -> None:
        self._came = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, status: int, code: str, what: str) -> None:
        self._stop()
        if self.transport.is_closing():
            return
        answer = problem(status, code, what)
        body = bytes(answer.body)
        head = (
            f"HTTP/1.1 {status} \r\nContent-Type: {PROBLEM}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()


class _BoundedH11(_Bounded, H11Protocol):
    """With h11, which is always there."""

    def _head_is_missing(self) -> bool:
        has_begun = self.cycle is None or bool(self.conn.trailing_data[0])
        return self.conn.their_state is h11.IDLE and has_begun


def bounded_h11(connections: Connections) -> Any:
    """The protocol class for uvicorn with the parser that is always there."""
    return type("BoundedH11", (_BoundedH11,), {"counted_in": connections})


def bounded_protocol(connections: Connections) -> Any:
    """The protocol class for uvicorn: with the quicker parser where it is installed."""
    if find_spec("httptools") is None:
        return bounded_h11(connections)
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

    class BoundedHttpTools(_Bounded, HttpToolsProtocol):
        """With httptools, which keeps a head of any length."""

        counted_in = connections
        _is_missing = True

        def on_message_begin(self) -> None:
            self._is_missing = True
            super().on_message_begin()

        def on_headers_complete(self) -> None:
            self._is_missing = False
            super().on_headers_complete()

        def _head_is_missing(self) -> bool:
            return self._is_missing

    return BoundedHttpTools
