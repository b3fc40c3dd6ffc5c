"""European Learning Model 3 as JSON-LD: a graph of accreditations, organisations, places and concepts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import orjson

from registry.formats.outward import elm
from registry.formats.outward import vocabularies as vocabulary
from registry.formats.outward.statements import Organisation, Statement
from registry.formats.outward.words import OUR_LANGUAGE, language_tag, notes_of, safe_json, title_of, web_address
from registry.quality.decision import Evidence
from registry.timestamps import write_timestamp

_PREFIXES: Final = {
    "elm": "http://data.europa.eu/snb/model/elm/",
    "adms": "http://www.w3.org/ns/adms#",
    "dc": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "rov": "http://www.w3.org/ns/regorg#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


def as_jsonld(statements: Sequence[Statement]) -> Iterator[bytes]:
    """The same as a graph of JSON-LD, with its context in it, in pieces."""
    yield b'{"@context":' + orjson.dumps(_PREFIXES) + b',"@graph":[\n'
    organisations = elm.organisations_of(statements)
    concepts: dict[str, dict[str, Any]] = {}
    for each in statements:
        yield orjson.dumps(safe_json(_accreditation_node(each, concepts))) + b",\n"
    for organisation in organisations:
        yield orjson.dumps(safe_json(_organisation_node(organisation))) + b",\n"
    for country in sorted({each.country for each in organisations}):
        uri = vocabulary.country_uri(country)
        concepts.setdefault(uri, _concept_node(uri, scheme=vocabulary.COUNTRY_SCHEME))
        address = {"@type": "elm:Address", "elm:countryCode": {"@id": uri}}
        yield orjson.dumps({"@id": elm.location_uri(country), "@type": "dc:Location", "elm:address": address}) + b",\n"
    schemes = sorted({each["skos:inScheme"]["@id"] for each in concepts.values() if "skos:inScheme" in each})
    rest = [*concepts.values(), *({"@id": uri, "@type": "skos:ConceptScheme"} for uri in schemes)]
    # A last node that says nothing new, so that no comma is left over.
    rest.append({"@id": elm.NAMESPACE, "@type": "skos:ConceptScheme"})
    yield b",\n".join(orjson.dumps(safe_json(each)) for each in rest) + b"\n]}\n"


def _accreditation_node(statement: Statement, concepts: dict[str, dict[str, Any]]) -> dict[str, Any]:
    def concept(uri: str, words: str | None = None, scheme: str | None = None) -> dict[str, str]:
        concepts.setdefault(uri, _concept_node(uri, words, scheme))
        return {"@id": uri}

    uri, words = vocabulary.decision_concept(statement)
    node: dict[str, Any] = {
        "@id": statement.id,
        "@type": "elm:Accreditation",
        "adms:identifier": {"@type": "elm:Identifier", "skos:notation": statement.id},
        "dc:type": concept(vocabulary.accreditation_type(statement), scheme=vocabulary.TYPE_SCHEME),
        "dc:title": _words(title_of(statement)),
        "elm:decision": concept(uri, words),
        "elm:organisation": [{"@id": each.id} for each in statement.holders],
        "elm:accreditingAgent": {"@id": statement.body.id},
        "elm:additionalNote": [{"@type": "elm:Note", "elm:noteLiteral": _words(note)} for note in notes_of(statement)],
        "elm:status": elm.STATUS,
    }
    for name, limit, label, scheme in elm.limits_of(statement):
        node.setdefault(f"elm:{name}", []).append(concept(limit, label, scheme))
    for programme in statement.programmes:
        node.setdefault("elm:limitAbstractProgramme", []).append(concept(programme.id, programme.name or None))
    reports = [_resource_node(each) for each in elm.reports_of(statement)]
    if reports:
        node["elm:report"] = reports[0]
    if len(reports) > 1:
        node["elm:supplementaryDocument"] = reports[1:]
    prefixes = {"issued": "dc:", "valid": "dc:"}
    for name, moment in elm.dates_of(statement):
        node[f"{prefixes.get(name, 'elm:')}{name}"] = _time(moment)
    if modified := elm.modified_at(statement):
        node["dc:modified"] = _time(modified)
    return node


def _organisation_node(organisation: Organisation) -> dict[str, Any]:
    node: dict[str, Any] = {
        "@id": organisation.id,
        "@type": "elm:Organisation",
        "rov:legalName": {"@value": organisation.shown_name, "@language": language_tag(organisation.language)},
        "adms:identifier": {"@type": "elm:Identifier", "skos:notation": organisation.id},
        "elm:location": {"@id": elm.location_uri(organisation.country)},
    }
    if web_address(organisation.homepage):
        node["foaf:homepage"] = _resource_node(Evidence(organisation.homepage))
    return node


def _concept_node(uri: str, words: str | None = None, scheme: str | None = None) -> dict[str, Any]:
    node: dict[str, Any] = {"@id": uri, "@type": "skos:Concept"}
    if words:
        node["skos:prefLabel"] = _words(words)
    if scheme:
        node["skos:inScheme"] = {"@id": scheme}
    return node


def _resource_node(evidence: Evidence) -> dict[str, Any]:
    node: dict[str, Any] = {
        "@type": "elm:WebResource",
        "elm:contentUrl": {"@value": evidence.uri, "@type": "xsd:anyURI"},
    }
    if evidence.title:
        node["dc:title"] = _words(evidence.title)
    return node


def _words(text: str) -> dict[str, str]:
    return {"@value": text, "@language": OUR_LANGUAGE}


def _time(moment: datetime) -> dict[str, str]:
    return {"@value": write_timestamp(moment), "@type": "xsd:dateTime"}
