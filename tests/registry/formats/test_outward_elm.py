"""European Learning Model: XML held against its schema, JSON-LD against its SHACL shapes, by parsers of others."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from typing import Any
from xml.etree import ElementTree

import pyshacl
import pytest
import rdflib
import xmlschema
from hypothesis import HealthCheck, given, settings
from pyld import jsonld

from registry.formats.outward import of_ledger
from registry.formats.outward.exporting import Export, Form, exported
from registry.formats.outward.statements import Selected, Statement, Why
from registry.formats.outward.words import safe_text
from registry.quality.decision import Evidence
from registry.recognition.ledger import Kind, State
from registry.recognition.scope import Scope
from registry.timestamps import write_timestamp
from tests.registry.formats.outward_made import (
    AS_OF,
    FIXTURES,
    HOSTILE,
    REGISTRY,
    day,
    decided,
    entity,
    link,
    one,
    selections,
)

AMS = "{http://data.europa.eu/snb/model/ap/ams-constraints/}"
SLOW = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))


@cache
def schema() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(FIXTURES / "elm-ams.xsd")


def xml_of(export: Export) -> ElementTree.Element:
    data = b"".join(export.pieces())
    schema().validate(data.decode())
    return ElementTree.fromstring(data)


def graph_of(export: Export) -> rdflib.Graph:
    """By PyLD, a JSON-LD processor of others, to rdflib."""
    document = json.loads(b"".join(export.pieces()))
    triples = jsonld.to_rdf(document, {"format": "application/n-quads", "documentLoader": no_document})
    return rdflib.Graph().parse(data=triples, format="nt")


def no_document(url: str, _options: object) -> Any:
    raise AssertionError(f"{url} was asked for")


def alone(statement: Statement, form: Form) -> Export:
    return exported(Selected((statement,)), form)


@given(selections())
@SLOW
def test_xml_of_any_ledger_is_valid_by_the_schema(selected_at: object) -> None:
    selected, moment = selected_at  # type: ignore[misc]
    export = exported(selected, Form.ELM_XML)
    root = xml_of(export)
    found = root.findall(f"{AMS}accreditationReferences/{AMS}accreditation")
    assert [each.get("id") for each in found] == [each.id for each in export.statements]
    for element, statement in zip(found, export.statements, strict=True):
        ends = element.findtext(f"{AMS}expiryDate")
        assert ends == (write_timestamp(statement.holds_until) if statement.holds_until else None)
        assert ends is None or ends > write_timestamp(moment)
        assert element.findtext(f"{AMS}status") == "released"


@given(decided())
@SLOW
def test_xml_of_any_register_is_valid_by_the_schema(selected_at: object) -> None:
    selected, _ = selected_at  # type: ignore[misc]
    xml_of(exported(selected, Form.ELM_XML))


@given(selections())
@settings(SLOW, max_examples=3)
def test_json_ld_of_any_ledger_keeps_to_the_shapes(selected_at: object) -> None:
    selected, _ = selected_at  # type: ignore[misc]
    conforms_to_the_shapes(exported(selected, Form.ELM_JSONLD))


@given(decided())
@settings(SLOW, max_examples=3)
def test_json_ld_of_any_register_keeps_to_the_shapes(selected_at: object) -> None:
    selected, _ = selected_at  # type: ignore[misc]
    conforms_to_the_shapes(exported(selected, Form.ELM_JSONLD))


def conforms_to_the_shapes(export: Export) -> None:
    graph = graph_of(export)
    kinds = rdflib.URIRef("http://data.europa.eu/snb/model/elm/Accreditation")
    told = {str(each) for each in graph.subjects(rdflib.RDF.type, kinds)}
    assert told == {each.id for each in export.statements}
    shapes = rdflib.Graph().parse(FIXTURES / "elm-ams-shapes.ttl")
    conforms, _, text = pyshacl.validate(graph, shacl_graph=shapes, advanced=False)
    assert conforms, text


def test_the_shapes_refuse_what_breaks_them() -> None:
    document = json.loads(b"".join(alone(one(), Form.ELM_JSONLD).pieces()))
    document["@graph"][0].pop("elm:accreditingAgent")
    document["@graph"][0]["elm:invented"] = "x"
    quads = jsonld.to_rdf(document, {"format": "application/n-quads"})
    graph = rdflib.Graph().parse(data=quads, format="nt")
    shapes = rdflib.Graph().parse(FIXTURES / "elm-ams-shapes.ttl")
    conforms, _, text = pyshacl.validate(graph, shacl_graph=shapes)
    assert not conforms
    assert "accreditingAgent" in text
    assert "invented" in text


@pytest.mark.parametrize("broken", ["organisation", "limitField"], ids=["reference", "field"])
def test_the_schema_refuses_what_breaks_it(broken: str) -> None:
    text = b"".join(alone(one(), Form.ELM_XML).pieces()).decode()
    wrong = text.replace("/party/7", "/party/8", 1) if broken == "organisation" else text.replace("isced-f/", "isced/")
    with pytest.raises(xmlschema.XMLSchemaValidationError):
        schema().validate(wrong)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_name_stays_a_name(text: str) -> None:
    statement = one()
    holder = replace(statement.holders[0], name=text, language=text)
    told = replace(statement, holders=(holder,))
    root = xml_of(alone(told, Form.ELM_XML))
    names = {each.get("id"): each.findtext(f"{AMS}legalName") for each in root.iter(f"{AMS}organisation")}
    assert names[holder.id] == safe_text(text).replace("\r\n", "\n").replace("\r", "\n")
    assert len(list(root.iter(f"{AMS}accreditation"))) == 1
    graph = graph_of(alone(told, Form.ELM_JSONLD))
    legal = rdflib.URIRef("http://www.w3.org/ns/regorg#legalName")
    assert str(graph.value(rdflib.URIRef(holder.id), legal)) == safe_text(text)


def test_field_level_jurisdiction_and_dates_are_where_they_belong() -> None:
    root = xml_of(alone(one(scope=Scope("061", (5, 6), frozenset({"diploma"}), "AT")), Form.ELM_XML))
    (found,) = root.iter(f"{AMS}accreditation")
    names = ("Field", "EQFLevel", "Jurisdiction", "CredentialType")
    limits = {name: [each.get("uri") for each in found.findall(f"{AMS}limit{name}")] for name in names}
    assert limits == {
        "Field": ["http://data.europa.eu/snb/isced-f/061"],
        "EQFLevel": ["http://data.europa.eu/snb/eqf/5", "http://data.europa.eu/snb/eqf/6"],
        "Jurisdiction": ["http://publications.europa.eu/resource/authority/atu/AUT"],
        "CredentialType": ["https://purl.org/ctdl/terms/Diploma"],
    }
    assert found.findtext(f"{AMS}valid") == "2026-01-01T00:00:00Z"
    assert found.findtext(f"{AMS}expiryDate") == write_timestamp(day(100))


def test_a_withdrawal_that_is_ahead_ends_it_sooner() -> None:
    withdrawn = link(1, Kind.ACCREDIT_TO_ISSUE, (State.WITHDRAWN, 15, 20))
    (sooner,) = of_ledger.select([withdrawn], day(10), REGISTRY, AS_OF, entity).statements
    (found,) = xml_of(alone(sooner, Form.ELM_XML)).iter(f"{AMS}accreditation")
    assert found.findtext(f"{AMS}expiryDate") == write_timestamp(day(20))
    assert [each.code for each in alone(sooner, Form.ELM_XML).left if each.code == "ends-sooner"]


def test_an_assumed_end_is_a_review_and_no_end() -> None:
    statement = one()
    ruled = replace(statement, end=None, assumed_end=day(90), holds_until=day(90))
    (found,) = xml_of(alone(ruled, Form.ELM_XML)).iter(f"{AMS}accreditation")
    assert found.findtext(f"{AMS}expiryDate") is None
    assert found.findtext(f"{AMS}reviewDate") == write_timestamp(day(90))


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"kind": Kind.RECOGNISE}, Why.KIND),
        ({"kind": Kind.ACCREDIT_TO_ACCREDIT}, Why.KIND),
        ({"scope": Scope("9999")}, Why.CODE),
        ({"scope": Scope(jurisdiction="999")}, Why.CODE),
        ({"scope": Scope(qualification_types=frozenset({"type-31"}))}, Why.CODE),
    ],
    ids=["recognition", "to accredit", "field without code", "country without code", "type without name"],
)
def test_what_would_say_more_without_its_limit_is_left_out_whole(changed: dict[str, Any], code: Why) -> None:
    export = alone(one(**changed), Form.ELM_XML)
    assert export.statements == ()
    assert [(each.code, each.whole) for each in export.left] == [(code.value, True)]
    xml_of(export)


def test_without_a_country_nothing_is_told() -> None:
    statement = one()
    nowhere = type(statement.body)(statement.body.id, "Agency")
    export = alone(replace(statement, body=nowhere), Form.ELM_XML)
    assert [each.code for each in export.left] == [Why.COUNTRY.value]


def test_each_report_has_its_place() -> None:
    statement = one()
    reports = (Evidence("https://a.example/1", title="<b>"), Evidence("https://a.example/2"), Evidence("ipfs://x"))
    export = alone(replace(statement, evidence=reports), Form.ELM_XML)
    (found,) = xml_of(export).iter(f"{AMS}accreditation")
    url = f"{AMS}contentUrl"
    assert found.findtext(f"{AMS}report/{url}") == "https://a.example/1"
    assert [each.findtext(url) for each in found.findall(f"{AMS}supplementaryDocument")] == ["https://a.example/2"]
    notes = [each.text for each in found.iter(f"{AMS}noteLiteral")]
    assert "Read it at: ipfs://x" in notes
    assert "evidence-elsewhere" in {each.code for each in export.left}


def test_a_suspended_one_is_told_again_once_it_is_reinstated() -> None:
    later = ((State.SUSPENDED, 2, 2), (State.ACTIVE, 4, 4))
    selected = of_ledger.select([link(1, Kind.ACCREDIT_TO_ISSUE, *later)], day(10), REGISTRY, AS_OF, entity)
    export = exported(selected, Form.ELM_XML)
    assert len(export.statements) == 1
    assert "history" in {each.code for each in export.left}
    assert export.statements[0].accepted_at == day(0)
