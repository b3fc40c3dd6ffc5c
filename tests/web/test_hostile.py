"""Documents that were made to take long take no longer than their length says."""

from __future__ import annotations

from pathlib import Path

from tests.web.javascript import run_javascript


def test_nothing_takes_long(tmp_path: Path) -> None:
    run_javascript("hostile", {}, tmp_path)
