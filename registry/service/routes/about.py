"""What this service is and how far it has come; the schemas of what it hands out."""

from __future__ import annotations

from typing import Final

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import Response

from registry.receipt.model import receipt_schema
from registry.service import examples
from registry.service.caching import REVALIDATE, fixed
from registry.service.service import Service, service_of
from registry.service.told import Told, as_json
from registry.verify.absence_file import absence_schema
from registry.verify.verdict import verdict_schema

SCHEMA: Final = "application/schema+json"

router = APIRouter(prefix="/v1", tags=["about"])


@router.get(
    "",
    summary="Which contract on which chain is indexed here, and how much.",
    responses=examples.ok(
        {
            "chain": "eip155:1",
            "contract": "0x5FbDB2315678afecb367f032d93F642f64180aa3",
            "firstBlock": 20_000_000,
            "parties": 20,
            "batches": 1000,
            "credentials": 10_000_000,
            "events": 2020,
            "digestStatuses": 12,
            "trees": 1000,
            "reorganisations": 3,
            "asOf": examples.AS_OF,
        }
    ),
)
async def about(request: Request) -> Response:
    return await as_json(request, "cursor", about_told, service_of(request))


@router.get(
    "/schemas/receipt.json",
    summary="The JSON Schema of a receipt.",
    responses={200: {"description": "The schema.", "content": {SCHEMA: {}}}},
)
async def of_receipts(request: Request) -> Response:
    return fixed(request, orjson.dumps(receipt_schema()), SCHEMA, kept=REVALIDATE)


@router.get(
    "/schemas/verdict.json",
    summary="The JSON Schema of a verdict.",
    responses={200: {"description": "The schema.", "content": {SCHEMA: {}}}},
)
async def of_verdicts(request: Request) -> Response:
    return fixed(request, orjson.dumps(verdict_schema()), SCHEMA, kept=REVALIDATE)


@router.get(
    "/schemas/absence.json",
    summary="The JSON Schema of a proof of absence with its evidence.",
    responses={200: {"description": "The schema.", "content": {SCHEMA: {}}}},
)
async def of_absences(request: Request) -> Response:
    return fixed(request, orjson.dumps(absence_schema()), SCHEMA, kept=REVALIDATE)


def about_told(service: Service) -> Told:
    """Which contract is indexed, and how much of it, whatever that is worth."""
    as_of = service.horizon.now()
    content = {
        "chain": service.index.chain,
        "contract": service.index.contract,
        "firstBlock": as_of.head.first_block,
        **service.index.counts(),
        "reorganisations": as_of.head.reorgs,
    }
    return Told(content, as_of)
