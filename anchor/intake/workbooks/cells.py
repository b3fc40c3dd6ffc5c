"""Cells of a spreadsheet: what may stand in one, and how one is called."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from registry.untrusted.cells import column_name

Cell = str | int | float | bool | date | datetime | time | timedelta
"""What a cell has for a value; "" for nothing."""

Place = tuple[int, int]
"""Row and column, from 0."""

_LETTERS = 26


def cell_name(row: int, column: int) -> str:
    """A cell as spreadsheets call it.

    Args:
        row, column: from 0.
    """
    return f"{column_name(column)}{row + 1}"


def place_of(name: str) -> Place:
    """Row and column, from 0, of a cell that is called as spreadsheets do.

    Raises:
        ValueError: that is no name of a cell.
    """
    letters = name.rstrip("0123456789")
    if not (0 < len(letters) <= 3 and letters.isascii() and letters.isalpha() and 0 < len(name) - len(letters) <= 7):
        raise ValueError("no name of a cell")
    column = 0
    for letter in letters.upper():
        column = column * _LETTERS + ord(letter) - ord("A") + 1
    row = int(name[len(letters) :])
    if row == 0:
        raise ValueError("no name of a cell")
    return row - 1, column - 1
