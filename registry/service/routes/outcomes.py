"""`/v1/partnerships`, `/v1/statements` and `/v1/indicators`: what partners agreed, and what came of it."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Final, NamedTuple

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response

from registry.errors import SettingsError
from registry.partnerships.definitions import INDICATORS
from registry.partnerships.document import ID
from registry.partnerships.indicators import Filter
from registry.partnerships.periods import By, Period, period_of, read_period
from registry.partnerships.told import COLUMNS, figure_rows, partnership_told, statement_told
from registry.recognition.scope import country as country_of
from registry.service import examples
from registry.service.caching import BY_ACCEPT, JSON, REVALIDATE, fixed
from registry.service.outcomes import Outcomes, outcomes_of, require_known
from registry.service.parameters import Limit
from registry.service.service import Service, service_of
from registry.service.told import Told, as_json
from registry.timestamps import past_moment
from registry.untrusted.cells import csv_lines

CSV: Final = "text/csv; charset=utf-8"

_DOCUMENT: Final[dict[str, Any]] = {
    "type": "TestamurPartnership",
    "version": 1,
    "id": "alpine-nurses",
    "revision": 1,
    "title": "Nurses across the Alps",
    "purpose": {"kinds": ["mutual-recognition"]},
    "partners": [
        {"kind": "accreditation-body", "name": "Agency A", "party": 2},
        {"kind": "university", "name": "University B", "party": 7},
    ],
    "agreements": [{"link": 17}],
    "start": "2026-01-01",
    "reviews": [{"due": "2027-01-31"}],
    "targets": [{"indicator": "credentials-recognised-abroad", "atLeast": 80, "by": "2027-12-31"}],
}
_KEPT: Final[dict[str, Any]] = {
    "digest": examples.DIGEST,
    "standing": "current",
    "anchoredBy": 2,
    "block": examples.AS_OF["block"],
    "until": None,
    "anchors": [{"party": 2, "block": examples.AS_OF["block"], "withdrawn": False}],
}
_PARTNERSHIP: Final[dict[str, Any]] = {
    "id": "alpine-nurses",
    "revision": 1,
    **_KEPT,
    "document": _DOCUMENT,
    "agreements": [
        {
            "link": 17,
            "kind": "accredit-to-issue",
            "body": 2,
            "holder": 7,
            "state": "active",
            "until": "2030-09-01T00:00:00Z",
        }
    ],
    "problems": [],
}
_STATEMENT: Final[dict[str, Any]] = {
    "id": "awards-2025",
    "revision": 1,
    "issuer": 7,
    **_KEPT,
    "document": {
        "type": "TestamurOutcomeStatement",
        "version": 1,
        "id": "awards-2025",
        "revision": 1,
        "issuer": 7,
        "title": "Awards of 2025",
        "measure": "awards",
        "period": {"from": "2025-01-01", "until": "2025-12-31"},
        "tables": [
            {
                "rows": {"dimension": "gender", "categories": ["women", "men"]},
                "cells": [[120], [98]],
                "total": 218,
            }
        ],
    },
}
_COUNTS: Final[dict[str, Any]] = {"value": 80.0, "numerator": 800, "denominator": 1000}
_PERIOD: Final[dict[str, Any]] = {"name": "2026", "from": "2026-01-01T00:00:00Z", "until": "2027-01-01T00:00:00Z"}
_MEASURED: Final[dict[str, Any]] = {
    "moment": "2026-01-01T12:24:00Z",
    "period": _PERIOD,
    "filter": Filter().to_dict(),
    "blocks": {"from": 20_000_000, "to": 21_000_120},
    "registerSnapshots": {"batches": 1, "leaves": 12_000},
    "asOf": examples.AS_OF["block"],
    "indicators": [
        {
            **INDICATORS[0].to_dict(),
            "of": {
                "period": _PERIOD,
                **_COUNTS,
                "parts": [{"name": "HR", "numerator": 800, "denominator": 1000}],
                "beside": {},
                "trend": [{"period": "2026-Q1", **_COUNTS}],
            },
        }
    ],
    "targets": [],
}

router = APIRouter(prefix="/v1", tags=["outcomes"])


class Form(StrEnum):
    """How figures are written."""

    JSON = "json"
    CSV = "csv"


class Asked(NamedTuple):
    """For when, which period, which trend and which part figures are asked for."""

    moment: datetime
    period: Period
    by: By
    wanted: Filter


def asked(
    period: Annotated[
        str | None,
        Query(max_length=7, description="A year, quarter or month; default: this year.", examples=["2026-Q3"]),
    ] = None,
    by: Annotated[By, Query(description="How long the periods of the trend are.")] = By.QUARTER,
    country: Annotated[
        str | None, Query(max_length=3, description="Of the issuers' accreditations, ISO 3166-1.", examples=["HR"])
    ] = None,
    field: Annotated[
        str | None, Query(pattern="^([0-9]{2,4})?$", description="ISCED-F 2013, 2 to 4 digits.", examples=["06"])
    ] = None,
    level: Annotated[str | None, Query(pattern="^([1-8])?$", description="EQF level.", examples=["6"])] = None,
    partnership: Annotated[
        str | None, Query(pattern=f"^({ID})?$", description="Its partners alone.", examples=["alpine-nurses"])
    ] = None,
    at: Annotated[
        str | None, Query(max_length=40, description="For when; default: now.", examples=["2026-01-01T00:00:00Z"])
    ] = None,
) -> Asked:
    """What a query asks for; what is empty, as a form sends it, is not asked for.

    Raises:
        SettingsError: a part makes no sense.
    """
    now = datetime.now(UTC)
    moment = past_moment(at or None, "at", now) or now.replace(second=0, microsecond=0)
    wanted = Filter(
        country_of(country) if country else None,
        field or None,
        int(level) if level else None,
        partnership or None,
    )
    return Asked(moment, read_period(period) if period else period_of(moment, By.YEAR), by, wanted)


def partnerships_told(service: Service, outcomes: Outcomes, after: str | None, limit: int) -> Told:
    """The versions that count of partnerships, and those of which none does, by id."""
    as_of = service.horizon.current()
    facts = outcomes.measured().facts
    told: dict[str, Any] = {}
    for kept in facts.partnerships:
        # The current one is the last of those that count; one that counts nowhere is told where there is no other.
        if kept.document.id not in told or kept.counts:
            told[kept.document.id] = kept
    names = [name for name in sorted(told) if after is None or name > after]
    following = names[limit - 1] if len(names) > limit else None
    return Told(
        {
            "partnerships": [partnership_told(told[name], facts) for name in names[:limit]],
            "batchesWithoutTree": service.searched(as_of).without_tree,
            "next": following,
        },
        as_of,
        following,
    )


def partnership_versions_told(service: Service, outcomes: Outcomes, name: str) -> Told:
    """All versions of a partnership, the one that counts last; raises NotHere (`unknown-partnership`)."""
    as_of = service.horizon.current()
    facts = outcomes.measured().facts
    versions = require_known(name, facts.partnerships)
    told = [partnership_told(each, facts) for each in versions]
    current = next((each for each in told if each["standing"] == "current"), None)
    return Told({"id": name, "current": current, "versions": told}, as_of)


def statements_told(service: Service, outcomes: Outcomes, after: str | None, limit: int) -> Told:
    """Statements in the order in which they were anchored; raises SettingsError (code `cursor`) for no such place."""
    as_of = service.horizon.current()
    found = outcomes.recorded().statements
    start = 0 if after is None else next((at for at, each in enumerate(found, 1) if each.digest.hex() == after), None)
    if start is None:
        raise SettingsError(
            "there is no statement at this place", where="cursor", remedy="Begin again without it.", code="cursor"
        )
    page = found[start : start + limit]
    following = page[-1].digest.hex() if start + limit < len(found) else None
    return Told({"statements": [statement_told(each) for each in page], "next": following}, as_of, following)


@router.get(
    "/partnerships",
    summary="Partnerships, by id: who works together, by which agreements, and whether a partner anchored that.",
    responses=examples.ok(
        {"partnerships": [_PARTNERSHIP], "batchesWithoutTree": 0, "next": None, "asOf": examples.AS_OF}
    ),
)
async def partnerships(
    request: Request,
    limit: Limit = 100,
    cursor: Annotated[
        str | None, Query(pattern=f"^{ID}$", description="`next` of the page before.", examples=["alpine-nurses"])
    ] = None,
) -> Response:
    return await as_json(request, "cursor", partnerships_told, service_of(request), outcomes_of(request), cursor, limit)


@router.get(
    "/partnerships/{name}",
    summary="All versions of a partnership, and which of them counts.",
    responses=examples.ok(
        {"id": "alpine-nurses", "current": _PARTNERSHIP, "versions": [_PARTNERSHIP], "asOf": examples.AS_OF}
    ),
)
async def partnership(
    request: Request,
    name: Annotated[str, Path(pattern=f"^{ID}$", description="Its id.", examples=["alpine-nurses"])],
) -> Response:
    return await as_json(request, "cursor", partnership_versions_told, service_of(request), outcomes_of(request), name)


@router.get(
    "/statements",
    summary="What issuers state of whom they served: aggregated counts, none of fewer than ten.",
    responses=examples.ok({"statements": [_STATEMENT], "next": None, "asOf": examples.AS_OF}),
)
async def statements(
    request: Request,
    limit: Limit = 100,
    cursor: Annotated[
        str | None,
        Query(pattern="^[0-9a-f]{64}$", description="`next` of the page before.", examples=[examples.DIGEST]),
    ] = None,
) -> Response:
    return await as_json(request, "cursor", statements_told, service_of(request), outcomes_of(request), cursor, limit)


@router.get(
    "/indicators",
    summary="Indicators of outcomes, each with its definition, what it is out of, and what it cannot show.",
    response_class=Response,
    responses=examples.ok(_MEASURED, "The figures."),
)
async def indicators(
    request: Request,
    wanted: Annotated[Asked, Depends(asked)],
    format: Annotated[Form, Query(description="JSON, or a table.")] = Form.JSON,  # noqa: A002
) -> Response:
    outcomes = outcomes_of(request)

    def written() -> Response:
        told = outcomes.figures(*wanted)
        if format is Form.CSV:
            rows = csv_lines([COLUMNS, *figure_rows(orjson.loads(told))], numbers=True)
            return fixed(request, rows, CSV, kept=REVALIDATE, headers=BY_ACCEPT)
        return fixed(request, told, JSON, kept=REVALIDATE)

    return await service_of(request).in_thread(written)
