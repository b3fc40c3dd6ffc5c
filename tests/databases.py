"""New databases for tests: the first goes through all revisions, and the others are copies of it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine

from registry.database import engine as database
from registry.database.metadata import metadata
from registry.index.leaf_rows import PARTITIONS
from registry.index.partitions import name_of

PARTS = frozenset(map(name_of, range(PARTITIONS)))
Upgrade = Callable[[Engine], None]


@contextmanager
def copied(folder: Path) -> Iterator[Upgrade]:
    """A new SQLite database of this process gets its tables from a copy, in a twentieth of the time.

    What is not new, or cannot be written to, goes the way it goes in the program, which is yielded for those who test
    it.
    """
    upgrade, first, alone = database._upgrade, folder / "first.db", threading.Lock()

    def copy(engine: Engine) -> None:
        if engine.dialect.name == "sqlite" and engine.url.database not in (None, "", ":memory:"):
            with alone:
                if not first.exists():
                    _make(first, upgrade)
            # Another process may be bringing it up to date, in the program's way.
            with suppress(sqlite3.Error), database._upgrade_lock(engine), engine.connect() as connection:
                if database._revision(connection) is None:
                    target = connection.connection.driver_connection
                    assert isinstance(target, sqlite3.Connection)
                    with closing(sqlite3.connect(first)) as source:
                        source.backup(target)
                    return
        upgrade(engine)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "_upgrade", copy)
        yield upgrade


def _make(path: Path, upgrade: Upgrade) -> None:
    making = path.with_suffix(".making")
    engine = database._engine(f"sqlite:///{making}", database.IDLE_SECONDS)
    upgrade(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    making.replace(path)


def differences(connection: Connection) -> list[Any]:
    """What a database has otherwise than the tables of the program say, if anything.

    On PostgreSQL the partitions are tables as well, and their rows refer to no tree (decision 100).
    """
    is_postgresql = connection.dialect.name == "postgresql"

    def is_compared(each: object, name: str | None, kind: str, _is_there: bool, other: object) -> bool:
        if not is_postgresql:
            return True
        if kind == "foreign_key_constraint" and other is None:
            return getattr(getattr(each, "table", None), "name", None) != "indexed_leaf"
        return not (kind == "table" and name in PARTS)

    context = MigrationContext.configure(connection, opts={"include_object": is_compared})
    found: list[Any] = compare_metadata(context, metadata)
    return found
