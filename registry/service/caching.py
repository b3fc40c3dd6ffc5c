"""Answers that caches may keep: an entity tag over what is said, and the block it is said for beside it."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

from registry.service.horizon import AsOf

JSON: Final = "application/json"
IMMUTABLE: Final = "public, max-age=31536000, immutable"
"""For what can never change once its block is final."""
REVALIDATE: Final = "no-cache"
"""For what may change with the next block: kept, and asked about each time."""


def answer(
    request: Request,
    content: Mapping[str, Any],
    as_of: AsOf,
    *,
    immutable: bool = False,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The content with its `asOf`, or 304 when the client has it (RFC 9110 section 13.1.2).

    The tag is weak: it does not cover `asOf`, which changes with every block.
    """
    body = orjson.dumps(content)
    tag = f'W/"{blake2b(body, digest_size=16).hexdigest()}"'
    sent = {"ETag": tag, "Cache-Control": IMMUTABLE if immutable else REVALIDATE} | as_of.headers
    if headers:
        sent |= headers
    if _has(request, tag):
        return Response(status_code=304, headers=sent)
    return Response(body[:-1] + b',"asOf":' + as_of.json + b"}", headers=sent, media_type=JSON)


def fixed(request: Request, body: bytes, media_type: str, *, immutable: bool = True) -> Response:
    """Bytes that do not depend on a block, or 304 when the client has them."""
    tag = f'"{blake2b(body, digest_size=16).hexdigest()}"'
    headers = {"ETag": tag, "Cache-Control": IMMUTABLE if immutable else REVALIDATE, "Vary": "Accept"}
    if _has(request, tag):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=media_type)


def _has(request: Request, tag: str) -> bool:
    given = request.headers.get("if-none-match")
    if given is None:
        return False
    opaque = tag.removeprefix("W/")
    return any(each.strip().removeprefix("W/") in (opaque, "*") for each in given.split(","))
