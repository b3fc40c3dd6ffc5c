"""Suppressed tables against a slow reference that tries every table there could be."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from registry.partnerships.tables import Impossible, K, Place, Table, bounds_of, given_away, suppressed

GENDER = ("gender", ("women", "men", "other"))
FIRST = ("first-generation", ("yes", "no"))
MOST = 14


def categories(name: str, count: int) -> tuple[str, tuple[str, ...]]:
    return name, tuple(f"{name}-{number}" for number in range(count))


def all_tables(table: Table) -> Iterator[Table]:
    """Every whole table that agrees with what is published, cell by cell; its total has to be published."""
    total = table.total
    assert total is not None
    open_cells = [place for place in table.places() if None not in place and table[place] is None]
    for values in product(range(total + 1), repeat=len(open_cells)):
        filled = table.given(dict(zip(open_cells, values, strict=True)))
        cells = tuple(tuple(count or 0 for count in row) for row in filled.cells)
        whole = Table.summed(table.rows, table.columns, cells)
        if all(table[place] in (None, whole[place]) for place in table.places()):
            yield whole


@st.composite
def published(draw: st.DrawFn, most: int = MOST, height: int = 3, width: int = 2) -> tuple[Table, Table]:
    """A table, and the same with some of its counts left out, but for the total."""
    rows = categories("rows", draw(st.integers(2, height)))
    columns = draw(st.sampled_from([None, categories("columns", width)]))
    counts = st.integers(0, most // 4)
    cells = tuple(tuple(draw(counts) for _ in (columns[1] if columns else "1")) for _ in rows[1])
    whole = Table.summed(rows, columns, cells)
    left_out = draw(st.sets(st.sampled_from([place for place in whole.places() if place != Place(None, None)])))
    assume(len([place for place in left_out if None not in place]) <= 4)
    return whole, whole.without(left_out)


@settings(deadline=None, max_examples=120)
@given(tables=published())
def test_what_is_left_out_can_be_just_what_some_table_has(tables: tuple[Table, Table]) -> None:
    _, told = tables
    there = list(all_tables(told))
    for place, bounds in bounds_of(told).items():
        values = {table[place] or 0 for table in there}
        assert bounds.example in values
        assert bounds.low == max(min(values), bounds.example - K)
        assert bounds.high == min(max(values), bounds.example + K)


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_no_small_count_is_known_to_within_less_than_ten(data: st.DataObject) -> None:
    height, width = data.draw(st.integers(2, 5)), data.draw(st.sampled_from([0, 2, 3, 4]))
    rows, columns = categories("rows", height), categories("columns", width) if width else None
    counts = st.integers(0, 12) | st.integers(0, 200)
    cells = tuple(tuple(data.draw(counts) for _ in range(width or 1)) for _ in range(height))
    whole = Table.summed(rows, columns, cells)
    told = suppressed(whole)
    for place in whole.places():
        assert told[place] in (None, whole[place])
        assert (whole[place] or 0) >= K or told[place] is None
    assert not list(given_away(told))
    bounds = bounds_of(told)
    assert all(bounds[place].room >= K for place in bounds if (whole[place] or 0) < K)


def test_a_total_does_not_give_the_one_cell_away_that_is_left_out() -> None:
    whole = Table.summed(GENDER, None, ((120,), (98,), (3,)))
    alone = whole.without({Place(2, 0)})
    assert list(given_away(alone)) == [Place(2, 0)]
    assert bounds_of(alone)[Place(2, 0)] == (3, 3, 3)
    assert suppressed(whole).cells == ((120,), (None,), (None,))


def test_sums_of_rows_and_columns_do_not_give_a_cell_away_together() -> None:
    """Two in a row and two in a column are not enough where a ring of others closes them."""
    whole = Table.summed(GENDER, FIRST, ((120, 30), (98, 41), (3, 12)))
    without = whole.without({Place(2, 0), Place(2, 1), Place(1, 0)})
    assert Place(2, 0) in list(given_away(without))
    told = suppressed(whole)
    assert not list(given_away(told))
    assert (told.total, told.row_totals) == (304, (150, 139, 15))


def test_without_its_total_a_cell_can_be_any_number() -> None:
    whole = Table.summed(FIRST, None, ((40,), (50,)))
    told = whole.without({Place(0, 0), Place(None, None)})
    assert bounds_of(told)[Place(0, 0)].high is None


def test_a_table_of_few_people_keeps_nothing() -> None:
    assert set(suppressed(Table.summed(GENDER, FIRST, ((1, 2), (1, 0), (3, 1)))).left_out()) == set(
        Table.summed(GENDER, FIRST, ((1, 2), (1, 0), (3, 1))).places()
    )


@pytest.mark.parametrize(
    "values",
    [
        {Place(None, None): 305},
        {Place(0, None): 151},
        {Place(None, 1): 82, Place(0, 0): None},
        {Place(0, None): 20, Place(0, 1): None},
    ],
    ids=["total", "row", "column", "less-than-a-cell"],
)
def test_sums_that_do_not_agree_are_seen(values: dict[Place, int | None]) -> None:
    whole = Table.summed(GENDER, FIRST, ((120, 30), (98, 41), (3, 12)))
    with pytest.raises(Impossible):
        bounds_of(whole.given(values))


def test_counts_as_large_as_json_keeps_them_are_counted_exactly() -> None:
    whole = Table.summed(FIRST, None, ((2**53 - 20,), (3,)))
    assert suppressed(whole).cells == ((None,), (None,))
