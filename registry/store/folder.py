"""The data folder: one place for the database, the trees, the embedded chain and the deployments."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError

from registry.errors import StoreError, TreeError
from registry.merkle import Tree
from registry.store.tables import metadata

FORMAT_VERSION = 1


class DataFolder:
    """Opens what is in a data folder, and makes it when it is not there.

    Args:
        path: the folder.
        create: make it; otherwise a missing folder is an error.

    Raises:
        StoreError: it cannot be used, or was written by a newer version.
    """

    def __init__(self, path: Path, *, create: bool = True):
        self.path = path
        if not create and not path.is_dir():
            raise StoreError("there is no data folder", where=str(path), remedy="Check data_folder in the settings.")
        try:
            for folder in (path, self.trees, self.deployments):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"the data folder cannot be made: {error.strerror}", where=str(path)) from None
        self.engine = _opened(path / "testamur.db")

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


def _opened(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}")
    event.listen(engine, "connect", _prepare)
    try:
        with engine.begin() as connection:
            version = int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
            if version > FORMAT_VERSION:
                raise StoreError(
                    f"the database has format {version}, this program knows {FORMAT_VERSION}",
                    where=str(path),
                    remedy="Use the newer version of testamur that wrote it.",
                )
            metadata.create_all(connection)
            connection.exec_driver_sql(f"PRAGMA user_version = {FORMAT_VERSION}")
    except SQLAlchemyError as error:
        reason = getattr(error, "orig", None) or error
        raise StoreError(
            f"the database cannot be opened: {reason}",
            where=os.fspath(path),
            remedy="Check the folder's permissions and free space, or restore the file from a backup.",
        ) from None
    return engine


def _prepare(connection: sqlite3.Connection, _: Any) -> None:
    cursor = connection.cursor()
    # FULL: a committed batch or signed transaction has to survive a power cut, not only a crash of the program.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
