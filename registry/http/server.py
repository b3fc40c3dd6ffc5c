"""An HTTP server in this process that ends gracefully, by a signal or from inside."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from ctypes import addressof, create_string_buffer
from dataclasses import dataclass
from typing import Any, Final, Protocol, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from registry.errors import SettingsError
from registry.http.connections import Connections, Room, raise_descriptors
from registry.http.heads import MOST_HEAD_BYTES, STALLED_SECONDS, HeadLimit, bounded_protocol

# After the door is closed, for what was connected just before to send its request.
LAST_SECONDS: Final = 0.25

_SO_ATTACH_FILTER: Final = 26  # of Linux
_TCP_USER_TIMEOUT: Final = 18  # of Linux
# Classic BPF over the TCP header: drop what has SYN and no ACK, pass the rest.
_NO_NEW_CONNECTIONS: Final = (
    (0x30, 0, 0, 13),  # load the byte with the flags
    (0x54, 0, 0, 0x12),  # keep SYN and ACK
    (0x15, 0, 1, 0x02),  # SYN alone?
    (0x06, 0, 0, 0),  # drop
    (0x06, 0, 0, 0xFFFFFFFF),  # pass
)


class Server(uvicorn.Server):
    """A server that leaves signals to its caller, and ends without breaking off anybody's request.

    Args:
        linger: seconds that a server which was told to end goes on, with each answer closing its connection. A client
            that reuses connections learns so from an answer, not from a connection that is gone.
        started: called in its loop once it listens.
    """

    def __init__(self, config: uvicorn.Config, *, linger: float = 0.0, started: Callable[[], None] = lambda: None):
        super().__init__(config)
        self._linger = linger
        self._started = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say so."""
        await super().startup(sockets)
        if not self.should_exit:
            # Not before its main loop runs: one that is told to end until then would end without a farewell.
            asyncio.get_running_loop().call_soon(self._started)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Say farewell in every answer, close the door, then end as uvicorn does."""
        if self._linger:
            farewell = (b"connection", b"close")
            self.server_state.default_headers = [*self.server_state.default_headers, farewell]
            await asyncio.sleep(self._linger)
            _admit_nobody(sockets or ())
            # What has been let in before is accepted meanwhile: closing a listener resets whoever waits at it.
            await asyncio.sleep(LAST_SECONDS)
            for server in self.servers:
                server.close()
            await asyncio.sleep(LAST_SECONDS)
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: uvicorn would end the process by them as soon as the server has ended."""
        yield


@dataclass(frozen=True, slots=True)
class Front:
    """What a server shows to the world: its configuration, and its connections as they come and go."""

    config: uvicorn.Config
    connections: Connections


def front_of(app: ASGIApp, *, grace_seconds: int, room: Room | None = None) -> Front:
    """How both servers are run: quietly, and with bounds for connections and for the heads of requests.

    Args:
        grace_seconds: for requests that are answered when the server is told to end.
        room: for connections; default: what this process has, which it raises as far as it may.
    """
    room = room or Room.of(raise_descriptors())
    config = uvicorn.Config(
        HeadLimit(app),
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=room.backlog,
        h11_max_incomplete_event_size=MOST_HEAD_BYTES,
        timeout_graceful_shutdown=grace_seconds,
    )
    proxies = ProxyHeadersMiddleware(cast(Any, app), config.forwarded_allow_ips).trusted_hosts
    connections = Connections(room, is_proxy=proxies.__contains__)
    config.http = bounded_protocol(connections)
    return Front(config, connections)


class Ending(Protocol):
    """What ends when it is told to: a server, or what runs several."""

    should_exit: bool


@contextmanager
def ends_by_signal(server: Ending) -> Iterator[threading.Event]:
    """SIGTERM and SIGINT end the server: it takes no more requests, and finishes those that it has.

    Yields what is set when one has come, by which an end that was asked for is told from any other.
    """
    asked = threading.Event()

    def end(*_: object) -> None:
        asked.set()
        server.should_exit = True

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _admit_nobody(listeners: Sequence[socket.socket]) -> None:
    """Ignore new connections, where the system can: who knocks does so again, and then finds the door closed."""
    if not sys.platform.startswith("linux"):
        return
    code = create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in _NO_NEW_CONNECTIONS))
    program = struct.pack("HL", len(_NO_NEW_CONNECTIONS), addressof(code))
    for listener in listeners:
        with suppress(OSError):
            listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)


def listening(host: str, port: int, *, at_once: bool = True) -> socket.socket:
    """A socket to listen at; port 0 takes a free one.

    Args:
        at_once: let clients knock before there is a server; otherwise they are refused until one listens.

    Raises:
        SettingsError: it cannot be had.
    """
    try:
        listener = _bound(host, port)
        if at_once:
            listener.listen()
    except OSError as error:
        raise SettingsError(
            f"there is no listening on {host} port {port}: {error.strerror}",
            remedy="Choose another port, or end the program that uses this one.",
            code="port",
        ) from error
    # Its connections inherit it; without it, small answers on a kept connection wait for acknowledgements.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if sys.platform.startswith("linux"):
        # The last of an answer that nobody takes is the system's, and would keep its descriptor for ever.
        with suppress(OSError):
            listener.setsockopt(socket.IPPROTO_TCP, _TCP_USER_TIMEOUT, int(STALLED_SECONDS * 1000))
    return listener


def _bound(host: str, port: int) -> socket.socket:
    """What `socket.create_server` makes, before it listens."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if listener.family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((host, port))
    except BaseException:
        listener.close()
        raise
    return listener


def url_of(listener: socket.socket) -> str:
    """Where a listener is reached, over HTTP."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
