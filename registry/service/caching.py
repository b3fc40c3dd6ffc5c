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
_KEY_BYTES: Final = blake2b.MAX_KEY_SIZE
BY_ACCEPT: Final = {"Vary": "Accept"}
"""For what has several forms."""

BY_LANGUAGE: Final = {"Vary": "Accept, Accept-Language"}
"""For what has several forms and languages."""


def answer(
    request: Request,
    content: Mapping[str, Any],
    as_of: AsOf,
    *,
    immutable: bool = False,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The content with its `asOf`, or 304 when the client has it (RFC 9110 section 13.1.2).

    The tag is weak: it does not cover `asOf`, which changes with every block, but for the kind of its warning: what a
    client keeps must not outlive what is doubted since.
    """
    body = orjson.dumps(content)
    tag = f'W/"{blake2b(body, digest_size=16, key=as_of.warned[:_KEY_BYTES]).hexdigest()}"'
    told = [*as_of.headers, *_raw(headers or {})]
    kept = IMMUTABLE if immutable else REVALIDATE
    return _sent(request, body[:-1] + b',"asOf":' + as_of.json + b"}", JSON, tag, told, kept)


def fixed(
    request: Request, body: bytes, media_type: str, *, kept: str, headers: Mapping[str, str] = BY_ACCEPT
) -> Response:
    """Bytes without an `asOf`, or 304 when the client has them.

    Args:
        kept: how long caches may keep them, as `Cache-Control` has it.
    """
    # The type is part of it: the same bytes under another are another representation (RFC 9110 section 8.8.1).
    tag = f'"{blake2b(body, digest_size=16, key=media_type.encode()).hexdigest()}"'
    return _sent(request, body, media_type, tag, _raw(headers), kept)


def _raw(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


def _sent(
    request: Request, body: bytes, media_type: str, tag: str, told: list[tuple[bytes, bytes]], kept: str
) -> Response:
    told += [(b"etag", tag.encode()), (b"cache-control", kept.encode())]
    if _has(request, tag):
        return _Sent(304, b"", told)
    told += [(b"content-length", b"%d" % len(body)), (b"content-type", media_type.encode())]
    return _Sent(200, body, told)


class _Sent(Response):
    """An answer as it is sent: a mapping of text would be put into bytes again for every one."""

    def __init__(self, status: int, body: bytes, headers: list[tuple[bytes, bytes]]):
        self.status_code, self.body, self.raw_headers, self.background = status, body, headers, None


def _has(request: Request, tag: str) -> bool:
    # The first of its name, without a mapping of all of them.
    fields = (value for name, value in request.scope["headers"] if name == b"if-none-match")
    if (given := next(fields, None)) is None:
        return False
    opaque = tag.removeprefix("W/")
    return any(each.strip().removeprefix("W/") in (opaque, "*") for each in given.decode("latin-1").split(","))
