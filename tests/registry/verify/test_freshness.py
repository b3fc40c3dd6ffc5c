"""The age of a newest block: what is late, what is stale, what comes from the future."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.chain_names import PRACTICE_CHAIN
from registry.embedded.genesis import CHAIN_ID
from registry.verify.freshness import LONGEST_LATE_SECONDS, AgeLimits, Freshness, duration, head_age, pace

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def judged(age: float, pace_seconds: float | None = None, limits: AgeLimits | None = None) -> tuple[Freshness, str]:
    found = head_age(NOW - timedelta(seconds=age), NOW, pace_seconds=pace_seconds, limits=limits)
    return found.freshness, found.code


@pytest.mark.parametrize(
    ("age", "pace_seconds", "freshness", "code"),
    [
        (0, None, Freshness.FRESH, "head-fresh"),
        (600, 12.0, Freshness.FRESH, "head-fresh"),
        (601, 12.0, Freshness.LATE, "head-late"),
        (3600, 12.0, Freshness.LATE, "head-late"),
        (3601, 12.0, Freshness.STALE, "head-stale"),
        (2 * 86_400, None, Freshness.STALE, "head-stale"),
        # A block each ten minutes on the average is not late after eleven.
        (6000, 600.0, Freshness.FRESH, "head-fresh"),
        (6001, 600.0, Freshness.LATE, "head-late"),
        (36_001, 600.0, Freshness.STALE, "head-stale"),
        # A fast chain is not late after seconds.
        (60, 0.25, Freshness.FRESH, "head-fresh"),
        (-60, 12.0, Freshness.FRESH, "head-fresh"),
        (-61, 12.0, Freshness.LATE, "head-ahead"),
        (-3601, 12.0, Freshness.STALE, "head-ahead"),
    ],
)
def test_the_newest_block_is_held_against_the_clock(
    age: float, pace_seconds: float | None, freshness: Freshness, code: str
) -> None:
    assert judged(age, pace_seconds) == (freshness, code)


def test_a_pause_in_the_sample_does_not_excuse_a_chain_for_weeks() -> None:
    mean = pace(NOW, NOW - timedelta(days=300), 100)
    assert mean == 3 * 86_400
    assert judged(LONGEST_LATE_SECONDS + 1, mean)[0] is Freshness.LATE
    assert judged(6 * LONGEST_LATE_SECONDS + 1, mean)[0] is Freshness.STALE


def test_chains_that_make_blocks_on_demand_have_no_age() -> None:
    assert f"eip155:{CHAIN_ID}" == PRACTICE_CHAIN
    for limits in (AgeLimits.of(600, PRACTICE_CHAIN), AgeLimits.of(0, "eip155:31337")):
        assert judged(10**8, limits=limits)[0] is Freshness.FRESH
    for limits in (AgeLimits.of(600, "eip155:1"), AgeLimits.of(600, None)):
        assert judged(10**8, limits=limits)[0] is Freshness.STALE


def test_the_words_say_the_age_and_what_to_do() -> None:
    old = head_age(NOW - timedelta(days=2, hours=5), NOW)
    assert old.text.startswith("The newest block is 2 days old. ")
    assert "another endpoint" in old.text
    ahead = head_age(NOW + timedelta(hours=1), NOW)
    assert ahead.text.startswith("The newest block is 1 hour ahead of the clock. ")
    assert "Set the clock" in ahead.text
    assert head_age(NOW - timedelta(seconds=1), NOW).text == "The newest block is 1 second old."
    assert [duration(each) for each in (0, 59.9, 60, 3599, 86_399, 86_400)] == [
        "0 seconds",
        "59 seconds",
        "1 minute",
        "59 minutes",
        "23 hours",
        "1 day",
    ]


def test_a_pace_that_says_nothing_is_none() -> None:
    assert pace(NOW, NOW, 5) is None
    assert pace(NOW, NOW + timedelta(seconds=1), 5) is None
    assert pace(NOW, NOW - timedelta(seconds=10), 0) is None
    assert pace(NOW, NOW - timedelta(seconds=120), 10) == 12.0


@given(st.integers(0, 10**7), st.integers(0, 10**7), st.one_of(st.none(), st.floats(0, 10**6)))
def test_an_older_block_is_never_fresher(age: int, more: int, pace_seconds: float | None) -> None:
    order = list(Freshness)
    assert order.index(judged(age, pace_seconds)[0]) <= order.index(judged(age + more, pace_seconds)[0])
