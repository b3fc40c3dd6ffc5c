"""Scopes: words, numbers and cover."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.scope import QualificationType, Scope, ScopeError

FIELDS = ["", "06", "061", "0612", "0613", "068", "01", "0612"]
scopes = st.builds(
    lambda field, low, high, types, country: Scope(field, min(low, high), max(low, high), types, country),
    st.sampled_from(FIELDS),
    st.integers(1, 8),
    st.integers(1, 8),
    st.integers(0, 255).map(QualificationType),
    st.sampled_from(["", "PT", "DE", "987"]),
)


@given(scopes)
def test_numbers_there_and_back(scope: Scope) -> None:
    assert Scope.from_numbers(*scope.to_numbers()) == scope


@given(scopes, scopes, scopes)
def test_cover_is_an_order(a: Scope, b: Scope, c: Scope) -> None:
    assert a.covers(a)
    assert Scope().covers(a)
    assert not (a.covers(b) and b.covers(a)) or a == b
    assert not (a.covers(b) and b.covers(c)) or a.covers(c)


def test_fields_cover_by_prefix() -> None:
    for outer, inner in pairwise(["", "06", "061", "0612"]):
        assert Scope(outer).covers(Scope(inner))
        assert not Scope(inner).covers(Scope(outer))


def test_any_type_and_place_are_covered_by_any_alone() -> None:
    master = Scope(types=QualificationType.MASTER, jurisdiction="PT")
    assert Scope().covers(master)
    assert not master.covers(Scope())
    assert not master.covers(Scope(types=QualificationType.MASTER | QualificationType.BACHELOR, jurisdiction="PT"))


def test_words() -> None:
    scope = Scope.from_words("0612", "6-7", ["master", "micro-credential"], "pt")
    assert scope.to_numbers() == (612, 4, 6, 7, 4 + 128, 620)
    assert str(scope) == "field 0612, EQF 6 to 7, master, micro-credential, PT"
    assert Scope.from_words("", "6", [], "") == Scope("", 6, 6)


@pytest.mark.parametrize(
    ("field", "levels", "types", "country"),
    [
        ("6", "1-8", [], ""),
        ("06123", "1-8", [], ""),
        ("0x12", "1-8", [], ""),
        ("", "0-8", [], ""),
        ("", "7-6", [], ""),
        ("", "1-9", [], ""),
        ("", "-", [], ""),
        ("", "1-8", ["lord"], ""),
        ("", "1-8", [], "XX"),
    ],
)
def test_what_means_nothing_is_refused(field: str, levels: str, types: list[str], country: str) -> None:
    with pytest.raises(ScopeError):
        Scope.from_words(field, levels, types, country)
