"""Writes docs/reference/interop.md from the rows that the tests of `tests/interop/` hold against what they find.

python -m scripts.build_interop
"""

from __future__ import annotations

from tests.interop.rows import PAGE, all_rows, page


def main() -> None:
    """Overwrite the page."""
    PAGE.write_text(page(all_rows()), encoding="utf-8")


if __name__ == "__main__":
    main()
