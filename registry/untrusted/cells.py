"""CSV (RFC 4180) that a spreadsheet shows as it is: no cell of a stranger becomes a formula (CWE-1236).

And what spreadsheets call a column.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable

from registry.untrusted.text import spreadsheet_text

_LETTERS = 26
_NEGATIVE = re.compile(r"-[0-9]+(?:\.[0-9]+)?", re.ASCII)
"""A number below zero, which is no formula: with an apostrophe it would be a text."""


def column_name(column: int) -> str:
    """The letters of a column, from 0, as spreadsheets have them: `A`, `Z`, `AA`."""
    letters = ""
    column += 1
    while column:
        column, last = divmod(column - 1, _LETTERS)
        letters = chr(ord("A") + last) + letters
    return letters


def csv_lines(rows: Iterable[Iterable[str]], *, numbers: bool = False) -> bytes:
    """Rows as lines of CSV, in UTF-8.

    Args:
        numbers: whether a cell that is a number below zero stays one, as in a table of figures.
    """
    out = io.StringIO()
    csv.writer(out).writerows([_cell(cell, numbers=numbers) for cell in row] for row in rows)
    return out.getvalue().encode()


def _cell(text: str, *, numbers: bool) -> str:
    return text if numbers and _NEGATIVE.fullmatch(text) else spreadsheet_text(text)
