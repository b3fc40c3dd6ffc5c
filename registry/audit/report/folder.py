"""A report as a folder of its own, for whoever keeps one audit after the other and shows them to others."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

from registry.audit.findings import Audit
from registry.audit.report.as_csv import write_csv
from registry.audit.report.as_html import write_html
from registry.audit.report.as_json import content
from registry.audit.report.tables import COLUMNS
from registry.errors import StoreError
from registry.timestamps import write_timestamp

JSON_FILE: Final = "audit.json"
HTML_FILE: Final = "audit.html"
FILES: Final = (HTML_FILE, JSON_FILE, *(f"{name}.csv" for name in COLUMNS))
NAME: Final = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9]{1,18}(?:-issuer-[0-9]{1,18})?(?:-from-[0-9]{1,18})?", re.ASCII)
"""Of a report: the time of its block, so that names are in the order of time; the block; and what it is limited to."""
_UNFINISHED: Final = ".unfinished"


def name_of(audit: Audit) -> str:
    """The name of its folder: the same for what was asked of the same block."""
    block, asked = audit.block, audit.asked
    return name_for(write_timestamp(block.timestamp), block.number, asked.issuer, asked.since)


def name_for(moment: str, block: int, issuer: int | None, since: int) -> str:
    """The name of the folder of a report that says this of itself.

    Args:
        moment: of the block, as `write_timestamp` has it.
    """
    whose = "" if issuer is None else f"-issuer-{issuer}"
    from_block = f"-from-{since}" if since else ""
    return f"{re.sub('[-:]', '', moment)}-{block}{whose}{from_block}"


def write_report(audit: Audit, kept: Path) -> list[Path]:
    """Write all forms of a report to a folder among others; the files.

    Its JSON comes last and at once: a folder without it is a report that is not whole yet.

    Raises:
        StoreError: it cannot be written.
    """
    folder = kept / name_of(audit)
    whole = folder / JSON_FILE
    unfinished = folder / f"{JSON_FILE}{_UNFINISHED}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        whole.unlink(missing_ok=True)
        written = write_csv(audit, folder)
        write_html(audit, folder / HTML_FILE)
        unfinished.write_text(json.dumps(content(audit), default=str, indent=2) + "\n", encoding="ascii")
        unfinished.replace(whole)
    except OSError as error:
        raise StoreError(
            f"the report cannot be written: {error.strerror}", where=str(folder), code="unwritable"
        ) from None
    return [*written, folder / HTML_FILE, whole]
