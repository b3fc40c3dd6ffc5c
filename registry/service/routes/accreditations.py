"""`/v1/accreditations` and `/v1/recognitions`: what bodies say of other parties, with its history."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from registry.http.problems import NotHere
from registry.recognition.ledger import Accreditation, Kind, State
from registry.service import examples
from registry.service.accreditations_json import LinkFilter, members_of, wanted_links
from registry.service.caching import answer
from registry.service.horizon import AsOf
from registry.service.parameters import Limit, cut, link_to, number_of
from registry.service.service import service_of
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
) -> Response:
    moment, service = past_moment(at, "at", datetime.now(UTC)), service_of(request)
    as_of, link = await service.in_thread(_one, service.horizon.current, facts_of(request), number)
    return answer(request, members_of(link, moment), as_of)


def _one(now: Callable[[], AsOf], facts: IndexedFacts, number: int) -> tuple[AsOf, Accreditation]:
    as_of = now()
    try:
        return as_of, facts.ledger()[number]
    except KeyError:
        raise NotHere(
            f"there is no accreditation {number}",
            remedy="Check the number; it may also be too new to be in the index.",
            code="unknown-accreditation",
        ) from None


async def _page(request: Request, name: str, wanted: LinkFilter, limit: int, cursor: str | None) -> Response:
    after, service = number_of(cursor), service_of(request)
    as_of, found = await service.in_thread(
        _some, service.horizon.current, facts_of(request), wanted, after=after, most=limit + 1
    )
    shown, others_follow = cut(found, limit)
    following = str(shown[-1].id) if others_follow else None
    content = {name: [members_of(link, wanted.at) for link in shown], "next": following}
    return answer(request, content, as_of, headers=link_to(request, following))


def _some(
    now: Callable[[], AsOf], facts: IndexedFacts, wanted: LinkFilter, *, after: int, most: int
) -> tuple[AsOf, list[Accreditation]]:
    as_of = now()
    return as_of, list(islice(wanted_links(facts.ledger(), wanted, after=after), most))
