"""The figures of agreement, against cases done by hand and against their definition, written out slowly."""

from __future__ import annotations

from itertools import permutations
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.bench.agreement import Alpha, Pair, in_common, jaccard, masi, mean_jaccard, with_interval

NONE, A, B, AB, BC = (frozenset(each) for each in ("", "a", "b", "ab", "bc"))
LABELS = st.frozensets(st.sampled_from("abcd"), max_size=3)
PAIRS = st.lists(st.tuples(LABELS, LABELS), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("one", "other", "similarity"),
    [(AB, AB, 1), (A, AB, 1 / 3), (AB, BC, 1 / 9), (A, B, 0), (NONE, A, 0), (NONE, NONE, 1)],
)
def test_similarity_is_as_by_hand(one: frozenset[str], other: frozenset[str], similarity: float) -> None:
    assert float(masi(one, other)) == float(masi(other, one)) == pytest.approx(similarity)


def test_a_case_by_hand() -> None:
    # Within: 1 and 1/3, so the distance is 1/3. Of a, a, b, ab the six pairs are alike by 1, 0, 0 and three times 1/3,
    # so the distance between any two is 2/3, and alpha is 1 - 1/2.
    pairs = [(A, A), (B, AB)]
    assert in_common(pairs) == 1
    assert mean_jaccard(pairs) == pytest.approx(3 / 4)
    assert Alpha(pairs)(pairs) == pytest.approx(1 / 2)


def test_saying_both_that_nothing_fits_is_agreement() -> None:
    pairs = [(NONE, NONE), (NONE, A), (A, B)]
    assert in_common(pairs) == pytest.approx(1 / 3)
    assert mean_jaccard(pairs) == pytest.approx(1 / 3)


def test_labels_that_are_all_alike_tell_nothing_about_chance() -> None:
    pairs = [(A, A)] * 3
    assert Alpha(pairs)(pairs) is None
    assert str(with_interval(pairs, Alpha(pairs), 10)) == "not computable"


def test_alpha_is_what_the_library_of_others_says() -> None:
    # nltk 3.10.4: AnnotationTask(data, distance=lambda a, b: 1 - masi(a, b)).alpha(); krippendorff 0.9.0, nominal.
    sets = [(A, A), (AB, A), (BC, B), (NONE, NONE), (AB, AB), (B, A), (NONE, BC), (AB, BC)]
    assert Alpha(sets)(sets) == pytest.approx(0.29368029739776946)
    single = [(A, A), (A, B), (B, B), (NONE, NONE), (B, NONE), (A, A), (B, B)]
    assert Alpha(single)(single) == pytest.approx(0.5873015873015872)


@given(PAIRS)
def test_alpha_is_its_definition(pairs: list[Pair]) -> None:
    drawn = [label for pair in pairs for label in pair]
    expected = mean(1 - float(masi(one, other)) for one, other in permutations(drawn, 2))
    observed = mean(1 - float(masi(one, other)) for one, other in pairs)
    found = Alpha(pairs)(pairs)
    assert found is None if expected < 1e-9 else found == pytest.approx(1 - observed / expected, abs=1e-9)


@given(PAIRS)
def test_figures_do_not_depend_on_who_is_first(pairs: list[Pair]) -> None:
    turned = [(other, one) for one, other in pairs]
    assert mean_jaccard(pairs) == pytest.approx(mean_jaccard(turned))
    assert in_common(pairs) == in_common(turned)
    assert Alpha(pairs)(pairs) == pytest.approx(Alpha(turned)(turned), nan_ok=True)


@given(LABELS, LABELS)
def test_masi_is_at_most_jaccard(one: frozenset[str], other: frozenset[str]) -> None:
    assert 0 <= masi(one, other) <= jaccard(one, other) <= 1


@given(PAIRS)
def test_an_interval_is_the_same_each_time_and_within_bounds(pairs: list[Pair]) -> None:
    figure = with_interval(pairs, mean_jaccard, 40)
    assert figure == with_interval(pairs, mean_jaccard, 40)
    assert figure.low is not None
    assert figure.high is not None
    assert 0 <= figure.low <= figure.high <= 1


def test_an_interval_of_a_share_is_that_of_the_binomial() -> None:
    # 60 of 100: the normal interval is 0.504 to 0.696.
    figure = with_interval([(A, A)] * 60 + [(A, B)] * 40, in_common, 2_000)
    assert figure.value == pytest.approx(0.6)
    assert figure.low == pytest.approx(0.504, abs=0.02)
    assert figure.high == pytest.approx(0.696, abs=0.02)
