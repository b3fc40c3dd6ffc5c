"""A new database goes through its revisions here, as it does in the program: that is what is tested."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from registry.database import engine as database
from tests.databases import Upgrade


@pytest.fixture(scope="module", autouse=True)
def _not_copied(new_databases: Upgrade) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "_upgrade", new_databases)
        yield
