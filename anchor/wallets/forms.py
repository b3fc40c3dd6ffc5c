"""What wallets and browsers send: forms and JSON, read so that nothing has two readings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from starlette.requests import Request

from registry.credential.strictjson import Limits, parse_json
from registry.errors import CredentialError

MOST_BODY_BYTES: Final = 64 << 10
_MOST_FIELDS: Final = 50
_FORM: Final = "application/x-www-form-urlencoded"
_JSON_LIMITS: Final = Limits(MOST_BODY_BYTES, 16)


class Unreadable(ValueError):
    """A body that has no single reading; the text says why, for whoever wrote the client."""


async def form_of(request: Request) -> Mapping[str, str]:
    """The fields of a form; a parameter may be there once (RFC 6749, section 3.2).

    Raises:
        Unreadable: it is no form, or has a parameter twice.
        IntakeError: it is too large, or comes too slowly.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise Unreadable(f"the body has to be {_FORM}")
    try:
        text = (await request.body()).decode("ascii")
        found = parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict")
    except ValueError:
        raise Unreadable("the body cannot be read as a form") from None
    fields = dict(found)
    if len(fields) < len(found):
        raise Unreadable("a parameter is there twice")
    return fields


async def object_of(request: Request) -> Mapping[str, Any]:
    """The members of a JSON object; an empty body has none.

    Raises:
        Unreadable: it is no JSON object with a single reading.
        IntakeError: as `form_of`.
    """
    body = await request.body()
    try:
        found = parse_json(body, _JSON_LIMITS) if body.strip() else {}
    except CredentialError:
        raise Unreadable("the body cannot be read as JSON") from None
    if not isinstance(found, dict):
        raise Unreadable("the body is no JSON object")
    return found
