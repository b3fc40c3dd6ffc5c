"""How much the head of a request may hold and how long it may take, whichever parser reads it."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec
from typing import Any, Final

import h11
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from registry.service.problems import PROBLEM, problem

MOST_HEAD_BYTES: Final = 32 << 10
MOST_HEADERS: Final = 100
HEAD_SECONDS: Final = 15.0

_TOO_LARGE: Final = (
    431,
    "head-too-large",
    f"the head of the request has more than {MOST_HEAD_BYTES:,} bytes or {MOST_HEADERS} fields",
)
_TOO_SLOW: Final = (408, "too-slow", f"the head of the request was not there within {HEAD_SECONDS:g} seconds")


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
    """Gives a connection up whose next head is too long or too slow; mixed into a protocol of uvicorn."""

    transport: asyncio.Transport
    loop: asyncio.AbstractEventLoop
    _came = 0
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._start()

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

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        super().connection_lost(exc)

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


class BoundedH11(_Bounded, H11Protocol):
    """With h11, which is always there."""

    def _head_is_missing(self) -> bool:
        has_begun = self.cycle is None or bool(self.conn.trailing_data[0])
        return self.conn.their_state is h11.IDLE and has_begun


def bounded_protocol() -> Any:
    """The protocol class for uvicorn: the quicker parser where it is installed."""
    if find_spec("httptools") is None:
        return BoundedH11
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

    class BoundedHttpTools(_Bounded, HttpToolsProtocol):
        """With httptools, which keeps a head of any length."""

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
