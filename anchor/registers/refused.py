"""Rows that were left out, in a file beside the source: with row, column and reason, to be mended and imported again.

Somebody may be mending the file of an earlier import: it is never written over. One with the same bytes is it.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from filecmp import cmp
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, TextIO

from anchor.registers.tables import open_table
from registry.errors import IntakeError
from registry.privatefiles import private_opener
from registry.quality.rows import REFUSED_COLUMNS, Finding, SourceRow, check_of, text_of
from registry.untrusted.text import REPLACEMENT, spreadsheet_text, terminal_text

MOST_MENDED: Final = 200_000
"""Rows of a mended file, which are kept in memory."""
_ROW, _CHECK = REFUSED_COLUMNS[0], REFUSED_COLUMNS[-1]
_NO_TEXT: Final = re.compile("[\0\ud800-\udfff]")
_NUMBERED: Final = re.compile(r"\.refused(?:-[0-9]+)?\Z")


class RefusedFile:
    """Writes `NAME.refused.csv` once there is a row for it, or `NAME.refused-2.csv` where another one is there.

    Args:
        source: the file whose rows they are.
        names: of its columns.

    Attributes:
        path: of the file; None while there is none.
    """

    def __init__(self, source: Path, names: Sequence[str]):
        self._source = source
        self._partial = source.with_name(f".{source.name}.{os.getpid()}.part")
        self._names = names
        # A file that is mended and imported has these columns already.
        self._kept = [at for at, name in enumerate(names) if name.strip().lower() not in REFUSED_COLUMNS]
        self._file: TextIO | None = None
        self.path: Path | None = None

    def __enter__(self) -> RefusedFile:
        return self

    def add(self, row: SourceRow, findings: Iterable[Finding]) -> None:
        """Write a row that is left out, as the source has it, behind what is wrong with it.

        Raises:
            IntakeError: it cannot be written (`unwritable`).
        """
        wrong = [each for each in findings if each.refuses]
        told = [
            str(row.number),
            "; ".join(dict.fromkeys(f"{each.column} ({each.cell})" if each.cell else "whole row" for each in wrong)),
            "; ".join(f"[{each.reason}] {each.what}. {each.remedy}".strip() for each in wrong),
            check_of(row),
        ]
        places = [*self._kept, *(at for at in sorted(row.values) if at >= len(self._names))]
        cells = [text_of(row.values[at]) if at in row.values else "" for at in places]
        try:
            if self._file is None:
                self._file = open(self._partial, "w", encoding="utf-8-sig", newline="", opener=private_opener)  # noqa: SIM115 - closed by `__exit__`
                csv.writer(self._file).writerow([*REFUSED_COLUMNS, *(_cell(self._names[at]) for at in self._kept)])
            csv.writer(self._file).writerow(
                [*(spreadsheet_text(terminal_text(each)) for each in told), *map(_cell, cells)]
            )
        except OSError as error:
            raise self._unwritable(error) from None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is None:
            return
        try:
            self._file.close()
            if kind is None:
                self.path = self._settled()
        except OSError as failed:
            raise self._unwritable(failed) from None
        finally:
            with suppress(OSError):
                self._partial.unlink(missing_ok=True)

    def _settled(self) -> Path:
        """Give the file the first name that is free, or that has the same bytes already."""
        stem = _NUMBERED.sub("", self._source.stem)
        for number in count(1):
            path = self._source.with_name(f"{stem}.refused{'' if number == 1 else f'-{number}'}.csv")
            if path.is_file() and cmp(path, self._partial, shallow=False):
                return path
            if not path.exists():
                self._partial.rename(path)
                return path
        raise AssertionError("there is always another number")

    def _unwritable(self, error: OSError) -> IntakeError:
        return IntakeError(
            f"the rows that are left out cannot be written: {error.strerror}",
            where=str(self._source.parent),
            remedy="Copy the source to a folder where you may write.",
            code="unwritable",
        )


class MendedRow(NamedTuple):
    """A row that was mended, and the mark of the row that it mends."""

    row: SourceRow
    check: str


def read_mended(path: Path, recognises: Callable[[Sequence[str]], bool]) -> tuple[Sequence[str], dict[int, MendedRow]]:
    """The rows of such a file by the number of the row that each of them mends, and the names of its columns.

    Raises:
        IntakeError: code `register-mended`: a row does not say which one it mends; or as `open_table`.
    """
    with open_table(path, recognises) as table:
        plain = [name.strip().lower() for name in table.names]
        for name in (_ROW, _CHECK):
            if name not in plain:
                raise _no_mended(path, f"it has no column {name}")
        at, checked = plain.index(_ROW), plain.index(_CHECK)
        found: dict[int, MendedRow] = {}
        for row in table.rows:
            said = text_of(row.values.get(at, "")).strip()
            number = int(said) if said.isascii() and said.isdigit() and len(said) < 16 else 0
            if not number or number in found:
                raise _no_mended(f"{path}, row {row.number}", f"{said[:20]!r} is no row that it mends, or one of two")
            if len(found) >= MOST_MENDED:
                raise _no_mended(path, f"it has more than {MOST_MENDED:,} rows")
            values = {place: _plain(value) if isinstance(value, str) else value for place, value in row.values.items()}
            check = text_of(row.values.get(checked, "")).strip()
            found[number] = MendedRow(SourceRow(row.number, values, row.distrusted, row.damage), check)
        table.read()
        return table.names, found


def _cell(text: str) -> str:
    """A text of the source as a spreadsheet shows it; bytes that are no text become a visible sign."""
    return spreadsheet_text(_NO_TEXT.sub(REPLACEMENT, text))


def _plain(text: str) -> str:
    """Without the apostrophe that keeps a spreadsheet from calculating what is written here."""
    return text[1:] if text.startswith("'") and spreadsheet_text(text[1:]) == text else text


def _no_mended(where: object, what: str) -> IntakeError:
    return IntakeError(
        what,
        where=str(where),
        remedy="Give the file of rows that were left out, mended, with its first columns as they are.",
        code="register-mended",
    )
