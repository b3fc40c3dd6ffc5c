"""A registry's year: what comes when, what queueing theory says, and that a small one loses and doubles nothing."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path
from random import Random
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.year.arrivals import MONTHLY, MONTHS, PEAKS, Scale, Year, times, year_of
from scripts.year.queueing import Service, burst_quantile, longest_backlog, mean_wait, quantile
from scripts.year.reckoning import Record, differences, expected
from scripts.year.run import Sizes, run_year
from scripts.year.told import content_of, lines_of

SCALES = st.builds(
    Scale,
    seconds=st.floats(1, 500),
    issuers=st.integers(1, 9),
    rosters=st.integers(1, 40),
    credentials=st.integers(40, 2000),
    revoked=st.floats(0, 0.3),
    corrected=st.floats(0, 0.3),
    lookups=st.floats(0, 5),
    burst=st.integers(0, 20),
)


def test_the_months_have_their_shares() -> None:
    assert sum(MONTHLY) == pytest.approx(1)
    counts = [0] * MONTHS
    scale = Scale(seconds=600, issuers=5, rosters=500, credentials=500, lookups=0, verifications=0, burst=0)
    for seed in range(20):
        year = year_of(scale, seed)
        for roster in year.rosters:
            counts[year.month(roster.at)] += roster.corrects is None
    for share, count in zip(MONTHLY, counts, strict=True):
        # Poisson: four of its deviations, so that one seed in thousands would be outside; the seeds are always these.
        assert abs(count - 10_000 * share) < 4 * math.sqrt(10_000 * share)
    assert min(counts[peak] for peak in PEAKS) > 3 * max(
        count for month, count in enumerate(counts) if month not in PEAKS
    )


def test_a_rate_that_goes_up_and_down_is_followed() -> None:
    random, found = Random(1), []
    for _ in range(300):
        found += times(lambda at: 10 if at < 2 else 1, 10, 10, random)
    early = sum(at < 2 for at in found) / 300
    assert early == pytest.approx(20, abs=1.1)
    assert len(found) / 300 - early == pytest.approx(8, abs=0.7)
    # Gaps of a Poisson process have no memory: their deviation is their mean.
    gaps = [later - at for at, later in pairwise(found) if later > at and later < 2]
    assert fmean(gaps) == pytest.approx(0.1, rel=0.1)
    assert math.sqrt(fmean(gap**2 for gap in gaps) - fmean(gaps) ** 2) == pytest.approx(fmean(gaps), rel=0.1)


@given(SCALES, st.integers(0, 1000))
def test_a_year_is_whole_and_the_same_for_a_seed(scale: Scale, seed: int) -> None:
    year = year_of(scale, seed)
    assert year == year_of(scale, seed)
    for kind in (year.rosters, year.revocations, year.lookups, year.verifications):
        moments = [one.at for one in kind]
        assert moments == sorted(moments)
        assert all(0 <= at <= scale.seconds for at in moments)
    owners = {number: roster for roster in year.rosters for number in range(roster.first, roster.first + roster.count)}
    # Each number once, without a gap.
    assert sorted(owners) == list(range(year.credentials))
    assert len({one.credential for one in year.revocations}) == len(year.revocations)
    for one in year.revocations:
        assert owners[one.credential].issuer == one.issuer
        assert owners[one.credential].at <= one.at
    corrected = {one.credential for one in year.revocations if one.is_correction}
    assert corrected == {roster.corrects for roster in year.rosters if roster.corrects is not None}
    bursts = [one.at for one in year.lookups if one.is_burst]
    assert len(bursts) == 2 * len(PEAKS) * scale.burst
    assert {year.month(at) for at in bursts} <= set(PEAKS)


def test_the_wait_is_that_of_a_queue_that_is_played_through() -> None:
    random = Random(3)
    # Each waits for what was left of the one before (Lindley).
    draw = lambda: random.choice((0.2, 1.4))  # noqa: E731 - two lengths, so that the second moment counts
    waits, wait = [], 0.0
    for _ in range(60_000):
        waits.append(wait)
        wait = max(0.0, wait + draw() - random.expovariate(0.7))
    service = Service(0.8, (0.2**2 + 1.4**2) / 2)
    assert fmean(waits) == pytest.approx(mean_wait(0.7, service), rel=0.1)


def test_the_wait_by_hand() -> None:
    # M/D/1 at half load: half of a service time. At full load there is no end.
    assert mean_wait(0.5, Service.constant(1.0)) == pytest.approx(0.5)
    assert mean_wait(1.0, Service.constant(1.0)) == math.inf
    assert Service.of([1.0, 3.0]) == Service(2.0, 5.0)
    assert burst_quantile(5000, 1000, 0.5) == 2.5
    assert longest_backlog([0, 1, 2, 5], [3, 3, 3, 6]) == 3
    assert quantile([3, 1, 2, 4], 0.5) == 2
    with pytest.raises(ValueError, match="no service time"):
        Service.of([])


def _small() -> Year:
    return year_of(
        Scale(
            seconds=4, issuers=2, rosters=8, credentials=80, revoked=0.08, corrected=0.05, lookups=20, verifications=2,
            burst=30,
        ),
        seed=5,
    )  # fmt: skip


def test_what_is_lost_doubled_or_otherwise_is_found() -> None:
    wanted = expected(_small())
    told = {number: [record] for number, record in wanted.items()}
    right = len(wanted)
    assert differences(wanted, told, right) == []
    (first, record), (other, _), *_ = wanted.items()
    for wrong, sentence in (
        ([], "is lost"),
        ([record, record], "is anchored 2 times"),
        ([Record(99, record.revoked)], "is issuer 99's"),
        ([Record(record.issuer, not record.revoked)], "revoked"),
    ):
        (found,) = differences(wanted, told | {first: wrong}, right)
        assert sentence in found
    assert differences(wanted, told, right + 1) == [
        f"all batches have {right + 1} leaves, and there are {right} credentials"
    ]
    assert len(differences({first: record}, {first: [record], other: [record]}, 1)) == 1
    # What was revoked before its batch was sealed is in none; as many as the daemon says, and nothing that is in force.
    gone = next(number for number, record in wanted.items() if record.revoked)
    kept = next(number for number, record in wanted.items() if not record.revoked)
    assert differences(wanted, told | {gone: []}, right - 1, left_out=1) == []
    assert differences(wanted, told | {gone: []}, right - 1) != []
    assert differences(wanted, told | {kept: []}, right - 1, left_out=1) != []
    assert differences(wanted, told, right - 1, left_out=1) != []


def test_a_small_year_loses_and_doubles_nothing(tmp_path: Path) -> None:
    year = _small()
    outcome = run_year(year, tmp_path, sizes=Sizes(jobs=2, credentials=3, in_turn=5, at_once=20))
    assert outcome.wrong == ()
    assert outcome.seen.jobs.keys() < outcome.times.keys()
    assert len(outcome.seen.jobs) == len(year.rosters)
    assert all(one.accepted <= one.sent <= one.mined <= one.final for one in outcome.times.values())
    # A connection that a server closes while a request is on its way is 0.
    assert {one.status for one in outcome.seen.asked} <= {0, 200, 202, 404, 429, 503}
    text = "\n".join(lines_of(content_of(outcome)))
    assert "every credential is on record as it has to be, once" in text
