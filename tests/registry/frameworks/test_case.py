"""Frameworks come and go as CASE packages: nothing is lost, and what is written is what CASE 1.1 asks for."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.frameworks.case_reading import read_case
from registry.frameworks.case_writing import case_package
from registry.frameworks.files import read_framework
from registry.frameworks.members import Refused
from registry.frameworks.model import Framework, Item
from registry.frameworks.writing import framework_text
from tests.registry.frameworks.case_schema import CASE_1_1
from tests.registry.frameworks.packages import association, item, link, ordered, package, rich, sent, uuid

EXAMPLE = Path(__file__).parents[3] / "docs/how-to/frameworks/information-systems.toml"
NOW = "2026-01-01T00:00:00Z"


def again(framework: Framework) -> Framework:
    """The framework through a file of ours."""
    return read_framework(framework_text(framework).encode(), "again.toml")


def holds(whole: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator(CASE_1_1, format_checker=jsonschema.FormatChecker()).validate(whole)


def test_the_schema_of_the_tests_refuses_what_the_standard_does() -> None:
    holds(rich())
    for part, member in (("CFDocument", "creator"), ("CFDocument", "uri")):
        broken = rich()
        del broken[part][member]
        with pytest.raises(jsonschema.ValidationError):
            holds(broken)
    broken = rich()
    broken["CFItems"][0]["colour"] = "red"
    with pytest.raises(jsonschema.ValidationError):
        holds(broken)


def test_a_package_comes_back_whole() -> None:
    framework, faults = read_case(sent(rich()), "theirs.json")
    assert [(each.grave, each.reason) for each in faults] == [
        (False, "it belongs to several; the first is its parent here")
    ]
    assert ordered(case_package(framework, NOW)) == ordered(rich())
    assert ordered(case_package(again(framework), NOW)) == ordered(rich())
    assert again(framework) == framework


def test_what_has_a_place_here_is_in_its_place() -> None:
    framework, _ = read_case(sent(rich()), "theirs.json")
    assert (framework.title, framework.publisher, framework.licence) == (
        "A framework of theirs",
        "An agency",
        "licence",
    )
    assert [(each.code, each.parent, each.kind, each.levels) for each in framework.items] == [
        ("A", "", "Domain", ()),
        ("A.2", "A", "", ()),
        ("A.1", "A", "Standard", ("09", "10")),
        (uuid("d"), "A.1", "", ()),
    ]
    assert framework.items[1].text == {"fr": "Deuxième énoncé\nsur deux lignes"}


def test_a_framework_of_ours_is_a_package_that_the_standard_takes_and_comes_back_the_same() -> None:
    framework = read_framework(EXAMPLE.read_bytes(), EXAMPLE.name)
    whole = case_package(framework, NOW)
    holds(whole)
    back, faults = read_case(sent(whole), "ours.json")
    assert faults == ()
    assert back == framework
    assert case_package(framework, "2027-01-01T00:00:00Z") == whole, "it says itself when it was changed"


def test_an_edit_after_an_import_is_what_goes_out() -> None:
    framework, _ = read_case(sent(rich()), "theirs.json")
    text = framework_text(framework).replace("Statement b", "Another statement").replace('"A.1"', '"A.7"')
    edited = read_framework(text.encode(), "edited.toml")
    whole = case_package(edited, NOW)
    holds(whole)
    changed = next(each for each in whole["CFItems"] if each["identifier"] == uuid("b"))
    assert (changed["fullStatement"], changed["humanCodingScheme"]) == ("Another statement", "A.7")


def test_an_item_that_was_moved_is_linked_to_its_new_place() -> None:
    framework, _ = read_case(sent(rich()), "theirs.json")
    text = framework_text(framework).replace('parent = "A.1"', 'parent = "A.2"')
    whole = case_package(read_framework(text.encode(), "moved.toml"), NOW)
    links = [
        each["destinationNodeURI"]["identifier"]
        for each in whole["CFAssociations"]
        if each["originNodeURI"]["identifier"] == uuid("d") and each["associationType"] == "isChildOf"
    ]
    assert links.count(uuid("b")) == 0
    assert set(links) == {uuid("c")}


FAULTS: dict[str, tuple[dict[str, Any], str, bool, int]] = {
    "an item without a statement": (package([item("a"), {**item("b"), "fullStatement": ""}], []), "missing", True, 1),
    "an item without an identifier": (package([item("a"), {"fullStatement": "x"}], []), "identifier is text", True, 1),
    "an identifier twice": (package([item("a"), item("a")], []), "its identifier is that of item no. 1", True, 1),
    "an item that is none": (package([item("a"), 7], []), "an item is an object", True, 1),
    "a code twice": (
        package([item("a", humanCodingScheme="A"), item("b", humanCodingScheme="A")], []),
        "its code 'A' is that of another item",
        False,
        2,
    ),
    "an orphan": (package([item("a")], []), "nothing says where it belongs", False, 1),
    "a circle": (
        package([item("a"), item("b")], [association("isChildOf", "a", "b"), association("isChildOf", "b", "a")]),
        "it is above itself",
        False,
        2,
    ),
    "hidden signs": (package([item("a", "Turn\u202earound")], []), "characters that are not seen", False, 1),
    "a level of text": (package([item("a", "x" * 10_001), item("b")], []), "at most 10,000 characters", True, 1),
}


@pytest.mark.parametrize("name", FAULTS)
def test_bad_entries_are_told_and_the_rest_goes_on(name: str) -> None:
    whole, reason, grave, stay = FAULTS[name]
    framework, faults = read_case(sent(whole), "theirs.json")
    assert [each.grave for each in faults if reason in each.reason][:1] == [grave], faults
    assert len(framework.items) == stay
    assert again(framework) == framework


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "JSON"),
        (b"[]", "it is no CASE package"),
        (b'{"CFDocument": 3}', "it is no CASE package"),
        (b'{"CFDocument": {}, "CFDocument": {}}', "twice"),
        (sent(package([], [])), "no item of it can be used"),
        (sent({**package([item("a")], []), "CFItems": {}}), "CFItems: it is a list"),
        (sent({**package([item("a")], []), "CFDocument": {"identifier": "x"}}), "title is missing"),
        (b'{"a": ' * 300 + b"1" + b"}" * 300, "deep"),
    ],
    ids=["empty", "a list", "a number", "twice", "no items", "items that are none", "no title", "deep"],
)
def test_what_is_no_package_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(Refused) as told:
        read_case(content, "theirs.json")
    assert told.value.code == "case-package"
    assert any(reason in str(each) for each in told.value.faults), told.value.faults


def test_what_a_framework_file_cannot_have_is_kept_as_it_was() -> None:
    """What is imported can be read again, whatever stands in our own extension and where a licence is named."""
    more = {"fr": "Un texte", "xx\n": "no language", "de": "x" * 10_001, "hr": 7}
    whole = package([item("a", extensions={"testamur:text": more})], [association("isChildOf", "a", "document")])
    whole["CFDocument"]["licenseURI"] = {**link("licence"), "title": "x" * 10_001}
    framework, _ = read_case(sent(whole), "theirs.json")
    assert framework.items[0].text == {"en": "Statement a", "fr": "Un texte"}
    assert framework.licence == ""
    assert again(framework) == framework
    assert ordered(case_package(again(framework), NOW)) == ordered(whole)


def test_a_chain_that_is_too_deep_is_cut_where_it_is() -> None:
    names = [f"n{number}" for number in range(40)]
    links = [association("isChildOf", low, high) for high, low in pairwise(names)]
    framework, faults = read_case(sent(package([item(name) for name in names], links)), "deep.json")
    assert len(framework.items) == 32
    assert sum("levels deep" in each.reason for each in faults) == 8
    assert again(framework) == framework


def test_null_is_what_is_not_said_and_stays() -> None:
    whole = package(
        [item("a", humanCodingScheme=None, educationLevel=None)], [association("isChildOf", "a", "document")]
    )
    whole["CFDocument"]["description"] = None
    framework, faults = read_case(sent(whole), "theirs.json")
    assert faults == ()
    assert ordered(case_package(again(framework), NOW)) == ordered(whole)


NAMES = ["a", "b", "c", "d", "e"]
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), min_size=1, max_size=12)
SAFE = TEXTS.filter(lambda text: bool(text.strip()))


@st.composite
def packages(draw: st.DrawFn) -> dict[str, Any]:
    """Packages with any links among five items, those to a document that is theirs or not, and members of any kind."""
    items = [
        item(
            name,
            draw(SAFE),
            **draw(
                st.fixed_dictionaries(
                    {},
                    optional={
                        "humanCodingScheme": st.one_of(st.none(), st.sampled_from(["A", "B", uuid("a")]), TEXTS),
                        "CFItemType": st.one_of(TEXTS, st.integers(-9, 9)),
                        "educationLevel": st.lists(TEXTS, max_size=2),
                        "language": st.sampled_from(["en", "fr", "not a language"]),
                        "colour": TEXTS,
                    },
                )
            ),
        )
        for name in draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=5, unique=True))
    ]
    ends = st.sampled_from([*NAMES, "document", "elsewhere"])
    links = draw(st.lists(st.tuples(ends, ends, st.one_of(st.none(), st.integers(0, 3))), max_size=6, unique=True))
    associations = [
        association("isChildOf", low, high, **({} if number is None else {"sequenceNumber": number}))
        for low, high, number in links
    ]
    return package(
        items, associations, **draw(st.sampled_from([{}, {"CFRubrics": [link("r")]}, {"theirs": [1, None]}]))
    )


@given(packages())
def test_whatever_is_taken_in_comes_back_or_is_told(whole: dict[str, Any]) -> None:
    framework, faults = read_case(sent(whole), "theirs.json")
    back = ordered(case_package(again(framework), NOW))
    assert again(framework) == framework
    assert not any(each.grave for each in faults)
    came, went = ordered(whole), back
    assert went["CFItems"] == came["CFItems"]
    assert {name: went[name] for name in came if name not in ("CFAssociations",)} == {
        name: came[name] for name in came if name not in ("CFAssociations",)
    }
    assert went["CFAssociations"] == came["CFAssociations"]


@given(st.lists(st.tuples(SAFE, SAFE), min_size=1, max_size=4, unique_by=lambda each: each[0].strip()))
def test_a_framework_is_written_and_read_as_the_same(rows: list[tuple[str, str]]) -> None:
    items = tuple(Item(f"c{number}", {"en": text, "fr-CA": other}) for number, (text, other) in enumerate(rows))
    framework = Framework("own", "Own \x7f\t title", items, description="Two\nlines")
    assert again(framework) == framework
