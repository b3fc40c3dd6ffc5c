"""CTDL of Credential Engine: an action of each body towards each holder, and who they are, as JSON-LD.

An `AccreditAction` or `RecognizeAction` says who acted, on whom, from when, until when and in which class of things.
CTDL's own comment reserves such actions to their agent: whoever publishes another's says so in the file's description.
Nobody is given a CTID here; whoever publishes into the Credential Registry has one for each thing it describes.
Source: Credential Transparency Description Language, credreg.net/ctdl/terms, licensed CC BY 4.0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import orjson

from registry.formats.outward import vocabularies as vocabulary
from registry.formats.outward.elm import organisations_of
from registry.formats.outward.facts import Fact, How, cannot, in_part, told
from registry.formats.outward.statements import Left, Organisation, Statement, ToldProgramme
from registry.formats.outward.words import OUR_LANGUAGE, language_tag, notes_of, safe_json, title_of, web_address
from registry.recognition.isced import field_name
from registry.recognition.ledger import Kind

CONTEXT: Final = "https://credreg.net/ctdl/schema/context/json"

_NOTE: Final = "`ceterms:description`, for people"
_CLASS: Final = "`ceterms:classification`"
WAYS: Final[Mapping[Fact, How]] = {
    Fact.ISSUING: told("`ceterms:AccreditAction` on a `ceterms:CredentialOrganization`"),
    Fact.ACCREDITING: told("`ceterms:AccreditAction` on a `ceterms:QACredentialOrganization`"),
    Fact.RECOGNITION: told("`ceterms:RecognizeAction`"),
    Fact.IDENTIFIER: told("`@id` and `ceterms:identifier`"),
    Fact.BODY: told("`ceterms:actingAgent`"),
    Fact.HOLDER: told("`ceterms:object`, or of a programme `ceterms:ownedBy`"),
    Fact.JOINT: told("the same, one for each"),
    Fact.FIELD: told(f"{_CLASS}, ISCED-F"),
    Fact.LEVELS: told(f"{_CLASS}, EQF"),
    Fact.TYPES: told(f"{_CLASS}, classes of CTDL"),
    Fact.JURISDICTION: in_part(f"{_CLASS}, the country: actions have no jurisdiction of their own"),
    Fact.PROGRAMME: told("`ceterms:object`, a `ceterms:LearningProgram`"),
    Fact.PROGRAMME_HASH: in_part("`ceterms:object`, the hash as its `@id`"),
    Fact.PROGRAMME_DETAILS: in_part(_NOTE),
    Fact.RULING: in_part(f"the action stands for a positive decision; {_NOTE}"),
    Fact.CONDITION: in_part(_NOTE),
    Fact.CONDITION_HASH: in_part(_NOTE),
    Fact.EVIDENCE: told("`ceterms:evidenceOfAction`"),
    Fact.EVIDENCE_ELSEWHERE: in_part(_NOTE),
    Fact.EVIDENCE_HASH: in_part(_NOTE),
    Fact.MORE_EVIDENCE: cannot("an action has one piece of evidence"),
    Fact.ACCEPTED: cannot("an action has its own dates alone"),
    Fact.START: in_part("`ceterms:startDate`, to the day"),
    Fact.END: in_part("`ceterms:endDate`, the last day it holds"),
    Fact.NO_END: told("no `ceterms:endDate`"),
    Fact.ASSUMED_END: in_part(f"`ceterms:endDate`, and {_NOTE}"),
    Fact.ENDS_SOONER: in_part("`ceterms:endDate` is that day, without the reason"),
    Fact.HISTORY: cannot("it has one clock"),
    Fact.OBLIGATORY: in_part(_NOTE),
    Fact.DETAILS: in_part(_NOTE),
    Fact.MIRROR: in_part(_NOTE),
    Fact.AS_OF: in_part(_NOTE),
}

_ACTIVE: Final = {
    "@type": "ceterms:CredentialAlignmentObject",
    "ceterms:framework": "https://credreg.net/ctdl/terms/ActionStatus",
    "ceterms:frameworkName": {OUR_LANGUAGE: "Action Status"},
    "ceterms:targetNode": "actionStat:ActiveActionStatus",
    "ceterms:targetNodeName": {OUR_LANGUAGE: "Active Action"},
}


def refused(statement: Statement) -> Left | None:
    """Why a statement cannot be told; None where it can."""
    return vocabulary.without_code(statement)


def as_jsonld(statements: Sequence[Statement]) -> Iterator[bytes]:
    """The document, in pieces: organisations, classes and programmes once, then an action a statement."""
    yield b'{"@context":' + orjson.dumps(CONTEXT) + b',"@graph":[\n'
    nodes = [*_organisations(statements), *_classes(statements), *_programmes(statements)]
    yield b",\n".join(_line(each) for each in nodes)
    for statement in statements:
        yield b",\n" + _line(_action(statement))
    yield b"\n]}\n"


def _line(node: dict[str, Any]) -> bytes:
    return orjson.dumps(safe_json(node))


def _action(statement: Statement) -> dict[str, Any]:
    recognised = statement.kind is Kind.RECOGNISE
    objects = statement.programmes or statement.holders
    node: dict[str, Any] = {
        "@id": statement.id,
        "@type": "ceterms:RecognizeAction" if recognised else "ceterms:AccreditAction",
        "ceterms:name": {OUR_LANGUAGE: title_of(statement)},
        "ceterms:description": {OUR_LANGUAGE: " ".join(_described(statement))},
        "ceterms:actionStatusType": _ACTIVE,
        "ceterms:actingAgent": [statement.body.id],
        "ceterms:object": [each.id for each in objects],
        "ceterms:startDate": statement.start.date().isoformat(),
        "ceterms:identifier": [
            {
                "@type": "ceterms:IdentifierValue",
                "ceterms:identifierTypeName": {OUR_LANGUAGE: "URI of the statement"},
                "ceterms:identifierValueCode": statement.id,
            }
        ],
    }
    if statement.holds_until is not None:
        # It holds up to this moment, not at it.
        node["ceterms:endDate"] = (statement.holds_until - timedelta(seconds=1)).date().isoformat()
    if addresses := [each.uri for each in statement.evidence if web_address(each.uri)]:
        node["ceterms:evidenceOfAction"] = addresses[0]
    if classes := [uri for uri, *_ in _classes_of(statement)]:
        node["ceterms:classification"] = classes
    return node


def _described(statement: Statement) -> list[str]:
    sentences = [f"{title_of(statement)}, by {statement.body.shown_name}."]
    if statement.assumed_end is not None:
        sentences.append("The end is a rule of the register, and not the agency's word.")
    if statement.ruling is not None:
        sentences.append(f"The decision: {statement.ruling}.")
    return [*sentences, *notes_of(statement)]


def _classes_of(statement: Statement) -> list[tuple[str, str, str]]:
    """What limits a statement, each as URI, words and code."""
    return [
        *((vocabulary.field_uri(code), field_name(code) or code, code) for code in statement.fields),
        *(
            (vocabulary.level_uri(level), f"EQF level {level}", str(level))
            for level in vocabulary.levels_of(statement.levels)
        ),
        *((vocabulary.type_uri(name), name, name) for name in statement.types),
        *((vocabulary.country_uri(country), country, country) for country in statement.countries),
    ]


def _classes(statements: Sequence[Statement]) -> list[dict[str, Any]]:
    found = {uri: (words, code) for each in statements for uri, words, code in _classes_of(each)}
    return [
        {"@id": uri, "@type": "skos:Concept", "skos:prefLabel": {OUR_LANGUAGE: words}, "skos:notation": code}
        for uri, (words, code) in found.items()
    ]


def _organisations(statements: Sequence[Statement]) -> list[dict[str, Any]]:
    kinds: dict[str, set[str]] = {}
    for each in statements:
        kinds.setdefault(each.body.id, set()).add("ceterms:QACredentialOrganization")
        of_holders = "CredentialOrganization" if each.kind is Kind.ACCREDIT_TO_ISSUE else "QACredentialOrganization"
        for holder in each.holders:
            kinds.setdefault(holder.id, set()).add(f"ceterms:{of_holders}")
    return [_organisation(each, sorted(kinds[each.id])) for each in organisations_of(statements)]


def _organisation(organisation: Organisation, kinds: list[str]) -> dict[str, Any]:
    node: dict[str, Any] = {
        "@id": organisation.id,
        "@type": kinds if len(kinds) > 1 else kinds[0],
        "ceterms:name": {language_tag(organisation.language): organisation.shown_name},
    }
    if web_address(organisation.homepage):
        node["ceterms:subjectWebpage"] = organisation.homepage
    if organisation.country:
        country = {OUR_LANGUAGE: organisation.country}
        node["ceterms:address"] = [{"@type": "ceterms:Place", "ceterms:addressCountry": country}]
    return node


def _programmes(statements: Sequence[Statement]) -> list[dict[str, Any]]:
    """Each programme once, owned by all that hold a statement of it."""
    owners: dict[str, dict[str, None]] = {}
    found: dict[str, ToldProgramme] = {}
    for statement in statements:
        for each in statement.programmes:
            found.setdefault(each.id, each)
            owners.setdefault(each.id, {}).update(dict.fromkeys(holder.id for holder in statement.holders))
    return [_programme(each, list(owners[each.id])) for each in found.values()]


def _programme(programme: ToldProgramme, owners: list[str]) -> dict[str, Any]:
    node: dict[str, Any] = {"@id": programme.id, "@type": "ceterms:LearningProgram", "ceterms:ownedBy": owners}
    if programme.name:
        node["ceterms:name"] = {OUR_LANGUAGE: programme.name}
    if programme.codes:
        node["ceterms:identifier"] = [
            {"@type": "ceterms:IdentifierValue", "ceterms:identifierValueCode": code} for code in programme.codes
        ]
    return node
