"""What comes when in a registry's year: rosters, revocations, corrections, lookups, verifications. Pure; from a seed.

Everything comes by a Poisson process; that of rosters has the pace of its month, and two months have most of them. The
year is as long as is wanted, in seconds of the run.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

MONTHS: Final = 12
MONTHLY: Final = (0.03, 0.05, 0.05, 0.04, 0.05, 0.06, 0.30, 0.05, 0.04, 0.04, 0.04, 0.25)
"""The share of the year's rosters that comes in each month: graduations in July and December."""
PEAKS: Final = (6, 11)
SIZE_SPREAD: Final = 0.8
"""Of the logarithm of how many credentials a roster has: one in twenty has four times the mean or a quarter of it."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How much of a year there is.

    Attributes:
        seconds: for the twelve months.
        rosters: expected.
        credentials: expected in all of them.
        revoked, corrected: shares of the credentials, expected.
        lookups, verifications: a second.
        burst: lookups that come at one moment; in each peak one burst is of many addresses, and one of a single one.
    """

    seconds: float
    issuers: int
    rosters: int
    credentials: int
    revoked: float = 0.005
    corrected: float = 0.005
    lookups: float = 50.0
    verifications: float = 1.0
    burst: int = 5000


@dataclass(frozen=True, slots=True)
class Roster:
    """Credentials of one issuer that come as one job, numbered through the year: from `first` on."""

    at: float
    issuer: int
    first: int
    count: int
    corrects: int | None = None
    """The number of the credential that this one, alone in its job, is in the place of."""


@dataclass(frozen=True, slots=True)
class Revocation:
    """A credential that is taken back, of an issuer whose number it has."""

    at: float
    issuer: int
    credential: int
    is_correction: bool


@dataclass(frozen=True, slots=True)
class Lookup:
    """One question. `pick`, from 0 to 1, says for which of the credentials that are there by then."""

    at: float
    pick: float
    address: int
    is_burst: bool = False


@dataclass(frozen=True, slots=True)
class Verification:
    """A document that is sent to be verified; `pick` as of lookups."""

    at: float
    pick: float


@dataclass(frozen=True, slots=True)
class Year:
    """All that comes, each in the order of its time."""

    scale: Scale
    rosters: tuple[Roster, ...]
    revocations: tuple[Revocation, ...]
    lookups: tuple[Lookup, ...]
    verifications: tuple[Verification, ...]

    @property
    def credentials(self) -> int:
        """How many there are at the end."""
        return sum(roster.count for roster in self.rosters)

    def month(self, at: float) -> int:
        """The month of a moment, from 0; the last one has what comes later."""
        return min(MONTHS - 1, int(at / self.scale.seconds * MONTHS))


ADDRESSES: Final = 500
"""From which ordinary lookups, and a burst of many, come."""


def times(rate: Callable[[float], float], most: float, length: float, random: Random) -> list[float]:
    """Moments of a Poisson process whose rate goes up and down, by thinning one of the highest rate.

    Lewis and Shedler, Simulation of nonhomogeneous Poisson processes by thinning, 1979.

    Args:
        rate: a second, at a moment; never above `most`.
        length: seconds; the moments are below it.
    """
    found, at = [], 0.0
    if most <= 0:
        return found
    while (at := at + random.expovariate(most)) < length:
        if random.random() * most < rate(at):
            found.append(at)
    return found


def year_of(scale: Scale, seed: int) -> Year:
    """The year of a seed: the same each time."""
    random = Random(seed)
    graduations = _graduations(scale, random)
    corrections, revocations = _taken_back(scale, graduations, random)
    rosters = sorted([*graduations, *corrections], key=lambda roster: roster.at)
    return Year(
        scale,
        tuple(rosters),
        tuple(sorted(revocations, key=lambda revocation: revocation.at)),
        tuple(_lookups(scale, random)),
        tuple(
            Verification(at, random.random())
            for at in times(lambda _: scale.verifications, scale.verifications, scale.seconds, random)
        ),
    )


def _graduations(scale: Scale, random: Random) -> list[Roster]:
    month = scale.seconds / MONTHS
    pace = [share * scale.rosters / month for share in MONTHLY]
    mean = scale.credentials / scale.rosters
    # So that the mean of the sizes is what it should be, and not that of their logarithms.
    middle = math.log(mean) - SIZE_SPREAD**2 / 2
    rosters, first = [], 0
    for at in times(lambda at: pace[min(MONTHS - 1, int(at / month))], max(pace), scale.seconds, random):
        count = max(1, round(random.lognormvariate(middle, SIZE_SPREAD)))
        rosters.append(Roster(at, random.randint(1, scale.issuers), first, count))
        first += count
    return rosters


def _taken_back(scale: Scale, graduations: Sequence[Roster], random: Random) -> tuple[list[Roster], list[Revocation]]:
    """What is revoked, and what is corrected, which is revoked too: each later than its roster, and once at most."""
    corrections: list[Roster] = []
    revocations: list[Revocation] = []
    number = sum(roster.count for roster in graduations)
    for roster in graduations:
        for credential in range(roster.first, roster.first + roster.count):
            chance = random.random()
            if chance >= scale.revoked + scale.corrected:
                continue
            at = random.uniform(roster.at, scale.seconds)
            is_correction = chance >= scale.revoked
            revocations.append(Revocation(at, roster.issuer, credential, is_correction))
            if is_correction:
                corrections.append(Roster(at, roster.issuer, number, 1, corrects=credential))
                number += 1
    return corrections, revocations


def _lookups(scale: Scale, random: Random) -> list[Lookup]:
    steady = times(lambda _: scale.lookups, scale.lookups, scale.seconds, random)
    found = [Lookup(at, random.random(), random.randrange(ADDRESSES)) for at in steady]
    month = scale.seconds / MONTHS
    for peak in PEAKS:
        many, one = sorted(random.uniform(peak * month, (peak + 1) * month) for _ in range(2))
        found += [Lookup(many, random.random(), random.randrange(ADDRESSES), True) for _ in range(scale.burst)]
        # An employer with one address asks for all that were hired.
        found += [Lookup(one, random.random(), ADDRESSES, True) for _ in range(scale.burst)]
    return sorted(found, key=lambda lookup: lookup.at)
