"""What is seen of a workbook before anything reads it: how far its cells reach, and which of them to distrust.

A reader keeps room for the rectangle around all cells, gives the last value of a formula, and nothing for an error. So
each kind of workbook is looked at by its bytes first, and refused by these bounds.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Final

from anchor.intake.workbooks.cells import Cell, Place
from registry.extras import needs
from registry.untrusted.text import terminal_text

MOST_ROWS: Final = 100_000
MOST_COLUMNS: Final = 1_000
MOST_CELLS: Final = 3_000_000
"""Within the rectangle around all that is filled in: a reader keeps room for each."""
MOST_CHARACTERS: Final = 128 << 20
"""In all cells together, each counted where it stands."""
MOST_SHEETS: Final = 100
MOST_COVERED: Final = 200_000
"""Cells of one sheet that are merged into others."""

SMALLER: Final = "Take out what need not be in it, or make several files of it."
REPAIR: Final = "Open it in the program it was made with, and save it again."


class Unreadable(Exception):
    """Why a file is not read: a sentence, and what to do."""

    def __init__(self, what: str, remedy: str = "", *, is_size: bool = False):
        super().__init__(what)
        self.what = what
        self.remedy = remedy
        self.is_size = is_size


@dataclass(frozen=True, slots=True)
class ReadSheet:
    """One sheet: its cells from the first row and column; the rest as of `Look`."""

    name: str
    rows: list[list[Cell]]
    formulas: frozenset[Place]
    errors: frozenset[Place]
    covered: frozenset[Place]
    hidden: frozenset[int]


def too_many_cells(name: str) -> Unreadable:
    """The reason of a sheet that reaches too far."""
    return Unreadable(
        f"{terminal_text(name, 60)} reaches further than {MOST_ROWS:,} rows, {MOST_COLUMNS:,} columns or"
        f" {MOST_CELLS:,} cells",
        SMALLER,
        is_size=True,
    )


@dataclass(slots=True)
class Look:
    """What was seen of one sheet before it is read.

    Attributes:
        rows, columns: how far its cells reach.
        characters: in all of them together, each counted where it stands.
        covered: cells that were merged into another one: what stands there, or seems to, is not seen.
        hidden: rows that are not seen, from 0.
    """

    formulas: set[Place] = field(default_factory=set)
    errors: set[Place] = field(default_factory=set)
    rows: int = 0
    columns: int = 0
    characters: int = 0
    covered: set[Place] = field(default_factory=set)
    hidden: set[int] = field(default_factory=set)

    def reach(self, row: int, column: int) -> None:
        """A cell is filled in; both from 0."""
        self.rows, self.columns = max(self.rows, row + 1), max(self.columns, column + 1)

    def calculated(self, row: int, column: int, rows: int = 1, columns: int = 1) -> None:
        """A formula calculates these cells.

        Raises:
            Unreadable: they reach too far.
        """
        self.reach(row + rows - 1, column + columns - 1)
        if self.rows > MOST_ROWS or self.columns > MOST_COLUMNS or rows * columns > MOST_CELLS:
            raise too_many_cells("a formula")
        self.formulas.update(product(range(row, row + rows), range(column, column + columns)))

    def merged(self, row: int, column: int, rows: int, columns: int) -> None:
        """These cells are one: all but the first are covered.

        Raises:
            Unreadable: there are too many of them.
        """
        self.cover(row, column, rows, columns)
        self.covered.discard((row, column))

    def cover(self, row: int, column: int, rows: int, columns: int) -> None:
        """Another cell lies over all of these.

        Raises:
            Unreadable: there are too many of them.
        """
        rows, columns = min(rows, MOST_ROWS), min(columns, MOST_COLUMNS)
        if len(self.covered) + rows * columns > MOST_COVERED:
            raise Unreadable(f"more than {MOST_COVERED:,} cells of a sheet are merged into others", "Unmerge them.")
        self.covered.update(product(range(row, row + rows), range(column, column + columns)))

    def check(self, name: str) -> None:
        """Refuse a sheet that is larger than is read.

        Raises:
            Unreadable: it is.
        """
        if self.rows > MOST_ROWS or self.columns > MOST_COLUMNS or self.rows * self.columns > MOST_CELLS:
            raise too_many_cells(f"the sheet {name!r}")
        if self.characters > MOST_CHARACTERS:
            raise Unreadable(
                f"the sheet {terminal_text(name, 60)!r} has more than {MOST_CHARACTERS:,} characters",
                SMALLER,
                is_size=True,
            )


def read_by_looks(content: bytes, looks: Mapping[str, Look]) -> list[ReadSheet]:
    """All sheets of a workbook that was looked at, by name.

    Raises:
        Unreadable: the reader finds it damaged, or finds a sheet that nobody looked at.
        SettingsError: the reader is not installed.
    """
    if not looks:
        raise Unreadable("it has no sheet", REPAIR)
    for name, look in looks.items():
        look.check(name)
    with needs("issuing"):
        from python_calamine import CalamineError, CalamineWorkbook
    sheets = []
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        for name in book.sheet_names:
            if name not in looks:
                raise Unreadable(f"the sheet {terminal_text(name, 60)!r} is not where it should be", REPAIR)
            rows: list[list[Cell]] = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
            look = looks[name]
            sheets.append(
                ReadSheet(
                    name,
                    rows,
                    formulas=frozenset(look.formulas),
                    errors=frozenset(look.errors),
                    covered=frozenset(look.covered),
                    hidden=frozenset(look.hidden),
                )
            )
    except (CalamineError, ValueError, OverflowError) as error:
        raise Unreadable(f"it cannot be read: {terminal_text(str(error), 200)}", REPAIR) from None
    except BaseException as error:
        # A reader that gives up on nonsense does so by a class of its own that is no `Exception`.
        if type(error).__name__ != "PanicException":
            raise
        raise Unreadable("it is a damaged workbook", REPAIR) from None
    return sheets
