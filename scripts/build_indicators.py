"""Write the indicators into docs/reference/insights.md, from `registry.partnerships.definitions`.

python scripts/build_indicators.py [--check]
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from registry.partnerships.definitions import INDICATORS, Indicator

PAGE: Final = Path(__file__).parents[1] / "docs" / "reference" / "insights.md"
BEGINS: Final = "<!-- indicators: written by scripts/build_indicators.py -->\n"
ENDS: Final = "<!-- end of the indicators -->\n"


def section() -> str:
    """The part of the page between the marks."""
    return "\n".join(line for each in INDICATORS for line in _told(each))


def _told(each: Indicator) -> Iterator[str]:
    yield f"### `{each.id}`\n"
    yield f"**{each.title}**, in {each.unit.value}. {each.definition}\n"
    yield "| | |"
    yield "|---|---|"
    yield f"| Formula | {each.formula} |"
    yield f"| Counted (`numerator`) | {each.numerator} |"
    yield f"| Out of (`denominator`) | {each.denominator} |"
    if each.parts:
        yield f"| Parts | {each.parts} |"
    yield f"| Cannot show | {each.cannot_show} |"
    yield f"| Source | {each.source} |"
    yield f"| Defined so since | {each.since} |"
    yield ""


def page() -> str:
    """The whole page with the part as it is now."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGINS)
    _, _, after = rest.partition(ENDS)
    return f"{before}{BEGINS}\n{section()}\n{ENDS}{after}"


def main() -> int:
    """Write the page, or say whether it is as it would be written."""
    made = page()
    if "--check" in sys.argv[1:]:
        return int(made != PAGE.read_text(encoding="utf-8"))
    PAGE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
