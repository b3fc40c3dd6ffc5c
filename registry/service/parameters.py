"""Parameters that several endpoints have, and how they are read."""

from __future__ import annotations

import re
from typing import Annotated, Final

from fastapi import Path, Query

from registry.errors import CredentialError

_HASH: Final = re.compile(r"(?:0x)?([0-9a-fA-F]{64})", re.ASCII)
HASH_PATTERN: Final = f"^{_HASH.pattern}$"
"""32 bytes in hexadecimal, in the description of the API."""

PartyNumber = Annotated[int, Query(ge=1, lt=2**63, description="A party's number.")]
IssuerPath = Annotated[int, Path(ge=1, lt=2**63, description="The issuer's number.")]


def digest_of(text: str) -> bytes:
    """The 32 bytes of a digest; raises CredentialError."""
    found = _HASH.fullmatch(text)
    if found is None:
        raise CredentialError(
            "a digest is 64 hexadecimal digits",
            where=text[:80],
            remedy="Send the SHA-256 digest of the credential (docs/reference/digest.md).",
            code="digest",
        )
    return bytes.fromhex(found[1])


def root_of(text: str) -> bytes:
    """The 32 bytes of a root; raises CredentialError."""
    found = _HASH.fullmatch(text)
    if found is None:
        raise CredentialError("a root is 64 hexadecimal digits", where=text[:80], remedy="Check it.", code="root")
    return bytes.fromhex(found[1])
