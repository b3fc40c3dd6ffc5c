"""Copies sealed trees into the store that serves them, before anything about them is signed."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from anchor.books.batches import BatchRow, BatchStore
from anchor.books.folder import DataFolder
from anchor.books.trees import trees_of
from anchor.sending.kinds import Publish
from anchor.workspace import Workspace
from registry.errors import StoreError
from registry.merkle.tree import Tree
from registry.merkle.treefile import TreeId
from registry.trees.store import DAMAGED, UNAVAILABLE, TreeStore, repair_of

# A store that is away is not asked again for each batch of a round: the lease would run out while they all wait.
PAUSE_SECONDS = 30.0


def publisher_of(workspace: Workspace) -> Publish:
    """Sees to it that the tree of a batch is where the settings want it; the data folder has it anyway.

    Raises:
        SettingsError: the setting `trees` makes no sense.
    """
    if workspace.settings.trees is None:
        return lambda _: None
    return TreePublisher(
        workspace.folder,
        workspace.store,
        trees_of(workspace.settings),
    ).publish


class TreePublisher:
    """Copies the tree of a batch from the data folder into a tree store.

    Args:
        clock: seconds that only grow.
    """

    def __init__(
        self, folder: DataFolder, batches: BatchStore, trees: TreeStore, *, clock: Callable[[], float] = time.monotonic
    ):
        self._folder = folder
        self._batches = batches
        self._trees = trees
        self._clock = clock
        self._away: tuple[float, StoreError] | None = None

    def publish(self, row: BatchRow) -> None:
        """See to it that the store has the tree of the batch.

        Raises:
            StoreError: it does not; code `trees-unavailable` when it may later on.
        """
        if self._away is not None and self._clock() < self._away[0]:
            raise self._away[1]
        try:
            if not self._has(row.tree):
                self._trees.put(row.tree, self._sealed(row))
        except StoreError as error:
            if error.code == UNAVAILABLE:
                self._away = (self._clock() + PAUSE_SECONDS, error)
            raise
        self._away = None

    def _has(self, tree: TreeId) -> bool:
        try:
            return self._trees.has(tree)
        except StoreError as error:
            # What is there under its name is replaced.
            if error.code != DAMAGED:
                raise
            return False

    def _sealed(self, row: BatchRow) -> Path:
        """The tree file; made again from the database when it is not sound, or is on another machine's disk."""
        path = self._folder.tree_path(row.tree)
        try:
            self._folder.checked_tree(row.tree).close()
        except StoreError:
            with Tree.build(leaf.digest for leaf in self._batches.leaves(row)) as tree:
                if tree.id != row.tree:
                    raise StoreError(
                        f"the credentials of batch 0x{row.root.hex()} in the database are those of another tree",
                        where=str(path),
                        remedy=repair_of(row.tree),
                        code=DAMAGED,
                    ) from None
                self._folder.keep_tree(tree)
            path = self._folder.tree_path(row.tree)
        return path
