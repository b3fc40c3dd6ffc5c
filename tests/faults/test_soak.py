"""A short soak on both databases; `make soak` runs the long one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.soak import soak


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_mix_of_faults_loses_and_doubles_nothing(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str, seed: int
) -> None:
    database = request.getfixturevalue("postgres_url") if kind == "postgresql" else None
    outcome = soak(tmp_path / "data", seed, batches=20, database=database)
    assert outcome.batches == 20
    assert outcome.faults.total() >= 3
