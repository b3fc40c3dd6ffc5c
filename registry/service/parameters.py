"""Parameters that several endpoints have, how they are read, and how a list is cut into pages.

Lists are in the order of the chain: a cursor is the place of the last entry, so new entries move nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Final, TypeVar

from fastapi import Path, Query
from starlette.requests import Request

from registry.errors import CredentialError, SettingsError
from registry.index.reader import EventPlace
from registry.untrusted.hashes import HASH, read_hash

T = TypeVar("T")

HASH_PATTERN: Final = f"^{HASH.pattern}$"
"""32 bytes in hexadecimal, in the description of the API."""

MOST_A_PAGE: Final = 1000
_PLACE: Final = re.compile(r"(0|[1-9][0-9]{0,17})\.(0|[1-9][0-9]{0,17})", re.ASCII)
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)

PartyNumber = Annotated[int, Query(ge=1, lt=2**63, description="A party's number.")]
IssuerPath = Annotated[int, Path(ge=1, lt=2**63, description="The issuer's number.")]
Limit = Annotated[int, Query(ge=1, le=MOST_A_PAGE, description="Most entries of a page.")]
Cursor = Annotated[str | None, Query(max_length=40, description="`next` of the page before.", examples=["21000000.14"])]


def digest_of(text: str) -> bytes:
    """The 32 bytes of a digest; raises CredentialError."""
    try:
        return read_hash(text)
    except ValueError:
        raise CredentialError(
            "a digest is 64 hexadecimal digits",
            where=text[:80],
            remedy="Send the SHA-256 digest of the credential (docs/reference/digest.md).",
            code="digest",
        ) from None


def root_of(text: str) -> bytes:
    """The 32 bytes of a root; raises CredentialError."""
    try:
        return read_hash(text)
    except ValueError:
        raise CredentialError(
            "a root is 64 hexadecimal digits", where=text[:80], remedy="Check it.", code="root"
        ) from None


def place_of(cursor: str | None) -> EventPlace | None:
    """The place that a cursor names.

    Raises:
        SettingsError: it is not one of ours.
    """
    if cursor is None:
        return None
    found = _PLACE.fullmatch(cursor)
    if found is None:
        raise _no_cursor(cursor)
    return EventPlace(int(found[1]), int(found[2]))


def number_of(cursor: str | None) -> int:
    """The number that a cursor of a list by number names, 0 for the beginning; raises as `place_of`."""
    if cursor is None:
        return 0
    if not _NUMBER.fullmatch(cursor):
        raise _no_cursor(cursor)
    return int(cursor)


def cursor_of(place: EventPlace) -> str:
    """A place for `next`."""
    return f"{place.block_number}.{place.log_index}"


def cut(entries: Sequence[T], limit: int) -> tuple[Sequence[T], bool]:
    """A page of entries that were read one more than wanted, and whether others follow."""
    return entries[:limit], len(entries) > limit


def link_to(request: Request, following: str | int | None, *, parameter: str = "cursor") -> dict[str, str]:
    """The header that leads to the next page (RFC 8288), where there is one."""
    if following is None:
        return {}
    query = request.url.include_query_params(**{parameter: following}).query
    return {"Link": f'<{request.url.path}?{query}>; rel="next"'}


def _no_cursor(text: str) -> SettingsError:
    return SettingsError("the cursor is not one", where=text, remedy="Pass `next` as it came.", code="cursor")
