"""Reading the body of a request: in pieces, within a time, and not waiting for a client that sends nothing more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from starlette.requests import ClientDisconnect, Request

from registry.errors import IntakeError

PIECE_BYTES: Final = 256 << 10
"""What is handed on at a time, so that the loop answers others in between."""


async def pieces_of(request: Request, *, seconds: float, idle_seconds: float) -> AsyncIterator[bytes]:
    """The body of a request in pieces of about `PIECE_BYTES`.

    Args:
        seconds: in which all of it must have come.
        idle_seconds: in which something more must come.

    Raises:
        IntakeError: code `incomplete` when the client goes away, `too-slow` when the time is over.
    """
    clock = asyncio.get_running_loop().time
    end = clock() + seconds
    pieces: list[bytes] = []
    size = 0
    stream = request.stream().__aiter__()
    while True:
        try:
            async with asyncio.timeout(min(idle_seconds, max(0.0, end - clock()))):
                chunk = await anext(stream)
        except StopAsyncIteration:
            break
        except ClientDisconnect:
            raise IntakeError(
                "the client went away in the middle", remedy="Send it again.", code="incomplete"
            ) from None
        except TimeoutError:
            raise IntakeError(
                f"it did not come in within {seconds:g} seconds, or nothing came for {idle_seconds:g}",
                remedy="Send it again, in several parts if the line is slow.",
                code="too-slow",
            ) from None
        pieces.append(chunk)
        size += len(chunk)
        if size >= PIECE_BYTES:
            yield b"".join(pieces)
            pieces, size = [], 0
    if size:
        yield b"".join(pieces)


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
