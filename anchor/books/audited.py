"""The issuer's books for an audit: what the database of a data folder says of one contract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import func, select

from anchor.books.batches import BatchRow, BatchStore
from anchor.books.folder import DataFolder
from anchor.books.status_positions import positions_of
from anchor.books.tables import ANCHORED_STATES, BatchState, leaf
from anchor.books.trees import place_of_trees, trees_of
from anchor.settings import Settings
from registry.audit.compare import FolderBatch
from registry.audit.copies import BookFacts, Copies
from registry.database.engine import readable
from registry.index.reader import Index
from registry.merkle.positionfile import ListName
from registry.timestamps import from_unix


class FolderBooks:
    """The books in a data folder.

    Args:
        chain: CAIP-2 name, such as `eip155:1`.
        contract: checksummed address.
    """

    def __init__(self, folder: DataFolder, chain: str, contract: str):
        self._folder = folder
        self._store = BatchStore(folder.engine, chain, contract)

    def facts(self, issuer: int | None) -> BookFacts:
        """What they say of one issuer, or of all.

        Raises:
            StoreError: they cannot be read.
        """
        with readable("the database"):
            leaves = self._leaves_by_batch()
            rows = tuple(_folder_batch(row, leaves.get(row.id, 0)) for row in self._store.all(issuer))
            return BookFacts(rows, tuple(self._store.parties()))

    def positions(self, digests: Iterable[bytes]) -> Mapping[bytes, tuple[ListName, int]]:
        """As in `Books`."""
        with readable("the database"):
            return positions_of(self._folder.engine, digests)

    def _leaves_by_batch(self) -> dict[int, int]:
        """How many leaves the database lists, by the number of their batch."""
        with self._folder.engine.connect() as connection:
            counted = connection.execute(select(leaf.c.batch, func.count().label("leaves")).group_by(leaf.c.batch))
            return {row.batch: row.leaves for row in counted}


def copies_in(folder: DataFolder, settings: Settings, chain: str, contract: str) -> Copies:
    """Everything that a data folder has of one contract, and its trees, which may be elsewhere.

    Args:
        settings: which say where the trees are.
        chain: CAIP-2 name, such as `eip155:1`.
        contract: checksummed address.
    """
    return Copies(
        folder=folder.path,
        books=FolderBooks(folder, chain, contract),
        index=Index(folder.engine, chain, contract),
        trees=trees_of(settings),
        trees_at=place_of_trees(settings),
    )


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
