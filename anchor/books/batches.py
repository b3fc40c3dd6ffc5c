"""The batches and leaves of one contract on one chain, as this folder knows them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, Row, Select, and_, delete, func, insert, not_, select, true, update

from anchor.books.tables import (
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
    leaf,
    party,
)
from registry.errors import IntakeError
from registry.merkle.treefile import TreeId

# SQLite takes 32,766 variables in a statement; the rest of the statement needs a few.
QUERY_CHUNK = 10_000
INSERT_CHUNK = 50_000


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A batch as the folder knows it; what the chain says of it is None until it was seen there.

    Attributes:
        root: 32 bytes.
        sealed_at, block_time: Unix seconds.
        sequence: its place among the issuer's anchors, from 1.
        sender, nonce: the account that anchors it and the nonce it keeps for it.
        parked_code, parked_why: what it waits for, in state PARKED.
        mined_at, final_at: Unix seconds when that was seen.
        cancel_requested: a person wants it not to be anchored.
        without_leaves: a person gave its leaves up, because its tree was lost: nobody knows here what is in it.
        bare: it is anchored by its root and nothing else, and its count is stated by a transaction of its own.
        counted_at: Unix seconds when the count of a bare root was seen in a final block.
    """

    id: int
    issuer: int
    root: bytes
    leaf_count: int
    state: BatchState
    sealed_at: int
    sequence: int | None = None
    transaction_hash: bytes | None = None
    block_number: int | None = None
    block_hash: bytes | None = None
    block_time: int | None = None
    sender: str | None = None
    nonce: int | None = None
    parked_code: str | None = None
    parked_why: str | None = None
    mined_at: int | None = None
    final_at: int | None = None
    cancel_requested: bool = False
    without_leaves: bool = False
    bare: bool = False
    counted_at: int | None = None

    @property
    def is_put_aside(self) -> bool:
        """A person does not want it to be anchored, for now or for good: only a person changes that."""
        parked = self.state is BatchState.PARKED and self.parked_code == BY_PERSON
        return parked or self.state is BatchState.CANCELLED or self.cancel_requested

    @property
    def tree(self) -> TreeId:
        """Which tree it is."""
        return TreeId(self.root, self.leaf_count)


class Leaf(NamedTuple):
    """One credential of a batch: its digest, its place in the tree and where it came from (line 0: a whole file)."""

    digest: bytes
    leaf_index: int
    method: int
    source: str
    line: int


class Place(NamedTuple):
    """A leaf and the batch it is in."""

    batch: BatchRow
    leaf: Leaf


class BatchStore:
    """Reads and writes the batches of one contract.

    Args:
        engine: of the data folder.
        chain: CAIP-2 name, such as `eip155:1`.
        contract: checksummed address.
    """

    def __init__(self, engine: Engine, chain: str, contract: str):
        self._engine = engine
        self._chain = chain
        self._contract = contract

    # Batches

    def add(
        self,
        issuer: int,
        root: bytes,
        leaf_count: int,
        leaves: Iterable[Leaf],
        *,
        sealed_at: int,
        note: str = "",
        bare: bool = False,
    ) -> BatchRow:
        """Record a sealed batch and its leaves in one transaction; one that is there already is returned as it is.

        One that was cancelled begins anew: whoever anchors the same set wants it now.

        Args:
            note: goes to the history of the batch.
            bare: anchor it by its root and nothing else.

        Raises:
            IntakeError: code `root-taken`: the issuer has another batch under that root.
        """
        tree = TreeId(root, leaf_count)
        with self._engine.begin() as connection:
            number = self.revived_within(connection, issuer, tree, leaves, sealed_at=sealed_at, bare=bare)
            if number is None:
                number = self.add_within(connection, issuer, *tree, leaves, sealed_at=sealed_at, bare=bare).id
                if note:
                    record(connection, number, BatchState.SEALED, note)
            return batch_row(connection.execute(_BATCHES.where(batch.c.id == number)).one())

    def add_within(
        self,
        connection: Connection,
        issuer: int,
        root: bytes,
        leaf_count: int,
        leaves: Iterable[Leaf],
        *,
        sealed_at: int,
        sender: str | None = None,
        bare: bool = False,
    ) -> BatchRow:
        """As `add`, in a transaction of the caller's, of a root that is not there yet.

        Args:
            sender: the account that shall anchor it.
        """
        batch_id: int = connection.execute(
            insert(batch)
            .values(
                chain=self._chain,
                contract=self._contract,
                issuer=issuer,
                root=root,
                leaf_count=leaf_count,
                state=BatchState.SEALED,
                sealed_at=sealed_at,
                sender=sender,
                bare=int(bare),
            )
            .returning(batch.c.id)
        ).scalar_one()
        self.add_leaves(connection, batch_id, leaves)
        return BatchRow(batch_id, issuer, root, leaf_count, BatchState.SEALED, sealed_at, sender=sender, bare=bare)

    @staticmethod
    def add_leaves(connection: Connection, number: int, leaves: Iterable[Leaf]) -> None:
        """Record the leaves of a batch, in a transaction of the caller's."""
        # exec_driver_sql hands the rows to the driver as they are: a million rows cost seconds less than through the
        # statement compiler.
        statement = _INSERT_LEAF[connection.dialect.paramstyle].format(batch=int(number))
        # Plain tuples: with one that has names, sqlite3 takes longer to bind than to make it plain.
        rows = map(tuple, leaves)
        while chunk := list(islice(rows, INSERT_CHUNK)):
            connection.exec_driver_sql(statement, chunk)

    def revived_within(
        self,
        connection: Connection,
        issuer: int,
        tree: TreeId,
        leaves: Iterable[Leaf],
        *,
        sealed_at: int,
        bare: bool = False,
    ) -> int | None:
        """The number of the issuer's batch with that root, if there is one; a cancelled one begins anew.

        Raises:
            IntakeError: code `root-taken`: it is the batch of another tree.
        """
        here = (batch.c.chain == self._chain, batch.c.contract == self._contract)
        columns = (batch.c.id, batch.c.state, batch.c.leaf_count)
        query = select(*columns).where(*here, batch.c.issuer == issuer, batch.c.root == tree.root)
        found = connection.execute(query).first()
        if found is None:
            return None
        if found.state != BatchState.CANCELLED:
            refuse_other_tree(TreeId(tree.root, found.leaf_count), tree)
            return int(found.id)
        # The contract has one batch for an issuer and a root, and so has the database; which tree, its count says.
        again = {
            "state": BatchState.SEALED,
            "leaf_count": tree.leaf_count,
            "sealed_at": sealed_at,
            "nonce": None,
            "cancel_requested": 0,
            "without_leaves": 0,
            "bare": int(bare),
        }
        connection.execute(update(batch).where(batch.c.id == found.id).values(**again))
        connection.execute(delete(leaf).where(leaf.c.batch == found.id))
        self.add_leaves(connection, found.id, leaves)
        return int(found.id)

    def anchored_within(self, connection: Connection, digests: Iterable[bytes], issuer: int) -> set[bytes]:
        """Which of the digests are in a batch of the issuer that is not cancelled."""
        here = (batch.c.chain == self._chain, batch.c.contract == self._contract, batch.c.issuer == issuer, _STANDS)
        found: set[bytes] = set()
        wanted = iter(digests)
        while share := list(islice(wanted, QUERY_CHUNK)):
            query = select(leaf.c.digest).join(batch, batch.c.id == leaf.c.batch).where(*here, leaf.c.digest.in_(share))
            found.update(connection.execute(query).scalars())
        return found

    def update(self, row: BatchRow) -> BatchRow:
        """Store what is known of a batch by now, and return what the database has then.

        What a person decided stays: a batch that is cancelled or was put aside changes by the chain's word alone, which
        is that it is anchored after all. The jobs that were taken back with it then say so too.
        """
        anchored = row.state in ANCHORED_STATES
        by_person = and_(batch.c.state == BatchState.PARKED, batch.c.parked_code == BY_PERSON)
        free = true() if anchored else and_(_STANDS, not_(by_person))
        values = {
            "state": row.state,
            "sequence": row.sequence,
            "transaction_hash": row.transaction_hash,
            "block_number": row.block_number,
            "block_hash": row.block_hash,
            "block_time": row.block_time,
        }
        with self._engine.begin() as connection:
            if anchored:
                values |= {"parked_code": None, "parked_why": None}
                self._landed_after_all(connection, row)
            connection.execute(update(batch).where(batch.c.id == row.id, free).values(**values))
            return batch_row(connection.execute(_BATCHES.where(batch.c.id == row.id)).one())

    @staticmethod
    def _landed_after_all(connection: Connection, row: BatchRow) -> None:
        taken_back = update(batch).where(batch.c.id == row.id, batch.c.state == BatchState.CANCELLED)
        if connection.execute(taken_back.values(state=row.state)).rowcount:
            its = (job.c.batch == row.id, job.c.state == JobState.CANCELLED)
            connection.execute(update(job).where(*its).values(state=JobState.SEALED))
            record(connection, row.id, row.state, "it was cancelled, and is anchored all the same")

    def by_root(self, issuer: int, root: bytes) -> BatchRow | None:
        """The issuer's batch with that root."""
        found = self._batches(_BATCHES.where(batch.c.issuer == issuer, batch.c.root == root))
        return found[0] if found else None

    def with_root(self, root: bytes) -> list[BatchRow]:
        """Every issuer's batch with that root."""
        return self._batches(_BATCHES.where(batch.c.root == root))

    def all(self, issuer: int | None = None) -> list[BatchRow]:
        """All batches, oldest first, of one issuer where given."""
        return self._batches(_BATCHES if issuer is None else _BATCHES.where(batch.c.issuer == issuer))

    def given_up(self, issuer: int) -> list[BatchRow]:
        """The issuer's batches of which no leaf is known, because a person gave them up; oldest first."""
        return self._batches(_BATCHES.where(batch.c.issuer == issuer, batch.c.without_leaves == 1))

    def final_sequences(self, issuer: int) -> tuple[int, int]:
        """How many of an issuer's sequences are those of final batches here, and the highest of them; 0 for none."""
        here = (batch.c.chain == self._chain, batch.c.contract == self._contract, batch.c.issuer == issuer)
        figures = (func.count(batch.c.sequence.distinct()), func.coalesce(func.max(batch.c.sequence), 0))
        with self._engine.connect() as connection:
            final = select(*figures).where(*here, batch.c.state == BatchState.FINAL)
            count, highest = connection.execute(final).one()
        return int(count), int(highest)

    def unfinished(self) -> list[BatchRow]:
        """The batches that are not final yet, oldest first."""
        return self._batches(_BATCHES.where(batch.c.state.not_in(SETTLED_STATES)))

    def uncounted(self) -> list[BatchRow]:
        """The batches that are anchored as bare roots, and whose count is not known to be final; oldest first."""
        on_chain = batch.c.state.in_(ANCHORED_STATES)
        return self._batches(_BATCHES.where(batch.c.bare == 1, batch.c.counted_at.is_(None), on_chain))

    def counted(self, row: BatchRow) -> None:
        """A final block has the count of a bare root."""
        with self._engine.begin() as connection:
            connection.execute(update(batch).where(batch.c.id == row.id).values(counted_at=int(time.time())))

    def newest_final_block(self, account: str) -> int:
        """The newest final block that was known when the account last signed here, or in which it has a transaction.

        What it signs later can be in no earlier one. Batches that were taken over from the chain say nothing of that.
        """
        here = (batch.c.chain == self._chain, batch.c.contract == self._contract, batch.c.state == BatchState.FINAL)
        ours = and_(attempt.c.hash == batch.c.transaction_hash, attempt.c.sender == account)
        anchored = select(func.max(batch.c.block_number)).join(attempt, ours).where(*here)
        seen = (checkpoint.c.chain == self._chain, checkpoint.c.contract == self._contract)
        with self._engine.connect() as connection:
            last = connection.execute(anchored).scalar_one()
            final = connection.execute(select(checkpoint.c.final_number).where(*seen)).scalar_one_or_none()
        return max(last or 0, final or 0)

    def by_id(self, number: int) -> BatchRow | None:
        """The batch with that number."""
        found = self._batches(_BATCHES.where(batch.c.id == number))
        return found[0] if found else None

    # Leaves

    def leaves(self, row: BatchRow) -> Iterator[Leaf]:
        """The leaves of a batch in the order of the tree."""
        query = select(*_LEAF).where(leaf.c.batch == row.id).order_by(leaf.c.digest)
        with self._engine.connect() as connection:
            for partition in connection.execution_options(yield_per=QUERY_CHUNK).execute(query).partitions():
                yield from (Leaf(*found) for found in partition)

    def places(self, digest: bytes, issuer: int | None = None) -> list[Place]:
        """Everywhere a digest is in a batch that is not cancelled, oldest first, by one issuer where given."""
        return list(self.places_of([digest], issuer))

    def places_of(self, digests: Sequence[bytes], issuer: int | None = None) -> Iterator[Place]:
        """The places of many digests, oldest batch first within each share of the digests."""
        batches = {row.id: row for row in self.all(issuer) if row.state is not BatchState.CANCELLED}
        within = leaf.c.batch.in_(batches)
        for start in range(0, len(digests) if batches else 0, QUERY_CHUNK):
            share = digests[start : start + QUERY_CHUNK]
            query = select(leaf.c.batch, *_LEAF).where(leaf.c.digest.in_(share), within).order_by(leaf.c.batch)
            with self._engine.connect() as connection:
                for number, *found in connection.execute(query):
                    yield Place(batches[number], Leaf(*found))

    # Parties

    def add_party(self, number: int, *, registered_at: int) -> None:
        """Remember a party that was registered from this folder."""
        key = {"chain": self._chain, "contract": self._contract, "party": number}
        with self._engine.begin() as connection:
            there = and_(*(party.c[name] == value for name, value in key.items()))
            if connection.execute(select(party.c.party).where(there)).first() is None:
                connection.execute(insert(party).values(**key, registered_at=registered_at))

    def parties(self) -> list[int]:
        """The parties that were registered from this folder."""
        query = select(party.c.party).where(party.c.chain == self._chain, party.c.contract == self._contract)
        with self._engine.connect() as connection:
            return sorted(connection.execute(query).scalars())

    def _batches(self, query: Select[tuple[object, ...]]) -> list[BatchRow]:
        mine = query.where(batch.c.chain == self._chain, batch.c.contract == self._contract).order_by(batch.c.id)
        with self._engine.connect() as connection:
            return [batch_row(found) for found in connection.execute(mine)]


def refuse_other_tree(known: TreeId, tree: TreeId) -> None:
    """An issuer's root can be anchored once, so it stands for one tree: that of its leaf count.

    Raises:
        IntakeError: code `root-taken`: the trees differ.
    """
    if known != tree:
        raise IntakeError(
            f"the issuer has a batch of {known.leaf_count} credentials under the root 0x{known.root.hex()}, and these "
            f"{tree.leaf_count} have the same root: digests among them are nodes of that batch, not credentials",
            remedy="Take out what is the root of a batch; or add one more credential, which changes the root.",
            code="root-taken",
        )


def record(connection: Connection, number: int, state: BatchState, detail: str) -> None:
    """Take down what happened to a batch."""
    values = {"batch": number, "at": time.time(), "state": state, "detail": detail}
    connection.execute(insert(batch_event).values(**values))


# The credentials of a batch that is cancelled can be anchored again, in another one.
_STANDS = batch.c.state != BatchState.CANCELLED
_LEAF = (leaf.c.digest, leaf.c.leaf_index, leaf.c.method, leaf.c.source, leaf.c.line)
_INSERT_LEAF = {
    # The columns of a `Leaf` in its order, so that it is a row as it is; the batch is the same in all of them.
    style: f"INSERT INTO leaf ({', '.join(Leaf._fields)}, batch) VALUES ({', '.join([mark] * 5)}, {{batch}})"  # noqa: S608 - marks
    for style, mark in (("qmark", "?"), ("pyformat", "%s"))
}
BATCH = (
    batch.c.id,
    batch.c.issuer,
    batch.c.root,
    batch.c.leaf_count,
    batch.c.state,
    batch.c.sealed_at,
    batch.c.sequence,
    batch.c.transaction_hash,
    batch.c.block_number,
    batch.c.block_hash,
    batch.c.block_time,
    batch.c.sender,
    batch.c.nonce,
    batch.c.parked_code,
    batch.c.parked_why,
    batch.c.mined_at,
    batch.c.final_at,
    batch.c.cancel_requested,
    batch.c.without_leaves,
    batch.c.bare,
    batch.c.counted_at,
)
_BATCHES: Select[tuple[object, ...]] = select(*BATCH)


def contracts_of(engine: Engine) -> list[tuple[str, str]]:
    """The chains (CAIP-2) that a folder has batches on, and the contracts there."""
    query = select(batch.c.chain, batch.c.contract).distinct().order_by(batch.c.chain, batch.c.contract)
    with engine.connect() as connection:
        return [(found.chain, found.contract) for found in connection.execute(query)]


def batch_row(found: Row[tuple[object, ...]] | Sequence[object]) -> BatchRow:
    values: dict[str, Any] = dict(zip(BatchRow.__dataclass_fields__, found, strict=True))
    flags = {name: bool(values[name]) for name in ("cancel_requested", "without_leaves", "bare")}
    return BatchRow(**values | flags | {"state": BatchState(values["state"])})
