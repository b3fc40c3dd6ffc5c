"""What counts of several times say of the times between them: a year without two of its quarters is the other two.

Pure. A count of a time is the difference of what had been counted at its end and at its beginning, and that never
falls: all that follows from some such counts is found by shortest ways between the days (difference constraints; see
Cormen et al., "Introduction to Algorithms", section "Difference constraints and shortest paths").
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations, pairwise
from typing import Final

from registry.partnerships.tables import Bounds

Times = tuple[str, str]
"""The first day of a time, and the first day after it."""

_FAR: Final = 1 << 62


def between(counts: Mapping[Times, int]) -> dict[Times, Bounds] | None:
    """The least and the largest count of each time between two of the days; None where counts contradict each other.

    Args:
        counts: of the same thing, by time.
    """
    days = sorted({day for times in counts for day in times})
    place = {day: number for number, day in enumerate(days)}
    size = range(len(days))
    # By how much at most what was counted at one day is above what was counted at another.
    most = [[0 if one == other else _FAR for other in size] for one in size]
    for one, other in pairwise(size):
        most[other][one] = 0
    for (first, last), count in counts.items():
        one, other = place[first], place[last]
        most[one][other] = min(most[one][other], count)
        most[other][one] = min(most[other][one], -count)
    for by in size:
        ways = most[by]
        for row in most:
            first_part = row[by]
            if first_part != _FAR:
                for other, second_part in enumerate(ways):
                    if second_part != _FAR and first_part + second_part < row[other]:
                        row[other] = first_part + second_part
    if any(most[one][one] < 0 for one in size):
        return None
    return {
        (days[one], days[other]): _bounds(-most[other][one], most[one][other]) for one, other in combinations(size, 2)
    }


def _bounds(low: int, high: int) -> Bounds:
    return Bounds(low, None if high == _FAR else high, low)
