"""Files of registers as they come: encodings, delimiters, damage in a row, and files that are none at all."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anchor.registers import tables
from anchor.registers.tables import open_table
from registry.errors import IntakeError
from registry.quality.rows import SourceRow
from tests.anchor.issuing.roster.files import Formula, write_ods, write_xlsx
from tests.anchor.registers.made import BASE, imported, numbered, table


def anything(names: Sequence[str]) -> bool:
    return any(names)


def rows_of(path: Path, encoding: str | None = None) -> tuple[tuple[str, ...], list[SourceRow]]:
    with open_table(path, anything, encoding=encoding) as found:
        rows = list(found.rows)
        assert found.read().size == path.stat().st_size
        return found.names, rows


def refused(path: Path, encoding: str | None = None) -> str:
    with pytest.raises(IntakeError) as error:
        rows_of(path, encoding)
    return error.value.code


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"], ids=["comma", "semicolon", "tab"])
def test_encodings_with_their_marks_and_every_delimiter_are_known(
    tmp_path: Path, encoding: str, delimiter: str
) -> None:
    text = f'name{delimiter}note\r\nZoë{delimiter}"a {delimiter} b\r\nc ""d"""\r\n\r\nŠime{delimiter}\r\n'
    path = tmp_path / "x.csv"
    path.write_bytes(text.encode(encoding))
    names, rows = rows_of(path)
    assert names == ("name", "note")
    assert [dict(each.values) for each in rows] == [{0: "Zoë", 1: f'a {delimiter} b\r\nc "d"'}, {0: "Šime"}]
    assert [each.number for each in rows] == [2, 4]


def test_another_encoding_is_named_and_taken_when_it_is_said(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes("name,note\nŽeljko,é\n".encode("windows-1250"))
    assert refused(path) == "register-encoding"
    _, rows = rows_of(path, "windows-1250")
    assert rows[0].values == {0: "Željko", 1: "é"}
    assert refused(path, "punycode") == "register-encoding"
    path.write_bytes("name,note\nA,B\n".encode("utf-16-le"))
    assert refused(path) == "register-encoding"
    path.write_bytes("name,note\nA,B\n".encode("utf-32"))
    assert refused(path) == "register-encoding"


def test_damage_in_a_row_leaves_that_row_out_and_the_rest_goes_on(tmp_path: Path) -> None:
    path = table(tmp_path / "deqar.csv", *numbered("A", "B", "C", "D", "E", "F"))
    lines = path.read_bytes().split(b"\r\n")
    lines[2] = lines[2].replace(b"B", b"\xe9")
    lines[3] = lines[3].replace(b"C", b'"C"x')
    lines[4] += b",one,too,many"
    lines[5] = lines[5].replace(b"E", b"\0")
    lines.insert(1, "Zoë,Ž".encode())
    path.write_bytes(b"\r\n".join(lines))
    content = imported(path, tmp_path / "data").content
    assert (content["taken"], content["rows"]) == (2, 7)
    found = {each["row"]: each["reason"] for each in content["findings"] if each["leftOut"]}
    assert {row: found[row] for row in (4, 5, 6, 7)} == {
        4: "text-damaged",
        5: "row-damaged",
        6: "row-damaged",
        7: "text-damaged",
    }


def test_a_quotation_mark_that_is_not_closed_costs_what_it_swallows_and_says_so(tmp_path: Path) -> None:
    path = table(tmp_path / "deqar.csv", *numbered(*(f"N{number}" for number in range(5_000))))
    path.write_bytes(path.read_bytes().replace(b"N3,", b'"N3,', 1))
    content = imported(path, tmp_path / "data").content
    assert content["leftOut"]["row-damaged"] == 1
    assert 1_000 < content["taken"] < 5_000
    (damage,) = (each for each in content["findings"] if each["reason"] == "row-damaged")
    assert damage["row"] == 5
    assert "lines 5 to " in damage["what"]


def test_a_line_without_an_end_is_not_kept_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "LONGEST_LINE", 1_000)
    path = table(tmp_path / "deqar.csv", *numbered("A", "B"), *numbered("C", summary="x" * 5_000), *numbered("D"))
    content = imported(path, tmp_path / "data").content
    assert (content["taken"], content["leftOut"]) == (3, {"row-damaged": 1})


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "register-unreadable"),
        (b"\n \n", "register-unreadable"),
        (b"PK\x03\x04broken", "register-unreadable"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "register-unreadable"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, "register-encoding"),
        (b"agency|decision\n1|2\n", "register-columns"),
        (b"a,b\n1,2\n", "register-columns"),
    ],
    ids=["empty", "blank", "no-zip", "no-xls", "picture", "bars", "other-columns"],
)
def test_a_file_that_is_no_register_is_refused_with_what_it_is(tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "deqar.csv"
    path.write_bytes(content)
    with pytest.raises(IntakeError) as error:
        imported(path, tmp_path / "data")
    assert error.value.code == code
    assert str(path) in str(error.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path / "nothing.csv") == "register-unreadable"


def test_a_workbook_is_read_with_its_days_and_its_formulas_are_not_believed(tmp_path: Path) -> None:
    names = list(BASE)
    row: dict[str, object] = dict(BASE)
    dated = row | {"local_identifier": "A", "valid_from": date(2024, 1, 15), "date_format": "%d/%m/%Y", "valid_to": ""}
    serial = row | {"local_identifier": "B", "valid_from": 45306}
    calculated = row | {"local_identifier": "C", "decision": Formula("1")}
    rows = [names, *([each[name] for name in names] for each in (dated, serial, calculated, row))]
    for path in (
        write_xlsx(tmp_path / "deqar.xlsx", Notes=[["read", "me"]], Reports=rows),
        write_ods(tmp_path / "deqar.ods", Reports=rows),
    ):
        content = imported(path, tmp_path / f"data-{path.suffix}").content
        assert content["taken"] == 2, content["findings"]
        assert content["leftOut"] == {"date-serial": 1, "calculated": 1}
        assert [each["cell"] for each in content["findings"] if each["leftOut"]] == ["E3", "D4"]
    assert any("'Notes'" in each for each in imported(tmp_path / "deqar.xlsx", tmp_path / "d").content["notes"])


def test_two_sheets_with_a_register_are_not_chosen_from(tmp_path: Path) -> None:
    rows = [list(BASE), list(BASE.values())]
    path = write_xlsx(tmp_path / "deqar.xlsx", One=rows, Two=rows)
    with pytest.raises(IntakeError, match="2 sheets hold a register"):
        imported(path, tmp_path / "data")


def test_a_bomb_in_a_workbook_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_xlsx(tmp_path / "deqar.xlsx", Reports=[list(BASE), list(BASE.values())])
    with ZipFile(path, "a", ZIP_DEFLATED) as archive, archive.open("xl/worksheets/more.xml", "w") as entry:
        for _ in range(300):
            entry.write(bytes(1 << 20))
    assert path.stat().st_size < 1 << 20
    with pytest.raises(IntakeError) as error:
        imported(path, tmp_path / "data")
    assert error.value.code == "register-too-large"
    monkeypatch.setattr(tables, "MOST_WORKBOOK_BYTES", 100)
    assert refused(path) == "register-too-large"
    monkeypatch.setattr(tables, "MOST_BYTES", 100)
    assert refused(path) == "register-too-large"


@pytest.mark.parametrize("how", ["appended", "replaced", "touched"])
def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path, how: str) -> None:
    path = table(tmp_path / "deqar.csv", *numbered("A", "B"))
    with open_table(path, anything) as found:
        list(found.rows)
        if how == "appended":
            with path.open("ab") as file:
                file.write(b"more")
        elif how == "replaced":
            table(tmp_path / "other.csv", *numbered("A", "C")).replace(path)
        else:
            os.utime(path, ns=(1, 1))
        with pytest.raises(IntakeError) as error:
            found.read()
    assert error.value.code == "register-changed"


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=400))
def test_whatever_a_file_holds_is_rows_or_an_error_of_ours(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(data)
    with suppress(IntakeError):
        rows_of(path)
