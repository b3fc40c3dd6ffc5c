"""What a daemon writes while it anchors: nonces, attempts, states and their history, under the lease of its account.

Every method is one database transaction that first makes sure that the lease is held: what a process writes that lost
its lease is refused as a whole (`LeaseLost`).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Engine, and_, func, insert, not_, or_, select, update

from registry.store.attempts import ATTEMPT, Attempt, attempt_row, withheld
from registry.store.batches import BATCH, BatchRow, batch_row, record
from registry.store.leases import Lease
from registry.store.tables import (
    ANCHORED_STATES,
    BY_PERSON,
    SETTLED_STATES,
    BatchState,
    JobState,
    attempt,
    batch,
    batch_event,
    checkpoint,
    job,
    signer,
)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a chain was when it was last looked at, and its newest final block. Hashes are 32 bytes."""

    genesis_hash: bytes
    code_hash: bytes
    final_number: int
    final_hash: bytes


@dataclass(frozen=True, slots=True)
class BatchEvent:
    """Something that happened to a batch. `at` is Unix seconds."""

    at: float
    state: BatchState
    detail: str


class AnchorStore:
    """The batches that one account anchors.

    Args:
        chain: CAIP-2 name.
        contract: checksummed address.
        lease: of the account.
    """

    def __init__(self, engine: Engine, chain: str, contract: str, lease: Lease):
        self._engine = engine
        self._chain = chain
        self._contract = contract
        self._lease = lease
        self._mine = (batch.c.chain == chain, batch.c.contract == contract)
        self._attempts = (attempt.c.chain == chain, attempt.c.sender == lease.address)
        self._signer = (signer.c.chain == chain, signer.c.address == lease.address)

    # Reading

    def open(self) -> list[BatchRow]:
        """The account's batches that are not settled, and those of nobody: those with a nonce first, in its order."""
        whose = or_(batch.c.sender == self._lease.address, batch.c.sender.is_(None))
        query = select(*BATCH).where(*self._mine, whose, batch.c.state.not_in(SETTLED_STATES))
        query = query.order_by(batch.c.nonce.is_(None), batch.c.nonce, batch.c.id)
        with self._engine.connect() as connection:
            return [batch_row(found) for found in connection.execute(query)]

    def attempts(self, nonce: int) -> list[Attempt]:
        """All that were ever signed with that nonce, oldest first."""
        query = select(*ATTEMPT).where(*self._attempts, attempt.c.nonce == nonce).order_by(attempt.c.id)
        with self._engine.connect() as connection:
            return [attempt_row(found) for found in connection.execute(query)]

    def nonce_for(self, purpose: str) -> int | None:
        """The nonce of an attempt for that purpose that was mined or may yet be."""
        lost = and_(attempt.c.settled_at.is_not(None), attempt.c.succeeded != 1)
        query = select(func.max(attempt.c.nonce)).where(*self._attempts, attempt.c.purpose == purpose, not_(lost))
        with self._engine.connect() as connection:
            found: int | None = connection.execute(query).scalar_one()
        return found

    def withheld(self) -> set[str]:
        """The purposes of anchors that a person put aside or took back: nothing is sent for them."""
        return withheld(self._engine, self._chain)

    def checkpoint(self) -> Checkpoint | None:
        """What the chain was when it was last looked at."""
        columns = (
            checkpoint.c.genesis_hash,
            checkpoint.c.code_hash,
            checkpoint.c.final_number,
            checkpoint.c.final_hash,
        )
        query = select(*columns).where(checkpoint.c.chain == self._chain, checkpoint.c.contract == self._contract)
        with self._engine.connect() as connection:
            found = connection.execute(query).first()
        return None if found is None else Checkpoint(*found)

    def final(self) -> list[BatchRow]:
        """The contract's batches that are final, of all accounts."""
        query = select(*BATCH).where(*self._mine, batch.c.state == BatchState.FINAL).order_by(batch.c.id)
        with self._engine.connect() as connection:
            return [batch_row(found) for found in connection.execute(query)]

    # Writing

    def save_checkpoint(self, seen: Checkpoint) -> None:
        """Remember the chain and its newest final block."""
        with self._guarded() as connection:
            self._save_checkpoint(connection, seen)

    def accept_chain(self, seen: Checkpoint, gone: Sequence[BatchRow]) -> None:
        """Go on from another final block than the one remembered, because a person says that this is the chain.

        Args:
            gone: batches that were final in blocks that are not on it; they are taken up again.
        """
        with self._guarded() as connection:
            self._save_checkpoint(connection, seen)
            for row in gone:
                self._write(connection, off_the_chain(row), f"block {row.block_number} is not on the accepted chain")
                theirs = (attempt.c.chain == self._chain, attempt.c.sender == row.sender, attempt.c.nonce == row.nonce)
                connection.execute(update(attempt).where(*theirs).values(**_UNSETTLED))

    def _save_checkpoint(self, connection: Connection, seen: Checkpoint) -> None:
        key = {"chain": self._chain, "contract": self._contract}
        values = {name: getattr(seen, name) for name in Checkpoint.__slots__}
        mine = and_(checkpoint.c.chain == self._chain, checkpoint.c.contract == self._contract)
        if connection.execute(update(checkpoint).where(mine).values(**values)).rowcount == 0:
            connection.execute(insert(checkpoint).values(**key, **values))

    def reserve(self, row: BatchRow, chain_nonce: int) -> BatchRow:
        """Give the batch the next nonce of the account, which it keeps as long as any attempt can land.

        Args:
            chain_nonce: how many transactions of the account are mined.
        """
        with self._guarded() as connection:
            known = connection.execute(select(signer.c.next_nonce).where(*self._signer)).scalar_one()
            # The command line signs with this account as well, when no daemon does.
            query = select(func.max(attempt.c.nonce)).where(*self._attempts, attempt.c.settled_at.is_(None))
            signed = connection.execute(query).scalar_one()
            nonce = max(chain_nonce, known or 0, -1 if signed is None else signed + 1)
            connection.execute(update(signer).where(*self._signer).values(next_nonce=nonce + 1))
            changed = replace(row, sender=self._lease.address, nonce=nonce, state=BatchState.RESERVED)
            self._write(connection, changed, f"nonce {nonce}")
        return changed

    def adopt(self, row: BatchRow, nonce: int) -> BatchRow:
        """The batch has that nonce already: follow what was signed with it."""
        changed = replace(row, sender=self._lease.address, nonce=nonce, state=BatchState.BROADCAST)
        with self._guarded() as connection:
            self._settle(connection, nonce, settled_at=None, succeeded=None)
            self._write(connection, changed, f"nonce {nonce}, signed by the command line")
        return changed

    def add_for_nobody(
        self, nonce: int, purpose: str, *, transaction_hash: bytes, raw: bytes, gas: int, max_fee: int, tip: int
    ) -> Attempt:
        """Store signed bytes for no batch, with a nonce that all later ones wait for."""
        with self._guarded() as connection:
            number = self._insert(connection, nonce, purpose, transaction_hash, raw, gas, max_fee, tip)
        return Attempt(number, nonce, purpose, transaction_hash, raw)

    def add_attempt(
        self,
        row: BatchRow,
        *,
        purpose: str,
        transaction_hash: bytes,
        raw: bytes,
        gas: int,
        max_fee: int,
        tip: int,
        state: BatchState,
    ) -> tuple[BatchRow, Attempt]:
        """Store signed bytes with the batch's nonce; they are on the disk when this returns."""
        nonce = _nonce_of(row)
        with self._guarded() as connection:
            number = self._insert(connection, nonce, purpose, transaction_hash, raw, gas, max_fee, tip)
            changed = replace(row, state=state)
            self._write(connection, changed, f"0x{transaction_hash.hex()} at {max_fee} wei per gas, tip {tip}")
        return changed, Attempt(number, nonce, purpose, transaction_hash, raw)

    def sent(self, one: Attempt, head: int) -> None:
        """Take down that an attempt is about to be sent, or sent again."""
        first = func.coalesce(attempt.c.first_sent_block, head)
        values = {"sends": attempt.c.sends + 1, "sent_block": head, "first_sent_block": first}
        with self._guarded() as connection:
            connection.execute(update(attempt).where(attempt.c.id == one.id).values(**values))

    def change(self, row: BatchRow, detail: str, *, cost: tuple[bytes, int] | None = None) -> BatchRow:
        """Store what is known of a batch by now, and that it happened.

        Args:
            cost: hash of the transaction that anchored it and the wei that it cost.
        """
        with self._guarded() as connection:
            self._write(connection, row, detail)
            if row.state is BatchState.REORGED and row.nonce is not None:
                self._settle(connection, row.nonce, **_UNSETTLED)
            if cost is not None:
                settled = {"settled_at": int(time.time()), "succeeded": 1, "cost": str(cost[1])}
                connection.execute(update(attempt).where(attempt.c.hash == cost[0]).values(**settled))
            if row.state in SETTLED_STATES and row.nonce is not None:
                self._settle(connection, row.nonce, settled_at=int(time.time()))
        return row

    def lose_nonce(self, row: BatchRow, detail: str, *, to: tuple[bytes, bool] | None = None) -> BatchRow:
        """Another transaction has the batch's nonce for good: none of its attempts can land any more.

        Args:
            to: where that one is stored too, its hash, and whether it succeeded.
        """
        with self._guarded() as connection:
            self._settle(connection, _nonce_of(row), settled_at=int(time.time()), succeeded=0)
            if to is not None:
                done = update(attempt).where(*self._attempts, attempt.c.hash == to[0])
                connection.execute(done.values(succeeded=int(to[1])))
            self._write(connection, replace(row, state=BatchState.NONCE_LOST), detail)
            # What waits for a person goes on waiting.
            state = BatchState.PARKED if row.state is BatchState.PARKED else BatchState.SEALED
            changed = replace(row, state=state, nonce=None)
            self._write(connection, changed, "waits for a new nonce")
        return changed

    def cancelled(self, row: BatchRow, detail: str) -> BatchRow:
        """The batch will never be anchored by us: its credentials can be anchored again, in another one."""
        changed = replace(row, state=BatchState.CANCELLED)
        with self._guarded() as connection:
            self._write(connection, changed, detail)
            connection.execute(update(job).where(job.c.batch == row.id).values(state=JobState.CANCELLED))
            if row.nonce is not None:
                self._settle(connection, row.nonce, settled_at=int(time.time()))
        return changed

    @contextmanager
    def _guarded(self) -> Iterator[Connection]:
        with self._engine.begin() as connection:
            self._lease.guard(connection)
            yield connection

    def _insert(
        self,
        connection: Connection,
        nonce: int,
        purpose: str,
        transaction_hash: bytes,
        raw: bytes,
        gas: int,
        max_fee: int,
        tip: int,
    ) -> int:
        added = insert(attempt).values(
            chain=self._chain,
            sender=self._lease.address,
            nonce=nonce,
            purpose=purpose,
            hash=transaction_hash,
            raw=raw,
            gas=gas,
            max_fee=str(max_fee),
            tip=str(tip),
            signed_at=int(time.time()),
        )
        number: int = connection.execute(added.returning(attempt.c.id)).scalar_one()
        return number

    def _settle(self, connection: Connection, nonce: int, **values: int | None) -> None:
        connection.execute(update(attempt).where(*self._attempts, attempt.c.nonce == nonce).values(**values))

    def _write(self, connection: Connection, row: BatchRow, detail: str) -> None:
        values: dict[str, Any] = {name: getattr(row, name) for name in BatchRow.__slots__ if name not in _FIXED}
        this = update(batch).where(batch.c.id == row.id)
        put_aside = and_(batch.c.state == BatchState.PARKED, batch.c.parked_code == BY_PERSON)
        if row.state in (*ANCHORED_STATES, *SETTLED_STATES):
            connection.execute(this.values(**values))
        elif connection.execute(this.where(not_(put_aside)).values(**values)).rowcount == 0:
            # A person put it aside in the middle of the round: what happened is stored, and it stays where it is.
            connection.execute(this.values(**{name: values[name] for name in values if name not in _PARKING}))
        record(connection, row.id, row.state, detail)


def _nonce_of(row: BatchRow) -> int:
    if row.nonce is None:
        raise ValueError(f"batch {row.id} has no nonce")
    return row.nonce


def off_the_chain(row: BatchRow) -> BatchRow:
    """A batch whose block is gone, as it is taken up again."""
    return replace(
        row,
        state=BatchState.REORGED,
        sequence=None,
        transaction_hash=None,
        block_number=None,
        block_hash=None,
        block_time=None,
        mined_at=None,
        final_at=None,
    )


# Of attempts whose block is gone. What was in a block paid enough: it waits anew.
_UNSETTLED: dict[str, None] = {"settled_at": None, "succeeded": None, "first_sent_block": None}
# Set once, or by others than the daemon.
_PARKING = ("state", "parked_code", "parked_why")
_FIXED = ("id", "issuer", "root", "leaf_count", "sealed_at", "cancel_requested")


def history(engine: Engine, number: int) -> Sequence[BatchEvent]:
    """Everything that happened to a batch, in order."""
    query = select(batch_event.c.at, batch_event.c.state, batch_event.c.detail).where(batch_event.c.batch == number)
    with engine.connect() as connection:
        return [
            BatchEvent(at, BatchState(state), detail)
            for at, state, detail in connection.execute(query.order_by(batch_event.c.id))
        ]
