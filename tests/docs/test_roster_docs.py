"""The reference of templates and rosters has every key, column and rule, and no other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from anchor.intake.workbooks import looks, packed
from anchor.issuing.roster import sheets
from anchor.issuing.roster.cell_rules import LONGEST_CELL, LONGEST_NAME, RULES
from anchor.issuing.roster.columns import COMMON_KEYS, REASON
from anchor.issuing.roster.reading import SEARCHED_ROWS
from anchor.issuing.templates import logos
from anchor.issuing.templates.files import read_template
from anchor.issuing.templates.model import Kind, ResultKind
from anchor.issuing.templates.tables import Table
from anchor.issuing.templates.writing import template_text

PAGE = (Path(__file__).parents[2] / "docs/reference/roster.md").read_text(encoding="utf-8")


def section(heading: str) -> str:
    found = re.search(rf"^##+ {heading}$(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def first_cells(text: str) -> list[str]:
    return [
        word for row in re.findall(r"^\| (`[^|]*) \|", text, re.MULTILINE) for word in re.findall(r"`([^`]+)`", row)
    ]


def test_every_rule_is_told_with_what_comes_of_it() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (refused|needs a person) \|", section("The rules"), re.MULTILINE)
    assert {rule: comes.replace(" ", "-") for rule, comes in rows} == {rule: each.value for rule, each in RULES.items()}
    assert len(rows) == len(RULES)


def test_every_column_is_told() -> None:
    told = first_cells(section("A roster"))
    assert told == [*COMMON_KEYS[:-1], "result.KEY", "course.KEY", "competence.KEY", COMMON_KEYS[-1], REASON]


def test_every_key_of_a_template_is_told(tmp_path: Path, monkeypatch: Any) -> None:
    """The keys that the reader of templates asks for, of a template that has everything."""
    asked: list[str] = []
    take = Table._take

    def noted(table: Table, key: str) -> Any:
        asked.append(f"{table.at}.{key}" if table.at else key)
        return take(table, key)

    monkeypatch.setattr(Table, "_take", noted)
    path = tmp_path / "award.toml"
    path.write_text(template_text(Kind.BACHELOR, ("en",)), encoding="utf-8")
    read_template(path)
    plain = {re.sub(r"\[\d+\]", "", key).removesuffix(".en") for key in asked}
    lists = ("results", "courses", "competences", "signatories", "achievement.alignments")
    text = section("A template")
    for key in plain:
        owner = next((each for each in lists if key.startswith(f"{each}.")), None)
        if owner is None:
            if key not in ("issuer", "achievement", "layout"):
                assert f"`{key}`" in text, key
            continue
        row = next(row for row in text.splitlines() if row.startswith(f"| `{owner}`"))
        assert f"`{key.removeprefix(owner)[1:].partition('.')[0]}`" in row, key
    assert set(first_cells(text)) <= plain


def words_of(text: str) -> Iterator[str]:
    yield from re.findall(r"`([A-Za-z-]+)`", text)


def test_kinds_and_bounds_are_those_of_the_code() -> None:
    text = section("A template")
    assert {*Kind} | {*ResultKind} <= {*words_of(text)}
    for bound in (
        f"{sheets.MOST_BYTES >> 20} MiB",
        f"{packed.MOST_UNPACKED >> 20} MiB",
        f"{looks.MOST_ROWS:,} rows",
        f"{looks.MOST_COLUMNS:,} columns",
        f"{looks.MOST_CELLS:,} cells",
        f"first {SEARCHED_ROWS}",
        f"more than {LONGEST_NAME} characters",
        f"{LONGEST_CELL:,} characters",
        f"{logos.MOST_BYTES >> 20} MiB",
        f"{logos.MOST_PIXELS:,} pixels",
    ):
        assert bound in PAGE.replace("More than", "more than")
