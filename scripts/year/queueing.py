"""What queueing theory says of a load, as the limit beside what was measured. Pure; seconds everywhere."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean


@dataclass(frozen=True, slots=True)
class Service:
    """How long one server takes for one request while nobody else asks: the first two moments."""

    mean: float
    square: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Service:
        """From measured times; ValueError without any."""
        if not seconds:
            raise ValueError("no service time was measured")
        return cls(fmean(seconds), fmean(second**2 for second in seconds))

    @classmethod
    def constant(cls, seconds: float) -> Service:
        """One that always takes as long."""
        return cls(seconds, seconds**2)


def utilisation(rate: float, service: Service) -> float:
    """The share of time in which the one server works, if it keeps up; above 1 it does not."""
    return rate * service.mean


def mean_wait(rate: float, service: Service) -> float:
    """Mean seconds in the queue of one server (M/G/1) until it is one's turn, by Pollaczek and Khinchine; or infinite.

    Args:
        rate: arrivals a second, by a Poisson process.
    """
    busy = utilisation(rate, service)
    return math.inf if busy >= 1 else rate * service.square / (2 * (1 - busy))


def burst_quantile(size: int, a_second: float, share: float) -> float:
    """Seconds until that share of a burst is answered, if the server does nothing else: nobody can be quicker.

    Args:
        size: requests that come at one moment.
        a_second: answers, by a server that always has some to give.
    """
    return math.ceil(share * size) / a_second


def longest_backlog(arrived: Sequence[float], left: Sequence[float]) -> int:
    """The most that were there at one moment, of things that came and went at these times."""
    changes = sorted([(at, 1) for at in arrived] + [(at, -1) for at in left])
    most = now = 0
    for _, change in changes:
        now += change
        most = max(most, now)
    return most


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least that share of them does not exceed; ValueError of none."""
    if not values:
        raise ValueError("there is no value")
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
