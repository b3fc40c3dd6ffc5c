"""Small charts, as the places and sizes of what is drawn in them; the templates draw it, with colours from the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from registry.untrusted.text import terminal_text

WIDTH: Final = 720
SERIES: Final = 9
"""How many colours the page has, `--series-0` and on; the tables tell apart what shares one."""

_LABEL_LENGTH = 28
_HEIGHT, _LEFT, _RIGHT, _BOTTOM, _TOP = 240, 64, 16, 44, 12
_ROW, _GAP = 20, 8
_BAR_LEFT, _BAR_RIGHT = 200, 90
_MOST_LABELS = 12
_FEWEST_COLUMNS = 4


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


@dataclass(frozen=True, slots=True)
class Listing:
    """A table of the page.

    Attributes:
        name: identifies it in the page, as that of a chart does.
        rows: text is shown as such, numbers with their thousands apart; None is nothing.
        nothing: what is said in its place when it has no rows.
    """

    name: str
    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    nothing: str = ""


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A part of a column or bar, in the colour of its series."""

    x: float
    y: float
    width: float
    height: float
    colour: int


@dataclass(frozen=True, slots=True)
class Label:
    """A text; `anchor` says which end of it is at the place: "start", "middle" or "end"."""

    x: float
    y: float
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart with all that is drawn in it; `lines` are the heights of those that go across."""

    chart: Chart
    height: int
    rectangles: tuple[Rectangle, ...]
    labels: tuple[Label, ...]
    lines: tuple[float, ...] = ()
    left: int = _LEFT
    width: int = WIDTH

    @property
    def colours(self) -> list[tuple[int, str]]:
        """The colour of each series and its name."""
        return [(number % SERIES, each.name) for number, each in enumerate(self.chart.series)]

    @property
    def listing(self) -> Listing:
        """The table that says what the chart draws."""
        name, unit, series = self.chart.name, self.chart.unit, self.chart.series
        named = (each.name if each.name.lower() == unit else f"{each.name} ({unit})" for each in series)
        rows = tuple(zip(self.chart.labels, *(each.values for each in series), strict=True))
        return Listing(name, self.chart.description, (self.chart.about, *named), rows)


def columns(chart: Chart) -> Drawing:
    """A column for each label, for what happened over time; bars where there are few, which take less room."""
    if len(chart.labels) < _FEWEST_COLUMNS:
        return bars(chart)
    top = _round_up(max(_totals(chart), default=0))
    step = (WIDTH - _LEFT - _RIGHT) / max(1, len(chart.labels))
    floor = _HEIGHT - _BOTTOM
    lines = tuple(floor - (floor - _TOP) * part / 4 for part in range(5))
    labels = [Label(_LEFT - 8, y + 4, number_text(top * part / 4), "end") for part, y in enumerate(lines)]
    rectangles = []
    for position in range(len(chart.labels)):
        below = 0.0
        for number, series in enumerate(chart.series):
            height = _share(series.values[position], top) * (floor - _TOP)
            if height > 0:
                x, y = _LEFT + position * step + step * 0.1, floor - below - height
                rectangles.append(Rectangle(x, y, step * 0.8, height, number % SERIES))
            below += height
    every = -(-len(chart.labels) // _MOST_LABELS)
    for position, label in enumerate(chart.labels):
        if position % every == 0:
            labels.append(Label(_LEFT + position * step + step / 2, floor + 18, _short(label), "middle"))
    return Drawing(chart, _HEIGHT, tuple(rectangles), tuple(labels), lines)


def bars(chart: Chart) -> Drawing:
    """A bar for each label, for comparing parties or reasons."""
    totals = _totals(chart)
    top = max(totals, default=0) or 1
    rectangles, labels = [], []
    for position, label in enumerate(chart.labels):
        y = _TOP + position * (_ROW + _GAP)
        labels.append(Label(_BAR_LEFT - 8, y + _ROW * 0.75, _short(label), "end"))
        x = float(_BAR_LEFT)
        for number, series in enumerate(chart.series):
            width = _share(series.values[position], top) * (WIDTH - _BAR_LEFT - _BAR_RIGHT)
            if width > 0:
                rectangles.append(Rectangle(x, y, width, _ROW, number % SERIES))
            x += width
        suffix = " %" if chart.unit == "%" else ""
        labels.append(Label(x + 6, y + _ROW * 0.75, f"{number_text(totals[position])}{suffix}", "start"))
    height = _TOP + max(1, len(chart.labels)) * (_ROW + _GAP)
    return Drawing(chart, height, tuple(rectangles), tuple(labels))


def number_text(value: float) -> str:
    """A number with its thousands apart, and no more digits than it deserves."""
    if float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:,.2f}"


def _short(label: str) -> str:
    return terminal_text(label, _LABEL_LENGTH)


def _totals(chart: Chart) -> list[float]:
    return [sum(each.values[position] for each in chart.series) for position in range(len(chart.labels))]


def _share(value: float, top: float) -> float:
    return value / top if top else 0.0


def _round_up(value: float) -> float:
    """The next number that a scale of four parts shows without many digits, nor a part of what is whole."""
    size = 10 ** (len(str(int(value))) - 1)
    steps = (size * each for each in (1, 2, 4, 6, 8, 10, 12))
    return float(next(step for step in steps if step >= value and step % 4 == 0))
