"""Pre-flight hazards: each on a document that has it, and none on a sound credential."""

from __future__ import annotations

import base64
import random
import secrets
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from registry.credential.digest import hazards

AT = datetime(2026, 7, 1, tzinfo=UTC)
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def credential(**changes: Any) -> dict[str, Any]:
    document = {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "id": "urn:uuid:5c1b3a52-6d0c-4b1e-9a57-0a3f0c8f5e11",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "issuer": {"id": "did:key:z6MkjoRhq1jSNJdLiruSXrFFxagqrztZaXHqHGUTKJbcNywp"},
        "validFrom": "2026-06-30T00:00:00Z",
        "validUntil": "2036-06-30T00:00:00+02:00",
        "credentialSubject": {"name": "Ada", "achievement": {"id": f"urn:uuid:{uuid.uuid4()}", "name": "MSc"}},
        "proof": {"proofValue": "z3FXQjecWufY46yg5abdVZsXqLhxhueuSoZ9nvyRpQvQdmYmMUbfQbdZqQRUsBG7"},
    }
    document.update(changes)
    return {name: value for name, value in document.items() if value is not None}


def codes(document: dict[str, Any], at: datetime | None = AT) -> list[str]:
    return [hazard.code for hazard in hazards(document, at=at)]


def test_a_sound_credential_has_no_hazard() -> None:
    assert codes(credential()) == []


@pytest.mark.parametrize(
    "identifier",
    [
        None,
        17,
        "https://university.example/credentials/1042",
        "https://university.example/credentials/2026-INF-MSC-000123",
        "https://university.example/OpenBadgeCredential2026/MasterOfInformationSystems",
        "urn:uuid:00000000-0000-0000-0000-000000000001",
        f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, 'https://university.example/1')}",
        "20260630000000000001042",
    ],
)
def test_a_sequential_id_is_guessable(identifier: object) -> None:
    # The issuer's key, the achievement's id and the proof are random too, but the same for all or not in the digest.
    assert codes(credential(id=identifier)) == ["guessable"]


def test_random_identifiers_are_recognised() -> None:
    source = random.Random(2)
    for _ in range(100):
        bits = source.randbytes(16)
        for token in (uuid.UUID(bytes=bits, version=4).urn.upper(), f"https://u.example/c/{bits.hex()}"):
            assert codes(credential(id=token)) == [], token


def test_most_base58_is_recognised() -> None:
    source = random.Random(2)
    tokens = ["".join(source.choices(BASE58, k=22)) for _ in range(500)]
    assert sum(codes(credential(id=token)) == [] for token in tokens) >= 485


def test_a_salt_anywhere_in_its_own_part_counts() -> None:
    salted = credential(id="https://university.example/1", salt=secrets.token_hex(32))
    nested = credential(
        id=None, credentialSubject={"a": [{"salt": base64.b64encode(b"\x8f\x13\xa0\x77" * 8).decode()}]}
    )
    assert codes(salted) == codes(nested) == []


@pytest.mark.parametrize("issuer", [None, "", {}, {"name": "University"}])
def test_no_issuer(issuer: object) -> None:
    assert codes(credential(issuer=issuer)) == ["no-issuer"]


def test_dates() -> None:
    assert codes(credential(validFrom=None)) == ["no-dates"]
    assert codes(credential(validFrom=None, issuanceDate="2026-01-01T00:00:00Z")) == []
    assert codes(credential(validUntil="2026-06-30T23:59:59Z")) == ["expired"]
    assert codes(credential(validUntil="2026-07-01T00:30:00+01:00")) == ["expired"]
    assert codes(credential(validUntil="2026-06-30T23:59:59Z"), at=None) == []
    assert codes(credential(expirationDate="2020-01-01T00:00:00Z")) == ["expired"]


@pytest.mark.parametrize("unclear", ["2030-01-01", "2030-01-01T00:00:00", "soon", "", True, [], {}])
def test_unclear_dates(unclear: object) -> None:
    assert codes(credential(validUntil=unclear)) == ["unclear-date"]
    assert codes(credential(validFrom=unclear)) == ["unclear-date"]


@pytest.mark.parametrize(
    "subject",
    [
        {"email": "ada@example.org"},
        [{"name": "Ada"}, {"birthDate": "1815-12-10"}],
        {"identifier": [{"type": "IdentityObject", "hashed": False, "identityHash": "ada@example.org"}]},
        {"identifier": {"hashed": False}},
    ],
)
def test_personal_data_in_the_clear(subject: object) -> None:
    assert codes(credential(credentialSubject=subject)) == ["personal-data"]


def test_a_hashed_identifier_is_no_personal_data() -> None:
    assert codes(credential(credentialSubject={"identifier": [{"hashed": True, "salt": "x"}, 5, None]})) == []


@pytest.mark.parametrize(
    "document", [{}, {"credentialSubject": None}, {"credentialSubject": [1, [], "x"]}, {"type": 1}]
)
def test_odd_documents_get_warnings_not_exceptions(document: dict[str, Any]) -> None:
    assert codes(document) == ["guessable", "no-issuer", "no-dates"]


def test_every_hazard_has_a_sentence() -> None:
    found = hazards({"expires": "2020-01-01T00:00:00Z", "issuedOn": "x", "recipient": {"ssn": 1}}, at=AT)
    assert [hazard.code for hazard in found] == ["guessable", "no-issuer", "expired", "unclear-date", "personal-data"]
    assert all(hazard.sentence.endswith(".") for hazard in found)
