"""Write the table of bundled level maps into docs/reference/levels.md, from the data; `--check` only compares."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from registry.levels.bundled import bundled_maps
from registry.levels.maps import Level, LevelMap

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "levels.md"
BEGIN, END = "<!-- table -->\n", "<!-- end of the table -->\n"


def span(level: Level) -> str:
    """A level and what it stands beside, such as `8 → 6`; `~` before what is close."""
    if level.beside is None:
        return f"{level.code} → –"
    low, high = level.beside
    close = "~" if level.match.value == "close" else ""
    return f"{level.code} → {close}{low if low == high else f'{low}–{high}'}"


def levels_of(each: LevelMap) -> str:
    """All levels; those that all stand exactly beside their own number in a few words."""
    own = [level.code for level in each.levels if level.beside == (_number(level.code),) * 2]
    if len(own) == len(each.levels) and len({level.match for level in each.levels}) == 1:
        return f"{own[0]} to {own[-1]}, each {each.levels[0].match.value} beside its own number"
    if all(level.beside is None for level in each.levels):
        return f"{each.levels[0].code} to {each.levels[-1].code}, beside none"
    return ", ".join(map(span, each.levels))


def _number(code: str) -> int:
    return int(code) if code.isdigit() else 0


def rows() -> Iterator[str]:
    """The lines of the table."""
    yield "| Framework | Where | Kind | Holds | Levels | Report, source | Checked |"
    yield "|---|---|---|---|---|---|---|"
    for each in bundled_maps():
        held = f"{each.since} to {each.until}" if each.until else f"from {each.since}"
        report = each.report.title and f"{each.report.title} ({each.referenced or each.report.dated})"
        source = f"[{each.source.name}]({each.source.uri})" if each.source.uri else each.source.name
        checked = sum(level.checked for level in each.levels)
        cells = (
            f"`{each.framework}` {each.name}",
            ", ".join(each.countries) or "–",
            f"{each.kind.value}, {each.against.upper()}",
            held,
            levels_of(each),
            "; ".join(part for part in (report, source, each.note) if part),
            f"{checked} of {len(each.levels)}",
        )
        yield f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def with_table(text: str) -> str:
    """The page with the table in its place."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + "\n" + "\n".join(rows()) + "\n\n" + END + after


def main(arguments: list[str]) -> int:
    """Write the page, or say whether it is as it would be written."""
    text = PAGE.read_text(encoding="utf-8")
    made = with_table(text)
    if "--check" in arguments:
        return int(text != made)
    PAGE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
