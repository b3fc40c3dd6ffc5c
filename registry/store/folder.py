"""The data folder: one place for the database, the trees, the embedded chain and the deployments."""

from __future__ import annotations

from pathlib import Path

from registry.errors import StoreError, TreeError
from registry.merkle import Tree
from registry.privatefiles import make_private_folder, tighten
from registry.store.database import open_database


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
        """Tree files, `<root>.tree`."""
        return self.path / "trees"

    @property
    def chain(self) -> Path:
        """The embedded chain."""
        return self.path / "chain"

    @property
    def deployments(self) -> Path:
        """Where contracts are, `<chain id>.json`."""
        return self.path / "deployments"

    def tree_path(self, root: bytes) -> Path:
        """The file of the tree with that root."""
        return self.trees / f"{root.hex()}.tree"

    def tree(self, root: bytes) -> Tree:
        """The tree with that root, mapped from its file; close it after use.

        Raises:
            StoreError: the file is missing or damaged.
        """
        path = self.tree_path(root)
        try:
            return Tree.open(path, expected_root=root)
        except (TreeError, OSError) as error:
            raise StoreError(
                f"the tree cannot be opened: {error}",
                where=str(path),
                remedy="Restore the file from a backup, or anchor the same input again: the root is the same.",
            ) from None

    def close(self) -> None:
        """Close the database."""
        self.engine.dispose()
