"""What whoever runs the daemon asks it over HTTP: `/healthz`, `/readyz` and `/metrics`."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final, Generic, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from anchor.daemon.health import Answer, Health
from anchor.daemon.metrics import CONTENT_TYPE, Metrics

ANSWER_SECONDS: Final = 5.0
NOT_KEPT: Final = {"Cache-Control": "no-store"}

T = TypeVar("T")


def operations_routes(health: Health, metrics: Metrics, *, answer_seconds: float = ANSWER_SECONDS) -> list[Route]:
    """Routes for any Starlette or FastAPI application. They ask for no key: keep them away from the public.

    Args:
        answer_seconds: after so long the answer is 503, even when the database hangs.
    """
    ready = _Question(health.ready, answer_seconds)
    figures = _Question(metrics.exposition, answer_seconds)

    async def healthz(_: Request) -> Response:
        # Only memory is looked at, so this one answers while the database hangs.
        return _answer(health.alive())

    async def readyz(_: Request) -> Response:
        return _answer(await ready.answer())

    async def scraped(_: Request) -> Response:
        text = await figures.answer()
        if text is None:
            return Response("the figures were not there in time\n", 503, NOT_KEPT, "text/plain")
        return Response(text, headers=NOT_KEPT | {"Content-Type": CONTENT_TYPE})

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", scraped)]


class _Question(Generic[T]):
    """Asked in a thread, once at a time: while one waits for a database that hangs, nobody starts another."""

    def __init__(self, question: Callable[[], T], seconds: float):
        self._question = question
        self._seconds = seconds
        self._running: Future[T] | None = None

    async def answer(self) -> T | None:
        """The answer; None when it is not there in time."""
        if self._running is None or self._running.done():
            self._running = Future()
            # Not one of the server's: those serve the intake, and the process has to be able to end.
            threading.Thread(target=self._ask, args=(self._running,), name="operations", daemon=True).start()
        try:
            return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(self._running)), self._seconds)
        except TimeoutError:
            return None

    def _ask(self, running: Future[T]) -> None:
        try:
            running.set_result(self._question())
        except BaseException as error:
            running.set_exception(error)


def _answer(answer: Answer | None) -> Response:
    if answer is None:
        content = {"ok": False, "state": "not-ready", "checks": {"answer": {"ok": False, "why": "not in time"}}}
        return JSONResponse(content, 503, NOT_KEPT)
    return JSONResponse(answer.content(), 200 if answer.ok else 503, NOT_KEPT)
