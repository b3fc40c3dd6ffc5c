"""Every event of the contract: in pages, or all that match as a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from enum import StrEnum
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse

from registry.chain.abi import all_events
from registry.errors import ChainUnavailable, SettingsError
from registry.index.reader import EventFilter, EventPlace, Head
from registry.records import Event
from registry.service import examples
from registry.service.caching import BY_ACCEPT, IMMUTABLE, REVALIDATE, answer
from registry.service.exports import as_csv, as_ndjson, as_parquet
from registry.service.parameters import (
    HASH_PATTERN,
    Cursor,
    Limit,
    PartyNumber,
    cursor_of,
    cut,
    digest_of,
    link_to,
    place_of,
    root_of,
)
from registry.service.records_json import event_content
from registry.service.service import Service, service_of

router = APIRouter(prefix="/v1", tags=["events"])

MOST_NAMES: Final = 30
LOOK_AGAIN: Final = 1000
NAMES: Final = frozenset(item.name for item in all_events().values())


class Form(StrEnum):
    """How events are written: a page of JSON, or all that match."""

    JSON = "json"
    CSV = "csv"
    NDJSON = "ndjson"
    PARQUET = "parquet"


_TYPES: Final = {
    Form.CSV: "text/csv; charset=utf-8",
    Form.NDJSON: "application/x-ndjson",
    Form.PARQUET: "application/vnd.apache.parquet",
}
_WRITERS: Final[dict[Form, Callable[[Iterable[Event], Head], Iterator[bytes]]]] = {
    Form.CSV: as_csv,
    Form.NDJSON: as_ndjson,
}


@router.get(
    "/events",
    summary="Events in the order of the chain, filtered; a page of JSON, or all of them as CSV, NDJSON or Parquet.",
    description="What ends at a final block never changes: with `to_block` at or below it, answers may be kept.",
    responses={
        200: {
            "description": "The events.",
            "content": {
                "application/json": {
                    "example": {"events": [examples.EVENT], "next": "21000000.14", "asOf": examples.AS_OF}
                },
                **{kind: {} for kind in _TYPES.values()},
            },
        }
    },
)
async def events(
    request: Request,
    party: PartyNumber | None = None,
    root: Annotated[
        str | None, Query(description="Events of this root.", examples=[examples.ROOT], pattern=HASH_PATTERN)
    ] = None,
    accreditation: Annotated[int | None, Query(ge=1, lt=2**63, description="Of this accreditation.")] = None,
    digest: Annotated[
        str | None,
        Query(description="What was said of this digest.", examples=[examples.DIGEST], pattern=HASH_PATTERN),
    ] = None,
    name: Annotated[
        list[str] | None, Query(max_length=MOST_NAMES, description="Of this name; repeatable.", examples=[["Anchored"]])
    ] = None,
    from_block: Annotated[int | None, Query(ge=0, lt=2**63, description="From this block on.")] = None,
    to_block: Annotated[int | None, Query(ge=0, lt=2**63, description="Up to this block.")] = None,
    form: Annotated[
        Form | None, Query(alias="format", description="How they are written; default: by the header Accept.")
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    service = service_of(request)
    unknown = sorted(set(name or ()) - NAMES)
    if unknown:
        raise SettingsError(
            f"the contract has no event {unknown[0][:80]!r}",
            remedy=f"It has {', '.join(sorted(NAMES))}.",
            code="unknown-event",
        )
    wanted = EventFilter(
        party=party,
        root=None if root is None else root_of(root),
        accreditation=accreditation,
        digest=None if digest is None else digest_of(digest),
        names=None if name is None else frozenset(name),
        from_block=from_block,
        to_block=to_block,
    )
    chosen = form or _accepted(request)
    if chosen is Form.JSON:
        return await service.in_thread(_page, request, service, wanted, place_of(cursor), limit)
    return await service.in_thread(_table, service, wanted, place_of(cursor), chosen)


def _accepted(request: Request) -> Form:
    accepted = request.headers.get("accept", "")
    return next((form for form, kind in _TYPES.items() if kind.partition(";")[0] in accepted), Form.JSON)


def _page(request: Request, service: Service, wanted: EventFilter, after: EventPlace | None, limit: int) -> Response:
    as_of = service.horizon.complete()
    page, more = cut(service.index.events(wanted, after=after, limit=limit + 1), limit)
    following = cursor_of(EventPlace(*page[-1].place)) if more else None
    content = {"events": [event_content(each, as_of.head) for each in page], "next": following}
    headers = link_to(request, following) | BY_ACCEPT
    return answer(request, content, as_of, immutable=_is_fixed(wanted, as_of.head), headers=headers)


def _table(service: Service, wanted: EventFilter, after: EventPlace | None, form: Form) -> Response:
    as_of = service.horizon.complete()
    # What comes in while the table is written would be in some of it and not in the rest.
    last = as_of.head.cursor.number
    bounded = replace(wanted, to_block=last if wanted.to_block is None else min(last, wanted.to_block))
    is_fixed = _is_fixed(wanted, as_of.head)
    headers = {
        "Cache-Control": IMMUTABLE if is_fixed else REVALIDATE,
        "Content-Disposition": f'attachment; filename="events.{form}"',
    } | BY_ACCEPT
    told = service.index.all_events(bounded, after=after)
    if not is_fixed:
        told = of_one_history(service, as_of.head, told)
    head = as_of.head
    pieces = as_parquet(told, head, bounded, after) if form is Form.PARQUET else _WRITERS[form](told, head)
    response = StreamingResponse(pieces, media_type=_TYPES[form], headers=headers)
    response.raw_headers += as_of.headers
    return response


def of_one_history(service: Service, head: Head, events: Iterable[Event]) -> Iterator[Event]:
    """The events, as long as the chain does not reorganise: half a table of each history would look like a whole one.

    Raises:
        ChainUnavailable: it did (code `chain-moved`); the answer breaks off, and a client sees that it is not whole.
    """
    for number, event in enumerate(events, 1):
        if number % LOOK_AGAIN == 0:
            _check_history(service, head)
        yield event
    _check_history(service, head)


def _check_history(service: Service, head: Head) -> None:
    now = service.index.head()
    if now is None or (now.source, now.reorgs) != (head.source, head.reorgs):
        raise ChainUnavailable(
            "the chain reorganised while the table was written", remedy="Ask again.", code="chain-moved"
        )


def _is_fixed(wanted: EventFilter, head: Head) -> bool:
    return wanted.to_block is not None and head.is_final(wanted.to_block) and wanted.to_block <= head.cursor.number
