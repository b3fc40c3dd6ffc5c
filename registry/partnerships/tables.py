"""Tables of counts with cells left out, and what can be worked out about those from the rest.

Pure. A table has rows and, or not, columns; its sums are published or left out as the cells are. It is a network: each
count flows from its row to its column, so that what a cell can be, given all that is published, follows from largest
flows, in whole numbers, without trying (see L. H. Cox, "Network models for complementary cell suppression", Journal of
the American Statistical Association 90, 1995). Nobody outside knows more than that counts are whole and not negative.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

K: Final = 10
"""No count of fewer people is published, and none that may be as small is known to within less than this."""
MOST_CATEGORIES: Final = 40
MOST_CELLS: Final = 200
MOST_COUNT: Final = 2**53 - 1
"""Largest integer that every JSON reader keeps (RFC 7493 section 2.2)."""

Count = int | None
"""None where it is left out."""


class Place(NamedTuple):
    """A cell by row and column, or a sum: of a row (no column), of a column (no row), of all (neither)."""

    row: int | None
    column: int | None


@dataclass(frozen=True, slots=True)
class Table:
    """Counts of one thing by one or two dimensions.

    Attributes:
        rows, columns: the dimension and its categories; no columns in a table of one dimension.
        cells: by row, then by column; one a row without columns.
        row_totals, column_totals: empty without columns.
    """

    rows: tuple[str, tuple[str, ...]]
    columns: tuple[str, tuple[str, ...]] | None
    cells: tuple[tuple[Count, ...], ...]
    row_totals: tuple[Count, ...]
    column_totals: tuple[Count, ...]
    total: Count

    @classmethod
    def summed(
        cls, rows: tuple[str, tuple[str, ...]], columns: tuple[str, tuple[str, ...]] | None,
        cells: tuple[tuple[int, ...], ...],
    ) -> Table:  # fmt: skip
        """A table of which everything is known, with its sums."""
        total = sum(map(sum, cells))
        if columns is None:
            return cls(rows, None, cells, (), (), total)
        sides = tuple(map(sum, cells)), tuple(map(sum, zip(*cells, strict=True)))
        return cls(rows, columns, cells, *sides, total)

    def places(self) -> Iterator[Place]:
        """Every cell, then every sum."""
        for row, counts in enumerate(self.cells):
            for column in range(len(counts)):
                yield Place(row, column)
        if self.columns is not None:
            yield from (Place(row, None) for row in range(len(self.row_totals)))
            yield from (Place(None, column) for column in range(len(self.column_totals)))
        yield Place(None, None)

    def __getitem__(self, place: Place) -> Count:
        row, column = place
        if row is not None:
            return self.row_totals[row] if column is None else self.cells[row][column]
        return self.total if column is None else self.column_totals[column]

    def given(self, values: Mapping[Place, Count]) -> Table:
        """The same with other counts at some places."""

        def at(place: Place) -> Count:
            return values[place] if place in values else self[place]

        return replace(
            self,
            cells=tuple(
                tuple(at(Place(row, column)) for column in range(len(counts))) for row, counts in enumerate(self.cells)
            ),
            row_totals=tuple(at(Place(row, None)) for row in range(len(self.row_totals))),
            column_totals=tuple(at(Place(None, column)) for column in range(len(self.column_totals))),
            total=at(Place(None, None)),
        )

    def without(self, places: Collection[Place]) -> Table:
        """The same with these left out."""
        return self.given(dict.fromkeys(places))

    def left_out(self) -> list[Place]:
        """The places without a count."""
        return [place for place in self.places() if self[place] is None]


class Bounds(NamedTuple):
    """What a place that is left out can be; `high` is None where nothing bounds it.

    Both are exact as far as `K` from `example`, which is one value that it can have; farther they are not worked out.
    """

    low: int
    high: int | None
    example: int

    @property
    def room(self) -> int:
        """How many values it can have besides one, no more than 2 `K`."""
        return 2 * K if self.high is None else self.high - self.low

    @property
    def is_given_away(self) -> bool:
        """Whether it is known too well: one that is surely not small may be known."""
        return self.low < K and self.room < K


class Impossible(ValueError):
    """No counts agree with what is published."""


class _Network:
    """The residual network of a table with counts that agree with what is published.

    Nodes: a source for all, one for each row, one for each column, and a sink. What is published cannot change.
    """

    def __init__(self, table: Table):
        self.arcs: dict[Place, tuple[int, int]] = {}
        rows = len(table.cells)
        source, sink = 0, 1 + rows + len(table.column_totals)
        for place in table.places():
            row, column = place
            if table.columns is None:
                ends = (source, sink) if row is not None else (sink, source)
            elif row is not None:
                ends = (source, 1 + row) if column is None else (1 + row, 1 + rows + column)
            else:
                ends = (sink, source) if column is None else (1 + rows + column, sink)
            self.arcs[place] = ends
        self.size = sink + 1
        self.flow = {place: table[place] or 0 for place in self.arcs}
        self.free = [place for place in self.arcs if table[place] is None]
        # By node, the free arcs that leave it and those that come in.
        self.leaving: list[list[Place]] = [[] for _ in range(self.size + 2)]
        self.coming: list[list[Place]] = [[] for _ in range(self.size + 2)]
        for place in self.free:
            start, end = self.arcs[place]
            self.leaving[start].append(place)
            self.coming[end].append(place)

    def balance(self) -> None:
        """Find counts for what is left out; raises `Impossible` where there are none."""
        excess = [0] * self.size
        for place, (start, end) in self.arcs.items():
            excess[end] += self.flow[place]
            excess[start] -= self.flow[place]
        for start in range(self.size):
            while excess[start] > 0:
                path = self._path(start, lambda node: excess[node] < 0)
                if path is None:
                    raise Impossible
                end = path[-1][2]
                amount = min(excess[start], -excess[end], self._room(path))
                self._push(path, amount)
                excess[start] -= amount
                excess[end] += amount

    def bounds(self, place: Place) -> Bounds:
        """Of a place that is left out, as far as `K` from the counts that were found."""
        start, end = self.arcs[place]
        found = self.flow[place]
        more = self._most(end, start, place)
        less = self._most(start, end, place, most=min(K, found))
        unbounded = more >= K
        return Bounds(found - less, None if unbounded and self._is_unbounded(place) else found + more, found)

    def _is_unbounded(self, place: Place) -> bool:
        start, end = self.arcs[place]
        # Arcs forward have room without end: a path of them alone bounds nothing.
        seen, waiting = {end}, deque([end])
        while waiting:
            node = waiting.popleft()
            if node == start:
                return True
            for each in self.leaving[node]:
                if each != place and self.arcs[each][1] not in seen:
                    seen.add(self.arcs[each][1])
                    waiting.append(self.arcs[each][1])
        return False

    def _most(self, start: int, end: int, but: Place, most: int = K) -> int:
        """The largest flow from one node to another besides an arc, up to a bound; what was found stays as it is."""
        before = dict(self.flow)
        pushed = 0
        while pushed < most:
            path = self._path(start, lambda node: node == end, but)
            if path is None:
                break
            amount = min(most - pushed, self._room(path))
            self._push(path, amount)
            pushed += amount
        self.flow = before
        return pushed

    def _path(
        self, start: int, is_end: Callable[[int], bool], but: Place | None = None
    ) -> list[tuple[Place, int, int]] | None:
        """The shortest way along arcs that can have more, or backward along those that can have less.

        Each step is the arc, +1 or -1, and the node that it comes to.
        """
        came: dict[int, tuple[Place, int, int]] = {}
        waiting, seen = deque([start]), {start}
        while waiting:
            node = waiting.popleft()
            if node != start and is_end(node):
                steps: list[tuple[Place, int, int]] = []
                while node != start:
                    place, sign, before = came[node]
                    steps.append((place, sign, node))
                    node = before
                return steps[::-1]
            for place in self.leaving[node]:
                self._step(place, 1, self.arcs[place][1], node, but, came, seen, waiting)
            for place in self.coming[node]:
                if self.flow[place] > 0:
                    self._step(place, -1, self.arcs[place][0], node, but, came, seen, waiting)
        return None

    @staticmethod
    def _step(
        place: Place, sign: int, to: int, node: int, but: Place | None,
        came: dict[int, tuple[Place, int, int]], seen: set[int], waiting: deque[int],
    ) -> None:  # fmt: skip
        if place != but and to not in seen:
            seen.add(to)
            came[to] = place, sign, node
            waiting.append(to)

    def _room(self, path: list[tuple[Place, int, int]]) -> int:
        return min([self.flow[place] for place, sign, _ in path if sign < 0], default=4 * MOST_COUNT)

    def _push(self, path: list[tuple[Place, int, int]], amount: int) -> None:
        for place, sign, _ in path:
            self.flow[place] += sign * amount


def bounds_of(table: Table) -> dict[Place, Bounds]:
    """What each place that is left out can be, given all that is published in the table.

    Raises:
        Impossible: the published counts contradict each other.
    """
    network = _Network(table)
    network.balance()
    return {place: network.bounds(place) for place in network.free}


def given_away(table: Table) -> Iterator[Place]:
    """The places left out of which the rest says too much; raises as `bounds_of`."""
    network = _Network(table)
    network.balance()
    return (place for place in network.free if network.bounds(place).is_given_away)


def suppressed(table: Table) -> Table:
    """A whole table without its small counts, and without as many others as keep those from being worked out.

    What is left out besides is the smallest count beside one that is given away.

    Args:
        table: with all its counts and sums.
    """
    made = table.without({place for place in table.places() if (table[place] or 0) < K})
    while (away := next(given_away(made), None)) is not None:
        made = made.without({_beside(made, away)})
    return made


def _beside(table: Table, place: Place) -> Place:
    """What to leave out for a place: the smallest count that closes a ring of such counts, else the smallest in its row
    or column, else the next sum.
    """
    row, column = place
    published = [each for each in table.places() if table[each] is not None]
    cells = [each for each in table.left_out() if None not in each]
    rows, columns = {each.row for each in cells}, {each.column for each in cells}
    ring = [each for each in published if each.row in rows and each.column in columns]
    near = [each for each in published if _shares(each, row, column)]
    return min(ring or near or published, key=lambda each: (None in each, table[each] or 0, str(each)))


def _shares(other: Place, row: int | None, column: int | None) -> bool:
    return (other.row == row) != (other.column == column) or (other.row == row and other.column == column)
