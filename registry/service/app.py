"""The lookup service as an application: routes, limits, and what every answer has in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp, ExceptionHandler, Message, Receive, Scope, Send

from registry.database.engine import DatabaseError
from registry.http.buckets import Buckets, OwnBuckets
from registry.http.cors import ON_EVERY_ANSWER, PublicReads
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
from registry.service.routes.operations import ALIVE, METRICS, READY, Answer, Operations, operations_router
from registry.service.routes.verify import verify_router
from registry.service.service import Service
from registry.service.status_lists import StatusLists
from registry.service.verifying import Verifying
from registry.service.web.negotiation import VARIES, ForBrowsers, accept_of, wants_page
from registry.service.web.page.settings import PageSettings

VERIFY: Final = "/v1/verify"
LOOKUP: Final = "/v1/credentials/{digest}"
"""Asked thousands of times a second."""
_BEFORE_DIGEST: Final = LOOKUP.partition("{")[0]
OPERATIONS: Final = (ALIVE, READY, METRICS)

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
    operations: Answer | None = None,
    buckets: Callable[[str], Buckets] = lambda _name: OwnBuckets(),
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
        operations: what is asked of the whole service, where this process is one of several; default: of this one.
        buckets: of clients, by the name of what is in them; default: of this process alone.
    """
    metrics = ServiceMetrics(service)
    app = FastAPI(
        title="Testamur lookup service",
        version="1",
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lambda _: service.opened(),
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
    app.include_router(operations_router(operations or Operations(service, metrics, loops).answer))
    app.include_router(pages.router)
    app.include_router(site.router)
    install_problems(app, database=DatabaseError)
    _wrap(app, service, metrics, buckets)
    return app


def _wrap(app: FastAPI, service: Service, metrics: ServiceMetrics, buckets: Callable[[str], Buckets]) -> None:
    """Plain ASGI around the routes; the last one added comes first."""
    limits = service.limits
    rate: dict[str, Any] | None = None
    if limits.rate:
        rate = {"rate": limits.rate, "free": OPERATIONS, "buckets": buckets("requests")}
    app.add_middleware(HeadAsGet)
    app.add_middleware(BodyLimit, most=limits.body_bytes, own=(VERIFY,))
    if rate is not None:
        app.add_middleware(RateLimit, **rate)
    app.add_middleware(ForBrowsers, service=service)
    app.add_middleware(PublicReads)
    app.add_middleware(LookedUpFirst, handlers=app.exception_handlers, rate=rate)
    app.add_middleware(CountRequests, metrics=metrics)


class LookedUpFirst:
    """Lookups before FastAPI and all else: what is done between an address and its function takes as long as they do.

    Args:
        handlers: of errors; what is left to none is the server's.
        rate: what `RateLimit` is made with, if there is a limit.
    """

    def __init__(self, app: ASGIApp, *, handlers: Mapping[Any, ExceptionHandler], rate: Mapping[str, Any] | None):
        self._app = app
        self._handlers = {kind: handler for kind, handler in handlers.items() if kind is not Exception}
        self._errors: tuple[type[Exception], ...] = tuple(kind for kind in self._handlers if isinstance(kind, type))
        self._route = Route(LOOKUP, credentials.credential)
        self._lookup: ASGIApp = self._looked_up if rate is None else RateLimit(self._looked_up, **rate)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        digest = _digest_in(scope)
        if digest is None or wants_page(accept_of(scope)):
            await self._app(scope, receive, send)
            return
        scope["route"], scope["path_params"] = self._route, {"digest": digest}

        async def headed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], VARIES, *ON_EVERY_ANSWER]
            await send(message)

        await self._lookup(scope, receive, headed)

    async def _looked_up(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        try:
            answer = await credentials.credential(request)
        except self._errors as error:
            handler: Any = next(self._handlers[kind] for kind in type(error).__mro__ if kind in self._handlers)
            answer = await handler(request, error)
        await answer(scope, receive, send)


def _digest_in(scope: Scope) -> str | None:
    """What stands in the place of a digest, in the address of a lookup."""
    if scope["type"] != "http" or scope["method"] != "GET":
        return None
    before, lookup, digest = scope["path"].removeprefix(scope.get("root_path", "")).partition(_BEFORE_DIGEST)
    return digest if lookup and digest and not before and "/" not in digest else None
