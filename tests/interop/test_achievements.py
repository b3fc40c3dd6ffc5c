"""What is read of documents, beside what a JSON-LD processor of others makes of them by their published contexts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pyld import jsonld

from registry.document.reading import read_document
from registry.learning.assessment.records import Evidence, Genre, record_document
from registry.learning.reading import achieved_in
from registry.proofs.signatures.keys import did_key_method
from registry.proofs.signatures.suites import Suite, sign
from tests.interop.made import key_pair
from tests.interop.others import ask, contexts, shared
from tests.registry.learning.assessment.made import AT, LEARNER, RUBRIC, marks, person
from tests.registry.learning.documents import EUROPASS, OPEN_BADGE_2, OPEN_BADGE_3, RECORD

SCHEMAS = {
    "schemas/ob_v3p0_achievementcredential_schema.json": OPEN_BADGE_3,
    "schemas/clr_v2p0_clrcredential_schema.json": RECORD,
}
ANNE, BEN = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
BADGES = "https://purl.imsglobal.org/spec/vc/ob/vocab.html#"
MODEL = "http://data.europa.eu/snb/model/elm/"
TITLE = "http://purl.org/dc/terms/title"


def expanded(document: dict[str, Any]) -> Any:
    def load(url: str, _: Any = None) -> dict[str, Any]:
        return {"contextUrl": None, "documentUrl": url, "document": contexts()[url]}

    return jsonld.expand(document, {"documentLoader": load})


def nodes(value: Any, kind: str) -> Iterator[dict[str, Any]]:
    """Every object of a type, wherever it is."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            if kind in item.get("@type", ()):
                yield item
            for name, inner in item.items():
                if not name.startswith("@") or name in ("@graph", "@list"):
                    yield from nodes(inner, kind)


def values(node: dict[str, Any], name: str) -> list[str]:
    return [str(each["@value"]) for each in node.get(name, ()) if "@value" in each]


def read(document: dict[str, Any]) -> Any:
    return achieved_in(read_document(json.dumps(document).encode(), "a.json"))


def test_badges_of_others_are_read_as_their_context_says() -> None:
    """The samples of the Digital Credentials Consortium: every achievement with its name, type and alignments."""
    found = 0
    known = {}
    for path in sorted(shared("samples/dcc/verifiableCredentials").rglob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        named = document["@context"] if isinstance(document["@context"], list) else [document["@context"]]
        if all(isinstance(each, str) and each in contexts() for each in named):
            known[json.dumps(document.get("credentialSubject"), sort_keys=True)] = document
    for document in known.values():
        theirs = list(nodes(expanded(document), f"{BADGES}Achievement"))
        ours = read(document)
        assert [each.identifier for each in ours] == [each["@id"] for each in theirs]
        for one, other in zip(ours, theirs, strict=True):
            assert list(one.name.values()) == values(other, "https://schema.org/name")
            assert list(filter(None, [one.kind])) == values(other, f"{BADGES}achievementType")
            targets = [
                name
                for each in other.get(f"{BADGES}alignment", ())
                for name in values(each, "https://schema.org/targetName")
            ]
            assert [each.name for each in one.alignments] == targets
            found += 1
    assert found > 8


def test_europass_is_read_as_its_context_says() -> None:
    theirs = list(nodes(expanded(EUROPASS), f"{MODEL}LearningAchievement"))
    titles = {each["@id"]: {one["@language"]: one["@value"] for one in each[TITLE]} for each in theirs}
    ours = read(EUROPASS)
    assert [dict(each.name) for each in ours[:2]] == [titles["urn:claim:degree"], titles["urn:claim:thesis"]]
    points = [
        text for each in nodes(expanded(EUROPASS), f"{MODEL}CreditPoint") for text in values(each, f"{MODEL}point")
    ]
    assert sorted(str(each.ects) for each in ours if each.ects is not None) == sorted(points)


def test_open_badges_2_are_read_as_their_context_says() -> None:
    (badge,) = nodes(expanded(OPEN_BADGE_2), "https://w3id.org/openbadges#BadgeClass")
    (ours,) = read(OPEN_BADGE_2)
    assert ours.identifier == badge["@id"]
    assert list(ours.name.values()) == values(badge, "http://schema.org/name")


def test_others_find_records_of_assessments_valid_each_by_its_own_key() -> None:
    """Of two people, each for a record of their own; in a set of proofs one of them would not be the issuer."""
    for key, name, evidence in ((ANNE, "Anne", ()), (BEN, "Ben", (Evidence(bytes(32), "a", Genre.MODERATED),))):
        document = record_document("urn:uuid:1", RUBRIC, LEARNER, person(key, name), marks(), evidence, AT)
        for is_rdf in (True, False):
            document = sign(document, key, did_key_method(key), AT, Suite.for_key(key, is_rdf=is_rdf))
        pair = key_pair(key, did_key_method(key))
        assert ask("verify", credential=document, key=pair) == {"verified": True, "errors": []}
        document["credentialSubject"]["result"][1]["value"] = "99"
        assert not ask("verify", credential=document, key=pair)["verified"]


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_documents_of_the_tests_are_what_1edtech_calls_such(name: str) -> None:
    schema = json.loads(shared(name).read_text(encoding="utf-8"))
    kind = jsonschema.validators.validator_for(schema)
    wrong = [f"{each.json_path}: {each.message}" for each in kind(schema).iter_errors(SCHEMAS[name])]
    assert wrong == []
