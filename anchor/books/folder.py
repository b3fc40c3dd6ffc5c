"""The data folder: one place for the database, the trees, the embedded chain and the deployments."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from registry.credential.filekinds import DATA_FOLDER_HAS
from registry.database.engine import open_database
from registry.errors import StoreError, TreeError
from registry.merkle.newtree import NewTree
from registry.merkle.tree import Tree
from registry.merkle.treefile import TreeId, file_of
from registry.privatefiles import make_private_folder, tighten
from registry.trees.store import UnusableTree


class DataFolder:
    """Opens what is in a data folder, and makes it when it is not there.

    Args:
        path: the folder.
        create: make it; otherwise a missing folder is an error.
        database: URL of the database; default: a SQLite file in the folder.

    Attributes:
        tightened: how many files and folders other users had rights to, which were taken away.

    Raises:
        StoreError: it cannot be used, or was written by a newer version.
    """

    def __init__(self, path: Path, *, create: bool = True, database: str | None = None):
        self.path = path
        if not create and not path.is_dir():
            raise StoreError("there is no data folder", where=str(path), remedy="Check data_folder in the settings.")
        try:
            was_open = make_private_folder(path)
            for folder in (self.trees, self.deployments):
                make_private_folder(folder)
            # An older version, or somebody, let others in: what they could read is theirs alone no more.
            self.tightened = 1 + tighten(path) if was_open else 0
        except OSError as error:
            raise StoreError(f"the data folder cannot be made: {error.strerror}", where=str(path)) from None
        self.engine = open_database(database or f"sqlite:///{path / 'testamur.db'}")

    @property
    def trees(self) -> Path:
        """Tree files, `<root>-<leaf count>.tree`."""
        return self.path / DATA_FOLDER_HAS[0]

    @property
    def chain(self) -> Path:
        """The embedded chain."""
        return self.path / "chain"

    @property
    def deployments(self) -> Path:
        """Where contracts are, `<chain id>.json`."""
        return self.path / DATA_FOLDER_HAS[1]

    def tree_path(self, tree: TreeId) -> Path:
        """The file of a tree, where it is or where it belongs."""
        return file_of(self.trees, tree)

    def new_tree(self, digests: Iterable[bytes]) -> NewTree:
        """The tree over the set of these digests, made in a file of this folder that goes away unless it is kept.

        Raises:
            TreeError: as `NewTree`.
        """
        return NewTree(digests, self.trees)

    def keep_tree(self, tree: Tree) -> None:
        """See to it that the file of a tree is there and is that tree, whatever was there under its name.

        Raises:
            TreeError: it cannot be written.
        """
        path = self.tree_path(tree.id)
        with suppress(TreeError), Tree.open(path, expected=tree.id) as there:
            if there.has_bytes_of(tree):
                return
        tree.write(self.trees / tree.id.name)

    def tree(self, tree: TreeId) -> Tree:
        """A tree, read from its file as it is asked; close it after use.

        Raises:
            StoreError: code `tree-missing` or `tree-damaged`.
        """
        try:
            return Tree.open(self.tree_path(tree), expected=tree)
        except TreeError as error:
            raise self._unusable(tree, error) from None

    def checked_tree(self, tree: TreeId) -> Tree:
        """A copy of a tree in memory, derived anew from its leaves: what becomes of its file then does not matter.

        Raises:
            StoreError: code `tree-missing` or `tree-damaged`.
        """
        try:
            found = Tree.read(self.tree_path(tree), expected=tree)
            found.check()
        except TreeError as error:
            raise self._unusable(tree, error) from None
        return found

    def _unusable(self, tree: TreeId, error: TreeError) -> UnusableTree:
        path = self.tree_path(tree)
        return UnusableTree(tree, None if not path.exists() else error.what, where=str(path))

    def close(self) -> None:
        """Close the database."""
        self.engine.dispose()
