"""CTDL: read by PyLD with CTDL's own context, and held against the domains and ranges of CTDL's own schema."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from pyld import jsonld

from registry.formats.outward.exporting import Export, Form, exported
from registry.formats.outward.statements import Selected, ToldProgramme, Why
from registry.formats.outward.words import safe_text
from registry.quality.decision import Evidence, Ruling
from registry.recognition.ledger import Kind
from registry.recognition.scope import Scope, hash_of_programme
from tests.registry.formats.outward_made import FIXTURES, HOSTILE, day, decided, one, selections

CONTEXT = "https://credreg.net/ctdl/schema/context/json"
CTDL = "https://purl.org/ctdl/terms/"
SKOS = "http://www.w3.org/2004/02/skos/core#"
SLOW = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))


@cache
def context() -> Any:
    return json.loads((FIXTURES / "ctdl-context.json").read_text(encoding="utf-8"))


@cache
def terms() -> dict[str, dict[str, Any]]:
    graph = json.loads((FIXTURES / "ctdl-terms.json").read_text(encoding="utf-8"))["@graph"]
    return {each["@id"]: each for each in graph}


def loaded(url: str, _options: object) -> dict[str, Any]:
    assert url == CONTEXT
    return {"contextUrl": None, "documentUrl": url, "document": context()}


def expanded(export: Export) -> list[dict[str, Any]]:
    document = json.loads(b"".join(export.pieces()))
    found: list[dict[str, Any]] = jsonld.expand(document, {"documentLoader": loaded})
    return found


def short(iri: str) -> str:
    return iri.replace(CTDL, "ceterms:").replace(SKOS, "skos:")


def ancestors(kind: str) -> set[str]:
    return {kind}.union(*(ancestors(each) for each in _some(terms().get(kind, {}).get("rdfs:subClassOf", []))))


def _some(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def check(nodes: list[dict[str, Any]]) -> None:
    """Every member is a property of CTDL, on a thing of its domain, and leads to a thing or value of its range."""
    kinds = {each["@id"]: each["@type"] for each in nodes}
    for node in nodes:
        _check_node(node, kinds)


def _check_node(node: dict[str, Any], kinds: dict[str, list[str]]) -> None:
    own = set().union(*(ancestors(short(kind)) for kind in node["@type"]))
    for iri, values in node.items():
        if iri.startswith("@"):
            continue
        name = short(iri)
        if name.startswith("skos:"):
            assert own == {"skos:Concept"}
            continue
        term = terms()[name]
        assert own & set(_some(term["schema:domainIncludes"])), f"{name} on {node['@type']}"
        ranges = set(_some(term["schema:rangeIncludes"]))
        for value in values:
            if "@value" in value:
                _check_value(value, ranges, name)
            elif set(value) == {"@id"}:
                if value["@id"] in kinds:
                    found = set().union(*(ancestors(short(kind)) for kind in kinds[value["@id"]]))
                    assert found & ranges, f"{name} leads to {kinds[value['@id']]}"
                else:
                    assert ranges & {"xsd:anyURI", "skos:Concept"} or name == "ceterms:targetNode"
            else:
                assert {short(kind) for kind in value["@type"]} & ranges, name
                _check_node(value, kinds)


def _check_value(value: dict[str, Any], ranges: set[str], name: str) -> None:
    if "@language" in value:
        assert "rdf:langString" in ranges, name
    elif "@type" in value:
        assert value["@type"].replace("http://www.w3.org/2001/XMLSchema#", "xsd:") in ranges, name
    else:
        assert ranges & {"xsd:string"}, name


@given(selections())
@SLOW
def test_any_ledger_keeps_to_the_schema_of_ctdl(selected_at: object) -> None:
    selected, _ = selected_at  # type: ignore[misc]
    export = exported(selected, Form.CTDL)
    nodes = expanded(export)
    check(nodes)
    actions = {each["@id"] for each in nodes if each["@type"][0].endswith("Action")}
    assert actions == {each.id for each in export.statements}


@given(decided())
@SLOW
def test_any_register_keeps_to_the_schema_of_ctdl(selected_at: object) -> None:
    selected, _ = selected_at  # type: ignore[misc]
    check(expanded(exported(selected, Form.CTDL)))


def test_the_check_finds_what_breaks_the_schema() -> None:
    nodes = expanded(exported(Selected((one(),)), Form.CTDL))
    (action,) = (each for each in nodes if each["@type"][0].endswith("Action"))
    action[f"{CTDL}ownedBy"] = [{"@id": nodes[0]["@id"]}]
    with pytest.raises(AssertionError, match="ownedBy"):
        check(nodes)


def action_of(**changed: Any) -> dict[str, Any]:
    export = exported(Selected((one(**changed),)), Form.CTDL)
    (found,) = (each for each in expanded(export) if each["@type"][0].endswith("Action"))
    return found


@pytest.mark.parametrize(
    ("kind", "action", "of"),
    [
        (Kind.ACCREDIT_TO_ISSUE, "AccreditAction", "CredentialOrganization"),
        (Kind.ACCREDIT_TO_ACCREDIT, "AccreditAction", "QACredentialOrganization"),
        (Kind.RECOGNISE, "RecognizeAction", "QACredentialOrganization"),
    ],
    ids=["to issue", "to accredit", "recognition"],
)
def test_each_kind_is_an_action_of_its_own(kind: Kind, action: str, of: str) -> None:
    nodes = expanded(exported(Selected((one(kind=kind),)), Form.CTDL))
    kinds = {each["@id"]: each["@type"] for each in nodes}
    (found,) = (each for each in nodes if each["@type"] == [f"{CTDL}{action}"])
    (on,) = found[f"{CTDL}object"]
    assert kinds[on["@id"]] == [f"{CTDL}{of}"]


def test_what_it_is_limited_to_and_until_when() -> None:
    found = action_of(scope=Scope("0613", (6, 7), frozenset({"competency"}), "HR"))
    classes = [each["@id"] for each in found[f"{CTDL}classification"]]
    assert classes == [
        "http://data.europa.eu/snb/isced-f/0613",
        "http://data.europa.eu/snb/eqf/6",
        "http://data.europa.eu/snb/eqf/7",
        "https://purl.org/ctdlasn/terms/Competency",
        "http://publications.europa.eu/resource/authority/country/HRV",
    ]
    assert found[f"{CTDL}startDate"][0]["@value"] == "2026-01-01"
    # Day 100 is the first on which it holds no more.
    assert found[f"{CTDL}endDate"][0]["@value"] == day(99).date().isoformat()


def test_of_a_programme_the_programme_is_the_object_and_not_the_whole_university() -> None:
    export = exported(Selected((one(scope=Scope(programme=hash_of_programme("x"))),)), Form.CTDL)
    nodes = expanded(export)
    kinds = {each["@id"]: each["@type"] for each in nodes}
    (found,) = (each for each in nodes if each["@type"] == [f"{CTDL}AccreditAction"])
    assert [kinds[each["@id"]] for each in found[f"{CTDL}object"]] == [[f"{CTDL}LearningProgram"]]
    assert "programme-hash" in {each.code for each in export.left}


def test_joint_programmes_are_owned_by_all_their_holders() -> None:
    statement = one()
    other = replace(statement.holders[0], id="https://other.example", name="Other")
    joint = replace(
        statement,
        holders=(*statement.holders, other),
        programmes=(ToldProgramme("https://p.example", "P"),),
        ruling=Ruling.POSITIVE,
        evidence=(Evidence("https://a.example/1"), Evidence("https://a.example/2")),
    )
    export = exported(Selected((joint,)), Form.CTDL)
    nodes = expanded(export)
    check(nodes)
    (programme,) = (each for each in nodes if each["@type"] == [f"{CTDL}LearningProgram"])
    assert [each["@id"] for each in programme[f"{CTDL}ownedBy"]] == [each.id for each in joint.holders]
    assert "more-evidence" in {each.code for each in export.left}


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_name_stays_a_name(text: str) -> None:
    statement = one()
    holder = replace(statement.holders[0], name=text, language=text)
    nodes = expanded(exported(Selected((replace(statement, holders=(holder,)),)), Form.CTDL))
    (found,) = (each for each in nodes if each["@id"] == holder.id)
    assert found[f"{CTDL}name"] == [{"@value": safe_text(text), "@language": "en"}]
    assert {each["@id"] for each in nodes if each["@type"][0].endswith("Action")} == {statement.id}


@pytest.mark.parametrize("taken", ["body", "statement", "level"])
def test_a_programme_cannot_be_given_the_address_of_something_else(taken: str) -> None:
    statement = one()
    address = {"body": statement.body.id, "statement": statement.id, "level": "http://data.europa.eu/snb/eqf/6"}[taken]
    nodes = expanded(exported(Selected((replace(statement, programmes=(ToldProgramme(address, "P"),)),)), Form.CTDL))
    check(nodes)
    kinds = {each["@id"]: each["@type"] for each in nodes}
    assert len(kinds) == len(nodes)
    assert kinds[statement.body.id] == [f"{CTDL}QACredentialOrganization"]


def test_decisions_of_one_report_stay_apart() -> None:
    first = replace(one(), id="https://data.deqar.eu/report/17", own_id="urn:first")
    export = exported(Selected((first, replace(first, number="2", own_id="urn:second"))), Form.CTDL)
    assert [each.id for each in export.statements] == ["https://data.deqar.eu/report/17", "urn:second"]


def test_a_limit_without_a_code_leaves_it_out_whole() -> None:
    export = exported(Selected((one(scope=Scope("9999")),)), Form.CTDL)
    assert [(each.code, each.whole) for each in export.left] == [(Why.CODE.value, True)]
    assert expanded(export) == []
