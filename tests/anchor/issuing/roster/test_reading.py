"""Rosters are read by their keys, in every format alike; what would have to be guessed is told by its cell."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from random import Random
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anchor.intake.workbooks import packed
from anchor.intake.workbooks.cells import cell_name, place_of
from anchor.issuing.roster.columns import MARK
from anchor.issuing.roster.reading import Roster, read_roster, row_key, template_of
from anchor.issuing.roster.writing import write_csv as empty_csv
from anchor.issuing.roster.writing import write_roster as empty_xlsx
from registry.errors import IntakeError
from tests.anchor.issuing.roster.files import (
    KEYS,
    TEMPLATE,
    Error,
    Formula,
    changed_zip,
    marked,
    person,
    table,
    write_csv,
    write_ods,
    write_xls,
    write_xlsx,
    write_zip,
)

Write = Callable[[Path, Sequence[Sequence[Any]]], Path]
FORMATS: dict[str, Write] = {
    "xlsx": lambda folder, rows: write_xlsx(folder / "roster.xlsx", Data=rows),
    "ods": lambda folder, rows: write_ods(folder / "roster.ods", Data=rows),
    "xls": lambda folder, rows: write_xls(folder / "roster.xls", Data=rows),
    "csv": lambda folder, rows: write_csv(folder / "roster.csv", rows),
    "semicolons": lambda folder, rows: write_csv(folder / "roster.csv", rows, ";", mark=True),
    "tabs": lambda folder, rows: write_csv(folder / "roster.txt", rows, "\t"),
}
WORKBOOKS = {name: FORMATS[name] for name in ("xlsx", "ods", "xls")}
# What a spreadsheet can hold; line breaks are told apart in other tests, since XML and CSV write them in several ways.
TEXTS = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn", "Co"]), max_size=30)


def read(path: Path) -> Roster:
    return read_roster(path, TEMPLATE)


def refusal(path: Path) -> IntakeError:
    with pytest.raises(IntakeError) as caught:
        read(path)
    assert caught.value.remedy
    assert caught.value.where == str(path)
    return caught.value


@pytest.mark.parametrize("write", FORMATS.values(), ids=FORMATS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.dictionaries(st.sampled_from(KEYS), TEXTS, min_size=1), min_size=1, max_size=5),
    order=st.permutations(KEYS),
)
def test_what_was_written_is_read_wherever_its_column_stands(
    write: Write, tmp_path: Path, rows: list[dict[str, str]], order: list[str]
) -> None:
    for number, row in enumerate(rows):
        row["person_id"] = f"p{number}"
    found = read(write(tmp_path, table(rows, order)))
    assert [dict(row.values) for row in found.rows] == [
        {key: value.strip() for key, value in row.items() if value.strip()} for row in rows
    ]
    for number, row in enumerate(found.rows, 1):
        assert row.number == number + 1
        assert row.cells == {key: cell_name(number, order.index(key)) for key in KEYS}


@pytest.mark.parametrize("write", WORKBOOKS.values(), ids=WORKBOOKS)
def test_cells_that_are_no_text_are_told_by_name(write: Write, tmp_path: Path) -> None:
    rows = [
        person(1, birth_date=date(2001, 2, 3), result__final=1.7, course__databases=1.0),
        person(2, birth_date=36925, result__final=2, course__databases=1.35),
        person(3, person_id=12, name=date(2001, 2, 3)),
        person(4, email=True, awarded_on=datetime(2026, 7, 31, 10, 30)),
        person(5, name=Formula("=A1"), awarded_on=Formula("=TODAY()")),
    ]
    found = read(write(tmp_path, table(rows)))
    first, second = found.rows[:2]
    assert first.value("course.databases") == "1.0"
    assert first.value("birth_date") == "2001-02-03"
    assert (first.value("result.final"), second.value("result.final")) == ("1.7", "2")
    told = {(each.cell, each.rule) for each in found.unread}
    assert told == {
        ("C3", "serial-number"),
        ("A4", "number-cell"),
        ("B4", "date-cell"),
        ("D5", "boolean-cell"),
        ("F5", "date-cell"),
        ("B6", "formula"),
        ("F6", "formula"),
        ("I3", "number-cell"),
    }
    assert all(each.key not in row.values for row in found.rows for each in found.unread if each.row == row.number)


def test_an_error_and_the_cells_of_an_array_formula_are_seen_in_the_xml(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "r.xlsx", Data=table([person(1, email=Error("#REF!")), person(2), person(3)]))
    with ZipFile(path) as archive:
        xml = archive.read("xl/worksheets/sheet1.xml").decode()
    # The error is left without its formula, as a paste of values leaves it; and B3:B4 become one array.
    xml = xml.replace("<f>1/0</f>", "").replace('<c r="B3" t="s">', '<c r="B3" t="s"><f t="array" ref="B3:B4">X1</f>')
    found = read(changed_zip(path, {"xl/worksheets/sheet1.xml": xml.encode()}))
    assert {(each.cell, each.rule) for each in found.unread} == {
        ("D2", "error-cell"),
        ("B3", "formula"),
        ("B4", "formula"),
    }


@pytest.mark.parametrize("write", FORMATS.values(), ids=FORMATS)
def test_empty_rows_are_left_out_and_rows_keep_their_numbers(write: Write, tmp_path: Path) -> None:
    rows = table([person(1), {}, {"name": "  "}, person(2)])
    assert [row.number for row in read(write(tmp_path, rows)).rows] == [2, 5]


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "pt", "zu"])
@pytest.mark.parametrize("has_mark", [True, False])
def test_rows_for_people_are_known_with_their_hidden_column_or_without(
    tmp_path: Path, language: str, has_mark: bool
) -> None:
    head = list(csv.reader(io.StringIO(empty_csv(TEMPLATE, language).decode("utf-8-sig"))))
    rows = [*head, ["", "7", "Ana", "", "", "", "2026-07-31", "1.7"]]
    path = write_csv(tmp_path / "r.csv", rows if has_mark else [row[1:] for row in rows])
    assert [row.value("name") for row in read(path).rows] == ["Ana"]
    assert template_of(path) == (TEMPLATE.id if has_mark else None)


def test_labels_may_be_translated_and_notes_of_ones_own_be_added(tmp_path: Path) -> None:
    path = tmp_path / "r.xlsx"
    keys, *rows = marked([person(1)])
    labels = ["labels", *(f"Ярлык {key}" for key in keys[1:])]
    found = read(write_xlsx(path, Data=[keys, labels, [*rows[0], "a note"]]))
    assert [row.number for row in found.rows] == [3]
    assert "a note" not in found.rows[0].values.values()


def test_the_same_award_to_the_same_person_is_the_same_row_wherever_it_stands(tmp_path: Path) -> None:
    one = read(write_csv(tmp_path / "a.csv", table([person(1), person(2)])))
    other = read(write_xlsx(tmp_path / "b.xlsx", Data=table([person(2, email="", name="Other Name"), person(3)])))
    keys = [[row_key(TEMPLATE, row) for row in each.rows] for each in (one, other)]
    assert keys[0][1] == keys[1][0]
    assert len({*keys[0], *keys[1]}) == 3
    assert all(len(key) == 64 for key in keys[0])


# What is refused whole


@pytest.mark.parametrize(
    ("rows", "code", "says"),
    [
        ([[]], "roster-empty", "empty"),
        (table([]), "roster-empty", "no row"),
        ([["Name", "Mail"], ["Ana", "a@x.example"]], "no-keys", "person_id"),
        (marked([person(1)], TEMPLATE), None, ""),
        ([[f"{MARK}urn:uuid:1#2", *KEYS], ["", "1", "Ana"]], "another-template", "A1"),
        ([[*KEYS, "name"], ["1"]], "column-twice", "L1"),
        ([[*KEYS, "result.finale"], ["1"]], "unknown-column", "L1"),
        ([[key for key in KEYS if key != "awarded_on"], ["1"]], "column-missing", "awarded_on"),
        ([[key for key in KEYS if key != "result.final"], ["1"]], "column-missing", "result.final"),
    ],
)
def test_a_sheet_that_is_none_of_this_template_is_refused_with_its_cell(
    tmp_path: Path, rows: list[list[str]], code: str | None, says: str
) -> None:
    path = write_xlsx(tmp_path / "r.xlsx", Data=rows)
    if code is None:
        assert read(path).rows
        return
    error = refusal(path)
    assert error.code == code
    assert says in error.what


def test_a_slip_in_a_key_gets_a_suggestion_and_a_changed_template_is_told(tmp_path: Path) -> None:
    keys, *rows = marked([person(1)])
    keys[keys.index("email")] = "emial"
    assert "'email'" in str(refusal(write_csv(tmp_path / "a.csv", [keys, *rows])).remedy)
    keys[keys.index("emial")] = "course.gone"
    keys[0] = keys[0].partition("#")[0] + "#0000000000000000"
    assert "template was changed" in refusal(write_csv(tmp_path / "b.csv", [keys, *rows])).what


def test_two_sheets_of_data_are_refused_and_other_sheets_are_not(tmp_path: Path) -> None:
    rows = marked([person(1)])
    error = refusal(write_xlsx(tmp_path / "two.xlsx", Data=rows, Copy=rows))
    assert error.code == "two-sheets"
    assert "'Data' and 'Copy'" in error.what
    assert len(read(write_xlsx(tmp_path / "one.xlsx", Notes=[["a"], ["b"]], Data=rows)).rows) == 1


def test_a_line_of_csv_with_a_comma_too_many_is_told(tmp_path: Path) -> None:
    keys, row = table([person(1)])
    path = tmp_path / "r.csv"
    path.write_text(f"{','.join(keys)}\n{','.join(row).replace('Ana', 'Müller, Ana, B.')}\n,,,,,,,,,,,,,\n")
    (told,) = read(path).unread
    assert (told.rule, told.cell, told.row) == ("too-many-cells", cell_name(1, len(keys)), 2)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" \n",
        b"person_id,name\n\xff\xfe,x\n",
        "person_id,name\nä\n".encode("utf-16"),
        b'person_id,name\n"a,b\n',
        b'person_id,name\n"a"b,c\n',
        b"PK\x03\x04 and nothing more",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
        bytes(range(256)) * 8,
    ],
)
def test_nonsense_is_told_to_be_nonsense(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "r.xlsx"
    path.write_bytes(content)
    assert refusal(path).code in ("roster-unreadable", "no-keys", "roster-empty")


def test_a_file_that_is_not_there_or_a_folder_is_told(tmp_path: Path) -> None:
    assert refusal(tmp_path / "nowhere.xlsx").code == "roster-unreadable"
    assert refusal(tmp_path).code == "roster-unreadable"


@pytest.mark.parametrize("write", WORKBOOKS.values(), ids=WORKBOOKS)
def test_a_damaged_workbook_is_refused_or_read_and_never_worse(write: Write, tmp_path: Path) -> None:
    path = write(tmp_path, marked([person(1), person(2)]))
    whole, random = path.read_bytes(), Random(17)
    for _ in range(150):
        damaged = bytearray(whole)
        for _ in range(random.randint(1, 4)):
            damaged[random.randrange(len(damaged))] = random.randrange(256)
        path.write_bytes(bytes(damaged[: random.choice((len(damaged), random.randrange(len(damaged))))]))
        with suppress(IntakeError):
            read(path)


# What is bounded before anything reads it


def sheet_xml(cells: str) -> bytes:
    names = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    return f'<?xml version="1.0"?><worksheet {names}><sheetData>{cells}</sheetData></worksheet>'.encode()


@pytest.mark.parametrize(
    "cells",
    [
        '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
        '<row r="100001"><c r="A100001"><v>1</v></c></row>',
        '<row r="1"><c r="ALM1"><v>1</v></c></row>',
        '<row r="99999"><c r="AZ99999"><v>1</v></c></row>',
        '<row r="1"><c r="A1"><f t="array" ref="A1:XFD1048576">1</f><v>1</v></c></row>',
        '<x:row xmlns:x="urn:x" r="999999"><x:c><x:v>1</x:v></x:c></x:row>',
    ],
)
def test_a_sheet_that_reaches_too_far_is_refused_before_it_is_read(tmp_path: Path, cells: str) -> None:
    path = write_xlsx(tmp_path / "r.xlsx", Data=marked([person(1)]))
    assert refusal(changed_zip(path, {"xl/worksheets/sheet1.xml": sheet_xml(cells)})).code == "roster-too-large"


def test_formats_of_empty_cells_do_not_count(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "r.xlsx", Data=marked([person(1)]))
    with ZipFile(path) as archive:
        xml = archive.read("xl/worksheets/sheet1.xml").decode()
    last = '<row r="1048576"><c r="XFD1048576" s="0"/></row></sheetData>'
    found = read(changed_zip(path, {"xl/worksheets/sheet1.xml": xml.replace("</sheetData>", last).encode()}))
    assert len(found.rows) == 1


def test_a_long_text_that_stands_in_very_many_cells_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "r.xlsx", Data=marked([person(1)]))
    names = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    strings = f'<?xml version="1.0"?><sst {names}><si><t>{"x" * (8 << 20)}</t></si></sst>'.encode()
    cells = "".join(f'<row r="{row}"><c t="s"><v>0</v></c></row>' for row in range(1, 30))
    changed_zip(path, {"xl/sharedStrings.xml": strings, "xl/worksheets/sheet1.xml": sheet_xml(cells)})
    assert refusal(path).code == "roster-too-large"


def test_a_zip_bomb_is_refused_by_what_it_unpacks_to_and_not_by_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packed, "MOST_UNPACKED", 1 << 20)
    path = write_xlsx(tmp_path / "r.xlsx", Data=marked([person(1)]))
    assert len(read(path).rows) == 1
    bomb = write_zip(tmp_path / "bomb.xlsx", {"xl/workbook.xml": bytes(2 << 20)})
    assert refusal(bomb).code == "roster-too-large"
    many = write_zip(tmp_path / "many.xlsx", {f"xl/{number}.xml": bytes(300_000) for number in range(5)})
    assert refusal(many).code == "roster-too-large"
    # What is not read does not count: pictures, for one.
    write_zip(tmp_path / "pictures.xlsx", {"xl/media/image1.png": bytes(2 << 20)})
    assert refusal(tmp_path / "pictures.xlsx").code == "roster-unreadable"


def test_a_zip_with_two_entries_of_one_name_or_a_password_is_refused(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "r.xlsx", Data=marked([person(1)]))
    with ZipFile(path, "a", ZIP_DEFLATED) as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("xl/workbook.xml", b"<workbook/>")
    assert "twice" in refusal(path).what


@pytest.mark.parametrize("name", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"])
def test_entities_are_refused(tmp_path: Path, name: str) -> None:
    path = write_xlsx(tmp_path / "r.xlsx", Data=marked([person(1)]))
    bomb = b'<!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;">]><a>&c;</a>'
    assert "DOCTYPE" in refusal(changed_zip(path, {name: bomb})).what


@pytest.mark.parametrize(
    "xml",
    [
        b"<?xml version='1.0' encoding='utf-99'?><a/>",
        b"<a",
        b"",
        b"\xff",
        b"<a>&b;</a>",
        b"<c r='A0'/>",
        b"<c r='AAAA1'/>",
    ],
)
@pytest.mark.parametrize("name", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/_rels/workbook.xml.rels"])
def test_xml_that_is_none_or_says_nonsense_is_told(tmp_path: Path, name: str, xml: bytes) -> None:
    path = write_xlsx(tmp_path / "r.xlsx", Data=marked([person(1)]))
    assert refusal(changed_zip(path, {name: xml})).code in ("roster-unreadable", "roster-empty")


@pytest.mark.parametrize(
    "row",
    [
        '<table:table-row table:number-rows-repeated="1000000"><table:table-cell office:value-type="string">'
        "<text:p>x</text:p></table:table-cell></table:table-row>",
        '<table:table-row><table:table-cell table:number-columns-repeated="16384" office:value-type="string">'
        "<text:p>x</text:p></table:table-cell></table:table-row>",
        '<table:table-row table:number-rows-repeated="16777216"><table:table-cell/></table:table-row>'
        '<table:table-row><table:table-cell office:value-type="string"><text:p>x</text:p></table:table-cell>'
        "</table:table-row>",
        '<table:table-row table:number-rows-repeated="99999"><table:table-cell table:number-columns-repeated="900"'
        ' office:value-type="string"><text:p>x</text:p></table:table-cell></table:table-row>',
    ],
)
def test_cells_of_ods_that_repeat_without_end_are_refused_before_they_are_read(tmp_path: Path, row: str) -> None:
    path = write_ods(tmp_path / "r.ods", Data=[*marked([person(1)]), row])
    assert refusal(path).code == "roster-too-large"


def test_the_empty_rest_of_a_sheet_of_ods_is_no_matter(tmp_path: Path) -> None:
    rest = (
        '<table:table-row table:number-rows-repeated="1048000">'
        '<table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
    )
    assert len(read(write_ods(tmp_path / "r.ods", Data=[*marked([person(1)]), rest])).rows) == 1


@given(st.integers(0, 2_000_000), st.integers(0, 17_000))
def test_names_of_cells_and_places_are_the_same(row: int, column: int) -> None:
    assert place_of(cell_name(row, column)) == (row, column)


@pytest.mark.parametrize("name", ["", "A", "1", "A0", "AAAA1", "A12345678", "Ä1", "A1B"])
def test_what_is_no_name_of_a_cell_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no name"):
        place_of(name)


@pytest.mark.parametrize("language", [None, "de", "hi"])
def test_an_empty_roster_of_ours_says_that_it_is_empty(tmp_path: Path, language: str | None) -> None:
    path = tmp_path / "r.xlsx"
    path.write_bytes(empty_xlsx(TEMPLATE, 3, language))
    assert refusal(path).code == "roster-empty"
    assert template_of(path) == TEMPLATE.id
