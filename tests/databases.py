"""New databases for tests: the first goes through all revisions, and the others are copies of it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from sqlalchemy import Engine

from registry.database import engine as database

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
