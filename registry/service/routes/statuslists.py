"""`/v1/status-lists/…`: W3C Bitstring Status Lists (docs/reference/status-lists.md)."""

from __future__ import annotations

from typing import Annotated, Any, Final
from uuid import UUID

import orjson
from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from registry.formats.statuslist import Purpose
from registry.http.accepting import accepted_types
from registry.service import examples
from registry.service.caching import BY_ACCEPT, JSON, fixed
from registry.service.service import Service, service_of
from registry.service.status_lists import TTL_SECONDS, GivenList, StatusLists

MEDIA_TYPE: Final = "application/vc"
LD_JSON: Final = "application/ld+json"
TYPES: Final = (MEDIA_TYPE, JSON, LD_JSON)
"""A list is the same bytes in each: some clients read no JSON but under a type that says so."""
KEPT: Final = f"public, max-age={TTL_SECONDS}"
_Issuer = Annotated[int, Path(ge=1, lt=2**63, description="Number of the party.", examples=[7])]
_Number = Annotated[int, Path(ge=1, lt=2**31, description="Number of the list, from 1.", examples=[1])]
_Sequence = Annotated[int, Path(ge=1, lt=2**32, description="Number of the batch among the issuer's, from 1.")]
_Leaf = Annotated[int, Path(ge=0, lt=2**32, description="Index of the credential in the batch, from 0.")]

_Name = Annotated[UUID, Path(description="The random name of the list, as the entry of a credential has it.")]

_URL: Final = "https://registry.example/v1/status-lists/7/revocation/1"
_LIST: Final[dict[str, Any]] = {
    "@context": ["https://www.w3.org/ns/credentials/v2"],
    "id": _URL,
    "type": ["VerifiableCredential", "BitstringStatusListCredential"],
    "issuer": "did:web:university.example",
    "validFrom": "2026-06-01T12:00:00Z",
    "credentialSubject": {
        "id": f"{_URL}#list",
        "type": "BitstringStatusList",
        "statusPurpose": "revocation",
        "ttl": 1000 * TTL_SECONDS,
        "encodedList": "uH4sIAAAAAAAC_-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA",
    },
}
_NAMED_URL: Final = "https://registry.example/v1/status-lists/7/named/5c6ab9f0-6f0e-4b6e-9b57-2f4c0a4e2d11/revocation"
_NAMED_LIST: Final[dict[str, Any]] = _LIST | {
    "id": _NAMED_URL,
    "credentialSubject": _LIST["credentialSubject"] | {"id": f"{_NAMED_URL}#list"},
}
_ENTRIES: Final[dict[str, Any]] = {
    "credentialStatus": [
        {
            "id": f"{_URL}#94567",
            "type": "BitstringStatusListEntry",
            "statusPurpose": "revocation",
            "statusListIndex": "94567",
            "statusListCredential": _URL,
        }
    ]
}


def _responses(example: object) -> dict[int | str, dict[str, Any]]:
    """What the description of the API says of the answers that have a list."""
    return {
        200: {
            "description": "As of the last final block; under the type that is accepted.",
            "content": {kind: {"example": example} for kind in TYPES},
        },
        304: {"description": "The list is as it was."},
    }


router = APIRouter(prefix="/v1", tags=["status lists"])


@router.get(
    "/status-lists/{issuer}/{purpose}/{number}",
    summary="The revocations or suspensions of an issuer as a W3C BitstringStatusListCredential.",
    response_class=Response,
    responses=_responses(_LIST),
)
async def status_list(request: Request, issuer: _Issuer, purpose: Purpose, number: _Number) -> Response:
    service = service_of(request)
    given = await service.in_thread(
        _given, service, _lists_of(request), issuer, purpose, number, asked=str(request.base_url)
    )
    return _answer(request, given)


@router.get(
    "/status-lists/{issuer}/named/{name}/{purpose}",
    summary="A status list that credentials name themselves: their positions were drawn before they were anchored.",
    response_class=Response,
    responses=_responses(_NAMED_LIST),
)
async def named_status_list(request: Request, issuer: _Issuer, name: _Name, purpose: Purpose) -> Response:
    service = service_of(request)
    given = await service.in_thread(
        _given_named, service, _lists_of(request), issuer, purpose, name, asked=str(request.base_url)
    )
    return _answer(request, given)


def _answer(request: Request, given: GivenList) -> Response:
    headers = {"Index-Block": str(given.block_number)} | BY_ACCEPT
    # Whoever accepts none of them gets what a list is.
    media_type = next((kind for kind in accepted_types(request) if kind in TYPES), MEDIA_TYPE)
    return fixed(request, orjson.dumps(given.credential), media_type, kept=KEPT, headers=headers)


@router.get(
    "/status-lists/{issuer}/entries/{sequence}/{leaf_index}",
    summary="Where the bits of a credential are: its `credentialStatus`.",
    response_class=Response,
    responses=examples.ok(_ENTRIES, "One entry a purpose."),
)
async def entries(request: Request, issuer: _Issuer, sequence: _Sequence, leaf_index: _Leaf) -> Response:
    service = service_of(request)
    found = await service.in_thread(
        _entries, service, _lists_of(request), issuer, sequence, leaf_index, asked=str(request.base_url)
    )
    told = {"credentialStatus": found}
    # A position is for good, but its address may not be.
    return Response(orjson.dumps(told), media_type=JSON, headers={"Cache-Control": KEPT})


def _given(
    service: Service, lists: StatusLists, issuer: int, purpose: Purpose, number: int, *, asked: str
) -> GivenList:
    # A list says of every credential that is not marked in it that it is not revoked.
    service.horizon.current()
    return lists.given(issuer, purpose, number, asked=asked)


def _given_named(
    service: Service, lists: StatusLists, issuer: int, purpose: Purpose, name: UUID, *, asked: str
) -> GivenList:
    service.horizon.current()
    return lists.given_named(issuer, purpose, name, asked=asked)


def _entries(
    service: Service, lists: StatusLists, issuer: int, sequence: int, leaf_index: int, *, asked: str
) -> list[dict[str, Any]]:
    # A place in a list depends on every batch before it.
    service.horizon.complete()
    return lists.entries(issuer, sequence, leaf_index, asked=asked)


def _lists_of(request: Request) -> StatusLists:
    """Those with signers that the application was given, or lists without a proof."""
    state = request.app.state
    if getattr(state, "status_lists", None) is None:
        state.status_lists = StatusLists(service_of(request).index, service_of(request).trees)
    found: StatusLists = state.status_lists
    return found
