"""`/v1/insights`: outcomes of partnerships (docs/reference/insights.md)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from registry.partnerships.told import insights_rows
from registry.recognition.insights import REVIEW_DAYS, insights
from registry.recognition.ledger import Ledger
from registry.records import Batch, BlockRef, Party
from registry.service import examples
from registry.service.caching import JSON, REVALIDATE, fixed
from registry.service.routes.outcomes import CSV, Form
from registry.service.service import service_of
from registry.service.trust import facts_of
from registry.timestamps import past_moment
from registry.untrusted.cells import csv_lines

MOST_DAYS: Final = 3660

_EXAMPLE: Final[dict[str, Any]] = insights(
    Ledger(as_of=BlockRef(21_000_000, bytes.fromhex("9d" * 32), datetime(2026, 1, 1, tzinfo=UTC))),
    (Batch(7, bytes(32), datetime(2025, 12, 31, tzinfo=UTC), 20_995_000, leaf_count=3, sequence=1),),
    (Party(7, "0x" + "11" * 20, None, datetime(2025, 12, 1, tzinfo=UTC), None, 1, bytes(32), ""),),
    datetime(2026, 1, 1, tzinfo=UTC),
).to_dict()

router = APIRouter(prefix="/v1", tags=["insights"])


@router.get(
    "/insights",
    summary="Outcomes of partnerships, counted from anchored facts, each with what it does not show.",
    response_class=Response,
    responses=examples.ok(_EXAMPLE, "The figures."),
)
async def figures(
    request: Request,
    at: Annotated[
        str | None, Query(max_length=40, description="For when; default: now.", examples=["2026-01-01T00:00:00Z"])
    ] = None,
    days: Annotated[
        int, Query(ge=0, le=MOST_DAYS, description="How far ahead reviews are due.", examples=[REVIEW_DAYS])
    ] = REVIEW_DAYS,
    format: Annotated[Form, Query(description="JSON, or a table.")] = Form.JSON,  # noqa: A002
) -> Response:
    moment = past_moment(at, "at", datetime.now(UTC)) or datetime.now(UTC).replace(second=0, microsecond=0)
    facts = facts_of(request)

    def written() -> Response:
        told = facts.insights(moment, days)
        if format is Form.CSV:
            return fixed(request, csv_lines(insights_rows(orjson.loads(told)), numbers=True), CSV, kept=REVALIDATE)
        return fixed(request, told, JSON, kept=REVALIDATE)

    return await service_of(request).in_thread(written)
