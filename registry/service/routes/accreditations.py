"""`/v1/accreditations` and `/v1/recognitions`: what bodies say of other parties, with its history."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from registry.formats.outward.exporting import Form
from registry.recognition.ledger import Kind, State
from registry.service import examples
from registry.service.accreditations_json import LinkFilter, members_of, wanted_links
from registry.service.parameters import Limit, cut, number_of
from registry.service.routes.outward import one_exported, unknown_accreditation
from registry.service.service import Service, service_of
from registry.service.told import Told, as_json
from registry.service.trust import IndexedFacts, facts_of
from registry.timestamps import past_moment

ACCREDITING: Final = frozenset({Kind.ACCREDIT_TO_ISSUE, Kind.ACCREDIT_TO_ACCREDIT})
RECOGNISING: Final = frozenset({Kind.RECOGNISE})

Body = Annotated[int | None, Query(ge=1, lt=2**63, description="The party that says it.")]
Holder = Annotated[int | None, Query(ge=1, lt=2**63, description="The party that it is said of.")]
WantedState = Annotated[
    State | None, Query(description="Its state by its last change; with `at`, its state then as known now.")
]
At = Annotated[
    str | None,
    Query(
        max_length=40,
        description="Those on record now that were so at this time, within their dates.",
        examples=["2026-01-01T00:00:00Z"],
    ),
]
Cursor = Annotated[str | None, Query(max_length=40, description="`next` of the page before.", examples=["17"])]

_EXAMPLE: Final[dict[str, Any]] = {
    "id": 17,
    "kind": "accredit-to-issue",
    "body": 2,
    "holder": 7,
    "scope": {
        "field": "06",
        "levels": [5, 7],
        "types": [],
        "jurisdiction": "HR",
        "programme": None,
        "text": "field 06, EQF levels 5-7, any type of qualification, in HR",
        "resource": "field=06;levels=5-7;jurisdiction=HR",
    },
    "validFrom": "2025-09-01T00:00:00Z",
    "validUntil": "2030-09-01T00:00:00Z",
    "conditionHash": None,
    "jointHolders": [],
    "evidence": {"hash": f"0x{'00' * 32}", "uri": "https://agency.example/decisions/17"},
    "state": "active",
    "changes": [
        {
            "state": "active",
            "recordedAt": "2025-08-20T09:00:00Z",
            "effectiveFrom": "2025-09-01T00:00:00Z",
            "reason": "",
        }
    ],
}

router = APIRouter(prefix="/v1", tags=["accreditations"])


@router.get(
    "/accreditations",
    summary="Accreditations, by number: who gave which to whom, for what, and what became of them.",
    responses=examples.ok({"accreditations": [_EXAMPLE], "next": "17", "asOf": examples.AS_OF}),
)
async def accreditations(
    request: Request,
    body: Body = None,
    holder: Holder = None,
    kind: Annotated[
        Literal["accredit-to-issue", "accredit-to-accredit"] | None, Query(description="Without it, both.")
    ] = None,
    state: WantedState = None,
    at: At = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    kinds = ACCREDITING if kind is None else frozenset({Kind(kind)})
    wanted = LinkFilter(kinds, body, holder, state, past_moment(at, "at", datetime.now(UTC)))
    return await _page(request, "accreditations", wanted, limit, cursor)


@router.get(
    "/recognitions",
    summary="Recognitions, by number; each is one body's own act, one way.",
    responses=examples.ok({"recognitions": [_EXAMPLE | {"kind": "recognise"}], "next": None, "asOf": examples.AS_OF}),
)
async def recognitions(
    request: Request,
    body: Body = None,
    holder: Holder = None,
    state: WantedState = None,
    at: At = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    wanted = LinkFilter(RECOGNISING, body, holder, state, past_moment(at, "at", datetime.now(UTC)))
    return await _page(request, "recognitions", wanted, limit, cursor)


@router.get(
    "/accreditations/{number}",
    summary="One accreditation or recognition, with its whole history.",
    responses=examples.ok({**_EXAMPLE, "asOf": examples.AS_OF}),
)
async def accreditation(
    request: Request,
    number: Annotated[int, Path(ge=1, lt=2**63, description="Its number.", examples=[17])],
    at: At = None,
    form: Annotated[
        Literal["json", "elm-xml", "elm-jsonld", "ctdl"],
        Query(alias="format", description="How it is written: in formats of others, what is in force at the time."),
    ] = "json",
) -> Response:
    moment, service = past_moment(at, "at", datetime.now(UTC)), service_of(request)
    if form != "json":
        return await service.in_thread(one_exported, request, facts_of(request), number, Form(form), moment)
    return await as_json(request, "cursor", link_told, service, facts_of(request), number, moment)


def link_told(service: Service, facts: IndexedFacts, number: int, moment: datetime | None) -> Told:
    """One link; raises NotHere where there is none, or something may be missing.

    Args:
        moment: for which `stateAt` is told, if it is given.
    """
    as_of = service.horizon.current()
    try:
        ledger = facts.ledger()
        return Told(members_of(ledger[number], ledger, moment), as_of)
    except KeyError:
        raise unknown_accreditation(number) from None


async def _page(request: Request, name: str, wanted: LinkFilter, limit: int, cursor: str | None) -> Response:
    asked = service_of(request), facts_of(request), name, wanted, number_of(cursor), limit
    return await as_json(request, "cursor", links_told, *asked)


def links_told(
    service: Service, facts: IndexedFacts, name: str, wanted: LinkFilter, after: int = 0, limit: int = 100
) -> Told:
    """A page of links by number, from the one after a number on; raises NotHere where some may be missing.

    Args:
        name: of the member that lists them.
    """
    as_of = service.horizon.current()
    ledger = facts.ledger()
    shown, others_follow = cut(list(islice(wanted_links(ledger, wanted, after=after), limit + 1)), limit)
    following = str(shown[-1].id) if others_follow else None
    return Told({name: [members_of(link, ledger, wanted.at) for link in shown], "next": following}, as_of, following)
