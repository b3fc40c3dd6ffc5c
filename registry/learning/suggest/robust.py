"""What is unusual among counts and among marks: robust statistics with closed forms, and nothing that is learnt.

How often they call something unusual where nothing is, `scripts/bench/anomalies.py` measures on simulated data, and
`docs/reference/suggestion-records.md` has the figures.

Sources: median absolute deviation as a scale (Hampel 1974) with the efficiency of 37 % that it has on normal data;
Student's quantiles by those of the normal distribution (Wallace 1959, Annals of Mathematical Statistics 30); the
chi-square distribution by the normal one (Wilson and Hilferty 1931, PNAS 17); Bonferroni for several at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, isfinite, log, sqrt
from statistics import NormalDist, median
from typing import Final

SCALE: Final = 1.4826
"""Makes the median absolute deviation of normal data its standard deviation."""
EFFICIENCY: Final = 0.37
LEAST_EXPECTED: Final = 5.0
"""Of a class of the chi-square test, in the smaller group: below it the distribution is another one (Cochran 1954)."""
_NORMAL: Final = NormalDist()
_BEYOND: Final = 700.0
"""No number of records has a logarithm like this: of few counts nothing is unusual."""


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual among counts.

    Attributes:
        middle: their median.
        highest: the largest that is not unusual.
    """

    middle: float
    highest: float


def usual_counts(counts: Sequence[int], chance: float) -> Usual:
    """What is usual among positive counts: a bound that all of them keep but by that chance, where nothing is unusual.

    Logarithms are compared, since rates differ by factors. The scale is no smaller than that of counts that come
    independently of each other (Poisson), so that equal counts do not make the next one unusual.

    Args:
        counts: at least two.
        chance: that any of them is called unusual though none is.
    """
    logs = [log(each) for each in counts]
    middle = median(logs)
    scale = max(SCALE * median(abs(each - middle) for each in logs), exp(-middle / 2))
    highest = middle + scale * _student(1 - chance / len(counts), EFFICIENCY * len(counts))
    return Usual(exp(middle), exp(min(highest, _BEYOND)))


@dataclass(frozen=True, slots=True)
class Apart:
    """How far two groups of marks are apart.

    Attributes:
        classes: of marks, each a mark or several that are rare or next to each other; with the share that it has in the
            first group and in the second.
        surprise: how many standard deviations of the normal distribution it corresponds to, one-sided.
    """

    classes: tuple[tuple[str, float, float], ...]
    surprise: float


def marks_apart(first: Counter[str], second: Counter[str]) -> Apart | None:
    """How differently marks are spread in two groups, by a chi-square test; None where there are too few to say.

    Marks that are all numbers are put in order, and neighbours are joined until each class is large enough; of marks
    that are words the rare ones are joined.

    Args:
        first, second: how often each mark was given.
    """
    totals = first.total(), second.total()
    if not all(totals):
        return None
    share = totals[0] / sum(totals)
    classes = _classes(first, second, LEAST_EXPECTED / min(share, 1 - share))
    if len(classes) < 2:
        return None
    statistic = 0.0
    shares = []
    for marks in classes:
        one, other = (sum(group[mark] for mark in marks) for group in (first, second))
        expected = share * (one + other), (1 - share) * (one + other)
        statistic += sum((seen - due) ** 2 / due for seen, due in zip((one, other), expected, strict=True))
        name = marks[0] if len(marks) == 1 else f"{marks[0]} … {marks[-1]}"
        shares.append((name, one / totals[0], other / totals[1]))
    return Apart(tuple(shares), _normal_of_chi_square(statistic, len(classes) - 1))


def surprising(chance: float, times: int) -> float:
    """From which number of standard deviations on something is unusual, if one of so many may be by that chance."""
    return _NORMAL.inv_cdf(1 - chance / times)


def _student(probability: float, freedom: float) -> float:
    normal = _NORMAL.inv_cdf(probability) * (8 * freedom + 3) / (8 * freedom + 1)
    return sqrt(freedom * (exp(min(normal * normal / freedom, _BEYOND)) - 1))


def _normal_of_chi_square(statistic: float, freedom: int) -> float:
    part = 2 / (9 * freedom)
    return float(((statistic / freedom) ** (1 / 3) - (1 - part)) / sqrt(part))


def _classes(first: Counter[str], second: Counter[str], least: float) -> list[list[str]]:
    counted = first + second
    numbers = {each: _number(each) for each in counted}
    if None in numbers.values():
        # The rare ones become one class, at the end.
        in_order = sorted(counted, key=lambda each: (counted[each] < least, each))
    else:
        in_order = sorted(counted, key=lambda each: (numbers[each], each))
    made: list[list[str]] = [[]]
    for each in in_order:
        if made[-1] and sum(counted[mark] for mark in made[-1]) >= least:
            made.append([])
        made[-1].append(each)
    if len(made) > 1 and sum(counted[mark] for mark in made[-1]) < least:
        last = made.pop()
        made[-1] += last
    return made


def _number(mark: str) -> float | None:
    try:
        number = float(mark.replace(",", "."))
    except ValueError:
        return None
    return number if isfinite(number) else None
