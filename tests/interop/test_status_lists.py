"""Signed status lists, and keys to sign them with, against an RDF library and the packages that others verify with."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from registry.errors import SignerError
from registry.formats.statuslist import FEWEST_BITS, Purpose, canonical_quads, status_list_credential
from registry.proofs.signatures.keys import did_key, did_key_method, read_key, write_public_key
from registry.proofs.signatures.suites import Suite, sign, sign_form, verify
from registry.rdf.nquads import canonical, literal
from tests.interop.made import key_pair
from tests.interop.others import ask

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
MOMENT = datetime(2026, 6, 1, 11, 59, 59, tzinfo=UTC)
WEB_METHOD = "did:web:university.example#key-1"


def made(issuer: str, url: str, purpose: Purpose = Purpose.REVOCATION) -> dict[str, Any]:
    bits = bytes(FEWEST_BITS // 8 - 1) + b"\x05"
    return status_list_credential(issuer, url, purpose, MOMENT, 300_000, bits)


def signed(key: Ed25519PrivateKey, method: str) -> dict[str, Any]:
    credential = made(method.partition("#")[0], "https://registry.example/v1/status-lists/7/revocation/1")
    quads = canonical_quads(credential)
    return sign_form(sign(credential, key, method, MOMENT), quads, key, method, MOMENT, Suite.EDDSA_RDFC)


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize(
    ("issuer", "url"),
    [
        ("did:web:university.example", "https://registry.example/v1/status-lists/7/revocation/1"),
        (did_key(KEY), "http://127.0.0.1:8080/v1/status-lists/7/suspension/2"),
        ("https://university.example/issuers/7?a=b&c=d", "https://bücher.example/%C3%A9/../v1/x"),
        ("urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33", "https://REGISTRY.example:443//a;b=(c)/'d'/$!*,+@~"),
        ("did:web:localhost%3A8443:users:ада", "https://registry.example/1"),
    ],
)
def test_the_quads_are_those_of_an_rdf_library(purpose: Purpose, issuer: str, url: str) -> None:
    credential = made(issuer, url, purpose)
    assert canonical_quads(credential).decode() == ask("canonize", document=credential)


def test_texts_are_escaped_as_an_rdf_library_does() -> None:
    text = "".join(map(chr, range(0x100))) + "\u2028\ufeff\U0001f393"
    document = {"@context": {"p": "urn:p"}, "@id": "urn:s", "p": text}
    assert canonical([("<urn:s>", "urn:p", literal(text))]).decode() == ask("canonize", document=document)


@pytest.mark.parametrize("method", [WEB_METHOD, did_key_method(KEY)])
def test_others_verify_a_list(method: str) -> None:
    credential = signed(KEY, method)
    told = ask("verify", credential=credential, key=key_pair(KEY, method))
    assert told["verified"], told["errors"]
    assert verify(credential, KEY.public_key())["verificationMethod"] == method


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"ttl":300000', b'"ttl":300001'),
        (b'"statusPurpose":"revocation"', b'"statusPurpose":"suspension"'),
        (b'"created":"2026-06-01T11:59:59Z"', b'"created":"2026-06-01T11:59:58Z"'),
        (b'"encodedList":"uH4s', b'"encodedList":"uH4t'),
        (b'status-lists/7/revocation/1#list"', b'status-lists/8/revocation/1#list"'),
    ],
)
def test_others_refuse_a_list_that_was_changed(old: bytes, new: bytes) -> None:
    written = orjson.dumps(signed(KEY, WEB_METHOD))
    assert old in written
    changed = orjson.loads(written.replace(old, new))
    assert not ask("verify", credential=changed, key=key_pair(KEY, WEB_METHOD))["verified"]


def test_others_refuse_a_list_by_another_key() -> None:
    credential = signed(Ed25519PrivateKey.from_private_bytes(b"o" * 32), WEB_METHOD)
    assert not ask("verify", credential=credential, key=key_pair(KEY, WEB_METHOD))["verified"]


def test_keys_that_others_write_are_read() -> None:
    exported = ask("exportKey")
    usual, canonical_form = exported["usual"], exported["canonical"]
    # 64 bytes behind the header: from zruz to zrv5.
    assert usual["secretKeyMultibase"].startswith(("zru", "zrv"))
    assert canonical_form["secretKeyMultibase"].startswith("z3u2")
    for each in (usual, canonical_form):
        assert write_public_key(read_key(each["secretKeyMultibase"])) == each["publicKeyMultibase"]
    with pytest.raises(SignerError):
        read_key(usual["secretKeyMultibase"][:-1] + ("2" if usual["secretKeyMultibase"].endswith("1") else "1"))
