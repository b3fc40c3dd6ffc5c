"""An audit as CSV files, one a table, that a spreadsheet shows and does not run."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from registry.audit.findings import Audit
from registry.audit.report.tables import tables
from registry.errors import StoreError
from registry.untrusted.text import LONGEST, spreadsheet_text, terminal_text


def write_csv(audit: Audit, folder: Path) -> list[Path]:
    """Write `<table>.csv` (UTF-8, RFC 4180) for each table; the files.

    Raises:
        StoreError: they cannot be written.
    """
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in tables(audit).items():
            path = folder / f"{name}.csv"
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file)
                writer.writerow(table.columns)
                writer.writerows([cell(value) for value in row] for row in table.rows)
            written.append(path)
    except OSError as error:
        raise StoreError(
            f"the tables cannot be written: {error.strerror}", where=str(folder), code="unwritable"
        ) from None
    return written


def cell(value: Any) -> Any:
    """A value as a spreadsheet may have it: text that would be a formula gets an apostrophe in front."""
    if not isinstance(value, str):
        return value
    return spreadsheet_text(terminal_text(value, LONGEST))
