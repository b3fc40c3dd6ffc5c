"""The API keys of issuers; the database has their hashes alone."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest

from sqlalchemy import Engine, insert, select, update

from anchor.books.tables import api_key

PREFIX = "tst_"
KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key without its secret. Times are Unix seconds."""

    id: int
    issuer: int
    name: str
    created_at: int
    revoked_at: int | None


class KeyStore:
    """The keys of one contract's issuers.

    A key is 32 random bytes, so that one round of SHA-256 is as good as a slow hash: there is nothing to guess.

    Args:
        chain: CAIP-2 name.
        contract: checksummed address.
    """

    def __init__(self, engine: Engine, chain: str, contract: str):
        self._engine = engine
        self._key = {"chain": chain, "contract": contract}
        self._mine = (api_key.c.chain == chain, api_key.c.contract == contract)

    def add(self, issuer: int, name: str) -> tuple[ApiKey, str]:
        """A new key; its text is shown once and cannot be read again."""
        text, created = PREFIX + secrets.token_urlsafe(KEY_BYTES), int(time.time())
        values = {"issuer": issuer, "name": name, "hash": _hash(text), "created_at": created}
        with self._engine.begin() as connection:
            added = insert(api_key).values(**self._key, **values).returning(api_key.c.id)
            number = connection.execute(added).scalar_one()
        return ApiKey(number, issuer, name, created, None), text

    def issuer_of(self, text: str) -> int | None:
        """Whose key this is; None when nobody's, or revoked."""
        wanted = _hash(text)
        query = select(api_key.c.issuer, api_key.c.hash).where(
            *self._mine, api_key.c.hash == wanted, api_key.c.revoked_at.is_(None)
        )
        with self._engine.connect() as connection:
            found = connection.execute(query).first()
        # The index may tell by its time how a hash begins, which says nothing of a key; the rest takes the same time.
        return int(found.issuer) if found is not None and compare_digest(found.hash, wanted) else None

    def revoke(self, number: int) -> bool:
        """End a key; whether there was one to end."""
        valid = (*self._mine, api_key.c.id == number, api_key.c.revoked_at.is_(None))
        with self._engine.begin() as connection:
            return connection.execute(update(api_key).where(*valid).values(revoked_at=int(time.time()))).rowcount == 1

    def all(self) -> list[ApiKey]:
        """All keys, oldest first."""
        columns = (api_key.c.id, api_key.c.issuer, api_key.c.name, api_key.c.created_at, api_key.c.revoked_at)
        with self._engine.connect() as connection:
            return [
                ApiKey(*found) for found in connection.execute(select(*columns).where(*self._mine).order_by(columns[0]))
            ]


def _hash(text: str) -> bytes:
    return sha256(text.encode()).digest()
