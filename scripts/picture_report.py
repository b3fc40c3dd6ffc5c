"""Draw the first page of the yearly report as the docs show it, from the figures of its how-to.

    PYTHONPATH=. python scripts/picture_report.py

Needs the extra `issuing`. Writes docs/how-to/pictures/yearly-report.png, by the same template as the PDF.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from anchor.books.trees import trees_of
from anchor.reporting.figures import filter_of, local
from anchor.reporting.keeping import kept_documents
from anchor.reporting.report import Asked, content_of, first_page
from anchor.serving import index_of
from registry.partnerships.periods import read_period
from tests.docs.reader import Reader, steps
from tests.docs.test_documented_commands import partners

REPOSITORY: Final = Path(__file__).parents[1]
PICTURE: Final = REPOSITORY / "docs/how-to/pictures/yearly-report.png"
PPI: Final = 60.0


def main() -> int:
    """Do what the two how-tos say, and draw."""
    from anchor.settings import load_settings
    from anchor.workspace import Workspace

    with TemporaryDirectory() as name:
        reader = Reader(Path(name) / "reader")
        partners(reader)
        for step in steps(REPOSITORY / "docs/how-to/record-a-partnership.md"):
            reader.writes(step.settings)
            reader.does(step.command)
        settings = load_settings(reader.folder / "testamur.toml")
        with Workspace(settings, read_only=True) as workspace:
            found = local(index_of(workspace), trees_of(settings), lambda: kept_documents(settings))
            asked = Asked(
                read_period(f"{found.now.year}"), filter_of(None, None, None, None), "en", "Ministry of Education"
            )
            PICTURE.write_bytes(first_page(content_of(found, asked, workspace.contract_address), asked, PPI))
        reader.ends()
    print(f"{PICTURE}: {PICTURE.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
