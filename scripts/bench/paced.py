"""Requests at a rate, whatever the server does: how long answers take, counted from when each request was due.

A client that waits for an answer before it asks again (wrk) asks less of a server that stalls, and hides the stall.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httptools
import uvloop

CONNECTIONS = 32


class Paced(NamedTuple):
    """What came of it: requests a second that were asked, and seconds of half and of 99 in 100 of the answers."""

    asked: float
    half: float
    most: float


class _Connection(asyncio.Protocol):
    """Requests one after the other on a connection, each with the moment it was due."""

    def __init__(self, taken: list[float]):
        self._taken = taken
        self._due: deque[float] = deque()
        self._parser = httptools.HttpResponseParser(self)
        self._transport: Any = None
        self.failed = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def ask(self, head: bytes, due: float) -> None:
        self._due.append(due)
        self._transport.write(head)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        self._taken.append(time.perf_counter() - self._due.popleft())
        self.failed += self._parser.get_status_code() != 200

    @property
    def waits(self) -> bool:
        return bool(self._due)

    def close(self) -> None:
        self._transport.close()


def paced(url: str, paths: Sequence[str], rate: float, seconds: float) -> Paced:
    """Ask so many times a second for so long; every answer has to be 200."""
    return uvloop.run(_paced(url, paths, rate, seconds))


async def _paced(url: str, paths: Sequence[str], rate: float, seconds: float) -> Paced:
    where, taken = urlsplit(url), list[float]()
    loop = asyncio.get_running_loop()
    made = [
        await loop.create_connection(lambda: _Connection(taken), where.hostname, where.port) for _ in range(CONNECTIONS)
    ]
    connections = [connection for _, connection in made]
    heads = [f"GET {path} HTTP/1.1\r\nhost: {where.netloc}\r\n\r\n".encode() for path in paths]
    begun, sent = time.perf_counter(), 0
    while (passed := time.perf_counter() - begun) < seconds:
        while sent < passed * rate:
            connections[sent % len(connections)].ask(heads[sent % len(heads)], begun + sent / rate)
            sent += 1
        await asyncio.sleep(0.001)
    async with asyncio.timeout(30):
        while any(connection.waits for connection in connections):
            await asyncio.sleep(0.01)
    for connection in connections:
        connection.close()
    if failed := sum(connection.failed for connection in connections):
        raise RuntimeError(f"{failed} of {sent} answers were errors")
    taken.sort()
    return Paced(sent / seconds, taken[len(taken) // 2], taken[len(taken) * 99 // 100])
