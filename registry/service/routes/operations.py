"""What whoever runs the service asks: is it alive, is it ready, and its metrics."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import orjson
from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from registry.errors import RegistryError, public_sentence
from registry.http.problems import note
from registry.http.workers.messages import Answered
from registry.index.loops import Check
from registry.index.reader import Head
from registry.merkle.treefile import TreeId
from registry.service.horizon import guarded
from registry.service.metrics import CONTENT_TYPE, ServiceMetrics
from registry.service.service import Service
from registry.verify.freshness import Freshness

NOT_KEPT = {"Cache-Control": "no-store"}
ALIVE: Final = "/healthz"
READY: Final = "/readyz"
METRICS: Final = "/metrics"
Checks = Callable[[], Sequence[Check]]
Answer = Callable[[str], Awaitable[Answered | None]]
"""Answers what is asked at a path, of the whole service; None when it cannot in time."""


class Operations:
    """What is answered of a service as a whole, of however many processes it is.

    Args:
        loops: how its loops are, and its workers; nothing of one without any.
    """

    def __init__(self, service: Service, metrics: ServiceMetrics, loops: Checks):
        self._service = service
        self._metrics = metrics
        self._loops = loops

    def answered(self, path: str) -> Answered:
        """The answer to what is asked at a path; it may wait for database and trees, but for `ALIVE`."""
        if path == METRICS:
            return Answered(200, CONTENT_TYPE, guarded(self._metrics.exposition))
        checks = [*self._loops(), *(guarded(lambda: _ready(self._service)) if path == READY else ())]
        ok = all(check.ok for check in checks)
        content = {"ok": ok, "checks": {check.name: {"ok": check.ok, "why": check.why} for check in checks}}
        return Answered(200 if ok else 503, "application/json", orjson.dumps(content))

    async def answer(self, path: str) -> Answered:
        """The same for a server in this process."""
        return self.answered(path) if path == ALIVE else await self._service.in_thread(self.answered, path)


def operations_router(answer: Answer) -> APIRouter:
    """The routes."""
    router = APIRouter(tags=["operations"])

    @router.get(ALIVE, summary="Whether the processes and their loops go on; 503 when a loop has ended.")
    async def healthz() -> Response:
        return _response(await answer(ALIVE))

    @router.get(READY, summary="Whether answers can be relied on; 503 when the index or the trees cannot.")
    async def readyz() -> Response:
        return _response(await answer(READY))

    @router.get(
        METRICS,
        summary="Metrics for Prometheus.",
        responses={200: {"description": "The text format.", "content": {"text/plain": {}}}},
    )
    async def scraped() -> Response:
        return _response(await answer(METRICS))

    return router


def _ready(service: Service) -> list[Check]:
    try:
        as_of = service.horizon.now()
    except RegistryError as error:
        note(error)
        return [Check("index", False, error.public.what)]
    head = as_of.head
    behind, silent = head.behind, time.time() - head.seen_at
    checks = [Check("index", head.trouble_code is None, _trouble(head) or f"at block {head.cursor.number}")]
    checks.append(Check("lag", not head.lags(service.limits.ready_lag), f"{behind} blocks behind"))
    confirmed = "every block" if head.is_confirmed else f"up to block {head.confirmed}"
    checks.append(Check("confirmed", head.is_confirmed, confirmed))
    age = as_of.reach.age
    checks.append(Check("age", age.freshness is not Freshness.STALE, age.text))
    is_fresh = silent <= service.limits.stale_seconds
    checks.append(Check("chain", is_fresh, f"read {max(0.0, silent):.0f} s ago"))
    checks.append(_trees(service))
    return checks


def _trouble(head: Head) -> str | None:
    """What keeps the index from going on, without the words of the endpoint: the indexer has logged those."""
    if head.trouble_code is None:
        return None
    return f"{head.trouble_code}: {public_sentence(head.trouble_code, 'the chain could not be read')}"


def _trees(service: Service) -> Check:
    try:
        service.trees.has(TreeId(bytes(32), 1))
    except RegistryError as error:
        note(error)
        return Check("trees", False, error.public.what)
    return Check("trees", True, "the store answers")


def _response(answered: Answered | None) -> Response:
    if answered is None:
        content = {"ok": False, "checks": {"answer": {"ok": False, "why": "not in time"}}}
        return JSONResponse(content, 503, NOT_KEPT)
    # In the headers as it is: "charset" is not to be put to it.
    headers = NOT_KEPT | {"Content-Type": answered.media_type}
    return Response(answered.body, answered.status, headers)
