"""Signed transactions: their bytes are stored before they are sent, so that a restart can send the same ones again."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, and_, func, insert, or_, select

from anchor.books.tables import BY_PERSON, BatchState, attempt, batch, signer


def anchor_purpose(issuer: int, root: bytes) -> str:
    """What the transaction that anchors a batch is for, whoever sends it."""
    return f"anchor {issuer} 0x{root.hex()}"


def withheld(engine: Engine, chain: str) -> set[str]:
    """The purposes of anchors that a person put aside or took back: nothing is sent for them."""
    aside = and_(batch.c.state == BatchState.PARKED, batch.c.parked_code == BY_PERSON)
    taken_back = or_(batch.c.cancel_requested == 1, batch.c.state == BatchState.CANCELLED)
    query = select(batch.c.issuer, batch.c.root).where(batch.c.chain == chain, or_(aside, taken_back))
    with engine.connect() as connection:
        return {anchor_purpose(issuer, root) for issuer, root in connection.execute(query)}


def accounts_of(engine: Engine, chain: str) -> list[str]:
    """The accounts that this database has signed with on a chain, checksummed, in the order of their addresses."""
    query = select(signer.c.address).where(signer.c.chain == chain)
    with engine.connect() as connection:
        return sorted(connection.execute(query).scalars())


@dataclass(frozen=True, slots=True)
class Attempt:
    """A signed transaction.

    Attributes:
        purpose: what it is for; the same for a repeated request.
        hash: 32 bytes.
        raw: what is sent; `anchor.sending.signed` reads gas and fees from it.
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


def last_signed(engine: Engine, chain: str, sender: str) -> bytes | None:
    """The bytes of the last transaction that an account signed; None where it has signed none here.

    Args:
        chain: CAIP-2 name.
        sender: checksummed address.
    """
    query = select(attempt.c.raw).where(attempt.c.chain == chain, attempt.c.sender == sender)
    with engine.connect() as connection:
        found = connection.execute(query.order_by(attempt.c.id.desc()).limit(1)).scalar_one_or_none()
    return None if found is None else bytes(found)


class AttemptStore:
    """What is known of the nonces of one sender on one chain.

    Args:
        chain: CAIP-2 name.
        sender: checksummed address.
    """

    def __init__(self, engine: Engine, chain: str, sender: str):
        self._engine = engine
        self._mine = (attempt.c.chain == chain, attempt.c.sender == sender)
        self._key = {"chain": chain, "sender": sender}

    def add_mined(self, *, nonce: int, purpose: str, transaction_hash: bytes, raw: bytes) -> None:
        """Store a transaction of the account that is in a block, and that is not stored."""
        values = {"nonce": nonce, "purpose": purpose, "hash": transaction_hash, "raw": raw}
        done = dict.fromkeys(("signed_at", "settled_at"), int(time.time())) | {"succeeded": 1}
        with self._engine.begin() as connection:
            connection.execute(insert(attempt).values(**self._key, **values, **done))

    def has(self, transaction_hash: bytes) -> bool:
        """Whether the transaction with that hash is stored."""
        query = select(attempt.c.id).where(attempt.c.hash == transaction_hash)
        with self._engine.connect() as connection:
            return connection.execute(query).first() is not None

    def next_nonce(self) -> int | None:
        """The nonce after all that the account is known to have used or reserved; None when it never signed here."""
        signed = select(func.max(attempt.c.nonce)).where(*self._mine)
        mine = (signer.c.chain == self._key["chain"], signer.c.address == self._key["sender"])
        with self._engine.connect() as connection:
            last: int | None = connection.execute(signed).scalar_one()
            reserved: int | None = connection.execute(select(signer.c.next_nonce).where(*mine)).scalar_one_or_none()
        known = [each for each in (reserved, None if last is None else last + 1) if each is not None]
        return max(known, default=None)


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
