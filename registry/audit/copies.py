"""What an audit reads from a data folder: the database's batches, the index, and the tree files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from anchor.books.batches import BatchRow, BatchStore
from anchor.books.folder import DataFolder
from anchor.books.tables import ANCHORED_STATES, BatchState, leaf
from registry.audit.compare import FolderBatch, IndexFacts, TreeFacts
from registry.errors import StoreError, TreeError
from registry.index.reader import EventFilter, Head, Index
from registry.merkle.tree import Tree
from registry.merkle.treefile import TreeId
from registry.recognition.ledger import MADE_BY
from registry.records import Batch, Bitmap, Purpose
from registry.timestamps import from_unix
from registry.trees.store import DAMAGED, MISSING, TreeStore

_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class FolderFacts:
    """The database's batches, and the parties that were registered from the folder."""

    batches: tuple[FolderBatch, ...]
    parties: tuple[int, ...]


def folder_facts(folder: DataFolder, chain: str, contract: str, issuer: int | None) -> FolderFacts:
    """What the database says of one contract.

    Raises:
        StoreError: it cannot be read.
    """
    store = BatchStore(folder.engine, chain, contract)
    try:
        leaves = _leaves_by_batch(folder)
        rows = tuple(_folder_batch(row, leaves.get(row.id, 0)) for row in store.all(issuer))
        return FolderFacts(rows, tuple(store.parties()))
    except (SQLAlchemyError, ValueError, TypeError) as error:
        raise _unreadable("the database", error) from None


def index_facts(folder: DataFolder, chain: str, contract: str) -> tuple[Head, IndexFacts] | None:
    """What the index says of one contract, as of one of its blocks; None when there is no index of it here.

    Raises:
        StoreError: it cannot be read, or changed each time while it was read.
    """
    index = Index(folder.engine, chain, contract)
    try:
        for _ in range(_ATTEMPTS):
            if (head := index.head()) is None:
                return None
            facts = _index_facts(index, head)
            if (after := index.head()) is not None and after.version == head.version:
                return head, facts
    except (SQLAlchemyError, ValueError, TypeError) as error:
        raise _unreadable("the index", error) from None
    raise StoreError(
        "the index changed each time while it was read",
        remedy="Try again, or stop the indexer meanwhile.",
        code="moving",
    )


def tree_facts(trees: TreeStore, which: TreeId) -> TreeFacts:
    """What a tree comes to when everything in it is derived from its leaves again.

    Raises:
        StoreError: the tree store does not answer (code `trees-unavailable`).
    """
    try:
        with trees.open_whole(which) as tree:
            return _checked(tree)
    except StoreError as error:
        if error.code == MISSING:
            return TreeFacts(missing=True)
        if error.code == DAMAGED:
            return TreeFacts(damaged=error.what)
        raise


def batch_tree_facts(trees: TreeStore, root: bytes, stated: int, sealed: int | None) -> TreeFacts:
    """What the tree of an anchored batch comes to.

    Args:
        stated: leaf count on chain, 0 for none: then it is looked at with the tree of the database, or any of its root.
        sealed: leaf count by the database, None for the batch of somebody else.

    Raises:
        StoreError: the tree store does not answer (code `trees-unavailable`).
    """
    count = stated or sealed or next(iter(trees.counts(root)), None)
    if count is None:
        return TreeFacts(missing=True)
    facts = tree_facts(trees, TreeId(root, count))
    others = trees.counts(root) if facts.missing and sealed is None else []
    return TreeFacts(others[0]) if others else facts


def _checked(tree: Tree) -> TreeFacts:
    try:
        tree.check()
    except TreeError as error:
        if error.code == "leaf-order":
            return TreeFacts(tree.leaf_count, unsorted=error.what)
        return TreeFacts(tree.leaf_count, damaged=error.what)
    return TreeFacts(tree.leaf_count)


def _leaves_by_batch(folder: DataFolder) -> dict[int, int]:
    """How many leaves the database lists, by the number of their batch."""
    with folder.engine.connect() as connection:
        counted = connection.execute(select(leaf.c.batch, func.count().label("leaves")).group_by(leaf.c.batch))
        return {row.batch: row.leaves for row in counted}


def _folder_batch(row: BatchRow, leaves: int) -> FolderBatch:
    return FolderBatch(
        issuer=row.issuer,
        root=row.root,
        leaf_count=row.leaf_count,
        state=row.state,
        anchored=row.state in ANCHORED_STATES,
        given_up=row.state is BatchState.CANCELLED,
        leaves=leaves,
        sequence=row.sequence,
        block_number=row.block_number,
        transaction=row.transaction_hash,
        sealed_at=from_unix(row.sealed_at),
        mined_at=None if row.mined_at is None else from_unix(row.mined_at),
        final_at=None if row.final_at is None else from_unix(row.final_at),
    )


def _index_facts(index: Index, head: Head) -> IndexFacts:
    batches = list(index.all_batches())
    return IndexFacts(
        block_number=head.cursor.number,
        party_count=index.counts()["parties"],
        accreditation_count=sum(1 for _ in index.all_events(EventFilter(names=frozenset(MADE_BY)))),
        batches=batches,
        words=dict(_index_words(index, batches)),
    )


def _index_words(index: Index, batches: list[Batch]) -> Iterator[tuple[Bitmap, dict[int, int]]]:
    for batch in batches:
        for purpose in Purpose:
            if words := index.status_words(batch.key, purpose):
                yield (batch.issuer, batch.root, purpose), words


def _unreadable(what: str, error: Exception) -> StoreError:
    return StoreError(f"{what} cannot be read: {getattr(error, 'orig', None) or error}", code="unreadable")
