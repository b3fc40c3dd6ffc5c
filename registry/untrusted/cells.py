"""CSV (RFC 4180) that a spreadsheet shows as it is: no cell of a stranger becomes a formula (CWE-1236)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from registry.untrusted.text import spreadsheet_text


def csv_lines(rows: Iterable[Iterable[str]]) -> bytes:
    """Rows as lines of CSV, in UTF-8."""
    out = io.StringIO()
    csv.writer(out).writerows([spreadsheet_text(cell) for cell in row] for row in rows)
    return out.getvalue().encode()
