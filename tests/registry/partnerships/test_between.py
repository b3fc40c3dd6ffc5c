"""What counts of several times say of the times between them, against all that could be."""

from __future__ import annotations

from itertools import combinations, product

from hypothesis import given
from hypothesis import strategies as st

from registry.partnerships.between import between

DAYS = ("a", "b", "c", "d")
TIMES = tuple(combinations(range(4), 2))


@given(st.dictionaries(st.sampled_from(TIMES), st.integers(0, 4), min_size=1, max_size=5))
def test_the_bounds_are_those_of_all_that_could_be(counts: dict[tuple[int, int], int]) -> None:
    """Every way to give each of three times from nobody to five people, where the largest count is four."""
    known = sorted({day for times in counts for day in times})
    could = [
        each
        for each in product(range(6), repeat=3)
        if all(sum(each[first:last]) == count for (first, last), count in counts.items())
    ]
    found = between({(DAYS[first], DAYS[last]): count for (first, last), count in counts.items()})
    assert (found is None) == (not could)
    for (first, last), bounds in ((times, (found or {}).get((DAYS[times[0]], DAYS[times[1]]))) for times in TIMES):
        assert (bounds is not None) == (found is not None and first in known and last in known)
        if bounds is None:
            continue
        values = [sum(each[first:last]) for each in could]
        assert bounds.low == min(values)
        if bounds.high is not None:
            assert bounds.high == max(values)
        else:
            assert max(values) >= 5


def test_a_year_without_three_of_its_quarters_is_the_fourth() -> None:
    quarters = {("2025-01-01", "2025-04-01"): 20, ("2025-04-01", "2025-07-01"): 30, ("2025-10-01", "2026-01-01"): 40}
    found = between(quarters | {("2025-01-01", "2026-01-01"): 93})
    assert found is not None
    assert found["2025-07-01", "2025-10-01"][:2] == (3, 3)


def test_nothing_follows_from_what_contradicts_itself() -> None:
    assert between({("a", "c"): 10, ("a", "b"): 12}) is None
