"""The page of registers says of every column, member and reason what the code knows, and no more."""

from __future__ import annotations

import re
from pathlib import Path

from registry.quality import rows, wire
from registry.quality.deqar import DEGREES, DeqarRows
from registry.quality.known import Known
from registry.quality.plain import COLUMNS
from registry.quality.rows import Reason
from registry.quality.snapshot import MOST_DECISIONS
from registry.quality.wire import decision_schema

PAGE = (Path(__file__).parents[2] / "docs/reference/registers.md").read_text(encoding="utf-8")


def section(heading: str) -> str:
    found = re.search(rf"^##+ {heading}$(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None, heading
    return found[1]


def test_every_reason_is_there_and_no_other() -> None:
    named = set(re.findall(r"`([a-z]+(?:-[a-z]+)+|calculated|repeated)`", section("Reasons")))
    assert named - {"date-format-column"} == {each.value for each in Reason}


def test_every_member_of_a_decision_is_there() -> None:
    named = set(re.findall(r"`([A-Za-z]+)`", "".join(re.findall(r"^\| (.*?) \|", section("A decision"), re.MULTILINE))))
    assert named == set(decision_schema()["properties"])


def test_the_bounds_are_those_of_the_code() -> None:
    bounds = section("Bounds")
    for number in (rows.MOST_COLUMNS, wire.LONGEST_TEXT, wire.MOST_PARTS, MOST_DECISIONS):
        assert f"{number:,}" in bounds


def test_the_columns_that_the_page_names_are_known() -> None:
    named = re.findall(r"`([a-z_]+(?:\[n\])?(?:\.[a-z_]+(?:\[n\])?)?)`", section("DEQAR").split("platform")[0])
    columns = [
        each.replace("[n]", "[1]") for each in named if each.split("[")[0] in ("file", "institution", "programme")
    ]
    base = ["agency", "decision", "valid_from", "institution[1].deqar_id"]
    known = DeqarRows([*base, *(each for each in dict.fromkeys(columns) if each not in base)], "deqar", Known()).header
    assert [each for each in known.unknown if "." in each] == []
    assert len(COLUMNS) > 20
    assert "degree" in DEGREES
