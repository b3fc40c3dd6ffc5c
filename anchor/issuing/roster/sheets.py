"""Sheets of a file as strangers send it, cell by cell: bounded before anything reads them, and with what to distrust.

Whatever the file is called, its content says what it is. A workbook is unpacked within bounds, looked at for how far
its cells reach, for formulas and errors, and packed anew for its reader: what is read is what was looked at.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from anchor.intake.workbooks.cells import Cell, Place
from anchor.intake.workbooks.looks import MOST_CELLS, MOST_ROWS, Unreadable, too_many_cells
from anchor.intake.workbooks.opening import is_workbook, read_workbook
from registry.errors import IntakeError
from registry.untrusted.encodings import foreign_encoding

MOST_BYTES: Final = 64 << 20
DELIMITERS: Final = (",", ";", "\t")
_REMEDY: Final = "Give an .xlsx, .xls, .ods or .csv file; `testamur roster new TEMPLATE` makes one."


@dataclass(frozen=True, slots=True)
class Sheet:
    """The cells of one sheet, from its first row and column.

    Attributes:
        name: of the sheet; of the file where that has none.
        rows: lists of different length; "" for an empty cell.
        formulas, errors: places, from 0, of cells whose value was calculated or could not be.
        covered: places of cells that were merged into another one.
        hidden: rows, from 0, that whoever looks at the sheet does not see.
        has_types: whether a cell may be something else than text.
    """

    name: str
    rows: list[list[Cell]]
    formulas: frozenset[Place] = field(default_factory=frozenset)
    errors: frozenset[Place] = field(default_factory=frozenset)
    covered: frozenset[Place] = field(default_factory=frozenset)
    hidden: frozenset[int] = field(default_factory=frozenset)
    has_types: bool = True


def read_sheets(path: Path, known_keys: Iterable[str]) -> list[Sheet]:
    """All sheets of an XLSX, XLS, ODS or CSV file.

    Args:
        known_keys: by which the delimiter of a CSV file is found.

    Raises:
        IntakeError: it cannot be read, is larger than is read (`roster-too-large`), or is none of these
            (`roster-unreadable`).
        SettingsError: what reads workbooks is not installed.
    """
    data = _bytes(path)
    try:
        if is_workbook(data):
            return [
                Sheet(each.name, each.rows, each.formulas, each.errors, each.covered, each.hidden)
                for each in read_workbook(data)
            ]
        return [_csv_sheet(path.name, data, known_keys)]
    except Unreadable as error:
        code = "roster-too-large" if error.is_size else "roster-unreadable"
        raise IntakeError(error.what, where=str(path), remedy=error.remedy or _REMEDY, code=code) from None


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        what = f"it cannot be read: {error.strerror}"
        raise IntakeError(what, where=str(path), remedy=_REMEDY, code="roster-unreadable") from None
    if len(data) > MOST_BYTES:
        raise IntakeError(
            f"it has more than {MOST_BYTES >> 20} MiB",
            where=str(path),
            remedy="Take pictures and other sheets out, or make several rosters of it.",
            code="roster-too-large",
        )
    if not data.strip():
        raise IntakeError("it is empty", where=str(path), remedy=_REMEDY, code="roster-unreadable")
    return data


def _csv_sheet(name: str, data: bytes, known_keys: Iterable[str]) -> Sheet:
    plain = data.removeprefix(b"\xef\xbb\xbf")
    if encoding := foreign_encoding(plain):
        raise Unreadable(
            f"it is no workbook, and as CSV it is not UTF-8, but {encoding}",
            "Save it as .xlsx, or as CSV UTF-8 (in Excel: Save as, CSV UTF-8).",
        )
    text, keys = plain.decode(), frozenset(known_keys)
    first = text[: 1 << 16].lstrip("\r\n").partition("\n")[0]
    delimiter = max(DELIMITERS, key=lambda each: sum(word.strip(' "\r') in keys for word in first.split(each)))
    rows: list[list[Cell]] = []
    cells = 0
    try:
        for record in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            cells += len(record)
            if len(rows) >= MOST_ROWS or cells > MOST_CELLS:
                raise too_many_cells(name)
            rows.append(list(record))
    except csv.Error as error:
        raise Unreadable(
            f"it is no CSV: row {len(rows) + 1}: {error}",
            "Look for a quotation mark in that row that is not closed, or not doubled within a text.",
        ) from None
    return Sheet(name, rows, has_types=False)
