"""What a database is given back of its batches: rows as the chain has them, and leaves from their trees."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, NamedTuple

from sqlalchemy import Connection, Engine, delete, func, select, union, update

from anchor.books.batches import QUERY_CHUNK, BatchRow, BatchStore, Leaf, record
from anchor.books.tables import BatchState, batch, batch_event, job, leaf, party, queued, signer
from registry.index.tables import indexed_batch
from registry.merkle.treefile import TreeId

TAKEN_OVER: Final = "taken over from the chain"
"""How the first event of a batch begins that another database sealed."""


class Naming(NamedTuple):
    """How a credential came: its digest method by number, its source, and the line there."""

    method: int
    source: str
    line: int


class RecoveryStore:
    """Writes what was lost of one contract's batches.

    Args:
        chain: CAIP-2 name.
        contract: checksummed address.
        given: number of the digest method of a credential of which only the digest is known, and gives its name.
    """

    def __init__(self, engine: Engine, chain: str, contract: str, *, given: int):
        self._engine = engine
        self._key = {"chain": chain, "contract": contract}
        self._batches = BatchStore(engine, chain, contract)
        self._given = given

    def issuers(self) -> list[int]:
        """The parties that the database has anything of, ascending."""
        of = (
            select(column).where(*(column.table.c[name] == value for name, value in self._key.items()))
            for column in (party.c.party, batch.c.issuer, job.c.issuer)
        )
        with self._engine.connect() as connection:
            return sorted(connection.execute(union(*of)).scalars())

    def leaf_counts(self) -> dict[int, int]:
        """How many leaves the database has of each batch, by its number."""
        query = select(leaf.c.batch, func.count()).group_by(leaf.c.batch)
        with self._engine.connect() as connection:
            return {found[0]: found[1] for found in connection.execute(query)}

    def add(self, found: BatchRow, digests: Iterable[bytes] | None) -> BatchRow:
        """Record a batch that the chain has.

        Args:
            found: what the chain says of it; its number is not looked at.
            digests: its leaves in the order of its tree; None where a person gave them up.

        Raises:
            IntegrityError: another process has just recorded it.
        """
        with self._engine.begin() as connection:
            leaves = self._leaves(connection, found.issuer, digests or ())
            added = self._batches.add_within(connection, found.issuer, *found.tree, leaves, sealed_at=found.sealed_at)
            names = ("state", "sequence", "transaction_hash", "block_number", "block_hash", "block_time", "sender")
            values = {name: getattr(found, name) for name in (*names, "nonce", "mined_at", "final_at")}
            values["without_leaves"] = int(digests is None)
            connection.execute(update(batch).where(batch.c.id == added.id).values(**values))
            record(
                connection,
                added.id,
                found.state,
                f"{TAKEN_OVER}, where it is in block {found.block_number}"
                + ("; its leaves were given up" if digests is None else ""),
            )
        row = self._batches.by_id(added.id)
        if row is None:
            raise ValueError("the batch that was just written is not there")
        return row

    def fill(self, row: BatchRow, digests: Iterable[bytes]) -> None:
        """Give a batch its leaves back."""
        with self._engine.begin() as connection:
            connection.execute(delete(leaf).where(leaf.c.batch == row.id))
            self._batches.add_leaves(connection, row.id, self._leaves(connection, row.issuer, digests))
            connection.execute(update(batch).where(batch.c.id == row.id).values(without_leaves=0))
            record(connection, row.id, row.state, "its leaves were made again from the tree")

    def used_nonces(self, account: str, count: int) -> None:
        """The account has sent that many transactions: the next one gets the nonce after those."""
        mine = (signer.c.chain == self._key["chain"], signer.c.address == account)
        lower = func.coalesce(signer.c.next_nonce, 0) < count
        with self._engine.begin() as connection:
            connection.execute(update(signer).where(*mine, lower).values(next_nonce=count))

    def _leaves(self, connection: Connection, issuer: int, digests: Iterable[bytes]) -> Iterator[Leaf]:
        wanted, index = iter(digests), 0
        while share := list(islice(wanted, QUERY_CHUNK)):
            names = self._names(connection, issuer, share)
            for digest in share:
                yield Leaf(digest, index, *names.get(digest, Naming(self._given, digest.hex(), 0)))
                index += 1

    def _names(self, connection: Connection, issuer: int, digests: list[bytes]) -> dict[bytes, Naming]:
        """How the credentials came before, in another batch or in a job that waits."""
        columns = (leaf.c.digest, leaf.c.method, leaf.c.source, leaf.c.line)
        anchored = select(*columns).join(batch, batch.c.id == leaf.c.batch)
        anchored = anchored.where(batch.c.issuer == issuer, leaf.c.digest.in_(digests))
        waiting = select(queued.c.digest, queued.c.method, queued.c.source, queued.c.line)
        waiting = waiting.join(job, job.c.id == queued.c.job)
        waiting = waiting.where(job.c.issuer == issuer, queued.c.digest.in_(digests))
        return {digest: Naming(*name) for query in (anchored, waiting) for digest, *name in connection.execute(query)}


def trees_known(engine: Engine, root: bytes | None = None) -> set[TreeId]:
    """The trees of the database's batches, with a root those of the index's as well."""
    mine = select(batch.c.root, batch.c.leaf_count).where(batch.c.state != BatchState.CANCELLED)
    queries = [mine]
    if root is not None:
        indexed = select(indexed_batch.c.root, indexed_batch.c.leaf_count).where(indexed_batch.c.root == root)
        queries = [mine.where(batch.c.root == root), indexed]
    with engine.connect() as connection:
        return {TreeId(*found) for query in queries for found in connection.execute(query.distinct())}


def leaves_of(engine: Engine, tree: TreeId) -> Iterator[bytes]:
    """The digests of one batch with that tree, of whichever issuer: the tree is the same."""
    of = batch.c
    which = select(of.id).where(
        of.root == tree.root, of.leaf_count == tree.leaf_count, of.state != BatchState.CANCELLED
    )
    with engine.connect() as connection:
        number = connection.execute(which.limit(1)).scalar()
        query = select(leaf.c.digest).where(leaf.c.batch == number).execution_options(yield_per=10_000)
        yield from connection.execute(query).scalars()


def was_sealed_here(engine: Engine, tree: TreeId) -> bool:
    """Whether every batch of that tree in the database was sealed by it, and there is one: what was taken over from the
    chain, another database knows more of."""
    its = (batch.c.root == tree.root, batch.c.leaf_count == tree.leaf_count)
    over = select(batch_event.c.id).join(batch).where(*its, batch_event.c.detail.startswith(TAKEN_OVER))
    with engine.connect() as connection:
        known = connection.execute(select(batch.c.id).where(*its).limit(1)).first()
        return known is not None and connection.execute(over.limit(1)).first() is None
