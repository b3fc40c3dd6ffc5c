"""Limits for clients, as plain ASGI: how much a body may hold, and how many requests an address may send."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from ipaddress import IPv6Address
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from registry.errors import IntakeError
from registry.http.buckets import Buckets
from registry.http.fairness import Allowance
from registry.http.problems import problem
from registry.http.request_bodies import Pace, too_slow

BURST_SECONDS: Final = 4.0
IDLE_SECONDS: Final = 20.0
_HOST_BITS: Final = 64


def client_of(scope: Scope) -> str:
    """Who sends a request, as far as limits go: an address, of IPv6 the network of 64 bits that one subscriber has."""
    client: Any = scope.get("client")
    address: str = client[0] if client else ""
    if ":" not in address:
        return address
    try:
        known = IPv6Address(address)
    except ValueError:
        return address
    return str(known.ipv4_mapped or IPv6Address(int(known) >> _HOST_BITS << _HOST_BITS))


class RateLimit:
    """A bucket of tokens for each address of a client: so many requests a second, with a burst of four seconds.

    Args:
        rate: requests a second, more than 0.
        free: paths that are not counted.
        remedy: what a client is told to do.
        clock: seconds that never go back, the same for all who share the buckets.
        buckets: of the addresses; default: of this process alone.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        rate: float,
        free: Collection[str] = (),
        remedy: str = "Wait a second; POST /v1/lookup asks for 10,000 digests at once.",
        clock: Callable[[], float] = time.monotonic,
        buckets: Buckets | None = None,
    ):
        self._app = app
        self._rate = rate
        self._free = frozenset(free)
        self._remedy = remedy
        self._allowance = Allowance(max(1.0, rate * BURST_SECONDS), rate, clock, buckets)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in self._free and not self._allowance.take(client_of(scope)):
            refused = problem(
                429,
                "rate-limit",
                f"there were more than {self._rate:g} requests a second from this address",
                remedy=self._remedy,
            )
            await refused(scope, receive, send)
            return
        await self._app(scope, receive, send)


class BodyLimit:
    """Refuses bodies that are larger or come more slowly than allowed, by what comes and not by what is claimed.

    Args:
        most: bytes.
        seconds: in which something more must come.
        own: paths that have limits of their own.
    """

    def __init__(self, app: ASGIApp, *, most: int, seconds: float = IDLE_SECONDS, own: Collection[str] = ()):
        self._app = app
        self._most = most
        self._seconds = seconds
        self._own = frozenset(own)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS") or scope["path"] in self._own:
            await self._app(scope, receive, send)
            return
        came, is_whole, pace, clock = 0, False, Pace(), asyncio.get_running_loop().time

        async def counted() -> Message:
            nonlocal came, is_whole
            if is_whole:
                # What comes then is that the client goes.
                return await receive()
            began = clock()
            try:
                async with asyncio.timeout(self._seconds):
                    message = await receive()
            except TimeoutError:
                raise too_slow(f"nothing of the body came for {self._seconds:g} seconds") from None
            body = message.get("body", b"")
            came += len(body)
            is_whole = not message.get("more_body", False)
            if came > self._most:
                raise self._too_large()
            if not is_whole and not pace.came(len(body), clock() - began):
                raise too_slow(pace.told)
            return message

        await self._app(scope, counted, send)

    def _too_large(self) -> IntakeError:
        return IntakeError(
            f"the body has more than {self._most:,} bytes", remedy="Ask in several requests.", code="too-large"
        )
