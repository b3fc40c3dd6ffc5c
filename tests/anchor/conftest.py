"""What the tests of the daemon share: a data folder on SQLite, and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.anchor.issuer import Site
from tests.postgres import postgres_server, postgres_url

__all__ = ["postgres_server", "postgres_url", "site"]


@pytest.fixture(params=["sqlite", "postgresql"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    database = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    made = Site(tmp_path / "data", database)
    yield made
    made.folder.close()


on_sqlite = pytest.mark.parametrize("site", ["sqlite"], indirect=True)
"""For tests of what has nothing to do with the database."""
