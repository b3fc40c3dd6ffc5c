"""Pathway files: read strictly, with all that is wrong told at once, and written so that they are read as the same."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.frameworks.files import read_framework
from registry.frameworks.members import Refused
from registry.learning.pathways.files import frameworks_named, look_at_pathway, read_pathway
from registry.learning.pathways.model import Award, Counts, CreditSum, Criteria, LevelRange, Of, Offer
from registry.learning.pathways.surroundings import Surroundings
from registry.learning.pathways.words import Words
from registry.learning.pathways.writing import pathway_text
from registry.levels import bundled_maps
from tests.registry.learning.pathways.made import MAKERS, Maker

HOW_TO = Path(__file__).resolve().parents[4] / "docs" / "how-to" / "frameworks"
AROUND = Surroundings(bundled_maps())
ABOUT = '[pathway]\nid = "p"\ntitle = "P"\n'
A = '[[steps]]\nid = "a"\ntitle = "A"\nrequires = { achievements = ["u:a"] }\n'


def told(content: str, around: Surroundings = AROUND) -> list[str]:
    """The faults of a file; those that are not grave in brackets."""
    try:
        _, faults = look_at_pathway(content.encode(), "p.toml", around)
    except Refused as refused:
        faults = refused.faults
    return [str(each) if each.grave else f"({each})" for each in faults]


def with_step(requires: str, *more: str) -> str:
    return (
        ABOUT + A + f'[[steps]]\nid = "b"\ntitle = "B"\nrequires = {requires}\n' + "".join(f"{each}\n" for each in more)
    )


def test_the_pathway_of_the_documentation_is_in_order() -> None:
    content = (HOW_TO / "information-systems-pathway.toml").read_bytes()
    (name,) = frameworks_named(content, "p.toml")
    framework = read_framework((HOW_TO / name).read_bytes(), name)
    pathway, faults = look_at_pathway(content, "p.toml", Surroundings(bundled_maps(), {name: framework}))
    assert faults == ()
    assert pathway is not None
    assert (len(pathway.steps), pathway.counts) == (9, Counts.SEVERAL)


def test_what_a_file_says_is_what_is_read() -> None:
    content = (
        f'{ABOUT}counts = "once"\nunnamed_credits = "ects"\naccredited = true\nissuers = [7]\n'
        '[[frameworks]]\nid = "f"\n[[achievements]]\nid = "u:a"\ntitle = "A"\nects = 7.5\n'
        '[[steps]]\nid = "a"\ntitle = "A"\nwithin_months = 12\noptional = true\nects = 3\n'
        'requires = { of = [{ achievements = "u:a", accredited = false }, { credits = 2.5, issuers = ["did:b"] }, '
        '{ competences = ["C.1"], level = { from = 6 } }], at_least = 2 }\n'
    )
    pathway = read_pathway(content.encode(), "p.toml", AROUND)
    (step,) = pathway.steps
    assert isinstance(step.requires, Of)
    one, two, three = step.requires.parts
    assert one == Award(Criteria(achievements=("u:a",), issuers=(7,), within_months=12))
    assert two == CreditSum(Fraction(5, 2), Criteria(issuers=("did:b",), within_months=12, accredited=True))
    assert isinstance(three, Award)
    assert (three.criteria.competences[0].framework, three.criteria.level) == ("f", LevelRange("eqf", "6"))
    assert (step.requires.at_least, step.optional, step.ects) == (2, True, 3)
    assert pathway.offers == (Offer("u:a", {"en": "A"}, Fraction(15, 2)),)
    assert (pathway.counts, pathway.unnamed_credits) == (Counts.ONCE, True)


@settings(max_examples=100, deadline=None)
@given(MAKERS)
def test_what_is_written_is_read_as_the_same(make: Maker) -> None:
    pathway = make.pathway()
    read, faults = look_at_pathway(pathway_text(pathway).encode(), "p.toml", AROUND)
    assert read == pathway
    assert not any(each.grave for each in faults)
    words = Words(pathway, "en")
    assert all(words.requirement(each.requires) for each in pathway.steps if each.requires is not None)


FAULTS = {
    "no TOML": ("[pathway", "it cannot be read as TOML"),
    "nothing in it": ("", "a table [pathway] says what it is"),
    "no steps": (ABOUT, "a pathway has steps"),
    "a misspelt table": (ABOUT + A + "[[step]]\n", "there is no member 'step'"),
    "a misspelt member": (ABOUT + A + "aftr = []\n", "step a: there is no member 'aftr'"),
    "a misspelt criterion": (with_step("{ achievement = ['u:a'] }"), "step b, requires: there is no member 'achi"),
    "an id twice": (ABOUT + A + A, "step a: its id is that of step no. 1"),
    "no title": (ABOUT + '[[steps]]\nid = "a"\nrequires = {}\n', "step a: title is text"),
    "nothing required": (ABOUT + '[[steps]]\nid = "a"\ntitle = "A"\n', "step a: it says neither what it requires"),
    "an unknown step": (with_step("{ step = 'z' }"), "step b: there is no step 'z'"),
    "an unknown step before": (with_step("{}", 'after = ["z"]'), "step b: there is no step 'z'"),
    "a circle": (
        ABOUT + A + 'after = ["b"]\n[[steps]]\nid = "b"\ntitle = "B"\nrequires = { any = [{ step = "a" }] }\n',
        "step a: it waits for itself: a → b → a",
    ),
    "itself": (with_step("{ step = 'b' }"), "step b: it waits for itself: b → b"),
    "what leads nowhere": (
        with_step("{ credits = 12, achievements = ['u:x'] }", '[[steps]]\nid = "c"\ntitle = "C"\nafter = ["b"]',
                  "requires = {}", '[[achievements]]\nid = "u:x"\ntitle = "X"\nects = 6'),
        "step c: no way leads to it: 'b' before it cannot be done",
    ),
    "what requires what leads nowhere": (
        with_step("{ credits = 12, achievements = ['u:x'] }", '[[steps]]\nid = "c"\ntitle = "C"',
                  "requires = { step = 'b' }", '[[achievements]]\nid = "u:x"\ntitle = "X"\nects = 6'),
        "step c: no way leads to it: what it requires cannot be done",
    ),
    "more than there are": (
        with_step("{ of = [{ step = 'a' }], at_least = 2 }"),
        "step b: at least 2 of 1 are asked for, which are fewer",
    ),
    "none of some": (with_step("{ of = [{ step = 'a' }], at_least = 0 }"), "at_least is a whole number from 1"),
    "two things at once": (with_step("{ any = [{}], all = [{}] }"), "beside all stands nothing but all"),
    "an empty list": (with_step("{ any = [] }"), "any is a list of 1 to 200 requirements"),
    "no credits": (with_step("{ credits = 0 }"), "step b: credits is a number of ECTS above 0"),
    "negative credits": (with_step("{ credits = -1 }"), "credits is a number of credits from 0"),
    "more credits than there are": (
        with_step("{ credits = 7, achievements = ['u:a'] }", '[[achievements]]\nid = "u:a"\ntitle = "A"\nects = 6'),
        "step b: 7 ECTS are asked for, and the achievements that it names come to 6",
    ),
    "an achievement that is not offered": (
        with_step("{}", '[[achievements]]\nid = "u:x"\ntitle = "X"'),
        "step a: u:a is none of the pathway's achievements",
    ),
    "a level that excludes itself": (
        with_step("{ level = { from = 7, to = 6 } }"),
        "step b: eqf has no level from 7 to 6",
    ),
    "a level that is none": (with_step("{ level = { framework = 'ie-nfq', from = 11 } }"), "ie-nfq has no level '11'"),
    "a framework of levels that is none": (
        with_step("{ level = { framework = 'zz', from = 1 } }"),
        "step b: no framework 'zz' has a level map",
    ),
    "a level without ends": (with_step("{ level = {} }"), "level says from which level, up to which, or both"),
    "no field": (with_step("{ fields = ['9999'] }"), "step b: there is no field '9999' of ISCED-F 2013"),
    "a competence of no framework": (with_step("{ competences = ['A'] }"), "a competence is a code alone where"),
    "half a competence": (with_step("{ competences = [{ code = 'A' }] }"), "a competence is a code, a framework with"),
    "no months": (with_step("{ within_months = 0 }"), "within_months is a whole number from 1 to 1,200"),
    "no issuer": (with_step("{ issuers = [true] }"), "issuers is a list of 1 to 200 numbers of parties"),
    "a decision of nobody": (
        with_step("{}", '[steps.recognition]\nachievements = ["u:d"]'),
        "step b, recognition: issuers says who decides",
    ),
    "a decision without a name": (
        with_step("{}", "[steps.recognition]\nissuers = [7]"),
        "step b, recognition: achievements says by which URI",
    ),
    "two frameworks of one name": (
        with_step("{}", '[[frameworks]]\nid = "f"\nnames = ["One"]', '[[frameworks]]\nid = "g"\nnames = ["one"]'),
        "framework g: framework f is called 'one', too",
    ),
    "too deep": (with_step("{ any = [" * 9 + "{}" + "] }" * 9), "it is more than 8 requirements deep"),
    "a counting that is none": (ABOUT + 'counts = "twice"\n' + A, "pathway: counts is 'several' or 'once'"),
    "hidden signs": (with_step("{ achievements = ['u:\\u202e'] }".replace("'", '"')), "achievements is a list of at"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_pathway_with_a_grave_fault_is_refused_and_the_fault_told(name: str) -> None:
    content, reason = FAULTS[name]
    grave = [each for each in told(content) if not each.startswith("(")]
    assert any(reason in each for each in grave), grave
    with pytest.raises(Refused, match=r".") as refused:
        read_pathway(content.encode(), "p.toml", AROUND)
    assert (refused.value.code, refused.value.where) == ("pathway", "p.toml")
    assert "testamur pathway faults" in str(refused.value.remedy)


NOTED = {
    "what another one takes": (
        ABOUT + 'counts = "once"\n' + A + '[[steps]]\nid = "b"\ntitle = "B"\nrequires = { all = [{ step = "a" }, '
        '{ achievements = ["u:a"] }] }\n',
        "(step b: it needs u:a, which step a needs, too, and what serves one step serves no other",
    ),
    "anything": (with_step("{}"), "(step b: it asks for nothing in particular: any credential does)"),
    "a framework that is not named": (
        with_step('{ competences = [{ framework = "F", code = "A" }, { framework = "g", code = "A" }] }')
        + '[[frameworks]]\nid = "f"\n',
        "(step b: g is none of the pathway's frameworks",
    ),
    "a part twice": (with_step("{ any = [{ step = 'a' }, { step = 'a' }] }"), "(step b: the same requirement stands"),
    "nothing needed": (ABOUT + A + "optional = true\n", "(every step is optional: whoever has done nothing"),
    "hidden signs in a text": (ABOUT + A + 'description = "a\\u202eb"\n', "(step a: description has characters"),
}


@pytest.mark.parametrize("name", NOTED)
def test_what_is_not_grave_is_told_and_the_pathway_is_used(name: str) -> None:
    content, reason = NOTED[name]
    assert [each[: len(reason)] for each in told(content)] == [reason]
    read_pathway(content.encode(), "p.toml", AROUND)


def test_what_can_be_done_without_what_another_takes_is_in_order() -> None:
    either = "{ any = [{ achievements = ['u:a'] }, { achievements = ['u:b'] }] }"
    assert told(with_step(either).replace('"P"', '"P"\ncounts = "once"', 1)) == []


def test_codes_that_a_framework_does_not_have_are_found_where_it_is_there() -> None:
    content = with_step("{ competences = ['A', 'Z'] }", '[[frameworks]]\nid = "f"\nfile = "f.toml"')
    framework = read_framework(b'[framework]\nid = "f"\ntitle = "F"\n[[items]]\ncode = "A"\ntext = "a"\n', "f.toml")
    assert told(content, Surroundings(AROUND.maps, {"f.toml": framework})) == ["step b: F has no item 'Z'"]
    unread = told(content, Surroundings(AROUND.maps, {"f.toml": None}))
    assert unread == ["(framework f: its file 'f.toml' cannot be read)"]
    assert told(content) == []


VALUES = st.recursive(
    st.sampled_from(["1", "-1", "1.5", "true", '""', '"a"', "[]", "{}", "nan", "2026-01-01", '"' + "x" * 300 + '"']),
    lambda inner: st.lists(inner, max_size=3).map(lambda each: f"[{', '.join(each)}]"),
    max_leaves=4,
)
NAMES = [
    *("id", "title", "after", "optional", "ects", "recognition", "all", "any", "of", "at_least", "step", "credits"),
    *("achievements", "competences", "issuers", "kinds", "fields", "level", "results", "within_months", "accredited"),
    *("evidence", "framework", "file", "names", "counts", "url", "code", "from"),
]
TABLES = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=5)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["steps", "achievements", "frameworks"]), TABLES, TABLES), max_size=3))
def test_nothing_in_a_file_makes_reading_it_fail_otherwise(
    rows: list[tuple[str, dict[str, str], dict[str, str]]],
) -> None:
    lines = [ABOUT]
    for name, members, inner in rows:
        lines.append(f"[[{name}]]")
        lines += [f"{key} = {value}" for key, value in members.items()]
        lines.append(f"requires = {{ {', '.join(f'{key} = {value}' for key, value in inner.items())} }}")
    told("\n".join(lines))
