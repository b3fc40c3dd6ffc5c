"""Fields of ISCED-F are found by code, with what is below them, and by words of their names."""

from __future__ import annotations

import pytest

from registry.frameworks.fields import MOST_FOUND, fields_of


@pytest.mark.parametrize(
    ("asked", "codes"),
    [
        ("061", ["061", "0611", "0612", "0613"]),
        (" 0613 ", ["0613"]),
        ("SOFTWARE", ["0613"]),
        ("training teacher", ["0113", "0114"]),
        ("0688", ["0688"]),
        ("99", []),
        ("no such thing", []),
        ("", []),
        ("٠٦", []),
    ],
)
def test_a_field_is_found(asked: str, codes: list[str]) -> None:
    found = [each.code for each in fields_of(asked)]
    assert found[: len(codes)] == codes or set(codes) <= set(found)
    assert bool(found) is bool(codes)


def test_a_field_says_what_it_is_part_of() -> None:
    (found,) = fields_of("0613")
    assert [code for code, _ in found.within] == ["06", "061"]


def test_a_common_word_finds_no_more_than_a_person_reads() -> None:
    assert len(fields_of("and")) == MOST_FOUND
