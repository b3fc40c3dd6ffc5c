"""What pages draw: places and sizes, worked out from the members that the API tells. The templates draw it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from registry.audit.report.charts import Chart, Drawing, Label, Series, bars, columns
from registry.timestamps import read_timestamp
from registry.untrusted.text import terminal_text

MOST_ROWS: Final = 25
MOST_MONTHS: Final = 48
MOST_TREND: Final = 16
"""Periods of one of many charts on a page."""

_WIDTH: Final = 720
# A timeline: names at the left, two lanes in each row.
_LEFT, _RIGHT, _TOP, _ROW, _LANE, _AXIS = 110, 20, 8, 44, 14, 26
_TICKS: Final = 4
_AHEAD: Final = timedelta(days=365)
"""How far beyond the last change a timeline goes: an end in the year 9999 would leave no room for anything else."""
# A network: three columns of boxes.
_BOX_WIDTH, _BOX_HEIGHT, _GAP, _COLUMN = 190, 26, 14, 260
_NAME_LENGTH: Final = 26


def bar_chart(name: str, title: str, description: str, counts: Mapping[str, float], unit: str, about: str) -> Drawing:
    """A bar for each, the longest first, no more than `MOST_ROWS`."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST_ROWS]
    labels, values = tuple(str(label) for label, _ in ordered), tuple(float(value) for _, value in ordered)
    return bars(Chart(name, title, description, labels, (Series(unit.capitalize(), values),), unit, about))


def stacked_chart(
    name: str, title: str, description: str, rows: Iterable[tuple[str, Sequence[float]]], series: Sequence[str],
    unit: str, about: str,
) -> Drawing:  # fmt: skip
    """A bar of several parts for each, the longest first, no more than `MOST_ROWS`."""
    ordered = sorted(rows, key=lambda row: (-sum(row[1]), row[0]))[:MOST_ROWS]
    parts = tuple(Series(each, tuple(float(row[1][at]) for row in ordered)) for at, each in enumerate(series))
    return bars(Chart(name, title, description, tuple(label for label, _ in ordered), parts, unit, about))


def month_chart(
    name: str, title: str, description: str, months: Sequence[Mapping[str, Any]], member: str, unit: str, about: str
) -> Drawing:
    """A column for each month, no more than the last `MOST_MONTHS`."""
    last = months[-MOST_MONTHS:]
    values = tuple(float(each[member]) for each in last)
    series = (Series(unit.capitalize(), values),)
    return columns(Chart(name, title, description, tuple(each["month"] for each in last), series, unit, about))


def trend_chart(name: str, title: str, trend: Sequence[Mapping[str, Any]], unit: str) -> Drawing:
    """A column for each period that has data, no more than the last `MOST_TREND`.

    Args:
        trend: of which some has data, and none is below zero: a column cannot show that.
    """
    known = [each for each in trend if each["value"] is not None]
    without = len(trend) - len(known)
    known = known[-MOST_TREND:]
    values = tuple(float(each["value"]) for each in known)
    told = f"From {known[0]['period']} to {known[-1]['period']}."
    if without:
        told += f" {without} periods have no data and are left out."
    series = (Series(unit.capitalize(), values),)
    labels = tuple(str(each["period"]) for each in known)
    return columns(Chart(f"{name}-trend", title, told, labels, series, unit, "Period"))


@dataclass(frozen=True, slots=True)
class Mark:
    """A change in a timeline: where it was recorded, and from where it holds, in lanes of their own."""

    recorded: float
    effective: float
    state: str


@dataclass(frozen=True, slots=True)
class Row:
    """One accreditation: its period, from and to, and its changes; `y` is that of the upper lane."""

    y: float
    label: str
    begin: float
    end: float
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Timeline:
    """What is drawn of accreditations over time; `now` is where the block of the page is."""

    width: int
    height: float
    rows: tuple[Row, ...]
    ticks: tuple[Label, ...]
    now: float
    lane: int = _LANE


def timeline(links: Sequence[Mapping[str, Any]], now: str) -> Timeline:
    """The changes of accreditations by both clocks.

    Args:
        links: as the API tells them, not none.
        now: the time of the block.
    """
    told = [
        (
            link,
            [
                (read_timestamp(change["recordedAt"]), read_timestamp(change["effectiveFrom"]), change["state"])
                for change in link["changes"]
            ],
        )
        for link in links
    ]
    moment = read_timestamp(now)
    known = [moment, *(recorded for _, changes in told for recorded, _, _ in changes)]
    begins = [read_timestamp(link["validFrom"]) for link in links]
    effective = [at for _, changes in told for _, at, _ in changes]
    last = _later(max(known), _AHEAD)
    first = min([*known, *(each for each in (*begins, *effective) if each < last)])
    across = max((last - first).total_seconds(), 1.0)

    def at(when: datetime) -> float:
        share = (min(max(when, first), last) - first).total_seconds() / across
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    rows = tuple(
        Row(
            _TOP + number * _ROW + _LANE,
            str(link["id"]),
            at(read_timestamp(link["validFrom"])),
            at(read_timestamp(link["validUntil"])) if link["validUntil"] else at(last),
            tuple(Mark(at(recorded), at(holds), state) for recorded, holds, state in changes),
        )
        for number, (link, changes) in enumerate(told)
    )
    height = _TOP + len(rows) * _ROW + _AXIS
    ticks = tuple(
        Label(at(first + timedelta(seconds=across * part / _TICKS)), height - 8, _day(first, across, part), anchor)
        for part, anchor in zip(range(_TICKS + 1), ("start", *["middle"] * (_TICKS - 1), "end"), strict=True)
    )
    return Timeline(_WIDTH, height, rows, ticks, at(moment))


def _later(moment: datetime, by: timedelta) -> datetime:
    try:
        return moment + by
    except OverflowError:
        return moment


def _day(first: datetime, across: float, part: int) -> str:
    return f"{first + timedelta(seconds=across * part / _TICKS):%Y-%m-%d}"


@dataclass(frozen=True, slots=True)
class Node:
    """A party in a network, as a box."""

    x: float
    y: float
    label: str
    width: int = _BOX_WIDTH
    height: int = _BOX_HEIGHT


@dataclass(frozen=True, slots=True)
class Edge:
    """What one says of another: a curve (`d` of an SVG path) with its end at whom it is said of."""

    path: str
    x: float
    y: float
    kind: str


@dataclass(frozen=True, slots=True)
class Network:
    """Parties in three columns: those of whom nobody says anything, those in between, those who say nothing."""

    width: int
    height: float
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


def network(links: Sequence[Mapping[str, Any]], names: Mapping[int, str]) -> Network:
    """Who says what of whom.

    Args:
        links: as the API tells them.
        names: of the parties, by number.
    """
    bodies, holders = {link["body"] for link in links}, {link["holder"] for link in links}
    places: dict[int, tuple[int, int]] = {}
    kinds = {party: (party in holders, party not in bodies) for party in sorted(bodies | holders)}
    # Of the three columns those that somebody is in.
    used = sorted(set(kinds.values()))
    filled = [0] * len(used)
    for party, kind in kinds.items():
        column = used.index(kind)
        places[party] = column, filled[column]
        filled[column] += 1
    nodes = tuple(
        Node(column * _COLUMN, row * (_BOX_HEIGHT + _GAP), _label(party, names))
        for party, (column, row) in places.items()
    )
    edges = tuple(_edge(places[link["body"]], places[link["holder"]], link["kind"]) for link in links)
    height = max([1, *filled]) * (_BOX_HEIGHT + _GAP)
    return Network((len(used) - 1) * _COLUMN + _BOX_WIDTH + 60, height, nodes, edges)


def _label(party: int, names: Mapping[int, str]) -> str:
    return terminal_text(f"{party} {names.get(party, '')}", _NAME_LENGTH)


def _edge(start: tuple[int, int], end: tuple[int, int], kind: str) -> Edge:
    x1, y1 = start[0] * _COLUMN + _BOX_WIDTH, start[1] * (_BOX_HEIGHT + _GAP) + _BOX_HEIGHT / 2
    # In the same column, or back: around the right side.
    ahead = end[0] > start[0]
    x2 = end[0] * _COLUMN + (0 if ahead else _BOX_WIDTH)
    y2 = end[1] * (_BOX_HEIGHT + _GAP) + _BOX_HEIGHT / 2
    bend = (x2 - x1) / 2 if ahead else 50
    turned = x2 - bend if ahead else x2 + bend
    return Edge(f"M{x1:.0f} {y1:.0f}C{x1 + bend:.0f} {y1:.0f} {turned:.0f} {y2:.0f} {x2:.0f} {y2:.0f}", x2, y2, kind)
