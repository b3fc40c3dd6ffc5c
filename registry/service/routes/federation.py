"""`/.well-known/openid-federation` and `/federation/…`: OpenID Federation 1.0 (docs/reference/outward.md).

They are there where the operator gave a key. Errors are those of the protocol, section 8.9, and no problem details.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Final
from urllib.parse import parse_qs

import orjson
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from registry.errors import IntakeError
from registry.http.problems import NotHere
from registry.http.request_bodies import check_not_packed, pieces_of
from registry.recognition.ledger import Ledger
from registry.service.caching import JSON
from registry.service.outward import LONGEST_MARK, Federation, now_in_seconds
from registry.service.service import service_of
from registry.service.trust import IndexedFacts, facts_of

STATEMENT: Final = "application/entity-statement+jwt"
MARK: Final = "application/trust-mark+jwt"
STATUS: Final = "application/trust-mark-status-response+jwt"
BODY_SECONDS, IDLE_SECONDS = 30.0, 10.0
_LONGEST: Final = 2_048
_Entity = Annotated[str, Query(max_length=_LONGEST, description="An entity.", examples=["https://university.example"])]
_OneEntity = Annotated[str | None, Query(max_length=_LONGEST, description="An entity.")]
_Type = Annotated[
    str,
    Query(max_length=_LONGEST, description="Of mark.", examples=["urn:testamur:trust-mark:accredited-to-issue"]),
]
_Unsupported = Annotated[str | None, Query(max_length=_LONGEST, description="Not supported.")]

Said = Callable[[Federation, Ledger, datetime], str | list[str]]


def federation_router() -> APIRouter:
    """The routes; for applications that speak for a body."""
    router = APIRouter(tags=["federation"])
    for path, function, kind, summary in (
        ("/.well-known/openid-federation", configuration, STATEMENT, "What the body says of itself, signed."),
        ("/federation/fetch", fetch, STATEMENT, "What it says of an entity that it accredits, signed."),
        ("/federation/list", subordinates, JSON, "The entities that it accredits."),
        ("/federation/trust-mark", mark, MARK, "Its trust mark for an entity, signed."),
        ("/federation/trust-mark-list", marked, JSON, "The entities that have its trust mark of a type."),
    ):
        router.add_api_route(
            path,
            function,
            methods=["GET"],
            summary=summary,
            response_class=Response,
            responses={200: {"description": summary, "content": {kind: {}}}},
        )
    summary = "What became of one of its trust marks, signed."
    router.add_api_route(
        "/federation/trust-mark-status",
        mark_state,
        methods=["POST"],
        summary=summary,
        response_class=Response,
        responses={200: {"description": summary, "content": {STATUS: {}}}},
    )
    return router


async def configuration(request: Request) -> Response:
    return await _said(request, STATEMENT, lambda body, ledger, now: body.configuration(ledger, now))


async def fetch(request: Request, sub: _Entity) -> Response:
    return await _said(request, STATEMENT, lambda body, ledger, now: body.statement(sub, ledger, now))


async def subordinates(
    request: Request,
    intermediate: Annotated[bool | None, Query(description="Those that may accredit others.")] = None,
    entity_type: _Unsupported = None,
    trust_marked: _Unsupported = None,
    trust_mark_type: _Unsupported = None,
) -> Response:
    if (entity_type, trust_marked, trust_mark_type) != (None, None, None):
        return _error(400, "unsupported_parameter", "the list is filtered by intermediate alone")
    return await _said(
        request, JSON, lambda body, ledger, now: body.subordinates(ledger, now, intermediate=intermediate)
    )


async def mark(request: Request, trust_mark_type: _Type, sub: _Entity) -> Response:
    return await _said(request, MARK, lambda body, ledger, now: body.mark(trust_mark_type, sub, ledger, now))


async def marked(request: Request, trust_mark_type: _Type, sub: _OneEntity = None) -> Response:
    return await _said(request, JSON, lambda body, ledger, now: body.marked(trust_mark_type, sub, ledger, now))


async def mark_state(request: Request) -> Response:
    asked = parse_qs((await _body(request)).decode("ascii", "replace"), max_num_fields=8).get("trust_mark", [])
    if len(asked) != 1:
        return _error(400, "invalid_request", "the body is no form with one trust_mark")
    return await _said(request, STATUS, lambda body, ledger, now: body.status(asked[0], ledger, now))


async def _body(request: Request) -> bytes:
    check_not_packed(request)
    body = bytearray()
    async for piece in pieces_of(request, seconds=BODY_SECONDS, idle_seconds=IDLE_SECONDS):
        body += piece
        if len(body) > LONGEST_MARK:
            raise IntakeError(
                f"a trust mark has at most {LONGEST_MARK} bytes", remedy="Send one mark.", code="too-large"
            )
    return bytes(body)


async def _said(request: Request, kind: str, say: Said) -> Response:
    federation: Federation = request.app.state.federation
    return await service_of(request).in_thread(_answered, federation, facts_of(request), kind, say)


def _answered(federation: Federation, facts: IndexedFacts, kind: str, say: Said) -> Response:
    now = now_in_seconds()
    try:
        said = say(federation, facts.ledger(now), now)
    except NotHere as error:
        if error.code != "not_found":
            raise
        return _error(404, error.code, error.what)
    content = said.encode() if isinstance(said, str) else orjson.dumps(said)
    return Response(content, media_type=kind, headers={"Cache-Control": "no-cache"})


def _error(status: int, code: str, what: str) -> Response:
    told = {"error": code, "error_description": what}
    return Response(orjson.dumps(told), status, media_type=JSON, headers={"Cache-Control": "no-store"})
