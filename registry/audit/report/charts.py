"""Small charts as SVG, each in a figure with its table: no script, no request, colours from the page.

Every text is escaped here; whatever parties say on the chain may be passed in as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from registry.untrusted.text import html_text, marked, terminal_text

WIDTH: Final = 720
SERIES: Final = 9
"""How many colours the page has, `--series-0` and on; the tables tell apart what shares one."""

_LABEL_LENGTH = 28
_HEIGHT, _LEFT, _RIGHT, _BOTTOM, _TOP = 240, 64, 16, 44, 12
_ROW, _GAP = 20, 8
_BAR_LEFT, _BAR_RIGHT = 200, 90
_MOST_LABELS = 12


@dataclass(frozen=True, slots=True)
class Series:
    """Values under one name, one for each label of the chart."""

    name: str
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """What a chart shows.

    Attributes:
        name: identifies it in the page: letters and hyphens.
        title: what it is; says it to those who do not see it, too.
        description: what there is to see, in a sentence.
        labels: of the columns or rows.
        series: stacked on each other.
        unit: of the values, such as "credentials" or "%".
        about: the heading of the labels in the table.
    """

    name: str
    title: str
    description: str
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    unit: str
    about: str


def columns(chart: Chart) -> str:
    """A figure with a column for each label, for what happened over time."""
    totals = _totals(chart)
    top = _round_up(max(totals, default=0))
    inner = WIDTH - _LEFT - _RIGHT
    step = inner / max(1, len(chart.labels))
    floor = _HEIGHT - _BOTTOM
    parts = [*_grid(top, floor)]
    for position in range(len(chart.labels)):
        below = 0.0
        for number, series in enumerate(chart.series):
            height = _share(series.values[position], top) * (floor - _TOP)
            if height > 0:
                x, y = _LEFT + position * step + step * 0.1, floor - below - height
                parts.append(_rectangle(x, y, step * 0.8, height, number))
            below += height
    every = -(-len(chart.labels) // _MOST_LABELS)
    for position, label in enumerate(chart.labels):
        if position % every == 0:
            x = _LEFT + position * step + step / 2
            parts.append(_text(x, floor + 18, _short(label), "middle"))
    return _figure(chart, "".join(parts), _HEIGHT)


def bars(chart: Chart) -> str:
    """A figure with a bar for each label, for comparing parties or reasons."""
    totals = _totals(chart)
    top = max(totals, default=0) or 1
    inner = WIDTH - _BAR_LEFT - _BAR_RIGHT
    parts = []
    for position, label in enumerate(chart.labels):
        y = _TOP + position * (_ROW + _GAP)
        parts.append(_text(_BAR_LEFT - 8, y + _ROW * 0.75, _short(label), "end"))
        x = float(_BAR_LEFT)
        for number, series in enumerate(chart.series):
            width = _share(series.values[position], top) * inner
            if width > 0:
                parts.append(_rectangle(x, y, width, _ROW, number))
            x += width
        parts.append(_text(x + 6, y + _ROW * 0.75, f"{number_text(totals[position])}{_suffix(chart)}", "start"))
    height = _TOP + max(1, len(chart.labels)) * (_ROW + _GAP)
    return _figure(chart, "".join(parts), height)


def table(name: str, caption: str, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table with a caption; the first cell of each row is its heading, numbers are set to the right."""
    listed = list(rows)
    head = "".join(
        f'<th scope="col"{_right(listed[0][at] if listed and at else None)}>{text(each)}</th>'
        for at, each in enumerate(headings)
    )
    body = "".join(f"<tr>{_cells(row)}</tr>" for row in listed)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-labelledby="{html_text(name)}-caption">'
        f'<table><caption id="{html_text(name)}-caption">{text(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def text(value: object) -> str:
    """A value as HTML shows it: escaped, in one line, in its own direction of writing, odd names marked as such."""
    if value is None:
        return "–"
    if isinstance(value, int | float):
        return number_text(value)
    return f"<bdi>{html_text(marked(str(value)))}</bdi>"


def number_text(value: float) -> str:
    """A number with its thousands apart, and no more digits than it deserves."""
    if float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:,.2f}"


def _cells(row: Sequence[object]) -> str:
    first, *others = row
    cells = [f'<th scope="row">{text(first)}</th>']
    cells += [f"<td{_right(value)}>{text(value)}</td>" for value in others]
    return "".join(cells)


def _right(value: object) -> str:
    return ' class="number"' if isinstance(value, int | float) else ""


def _figure(chart: Chart, drawing: str, height: float) -> str:
    name = html_text(chart.name)
    several = len(chart.series) > 1
    units = (each.name if each.name.lower() == chart.unit else f"{each.name} ({chart.unit})" for each in chart.series)
    headings = (chart.about, *units)
    rows = ((label, *(each.values[position] for each in chart.series)) for position, label in enumerate(chart.labels))
    return (
        f"<figure><figcaption>{text(chart.title)}{_legend(chart) if several else ''}</figcaption>"
        f'<div class="scroll" tabindex="0" role="region" aria-labelledby="{name}-title">'
        f'<svg role="img" aria-labelledby="{name}-title {name}-desc" viewBox="0 0 {WIDTH} {height:g}" '
        f'xmlns="http://www.w3.org/2000/svg"><title id="{name}-title">{html_text(chart.title)}</title>'
        f'<desc id="{name}-desc">{html_text(chart.description)}</desc>{drawing}</svg></div>'
        f"{table(name, chart.description, headings, rows)}</figure>"
    )


def _legend(chart: Chart) -> str:
    keys = []
    for number, each in enumerate(chart.series):
        key = f'<svg viewBox="0 0 12 12" aria-hidden="true">{_rectangle(0, 0, 12, 12, number)}</svg>'
        keys.append(f"<li>{key} {text(each.name)}</li>")
    return f'<ul class="legend">{"".join(keys)}</ul>'


def _grid(top: float, floor: float) -> Iterable[str]:
    for part in range(5):
        value = top * part / 4
        y = floor - (floor - _TOP) * part / 4
        yield f'<line class="grid" x1="{_LEFT}" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield _text(_LEFT - 8, y + 4, number_text(value), "end")


def _rectangle(x: float, y: float, width: float, height: float, number: int) -> str:
    return f'<rect class="series-{number % SERIES}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"/>'


def _text(x: float, y: float, label: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{html_text(label)}</text>'


def _short(label: str) -> str:
    return terminal_text(label, _LABEL_LENGTH)


def _suffix(chart: Chart) -> str:
    return " %" if chart.unit == "%" else ""


def _totals(chart: Chart) -> list[float]:
    return [sum(each.values[position] for each in chart.series) for position in range(len(chart.labels))]


def _share(value: float, top: float) -> float:
    return value / top if top else 0.0


def _round_up(value: float) -> float:
    """The next number that a scale of four parts shows without many digits."""
    if value <= 4:
        return 4.0
    size = 10.0 ** (len(str(int(value))) - 1)
    return next(size * each for each in (1, 2, 4, 6, 8, 10) if size * each >= value)
