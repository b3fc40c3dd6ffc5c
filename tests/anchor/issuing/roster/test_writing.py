"""Rosters are written as text alone, the same each time; and what was refused comes back mended."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from anchor.issuing.roster.columns import ACCEPTED, COMMON_KEYS, MARK, REASON, columns_of
from anchor.issuing.roster.reading import Roster, read_roster
from anchor.issuing.roster.rules import Checked, NothingKnown, check_roster
from anchor.issuing.roster.words import WORDS
from anchor.issuing.roster.writing import DATA, HEAD_ROWS, LISTS, write_csv, write_refused, write_roster
from tests.anchor.issuing.roster.files import KEYS, TEMPLATE, person, table, write_xlsx

TODAY = date(2026, 11, 27)


def sheets(path: Path) -> dict[str, list[list[Any]]]:
    book = CalamineWorkbook.from_path(path)
    return {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}


def check(path: Path) -> tuple[Roster, Checked]:
    roster = read_roster(path, TEMPLATE)
    return roster, check_roster(roster, TEMPLATE, NothingKnown(), today=TODAY)


def test_every_language_has_words_for_everything() -> None:
    assert {*WORDS} == {"en", "de", "fr", "es", "pt"}
    for words in WORDS.values():
        assert words.keys() == WORDS["en"].keys()
        assert all(words.values())


@pytest.mark.parametrize("language", [*WORDS, "hi"])
def test_a_roster_is_written_the_same_each_time_with_its_three_sheets(tmp_path: Path, language: str) -> None:
    content = write_roster(TEMPLATE, 10, language)
    assert content == write_roster(TEMPLATE, 10, language)
    path = tmp_path / "r.xlsx"
    path.write_bytes(content)
    found = sheets(path)
    instructions, data, lists = found
    assert (data, lists) == (DATA, LISTS)
    assert len(found[instructions]) > len(KEYS)
    keys, labels, explanations = found[DATA]
    assert keys[0].startswith(f"{MARK}{TEMPLATE.id}#")
    assert tuple(keys[1:]) == KEYS
    assert all(labels)
    words = WORDS.get(language, WORDS["en"])
    for column, told in zip(columns_of(TEMPLATE, language), explanations[1:], strict=True):
        # In words, and not in colour alone.
        assert told.startswith(words["mandatory" if column.mandatory else "optional"])
    marks = next(at for at, label in enumerate(found[LISTS][0]) if label in ("Databases", "Datenbanken"))
    assert [row[marks] for row in found[LISTS][1:]] == ["1.0", "1.3", "1.7", "2.0"]


def test_the_row_of_keys_is_hidden_cells_are_text_and_lists_are_offered(tmp_path: Path) -> None:
    path = tmp_path / "r.xlsx"
    path.write_bytes(write_roster(TEMPLATE, 50))
    with ZipFile(path) as archive:
        xml = archive.read("xl/worksheets/sheet2.xml").decode()
        styles = archive.read("xl/styles.xml").decode()
    assert re.search(r'<row r="1"[^>]* hidden="1"', xml)
    assert re.search(r'<col min="1" max="1"[^>]* hidden="1"', xml)
    assert f'<pane ySplit="{HEAD_ROWS}"' in xml
    # Format 49 is text (ECMA-376 part 1, 18.8.30); every column has a style of it.
    formats = re.findall(r"<xf numFmtId=\"(\d+)\"", styles.partition("<cellXfs")[2].partition("</cellXfs")[0])
    columns = re.findall(r"<col [^>]*/>", xml)
    assert len(columns) >= 2
    for each in columns:
        found = re.search(r' style="(\d+)"', each)
        assert found is not None
        assert formats[int(found[1])] == "49"
    assert len(re.findall(r"<dataValidation ", xml)) == sum(1 for column in columns_of(TEMPLATE) if column.choices)
    assert f"{LISTS}!$A$2:$A$3" in xml


def test_a_roster_without_choices_has_no_lists_and_one_with_a_clash_of_names_has_three_sheets(tmp_path: Path) -> None:
    plain = replace(TEMPLATE, courses=(), competences=(), results=TEMPLATE.results[:1])
    path = tmp_path / "r.xlsx"
    path.write_bytes(write_roster(plain, 1))
    assert len(sheets(path)) == 3


def test_csv_has_the_same_keys_in_its_first_line() -> None:
    first = write_csv(TEMPLATE).decode("utf-8-sig").splitlines()[0].split(",")
    assert tuple(first[1:]) == KEYS
    assert write_csv(TEMPLATE) == write_csv(TEMPLATE)


def test_labels_are_in_the_language_that_is_asked_for_and_keys_are_not() -> None:
    german, english = columns_of(TEMPLATE, "de"), columns_of(TEMPLATE)
    assert [each.key for each in german] == [each.key for each in english]
    assert german[1].label == "Vollständiger Name"
    assert {each.label for each in german} & {"Gesamtnote", "Datenbanken", "Entwicklung"} == {
        *("Gesamtnote", "Datenbanken", "Entwicklung")
    }
    assert {each.key for each in german[:6]} | {ACCEPTED} == {*COMMON_KEYS}


# What was refused, and comes back


def test_a_refused_row_is_mended_in_its_file_and_put_in_again(tmp_path: Path) -> None:
    bad = [person(1), person(2, email="ana"), person(3, awarded_on=46234), person(4, name="x" * 200)]
    roster, checked = check(write_xlsx(tmp_path / "graduates.xlsx", Data=table(bad)))
    refused = tmp_path / "graduates.refused.xlsx"
    refused.write_bytes(write_refused(TEMPLATE, roster, checked))
    assert refused.read_bytes() == write_refused(TEMPLATE, roster, checked)
    keys, _, _, *rows = sheets(refused)[DATA]
    assert keys[1] == REASON
    assert [row[2] for row in rows] == ["00002", "00003", "00004"]
    assert rows[0][1].startswith("D3 of graduates.xlsx [email]:")
    assert "serial-number" in rows[1][1]
    # Mended: the address, the date that nobody guessed, and a name that is right as it is.
    at = keys.index
    assert rows[1][at("awarded_on")] == ""
    rows[0][at("email")], rows[1][at("awarded_on")], rows[2][at(ACCEPTED)] = "a@x.example", "2026-07-31", "long-name"
    mended = write_xlsx(tmp_path / "mended.xlsx", Data=[keys, *rows])
    again = check(mended)[1]
    assert not again.findings
    assert len(again.ready) == 3


def test_a_name_that_is_not_nfc_is_offered_in_nfc_and_the_reason_says_so(tmp_path: Path) -> None:
    apart = unicodedata.normalize("NFD", "Ana Müller")
    roster, checked = check(write_xlsx(tmp_path / "r.xlsx", Data=table([person(1, name=apart)])))
    assert roster.rows[0].value("name") == apart
    refused = tmp_path / "r.refused.xlsx"
    refused.write_bytes(write_refused(TEMPLATE, roster, checked))
    assert "has it in the usual form, NFC" in sheets(refused)[DATA][HEAD_ROWS][1]
    (row,) = check(refused)[1].ready
    assert row.value("name") == "Ana Müller"


HOSTILE = st.one_of(
    st.sampled_from(
        ["=cmd|' /C calc'!A0", "+1+1", "-2", "@SUM(A1)", '=HYPERLINK("https://x.example")', "\tx", "{=1}", "a\u202eb"]
    ),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.dictionaries(st.sampled_from(KEYS), HOSTILE, min_size=1), min_size=1, max_size=4))
def test_no_cell_of_a_refused_file_is_a_formula_or_a_link_whatever_was_written(
    tmp_path: Path, rows: list[dict[str, str]]
) -> None:
    rows = [{"email": "none", **row} for row in rows]
    roster, checked = check(write_xlsx(tmp_path / "r.xlsx", Data=table(rows)))
    refused = tmp_path / "r.refused.xlsx"
    refused.write_bytes(write_refused(TEMPLATE, roster, checked))
    with ZipFile(refused) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    for name, xml in parts.items():
        if name.startswith("xl/worksheets/"):
            assert not re.search(r"<f[ />]|<hyperlink", xml), name
    again, after = check(refused)
    assert len(again.rows) == len(roster.rows) - len(checked.ready)
    # What is wrong stays wrong until somebody mends it: a sign that stands for what is not seen is no name.
    hidden = {each.row for each in checked.findings if each.rule == "hidden-characters"}
    assert len({each.row for each in after.findings if each.rule == "hidden-characters"}) >= len(hidden)
