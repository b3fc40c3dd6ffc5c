"""A register's file as rows: CSV read row by row in bounded memory, or a sheet of a workbook.

A row that cannot be read is one that is left out, with why; the rest goes on. What is hashed is what was read, and a
file that changed meanwhile is refused.
"""

from __future__ import annotations

import codecs
import csv
import io
import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from anchor.intake.workbooks.looks import ReadSheet, Unreadable
from anchor.intake.workbooks.opening import is_workbook, read_workbook
from registry.errors import IntakeError
from registry.quality.rows import SourceRow, Value, text_of
from registry.untrusted.encodings import foreign_encoding
from registry.untrusted.text import terminal_text

MOST_WORKBOOK_BYTES: Final = 64 << 20
MOST_BYTES: Final = 4 << 30
LONGEST_LINE: Final = 4 << 20
"""Characters of one line of CSV; no cell is longer than 131,072 (`csv.field_size_limit`)."""
SEARCHED_ROWS: Final = 30
"""From the top of a sheet, for the names of the columns."""
ENCODINGS: Final = ("utf-8", "utf-16", "windows-1250", "windows-1251", "windows-1252", "windows-1253", "iso-8859-2")
"""What `--encoding` takes; UTF-16 is also known by its mark."""

_DELIMITERS: Final = (",", ";", "\t")
_HEAD: Final = 64 << 10
# With fewer, a text of several lines easily has as many delimiters in one of them.
_FEWEST_COLUMNS: Final = 5
# One byte in so many of the beginning of a file may be damaged before it is another kind of file.
_DAMAGED_AT_MOST: Final = 20
_PIECE: Final = 1 << 20
_REMEDY: Final = "Give a CSV file in UTF-8, or an .xlsx, .xls or .ods workbook."

Recognises = Callable[[Sequence[str]], bool]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class FileRead:
    """The file that was read: its SHA-256 and its bytes."""

    name: str
    sha256: bytes
    size: int


class Table:
    """The names of a table's columns, and its rows, to be gone through once.

    Attributes:
        notes: sentences about the file for a person, such as which sheets were not read.
    """

    def __init__(self, names: Sequence[str], rows: Iterator[SourceRow], read: Callable[[], FileRead]):
        self.names = tuple(names)
        self.rows = rows
        self.notes: list[str] = []
        self._read = read

    def read(self) -> FileRead:
        """The file, once all rows were gone through.

        Raises:
            IntakeError: code `register-changed`: it changed meanwhile.
        """
        return self._read()


@contextmanager
def open_table(
    path: Path,
    recognises: Recognises,
    *,
    encoding: str | None = None,
    progress: Progress = lambda _done, _all: None,
) -> Iterator[Table]:
    """The table in a file.

    Args:
        recognises: whether a line has the names of the columns; of a workbook, one sheet has to have such a line.
        encoding: of CSV, one of `ENCODINGS`; default: UTF-8, or UTF-16 with its mark.
        progress: told how many bytes of how many are read.

    Raises:
        IntakeError: it cannot be read (`register-unreadable`), is larger than is read (`register-too-large`), or is
            in another encoding (`register-encoding`).
        SettingsError: what reads workbooks is not installed.
    """
    if encoding is not None and encoding not in ENCODINGS:
        raise IntakeError(
            f"{encoding[:40]!r} is no encoding that is read",
            where="--encoding",
            remedy=f"Give one of {', '.join(ENCODINGS)}.",
            code="register-encoding",
        )
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > MOST_BYTES:
                raise _too_large(path, MOST_BYTES)
            head = file.read(_HEAD)
            file.seek(0)
            if is_workbook(head):
                yield _workbook(path, file, recognises)
            else:
                yield _csv(path, file, head, encoding, progress)
    except OSError as error:
        raise _unreadable(path, f"it cannot be read: {error.strerror}") from None


def _workbook(path: Path, file: BinaryIO, recognises: Recognises) -> Table:
    data = file.read(MOST_WORKBOOK_BYTES + 1)
    if len(data) > MOST_WORKBOOK_BYTES:
        raise _too_large(path, MOST_WORKBOOK_BYTES)
    try:
        sheets = read_workbook(data)
    except Unreadable as error:
        code = "register-too-large" if error.is_size else "register-unreadable"
        raise IntakeError(error.what, where=str(path), remedy=error.remedy or _REMEDY, code=code) from None
    found = [(sheet, place) for sheet in sheets if (place := _place_of_names(sheet, recognises)) is not None]
    if len(found) != 1:
        named = " and ".join(terminal_text(repr(sheet.name), 60) for sheet, _ in found[:3])
        what = f"{len(found)} sheets hold a register: {named}" if found else "no sheet has the names of the columns"
        raise _unreadable(path, what, "Keep one such sheet in the file; its first line has the names of the columns.")
    sheet, place = found[0]
    digest = sha256(data).digest()
    table = Table(_names(sheet.rows[place]), _sheet_rows(sheet, place), lambda: FileRead(path.name, digest, len(data)))
    left = [each for each in sheets if each is not sheet and any(cell != "" for row in each.rows for cell in row)]
    if left:
        table.notes.append(
            f"not read: {', '.join(f'sheet {terminal_text(repr(each.name), 60)}' for each in left[:10])}"
        )
    if hidden := sum(1 for row in sheet.hidden if row > place):
        table.notes.append(f"{hidden:,} rows are hidden in the sheet, and read like the others")
    return table


def _place_of_names(sheet: ReadSheet, recognises: Recognises) -> int | None:
    return next(
        (place for place, row in enumerate(sheet.rows[:SEARCHED_ROWS]) if any(row) and recognises(_names(row))), None
    )


def _names(row: Sequence[Value]) -> list[str]:
    names = [text_of(cell) for cell in row]
    while names and not names[-1]:
        names.pop()
    return names


def _sheet_rows(sheet: ReadSheet, place: int) -> Iterator[SourceRow]:
    distrusted: dict[int, set[int]] = defaultdict(set)
    for row, column in (*sheet.formulas, *sheet.errors, *sheet.covered):
        distrusted[row].add(column)
    for number, cells in enumerate(sheet.rows[place + 1 :], place + 1):
        # What is under a merged cell, or came to an error, has no value that the reader gives.
        values: dict[int, Value] = {at: cell for at, cell in enumerate(cells) if cell != ""}
        doubted = frozenset(distrusted.get(number, ()))
        if values or doubted:
            yield SourceRow(number + 1, values | dict.fromkeys(doubted - values.keys(), "?"), doubted)


def _csv(path: Path, file: BinaryIO, head: bytes, encoding: str | None, progress: Progress) -> Table:
    if not head.strip():
        raise _unreadable(path, "it is empty")
    chosen = encoding or _encoding_of(path, head)
    before = os.fstat(file.fileno())
    hashed = _Hashed(file, before.st_size, progress)
    # Each byte that is not of the encoding is kept as what it is, so that its row alone is left out.
    errors = "strict" if chosen == "utf-16" else "surrogateescape"
    text = io.TextIOWrapper(
        io.BufferedReader(hashed, _PIECE), "utf-8-sig" if chosen == "utf-8" else chosen, errors, newline=""
    )
    lines = _Lines(text)
    delimiter = _delimiter_of(head.decode(chosen, "replace"))
    records = _records(path, lines, delimiter)
    names: list[str] = []
    for _, names, damage, _ in records:
        if damage:
            raise _unreadable(path, f"its first line cannot be read: {damage}")
        if any(each.strip() for each in names):
            break
    while names and not names[-1].strip():
        names.pop()

    def read() -> FileRead:
        now, there = os.fstat(file.fileno()), path.stat()
        is_same = (before.st_size, before.st_mtime_ns, before.st_ino) == (
            there.st_size,
            there.st_mtime_ns,
            there.st_ino,
        )
        if not is_same or now.st_mtime_ns != before.st_mtime_ns or hashed.size != before.st_size:
            raise IntakeError(
                "it changed while it was read, and nothing was made of it",
                where=str(path),
                remedy="Wait until it is written, and run the command again.",
                code="register-changed",
            )
        return FileRead(path.name, hashed.digest(), hashed.size)

    return Table(names, _csv_rows(records, len(names), delimiter), read)


def _csv_rows(records: Iterator[_Record], columns: int, delimiter: str) -> Iterator[SourceRow]:
    for number, cells, damage, where in records:
        values: dict[int, Value] = {at: cell for at, cell in enumerate(cells) if cell}
        if not damage and values and max(values) >= columns:
            damage = f"the row has {max(values) + 1:,} cells, and there are {columns:,} columns"
        if not damage and where and any(_holds_rows(cell, at, columns, delimiter) for at, cell in enumerate(cells)):
            damage = f"a cell of the row holds what looks like other rows{where}"
        if values or damage:
            yield SourceRow(number, values, damage=damage)


def _holds_rows(cell: str, place: int, columns: int, delimiter: str) -> bool:
    """Whether lines within a cell have as many cells as a row: between two stray quotation marks rows are gone.

    The last line is the beginning of a row where it reaches just up to the place of the cell.
    """
    _, *inner, last = ["", *cell.splitlines()] if "\n" in cell else ["", ""]
    return (place >= _FEWEST_COLUMNS and last.count(delimiter) == place) or (
        columns > _FEWEST_COLUMNS and any(line.count(delimiter) == columns - 1 for line in inner[1:])
    )


class _Record(NamedTuple):
    """A record of CSV: blank ones count, too, as in a spreadsheet.

    Attributes:
        damage: what is wrong with it; "" for nothing.
        where: its lines where it has several, as ` (lines 3 to 5)`.
    """

    number: int
    cells: list[str]
    damage: str
    where: str


def _records(path: Path, lines: _Lines, delimiter: str) -> Iterator[_Record]:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    number, first = 0, 1
    while True:
        number += 1
        first = lines.number + 1
        damage, cells = "", []
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            damage = f"the row is no CSV: {error}"
        except UnicodeError:
            raise _unreadable(path, f"line {lines.number + 1:,} is not in the encoding of the file") from None
        if lines.was_cut:
            lines.was_cut = False
            damage = f"a line of the row has more than {LONGEST_LINE:,} characters"
        where = f" (lines {first:,} to {lines.number:,})" if lines.number > first else ""
        yield _Record(number, cells, damage and damage + where, where)


class _Lines:
    """The lines of a text, none longer than `LONGEST_LINE`: of a longer one the rest is passed over, and said."""

    def __init__(self, text: io.TextIOWrapper):
        self._text = text
        self.number = 0
        self.was_cut = False

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._text.readline(LONGEST_LINE)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) == LONGEST_LINE and not line.endswith(("\n", "\r")):
            self.was_cut = True
            while (rest := self._text.readline(LONGEST_LINE)) and not rest.endswith(("\n", "\r")):
                pass
        return line


class _Hashed(io.RawIOBase):
    """A file whose bytes are hashed as they are read."""

    def __init__(self, file: BinaryIO, size: int, progress: Progress):
        self._file = file
        self._all = size
        self._progress = progress
        self._state = sha256()
        self.size = 0

    def readable(self) -> bool:
        """As of any file that is read."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """As of any file."""
        piece = self._file.read(len(buffer))
        buffer[: len(piece)] = piece
        self._state.update(piece)
        self.size += len(piece)
        self._progress(self.size, self._all)
        return len(piece)

    def digest(self) -> bytes:
        """SHA-256 of what was read until now."""
        return self._state.digest()


def _encoding_of(path: Path, head: bytes) -> str:
    """UTF-8, or UTF-16 by its mark; of anything else it is said what it looks like, and nothing is guessed."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and not head.startswith(codecs.BOM_UTF32_LE):
        return "utf-16"
    plain = head.removeprefix(codecs.BOM_UTF8)
    looks = foreign_encoding(plain)
    # A text that has letters in UTF-8 is one, with damage here and there, which is told by its row.
    shown = plain.decode("utf-8", "ignore")
    damaged = plain.count(0) + len(plain) - len(shown.encode())
    is_text = not shown.isascii() or looks == "not text"
    if looks is None or ("UTF" not in looks and is_text and damaged * _DAMAGED_AT_MOST <= len(plain)):
        return "utf-8"
    raise IntakeError(
        f"it is no workbook, and as CSV it is not UTF-8, but {looks}",
        where=str(path),
        remedy=f"Save it as CSV UTF-8, or say what it is with --encoding: one of {', '.join(ENCODINGS)}.",
        code="register-encoding",
    )


def _delimiter_of(head: str) -> str:
    first = next((line for line in head.removeprefix("\ufeff").splitlines() if line.strip()), "")
    return max(_DELIMITERS, key=lambda each: len(next(csv.reader([first], delimiter=each), [])))


def _too_large(path: Path, most: int) -> IntakeError:
    return IntakeError(
        f"it has more than {most >> 20:,} MiB",
        where=str(path),
        remedy="Save it as CSV, which is read row by row, or make several files of it.",
        code="register-too-large",
    )


def _unreadable(path: Path, what: str, remedy: str = _REMEDY) -> IntakeError:
    return IntakeError(what, where=str(path), remedy=remedy, code="register-unreadable")
