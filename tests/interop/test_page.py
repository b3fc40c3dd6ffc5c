"""The page of the matrix is that of the run."""

from __future__ import annotations

from tests.interop.rows import PAGE, all_rows, page


def test_the_page_is_what_the_run_found() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(all_rows()), "run `python -m scripts.build_interop`"


def test_no_line_is_there_twice() -> None:
    rows = [(row.section, row.file, row.reader) for row in all_rows()]
    assert len(set(rows)) == len(rows)
