"""What whoever runs the service asks: is it alive, is it ready, and its metrics."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from registry.errors import RegistryError, public_sentence
from registry.http.problems import note
from registry.index.loops import Check
from registry.index.reader import Head
from registry.merkle.treefile import TreeId
from registry.service.metrics import CONTENT_TYPE, ServiceMetrics
from registry.service.service import Service, service_of
from registry.verify.freshness import Freshness

NOT_KEPT = {"Cache-Control": "no-store"}
Checks = Callable[[], Sequence[Check]]


def operations_router(metrics: ServiceMetrics, loops: Checks) -> APIRouter:
    """The routes.

    Args:
        loops: how the loops of this process are; of one without loops, nothing.
    """
    router = APIRouter(tags=["operations"])

    @router.get("/healthz", summary="Whether the process and its loops go on; 503 when a loop has ended.")
    async def healthz() -> Response:
        return _answer(loops())

    @router.get("/readyz", summary="Whether answers can be relied on; 503 when the index or the trees cannot.")
    async def readyz(request: Request) -> Response:
        service = service_of(request)
        return _answer([*loops(), *await service.in_thread(_ready, service)])

    @router.get(
        "/metrics",
        summary="Metrics for Prometheus.",
        responses={200: {"description": "The text format.", "content": {"text/plain": {}}}},
    )
    async def scraped(request: Request) -> Response:
        text = await service_of(request).in_thread(metrics.exposition)
        return Response(text, headers=NOT_KEPT | {"Content-Type": CONTENT_TYPE})

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


def _answer(checks: Sequence[Check]) -> Response:
    ok = all(check.ok for check in checks)
    content: dict[str, Any] = {
        "ok": ok,
        "checks": {check.name: {"ok": check.ok, "why": check.why} for check in checks},
    }
    return JSONResponse(content, 200 if ok else 503, NOT_KEPT)
