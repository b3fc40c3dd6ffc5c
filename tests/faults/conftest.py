"""Every fault on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.site import Site, site
from tests.postgres import postgres_server, postgres_url

__all__ = ["postgres_server", "postgres_url"]


@pytest.fixture(params=["sqlite", "postgresql"])
def here(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """A site with two issuers."""
    database = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    with site(tmp_path / "data", issuers=2, database=database) as made:
        yield made
