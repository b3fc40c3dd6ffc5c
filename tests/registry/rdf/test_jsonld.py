"""Documents as RDF: beside PyLD over real credentials, and everything that would be said without being signed."""

from __future__ import annotations

import json
import os
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from pyld import jsonld

from registry.errors import CredentialError
from registry.rdf import jsonld as ours
from registry.rdf.canonical import canonicalize_quads
from registry.rdf.contexts import BUNDLED, Contexts
from registry.rdf.jsonld import quads_of
from registry.rdf.shapes import canonical_form

SAMPLES = Path(__file__).parents[3].parent / "shared" / "samples" / "dcc"
V2 = "https://www.w3.org/ns/credentials/v2"
OPEN_BADGES = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
CONTEXTS = Contexts()
STATUS = {"type": "BitstringStatusListEntry", "statusPurpose": "revocation", "statusListIndex": "7"}
CREDENTIAL: dict[str, Any] = {
    "@context": [V2, OPEN_BADGES],
    "type": ["VerifiableCredential", "OpenBadgeCredential"],
    "issuer": {"id": "did:web:university.example", "type": ["Profile"], "name": "University"},
    "validUntil": "2030-01-01T00:00:00Z",
    "credentialSubject": {"type": ["AchievementSubject"], "id": "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33"},
}


def load(url: str, _options: object = None) -> dict[str, Any]:
    file = next(source.file for source in BUNDLED if url in source.urls)
    document = json.loads(files("registry.rdf").joinpath("bundled", file).read_text("utf-8"))
    return {"contextUrl": None, "documentUrl": url, "document": document, "contentType": "application/ld+json"}


def by_pyld(document: dict[str, Any]) -> bytes:
    options = {"algorithm": "URDNA2015", "format": "application/n-quads", "documentLoader": load}
    found: str = jsonld.normalize(document, options)
    return found.encode()


def refusal(document: dict[str, Any]) -> CredentialError:
    with pytest.raises(CredentialError) as caught:
        quads_of(document, CONTEXTS)
    assert caught.value.remedy
    return caught.value


def test_real_credentials_are_what_another_implementation_makes_of_them() -> None:
    if not SAMPLES.is_dir():
        reason = f"the samples are not there: {SAMPLES}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    compared, refused = 0, {}
    for path in sorted(SAMPLES.rglob("*.json")):
        try:
            document = json.loads(path.read_text("utf-8"))
        except ValueError:
            continue  # the samples have some that are broken
        if not isinstance(document, dict) or "@context" not in document:
            continue
        document.pop("proof", None)
        try:
            found = canonicalize_quads(quads_of(document, CONTEXTS))
        except CredentialError as error:
            refused[path.stem] = error.code
            continue
        assert found == by_pyld(document)
        compared += 1
    assert compared >= 40
    assert len(refused) <= 4, refused


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"graduated": "yes"}, "rdf-undefined"),
        ({"type": ["VerifiableCredential", "Diploma"]}, "rdf-undefined"),
        ({"id": "diploma-1"}, "rdf-undefined"),
        ({"issuer": {"id": "#me"}}, "rdf-undefined"),
        ({"issuer": "https://university.example/a b"}, "rdf-lost"),
        ({"id": "https://university.example/a b"}, "rdf-lost"),
        ({"issuer": {"id": "https://university.example/a b", "name": "University"}}, "rdf-lost"),
        ({"issuer": "@id"}, "rdf-lost"),
        ({"id": "@id"}, "rdf-lost"),
        ({"name": {"@value": "x", "@language": "no tongue"}}, "rdf-undefined"),
        ({"name": {"@value": "x", "@language": "abcdefghijk"}}, "rdf-lost"),
        ({"type": ["VerifiableCredential", "My Diploma"]}, "rdf-undefined"),
        ({"type": ["VerifiableCredential", "a#b"]}, "rdf-undefined"),
        ({"type": ["VerifiableCredential", "urn:a b"]}, "rdf-undefined"),
        ({"type": ["VerifiableCredential", "@type"]}, "rdf-undefined"),
        ({"type": {"id": "urn:a"}}, "rdf-form"),
        ({"type": ["VerifiableCredential", ["OpenBadgeCredential"]]}, "rdf-form"),
        ({"proofPurpose": {"id": "urn:a", "name": "x"}}, "rdf-form"),
        ({"evidence": [{"type": ["Evidence"]}] * 4_000}, "rdf-too-hard"),
        ({"name": ["x"] * 64_000}, "rdf-too-hard"),
        ({"a b": 5}, "rdf-form"),
        ({"a#b": 5}, "rdf-form"),
        ({"graduated": 5}, "rdf-undefined"),
        ({"evidence": {"id": "urn:e", "type": ["Evidence"], "graduated": True}}, "rdf-undefined"),
        ({"https://www.w3.org/2018/credentials#validUntil": "2000-01-01T00:00:00Z"}, "rdf-form"),
        ({"cred:validUntil": "2000-01-01T00:00:00Z"}, "rdf-form"),
        ({"_:b": "x"}, "rdf-form"),
        ({"@graph": [{"validUntil": "2000-01-01T00:00:00Z"}]}, "rdf-form"),
        ({"@included": []}, "rdf-form"),
        ({"@reverse": {}}, "rdf-form"),
        ({"name": {"@value": "x", "@language": "ar", "@direction": "rtl"}}, "rdf-form"),
        ({"@index": "x"}, "rdf-form"),
        ({"@nothing": "x"}, "rdf-form"),
        ({"@context": [V2, {"note": None}], "note": "x"}, "rdf-context"),
        ({"@context": [V2, {"note": "https://www.w3.org/2018/credentials#validUntil"}], "note": "x"}, "rdf-context"),
        ({"@context": [V2, "https://example.org/terms"]}, "rdf-context"),
        ({"@context": [V2, 7]}, "rdf-context"),
        ({"@context": None}, "rdf-context"),
        ({"issuer": {"@context": {"@vocab": "https://example.org/"}, "id": "did:web:a.example"}}, "rdf-context"),
        ({"name": "half \ud800"}, "rdf-form"),
        ({"name": {"@value": {"x": 1}}}, "rdf-form"),
        ({"name": {"@value": "x", "id": "urn:a"}}, "rdf-form"),
        ({"issuer": {"@id": "did:web:university.example", "type": ["Profile"]}}, "rdf-form"),
        ({"credentialStatus": {"@set": [STATUS]}}, "rdf-form"),
        ({"credentialStatus": [[STATUS]]}, "rdf-form"),
        ({"credentialStatus": {**STATUS, "@type": "BitstringStatusListEntry"}}, "rdf-form"),
        ({"issuer": [{"id": "did:web:a.example"}, {"id": "did:web:a.example", "type": ["Profile"]}]}, "rdf-form"),
        ({"issuer": ["did:web:a.example", {"id": "did:web:a.example", "type": ["Profile"]}]}, "rdf-form"),
        ({"evidence": [{"id": f"urn:{n}", "type": ["Evidence"] * 200} for n in range(21)]}, "rdf-too-hard"),
    ],
)
def test_what_would_not_be_signed_or_would_be_read_otherwise_is_refused(change: dict[str, Any], code: str) -> None:
    assert refusal(CREDENTIAL | change).code == code


def test_what_a_credential_says_of_itself_cannot_be_moved_to_where_it_is_named() -> None:
    """As an endorsement names it: the statements would be the same, and no reader of JSON would find the end."""
    of_itself = {"id": "urn:uuid:1", "type": ["EndorsementSubject"], "endorsementComment": "Well deserved."}
    endorsement: dict[str, Any] = {
        "type": ["VerifiableCredential", "EndorsementCredential"],
        "issuer": {"id": "did:web:other.example", "type": ["Profile"]},
        "credentialSubject": of_itself,
    }
    credential = CREDENTIAL | {"id": "urn:uuid:1", "endorsement": [endorsement]}
    assert canonicalize_quads(quads_of(credential, CONTEXTS)) == by_pyld(credential)
    moved = {"id": "urn:uuid:1", "type": ["VerifiableCredential"], "validUntil": credential.pop("validUntil")}
    endorsement["credentialSubject"] = [of_itself, moved]
    assert refusal(credential).code == "rdf-form"
    endorsement["credentialSubject"] = moved
    assert refusal(credential).code == "rdf-form"
    with pytest.raises(CredentialError):
        canonical_form(credential)


def test_a_document_that_nests_too_deep_or_names_contexts_without_end_is_refused() -> None:
    deep: Any = {"id": "urn:a"}
    for _ in range(ours.MOST_DEPTH + 1):
        deep = {"evidence": [deep]}
    assert refusal(CREDENTIAL | {"evidence": deep}).code == "rdf-form"
    many = [{"@context": [V2, OPEN_BADGES], "id": f"urn:x:{number}"} for number in range(100)]
    assert refusal(CREDENTIAL | {"evidence": many}).code == "rdf-context"


def test_text_that_looks_like_rdf_stays_text() -> None:
    text = 'x" .\n<urn:a> <urn:b> "y\\'
    quads = quads_of(CREDENTIAL | {"name": text}, CONTEXTS)
    assert canonicalize_quads(quads).count(b"\n") == len(set(quads)) == len(quads_of(CREDENTIAL, CONTEXTS)) + 1
    assert canonicalize_quads(quads) == by_pyld(CREDENTIAL | {"name": text})


@pytest.mark.parametrize("value", [{"b": 1.0, "a": [1e21, "é", None]}, [], "text", 7, None, True])
def test_a_value_that_is_json_itself_has_its_canonical_form(value: object) -> None:
    document = {
        "@context": V2,
        "type": ["VerifiableCredential"],
        "issuer": "did:web:university.example",
        "credentialSchema": {"id": "urn:s", "type": "JsonSchema", "jsonSchema": value},
    }
    assert canonicalize_quads(quads_of(document, CONTEXTS)) == by_pyld(document)
