"""The lookup service as an application: routes, limits, and what every answer has in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from fastapi import FastAPI
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.routing import Route, Router
from starlette.types import ASGIApp, ExceptionHandler, Receive, Scope, Send

from registry.database.engine import DatabaseError
from registry.http.cors import PublicReads
from registry.http.limits import BodyLimit, RateLimit
from registry.http.problems import EXAMPLE, PROBLEM, install_problems
from registry.index.loops import Check
from registry.levels.bundled import bundled_maps
from registry.levels.maps import LevelMaps
from registry.service.audits import Audits
from registry.service.batch_evidence import BatchEvidence
from registry.service.evidence import Evidences
from registry.service.metrics import CountRequests, ServiceMetrics
from registry.service.outward import Federation, Outward
from registry.service.registers import Registers
from registry.service.routes import (
    about,
    accreditations,
    audits,
    batches,
    credentials,
    events,
    insights,
    levels,
    outcomes,
    outward,
    pages,
    registers,
    site,
    statuslists,
    trqp,
)
from registry.service.routes.federation import federation_router
from registry.service.routes.operations import operations_router
from registry.service.routes.verify import verify_router
from registry.service.service import Service
from registry.service.status_lists import StatusLists
from registry.service.verifying import Verifying
from registry.service.web.negotiation import ForBrowsers
from registry.service.web.page.settings import PageSettings

VERIFY: Final = "/v1/verify"
LOOKUP: Final = "/v1/credentials/{digest}"
"""Asked thousands of times a second."""
OPERATIONS: Final = ("/healthz", "/readyz", "/metrics")

_DESCRIPTION: Final = """
Looks credentials up that were anchored on an EVM chain, proves what it says, and says up to which block it is right
(`asOf`). Nothing here has to be believed: receipts, proofs and events can be checked against the chain.

Errors are problem details (RFC 9457) with a stable `code`. What could not be checked is never called valid, absent or
not revoked.
"""


class HeadAsGet:
    """HEAD is answered as GET is (RFC 9110 section 9.3.2); the server leaves the body out."""

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "HEAD":
            asked = {**scope, "method": "GET"}
            await self._app(asked, receive, send)
            # Whoever counts requests looks for the route in its own scope.
            scope["route"] = asked.get("route")
            return
        await self._app(scope, receive, send)


def create_app(
    service: Service,
    *,
    verifying: Verifying | None = None,
    status_lists: StatusLists | None = None,
    evidences: Evidences | None = None,
    batch_evidence: BatchEvidence | None = None,
    page: PageSettings | None = None,
    kept_audits: Audits | None = None,
    level_maps: LevelMaps | None = None,
    registers_kept: Registers | None = None,
    outwards: Outward | None = None,
    federation: Federation | None = None,
    loops: Callable[[], Sequence[Check]] = list,
) -> FastAPI:
    """The application.

    Args:
        verifying: what `POST /v1/verify` works with; without it there is no such route.
        status_lists: with signers; default: lists without a proof.
        evidences: what reads evidence; default: nothing does, and answers say so.
        batch_evidence: what proofs of absence with evidence are made with; without it none are.
        page: of the page that verifies in a browser; default: this registry, and nobody to ask or to believe.
        kept_audits: reports that are shown; default: none.
        level_maps: of frameworks; default: those that are bundled.
        registers_kept: snapshots of registers; default: none.
        outwards: what is known of parties for formats of others; default: what the chain says.
        federation: the body that it speaks for in OpenID Federation; without it there are no such routes.
        loops: how the loops of this process are.
    """
    metrics = ServiceMetrics(service)
    app = FastAPI(
        title="Testamur lookup service",
        version="1",
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # Whose credential is asked for is nobody else's business: no spans with paths go to a collector.
        telemetry={"tracing": False, "metrics": False, "logs": False},
        responses={
            "default": {"description": "Problem details (RFC 9457).", "content": {PROBLEM: {"example": EXAMPLE}}}
        },
    )
    app.state.service = service
    app.state.metrics = metrics
    app.state.verifying = verifying
    app.state.status_lists = status_lists
    app.state.evidences = evidences or Evidences(None, service.index.chain)
    app.state.batch_evidence = batch_evidence
    app.state.page = page or PageSettings(chain=service.index.chain, contract=service.index.contract)
    app.state.audits = kept_audits or Audits()
    app.state.registers = registers_kept
    app.state.level_maps = level_maps if level_maps is not None else bundled_maps()
    app.state.outward = outwards
    app.state.federation = federation
    # The export before the accreditation whose number could stand in its place.
    accredited = (outward, accreditations, registers, trqp, statuslists, insights, outcomes)
    for module in (about, credentials, batches, events, *accredited, levels, audits):
        app.include_router(module.router)
    if verifying is not None:
        app.include_router(verify_router())
    if federation is not None:
        app.include_router(federation_router())
    app.include_router(operations_router(metrics, loops))
    app.include_router(pages.router)
    app.include_router(site.router)
    install_problems(app, database=DatabaseError)
    _wrap(app, service, metrics)
    return app


def _wrap(app: FastAPI, service: Service, metrics: ServiceMetrics) -> None:
    """Plain ASGI around the routes; the last one added comes first."""
    limits = service.limits
    app.add_middleware(HeadAsGet)
    app.add_middleware(BodyLimit, most=limits.body_bytes, own=(VERIFY,))
    app.add_middleware(_looked_up_first, handlers=app.exception_handlers)
    if limits.rate:
        app.add_middleware(RateLimit, rate=limits.rate, free=OPERATIONS)
    app.add_middleware(ForBrowsers, service=service)
    app.add_middleware(PublicReads)
    app.add_middleware(CountRequests, metrics=metrics)


def _looked_up_first(app: ASGIApp, handlers: Mapping[Any, ExceptionHandler]) -> ASGIApp:
    """The route of a lookup before FastAPI, which describes it: what it does between route and function takes as long.

    Args:
        handlers: of errors; what is left to none is the server's.
    """
    route = Route(LOOKUP, credentials.credential, methods=["GET"])
    foreseen = {kind: handler for kind, handler in handlers.items() if kind is not Exception}
    return ExceptionMiddleware(Router([route], default=app, redirect_slashes=False), handlers=foreseen)
