"""Signed transactions: their bytes are stored before they are sent, so that a restart can send the same ones again."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Engine, and_, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from anchor.books.tables import BY_PERSON, BatchState, attempt, batch, signer
from registry.errors import StoreError


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

    def add(
        self, *, nonce: int, purpose: str, transaction_hash: bytes, raw: bytes, gas: int, max_fee: int, tip: int
    ) -> Attempt:
        """Store a signed transaction; it is on the disk when this returns.

        Args:
            gas, max_fee, tip: what the bytes say, for whoever reads the table; fees in wei per gas.

        Raises:
            StoreError: code `signed-before`: the same bytes were mined, so the chain has forgotten them.
        """
        if (known := self._given_up(transaction_hash)) is not None:
            self.reopen(transaction_hash)
            return known
        values: dict[str, Any] = {"nonce": nonce, "purpose": purpose, "hash": transaction_hash, "raw": raw}
        values |= {"gas": gas, "max_fee": str(max_fee), "tip": str(tip)}
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

    def open(self) -> list[Attempt]:
        """Those of which nobody knows yet what became, lowest nonce first; also what is `withheld`."""
        return self._found(attempt.c.settled_at.is_(None))

    def at_nonce(self, nonce: int) -> list[Attempt]:
        """All that were ever signed with that nonce, oldest first."""
        return self._found(attempt.c.nonce == nonce)

    def mined_at(self, nonce: int) -> list[Attempt]:
        """Those with that nonce that were in a block, and had an effect; the block may be gone."""
        return self._found(and_(attempt.c.nonce == nonce, attempt.c.succeeded == 1))

    def next_nonce(self) -> int | None:
        """The nonce after all that the account is known to have used or reserved; None when it never signed here."""
        signed = select(func.max(attempt.c.nonce)).where(*self._mine)
        mine = (signer.c.chain == self._key["chain"], signer.c.address == self._key["sender"])
        with self._engine.connect() as connection:
            last: int | None = connection.execute(signed).scalar_one()
            reserved: int | None = connection.execute(select(signer.c.next_nonce).where(*mine)).scalar_one_or_none()
        known = [each for each in (reserved, None if last is None else last + 1) if each is not None]
        return max(known, default=None)

    def _found(self, which: ColumnElement[bool]) -> list[Attempt]:
        query = select(*ATTEMPT).where(*self._mine, which).order_by(attempt.c.nonce, attempt.c.id)
        with self._engine.connect() as connection:
            return [attempt_row(found) for found in connection.execute(query)]

    def _given_up(self, transaction_hash: bytes) -> Attempt | None:
        """The same bytes, where the endpoint refused them before."""
        found = self._found(and_(attempt.c.hash == transaction_hash, attempt.c.succeeded == 0))
        return replace(found[0], settled=False) if found else None

    def sent(self, one: Attempt, head: int | None) -> None:
        """Take down that it is about to be sent, or sent again; `head` is the newest block, where that is known."""
        values: dict[str, Any] = {"sends": attempt.c.sends + 1}
        if head is not None:
            values |= {"sent_block": head, "first_sent_block": func.coalesce(attempt.c.first_sent_block, head)}
        self._set(attempt.c.id == one.id, **values)

    def give_up(self, one: Attempt) -> None:
        """It can never be mined."""
        self._set(attempt.c.id == one.id, settled_at=int(time.time()), succeeded=0)

    def withheld(self) -> set[str]:
        """The purposes of anchors that a person put aside or took back: nothing is sent for them."""
        return withheld(self._engine, self._key["chain"])

    def settle_nonce(self, nonce: int, landed: Attempt | None = None, *, succeeded: bool = False) -> None:
        """One of those with that nonce was mined, or none ever can be: of all of them it is known what became."""
        self._set(attempt.c.nonce == nonce, settled_at=int(time.time()), succeeded=0)
        if landed is not None:
            self._set(attempt.c.id == landed.id, succeeded=int(succeeded))

    def reopen(self, transaction_hash: bytes) -> None:
        """A reorganisation took it off the chain again."""
        anew = {"sent_block": None, "first_sent_block": None}
        self._set(attempt.c.hash == transaction_hash, settled_at=None, succeeded=None, **anew)

    def _set(self, which: ColumnElement[bool], **values: Any) -> None:
        with self._engine.begin() as connection:
            connection.execute(update(attempt).where(*self._mine, which).values(**values))


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
