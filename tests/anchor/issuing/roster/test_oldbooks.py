"""Old workbooks are looked at record by record: what would be too much for their reader never comes to it."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anchor.intake.workbooks import oldbooks
from anchor.intake.workbooks.compound import Compound, with_stream
from anchor.intake.workbooks.looks import Unreadable
from anchor.issuing.roster.reading import read_roster
from registry.errors import IntakeError
from tests.anchor.issuing.roster.files import TEMPLATE, Error, Formula, compound, marked, person, record, write_xls

WORKBOOK = record(0x0809, struct.pack("<HHHHII", 0x0600, 5, 0, 0, 0, 0))
SHEET = record(0x0809, struct.pack("<HHHHII", 0x0600, 0x10, 0, 0, 0, 0))
END = record(0x000A)


def book(*records: bytes, table: bytes = b"", more: bytes = b"") -> bytes:
    """A workbook of one sheet with these records."""
    name = "Data".encode("utf-16-le")
    start = len(WORKBOOK) + 12 + len(name) + len(table) + len(more) + len(END)
    bound = record(0x0085, struct.pack("<IBBBB", start, 0, 0, 4, 1) + name)
    return compound(b"".join((WORKBOOK, more, bound, table, END, SHEET, *records, END)))


def refusal(content: bytes) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        oldbooks.read_old(content)
    assert caught.value.remedy
    return caught.value


def number(row: int, column: int) -> bytes:
    return record(0x0203, struct.pack("<HHHd", row, column, 0, 1.0))


@pytest.mark.parametrize(
    "records",
    [
        # The first three are what a reader keeps room for, hundreds of gigabytes of it.
        record(0x0200, struct.pack("<IIHHH", 0, 65536, 0, 65535, 0)),
        record(0x0200, struct.pack("<IIHHH", 0, 2**32 - 1, 0, 2, 0)),
        number(65535, 65535),
        number(0, 5000),
        record(0x00BD, struct.pack("<HHHIHIH", 60_000, 99, 0, 0, 0, 0, 100)),
        record(0x0006, struct.pack("<HHHdHIH", 65535, 255, 0, 1.0, 0, 0, 0)),
    ],
)
def test_a_sheet_that_reaches_too_far_is_refused_before_it_is_read(records: bytes) -> None:
    assert refusal(book(records)).is_size


def test_a_long_text_that_stands_in_very_many_cells_is_refused() -> None:
    text = struct.pack("<IIHB", 1, 1, 8000, 0) + b"x" * 8000
    cells = (record(0x00FD, struct.pack("<HHHI", row, 0, 0, 0)) for row in range(17_000))
    assert refusal(book(*cells, table=record(0x00FC, text))).is_size


def test_sheets_that_begin_within_one_another_cost_no_more_than_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oldbooks, "MOST_RECORDS", 100)
    assert refusal(book(*(number(row, 0) for row in range(200)))).is_size


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (book(more=record(0x002F, bytes(6))), "password"),
        (compound(bytes(5000), "EncryptedPackage"), "password"),
        (compound(bytes(5000), "WordDocument"), "no workbook"),
        (compound(record(0x0809, struct.pack("<HH", 0x0500, 5)) + END), "before Excel 97"),
        (compound(WORKBOOK), "damaged"),
        (compound(WORKBOOK + END), "no sheet"),
        (book(record(0x00FD, struct.pack("<HHHI", 0, 0, 0, 7))), "damaged"),
        (book(table=record(0x00FC, struct.pack("<IIHB", 1, 1, 50, 0) + b"short")), "damaged"),
        (compound(WORKBOOK + record(0x0085, b"\0") + END), "damaged"),
    ],
)
def test_what_is_no_workbook_or_has_a_password_is_told(content: bytes, says: str) -> None:
    assert says in refusal(content).what


def test_chains_of_sectors_that_go_in_a_circle_or_nowhere_are_damaged() -> None:
    whole = compound(WORKBOOK + END)
    table = len(whole) - 512
    for link in (0, 3, 10**6):
        assert "damaged" in refusal(whole[:table] + struct.pack("<I", link) + whole[table + 4 :]).what
    circle = bytearray(whole)
    circle[68:76] = struct.pack("<II", 0, 1)
    assert refusal(bytes(circle))
    assert refusal(whole[:600])
    assert refusal(whole[:30] + b"\x30\0" + whole[32:])


@given(st.binary(max_size=20_000), st.sampled_from(["Workbook", "Book"]))
def test_a_stream_is_read_as_it_was_written(content: bytes, name: str) -> None:
    for whole in (with_stream(name, content), compound(content, name)):
        found = Compound(whole)
        assert found.names == [name]
        assert found.stream(name).rstrip(b"\0") == content.rstrip(b"\0")


@pytest.mark.parametrize("size", [4096, 4097, 127 * 512, 109 * 128 * 512 - 512, 109 * 128 * 512, 9_000_000])
def test_a_stream_of_any_length_is_read_as_it_was_written(size: int) -> None:
    content = bytes(range(251)) * (size // 251 + 1)
    assert Compound(with_stream("Workbook", content[:size])).stream("Workbook") == content[:size]


def test_a_small_stream_lies_in_small_sectors(tmp_path: Path) -> None:
    """As other writers put it: the whole stream in the root's, 64 bytes at a time, here in reverse order."""
    content = bytes(range(200))
    pieces = [content[at : at + 64].ljust(64, b"\0") for at in range(0, 200, 64)]
    root = b"".join(reversed(pieces)).ljust(512, b"\0")
    whole = bytearray(compound(b"", "Workbook"))
    # The first sector becomes that of the root, the second the table of small sectors: 3 → 2 → 1 → 0.
    whole[512:1024] = root
    whole[1024:1536] = struct.pack("<4I", 0xFFFFFFFE, 0, 1, 2).ljust(512, b"\xff")
    table = len(whole) - 512
    whole[table : table + 8] = struct.pack("<II", 0xFFFFFFFE, 0xFFFFFFFE)
    whole[60:64] = struct.pack("<I", 1)
    directory = 512 + 8 * 512
    whole[directory + 116 : directory + 128] = struct.pack("<IQ", 0, 256)
    whole[directory + 128 + 116 : directory + 256] = struct.pack("<IQ", 3, 200)
    assert Compound(bytes(whole)).stream("Workbook") == content


def test_a_roster_of_an_old_workbook_is_read_with_its_formulas_and_errors(tmp_path: Path) -> None:
    rows = marked([person(1), person(2, name=Formula("=A1"), email=Error("#REF!"))])
    roster = read_roster(write_xls(tmp_path / "r.xls", Notes=[["x"]], Data=rows), TEMPLATE)
    assert [row.value("name") for row in roster.rows] == ["Ana B Müller", ""]
    assert {(each.cell, each.rule) for each in roster.unread} == {("C3", "formula"), ("E3", "error-cell")}


def test_two_sheets_of_an_old_workbook_are_told(tmp_path: Path) -> None:
    with pytest.raises(IntakeError) as caught:
        read_roster(write_xls(tmp_path / "r.xls", A=marked([person(1)]), B=marked([person(1)])), TEMPLATE)
    assert caught.value.code == "two-sheets"
