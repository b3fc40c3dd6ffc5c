"""Batches and parties."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from registry.chain.rpc.hexadecimal import checksummed
from registry.errors import StoreError
from registry.http.problems import NotHere, note
from registry.index.reader import EventFilter, EventPlace
from registry.index.repeats import digest_words
from registry.records import Batch, Purpose
from registry.service import examples
from registry.service.parameters import (
    HASH_PATTERN,
    Cursor,
    IssuerPath,
    Limit,
    PartyNumber,
    cursor_of,
    cut,
    place_of,
    root_of,
)
from registry.service.records_json import batch_content, party_content
from registry.service.service import Service, service_of
from registry.service.told import Told, as_json

router = APIRouter(prefix="/v1", tags=["batches and parties"])


@router.get(
    "/batches",
    summary="Batches in the order of the chain.",
    responses=examples.ok({"batches": [examples.BATCH], "next": "21000000.14", "asOf": examples.AS_OF}),
)
async def batches(
    request: Request,
    issuer: PartyNumber | None = None,
    cursor: Cursor = None,
    limit: Limit = 100,
    newest: Annotated[bool, Query(description="The newest first.")] = False,
) -> Response:
    asked = service_of(request), issuer, place_of(cursor), limit, newest
    return await as_json(request, "cursor", batches_told, *asked)


@router.get(
    "/batches/{issuer}/{root}",
    summary="One batch, with its status words: bit b of word w is leaf 256 x w + b.",
    description="`statusWords` is what was done to places; `digestWords` which places hold credentials that were "
    "revoked or suspended by their digests, or null where the tree is not here: then that is not known.",
    responses=examples.ok(
        {
            **examples.BATCH,
            "statusWords": {"revocation": {"0": "0x4"}, "suspension": {}},
            "digestWords": {"revocation": {"0": "0x1"}, "suspension": {}},
            "asOf": examples.AS_OF,
        }
    ),
)
async def batch(
    request: Request,
    issuer: IssuerPath,
    root: Annotated[str, Path(description="The root.", examples=[examples.ROOT], pattern=HASH_PATTERN)],
) -> Response:
    return await as_json(request, "cursor", batch_told, service_of(request), issuer, root_of(root))


@router.get(
    "/parties",
    summary="Parties by number.",
    responses=examples.ok({"parties": [examples.PARTY], "next": 7, "asOf": examples.AS_OF}),
)
async def parties(
    request: Request,
    after: Annotated[int, Query(ge=0, lt=2**63, description="`next` of the page before.")] = 0,
    limit: Limit = 100,
) -> Response:
    return await as_json(request, "after", parties_told, service_of(request), after, limit)


@router.get(
    "/parties/{party}",
    summary="One party, and the accounts that may anchor for it besides its controller.",
    responses=examples.ok(
        {
            **examples.PARTY,
            "operators": ["0x70997970C51812dc3A010C7d01b50e0d17dc79C8"],
            "asOf": examples.AS_OF,
        }
    ),
)
async def party(request: Request, party: Annotated[int, Path(ge=1, lt=2**63, description="Its number.")]) -> Response:
    return await as_json(request, "after", party_told, service_of(request), party)


def batches_told(service: Service, issuer: int | None, place: EventPlace | None, limit: int, newest: bool) -> Told:
    """A page of batches; raises NotHere where some may be missing."""
    as_of = service.horizon.current()
    after, before = (None, place) if newest else (place, None)
    found = service.index.batches(issuer=issuer, after=after, before=before, limit=limit + 1, newest_first=newest)
    page, more = cut(found, limit)
    following = cursor_of(_place(page[-1])) if more else None
    content = {"batches": [batch_content(each, as_of.head) for each in page], "next": following}
    return Told(content, as_of, following)


def batch_told(service: Service, issuer: int, root: bytes) -> Told:
    """One batch with its status words; raises NotHere where there is none, or something may be missing."""
    as_of = service.horizon.current()
    found = service.index.batch(issuer, root)
    if found is None:
        raise NotHere(
            f"issuer {issuer} has anchored no such batch up to block {as_of.head.cursor.number}",
            where=f"0x{root.hex()}",
            remedy="Check both; GET /v1/batches?issuer= lists them.",
            code="unknown-batch",
            details=as_of.member,
        )
    by_place = _words({purpose: service.index.status_words(found.key, purpose) for purpose in Purpose})
    try:
        by_digest = _words(digest_words(service.index, service.trees, found))
    except StoreError as error:
        note(error)
        by_digest = None
    return Told(batch_content(found, as_of.head) | {"statusWords": by_place, "digestWords": by_digest}, as_of)


def _words(found: Mapping[Purpose, Mapping[int, int]] | None) -> dict[str, dict[str, str]] | None:
    """Status words for JSON, by purpose; None for what is not known."""
    if found is None:
        return None
    return {
        purpose.word: {str(number): hex(bits) for number, bits in sorted(words.items())}
        for purpose, words in found.items()
    }


def parties_told(service: Service, after: int, limit: int) -> Told:
    """A page of parties; raises NotHere where some may be missing."""
    as_of = service.horizon.current()
    page, more = cut(service.index.parties(after=after, limit=limit + 1), limit)
    following = page[-1].id if more else None
    return Told({"parties": [party_content(each) for each in page], "next": following}, as_of, following)


def party_told(service: Service, number: int) -> Told:
    """One party with its operators; raises NotHere where there is none, or something may be missing."""
    as_of = service.horizon.current()
    found = service.party(number, as_of)
    operators: dict[str, bool] = {}
    for event in service.index.all_events(EventFilter(party=number, names=frozenset({"OperatorSet"}))):
        operators[checksummed(event.arguments["operator"])] = event.arguments["allowed"]
    allowed = [account for account, is_allowed in operators.items() if is_allowed]
    return Told(party_content(found) | {"operators": allowed}, as_of)


def _place(batch: Batch) -> EventPlace:
    return EventPlace(*batch.place)
