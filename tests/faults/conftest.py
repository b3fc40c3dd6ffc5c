"""Every fault on both databases, and where that makes sense by both doors: the daemon's rounds and a command's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.site import Door, Site, site
from tests.postgres import postgres_server, postgres_url

__all__ = ["postgres_server", "postgres_url"]


def _site(request: pytest.FixtureRequest, folder: Path, door: Door) -> Iterator[Site]:
    database = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    with site(folder, issuers=2, database=database, door=door) as made:
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def here(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """A site with two issuers and daemons."""
    yield from _site(request, tmp_path / "data", "daemon")


@pytest.fixture(params=["sqlite", "postgresql", "command"])
def by_both(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """A site with two issuers, where daemons anchor, or commands."""
    yield from _site(request, tmp_path / "data", "command" if request.param == "command" else "daemon")
