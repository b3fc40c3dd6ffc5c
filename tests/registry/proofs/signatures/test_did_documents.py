"""Whose a key is: what is written is read again, and no document gives a key that is not its own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from registry.errors import SettingsError
from registry.proofs.signatures.did_documents import (
    MOST_METHODS,
    DidKey,
    NotAuthorised,
    authorised_key,
    write_did_document,
)
from registry.proofs.signatures.keys import KeyKind, new_key, public_jwk, write_public_key
from registry.proofs.signatures.multibase import from_base58, to_base58

DID = "did:web:university.example"
ENDED = datetime(2026, 1, 1, tzinfo=UTC)
OLD, NEW, STOLEN = new_key(KeyKind.ED25519), new_key(KeyKind.P256), new_key(KeyKind.P384)
DOCUMENT = write_did_document(
    DID,
    [DidKey("key-1", OLD), DidKey("key-2", NEW), DidKey("key-3", STOLEN, ENDED)],
    [{"id": f"{DID}#profile", "type": "IssuerProfile", "serviceEndpoint": "https://university.example/profile.json"}],
)
METHOD = f"{DID}#key-1"
ENTRY: dict[str, Any] = DOCUMENT["verificationMethod"][0]


def refusal(document: dict[str, Any], method: str = METHOD, purpose: str = "assertionMethod") -> str:
    with pytest.raises(NotAuthorised) as caught:
        authorised_key(document, method, purpose)
    # A key that is named and cannot be read is one of which nothing is known.
    is_unread = any(why in caught.value.what for why in ("cannot be read", "in no form", "of a type"))
    assert caught.value.code == ("key-unread" if is_unread else "key-not-authorised")
    assert caught.value.remedy
    return caught.value.what


def with_entry(**change: Any) -> dict[str, Any]:
    entry = {name: value for name, value in (ENTRY | change).items() if value is not None}
    return DOCUMENT | {"verificationMethod": [entry]}


def test_what_is_written_is_read_again() -> None:
    for name, key in (("key-1", OLD), ("key-2", NEW), ("key-3", STOLEN)):
        found = authorised_key(DOCUMENT, f"{DID}#{name}")
        assert write_public_key(found.key) == write_public_key(key)
        assert found.ended == (ENDED if key is STOLEN else None)
    assert DOCUMENT["assertionMethod"] == [f"{DID}#key-1", f"{DID}#key-2"]
    assert [("publicKeyJwk" in each) for each in DOCUMENT["verificationMethod"]] == [True, False, False]
    assert DOCUMENT["service"][0]["type"] == "IssuerProfile"


def test_a_revoked_key_is_given_with_its_end_and_for_assertions_alone() -> None:
    assert authorised_key(DOCUMENT, f"{DID}#key-3").ended == ENDED
    refusal(DOCUMENT, f"{DID}#key-3", "authentication")


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"publicKeyJwk": None},
        {"publicKeyMultibase": None, "type": "JsonWebKey"},
        {"publicKeyMultibase": None, "type": "JsonWebKey2020", "controller": None},
        {"publicKeyJwk": None, "type": "Ed25519VerificationKey2020"},
        {"id": "#key-1"},
        {"type": "Ed25519VerificationKey2020", "publicKeyMultibase": to_base58(from_base58(write_public_key(OLD))[2:])},
        {
            "type": "Ed25519VerificationKey2018",
            "publicKeyMultibase": None,
            "publicKeyJwk": None,
            "publicKeyBase58": to_base58(from_base58(write_public_key(OLD))[2:])[1:],
        },
    ],
)
def test_a_key_is_read_in_every_form(change: dict[str, Any]) -> None:
    for allowed in (DOCUMENT["assertionMethod"], ["#key-1"], METHOD):
        found = authorised_key(with_entry(**change) | {"assertionMethod": allowed}, METHOD)
        assert write_public_key(found.key) == write_public_key(OLD)


def test_a_method_may_stand_where_it_is_allowed() -> None:
    document = {"id": DID, "assertionMethod": [ENTRY]}
    assert write_public_key(authorised_key(document, METHOD).key) == write_public_key(OLD)


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ({}, "is that of"),
        (DOCUMENT | {"id": "did:web:other.example"}, "is that of"),
        (DOCUMENT | {"id": [DID]}, "is that of"),
        (DOCUMENT | {"assertionMethod": []}, "does not name"),
        (DOCUMENT | {"assertionMethod": None}, "does not name"),
        (DOCUMENT | {"assertionMethod": {"key": 1}}, "does not name"),
        (DOCUMENT | {"assertionMethod": ["did:web:other.example#key-1"]}, "does not name"),
        (DOCUMENT | {"verificationMethod": []}, "has no key"),
        (DOCUMENT | {"verificationMethod": "x"}, "has no key"),
        (DOCUMENT | {"verificationMethod": [{}] * MOST_METHODS + [ENTRY]}, "has no key"),
        (DOCUMENT | {"verificationMethod": [ENTRY, ENTRY | {"type": "JsonWebKey"}]}, "several keys"),
        (DOCUMENT | {"assertionMethod": [ENTRY | {"publicKeyMultibase": write_public_key(NEW)}]}, "several keys"),
        (with_entry(controller="did:web:other.example"), "controlled by another"),
        (with_entry(controller=[DID]), "controlled by another"),
        (with_entry(publicKeyJwk=public_jwk(NEW)), "two ways"),
        (with_entry(publicKeyJwk=None, publicKeyMultibase="z6Mk"), "cannot be read"),
        (with_entry(publicKeyJwk={"kty": "oct", "k": "AA"}), "cannot be read"),
        (with_entry(publicKeyJwk=public_jwk(OLD) | {"d": "AA"}), "cannot be read"),
        (with_entry(publicKeyJwk=None, publicKeyMultibase=None), "in no form"),
        (with_entry(type="RsaVerificationKey2018"), "a type that is not known"),
        (with_entry(type=["Multikey"]), "a type that is not known"),
        (with_entry(revoked="yesterday"), "not since when"),
        (with_entry(revoked=True), "not since when"),
        (with_entry(expires="2026-01-01T00:00:00"), "not since when"),
    ],
)
def test_a_document_that_does_not_give_the_key_says_why(document: dict[str, Any], why: str) -> None:
    assert why in refusal(document)


def test_a_method_without_a_name_and_another_purpose_are_refused() -> None:
    refusal(DOCUMENT, DID)
    refusal(DOCUMENT, f"{DID}#")
    refusal(DOCUMENT, f"{DID}#key-9")
    refusal(DOCUMENT, METHOD, "authentication")


def test_the_earlier_end_counts() -> None:
    document = with_entry(expires="2027-01-01T00:00:00Z", revoked="2026-01-01T01:00:00+01:00")
    assert authorised_key(document, METHOD).ended == ENDED


@pytest.mark.parametrize(
    ("did", "keys"),
    [
        ("university.example", [DidKey("key-1", OLD)]),
        ("did:web:a b", [DidKey("key-1", OLD)]),
        (f"{DID}#key-1", [DidKey("key-1", OLD)]),
        (DID, []),
        (DID, [DidKey("key-1", OLD, ENDED)]),
        (DID, [DidKey("key-1", OLD), DidKey("key-1", NEW)]),
        (DID, [DidKey("key 1", OLD)]),
        (DID, [DidKey("", OLD)]),
    ],
)
def test_a_document_that_would_be_of_no_use_is_not_written(did: str, keys: list[DidKey]) -> None:
    with pytest.raises(SettingsError) as caught:
        write_did_document(did, keys)
    assert caught.value.code == "did-document"
    assert caught.value.remedy


def test_no_secret_is_shown_or_written() -> None:
    assert "Private" not in repr(DidKey("key-1", OLD))
    assert '"d"' not in str(DOCUMENT)
