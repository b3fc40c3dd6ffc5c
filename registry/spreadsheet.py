"""CSV (RFC 4180) that a spreadsheet shows as it is: no cell of a stranger becomes a formula (CWE-1236)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Final

# With these, also behind spaces, a spreadsheet takes a cell for a formula.
_FORMULA: Final = tuple("=+-@\t\r\n＝＋－＠")


def safe_cell(text: str) -> str:
    """The text, with an apostrophe before it where it would be a formula."""
    return f"'{text}" if text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA) else text


def csv_lines(rows: Iterable[Iterable[str]]) -> bytes:
    """Rows as lines of CSV, in UTF-8."""
    out = io.StringIO()
    csv.writer(out).writerows([safe_cell(cell) for cell in row] for row in rows)
    return out.getvalue().encode()
