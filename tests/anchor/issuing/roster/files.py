"""Rosters as files by other hands than the program's: XLSX cell by cell, ODS by its XML, CSV by a library."""

from __future__ import annotations

import csv
import io
import struct
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZIP_DEFLATED, ZipFile

from xlsxwriter import Workbook

from anchor.intake.workbooks.cells import cell_name
from anchor.issuing.roster.columns import columns_of, mark_of
from anchor.issuing.templates.model import (
    Competence,
    Course,
    Institution,
    Kind,
    Result,
    ResultKind,
    Template,
)

MARKS = ("1.0", "1.3", "1.7", "2.0")
TEMPLATE = Template(
    id="urn:uuid:00000000-0000-4000-8000-000000000017",
    kind=Kind.BACHELOR,
    languages=("en", "de"),
    issuer=Institution("did:web:university.example", {"en": "University", "de": "Universität"}, country="PT"),
    name={"en": "Bachelor", "de": "Bachelor"},
    description={"en": "What was learnt.", "de": "Was gelernt wurde."},
    criteria={"en": "All was passed.", "de": "Alles wurde bestanden."},
    achievement_id="https://university.example/bachelor",
    achievement_type="BachelorDegree",
    field="0613",
    level=6,
    results=(
        Result(
            "final",
            {"en": "Final mark", "de": "Gesamtnote"},
            ResultKind.GRADE_POINT_AVERAGE,
            mandatory=True,
            lowest=Decimal("1.0"),
            highest=Decimal("4.0"),
        ),
        Result("honours", {"en": "Honours", "de": "Auszeichnung"}, ResultKind.RESULT),
    ),
    courses=(Course("databases", {"en": "Databases", "de": "Datenbanken"}, choices=MARKS),),
    competences=(Competence("development", {"en": "Development", "de": "Entwicklung"}),),
)
KEYS = tuple(column.key for column in columns_of(TEMPLATE))
GOOD: Mapping[str, str] = {
    "person_id": "0012",
    "name": "Ana Müller",
    "birth_date": "2001-02-03",
    "email": "ana@university.example",
    "language": "de",
    "awarded_on": "2026-07-31",
    "result.final": "1.7",
    "course.databases": "1.3",
    "competence.development": "yes",
}


class Formula(str):
    """A cell that is calculated."""

    __slots__ = ()


class Error(str):
    """A cell whose calculation failed, without the formula."""

    __slots__ = ()


def person(number: int = 1, **changed: Any) -> dict[str, Any]:
    """A good row; names of columns have `__` in the place of the point."""
    row = {**GOOD, "person_id": f"{number:05}", "name": f"Ana {_word(number)} Müller"}
    return {**row, **{key.replace("__", "."): value for key, value in changed.items()}}


def _word(number: int) -> str:
    letters = ""
    while number:
        number, last = divmod(number, 26)
        letters = chr(ord("a") + last) + letters
    return (letters or "a").capitalize()


def table(rows: Sequence[Mapping[str, Any]], keys: Sequence[str] = KEYS) -> list[list[Any]]:
    """Keys and rows as they stand in a sheet, without a hidden column."""
    return [list(keys), *([row.get(key, "") for key in keys] for row in rows)]


def marked(rows: Sequence[Mapping[str, Any]], template: Template = TEMPLATE) -> list[list[Any]]:
    """The same, behind the column that names the template."""
    head, *others = table(rows)
    return [[mark_of(template), *head], *(["", *row] for row in others)]


def write_xlsx(path: Path, **sheets: Sequence[Sequence[Any]]) -> Path:
    """A workbook of these sheets."""
    with Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for row, cells in enumerate(rows):
                for column, cell in enumerate(cells):
                    if isinstance(cell, Formula):
                        sheet.write_formula(row, column, str(cell), None, "7")
                    elif isinstance(cell, Error):
                        sheet.write_formula(row, column, "=1/0", None, str(cell))
                    elif isinstance(cell, bool):
                        sheet.write_boolean(row, column, cell)
                    elif isinstance(cell, datetime):
                        sheet.write_datetime(row, column, cell, moment)
                    elif isinstance(cell, date):
                        sheet.write_datetime(row, column, cell, day)
                    elif isinstance(cell, int | float):
                        sheet.write_number(row, column, cell)
                    elif cell != "":
                        sheet.write_string(row, column, cell)
    return path


Area = tuple[int, int, int, int]


def write_seen(path: Path, rows: Sequence[Sequence[Any]], *, hidden: Sequence[int], merged: Sequence[Area]) -> Path:
    """A workbook as `write_xlsx`, `write_ods` or `write_xls` make it, by its name, of which not all is seen.

    Args:
        hidden: rows, from 0.
        merged: first row, first column, last row, last column of cells that are one.
    """
    match path.suffix:
        case ".xlsx":
            write_xlsx(path, Data=rows)
            with ZipFile(path) as archive:
                sheet = archive.read("xl/worksheets/sheet1.xml").decode()
            for row in hidden:
                sheet = sheet.replace(f'<row r="{row + 1}"', f'<row r="{row + 1}" hidden="1"')
            areas = "".join(
                f'<mergeCell ref="{cell_name(top, left)}:{cell_name(bottom, right)}"/>'
                for top, left, bottom, right in merged
            )
            sheet = sheet.replace("</sheetData>", f"</sheetData><mergeCells>{areas}</mergeCells>")
            return changed_zip(path, {"xl/worksheets/sheet1.xml": sheet.encode()})
        case ".ods":
            under = {
                (row, column)
                for top, left, bottom, right in merged
                for row in range(top, bottom + 1)
                for column in range(left, right + 1)
                if (row, column) != (top, left)
            }
            lines = []
            for row, cells in enumerate(rows):
                inner = "".join(
                    "<table:covered-table-cell/>" if (row, column) in under else _ods_cell(cell)
                    for column, cell in enumerate(cells)
                )
                kind = ' table:visibility="filter"' if row in hidden else ""
                lines.append(f"<table:table-row{kind}>{inner}</table:table-row>")
            return write_ods(path, Data=lines)
        case _:
            more = [record(0x0208, struct.pack("<HHHHII", row, 0, 9, 255, 0, 0x20)) for row in hidden]
            for top, left, bottom, right in merged:
                more.append(record(0x00E5, struct.pack("<HHHHH", 1, top, bottom, left, right)))
            return write_xls(path, b"".join(more), Data=rows)


def write_csv(path: Path, rows: Sequence[Sequence[str]], delimiter: str = ",", *, mark: bool = False) -> Path:
    """CSV in UTF-8."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    path.write_bytes((b"\xef\xbb\xbf" if mark else b"") + out.getvalue().encode())
    return path


_NAMES = (
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
    ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
    ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'
)


def write_ods(path: Path, **sheets: Sequence[Sequence[Any] | str]) -> Path:
    """A workbook of OpenDocument; a row may be XML as it is."""
    tables = "".join(
        f"<table:table table:name={quoteattr(name)}>{''.join(map(_ods_row, rows))}</table:table>"
        for name, rows in sheets.items()
    )
    content = (
        f'<?xml version="1.0"?><office:document-content {_NAMES} office:version="1.3"><office:body>'
        f"<office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>"
    )
    manifest = '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
    return write_zip(
        path,
        {
            "mimetype": b"application/vnd.oasis.opendocument.spreadsheet",
            "content.xml": content.encode(),
            "META-INF/manifest.xml": manifest.encode(),
        },
    )


def _ods_row(cells: Sequence[Any] | str) -> str:
    inner = cells if isinstance(cells, str) else "".join(map(_ods_cell, cells))
    return inner if inner.startswith("<table:table-row") else f"<table:table-row>{inner}</table:table-row>"


def _ods_cell(cell: Any) -> str:
    if isinstance(cell, Formula):
        kind = f'table:formula={quoteattr("of:" + cell)} office:value-type="float" office:value="7"'
        return f"<table:table-cell {kind}><text:p>7</text:p></table:table-cell>"
    if isinstance(cell, bool):
        kind = f'office:value-type="boolean" office:boolean-value="{str(cell).lower()}"'
        return f"<table:table-cell {kind}/>"
    if isinstance(cell, date):
        return f'<table:table-cell office:value-type="date" office:date-value="{cell.isoformat()}"/>'
    if isinstance(cell, int | float):
        return f'<table:table-cell office:value-type="float" office:value="{cell}"/>'
    if cell == "":
        return "<table:table-cell/>"
    return f'<table:table-cell office:value-type="string"><text:p>{escape(cell)}</text:p></table:table-cell>'


# Old workbooks: [MS-XLS] for the records, [MS-CFB] for the file around them.


def write_xls(path: Path, more: bytes = b"", **sheets: Sequence[Sequence[Any]]) -> Path:
    """A workbook of Excel 97 to 2003; all texts in one table, which goes on in further records.

    Args:
        more: records of each sheet beside those of its cells.
    """
    texts = list(dict.fromkeys(str(cell) for rows in sheets.values() for row in rows for cell in row if is_text(cell)))
    head = record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0, 0, 0, 0))
    head += b"".join(record(0x00E0, struct.pack("<HH16x", 0, kind)) for kind in (0, 14, 22))
    table = b"".join(text_records(texts))
    places = {text: place for place, text in enumerate(texts)}
    bodies = [sheet_records(rows, places, more) for rows in sheets.values()]
    names = [name.encode("utf-16-le") for name in sheets]
    start = len(head) + sum(12 + len(name) for name in names) + len(table) + 4
    bound = b""
    for name, body in zip(names, bodies, strict=True):
        bound += record(0x0085, struct.pack("<IBBBB", start, 0, 0, len(name) // 2, 1) + name)
        start += len(body)
    path.write_bytes(compound(b"".join((head, bound, table, record(0x000A), *bodies))))
    return path


def is_text(cell: Any) -> bool:
    return isinstance(cell, str) and cell != "" and not isinstance(cell, Formula | Error)


def record(kind: int, content: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


def text_records(texts: Sequence[str], longest: int = 50) -> Iterator[bytes]:
    """The table of texts in records that are very short, so that many a text is cut; every other one is rich.

    No character is cut: of one with two code units a reader makes two that stand for nothing.
    """
    part, kind = bytearray(struct.pack("<II", len(texts), len(texts))), 0x00FC
    for number, text in enumerate(texts):
        encoded = text.encode("utf-16-le")
        flags, runs = (0x09, 1) if number % 2 else (0x01, 0)
        head = struct.pack("<HB", len(encoded) // 2, flags) + (struct.pack("<H", runs) if runs else b"")
        if len(part) + len(head) > longest:
            yield record(kind, bytes(part))
            part, kind = bytearray(), 0x003C
        part += head
        for sign in text:
            units = sign.encode("utf-16-le")
            if len(part) + len(units) > longest:
                yield record(kind, bytes(part))
                part, kind = bytearray([0x01]), 0x003C
            part += units
        part += bytes(4 * runs)
    yield record(kind, bytes(part))


def sheet_records(rows: Sequence[Sequence[Any]], places: Mapping[str, int], more: bytes = b"") -> bytes:
    out = [record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 0, 0, 0))]
    width = max((len(row) for row in rows), default=0)
    out.append(record(0x0200, struct.pack("<IIHHH", 0, len(rows), 0, width, 0)))
    for row, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            out.append(cell_record(row, column, cell, places))
    return b"".join(out) + more + record(0x000A)


def cell_record(row: int, column: int, cell: Any, places: Mapping[str, int]) -> bytes:
    at = struct.pack("<HH", row, column)
    if isinstance(cell, Formula):
        return record(0x0006, at + struct.pack("<HdHIH", 0, 7.0, 0, 0, 3) + b"\x1e\x07\x00")
    if isinstance(cell, Error):
        return record(0x0205, at + struct.pack("<HBB", 0, 0x17, 1))
    if isinstance(cell, bool):
        return record(0x0205, at + struct.pack("<HBB", 0, cell, 0))
    if isinstance(cell, datetime):
        days = (cell - datetime(1899, 12, 30)).total_seconds() / 86_400
        return record(0x0203, at + struct.pack("<Hd", 2, days))
    if isinstance(cell, date):
        return record(0x0203, at + struct.pack("<Hd", 1, (cell - date(1899, 12, 30)).days))
    if isinstance(cell, int | float):
        return record(0x0203, at + struct.pack("<Hd", 0, cell))
    if cell == "":
        return record(0x0201, at + struct.pack("<H", 0))
    return record(0x00FD, at + struct.pack("<HI", 0, places[cell]))


def compound(stream: bytes, name: str = "Workbook") -> bytes:
    """The file around a workbook: stream first, then the directory, then the table of sectors."""
    padded = stream.ljust(4096, b"\0")
    count = -(-len(padded) // 512)
    tables = -(-(count + 2) // 127)
    links = [*range(1, count), 0xFFFFFFFE, 0xFFFFFFFE, *[0xFFFFFFFD] * tables]
    links += [0xFFFFFFFF] * (tables * 128 - len(links))
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    head += struct.pack("<IIIIIIIII", 0, tables, count, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    places = [*range(count + 1, count + 1 + tables), *[0xFFFFFFFF] * (109 - tables)]
    directory = b""
    for title, kind, child, first, size in (
        ("Root Entry", 5, 1, 0xFFFFFFFE, 0),
        (name, 2, 0xFFFFFFFF, 0, len(padded)),
    ):
        encoded = f"{title}\0".encode("utf-16-le")
        directory += encoded.ljust(64, b"\0") + struct.pack(
            "<HBBIII", len(encoded), kind, 1, 2**32 - 1, 2**32 - 1, child
        )
        directory += bytes(36) + struct.pack("<IQ", first, size)
    body = padded.ljust(count * 512, b"\0") + directory.ljust(512, b"\0")
    return head + struct.pack("<109I", *places) + body + struct.pack(f"<{len(links)}I", *links)


def write_zip(path: Path, entries: Mapping[str, bytes]) -> Path:
    """A ZIP of these."""
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def changed_zip(path: Path, changes: Mapping[str, bytes]) -> Path:
    """A ZIP with other contents under some names."""
    with ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    return write_zip(path, {**entries, **changes})
