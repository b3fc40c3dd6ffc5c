"""What browsers and crawlers ask of any site: its icon, and what they should leave alone."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from registry.service.caching import fixed

# Who searches for a digest shall not find by a search engine that others have looked at it; lists lead to none.
ROBOTS: Final = b"""User-agent: *
Disallow: /credentials/
Disallow: /search
Disallow: /v1/
"""
ICON: Final = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#1f5fa8"/>'
    b'<path d="M4 8.5l2.5 2.5L12 5" fill="none" stroke="#fff" stroke-width="2"/></svg>'
)
_A_DAY: Final = "public, max-age=86400"
_SAFE: Final = {"X-Content-Type-Options": "nosniff"}

router = APIRouter(include_in_schema=False)


@router.get("/robots.txt")
async def robots(request: Request) -> Response:
    return fixed(request, ROBOTS, "text/plain; charset=utf-8", kept=_A_DAY, headers=_SAFE)


@router.get("/favicon.ico")
async def icon(request: Request) -> Response:
    return fixed(request, ICON, "image/svg+xml", kept=_A_DAY, headers=_SAFE)
