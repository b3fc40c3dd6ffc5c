"""The page of levels has the maps that are bundled, and its example is one that is read."""

from __future__ import annotations

import re
from pathlib import Path

from registry.frameworks.files import look_at_framework, look_at_programme
from registry.levels.card import Gap
from registry.levels.maps import Kind
from registry.levels.reading import read_map
from scripts.build_level_table import PAGE, with_table

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
BLOCKS = re.compile(r"^```toml\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_the_table_of_levels_is_made_of_the_data() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text == with_table(text), "run scripts/build_level_table.py"


def test_the_map_of_the_page_is_one() -> None:
    (block,) = BLOCKS.findall(PAGE.read_text(encoding="utf-8"))
    assert [each.code for each in read_map(block.encode(), "xx-nqf.toml").levels] == ["1", "2", "3"]


def test_the_page_has_every_kind_and_every_code() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [each.value for each in (*Kind, *Gap) if f"| `{each.value}` |" not in text] == []


def test_the_files_of_the_page_of_frameworks_are_read() -> None:
    framework, programme = BLOCKS.findall((REFERENCE / "frameworks.md").read_text(encoding="utf-8"))
    for look, block in ((look_at_framework, framework), (look_at_programme, programme)):
        found, faults = look(block.encode(), "page")
        assert found is not None
        assert faults == ()
