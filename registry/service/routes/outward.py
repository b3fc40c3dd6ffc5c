"""`/v1/accreditations/export`, and one accreditation with `format`: in the formats that others read."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from typing import Annotated, Final

import orjson
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse

from registry.formats.outward.exporting import ENDINGS, MEDIA_TYPES, MOST_STATEMENTS, OPEN, Form
from registry.formats.trqp import Registry
from registry.http.problems import NotHere, problem
from registry.recognition.ledger import Kind
from registry.service.accreditations_json import LinkFilter, wanted_links
from registry.service.caching import JSON
from registry.service.outward import Outward, block_of, now_in_seconds
from registry.service.parameters import number_of
from registry.service.service import service_of
from registry.service.trust import IndexedFacts, facts_of
from registry.timestamps import past_moment

OPEN_FORMS: Final = tuple(sorted(form.value for form in OPEN))
FORMS_PATTERN: Final = f"^(?:{'|'.join(OPEN_FORMS)})$"
_TYPES: Final = {MEDIA_TYPES[form] for form in OPEN}
_Party = Annotated[int | None, Query(ge=1, lt=2**63)]

router = APIRouter(prefix="/v1", tags=["accreditations"])


@router.get(
    "/accreditations/export",
    summary="What is in force, in a format of others; with `report`, what that format cannot tell.",
    description="At most 10,000 statements; a header Link leads on. Left-Out counts what the file does not tell.",
    response_class=Response,
    responses={200: {"description": "The file.", "content": {kind: {} for kind in sorted(_TYPES)} | {JSON: {}}}},
)
async def export(
    request: Request,
    form: Annotated[str, Query(alias="as", pattern=FORMS_PATTERN, description="The format.", examples=["elm-xml"])],
    body: _Party = None,
    holder: _Party = None,
    at: Annotated[
        str | None, Query(max_length=40, description="What was in force then.", examples=["2026-01-01T00:00:00Z"])
    ] = None,
    report: Annotated[bool, Query(description="As JSON, what is told and what is left out, in place of the file.")] = (
        False
    ),
    cursor: Annotated[str | None, Query(max_length=40, description="From Link.", examples=["10000"])] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_STATEMENTS, description="Most accreditations.")] = MOST_STATEMENTS,
) -> Response:
    now = now_in_seconds()
    moment = past_moment(at, "at", now) or now
    wanted = LinkFilter(frozenset(Kind), body, holder)
    asked = (request, facts_of(request), Form(form), wanted, moment, number_of(cursor), limit)
    return await service_of(request).in_thread(_exported, *asked, report=report)


def _exported(
    request: Request,
    facts: IndexedFacts,
    form: Form,
    wanted: LinkFilter,
    moment: datetime,
    after: int,
    limit: int,
    *,
    report: bool,
) -> Response:
    ledger = facts.ledger(moment)
    found = list(islice(wanted_links(ledger, wanted, after=after), limit + 1))
    links, more = found[:limit], len(found) > limit
    made = outward_of(request).export(links, moment, block_of(ledger), form)
    headers = _headers(block_of(ledger).number, len(made.left))
    if more:
        headers["Link"] = f'<{request.url.include_query_params(cursor=links[-1].id)}>; rel="next"'
    if report:
        return Response(orjson.dumps(made.report()), media_type=JSON, headers=headers)
    headers["Content-Disposition"] = f'attachment; filename="accreditations.{ENDINGS[form]}"'
    return StreamingResponse(made.pieces(), media_type=MEDIA_TYPES[form], headers=headers)


def one_exported(request: Request, facts: IndexedFacts, number: int, form: Form, at: datetime | None) -> Response:
    """One accreditation in a format, or a problem that says why it is not told in it."""
    moment = at or now_in_seconds()
    ledger = facts.ledger(moment)
    try:
        link = ledger[number]
    except KeyError:
        raise unknown_accreditation(number) from None
    made = outward_of(request).export([link], moment, block_of(ledger), form)
    whole = [each for each in made.left if each.whole]
    if whole:
        return problem(
            409,
            "not-told",
            f"accreditation {number} is not told in {form}: {whole[0].why}",
            remedy="Ask for JSON, which has all of it with its history.",
        )
    headers = _headers(block_of(ledger).number, len(made.left))
    return Response(b"".join(made.pieces()), media_type=MEDIA_TYPES[form], headers=headers)


def outward_of(request: Request) -> Outward:
    """What the operator's file says of parties, or where the application was given none, what the chain says."""
    state = request.app.state
    if getattr(state, "outward", None) is None:
        facts = facts_of(request)
        state.outward = Outward(Registry(facts.chain, facts.contract))
    found: Outward = state.outward
    return found


def unknown_accreditation(number: int) -> NotHere:
    """The answer for a number that nobody has given."""
    return NotHere(
        f"there is no accreditation {number}",
        remedy="Check the number; it may also be too new to be in the index.",
        code="unknown-accreditation",
    )


def _headers(block: int, left: int) -> dict[str, str]:
    return {"Cache-Control": "no-cache", "Index-Block": str(block), "Left-Out": str(left)}
