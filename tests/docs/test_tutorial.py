"""The rosters that the tutorial gives are those that the script writes."""

from __future__ import annotations

from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from scripts import build_tutorial
from scripts.build_tutorial import CORRECTED, FOLDER, GRADUATES, LATE


@pytest.mark.parametrize("name", ["graduates", "corrected", "late"])
def test_the_rosters_are_those_of_the_script(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_tutorial, "FOLDER", tmp_path)
    build_tutorial.main()
    assert read(tmp_path / f"{name}.xlsx") == read(FOLDER / f"{name}.xlsx")


def test_there_are_sixty_and_one_corrected_and_three_late() -> None:
    assert [len(each) for each in (GRADUATES, CORRECTED, LATE)] == [60, 1, 3]
    assert len({*GRADUATES, *CORRECTED, *LATE}) == 64


def read(path: Path) -> list[list[object]]:
    return [list(row) for row in CalamineWorkbook.from_path(path).get_sheet_by_name("Export").to_python()]
