"""Tokens beside PyJWT, and everything that must not be taken for a signature."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from jwt import PyJWK, PyJWS

from registry.errors import ProofError
from registry.proofs.signatures.jose import (
    TokenForm,
    judge_claims_time,
    read_jws,
    sign_jws,
    sign_token,
    verify_jws,
)
from registry.proofs.signatures.keys import (
    KeyKind,
    SigningKey,
    algorithm_of,
    new_key,
    public_jwk,
    public_of,
    write_public_key,
)
from registry.proofs.signatures.multibase import from_url_text, to_url_text

METHOD = "did:web:university.example#key-1"
KEYS: dict[KeyKind, SigningKey] = {kind: new_key(kind) for kind in KeyKind}
CREDENTIAL: dict[str, Any] = {
    "@context": ["https://www.w3.org/ns/credentials/v2"],
    "id": "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
    "type": ["VerifiableCredential"],
    "name": "Dîplôme",
    "issuer": {"id": "did:web:university.example"},
    "validFrom": "2023-01-01T00:00:00Z",
    "credentialSubject": {"id": "did:example:abcdefgh"},
    "proof": {"type": "DataIntegrityProof"},
}


def code_of(token: str | bytes, key: SigningKey = KEYS[KeyKind.P256]) -> str:
    with pytest.raises(ProofError) as caught:
        verify_jws(read_jws(token), public_of(key))
    assert caught.value.remedy
    return caught.value.code


@pytest.mark.parametrize("form", TokenForm)
@pytest.mark.parametrize("kind", KeyKind)
def test_a_token_holds_here_and_elsewhere(kind: KeyKind, form: TokenForm) -> None:
    key = KEYS[kind]
    token = sign_token(CREDENTIAL, key, METHOD, form)
    jws = read_jws(f" {token}\n".encode())
    verify_jws(jws, public_of(key))
    claims = jws.claims()
    assert (jws.method, jws.key, jws.header["typ"]) == (METHOD, None, form.value)
    assert "proof" not in claims
    assert {name: claims[name] for name in ("id", "name")} == {name: CREDENTIAL[name] for name in ("id", "name")}
    if form is TokenForm.OPEN_BADGES:
        assert (claims["iss"], claims["jti"], claims["nbf"]) == (
            "did:web:university.example",
            CREDENTIAL["id"],
            1672531200,
        )
    there = PyJWS().decode(token, PyJWK(public_jwk(key)).key, algorithms=[algorithm_of(key)])
    assert there == jws.payload


def test_a_key_in_the_header_is_told_apart_from_one_that_is_known() -> None:
    key = KEYS[KeyKind.ED25519]
    jws = read_jws(sign_jws({"alg": "EdDSA", "jwk": public_jwk(key)}, {}, key))
    assert jws.key is not None
    assert write_public_key(jws.key) == write_public_key(key)
    assert jws.method is None
    with pytest.raises(ProofError) as caught:
        read_jws(sign_jws({"alg": "EdDSA", "jwk": {"kty": "oct", "k": "AA"}}, {}, key)).key  # noqa: B018
    assert caught.value.code == "proof-key"


def test_no_token_holds_that_was_changed_or_is_of_another() -> None:
    key = KEYS[KeyKind.P256]
    token = sign_token(CREDENTIAL, key, METHOD)
    header, payload, signature = token.split(".")
    other = to_url_text(orjson.dumps(CREDENTIAL | {"name": "Another"}))
    assert code_of(f"{header}.{other}.{signature}") == "proof-fails"
    assert code_of(token, new_key(KeyKind.P256)) == "proof-fails"
    assert code_of(token, KEYS[KeyKind.P384]) == "proof-fails"
    assert code_of(token, KEYS[KeyKind.ED25519]) == "proof-fails"
    assert code_of(f"{header}.{payload}.{signature[:-4]}") == "proof-fails"
    assert code_of(f"{header}.{payload}.") == "proof-fails"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ({"alg": "none"}, "proof-fails"),
        ({"alg": "None"}, "proof-unread"),
        ({"alg": "HS256"}, "proof-unread"),
        ({"alg": "RS256"}, "proof-unread"),
        ({"alg": ["ES256"]}, "proof-unread"),
        ({"alg": None}, "proof-unread"),
        ({}, "proof-unread"),
        ({"alg": "ES384"}, "proof-fails"),
        ({"alg": "EdDSA"}, "proof-fails"),
        ({"alg": "ES256", "crit": ["exp"]}, "proof-unread"),
        ({"alg": "ES256", "crit": []}, "proof-unread"),
        ({"alg": "ES256", "b64": False}, "proof-unread"),
    ],
)
def test_a_header_does_not_choose_what_is_checked(header: dict[str, Any], code: str) -> None:
    assert code_of(sign_jws(header, CREDENTIAL, KEYS[KeyKind.P256])) == code


def test_a_public_key_is_no_shared_secret() -> None:
    key = KEYS[KeyKind.P256]
    signed = f"{to_url_text(orjson.dumps({'alg': 'HS256'}))}.{to_url_text(b'{}')}"
    secret = write_public_key(key).encode()
    signature = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
    assert code_of(f"{signed}.{to_url_text(signature)}") == "proof-unread"


@pytest.mark.parametrize(
    "token",
    [
        "", ".", "..", "a.b", "a.b.c.d", "é.b.c", b"\xff.a.b", "e30=.e30.AA", "e30.e30.AA\n.AA",
        f"{to_url_text(b'[]')}.e30.AA",
        f"{to_url_text(b'{')}.e30.AA",
        f"{to_url_text(b'{' * 9_000)}.e30.AA",
        to_url_text(b'{"alg":"none","alg":"ES256"}') + ".e30.AA",
        to_url_text(b'{"alg":"ES256"' + b" " * 20_000 + b"}") + ".e30.AA",
    ],
)  # fmt: skip
def test_what_is_no_token_is_refused(token: str | bytes) -> None:
    assert code_of(token) == "proof-fails"


def test_a_payload_with_two_readings_has_no_claims() -> None:
    key = KEYS[KeyKind.ED25519]
    payload = to_url_text(b'{"a":1,"a":2}')
    signed = f"{to_url_text(orjson.dumps({'alg': algorithm_of(key)}))}.{payload}"
    jws = read_jws(f"{signed}.{to_url_text(b'x' * 64)}")
    with pytest.raises(ProofError, match="no single reading"):
        jws.claims()
    assert from_url_text(signed.split(".")[1]) == jws.payload


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({}, None),
        ({"exp": 1767225601, "nbf": 1767225600}, None),
        ({"exp": 1767225600}, "proof-expired"),
        ({"nbf": 1767225600 + 301}, "proof-early"),
        ({"nbf": 1767225600 + 300}, None),
        ({"exp": "2030"}, "proof-fails"),
        ({"exp": True}, "proof-fails"),
        ({"exp": 1e300}, "proof-fails"),
        ({"nbf": None}, "proof-fails"),
    ],
)
def test_a_token_is_meant_for_a_time(claims: dict[str, Any], code: str | None) -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    if code is None:
        judge_claims_time(claims, moment)
        return
    with pytest.raises(ProofError) as caught:
        judge_claims_time(claims, moment)
    assert caught.value.code == code
