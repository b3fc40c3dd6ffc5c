"""Pathways of others: CASE packages and graphs of CTDL, hostile ones among them, and the way there and back."""

from __future__ import annotations

import json
from fractions import Fraction
from random import Random
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.frameworks.members import Refused
from registry.learning.achieved import Achieved, Alignment
from registry.learning.items import Item
from registry.learning.pathways.case_reading import pathway_of_case
from registry.learning.pathways.ctdl_reading import pathway_of_ctdl
from registry.learning.pathways.ctdl_writing import ctdl_graph
from registry.learning.pathways.faults import faults_of
from registry.learning.pathways.files import read_pathway
from registry.learning.pathways.model import Award, Competence, Criteria, Of, Pathway, Requirement, Step, StepDone
from registry.learning.pathways.plan import plan_of
from registry.learning.pathways.progress import progress
from registry.learning.pathways.surroundings import Surroundings
from registry.learning.pathways.writing import pathway_text
from registry.levels import bundled_maps
from tests.registry.frameworks.case_schema import CASE_1_1
from tests.registry.frameworks.packages import association, item, link, package
from tests.registry.learning.pathways.made import NOW, URIS, award, pathway, step
from tests.registry.learning.pathways.made import item as learnt

MAPS = bundled_maps()
AROUND = Surroundings(MAPS)
BASE = "https://registry.example/resources/"


def told(faults: Any) -> list[str]:
    return [str(each) if each.grave else f"({each})" for each in faults]


# CASE


def test_items_below_an_item_are_what_it_requires_and_precedes_is_order() -> None:
    given_ = package(
        [
            item("a", humanCodingScheme="A"),
            item("b", humanCodingScheme="A.1", educationLevel=["09"]),
            item("c", humanCodingScheme="A.2", notes="From 1999"),
        ],
        [
            association("isChildOf", "a", "document"),
            association("isChildOf", "b", "a", sequenceNumber=1),
            association("isChildOf", "c", "a", sequenceNumber=2),
            association("precedes", "b", "c"),
            association("exactMatchOf", "b", "elsewhere"),
            association("isRelatedTo", "b", "c"),
        ],
    )
    jsonschema.validate(given_, CASE_1_1)
    found, faults = pathway_of_case(json.dumps(given_).encode(), "p.json")
    whole, first, second = found.steps
    assert (whole.identifier, whole.requires) == ("A", Of((StepDone("A.1"), StepDone("A.2")), 2))
    assert isinstance(first.requires, Award)
    assert first.requires.criteria.competences == (
        Competence(found.frameworks[0].identifier, "A.1"),
        Competence(url=link("b")["uri"]),
        Competence(url=link("elsewhere")["uri"]),
    )
    assert second.after == ("A.1",)
    assert told(faults) == [
        "(CFAssociations: 1 of isRelatedTo have no place in a pathway)",
        "(item A: it is taken to be done when all items below it are)",
        "(item A.1: no place in a pathway have educationLevel)",
        "(item A.2: no place in a pathway have notes)",
    ]
    assert len(found.notes) == 4
    assert read_pathway(pathway_text(found).encode(), "p.toml", AROUND) == found
    aligned = Achieved(alignments=(Alignment("A framework of theirs", "A.1"), Alignment(url=link("c")["uri"])))
    done = progress(plan_of(found, MAPS), [learnt(0, aligned)], NOW)
    assert [each.outcome.value for each in done.steps] == ["done", "done", "done"]


def test_a_package_with_more_items_than_steps_is_refused() -> None:
    many = package([item(f"i{number}") for number in range(501)], [])
    with pytest.raises(Refused, match="501 items, and a pathway has at most 500 steps"):
        pathway_of_case(json.dumps(many).encode(), "p.json")


def test_a_circle_of_precedes_is_found_when_the_pathway_is_looked_at() -> None:
    given_ = package([item("a"), item("b")], [association("precedes", "a", "b"), association("precedes", "b", "a")])
    found, _ = pathway_of_case(json.dumps(given_).encode(), "p.json")
    assert any("it waits for itself" in str(each) and each.grave for each in faults_of(found, AROUND))


# CTDL


def component(name: str, kind: str = "Credential", **more: Any) -> dict[str, Any]:
    members = {f"ceterms:{key}" if ":" not in key else key: value for key, value in more.items()}
    title = {"ceterms:name": {"en-US": name.upper()}, "ceterms:ctid": f"ce-{name}"}
    return {"@id": BASE + name, "@type": f"ceterms:{kind}Component", **title, **members}


def condition(*targets: str, **more: Any) -> dict[str, Any]:
    members = {f"ceterms:{key}": value for key, value in more.items()}
    named = {"ceterms:targetComponent": [BASE + each for each in targets]} if targets else {}
    return {"@type": "ceterms:ComponentCondition", **named, **members}


def graph(*nodes: dict[str, Any], **more: Any) -> bytes:
    about = {
        "@id": BASE + "pathway",
        "@type": "ceterms:Pathway",
        "ceterms:name": {"en-US": "A pathway", "es": "Un camino"},
        **{f"ceterms:{key}": value for key, value in more.items()},
    }
    return json.dumps({"@context": "https://credreg.net/ctdl/schema/context/json", "@graph": [about, *nodes]}).encode()


def read(content: bytes) -> tuple[Pathway, list[str]]:
    found, faults = pathway_of_ctdl(content, "p.jsonld")
    assert read_pathway(pathway_text(found).encode(), "p.toml", AROUND) == found
    return found, told(faults)


def required(path: Pathway) -> dict[str, Requirement | None]:
    return {each.identifier: each.requires for each in path.steps}


def test_what_a_component_stands_for_is_asked_for_and_conditions_go_before_it() -> None:
    found, faults = read(
        graph(
            component("a", proxyFor=URIS[0]),
            component("b", "Course", proxyForList=[URIS[1], URIS[2]], creditValue=[credits_of("ECTS", 7.5)]),
            component("c", "Competency", proxyFor=URIS[3], precededBy=[BASE + "a"]),
            component("end", proxyFor=DIPLOMA, hasCondition=[condition("a", "b", "c", requiredNumber=2)]),
            hasDestinationComponent=[BASE + "end"],
            ownedBy=["https://owner.example"],
        )
    )
    assert faults == ["(pathway: its owner is known by identifier alone: write its name as issuer)"]
    assert required(found) == {
        "ce-a": award(URIS[0]),
        "ce-b": award(URIS[1], URIS[2]),
        "ce-c": Award(Criteria(competences=(Competence(url=URIS[3]),))),
        "ce-end-before": Of((StepDone("ce-a"), StepDone("ce-b"), StepDone("ce-c")), 2),
        "ce-end": award(DIPLOMA),
    }
    steps = found.by_identifier()
    assert (steps["ce-b"].ects, steps["ce-c"].after, steps["ce-end"].after) == (
        Fraction(15, 2),
        ("ce-a",),
        ("ce-end-before",),
    )
    assert [each.identifier for each in found.steps if not each.optional] == ["ce-end"]
    assert (dict(found.title), found.issuer_id) == ({"en-US": "A pathway", "es": "Un camino"}, "https://owner.example")


DIPLOMA = "https://a.example/diploma"


def credits_of(unit: str, value: float) -> dict[str, Any]:
    return {"schema:value": value, "ceterms:creditUnitType": [{"ceterms:targetNodeName": {"en": unit}}]}


def test_a_component_that_stands_for_nothing_is_done_by_its_conditions_or_children() -> None:
    found, faults = read(
        graph(
            component("a", proxyFor=URIS[0]),
            component("b", "Basic"),
            component(
                "choice",
                "Selection",
                hasCondition=[condition("a", "b", logicalOperator="logicOp:Or"), condition("b")],
                hasChild=[BASE + "a", BASE + "b", BASE + "both"],
            ),
            component("both", "Multi", **{"ceasn:hasChild": [BASE + "a", BASE + "b"]}),
        )
    )
    gate = Of((Of((StepDone("ce-a"), StepDone("ce-b")), 1), Of((StepDone("ce-b"),), 1)), 2)
    assert required(found) == {
        "ce-a": award(URIS[0]),
        "ce-b": award(BASE + "b"),
        "ce-choice": gate,
        "ce-both": Of((StepDone("ce-a"), StepDone("ce-b")), 2),
    }
    assert faults == [
        "(pathway: it names no destination: every component is taken to be needed)",
        "(component ce-b: it stands for nothing: an achievement with its own URI is asked for)",
        "(component ce-choice, condition: it does not say how many: all are asked for)",
        "(component ce-choice: below it and in none of its conditions: ce-both)",
        "(component ce-both: it is taken to be done when all of its children are)",
    ]
    assert not any(each.optional for each in found.steps)


def test_conditions_may_be_nodes_and_within_one_another() -> None:
    inner = condition("b", "c", requiredNumber=1)
    outer = {**condition("a", requiredNumber=2), "@id": "_:outer", "ceterms:hasCondition": inner}
    nodes = [component(name, proxyFor=f"u:{name}") for name in "abc"]
    found, _ = read(graph(*nodes, outer, component("end", "Basic", hasCondition=["_:outer"])))
    assert found.steps[-1].requires == Of((StepDone("ce-a"), Of((StepDone("ce-b"), StepDone("ce-c")), 1)), 2)


GRAVE = {
    "a constraint": (condition("a", requiredNumber=1, hasConstraint=[{"ceterms:name": {"en": "Grade"}}]),
                     "component ce-end, condition: a constraint cannot be taken over: Grade"),
    "a no": (condition("a", requiredNumber=1, logicalOperator="logicOp:Not"), "the operator 'not' cannot be taken"),
    "nothing": (condition(), "component ce-end, condition: it names nothing that can be required"),
    "what is not there": (condition("a", "z"), f"targetComponent names {BASE}z, which is not in it"),
}  # fmt: skip


def test_conditions_within_themselves_are_read_no_further_than_their_bound() -> None:
    again = {**condition("a", requiredNumber=1), "@id": "_:again", "ceterms:hasCondition": ["_:again"] * 60}
    _, told_ = read(graph(component("a", proxyFor="u:a"), again, component("end", "Basic", hasCondition="_:again")))
    assert any("more than 2,000 conditions: the rest is left out" in each for each in told_)


@pytest.mark.parametrize("name", GRAVE)
def test_what_would_make_a_step_easier_is_told_as_grave(name: str) -> None:
    given_, reason = GRAVE[name]
    nodes = (component("a", proxyFor="u:a"), component("end", proxyFor="u:e", hasCondition=given_))
    _, faults = read(graph(*nodes))
    assert any(reason in each and not each.startswith("(") for each in faults), faults


def test_what_has_no_place_is_told_and_noted() -> None:
    found, faults = read(
        graph(component("a", proxyFor="u:a", programTerm={"en": "Fall"}, creditValue=[credits_of("Semester", 3)]))
    )
    assert "(component ce-a: no place in a pathway have programTerm)" in faults
    assert "(component ce-a: its credits are not ECTS, or not one number)" in faults
    assert len(found.notes) == len(faults)


REFUSED = {
    "no JSON": (b"{", "The document is not JSON"),
    "no pathway": (json.dumps({"@graph": [component("a")]}).encode(), "it has 0 pathways"),
    "no component": (graph(), "it has no component"),
    "no graph": (b'{"@graph": 1}', "it is no graph of CTDL"),
    "too many": (graph(*({"@id": f"_:{number}"} for number in range(5_000))), "5,001 nodes, and at most 5,000"),
    "too many components": (graph(*(component(f"c{number}") for number in range(501))), "501 components"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_pathway_is_refused(name: str) -> None:
    content, reason = REFUSED[name]
    with pytest.raises(Refused) as refused:
        pathway_of_ctdl(content, "p.jsonld")
    assert (refused.value.code, reason in str(refused.value)) == ("ctdl-pathway", True), str(refused.value)


MEMBERS = [
    *("ceterms:name", "ceterms:hasCondition", "ceterms:targetComponent", "ceterms:requiredNumber", "ceterms:proxyFor"),
    *("ceasn:hasChild", "ceterms:precedes", "ceterms:prerequisite", "ceterms:creditValue", "@id", "@type"),
    *("ceterms:logicalOperator", "ceterms:hasDestinationComponent", "ceterms:ctid", "ceterms:hasConstraint"),
]
TEXTS = st.sampled_from(
    [BASE + "a", BASE + "b", "ceterms:BasicComponent", "ceterms:ComponentCondition", "", " ", "a\u202eb", "x" * 3000]
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-2, 3), st.just(1e300), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(MEMBERS), inner, max_size=3)),
    max_leaves=6,
)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(MEMBERS), VALUES, max_size=5), max_size=4))
def test_nothing_in_a_graph_makes_reading_it_fail_otherwise(nodes: list[dict[str, Any]]) -> None:
    kept = [{"@type": "ceterms:BasicComponent", **each} for each in nodes]
    try:
        found, _ = pathway_of_ctdl(graph(component("a"), *kept), "p.jsonld")
    except Refused:
        return
    # What comes of it can be read again, unless steps wait for themselves or ask for more than there is.
    if not any(each.grave for each in faults_of(found, AROUND)):
        assert read_pathway(pathway_text(found).encode(), "p.toml", AROUND) == found


def simple(chance: Random) -> Pathway:
    """A pathway of what CTDL has words for."""

    def requirement(names: list[str], depth: int) -> Requirement:
        if depth < 2 and chance.random() < 0.4:
            parts = tuple(dict.fromkeys(requirement(names, depth + 1) for _ in range(chance.randint(1, 3))))
            return Of(parts, chance.randint(1, len(parts)))
        if names and chance.random() < 0.4:
            return StepDone(chance.choice(names))
        if chance.random() < 0.3:
            return Award(Criteria(competences=(Competence(url=chance.choice(URIS)),)))
        return award(*chance.sample(URIS, chance.randint(1, 2)))

    steps: list[Step] = []
    for number in range(chance.randint(1, 4)):
        names = [each.identifier for each in steps]
        after = tuple(chance.sample(names, chance.randint(0, min(1, len(names)))))
        steps.append(step(f"s{number}", requirement(names, 0), after=after, ects=chance.choice((None, Fraction(5, 2)))))
    return pathway(*steps)


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 2**32))
def test_what_goes_to_ctdl_asks_for_the_same_when_it_comes_back(seed: int) -> None:
    chance = Random(seed)
    path = simple(chance)
    content, lost = ctdl_graph(path)
    assert lost == ()
    again, _ = read(json.dumps(content).encode())
    items: list[Item] = [
        learnt(at, Achieved(identifier=uri, alignments=(Alignment(url=chance.choice(URIS)),)))
        for at, uri in enumerate(chance.sample(URIS, chance.randint(0, 3)))
    ]
    before, after = (progress(plan_of(each, MAPS), items, NOW) for each in (path, again))
    found = {each.identifier: each for each in after.steps}
    for each in before.steps:
        other = found[each.identifier]
        assert (other.outcome, other.available) == (each.outcome, each.available)
    assert {each.identifier: each.ects for each in again.steps if each.ects} == {
        each.identifier: each.ects for each in path.steps if each.ects
    }


def test_what_ctdl_has_no_word_for_is_told() -> None:
    path = pathway(
        step("a", award(URIS[0], accredited=True, within_months=3)), step("b", award(URIS[1]), optional=True)
    )
    content, lost = ctdl_graph(path)
    assert told(lost) == [
        "step a: CTDL has no word for an age: what is written asks for less",
        "step a: CTDL has no word for accreditation: what is written asks for less",
    ]
    assert content["@graph"][0]["ceterms:hasDestinationComponent"] == [content["@graph"][1]["@id"]]
