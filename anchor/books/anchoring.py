"""What a daemon writes while it anchors: nonces, attempts, states and their history, under the lease of its account.

Every method is one database transaction that first makes sure that the lease is held: what a process writes that lost
its lease is refused as a whole (`LeaseLost`).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from sqlalchemy import Column, Connection, Engine, Select, Table, and_, delete, func, insert, not_, or_, select, update
from sqlalchemy.exc import IntegrityError

from anchor.books.acts import ACT, ActRow, Same, act_for, act_row, answer
from anchor.books.attempts import ATTEMPT, Attempt, attempt_row, withheld
from anchor.books.batches import BATCH, BatchRow, batch_row, record
from anchor.books.deeds import DEED, DeedRow, deed_row, record_deed
from anchor.books.evidence import forget_evidence
from anchor.books.leases import Lease
from anchor.books.status_jobs import ask_anew, look_again, reopen
from anchor.books.tables import (
    ANCHORED_STATES,
    BY_PERSON,
    SETTLED_STATES,
    BatchState,
    JobState,
    act,
    attempt,
    batch,
    batch_event,
    checkpoint,
    deed,
    job,
    signer,
)
from registry.errors import NotPossible, StoreError


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


SHARE: Final = 16
"""What an issuer may have on the way before the others come: a quarter of what is on the way at most as it ships."""

Carried = BatchRow | DeedRow | ActRow
"""What carries a transaction: a batch its anchor, a deed a change of statuses, an act whatever else a command wants."""

R = TypeVar("R", bound=Carried)


class Withdrawn(NotPossible):
    """A deed was given up in the meantime, because a person took back what it was for."""

    default_code = "changed"


class AnchorStore:
    """What one account sends: batches, the deeds of status jobs, and acts of commands.

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
        self._deeds = (deed.c.chain == chain, deed.c.contract == contract)
        self._attempts = (attempt.c.chain == chain, attempt.c.sender == lease.address)
        self._signer = (signer.c.chain == chain, signer.c.address == lease.address)

    # Reading

    def open(self) -> list[Carried]:
        """What of the account's is not settled, and the batches of nobody.

        In the order of `in_line`.
        """
        whose = or_(batch.c.sender == self._lease.address, batch.c.sender.is_(None))
        batches = select(*BATCH).where(*self._mine, whose, batch.c.state.not_in(SETTLED_STATES)).order_by(batch.c.id)
        mine = (*self._deeds, deed.c.sender == self._lease.address)
        deeds = select(*DEED).where(*mine, deed.c.state.not_in(SETTLED_STATES)).order_by(deed.c.id)
        its = (act.c.chain == self._chain, act.c.sender == self._lease.address)
        acts = select(*ACT).where(*its, act.c.state.not_in(SETTLED_STATES)).order_by(act.c.id)
        return in_line(self._carried(batches, deeds, acts))

    def again(self, row: R) -> R:
        """The row as it is now."""
        table, columns, read = _ROWS[type(row)]
        with self._engine.connect() as connection:
            found: R = read(connection.execute(select(*columns).where(table.c.id == row.id)).one())
        return found

    def _carried(self, batches: Select[Any], deeds: Select[Any], acts: Select[Any]) -> list[Carried]:
        with self._engine.connect() as connection:
            rows: list[Carried] = [batch_row(found) for found in connection.execute(batches)]
            rows += [deed_row(found) for found in connection.execute(deeds)]
            return rows + [act_row(found) for found in connection.execute(acts)]

    def attempts(self, nonce: int) -> list[Attempt]:
        """All that were ever signed with that nonce, oldest first."""
        query = select(*ATTEMPT).where(*self._attempts, attempt.c.nonce == nonce).order_by(attempt.c.id)
        with self._engine.connect() as connection:
            return [attempt_row(found) for found in connection.execute(query)]

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

    def final(self) -> list[Carried]:
        """The contract's batches and deeds that are final, and the acts on its chain, of all accounts."""
        return self._carried(
            select(*BATCH).where(*self._mine, batch.c.state == BatchState.FINAL).order_by(batch.c.id),
            select(*DEED).where(*self._deeds, deed.c.state == BatchState.FINAL).order_by(deed.c.id),
            select(*ACT).where(act.c.chain == self._chain, act.c.state == BatchState.FINAL).order_by(act.c.id),
        )

    # Writing

    def save_checkpoint(self, seen: Checkpoint) -> None:
        """Remember the chain and its newest final block."""
        with self._guarded() as connection:
            self._save_checkpoint(connection, seen)

    def accept_chain(self, seen: Checkpoint, gone: Sequence[Carried]) -> None:
        """Go on from another final block than the one remembered, because a person says that this is the chain.

        Args:
            gone: what was final in blocks that are not on it; it is taken up again. Evidence is read anew of all.
        """
        with self._guarded() as connection:
            self._save_checkpoint(connection, seen)
            forget_evidence(connection, self._chain, self._contract)
            for row in gone:
                self._write(connection, off_the_chain(row), f"block {row.block_number} is not on the accepted chain")
                theirs = (attempt.c.chain == self._chain, attempt.c.sender == row.sender, attempt.c.nonce == row.nonce)
                connection.execute(update(attempt).where(*theirs).values(**_UNSETTLED))
            why = "a block that was final is not on the accepted chain"
            reopen(connection, [row.id for row in gone if isinstance(row, DeedRow)], why)
            ask_anew(connection, self._chain, self._contract, why)

    def _save_checkpoint(self, connection: Connection, seen: Checkpoint) -> None:
        key = {"chain": self._chain, "contract": self._contract}
        values = {name: getattr(seen, name) for name in Checkpoint.__slots__}
        mine = and_(checkpoint.c.chain == self._chain, checkpoint.c.contract == self._contract)
        if connection.execute(update(checkpoint).where(mine).values(**values)).rowcount == 0:
            connection.execute(insert(checkpoint).values(**key, **values))

    def reserve(self, row: R, chain_nonce: int) -> R:
        """Give the batch or deed the next nonce of the account, which it keeps as long as any attempt can land.

        Args:
            chain_nonce: how many transactions of the account are mined.

        Raises:
            Withdrawn: the deed was given up in the meantime.
        """
        with self._guarded() as connection:
            known = connection.execute(select(signer.c.next_nonce).where(*self._signer)).scalar_one()
            # An earlier program signed with this account and took down no nonce.
            query = select(func.max(attempt.c.nonce)).where(*self._attempts, attempt.c.settled_at.is_(None))
            signed = connection.execute(query).scalar_one()
            nonce = max(chain_nonce, known or 0, -1 if signed is None else signed + 1)
            connection.execute(update(signer).where(*self._signer).values(next_nonce=nonce + 1))
            changed = replace(row, sender=self._lease.address, nonce=nonce, state=BatchState.RESERVED)
            self._write(connection, changed, f"nonce {nonce}")
        return changed

    def unreserve(self, row: R) -> None:
        """Give a nonce back with which nothing was signed that can be mined, if no other was given out since.

        Without it every later nonce would wait until the signer is there again.
        """
        nonce = _nonce_of(row)
        with self._guarded() as connection:
            last = (*self._signer, signer.c.next_nonce == nonce + 1)
            if connection.execute(update(signer).where(*last).values(next_nonce=nonce)).rowcount:
                connection.execute(delete(attempt).where(*self._attempts, attempt.c.nonce == nonce))
                self._write(connection, replace(row, nonce=None), f"nothing can be mined with nonce {nonce}")

    def settle_nonce(self, nonce: int) -> None:
        """What nobody has a row for is in a block."""
        open_ = (*self._attempts, attempt.c.nonce == nonce, attempt.c.settled_at.is_(None))
        with self._guarded() as connection:
            connection.execute(update(attempt).where(*open_).values(settled_at=int(time.time())))

    def act(self, purpose: str, recipient: str, data: bytes, same: Same | None = None) -> ActRow:
        """The act for a purpose whose outcome no command has told yet, or a new one; `same` as of `act_for`."""
        with self._guarded() as connection:
            return act_for(connection, self._chain, self._lease.address, purpose, recipient, data, same)

    def answered(self, row: ActRow) -> None:
        """A command tells the outcome of an act: from now on the same purpose is another one."""
        with self._guarded() as connection:
            answer(connection, row.id)

    def let_go_on(self, row: R, why: str) -> R:
        """What is parked goes on from where it was, unless a person put it aside."""
        if row.state is not BatchState.PARKED:
            return row
        state = BatchState.SEALED
        if row.nonce is not None:
            # What is signed is sent again.
            state = BatchState.SIGNED if self.attempts(row.nonce) else BatchState.RESERVED
        changed = replace(row, state=state, parked_code=None, parked_why=None)
        with self._guarded() as connection:
            self._write(connection, changed, why)
        return changed

    def take_over(self, row: BatchRow) -> BatchRow:
        """A batch that another account was to send, and has signed nothing for, is this one's from now on."""
        changed = replace(row, sender=self._lease.address)
        with self._guarded() as connection:
            self._write(connection, changed, f"{self._lease.address} sends it")
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
        row: R,
        *,
        purpose: str,
        transaction_hash: bytes,
        raw: bytes,
        gas: int,
        max_fee: int,
        tip: int,
        state: BatchState,
    ) -> tuple[R, Attempt]:
        """Store signed bytes with the nonce of a batch or deed; they are on the disk when this returns."""
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

    def change(self, row: R, detail: str, *, cost: tuple[bytes, int] | None = None) -> R:
        """Store what is known of a batch or deed by now, and that it happened.

        Args:
            cost: hash of the transaction that did it and the wei that it cost.
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

    def lose_nonce(self, row: R, detail: str, *, to: tuple[bytes, bool] | None = None) -> R:
        """Another transaction has the row's nonce for good: none of its attempts can land any more.

        A batch waits for a new nonce. A deed is given up, and what it was for is asked for anew: by now something else
        may be wanted. So is an act, which its command asks for anew.

        Args:
            to: where that one is stored too, its hash, and whether it succeeded.
        """
        with self._guarded() as connection:
            self._settle(connection, _nonce_of(row), settled_at=int(time.time()), succeeded=0)
            if to is not None:
                done = update(attempt).where(*self._attempts, attempt.c.hash == to[0])
                connection.execute(done.values(succeeded=int(to[1])))
            if not isinstance(row, BatchRow):
                return self._give_up(connection, row, detail)
            self._write(connection, replace(row, state=BatchState.NONCE_LOST), detail)
            # What waits for a person goes on waiting.
            state = BatchState.PARKED if row.state is BatchState.PARKED else BatchState.SEALED
            changed = replace(row, state=state, nonce=None)
            self._write(connection, changed, "waits for a new nonce")
        return changed

    def cancelled(self, row: R, detail: str) -> R:
        """The batch will never be anchored by us: its credentials can be anchored again, in another one.

        Likewise a deed, and what it was for is asked for anew.
        """
        changed = replace(row, state=BatchState.CANCELLED)
        with self._guarded() as connection:
            if not isinstance(row, BatchRow):
                if row.nonce is not None:
                    self._settle(connection, row.nonce, settled_at=int(time.time()))
                return self._give_up(connection, row, detail)
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
        try:
            number: int = connection.execute(added.returning(attempt.c.id)).scalar_one()
        except IntegrityError:
            raise StoreError(
                f"the transaction 0x{transaction_hash.hex()} ({purpose}) was signed and settled before, and the chain "
                "does not know it: it is another chain with the same id, such as a test chain that was reset",
                remedy="Use a new data folder with --data-folder; this one has the records of the other chain.",
                code="signed-before",
            ) from None
        return number

    def _settle(self, connection: Connection, nonce: int, **values: int | None) -> None:
        connection.execute(update(attempt).where(*self._attempts, attempt.c.nonce == nonce).values(**values))

    def _give_up(self, connection: Connection, row: R, detail: str) -> R:
        changed = replace(row, state=BatchState.CANCELLED)
        self._write(connection, changed, detail)
        if isinstance(row, DeedRow):
            look_again(connection, [row.id], f"a transaction of it was given up: {detail}")
        return changed

    def _write(self, connection: Connection, row: Carried, detail: str) -> None:
        match row:
            case BatchRow():
                self._write_batch(connection, row, detail)
            case DeedRow():
                self._write_deed(connection, row, detail)
            case ActRow():
                values = {name: getattr(row, name) for name in ActRow.__slots__ if name not in _FIXED_OF_ACTS}
                connection.execute(update(act).where(act.c.id == row.id).values(**values))

    @staticmethod
    def _write_deed(connection: Connection, row: DeedRow, detail: str) -> None:
        values = {name: getattr(row, name) for name in DeedRow.__slots__ if name not in _FIXED_OF_DEEDS}
        wanted = (deed.c.id == row.id, deed.c.state != BatchState.CANCELLED)
        if connection.execute(update(deed).where(*wanted).values(**values)).rowcount == 0:
            raise Withdrawn("what this transaction was for was taken back", remedy="Nothing is to be done.")
        record_deed(connection, row.id, row.state, detail)

    @staticmethod
    def _write_batch(connection: Connection, row: BatchRow, detail: str) -> None:
        values: dict[str, Any] = {name: getattr(row, name) for name in BatchRow.__slots__ if name not in _FIXED}
        this = update(batch).where(batch.c.id == row.id)
        put_aside = and_(batch.c.state == BatchState.PARKED, batch.c.parked_code == BY_PERSON)
        if row.state in (*ANCHORED_STATES, *SETTLED_STATES):
            connection.execute(this.values(**values))
        elif connection.execute(this.where(not_(put_aside)).values(**values)).rowcount == 0:
            # A person put it aside in the middle of the round: what happened is stored, and it stays where it is.
            connection.execute(this.values(**{name: values[name] for name in values if name not in _PARKING}))
        record(connection, row.id, row.state, detail)


def _nonce_of(row: Carried) -> int:
    if row.nonce is None:
        raise ValueError(f"{row} has no nonce")
    return row.nonce


def in_line(rows: Sequence[Carried]) -> list[Carried]:
    """Those with a nonce first, in its order; of the others the urgent ones, then the older ones.

    No issuer has more than `SHARE` on the way or ahead of the others: what it has beyond that, urgent or not, comes
    after what they have.
    """
    begun = sorted((row for row in rows if row.nonce is not None), key=lambda row: row.nonce or 0)
    ahead = Counter(_whose(row) for row in begun if row.state not in ANCHORED_STATES)
    waiting = []
    for row in sorted((row for row in rows if row.nonce is None), key=_urgency):
        waiting.append((ahead[_whose(row)] // SHARE, _urgency(row), row))
        ahead[_whose(row)] += 1
    return begun + [row for _, _, row in sorted(waiting, key=lambda each: each[:2])]


def _whose(row: Carried) -> int | None:
    return None if isinstance(row, ActRow) else row.issuer


def _urgency(row: Carried) -> tuple[bool, float, bool, int]:
    is_urgent = row.urgent if isinstance(row, DeedRow) else False
    since = row.sealed_at if isinstance(row, BatchRow) else row.made_at
    return not is_urgent, since, not isinstance(row, BatchRow), row.id


def off_the_chain(row: R) -> R:
    """A batch, deed or act whose block is gone, as it is taken up again."""
    gone: dict[str, Any] = dict.fromkeys(("sequence", *_OF_BLOCK) if isinstance(row, BatchRow) else _OF_BLOCK)
    return replace(row, state=BatchState.REORGED, **gone)


# Of attempts whose block is gone. What was in a block paid enough: it waits anew.
_UNSETTLED: dict[str, None] = {"settled_at": None, "succeeded": None, "first_sent_block": None}
_OF_BLOCK = ("transaction_hash", "block_number", "block_hash", "block_time", "mined_at", "final_at")
# Set once, or by others than the daemon.
_PARKING = ("state", "parked_code", "parked_why")
_FIXED = ("id", "issuer", "root", "leaf_count", "sealed_at", "cancel_requested", "without_leaves", "bare", "counted_at")
_FIXED_OF_ACTS = ("id", "purpose", "recipient", "data", "made_at", "answered", "cancel_requested")
_FIXED_OF_DEEDS = (
    *("id", "issuer", "act", "reason", "root", "word", "mask", "digests", "urgent", "made_at"),
    "cancel_requested",
)

_ROWS: Final[dict[type, tuple[Table, tuple[Column[Any], ...], Any]]] = {
    BatchRow: (batch, BATCH, batch_row),
    DeedRow: (deed, DEED, deed_row),
    ActRow: (act, ACT, act_row),
}


def history(engine: Engine, number: int) -> Sequence[BatchEvent]:
    """Everything that happened to a batch, in order."""
    query = select(batch_event.c.at, batch_event.c.state, batch_event.c.detail).where(batch_event.c.batch == number)
    with engine.connect() as connection:
        return [
            BatchEvent(at, BatchState(state), detail)
            for at, state, detail in connection.execute(query.order_by(batch_event.c.id))
        ]
