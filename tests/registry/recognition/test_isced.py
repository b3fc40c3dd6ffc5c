"""Codes of ISCED-F 2013."""

from __future__ import annotations

import pytest

from registry.recognition.isced import FIELDS, field_label, field_name
from registry.recognition.scope import Scope


def test_the_tree_has_as_many_fields_as_the_classification() -> None:
    # ISCED-F 2013, table 1: 11 broad, 29 narrow and about 80 detailed fields.
    by_length = [sum(1 for code in FIELDS if len(code) == length) for length in (2, 3, 4)]
    assert by_length[:2] == [11, 29]
    assert 78 <= by_length[2] <= 82
    assert all(code[:-1] in FIELDS for code in FIELDS if len(code) > 2)


@pytest.mark.parametrize(
    "code", ["06", "061", "0613", "0610", "0619", "068", "0688", "0788", "0999", "00", "0000", "10"]
)
def test_codes_that_are_there_have_a_name_and_are_a_scope(code: str) -> None:
    assert field_name(code)
    assert Scope(code).field == code


@pytest.mark.parametrize("code", ["", "6", "11", "99", "0614", "0618", "061x", "06131", "065", "0689", "٠٦", "0690"])
def test_codes_that_are_not_have_none(code: str) -> None:
    assert field_name(code) is None


@pytest.mark.parametrize(
    ("code", "label"),
    [("0915", "0915 Therapy and rehabilitation"), ("9999", "9999"), ("", ""), ("unstated", "unstated")],
)
def test_a_field_is_shown_by_its_code_and_its_name(code: str, label: str) -> None:
    assert field_label(code) == label
