"""Copies sealed trees into the store that serves them, before anything about them is signed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from anchor.books.batches import BatchRow, BatchStore
from anchor.books.folder import DataFolder
from anchor.books.status_positions import positions_of
from anchor.books.trees import trees_of
from anchor.sending.kinds import Publish
from anchor.workspace import Workspace
from registry.errors import StoreError
from registry.merkle.positionfile import LeafPositions
from registry.merkle.treefile import TreeId
from registry.trees.folder import FolderTrees
from registry.trees.store import DAMAGED, UNAVAILABLE, TreeStore, repair_of

# A store that is away is not asked again for each batch of a round: the lease would run out while they all wait.
PAUSE_SECONDS = 30.0


def publisher_of(workspace: Workspace) -> Publish:
    """Sees to it that the tree of a batch is where the settings want it, and its positions in status lists beside it.

    Raises:
        SettingsError: the setting `trees` makes no sense.
    """
    elsewhere = None if workspace.settings.trees is None else trees_of(workspace.settings)
    return TreePublisher(workspace.folder, workspace.store, elsewhere).publish


class TreePublisher:
    """Copies the tree of a batch from the data folder into a tree store, and writes beside both which of its leaves
    have positions in status lists.

    Args:
        trees: None where the data folder is the store.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        folder: DataFolder,
        batches: BatchStore,
        trees: TreeStore | None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._folder = folder
        self._own = FolderTrees(folder.trees)
        self._batches = batches
        self._trees = trees
        self._clock = clock
        self._away: tuple[float, StoreError] | None = None

    def publish(self, row: BatchRow) -> None:
        """See to it that the store has the tree of the batch, and its positions.

        Raises:
            StoreError: it does not; code `trees-unavailable` when it may later on.
        """
        positions = self._positions(row)
        put_unless_known(self._own, positions)
        if self._trees is not None:
            self._copy(self._trees, row, positions)

    def _copy(self, trees: TreeStore, row: BatchRow, positions: LeafPositions) -> None:
        if self._away is not None and self._clock() < self._away[0]:
            raise self._away[1]
        try:
            if not _has(trees, row.tree):
                trees.put(row.tree, self._sealed(row))
            put_unless_known(trees, positions)
        except StoreError as error:
            if error.code == UNAVAILABLE:
                self._away = (self._clock() + PAUSE_SECONDS, error)
            raise
        self._away = None

    def _positions(self, row: BatchRow) -> LeafPositions:
        found = positions_of(self._folder.engine, self._digests(row))
        return LeafPositions.of(row.tree, self._digests(row), found)

    def _digests(self, row: BatchRow) -> Iterator[bytes]:
        return (leaf.digest for leaf in self._batches.leaves(row))

    def _sealed(self, row: BatchRow) -> Path:
        """The tree file; made again from the database when it is not sound, or is on another machine's disk."""
        path = self._folder.tree_path(row.tree)
        try:
            self._folder.checked_tree(row.tree).close()
        except StoreError:
            with self._folder.new_tree(self._digests(row)) as tree:
                if tree.id != row.tree:
                    raise StoreError(
                        f"the credentials of batch 0x{row.root.hex()} in the database are those of another tree",
                        where=str(path),
                        remedy=repair_of(row.tree),
                        code=DAMAGED,
                    ) from None
                path = tree.keep()
        return path


def _has(trees: TreeStore, tree: TreeId) -> bool:
    try:
        return trees.has(tree)
    except StoreError as error:
        # What is there under its name is replaced.
        if error.code != DAMAGED:
            raise
        return False


def put_unless_known(trees: TreeStore, positions: LeafPositions) -> None:
    """Put positions beside their tree, unless they are there.

    That there are none is not put in the place of some: another's database may know more of the same credentials.

    Raises:
        StoreError: the store does not answer (code `trees-unavailable`).
    """
    try:
        there = trees.positions(positions.tree)
    except StoreError as error:
        if error.code == UNAVAILABLE:
            raise
    else:
        if positions.is_empty or there == positions:
            return
    trees.put_positions(positions)
