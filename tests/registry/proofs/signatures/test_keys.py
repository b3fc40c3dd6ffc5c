"""Keys in every form, read as they were written, and what must not be taken for one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st
from openvc.multibase import decode_multibase, encode_multibase

from registry.errors import ProofError, SignerError
from registry.proofs.signatures.keys import (
    KeyKind,
    SigningKey,
    algorithm_of,
    did_key_method,
    holds,
    key_of_method,
    kind_of,
    new_key,
    public_jwk,
    read_jwk,
    read_key,
    read_public_key,
    sign_bytes,
    write_key,
    write_public_key,
)
from registry.proofs.signatures.multibase import from_base58, from_url_text, to_base58, to_url_text

KEYS: dict[KeyKind, SigningKey] = {kind: new_key(kind) for kind in KeyKind}
# Controlled Identifiers v1.0, section 2.2.2: the secret headers, and how public texts begin.
FORMS = {
    KeyKind.ED25519: (b"\x80\x26", "z6Mk", "EdDSA"),
    KeyKind.P256: (b"\x86\x26", "zDn", "ES256"),
    KeyKind.P384: (b"\x87\x26", "z82", "ES384"),
}


def secret_bytes(key: Any) -> bytes:
    if kind_of(key) is KeyKind.ED25519:
        raw: bytes = key.private_bytes_raw()
        return raw
    width = 48 if kind_of(key) is KeyKind.P384 else 32
    number: int = key.private_numbers().private_value
    return number.to_bytes(width, "big")


@pytest.mark.parametrize("kind", KeyKind)
def test_a_key_is_read_from_every_form(kind: KeyKind) -> None:
    key = KEYS[kind]
    header, beginning, algorithm = FORMS[kind]
    public = write_public_key(key)
    assert public.startswith(beginning)
    assert (kind_of(key), algorithm_of(key)) == (kind, algorithm)
    halves = from_base58(public)[2:]
    jwk = public_jwk(key) | {"d": to_url_text(secret_bytes(key))}
    for text in (
        write_key(key),
        to_base58(header + secret_bytes(key)),
        to_base58(header + secret_bytes(key) + halves),
        json.dumps(jwk),
    ):
        assert write_public_key(read_key(text)) == public
    for other in (read_public_key(public), read_jwk(public_jwk(key)), key_of_method(did_key_method(key))):
        assert write_public_key(other) == public
    assert encode_multibase(decode_multibase(public)) == public
    assert decode_multibase(public) == from_base58(public)


@pytest.mark.parametrize("kind", KeyKind)
def test_a_signature_holds_for_its_key_and_its_bytes_alone(kind: KeyKind) -> None:
    key, data = KEYS[kind], b"data"
    signature = sign_bytes(key, data)
    public = key.public_key()
    assert holds(public, signature, data)
    assert not holds(public, signature, data + b"x")
    assert not holds(new_key(kind).public_key(), signature, data)
    for wrong in (
        b"",
        signature[:-1],
        signature + b"\0",
        b"\0" + signature,
        bytes(len(signature)),
        b"\xff" * len(signature),
    ):
        assert not holds(public, wrong, data)


def pem(key: Any) -> str:
    text: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return text.decode()


@pytest.mark.parametrize(
    "text",
    [
        pem(ec.generate_private_key(ec.SECP256K1())),
        pem(ec.generate_private_key(ec.SECP521R1())),
        pem(rsa.generate_private_key(65537, 2048)),
        json.dumps(public_jwk(KEYS[KeyKind.P256])),
        json.dumps(public_jwk(KEYS[KeyKind.P256]) | {"d": to_url_text(secret_bytes(KEYS[KeyKind.P384]))}),
        json.dumps(public_jwk(KEYS[KeyKind.P256]) | {"d": to_url_text(bytes(32))}),
        json.dumps(public_jwk(KEYS[KeyKind.P256]) | {"d": to_url_text(bytes(31) + b"\x07")}),
        json.dumps({"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQ"}),
        "{" * 10_000,
        "{}",
        '{"crv": [], "d": 7}',
    ],
)
def test_what_is_no_signing_key_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(SignerError) as caught:
        read_key(text)
    assert caught.value.code == "status-key"
    assert caught.value.__cause__ is None
    assert len(text) < 3 or text not in caught.value.diagnostics()


@pytest.mark.parametrize(
    "change",
    [
        {"kty": "OKP"},
        {"crv": "P-384"},
        {"crv": "secp256k1"},
        {"crv": "P-521"},
        {"y": None},
        {"x": "AA"},
        {"x": public_jwk(KEYS[KeyKind.P256])["x"] + "="},
        {"x": public_jwk(KEYS[KeyKind.P256])["y"], "y": public_jwk(KEYS[KeyKind.P256])["x"]},
        {"d": "AA"},
        {"k": "AA"},
    ],
)
def test_a_jwk_that_is_no_public_key_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ProofError) as caught:
        read_jwk(public_jwk(KEYS[KeyKind.P256]) | change)
    assert caught.value.code == "proof-key"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80\x24",
        b"\x80\x24" + b"\x02" + b"\xff" * 32,
        b"\x80\x24" + b"\x04" + bytes(64),
        b"\x80\x24" + b"\x00",
        b"\xe7\x01" + b"\x02" + bytes(32),
        b"\xed\x01" + bytes(31),
        b"\x86\x26" + bytes(32),
    ],
)
def test_a_multikey_that_is_none_is_refused(data: bytes) -> None:
    with pytest.raises(ProofError) as caught:
        read_public_key(to_base58(data))
    assert caught.value.code == "proof-key"


@given(st.binary(max_size=40))
def test_base64url_is_read_as_it_was_written(data: bytes) -> None:
    assert from_url_text(to_url_text(data)) == data


@pytest.mark.parametrize("text", ["A", "AB", "AA=", "A A", "A+", "A/", "é", "AAA\n"])
def test_another_way_to_write_the_same_bytes_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="base64url"):
        from_url_text(text)


SMALL_ORDER = [
    bytes(32),
    bytes(31) + b"\x80",
    (1).to_bytes(32, "little"),
    (1 | 1 << 255).to_bytes(32, "little"),
    (2**255 - 20).to_bytes(32, "little"),
    (2**255 - 19).to_bytes(32, "little"),
    (2**255 - 18).to_bytes(32, "little"),
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"),
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"),
]


@pytest.mark.parametrize("point", SMALL_ORDER, ids=lambda point: point.hex()[:8])
def test_a_key_with_which_anybody_signs_is_none(point: bytes) -> None:
    """Points of a small order: about every eighth message has a signature that is a point of these and no secret."""
    with pytest.raises(ProofError):
        read_public_key(to_base58(b"\xed\x01" + point))
    with pytest.raises(ProofError):
        read_jwk({"kty": "OKP", "crv": "Ed25519", "x": to_url_text(point)})
