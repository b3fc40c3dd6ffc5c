"""What whoever runs the daemon asks it over HTTP: `/healthz`, `/readyz` and `/metrics`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

import anyio
import anyio.to_thread
from starlette.applications import Starlette
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
    # Threads of their own: questions that hang in the database must not take those of the intake.
    threads: list[anyio.CapacityLimiter] = []

    async def asked(question: Callable[[], T]) -> T | None:
        if not threads:
            threads.append(anyio.CapacityLimiter(4))
        with anyio.move_on_after(answer_seconds):
            return await anyio.to_thread.run_sync(question, abandon_on_cancel=True, limiter=threads[0])
        return None

    async def healthz(_: Request) -> Response:
        # Only memory is looked at, so this one answers while the database hangs.
        return _answer(health.alive())

    async def readyz(_: Request) -> Response:
        return _answer(await asked(health.ready))

    async def scraped(_: Request) -> Response:
        text = await asked(metrics.exposition)
        if text is None:
            return Response("the figures were not there in time\n", 503, NOT_KEPT, "text/plain")
        return Response(text, headers=NOT_KEPT | {"Content-Type": CONTENT_TYPE})

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", scraped)]


def operations_app(health: Health, metrics: Metrics) -> Starlette:
    """The three alone, for a port that only the operator's network reaches."""
    return Starlette(routes=operations_routes(health, metrics))


def _answer(answer: Answer | None) -> Response:
    if answer is None:
        content = {"ok": False, "state": "not-ready", "checks": {"answer": {"ok": False, "why": "not in time"}}}
        return JSONResponse(content, 503, NOT_KEPT)
    return JSONResponse(answer.content(), 200 if answer.ok else 503, NOT_KEPT)
