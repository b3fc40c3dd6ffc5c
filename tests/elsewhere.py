"""What is done in another process, done here by what is sent there and sent back: its tests start none."""

from __future__ import annotations

import pickle
from collections.abc import Generator, Iterable
from pathlib import Path

import pytest

from anchor.verifying.apart import Work
from anchor.verifying.one_file import One


def all_elsewhere(monkeypatch: pytest.MonkeyPatch) -> list[One | None]:
    """From now on `testamur verify` has every file read as another process would; what came back, as it comes."""
    came: list[One | None] = []

    def read(paths: Iterable[Path], work: Work, processes: int) -> Generator[tuple[Path, One | None]]:
        assert processes == 1
        there = pickle.loads(pickle.dumps(work))
        for path in paths:
            came.append(pickle.loads(pickle.dumps(there(path))))
            yield path, came[-1]

    monkeypatch.setattr("anchor.cli.verify.FILES_APART", 1)
    monkeypatch.setattr("anchor.verifying.files.read_apart", read)
    monkeypatch.setenv("TESTAMUR_WORKERS", "2")
    return came
