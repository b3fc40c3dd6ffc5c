"""What whoever runs the daemon asks it over HTTP: `/healthz`, `/readyz` and `/metrics`."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from functools import partial
from typing import Final

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from anchor.daemon.health import Health
from anchor.daemon.metrics import CONTENT_TYPE, Metrics
from registry.http.workers.messages import Answered

ANSWER_SECONDS: Final = 5.0
NOT_KEPT: Final = {"Cache-Control": "no-store"}
ALIVE: Final = "/healthz"
READY: Final = "/readyz"
METRICS: Final = "/metrics"

Question = Callable[[str], Awaitable[Answered | None]]
"""Answers what is asked at a path; None when the answer is not there in time."""


def answered(path: str, health: Health, metrics: Metrics) -> Answered:
    """The answer to what is asked at a path. Only that at `ALIVE` never waits for the database."""
    if path == METRICS:
        return Answered(200, CONTENT_TYPE, metrics.exposition())
    found = health.alive() if path == ALIVE else health.ready()
    return Answered(200 if found.ok else 503, "application/json", orjson.dumps(found.content()))


def operations_routes(health: Health, metrics: Metrics, *, answer_seconds: float = ANSWER_SECONDS) -> list[Route]:
    """Routes for any Starlette or FastAPI application. They ask for no key: keep them away from the public.

    Args:
        answer_seconds: after so long the answer is 503, even when the database hangs.
    """
    waiting = {path: _Question(partial(answered, path, health, metrics), answer_seconds) for path in (READY, METRICS)}

    async def question(path: str) -> Answered | None:
        # Only memory is looked at, so this one answers while the database hangs.
        return answered(path, health, metrics) if path == ALIVE else await waiting[path].answer()

    return question_routes(question)


def question_routes(question: Question) -> list[Route]:
    """The same routes, where somebody else has the answers."""

    def route(path: str) -> Route:
        async def asked(_: Request) -> Response:
            return _response(path, await question(path))

        return Route(path, asked)

    return [route(path) for path in (ALIVE, READY, METRICS)]


class _Question:
    """Asked in a thread, once at a time: while one waits for a database that hangs, nobody starts another."""

    def __init__(self, question: Callable[[], Answered], seconds: float):
        self._question = question
        self._seconds = seconds
        self._running: Future[Answered] | None = None

    async def answer(self) -> Answered | None:
        """The answer; None when it is not there in time."""
        if self._running is None or self._running.done():
            self._running = Future()
            # Not one of the server's: those serve the intake, and the process has to be able to end.
            threading.Thread(target=self._ask, args=(self._running,), name="operations", daemon=True).start()
        try:
            return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(self._running)), self._seconds)
        except TimeoutError:
            return None

    def _ask(self, running: Future[Answered]) -> None:
        try:
            running.set_result(self._question())
        except BaseException as error:
            running.set_exception(error)


def _response(path: str, found: Answered | None) -> Response:
    if found is not None:
        return Response(found.body, found.status, NOT_KEPT | {"Content-Type": found.media_type})
    if path == METRICS:
        return Response("the figures were not there in time\n", 503, NOT_KEPT, "text/plain")
    content = {"ok": False, "state": "not-ready", "checks": {"answer": {"ok": False, "why": "not in time"}}}
    return JSONResponse(content, 503, NOT_KEPT)
