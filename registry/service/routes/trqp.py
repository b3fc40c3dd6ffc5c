"""`/v1/authorization` and `/v1/recognition`: the Trust Registry Query Protocol (docs/reference/trqp.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from registry.credential.strictjson import Limits, parse_json
from registry.errors import IntakeError
from registry.formats import trqp
from registry.formats.trqp import (
    QueryError,
    Registry,
    answer_authorization,
    answer_by_register,
    answer_recognition,
    read_query,
)
from registry.http.problems import problem
from registry.http.request_bodies import check_not_packed, pieces_of
from registry.recognition.ledger import Ledger
from registry.service import examples
from registry.service.registers import Registers, registers_of
from registry.service.service import service_of
from registry.service.trust import IndexedFacts, facts_of

Answer = Callable[[trqp.Query, Ledger, datetime], dict[str, Any]]
_NO_RECOGNITION: Final = "a register recognises nobody: it lists what agencies decided"

BODY_BYTES: Final = 64 << 10
BODY_SECONDS, IDLE_SECONDS = 30.0, 10.0
_LIMITS: Final = Limits(max_bytes=BODY_BYTES, max_depth=8)
_Id = Annotated[str, Query(max_length=trqp.LONGEST_TEXT, description="A party: its number, or its full name.")]
_Action = Annotated[str, Query(max_length=trqp.LONGEST_TEXT, examples=["issue"])]
_Resource = Annotated[
    str, Query(max_length=trqp.LONGEST_TEXT, examples=["field=0613;levels=6;jurisdiction=HR"], description="A scope.")
]
_Time = Annotated[
    str | None, Query(max_length=40, examples=["2026-01-01T00:00:00Z"], description="For when; default: now.")
]

_EXAMPLE: Final[dict[str, Any]] = {
    "entity_id": "7",
    "authority_id": "2",
    "action": "issue",
    "resource": "field=0613;levels=6;jurisdiction=HR",
    "time_evaluated": "2026-06-01T12:00:00Z",
    "message": "Party 7 may issue field 0613, EQF level 6, any type of qualification, in HR: accredited by body 2. "
    "As of block 1200.",
    "context": {"time": "2026-01-01T00:00:00Z"},
    "time_requested": "2026-01-01T00:00:00Z",
    "moment": "2026-01-01T00:00:00Z",
    "readings": {"as_known_then": True, "as_known_now": True},
    "path": [
        {
            "accreditation": 5,
            "kind": "accredit-to-issue",
            "body": 2,
            "holder": 7,
            "resource": "field=06;levels=5-7;jurisdiction=HR",
            "condition_hash": None,
            "joint_holders": [],
        }
    ],
    "missing": None,
    "as_of_block": {"number": 1200, "hash": f"0x{'ab' * 32}", "timestamp": "2026-06-01T11:59:48Z"},
}
_TEXT: Final[dict[str, Any]] = {"type": "string", "minLength": 1, "maxLength": trqp.LONGEST_TEXT}
_REQUEST_BODY: Final[dict[str, Any]] = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "title": "TrustRegistryQuery",
                "type": "object",
                "required": ["entity_id", "authority_id", "action", "resource"],
                "properties": {
                    "entity_id": _TEXT,
                    "authority_id": _TEXT,
                    "action": _TEXT,
                    "resource": _TEXT,
                    "context": {
                        "type": "object",
                        "properties": {"time": {"type": "string", "maxLength": 40}},
                        "additionalProperties": {"type": "string", "maxLength": trqp.LONGEST_TEXT},
                    },
                },
            },
            "example": {
                name: _EXAMPLE[name] for name in ("entity_id", "authority_id", "action", "resource", "context")
            },
        }
    },
}

router = APIRouter(prefix="/v1", tags=["trust registry"])


def _add(name: str, member: str, answer: Answer) -> None:
    summary = {
        "authorization": "Does an authority let a party issue, or accredit others, for a scope?",
        "recognition": "Does an authority recognise a party for a scope?",
    }[name]
    description = f"The answer; `{member}` is false when no agreement is on record."
    responses = examples.ok(_EXAMPLE | {member: True}, description)

    async def get(
        request: Request,
        entity_id: _Id,
        authority_id: _Id,
        action: _Action,
        resource: _Resource,
        time: _Time = None,
    ) -> Response:
        members = {"entity_id": entity_id, "authority_id": authority_id, "action": action, "resource": resource}
        context = {} if time is None else {"context": {"time": time}}
        asked = facts_of(request), registers_of(request), members | context, answer
        return await service_of(request).in_thread(_answered, *asked)

    async def post(request: Request) -> Response:
        members = await _body(request)
        asked = facts_of(request), registers_of(request), members, answer
        return await service_of(request).in_thread(_answered, *asked)

    path = f"/{name}"
    router.add_api_route(
        path, get, methods=["GET"], name=f"get_{name}", summary=summary, response_class=Response, responses=responses
    )
    router.add_api_route(
        path,
        post,
        methods=["POST"],
        name=f"post_{name}",
        summary=summary,
        response_class=Response,
        responses=responses,
        openapi_extra={"requestBody": _REQUEST_BODY},
    )


def _answered(facts: IndexedFacts, registers: Registers, members: Mapping[str, Any], answer: Answer) -> Response:
    try:
        told = _told(facts, registers, members, answer)
    except QueryError as error:
        # As the protocol wants it: well formed, and about what this registry does not know.
        return problem(404 if error.unknown else 400, error.code, error.what, remedy=error.remedy)
    return Response(orjson.dumps(told), media_type="application/json", headers={"Cache-Control": "no-cache"})


def _told(facts: IndexedFacts, registers: Registers, members: Mapping[str, Any], answer: Answer) -> dict[str, Any]:
    query = read_query(members, Registry(facts.chain, facts.contract))
    now = datetime.now(UTC)
    for member, party in (("entity_id", query.entity), ("authority_id", query.authority)):
        if not facts.is_registered(party):
            raise QueryError(
                f"{member}: nobody has registered party {party}",
                remedy="Check the number; it may also be too new to be in the index.",
                code="unknown-party",
                unknown=True,
            )
    ledger = facts.ledger(min(now, query.moment or now))
    if not query.register:
        return answer(query, ledger, now)
    if answer is not answer_authorization or ledger.as_of is None:
        raise QueryError(
            _NO_RECOGNITION, remedy="Ask for an authorization to issue.", code="unknown-action", unknown=True
        )
    known = registers.named(query.register, query.authority)
    return answer_by_register(query, registers.register(known), ledger.as_of, now)


async def _body(request: Request) -> Mapping[str, Any]:
    check_not_packed(request)
    body = bytearray()
    async for piece in pieces_of(request, seconds=BODY_SECONDS, idle_seconds=IDLE_SECONDS):
        body += piece
        if len(body) > BODY_BYTES:
            raise IntakeError(
                f"a query has at most {BODY_BYTES} bytes", remedy="Send one query at a time.", code="too-large"
            )
    members = parse_json(bytes(body), _LIMITS)
    if not isinstance(members, dict):
        raise QueryError(
            "a query is a JSON object",
            remedy="Send entity_id, authority_id, action and resource.",
            code="query",
        )
    return members


_add("authorization", "authorized", answer_authorization)
_add("recognition", "recognized", answer_recognition)
