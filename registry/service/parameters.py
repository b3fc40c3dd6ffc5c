"""Parameters that several endpoints have, and how they are read."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Path, Query

from registry.errors import CredentialError
from registry.untrusted.hashes import HASH, read_hash

HASH_PATTERN: Final = f"^{HASH.pattern}$"
"""32 bytes in hexadecimal, in the description of the API."""

PartyNumber = Annotated[int, Query(ge=1, lt=2**63, description="A party's number.")]
IssuerPath = Annotated[int, Path(ge=1, lt=2**63, description="The issuer's number.")]


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
