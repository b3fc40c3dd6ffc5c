"""Rubrics in both forms, and what is found wrong in them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.frameworks.members import Refused
from registry.learning.assessment.records import achievement_of
from registry.learning.assessment.rubrics import Criterion, Level, look_at_rubric, read_rubric, rubric_of
from tests.registry.learning.assessment.made import RUBRIC, RUBRIC_TOML


def test_a_rubric_of_ours_is_one_of_open_badges_and_back() -> None:
    achievement = achievement_of(RUBRIC)
    again = rubric_of(achievement)
    assert [(each.identifier, each.levels, each.lowest) for each in again.criteria] == [
        (each.identifier, each.levels, each.lowest) for each in RUBRIC.criteria
    ]
    assert read_rubric(json.dumps(achievement).encode(), "r.json") == again
    described = achievement["resultDescription"]
    assert read_rubric(json.dumps(described).encode(), "r.json").criteria == again.criteria


def test_what_reaches_what_is_required() -> None:
    structure, exam = RUBRIC.criteria
    assert [structure.reaches(level.identifier) for level in structure.levels] == [False, True, True]
    assert [exam.reaches(each) for each in ("50.4", "50.5", "100", "x", "")] == [False, True, True, None, None]


def test_a_key_goes_before_a_name() -> None:
    levels = (Level("urn:x#1", "1", "2"), Level("urn:x#2", "2", "1"))
    found = Criterion("urn:x", "x", "X", levels=levels)
    assert [found.level(each) for each in ("1", "2", "urn:x#2")] == [*levels, levels[1]]


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ('key = "exam"', 'key = "structure"', "the key stands there 2 times"),
        ('required = "proficient"', 'required = "best"', "required names no level"),
        ("lowest = 0\n", "", "a lowest and a highest"),
        ("lowest = 0\n", "lowest = 100\n", "a lowest and a highest"),
        ("required = 50.5", "required = 101", "no number between"),
        ("points = 3", 'points = "three"', "points is a number"),
        ('key = "mastery", ', "", "key is one word"),
        ('key = "exam"', 'key = "an exam"', "key is one word"),
        ('name = "Exam"', 'title = "Exam"', "there is no member 'title'"),
        ("https://university.example/rubrics/report", "rubric", "id is a URI"),
        ("lowest = 0\n", 'lowest = 0\nlevels = [{ key = "a", name = "A" }]\n', "and not both"),
        ("[[criteria]]", "[[criterion]]", "there is no member 'criterion'"),
        ("levels = [\n  {", 'levels = [ "a",\n  {', "it is a table"),
    ],
)
def test_what_is_wrong_is_found(was: str, now: str, said: str) -> None:
    text = RUBRIC_TOML.replace(was, now, 1)
    assert text != RUBRIC_TOML
    with pytest.raises(Refused, match=said) as refused:
        read_rubric(text.encode(), "rubric.toml")
    assert "docs/reference/assessment.md" in str(refused.value.remedy)


def test_points_that_go_down_are_told_and_kept() -> None:
    found, faults = look_at_rubric(RUBRIC_TOML.replace("points = 1", "points = 9").encode(), "a.toml")
    assert found is not None
    assert [(each.grave, "lowest points" in each.reason) for each in faults] == [(False, True)]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"{}", b'{"resultDescription": 5}', b'[{"resultType": "RawScore"}]', b"null", b'"a"']
)
def test_json_that_is_no_rubric(content: bytes) -> None:
    with pytest.raises(Refused):
        read_rubric(content, "rubric.json")


ANY = st.recursive(
    st.none() | st.integers() | st.text(max_size=5) | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id", "name", "resultType", "resultDescription", "rubricCriterionLevel", "valueMin", "points"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@given(ANY)
def test_any_json_is_a_rubric_or_refused(value: Any) -> None:
    try:
        found = read_rubric(json.dumps(value).encode(), "rubric.json")
    except Refused:
        return
    assert found.criteria
    assert all(each.identifier and (each.levels or each.highest is not None) for each in found.criteria)
