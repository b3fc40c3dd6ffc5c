"""Questions about how people assess and sign: asked where something was planted, seldom where nothing is, of no few."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import SettingsError
from registry.learning.suggest.anomalies import CHANCE, LEAST, Act, Kind, pseudonyms, questions_about
from registry.learning.suggest.robust import marks_apart, surprising, usual_counts
from scripts.bench.anomalies import World, made

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
SMALL = World("small", 12, 12, 3, 0.4, 0.3)


def daily(who: str, counts: list[int], mark: str = "", award: str = "") -> list[Act]:
    marks = ((award, mark),) if mark else ()
    return [
        Act(who, START + timedelta(days=day), marks=marks, record=f"{who} {day} {number}")
        for day, count in enumerate(counts)
        for number in range(count)
    ]


def test_of_data_in_which_nothing_is_unusual_each_kind_is_asked_about_about_as_rarely_as_is_said() -> None:
    """At 60 institutions more than eight with a question would come by a chance of one in a thousand."""
    asked = Counter(
        kind for seed in range(60) for kind in {e.kind for e in questions_about(made(SMALL, seed)).questions}
    )
    assert CHANCE == 0.05
    assert all(number <= 8 for number in asked.values()), asked


def test_what_was_planted_is_asked_about_with_its_numbers() -> None:
    acts = [act for number in range(11) for act in daily(f"p{number}", [3, 4, 2, 3, 5, 3, 4, 2, 3, 4, 3, 5] * 2)]
    acts += daily("much", [50] * 24)
    acts += daily("burst", [3, 4, 2, 3, 5, 3, 4, 2, 3, 400, 3, 5] + [3, 4, 2, 3, 5, 3] * 2)
    found = questions_about(acts)
    rate = next(each for each in found.questions if each.kind is Kind.RATE and each.who == "much")
    assert (rate.found, rate.evidence["persons"], rate.evidence["median"]) == (1200, 13, 82)
    assert 82 < rate.usual < 1200
    burst = next(each for each in found.questions if each.kind is Kind.BURST)
    assert (burst.who, burst.about, burst.found) == ("burst", "2026-03-11T00:00:00Z", 400)
    assert burst.asks.endswith("?")
    assert {each.kind for each in questions_about(acts, window=timedelta(days=30)).questions} == {Kind.RATE}


def test_marks_that_are_spread_otherwise_are_asked_about_and_the_shares_told() -> None:
    acts = [
        act
        for number in range(5)
        for mark, times in (("1", 4), ("2", 12), ("3", 20), ("4", 8))
        for act in daily(f"p{number}", [times], mark=mark, award="Databases")
    ]
    acts += daily("kind", [30], mark="1", award="Databases") + daily("kind", [4], mark="2", award="Databases")
    (found,) = (each for each in questions_about(acts).questions if each.kind is Kind.MARKS)
    assert (found.who, found.about) == ("kind", "Databases")
    assert found.evidence["shares"][0] == {"mark": "1", "own": round(30 / 34, 4), "others": round(20 / 220, 4)}


def test_of_fewer_than_ten_nothing_is_computed() -> None:
    few = [act for number in range(LEAST - 1) for act in daily(f"p{number}", [10 * 3**number])]
    found = questions_about(few)
    assert not found.questions
    assert any("fewer than 10 persons" in each for each in found.not_computed)
    short = questions_about(daily("p", [1] * 8 + [500]))
    assert not short.questions
    marks = daily("one", [9], mark="1") + daily("others", [200], mark="5")
    assert not questions_about(marks).questions


def test_the_same_evidence_in_several_records_is_asked_about_and_in_one_is_not() -> None:
    twice = [Act("a", START, evidence=("ab" * 32, "cd" * 32), record=f"r{number}") for number in (1, 2)]
    again = [Act("b", START, evidence=("ef" * 32,), record="r3")] * 2
    found = questions_about([*twice, *again]).questions
    assert [(each.kind, each.who, each.about) for each in found] == [
        (Kind.EVIDENCE, "", "ab" * 32),
        (Kind.EVIDENCE, "", "cd" * 32),
    ]
    assert found[0].evidence["records"] == ["r1", "r2"]


def test_persons_are_not_named_unless_that_is_wanted() -> None:
    acts = [act for number in range(11) for act in daily(f"Secret {number}", [4] * 12)] + daily("Secret X", [80] * 12)
    found = questions_about(acts)
    assert found.questions
    names = pseudonyms(acts)
    assert len(set(names.values())) == 12
    assert names == pseudonyms(list(acts))
    assert names != pseudonyms(acts[1:]), "without the data the numbers tell nothing"
    told = json.dumps(found.to_dict(names))
    assert "Secret" not in told
    assert "must not be used to grade, rank, pay or discipline anybody" in told


def test_nothing_to_look_at_is_told() -> None:
    with pytest.raises(SettingsError) as raised:
        questions_about([])
    assert raised.value.code == "no-acts"


@given(st.lists(st.integers(1, 10_000), min_size=2, max_size=60), st.floats(0.001, 0.2))
def test_the_bound_of_counts_is_above_their_middle_and_higher_for_a_smaller_chance(
    counts: list[int], chance: float
) -> None:
    usual = usual_counts(counts, chance)
    assert min(counts) * 0.999 <= usual.middle <= usual.highest
    assert usual_counts(counts, chance / 2).highest >= usual.highest
    scaled = usual_counts([1_000 * each for each in counts], chance)
    assert scaled.middle == pytest.approx(1_000 * usual.middle)


@given(st.lists(st.sampled_from(["1", "2,5", "10", "nan", "passed"]), min_size=1, max_size=200), st.integers(1, 5))
def test_a_group_is_not_apart_from_itself(marks: list[str], times: int) -> None:
    first = Counter(marks)
    found = marks_apart(first, Counter({mark: times * number for mark, number in first.items()}))
    if found is not None:
        assert sum(share for _, share, _ in found.classes) == pytest.approx(1)
        assert found.surprise < 0
    assert marks_apart(first, Counter()) is None


def test_numbers_are_those_of_published_tables() -> None:
    """Quantiles of Student's and of the chi-square distribution, from any table of them, to one percent."""
    # One count is far below the others' scale, so that the bound is the quantile itself.
    for size, quantile in ((27, 3.169), (54, 2.845)):
        logs = usual_counts([1_000_000] * size, size * 0.005)
        assert (logs.highest / logs.middle - 1) * 1_000 == pytest.approx(quantile, rel=0.01)
    assert surprising(0.05, 50) == pytest.approx(3.0902, rel=0.001)
    apart = marks_apart(Counter({"a": 60, "b": 40}), Counter({"a": 40, "b": 60}))
    assert apart is not None
    # A statistic of 8.0 with one degree of freedom: 0.00468, which is 2.599 standard deviations.
    assert apart.surprise == pytest.approx(2.599, rel=0.02)
