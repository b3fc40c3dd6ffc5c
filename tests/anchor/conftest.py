"""What the tests of the daemon share: a data folder on SQLite, and on PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.database.engine import open_database
from tests.anchor.issuer import Site
from tests.postgres import postgres_server, postgres_url

__all__ = ["postgres_server", "postgres_url", "site"]


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new SQLite database, to be copied: to make one takes longer than most of what is tested in it."""
    path = tmp_path_factory.mktemp("empty") / "testamur.db"
    open_database(f"sqlite:///{path}").dispose()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def site(request: pytest.FixtureRequest, tmp_path: Path, empty_database: Path) -> Iterator[Site]:
    database = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    if database is None:
        (tmp_path / "data").mkdir(mode=0o700)
        shutil.copy(empty_database, tmp_path / "data")
    made = Site(tmp_path / "data", database)
    yield made
    made.folder.close()


on_sqlite = pytest.mark.parametrize("site", ["sqlite"], indirect=True)
"""For tests of what has nothing to do with the database."""
