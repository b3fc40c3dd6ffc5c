"""Achievements that are said alike, and items that no part covers: by blocks of numbers, each pair once."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.errors import IntakeError
from registry.frameworks.model import Framework, Item, Part, Programme
from registry.learning.suggest.duplicates import near_pairs
from registry.learning.suggest.gaps import gaps_of, nearest_by_words
from registry.learning.suggest.likeness import likeness_model, vectors_of

TEXTS = (
    "Design a relational database and query it with SQL.",
    "Students design relational databases and query them with SQL.",
    "Manage projects with a plan, a budget and a team.",
    "",
)


@settings(max_examples=40)
@given(st.integers(0, 40), st.integers(1, 7), st.integers(1, 4), st.integers(0, 1_000))
def test_pairs_are_those_that_are_found_one_by_one(rows: int, block: int, groups: int, seed: int) -> None:
    vectors = np.random.default_rng(seed).standard_normal((rows, 3)).astype(np.float32)
    if rows:
        vectors[0] = 0
    group = [at % groups for at in range(rows)]
    found = near_pairs(vectors, group, 0.7, block=block, most=1_000)
    lengths = np.linalg.norm(vectors, axis=1)
    slow = {
        (one, two)
        for one, two in combinations(range(rows), 2)
        if group[one] != group[two]
        and lengths[one] * lengths[two] > 0
        and vectors[one] @ vectors[two] / (lengths[one] * lengths[two]) >= 0.7
    }
    near = {(each.first, each.second) for each in found.pairs}
    edge = {(each.first, each.second) for each in found.pairs if abs(each.score - 0.7) < 1e-5}
    assert near - edge == slow - edge
    assert [each.score for each in found.pairs] == sorted((each.score for each in found.pairs), reverse=True)
    few = near_pairs(vectors, group, 0.7, block=block, most=2)
    assert (few.pairs, few.more) == (found.pairs[:2], max(0, len(found.pairs) - 2))


@pytest.mark.parametrize("language", ["en", "de", "xx"])
def test_texts_that_are_said_alike_are_nearer_than_others_in_every_language(language: str) -> None:
    vectors = vectors_of(TEXTS, language)
    near = vectors @ vectors.T
    assert near[0, 1] > 0.5 > near[0, 2]
    assert near[0, 0] == pytest.approx(1, abs=1e-4)
    assert not vectors[3].any() or language == "en"
    assert (vectors_of(TEXTS, language) == vectors).all()
    assert likeness_model(language).data != likeness_model("sw").data


def test_gaps_are_counted_and_a_model_only_names_what_is_near() -> None:
    items = (
        Item("A", {"en": "Area"}),
        Item("A.1", {"en": "Query a relational database."}, "A"),
        Item("A.2", {"en": "Lead a team."}, "A"),
    )
    framework = Framework("f", "F", items)
    parts = tuple(
        Part(code, title, "course", Fraction(5), covers)
        for code, title, covers in (
            ("1", "Relational databases", ()),
            ("2", "Leading teams", ("A.2",)),
            ("3", "Thesis", ()),
        )
    )
    programme = Programme("p", "P", "U", "f", parts)
    (gap,) = gaps_of(framework, programme, "en")
    assert (gap.item.code, gap.nearest) == ("A.1", ())
    (gap,) = gaps_of(framework, programme, "en", nearest_by_words("en"))
    assert gap.nearest[0].part.code == "1"
    assert len(gap.nearest) == 3
    with pytest.raises(IntakeError) as raised:
        gaps_of(framework, programme, "de", nearest_by_words("de"))
    assert raised.value.code == "suggest-language"
