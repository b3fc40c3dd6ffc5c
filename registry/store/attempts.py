"""Signed transactions: their bytes are stored before they are sent, so that a restart can send the same ones again."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Engine, insert, select, update
from sqlalchemy.exc import IntegrityError

from registry.errors import StoreError
from registry.store.tables import attempt


@dataclass(frozen=True, slots=True)
class Attempt:
    """A signed transaction.

    Attributes:
        purpose: what it is for; the same for a repeated request.
        hash: 32 bytes.
        raw: what is sent; `anchor.signed` reads gas and fees from it.
        sends: how often it was sent, as far as is known.
        sent_block: head of the chain when it was last sent.
        first_sent_block: the same when it was first sent, or first after a reorganisation.
        settled: it is known what became of it.
    """

    id: int
    nonce: int
    purpose: str
    hash: bytes
    raw: bytes
    sends: int = 0
    sent_block: int | None = None
    first_sent_block: int | None = None
    settled: bool = False


class AttemptStore:
    """The transactions of one sender on one chain.

    Args:
        chain: CAIP-2 name.
        sender: checksummed address.
    """

    def __init__(self, engine: Engine, chain: str, sender: str):
        self._engine = engine
        self._mine = (attempt.c.chain == chain, attempt.c.sender == sender)
        self._key = {"chain": chain, "sender": sender}

    def add(self, *, nonce: int, purpose: str, transaction_hash: bytes, raw: bytes) -> Attempt:
        """Store a signed transaction; it is on the disk when this returns.

        Raises:
            StoreError: code `signed-before`: the same bytes are there, so the chain has forgotten them.
        """
        values = {"nonce": nonce, "purpose": purpose, "hash": transaction_hash, "raw": raw}
        try:
            with self._engine.begin() as connection:
                added = insert(attempt).values(**self._key, **values, signed_at=int(time.time()))
                number: int = connection.execute(added.returning(attempt.c.id)).scalar_one()
        except IntegrityError:
            raise StoreError(
                f"the transaction 0x{transaction_hash.hex()} ({purpose}) was signed and settled before, and the chain "
                "does not know it: it is another chain with the same id, such as a test chain that was reset",
                remedy="Use a new data folder with --data-folder; this one has the records of the other chain.",
                code="signed-before",
            ) from None
        return Attempt(number, nonce, purpose, transaction_hash, raw)

    def open(self) -> list[Attempt]:
        """Those of which nobody knows yet what became, lowest nonce first."""
        return self._found(attempt.c.settled_at.is_(None))

    def at_nonce(self, nonce: int) -> list[Attempt]:
        """All that were ever signed with that nonce, oldest first."""
        return self._found(attempt.c.nonce == nonce)

    def _found(self, which: ColumnElement[bool]) -> list[Attempt]:
        query = select(*ATTEMPT).where(*self._mine, which).order_by(attempt.c.nonce, attempt.c.id)
        with self._engine.connect() as connection:
            return [attempt_row(found) for found in connection.execute(query)]

    def settle(self, one: Attempt, *, succeeded: bool) -> None:
        """It was mined, or can never be."""
        self._set(attempt.c.id == one.id, settled_at=int(time.time()), succeeded=int(succeeded))

    def reopen(self, transaction_hash: bytes) -> None:
        """A reorganisation took it off the chain again."""
        self._set(attempt.c.hash == transaction_hash, settled_at=None, succeeded=None)

    def _set(self, which: object, **values: int | None) -> None:
        with self._engine.begin() as connection:
            connection.execute(update(attempt).where(*self._mine, which).values(**values))  # type: ignore[arg-type]


ATTEMPT = (
    attempt.c.id,
    attempt.c.nonce,
    attempt.c.purpose,
    attempt.c.hash,
    attempt.c.raw,
    attempt.c.sends,
    attempt.c.sent_block,
    attempt.c.first_sent_block,
    attempt.c.settled_at,
)


def attempt_row(found: Any) -> Attempt:
    """An attempt from its columns."""
    number, nonce, purpose, transaction_hash, raw, sends, sent_block, first_sent_block, settled_at = found
    return Attempt(
        number, nonce, purpose, transaction_hash, raw, sends, sent_block, first_sent_block, settled_at is not None
    )
