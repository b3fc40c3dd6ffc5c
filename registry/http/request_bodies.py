"""Reading the body of a request: in pieces, within a time, and not waiting for a client that sends too slowly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

from starlette.requests import ClientDisconnect, Request

from registry.errors import IntakeError

PIECE_BYTES: Final = 256 << 10
"""What is handed on at a time, so that the loop answers others in between."""
LEAST_RATE: Final = 1 << 10
"""Bytes a second that a body must bring over each `RATE_SECONDS`."""
RATE_SECONDS: Final = 15.0


class Pace:
    """Whether bytes come quickly enough; only the seconds in which they were waited for count.

    Args:
        least: bytes a second, over each window of so many `seconds`.
    """

    def __init__(self, *, least: float = LEAST_RATE, seconds: float = RATE_SECONDS):
        self._least = least
        self._seconds = seconds
        self._waited = 0.0
        self._came = 0

    @property
    def told(self) -> str:
        """What happened when it is not, for its client."""
        return f"less than {self._least:,} bytes a second came over {self._seconds:g} seconds"

    def came(self, size: int, waited: float) -> bool:
        """So many bytes came after so many seconds; whether that is quick enough."""
        self._waited += waited
        self._came += size
        if self._waited < self._seconds:
            return True
        is_enough = self._came >= self._least * self._waited
        self._waited, self._came = 0.0, 0
        return is_enough


async def pieces_of(request: Request, *, seconds: float, idle_seconds: float) -> AsyncIterator[bytes]:
    """The body of a request in pieces of about `PIECE_BYTES`.

    Args:
        seconds: in which all of it must have come.
        idle_seconds: in which something more must come.

    Raises:
        IntakeError: code `incomplete` when the client goes away, `too-slow` when the time is over or too little comes.
    """
    clock = asyncio.get_running_loop().time
    end = clock() + seconds
    pieces: list[bytes] = []
    size = 0
    pace = Pace(least=LEAST_RATE, seconds=RATE_SECONDS)
    stream = request.stream().__aiter__()
    while True:
        began = clock()
        try:
            async with asyncio.timeout(min(idle_seconds, max(0.0, end - began))):
                chunk = await anext(stream)
        except StopAsyncIteration:
            break
        except ClientDisconnect:
            raise went_away() from None
        except TimeoutError:
            raise too_slow(
                f"it did not come in within {seconds:g} seconds, or nothing came for {idle_seconds:g}"
            ) from None
        if not pace.came(len(chunk), clock() - began):
            raise too_slow(pace.told)
        pieces.append(chunk)
        size += len(chunk)
        if size >= PIECE_BYTES:
            yield b"".join(pieces)
            pieces, size = [], 0
    if size:
        yield b"".join(pieces)


class ReadAhead:
    """The pieces of a body, of which the next is read while one is worked on, so that a client that goes is noticed.

    Args:
        pieces: of `request`.
        gone: called when no more can come of it, also when the client goes after the last piece: the work may end then.
    """

    def __init__(self, pieces: AsyncIterator[bytes], request: Request, gone: Callable[[], None]):
        self._pieces = pieces
        self._request = request
        self._gone = gone
        self._read: asyncio.Queue[bytes | Exception | None] = asyncio.Queue(1)

    async def __aenter__(self) -> AsyncIterator[bytes]:
        self._task = asyncio.create_task(self._watch())
        return self._all()

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _all(self) -> AsyncIterator[bytes]:
        while (piece := await self._read.get()) is not None:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    async def _watch(self) -> None:
        try:
            async for piece in self._pieces:
                await self._read.put(piece)
        except Exception as error:
            self._gone()
            await self._read.put(error)
            return
        await self._read.put(None)
        while (await self._request.receive())["type"] != "http.disconnect":
            pass
        self._gone()


def went_away() -> IntakeError:
    """Why nothing comes of a request whose client does not wait for the answer."""
    return IntakeError("the client went away in the middle", remedy="Send it again.", code="incomplete")


def too_slow(what: str) -> IntakeError:
    """Why a request whose body does not come is not waited for."""
    return IntakeError(what, remedy="Send it again, in several parts if the line is slow.", code="too-slow")


def check_not_packed(request: Request) -> None:
    """Refuse a body that is packed as a whole: it could unpack to anything.

    Raises:
        IntakeError: code `content-encoding`.
    """
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise IntakeError(
            "packed bodies are not taken",
            remedy="Send it without Content-Encoding, or as a ZIP.",
            code="content-encoding",
        )
