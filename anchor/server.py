"""An HTTP server in this process that ends gracefully, by a signal or from inside."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from registry.errors import SettingsError


class Server(uvicorn.Server):
    """A server that leaves signals to its caller."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: uvicorn would end the process by them as soon as the server has ended."""
        yield


@contextmanager
def ends_by_signal(server: uvicorn.Server) -> Iterator[None]:
    """SIGTERM and SIGINT end the server: it takes no more requests, and finishes those that it has."""

    def end(*_: object) -> None:
        server.should_exit = True

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def listening(host: str, port: int) -> socket.socket:
    """A socket to listen at; port 0 takes a free one.

    Raises:
        SettingsError: it cannot be had.
    """
    try:
        listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise SettingsError(
            f"there is no listening on {host} port {port}: {error.strerror}",
            remedy="Choose another port, or end the program that uses this one.",
            code="port",
        ) from error
    # Its connections inherit it; without it, small answers on a kept connection wait for acknowledgements.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
