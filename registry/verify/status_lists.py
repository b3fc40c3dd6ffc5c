"""The lists beside the chain by which a document says that it may be revoked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from registry.document.reading import Part, Reading


def names_status_list(reading: Reading | None) -> str | None:
    """The member by which a credential in the document names a list or place of its status, or None.

    Looked for are `credentialStatus` (VC), `status` of a token (SD-JWT VC), `revocationList` of the issuer (Blockcerts,
    Open Badges 2.0) and `verification` or `verify` of an assertion, whose status is where it is hosted.
    """
    return next((name for part in (reading.parts if reading else ()) for name in _named(part)), None)


def _named(part: Part) -> Iterator[str]:
    members = part.members
    if members.get("credentialStatus"):
        yield "credentialStatus"
    if part.is_token and members.get("status"):
        yield "status"
    badge = _object(members.get("badge"))
    for place, holder in (
        ("", members),
        ("issuer.", _object(members.get("issuer"))),
        ("badge.issuer.", _object(badge.get("issuer"))),
        ("verification.", _object(members.get("verification"))),
    ):
        if holder.get("revocationList"):
            yield f"{place}revocationList"
    for name in ("verification", "verify"):
        if members.get("badge") is not None and members.get(name):
            yield name


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
