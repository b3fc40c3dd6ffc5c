"""Signatures in Python and in JavaScript: the same, but for what the page leaves to the program in Python."""

from __future__ import annotations

import hashlib
import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI
from starlette.testclient import TestClient

from registry.chain.contract import CredentialRegistry
from registry.credential.strictjson import canonicalize
from registry.document.reading import Reading, read_document
from registry.document.signatures import PROOF_TYPE, Held, Signature
from registry.errors import ChainUnavailable
from registry.http.problems import install_problems
from registry.proofs.signatures.keys import did_key_method, hash_of, sign_bytes
from registry.proofs.signatures.multibase import to_base58
from registry.proofs.signatures.suites import Suite, sign
from registry.service.routes.verify import verify_router
from registry.service.verifying import Verifying
from registry.verifier.nothing_known import NothingKnown
from registry.verify.signature import check_signature
from tests.carriers import jwt
from tests.conftest import Run
from tests.web.javascript import run_javascript
from tests.web.made import CURVE_KEYS, KEYS, NOW

CASES = 250
CONTEXT = "https://www.w3.org/ns/credentials/v2"
TIMES: list[object] = [
    "2026-03-01T12:00:00Z", "2026-03-01T12:04:59Z", "2026-03-01T12:05:00Z", "2026-03-01T12:05:01Z",
    "2026-03-01T12:05:00.000001Z", "2026-03-01T13:00:00+01:00", "2026-03-01T11:59:59.9999999Z", "2026-02-30T00:00:00Z",
    "2026-03-01T24:00:00Z", "2026-03-01T23:59:60Z", "2026-03-01T12:00:00", "2026-03-01", "2026", "", " ", None, 5, [],
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "0000-01-01T00:00:00Z", "2026-03-01t12:00:00z",
]  # fmt: skip
JWK = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}


def by_hand(document: dict[str, Any], key: Any, **options: object) -> dict[str, Any]:
    """A document that is signed with options that no signer of ours would write."""
    proof = {
        "type": PROOF_TYPE,
        "cryptosuite": Suite.for_key(key, is_rdf=False).value,
        "verificationMethod": did_key_method(key),
        "proofPurpose": "assertionMethod",
        **options,
    }
    hashed = hash_of(key)
    signed = hashed(canonicalize(proof)).digest() + hashed(canonicalize(document)).digest()
    return document | {"proof": proof | {"proofValue": to_base58(sign_bytes(key, signed))}}


def credential(chance: random.Random) -> bytes:
    """A credential with one to three signatures: good, broken, of another time, of kinds that are not read."""
    key = chance.choice([*KEYS, *CURVE_KEYS])
    document: dict[str, Any] = {
        "@context": [CONTEXT],
        "id": f"urn:uuid:{chance.randrange(10**9)}",
        "type": ["VerifiableCredential"],
        "issuer": "did:web:uni.example",
        "credentialSubject": {"id": "urn:a"},
    }
    if chance.random() < 0.4:
        options = {name: chance.choice(TIMES) for name in ("created", "expires") if chance.random() < 0.7}
        made = by_hand(document, key, **options)
    else:
        is_rdf = chance.random() < 0.3
        made = sign(document, key, did_key_method(key), NOW, Suite.for_key(key, is_rdf=is_rdf))
    for _ in range(chance.choice([0, 0, 1, 2])):
        another = chance.choice([*KEYS, *CURVE_KEYS])
        suite = Suite.for_key(another, is_rdf=chance.random() < 0.3)
        made = sign(made, another, did_key_method(another), NOW, suite)
    proofs = made["proof"] if isinstance(made["proof"], list) else [made["proof"]]
    if chance.random() < 0.2:
        chance.choice(proofs).update(
            chance.choice([{"cryptosuite": "bbs-2023"}, {"type": "Ed25519Signature2020"}, {"challenge": "1"}])
        )
    if chance.random() < 0.2:
        # A point that is not on its curve, a key of another kind, a key that is cut off.
        method = chance.choice(
            ["zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169", did_key_method(chance.choice(KEYS))[8:]]
        )
        chance.choice(proofs)["verificationMethod"] = method if "#" in method else f"did:key:{method}#{method}"
    if chance.random() < 0.3:
        made["issuer"] = "did:web:changed.example"
    if chance.random() < 0.1:
        return jwt(made, tail="", alg="EdDSA", jwk=JWK)
    return json.dumps(made).encode()


def as_the_page_reads(reading: Reading) -> Reading:
    """The reading as it is without what the page leaves to Python: proofs over RDF, and tokens."""

    def left(each: Signature) -> Signature:
        is_read = each.suite and not Suite(each.suite).is_rdf
        return each if is_read else Signature(each.kind, Held.UNREAD)

    found = tuple(dict.fromkeys(map(left, reading.signed.found)))
    return replace(reading, signed=replace(reading.signed, found=found))


def test_signatures_are_judged_the_same(tmp_path: Path) -> None:
    chance = random.Random(17)
    cases, outcomes, left = [], [], 0
    for _ in range(CASES):
        document = credential(chance)
        reading = read_document(document, "a.json" if document[:1] == b"{" else "a.jwt")
        expected = check_signature(as_the_page_reads(reading), NOW)
        ours = check_signature(reading, NOW)
        # What the page does not read, it says so of; it never says more than Python.
        if ours.code != expected.code:
            left += 1
            assert expected.code == "signature-unread"
        outcomes.append(expected.code)
        cases.append(
            {"document": document.decode(), "name": reading.name, "code": expected.code, "text": expected.text}
        )
    assert {"signature-broken", "signature-expired", "signature-unread", "signer-unknown"} == set(outcomes)
    assert left > CASES / 10
    run_javascript("signatures", {"cases": cases, "now": int(NOW.timestamp() * 1000)}, tmp_path)


def test_every_key_is_read_the_same(tmp_path: Path) -> None:
    """Points with either y, from many secrets: what a browser has to compute."""
    chance = random.Random(18)
    cases = []
    for number in range(40):
        secret = hashlib.sha256(bytes([number])).digest()
        key: Any = Ed25519PrivateKey.from_private_bytes(secret)
        if number % 3:
            key = ec.derive_private_key(int.from_bytes(secret[1:], "big"), CURVE_KEYS[number % 3 - 1].curve)
        document = {"id": f"urn:{chance.randrange(99)}"}
        made = sign(document, key, did_key_method(key), NOW, Suite.for_key(key, is_rdf=False))
        check = check_signature(read_document(json.dumps(made).encode(), "a.json"), NOW)
        assert check.code == "signer-unknown"
        cases.append({"document": json.dumps(made), "name": "a.json", "code": check.code, "text": check.text})
    run_javascript("signatures", {"cases": cases, "now": int(NOW.timestamp() * 1000)}, tmp_path)


def test_what_nobody_signed_is_judged_the_same(tmp_path: Path) -> None:
    """A proof for no context, of documents with one and without; keys with which anybody signs."""
    key, cases = KEYS[0], []
    small = to_base58(b"\xed\x01" + (1).to_bytes(32, "little"))
    bare: dict[str, Any] = {"id": "urn:a", "type": ["VerifiableCredential"]}
    forged = by_hand(bare, key)
    forged["proof"] |= {"verificationMethod": f"did:key:{small}#{small}", "proofValue": to_base58(b"\1" + bytes(63))}
    for document, code in (
        (by_hand(bare | {"@context": [CONTEXT]}, key, **{"@context": [CONTEXT]}), "signer-unknown"),
        (by_hand(bare | {"@context": [CONTEXT]}, key), "signer-unknown"),
        (by_hand(bare | {"@context": [CONTEXT]}, key, **{"@context": None}), "signature-broken"),
        (by_hand(bare | {"@context": None}, key, **{"@context": None}), "signature-broken"),
        (by_hand(bare, key, **{"@context": None}), "signature-broken"),
        (forged, "signature-unread"),
    ):
        check = check_signature(read_document(json.dumps(document).encode(), "a.json"), NOW)
        assert check.code == code
        cases.append({"document": json.dumps(document), "name": "a.json", "code": check.code, "text": check.text})
    run_javascript("signatures", {"cases": cases, "now": int(NOW.timestamp() * 1000)}, tmp_path)


def test_the_command_the_service_and_the_page_agree(run: Run, tmp_path: Path) -> None:
    """On good, broken and unknown signatures; of what the page leaves, it says that it was not read."""
    chance = random.Random(19)
    documents = {f"{number}.json": each for number in range(60) if (each := credential(chance))[:1] == b"{"}
    folder = tmp_path / "documents"
    folder.mkdir()
    for name, document in documents.items():
        (folder / name).write_bytes(document)
    told = run("verify", folder, "--json", "--at", "2026-03-01T12:00:00Z").json["verdicts"]
    by_command = {Path(each["name"]).name: signature_of(each) for each in told}
    app = FastAPI()
    app.include_router(verify_router())
    app.state.verifying = Verifying(no_chain, "eip155:1", NothingKnown())
    install_problems(app)
    client = TestClient(app)
    cases = []
    for name, document in documents.items():
        given = {"content": document, "headers": {"Content-Type": "application/json"}}
        by_service = signature_of(client.post("/v1/verify?at=2026-03-01T12:00:00Z", **given).json())
        assert by_service == by_command[name]
        check = check_signature(as_the_page_reads(read_document(document, name)), NOW)
        assert check.code in (by_command[name][0], "signature-unread")
        cases.append({"document": document.decode(), "name": name, "code": check.code, "text": check.text})
    assert len({code for code, _ in by_command.values()}) == 4
    run_javascript("signatures", {"cases": cases, "now": int(NOW.timestamp() * 1000)}, tmp_path)


def signature_of(verdict: dict[str, Any]) -> tuple[str, str]:
    return next((check["code"], check["text"]) for check in verdict["checks"] if check["name"] == "signature")


def no_chain() -> CredentialRegistry:
    raise ChainUnavailable("nobody is asked", code="chain-unreachable")
