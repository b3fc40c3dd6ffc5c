"""Who asks, a person or a program: pages for those who ask for HTML, JSON for everybody else, at the same addresses.

Plain ASGI around the routes. A browser that asks for an address of the API which has a page gets that page, and each
problem as a page; nothing changes for a program but `Vary: Accept`. `format=json` in the query is for people who want
to see the JSON, and other formats for who wants those.
"""

from __future__ import annotations

import re
from typing import Final

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from registry.http.problems import PROBLEM, problem
from registry.service.service import Service
from registry.service.web.pages.problems import problem_page
from registry.service.web.pages.rendering import PAGE_HEADERS

API: Final = "/v1"
_WITH_PAGE: Final = re.compile(
    r"/v1(?:/parties(?:/[^/]+)?|/batches(?:/[^/]+/[^/]+)?|/credentials/[^/]+|/accreditations(?:/[^/]+)?"
    r"|/recognitions|/registers(?:/[^/]+)?|/accredited|/insights|/indicators|/partnerships(?:/[^/]+)?"
    r"|/levels|/levels/card|/audits)?"
)
"""Addresses of the API that have a page: it is at the same path without `/v1`."""
_HTML: Final = ("text/html", "application/xhtml+xml")
_JSON: Final = re.compile(r"application/(?:[a-z0-9.-]+\+)?json")
_FILES: Final = frozenset({"/v1/accreditations/export"})
"""Of those addresses, the ones that are files for everybody."""
_OTHER_WANTED: Final = re.compile(rb"(?:^|&)format=(?:json|csv|elm-xml|elm-jsonld|ctdl)(?:&|$)")
VARIES: Final = (b"vary", b"Accept")
_MOST_PROBLEM: Final = 1 << 16


def wants_page(accept: str) -> bool:
    """Whether HTML is asked for by its name, and no JSON as much: `*/*` and nothing at all are a program's.

    Args:
        accept: the header (RFC 9110 section 12.5.1).
    """
    accept = accept.lower()
    if "html" not in accept:
        return False
    html, json, anything = 0.0, None, 0.0
    for entry in accept.split(","):
        kind, *parameters = (part.strip() for part in entry.split(";"))
        quality = _quality(parameters)
        if kind in _HTML:
            html = max(html, quality)
        elif _JSON.fullmatch(kind) or kind == "application/*":
            json = max(json or 0.0, quality)
        elif kind == "*/*":
            anything = max(anything, quality)
    if json is not None:
        return html > json
    return html > 0 and html >= anything


def _quality(parameters: list[str]) -> float:
    for each in parameters:
        name, _, value = each.partition("=")
        if name.strip() == "q":
            try:
                return min(1.0, max(0.0, float(value)))
            except ValueError:
                return 0.0
    return 1.0


class ForBrowsers:
    """Leads browsers from the API to its pages, and makes pages of problems."""

    def __init__(self, app: ASGIApp, *, service: Service):
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        has_page = scope["method"] in ("GET", "HEAD") and path not in _FILES and _WITH_PAGE.fullmatch(path) is not None
        if not wants_page(accept_of(scope)) or (has_page and _OTHER_WANTED.search(scope["query_string"])):
            await self._app(scope, receive, _varied(send) if has_page else send)
            return
        if not has_page:
            await self._with_problem_pages(scope, receive, send)
            return
        path = scope["path"].removeprefix(API) or "/"
        raw = scope.get("raw_path", b"").removeprefix(API.encode()) or b"/"
        led = {**scope, "path": path, "raw_path": raw}
        await self._with_problem_pages(led, receive, send)
        # Whoever counts requests looks for the route in its own scope.
        scope["route"] = led.get("route")

    async def _with_problem_pages(self, scope: Scope, receive: Receive, send: Send) -> None:
        shown = _ProblemsShown(self._service, send)
        try:
            await self._app(scope, receive, shown)
        except Exception:
            # The server's own handler answers what nobody foresaw, and is further out than this.
            if not shown.has_begun:
                failed = problem(
                    500, "internal", "the service failed at this request", remedy="Tell its operator when."
                )
                await failed(scope, receive, shown)
            raise


class _ProblemsShown:
    """Sends what is sent, but for problem details: those become a page."""

    def __init__(self, service: Service, send: Send):
        self._service = service
        self._send = send
        self._start: Message | None = None
        self._body = b""
        self.has_begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.has_begun = True
            if (b"content-type", PROBLEM.encode()) in message.get("headers", ()):
                self._start = message
                return
        elif self._start is not None:
            self._body += message.get("body", b"")
            if message.get("more_body") and len(self._body) < _MOST_PROBLEM:
                return
            await self._finish(self._start)
            return
        await self._send(message)

    async def _finish(self, start: Message) -> None:
        self._start = None
        body = problem_page(self._service, orjson.loads(self._body)).encode()
        kept = [each for each in start["headers"] if each[0] not in (b"content-type", b"content-length")]
        headers = [*kept, *PAGE_HEADERS, (b"content-length", b"%d" % len(body))]
        await self._send({**start, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})


def _varied(send: Send) -> Send:
    """Tell caches that there is a page at this address, too."""

    async def varied(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = message.get("headers", ())
            if not any(name == b"vary" for name, _ in headers):
                message["headers"] = [*headers, VARIES]
        await send(message)

    return varied


def accept_of(scope: Scope) -> str:
    """The header of a request by which `wants_page` judges."""
    return b",".join(value for name, value in scope["headers"] if name == b"accept").decode("latin-1")
