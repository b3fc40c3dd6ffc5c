"""Two programmes beside a framework: the four sets are a partition, and no credit is lost or made."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import IntakeError
from registry.frameworks.coverage import Where, compare, decimals, table_rows
from registry.frameworks.files import read_framework, read_programme
from registry.frameworks.model import Framework, Item, Part, Programme

FOLDER = Path(__file__).parents[3] / "docs/how-to/frameworks"
TREE = {"A": "", "A.1": "A", "A.2": "A", "A.2.a": "A.2", "A.2.b": "A.2", "B": "", "C": "", "C.1": "C"}
LEAVES = {"A.1", "A.2.a", "A.2.b", "B", "C.1"}
FRAMEWORK = Framework("f", "F", tuple(Item(code, {"en": code.lower()}, parent) for code, parent in TREE.items()))


def programme(name: str, *parts: tuple[int, list[str]], framework: str = "f") -> Programme:
    made = tuple(
        Part(f"{name}{number}", "a part", "course", Fraction(ects), tuple(covers))
        for number, (ects, covers) in enumerate(parts, 1)
    )
    return Programme(name, name, "U", framework, made)


def sets(first: Programme, second: Programme) -> dict[Where, set[str]]:
    found = compare(FRAMEWORK, first, second)
    return {where: {row.item.code for row in found.rows if row.where is where} for where in Where}


def test_items_are_in_both_in_one_or_in_neither() -> None:
    found = sets(programme("a", (6, ["A.1"]), (5, ["A.2"])), programme("b", (5, ["A.2.a", "B"])))
    assert found == {
        Where.BOTH: {"A.2.a"},
        Where.FIRST: {"A.1", "A.2.b"},
        Where.SECOND: {"B"},
        Where.NEITHER: {"C.1"},
    }


def test_credits_are_shared_equally_among_what_a_part_covers() -> None:
    found = compare(FRAMEWORK, programme("a", (6, ["A"]), (1, ["A.1", "A.1"])), programme("b", (5, [])))
    assert [(row.item.code, row.first.ects, row.first.parts) for row in found.rows if row.first.parts] == [
        ("A.1", 3, ("a1", "a2")),
        ("A.2.a", 2, ("a1",)),
        ("A.2.b", 2, ("a1",)),
    ]
    assert (found.second.ects, found.second.unaligned) == (0, 5)


def test_what_a_part_names_and_the_framework_has_not_is_told() -> None:
    found = compare(FRAMEWORK, programme("a", (6, ["Z", "B"])), programme("b", (5, ["Y"])))
    assert [str(each) for each in found.first.faults] == ["part a1: the framework has no item 'Z'"]
    assert (found.second.unaligned, len(found.second.faults)) == (5, 1)
    assert found.to_dict()["second"]["leftOut"] == ["part b1: the framework has no item 'Y'"]


def test_programmes_of_two_frameworks_are_not_compared() -> None:
    with pytest.raises(IntakeError) as told:
        compare(FRAMEWORK, programme("a", (6, ["B"])), programme("b", (6, ["B"]), framework="g"))
    assert told.value.code == "other-framework"


def test_the_example_of_the_documentation() -> None:
    framework = read_framework((FOLDER / "information-systems.toml").read_bytes(), "f")
    first, second = (read_programme((FOLDER / f"{name}.toml").read_bytes(), name) for name in ("northport", "lakeside"))
    told = compare(framework, first, second).to_dict()
    assert {name: each["items"] for name, each in told["sets"].items()} == {
        "both": 6,
        "first-only": 3,
        "second-only": 1,
        "neither": 0,
    }
    assert told["sets"]["both"]["ects"] == ["32.50", "36.00"]
    assert "equivalen" not in str(told).casefold()


@pytest.mark.parametrize(
    ("credits_", "shown"),
    [(Fraction(0), "0.00"), (Fraction(10, 3), "3.33"), (Fraction(20, 3), "6.67"), (Fraction(1, 8), "0.12")],
)
def test_credits_are_shown_with_two_decimals(credits_: Fraction, shown: str) -> None:
    assert decimals(credits_) == shown


PARTS = st.lists(
    st.tuples(st.integers(0, 30), st.lists(st.sampled_from([*TREE, "Z"]), max_size=4)), min_size=1, max_size=5
)


@given(PARTS, PARTS)
def test_the_sets_are_a_partition_and_no_credit_is_lost(
    first: list[tuple[int, list[str]]], second: list[tuple[int, list[str]]]
) -> None:
    one, other = programme("a", *first), programme("b", *second)
    found = compare(FRAMEWORK, one, other)

    def covered(parts: list[tuple[int, list[str]]]) -> set[str]:
        """The slow reference: an item is covered when a part names it, or one above it."""
        named = {code for _, covers in parts for code in covers}
        return {leaf for leaf in LEAVES if any(leaf == code or leaf.startswith(f"{code}.") for code in named)}

    in_first, in_second = covered(first), covered(second)
    assert sets(one, other) == {
        Where.BOTH: in_first & in_second,
        Where.FIRST: in_first - in_second,
        Where.SECOND: in_second - in_first,
        Where.NEITHER: LEAVES - in_first - in_second,
    }
    counts = [found.counted(where) for where in Where]
    assert sum(number for number, _, _ in counts) == len(LEAVES)
    assert sum((ects for _, ects, _ in counts), found.first.unaligned) == sum(ects for ects, _ in first)
    assert sum((ects for _, _, ects in counts), found.second.unaligned) == sum(ects for ects, _ in second)
    assert sets(other, one)[Where.FIRST] == sets(one, other)[Where.SECOND]
    assert len(list(table_rows(found))) == len(LEAVES) + 1
