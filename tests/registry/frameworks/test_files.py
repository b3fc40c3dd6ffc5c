"""Framework files and programme files are read strictly, and all that is wrong with one is told at once."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.frameworks.files import look_at_framework, look_at_programme, read_framework, read_programme
from registry.frameworks.members import MAX_BYTES, Refused
from registry.frameworks.model import MAX_DEPTH, faults_of_tree

ABOUT = '[framework]\nid = "f"\ntitle = "F"\n'
PROGRAMME = '[programme]\nid = "p"\ntitle = "P"\ninstitution = "U"\nframework = "f"\n'


def items(*rows: str) -> bytes:
    return (ABOUT + "".join(f"[[items]]\n{row}\n" for row in rows)).encode()


def parts(*rows: str) -> bytes:
    return (PROGRAMME + "".join(f"[[parts]]\n{row}\n" for row in rows)).encode()


FRAMEWORKS = {
    "no TOML": (b"[framework", "it cannot be read as TOML"),
    "no UTF-8": (b"\xff", "it is not UTF-8"),
    "too long": (b"#" * (MAX_BYTES + 1), "at most 16,777,216 are read"),
    "nothing in it": (b"", "a table [framework] says what it is"),
    "no items": (ABOUT.encode(), "a framework has items"),
    "a misspelt table": (items('code = "A"\ntext = "a"') + b"[[item]]\n", "there is no member 'item'"),
    "a misspelt member": (items('code = "A"\ntext = "a"\nparnt = "B"'), "item A: there is no member 'parnt'"),
    "a code twice": (
        items('code = "A"\ntext = "a"', 'code = "A"\ntext = "b"'),
        "item A: the code stands there 2 times",
    ),
    "an unknown parent": (items('code = "A"\ntext = "a"\nparent = "Z"'), "its parent 'Z' is no item"),
    "a circle": (
        items('code = "A"\ntext = "a"\nparent = "B"', 'code = "B"\ntext = "b"\nparent = "A"'),
        "item A: it is above itself: A → B → A",
    ),
    "below a circle": (
        items('code = "A"\ntext = "a"\nparent = "A"', 'code = "B"\ntext = "b"\nparent = "A"'),
        "item B: no way leads from it up to the top",
    ),
    "no text": (items('code = "A"'), "item A: text is text"),
    "an empty text": (items('code = "A"\ntext = " "'), "text is text of 1 to 10,000"),
    "no language": (items('code = "A"\ntext = { "e n" = "a" }'), "'e n' is no language tag"),
    "a code in two lines": (items('code = "A\\nB"\ntext = "a"'), "code is text of 1 to 200"),
    "a code with an escape": (items('code = "A\\u001b[31m"\ntext = "a"'), "characters that are not seen"),
    "levels that are numbers": (items('code = "A"\ntext = "a"\nlevels = [6]'), "levels is a list of texts"),
    "a case that is none": (items('code = "A"\ntext = "a"\ncase = "["'), "case is what an import wrote"),
}


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_a_framework_with_a_fault_is_refused_and_the_fault_told(name: str) -> None:
    content, reason = FRAMEWORKS[name]
    with pytest.raises(Refused) as told:
        read_framework(content, "f.toml")
    assert told.value.code == "framework"
    assert any(reason in str(each) for each in told.value.faults), told.value.faults


PROGRAMMES = {
    "no parts": (PROGRAMME.encode(), "a programme has parts"),
    "negative credits": (parts('code = "1"\ntitle = "x"\nects = -1'), "part 1: ects is a number of credits"),
    "endless credits": (parts('code = "1"\ntitle = "x"\nects = inf'), "part 1: ects is a number of credits"),
    "no number": (parts('code = "1"\ntitle = "x"\nects = nan'), "part 1: ects is a number of credits"),
    "credits as text": (parts('code = "1"\ntitle = "x"\nects = "5"'), "part 1: ects is a number of credits"),
    "many decimals": (parts('code = "1"\ntitle = "x"\nects = 0.00001'), "part 1: ects is a number of credits"),
    "huge credits": (parts('code = "1"\ntitle = "x"\nects = 1e999999'), "part 1: ects is a number of credits"),
    "a part twice": (parts('code = "1"\ntitle = "x"', 'code = "1"\ntitle = "x"'), "the code stands there 2 times"),
    "a level that is none": (
        PROGRAMME.encode() + b'level = "9"\n[[parts]]\ncode = "1"\ntitle = "x"\n',
        "level is one of the European",
    ),
    "a country that is none": (
        PROGRAMME.encode() + b'country = "Eire"\n[[parts]]\ncode = "1"\ntitle = "x"\n',
        "country is the two letters",
    ),
    "covers a number": (parts('code = "1"\ntitle = "x"\ncovers = [1]'), "covers is a list of texts"),
}


@pytest.mark.parametrize("name", PROGRAMMES)
def test_a_programme_with_a_fault_is_refused_and_the_fault_told(name: str) -> None:
    content, reason = PROGRAMMES[name]
    with pytest.raises(Refused) as told:
        read_programme(content, "p.toml")
    assert told.value.code == "programme"
    assert any(reason in str(each) for each in told.value.faults), told.value.faults


def test_hidden_signs_in_a_text_are_told_and_the_item_kept() -> None:
    found, faults = look_at_framework(items('code = "A"\ntext = "zero\\u200bwidth"'), "f.toml")
    assert found is not None
    assert len(found.items) == 1
    assert [(each.entry, each.grave) for each in faults] == [("item A", False)]


def test_a_programme_is_read_with_exact_credits() -> None:
    found, faults = look_at_programme(parts('code = "1"\ntitle = "x"\nects = 7.5\ncovers = ["A", "A"]'), "p.toml")
    assert faults == ()
    assert found is not None
    assert (float(found.ects), found.parts[0].covers) == (7.5, ("A",))


NODES = st.sampled_from(["a", "b", "c", "d", "e", "f"])


def slow(parents: Mapping[str, str]) -> set[str]:
    """Who cannot walk up to the top in as many steps as there are items."""
    lost = set()
    for start in parents:
        code = start
        for _ in range(len(parents) + 1):
            if not code:
                break
            code = parents.get(code, "?")
        if code:
            lost.add(start)
    return lost


@given(st.dictionaries(NODES, st.one_of(st.just(""), NODES, st.just("nobody")), max_size=6))
def test_whatever_has_no_way_up_is_told_and_nothing_else(parents: dict[str, str]) -> None:
    told = [each.entry.removeprefix("item ") for each in faults_of_tree(parents)]
    assert sorted(told) == sorted(slow(parents)), "each once"


def test_a_long_chain_is_told_from_where_it_is_too_deep() -> None:
    parents = {str(number): str(number - 1) if number else "" for number in range(5_000)}
    told = faults_of_tree(dict(reversed(parents.items())))
    assert len(told) == 5_000 - MAX_DEPTH
