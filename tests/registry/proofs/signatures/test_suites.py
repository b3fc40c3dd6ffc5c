"""Data Integrity proofs: the standard's own vector, and everything that must not pass."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import CredentialError, ProofError, SignerError
from registry.proofs.signatures.keys import (
    KeyKind,
    did_key,
    did_key_method,
    key_of_method,
    new_key,
    read_key,
    read_public_key,
    write_public_key,
)
from registry.proofs.signatures.multibase import from_base58, from_base64url, to_base58, to_base64url
from registry.proofs.signatures.suites import Suite, judge_time, sign, sign_form, verify, verify_proof

# Data Integrity EdDSA Cryptosuites v1.0, appendix B.3 (representation: eddsa-jcs-2022).
SECRET = "z3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq"
PUBLIC = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
METHOD = f"did:key:{PUBLIC}#{PUBLIC}"
CREATED = datetime(2023, 2, 24, 23, 36, 38, tzinfo=UTC)
DOCUMENT: dict[str, Any] = {
    "@context": ["https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/examples/v2"],
    "id": "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
    "type": ["VerifiableCredential", "AlumniCredential"],
    "name": "Alumni Credential",
    "description": "A minimum viable example of an Alumni Credential.",
    "issuer": "https://vc.example/issuers/5678",
    "validFrom": "2023-01-01T00:00:00Z",
    "credentialSubject": {"id": "did:example:abcdefgh", "alumniOf": "The School of Examples"},
}
PROOF_VALUE = "z2HnFSSPPBzR36zdDgK8PbEHeXbR56YF24jwMpt3R1eHXQzJDMWS93FCzpvJpwTWd3GAVFuUfjoJdcnTMuVor51aX"
KEY = read_key(SECRET)
ALONE: dict[str, Any] = DOCUMENT | {
    "@context": ["https://www.w3.org/ns/credentials/v2"],
    "type": ["VerifiableCredential"],
    "credentialSubject": {"id": "did:example:abcdefgh"},
}


def signed() -> dict[str, Any]:
    return sign(DOCUMENT, KEY, METHOD, CREATED)


def code_of(document: dict[str, Any], **given: Any) -> str:
    with pytest.raises(ProofError) as caught:
        verify(document, **given)
    assert caught.value.remedy
    return caught.value.code


def test_the_proof_is_that_of_the_standards_own_example() -> None:
    assert write_public_key(KEY) == PUBLIC
    assert (did_key(KEY), did_key_method(KEY)) == (f"did:key:{PUBLIC}", METHOD)
    document = signed()
    assert document["proof"][0] == {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "created": "2023-02-24T23:36:38Z",
        "verificationMethod": METHOD,
        "proofPurpose": "assertionMethod",
        "@context": DOCUMENT["@context"],
        "proofValue": PROOF_VALUE,
    }
    assert [verify(document)] == document["proof"]
    assert verify(document, read_public_key(PUBLIC))["proofValue"] == PROOF_VALUE


def test_other_proofs_stay_and_are_not_signed() -> None:
    other = {"type": "MerkleAnchorProof", "anything": 1}
    document = sign(DOCUMENT | {"proof": other}, KEY, METHOD, CREATED)
    assert document["proof"][0] == other
    assert document["proof"][1]["proofValue"] == PROOF_VALUE
    assert verify(document) == document["proof"][1]


@pytest.mark.parametrize("member", sorted(DOCUMENT))
def test_a_document_that_was_changed_does_not_pass(member: str) -> None:
    assert code_of(signed() | {member: ["something else"]}) == "proof-fails"
    assert code_of({name: value for name, value in signed().items() if name != member}) == "proof-fails"


def test_a_context_may_be_added_at_the_end_alone() -> None:
    more = "https://example.org/more"
    assert verify(signed() | {"@context": [*DOCUMENT["@context"], more]})
    assert code_of(signed() | {"@context": [more, *DOCUMENT["@context"]]}) == "proof-fails"
    assert code_of(signed() | {"@context": DOCUMENT["@context"][:1]}) == "proof-fails"


@pytest.mark.parametrize(
    "change",
    [
        {"created": "2023-02-24T23:36:39Z"},
        {"verificationMethod": did_key_method(Ed25519PrivateKey.from_private_bytes(bytes(32)))},
        {"expires": "2033-01-01T00:00:00Z"},
        {"proofValue": PROOF_VALUE[:-1]},
        {"proofValue": "z"},
        {"proofValue": "u" + PROOF_VALUE[1:]},
        {"proofValue": "z0OIl"},
        {"proofValue": "z" + "1" * 100_000},
        {"proofValue": None},
        {"verificationMethod": 7},
    ],
)
def test_a_proof_that_was_changed_does_not_pass(change: dict[str, Any]) -> None:
    assert code_of(signed() | {"proof": signed()["proof"][0] | change}) == "proof-fails"


@pytest.mark.parametrize(
    "proof",
    [None, [], "proof", {"type": "DataIntegrityProof", "cryptosuite": "bbs-2023"}, {"proofPurpose": "other"}],
)
def test_a_missing_proof_is_not_one_that_holds(proof: object) -> None:
    assert code_of(DOCUMENT | {"proof": proof}) == "proof-missing"


def test_a_proof_for_another_purpose_does_not_count() -> None:
    document = sign(DOCUMENT, KEY, METHOD, CREATED, purpose="authentication")
    assert code_of(document) == "proof-missing"
    assert verify(document, purpose="authentication")


def test_the_key_of_another_does_not_pass() -> None:
    assert code_of(signed(), key=Ed25519PrivateKey.generate().public_key()) == "proof-fails"


def test_a_key_that_has_to_be_looked_up_is_not_guessed() -> None:
    document = sign(DOCUMENT, KEY, "did:web:example.org#key-1", CREATED)
    assert code_of(document) == "proof-key"
    assert verify(document, KEY.public_key())


@pytest.mark.parametrize(
    "method",
    [
        f"did:key:{PUBLIC}",
        f"did:key:{PUBLIC}#z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp",
        f"did:web:{PUBLIC}#{PUBLIC}",
        f"did:key:{SECRET}#{SECRET}",
        "did:key:#",
        "",
    ],
)
def test_a_method_that_says_no_key_of_its_own_is_refused(method: str) -> None:
    with pytest.raises(ProofError) as caught:
        key_of_method(method)
    assert caught.value.code == "proof-key"


def pem(key: Any, password: bytes | None = None) -> str:
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    text: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    return text.decode()


def test_a_key_is_read_from_a_pem_file_too() -> None:
    assert write_public_key(read_key(f"\n{pem(KEY)}\n")) == PUBLIC


def test_a_key_with_its_public_half_behind_it_is_read_too() -> None:
    """As @digitalbazaar/ed25519-multikey writes it by default."""
    halves = KEY.private_bytes_raw() + KEY.public_key().public_bytes_raw()
    text = to_base58(b"\x80\x26" + halves)
    assert text.startswith("zrv")
    assert write_public_key(read_key(text)) == PUBLIC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "z",
        to_base58(b"\x80\x26" + KEY.private_bytes_raw() + bytes(32)),
        to_base58(b"\x80\x26" + 2 * KEY.private_bytes_raw()),
        to_base58(b"\x80\x26" + KEY.private_bytes_raw() + KEY.public_key().public_bytes_raw()[:-1]),
        to_base58(b"\x80\x26" + KEY.private_bytes_raw() + KEY.public_key().public_bytes_raw() + b"x"),
        to_base58(b"\xed\x01" + KEY.private_bytes_raw() + KEY.public_key().public_bytes_raw()),
        PUBLIC,
        SECRET[:-1],
        SECRET[1:],
        "-----BEGIN PRIVATE KEY-----\nMC4CAQ\n-----END PRIVATE KEY-----",
        pem(KEY, b"password"),
        pem(Ed448PrivateKey.generate()),
        "-----BEGIN ключ",
    ],
)
def test_a_text_that_is_no_key_is_not_repeated(text: str) -> None:
    with pytest.raises(SignerError) as caught:
        read_key(text, where="status.key")
    assert str(caught.value).startswith("status.key: ")
    assert caught.value.__cause__ is None
    assert len(text) < 2 or text not in caught.value.diagnostics()


def test_a_proof_over_rdf_stands_beside_the_other() -> None:
    document = sign_form(
        ALONE | {"proof": signed()["proof"]}, b"<urn:a> <urn:b> <urn:c> .\n", KEY, METHOD, CREATED, Suite.EDDSA_RDFC
    )
    first, second = document["proof"]
    assert [first["cryptosuite"], second["cryptosuite"]] == ["eddsa-jcs-2022", "eddsa-rdfc-2022"]
    assert "proof" not in ALONE


def test_a_method_that_is_no_iri_is_not_signed_for() -> None:
    for suite in (Suite.EDDSA_RDFC, Suite.EDDSA_JCS):
        with pytest.raises(SignerError, match="no absolute IRI"):
            sign({}, KEY, "did:web:a.example#key 1", CREATED, suite)


def test_a_document_that_json_does_not_have_is_not_signed() -> None:
    with pytest.raises(CredentialError):
        sign({"number": float("nan")}, KEY, METHOD, CREATED)


@given(st.binary(max_size=100))
def test_multibase_texts_are_read_as_they_were_written(data: bytes) -> None:
    assert from_base58(to_base58(data)) == data
    assert from_base64url(to_base64url(data)) == data


@given(st.text(max_size=60))
def test_no_other_text_is_read(text: str) -> None:
    for read, write in ((from_base58, to_base58), (from_base64url, to_base64url)):
        try:
            data = read(text)
        except ValueError:
            continue
        assert write(data)[0] == text[0]


PROOF: dict[str, Any] = {
    "type": "DataIntegrityProof",
    "cryptosuite": "eddsa-jcs-2022",
    "proofPurpose": "assertionMethod",
}


@pytest.mark.parametrize("more", ["previousProof", "domain", "challenge"])
def test_a_proof_that_says_more_than_is_judged_is_unread_whether_it_holds_or_not(more: str) -> None:
    for proof in (signed()["proof"][0], PROOF):
        assert code_of(DOCUMENT | {"proof": [proof | {more: "x", "verificationMethod": METHOD}]}) == "proof-unread"


def test_the_second_of_a_set_is_found_and_each_holds_by_itself() -> None:
    another = Ed25519PrivateKey.generate()
    document = sign(signed(), another, did_key_method(another), CREATED)
    for proof in document["proof"]:
        verify_proof(document, proof, key_of_method(proof["verificationMethod"]))
    assert (
        verify(document | {"proof": [PROOF | {"cryptosuite": "bbs-2023"}, *document["proof"]]}) == document["proof"][0]
    )
    with pytest.raises(ProofError):
        verify_proof(document, document["proof"][0], another.public_key())


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({}, None),
        ({"expires": "2026-01-02T00:00:00Z"}, None),
        ({"expires": "2026-01-01T00:00:00Z"}, "proof-expired"),
        ({"expires": "2026-01-01T01:00:00+01:00"}, "proof-expired"),
        ({"created": "2026-01-01T00:05:00Z"}, None),
        ({"created": "2026-01-01T00:05:01Z"}, "proof-early"),
        ({"created": "2026-01-01T00:00:00"}, "proof-fails"),
        ({"created": "2026-02-30T00:00:00Z"}, "proof-fails"),
        ({"created": ["2026-01-01T00:00:00Z"]}, "proof-fails"),
        ({"expires": "never"}, "proof-fails"),
        ({"expires": None}, "proof-fails"),
        ({"expires": "9999-12-31T23:59:59-14:00", "created": "0001-01-01T00:00:00+14:00"}, None),
    ],
)
def test_a_proof_is_meant_for_a_time(said: dict[str, Any], code: str | None) -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    if code is None:
        judge_time(PROOF | said, moment)
        return
    with pytest.raises(ProofError) as caught:
        judge_time(PROOF | said, moment)
    assert caught.value.code == code


def test_until_when_a_proof_holds_is_signed() -> None:
    document = sign(DOCUMENT, KEY, METHOD, CREATED, expires=datetime(2030, 1, 1, tzinfo=UTC))
    assert verify(document)["expires"] == "2030-01-01T00:00:00Z"
    later = document["proof"][0] | {"expires": "2040-01-01T00:00:00Z"}
    assert code_of(document | {"proof": [later]}) == "proof-fails"


@pytest.mark.parametrize("suite", list(Suite))
def test_a_suite_takes_no_key_of_another_kind(suite: Suite) -> None:
    wrong = new_key(KeyKind.P256 if suite.value.startswith("eddsa") else KeyKind.ED25519)
    with pytest.raises(SignerError) as caught:
        sign(ALONE, wrong, did_key_method(wrong), CREATED, suite)
    assert caught.value.code == "key-suite"
    assert str(Suite.for_key(wrong, is_rdf=suite.is_rdf)) in str(caught.value.remedy)
    proof = PROOF | {"cryptosuite": suite.value, "verificationMethod": did_key_method(wrong), "proofValue": PROOF_VALUE}
    assert code_of(ALONE | {"proof": proof}) == "proof-fails"


def test_a_signature_over_rdf_hides_no_member_from_who_reads_the_json() -> None:
    """The same statements in other words: the signature would hold, and who reads the JSON would see no end."""
    ends = sign(ALONE | {"validUntil": "2024-01-01T00:00:00Z"}, KEY, METHOD, CREATED, Suite.EDDSA_RDFC)
    until = {"@value": ends.pop("validUntil"), "@type": "http://www.w3.org/2001/XMLSchema#dateTime"}
    named = "https://www.w3.org/2018/credentials#validUntil"
    inside = {name: value for name, value in ends.items() if name not in ("@context", "proof")}
    for hidden in (
        ends | {named: until},
        ends | {"@context": [*ends["@context"], {"end": named}], "end": until},
        {"@context": ends["@context"], "proof": ends["proof"], "@graph": [inside | {"validUntil": until["@value"]}]},
    ):
        assert code_of(hidden) == "proof-unread"
    assert code_of(ends) == "proof-fails"
