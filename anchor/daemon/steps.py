"""The steps of a job as server-sent events, for whoever follows it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from fastapi import Request


class Step(Protocol):
    """A change of a job; its number never changes."""

    @property
    def number(self) -> int: ...
    @property
    def state(self) -> str: ...
    def content(self) -> dict[str, Any]: ...


class View(Protocol):
    """A job as it is at a moment, and the steps that led there."""

    @property
    def is_settled(self) -> bool: ...
    def steps(self) -> Sequence[Step]: ...
    def content(self, *, public: bool) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Following:
    """Looks at a job every `poll_seconds`; while nothing happens a comment goes out every `heartbeat_seconds`."""

    poll_seconds: float
    heartbeat_seconds: float

    async def steps(self, look: Callable[[], Awaitable[View]], after: int) -> AsyncIterator[bytes]:
        """The steps after that number, until the job is settled."""
        waited, sent = 0.0, after
        yield b"retry: 3000\n\n"
        while True:
            view = await look()
            for step in (step for step in view.steps() if step.number > sent):
                content = view.content(public=True) | {"state": step.state, "at": step.content()["at"]}
                yield f"id: {step.number}\nevent: state\ndata: {json.dumps(content)}\n\n".encode()
                sent, waited = step.number, 0.0
            if view.is_settled:
                yield b"event: settled\ndata: {}\n\n"
                return
            if waited >= self.heartbeat_seconds:
                yield b": still here\n\n"
                waited = 0.0
            await asyncio.sleep(self.poll_seconds)
            waited += self.poll_seconds


def given_step(request: Request) -> int:
    """The last step that a client says it has seen."""
    given = request.headers.get("last-event-id", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0
