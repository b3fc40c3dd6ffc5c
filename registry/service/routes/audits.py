"""`/v1/audits`: reports of audits that the operator keeps (docs/how-to/audit.md)."""

from __future__ import annotations

from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from registry.audit.report.as_json import COUNTED
from registry.audit.report.folder import FILES, HTML_FILE, NAME
from registry.service import examples
from registry.service.audits import Audits
from registry.service.caching import JSON, REVALIDATE, fixed
from registry.service.parameters import link_to
from registry.service.service import service_of

MOST_A_PAGE: Final = 100
"""Each may have to be read."""
_TYPES: Final = {"html": "text/html; charset=utf-8", "json": JSON, "csv": "text/csv; charset=utf-8"}
# A report is somebody else's page at an address of this service: it may show itself, and do nothing.
_CONTAINED: Final = {
    "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_NAME: Final = "20260101T122412Z-21000120"
_EXAMPLE: Final[dict[str, Any]] = {
    "name": _NAME,
    "outcome": "could not be checked",
    "chain": "eip155:1",
    "contract": examples.RECEIPT["anchor"]["contract"],
    "block": examples.AS_OF["block"],
    "issuer": None,
    "since": 0,
    "checked": dict.fromkeys(COUNTED, 12),
    "notes": ["There is no data folder: trees, database and index were not compared."],
    "differences": {"count": 0, "byKind": {}},
    "unchecked": {"count": 1, "first": [{"subject": "the trees", "why": "the store does not answer"}]},
    "files": list(FILES),
}

AuditCursor = Annotated[
    str | None, Query(pattern=f"^{NAME.pattern}$", description="`next` of the page before.", examples=[_NAME])
]

router = APIRouter(prefix="/v1", tags=["audits"])


def audits_of(request: Request) -> Audits:
    """The reports of the service that a request is for."""
    found: Any = request.app.state.audits
    if not isinstance(found, Audits):
        raise TypeError("the application has no audits")
    return found


@router.get(
    "/audits",
    summary="Reports of audits that are kept here, the newest block first: what each compared, and what it found.",
    responses=examples.ok({"audits": [_EXAMPLE], "next": None}),
)
async def audits(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=MOST_A_PAGE, description="Most entries of a page.")] = MOST_A_PAGE,
    cursor: AuditCursor = None,
) -> Response:
    def written() -> Response:
        found, following = audits_of(request).listed(cursor, limit)
        body = orjson.dumps({"audits": found, "next": following})
        return fixed(request, body, JSON, kept=REVALIDATE, headers=link_to(request, following))

    return await service_of(request).in_thread(written)


@router.get(
    "/audits/{name}/{file}",
    summary="A file of a report as it is: its page, its JSON, or one of its tables.",
    response_class=Response,
    responses={
        200: {
            "description": "The file.",
            "content": {kind.partition(";")[0]: {} for kind in _TYPES.values()},
        }
    },
)
async def file_of(
    request: Request,
    name: Annotated[str, Path(max_length=100, description="The report's name.", examples=[_NAME])],
    file: Annotated[str, Path(max_length=40, description="One of its `files`.", examples=[HTML_FILE])],
) -> Response:
    def written() -> Response:
        content = audits_of(request).file(name, file)
        kind = _TYPES[file.rpartition(".")[2]]
        return fixed(request, content, kind, kept=REVALIDATE, headers=_CONTAINED)

    return await service_of(request).in_thread(written)
