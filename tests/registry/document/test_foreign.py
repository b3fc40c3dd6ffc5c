"""Blockcerts documents of both versions: what they come to, as jsonld.js has it, and what a change makes of that."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from registry.credential.digest import Digest, DigestMethod
from registry.document.foreign import Foreign
from registry.document.reading import read_document, with_rdf
from registry.formats import listcbor
from registry.merkle.proof import InclusionProof
from registry.proofs.signatures.keys import did_key_method
from registry.proofs.signatures.multibase import to_base58
from registry.proofs.signatures.suites import Suite, sign
from registry.rdf.contexts import BUNDLED
from registry.rdf.shapes import canonical_form
from registry.receipt.model import Receipt
from registry.verify.same_document import check_integrity
from tests.interop.others import ask

HASH = "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8"
V2: dict[str, Any] = {
    "@context": ["https://w3id.org/openbadges/v2", "https://w3id.org/blockcerts/v2"],
    "type": "Assertion",
    "id": "urn:uuid:8e0b8a28-beff-43de-a72c-820bc360db3d",
    "issuedOn": "2024-05-01T10:00:00+00:00",
    "recipient": {"type": "email", "identity": "ada@example.org", "hashed": False},
    "recipientProfile": {"type": ["RecipientProfile", "Extension"], "name": "Ada Example"},
    "badge": {
        "type": "BadgeClass",
        "id": "urn:uuid:82a4c9f2-3588-457b-80ea-da695571b8fc",
        "name": "Certificate of Accomplishment",
        "description": "Lorem ipsum",
        "criteria": {"narrative": "Nominate, recommend, test"},
        "issuer": {"id": "https://university.example/profile.json", "type": "Profile", "name": "University"},
    },
    "verification": {"type": ["MerkleProofVerification2017", "Extension"], "publicKey": "ecdsa-koblitz-pubkey:0xab"},
}


def contexts() -> dict[str, Any]:
    from importlib.resources import files

    folder = files("registry.rdf") / "bundled"
    return {url: json.loads((folder / each.file).read_bytes()) for each in BUNDLED for url in each.urls}


@pytest.fixture(scope="module")
def target() -> bytes:
    """The hash of the document, by the library that Blockcerts verifiers take."""
    canonical: str = ask("canonize", document=V2, contexts=contexts())
    assert "Ada Example" in canonical
    return sha256(canonical.encode()).digest()


def signed(document: dict[str, Any], target: bytes, **changes: Any) -> Foreign:
    proof = {
        "type": ["MerkleProof2017", "Extension"],
        "targetHash": target.hex(),
        "merkleRoot": sha256(target + bytes.fromhex(HASH)).hexdigest(),
        "proof": [{"right": HASH}],
        "anchors": [{"sourceId": "ab" * 32, "type": "BTCOpReturn", "chain": "bitcoinMainnet"}],
    }
    text = json.dumps({**document, "signature": proof | changes})
    found = read_document(text.encode(), "certificate.json").foreign
    assert found is not None
    return found


def test_version_2_comes_to_what_others_make_of_it(target: bytes) -> None:
    found = signed(V2, target)
    assert (found.kind, found.computed, found.leads, found.uncomputed) == ("Blockcerts v2", target, True, "")
    assert found.places == (("ab" * 32, "Bitcoin"),)
    changed = {**V2, "recipientProfile": {**V2["recipientProfile"], "name": "Eve Example"}}
    assert signed(changed, target).computed not in (None, target)
    assert not signed(V2, target, merkleRoot="00" * 32).leads


@pytest.mark.parametrize(
    "changes",
    [
        {"@context": ["https://w3id.org/openbadges/v2", {"more": "https://example.org/more"}]},
        {"@context": "https://example.org/another"},
        {"nobody-defines-this": "a value"},
    ],
)
def test_what_has_no_canonical_form_here_accuses_nobody(changes: dict[str, Any], target: bytes) -> None:
    found = signed({**V2, **changes}, target)
    assert found.computed is None
    assert found.uncomputed
    assert found.leads


def test_what_may_be_read_in_two_ways_has_no_hash(target: bytes) -> None:
    text = json.dumps(
        {**V2, "signature": {"type": "MerkleProof2017", "targetHash": target.hex(), "merkleRoot": target.hex()}}
    )
    doubled = text[:-1] + ', "issuedOn": "2020-01-01T00:00:00Z"}'
    found = read_document(doubled.encode(), "certificate.json").foreign
    assert found is not None
    assert (found.computed, bool(found.uncomputed)) == (None, True)


def test_text_of_strangers_is_shown_in_one_line(target: bytes) -> None:
    found = signed(V2, target, anchors=[{"sourceId": "ab" * 32, "chain": "a\u202eb\nc" * 50}])
    ((_, chain),) = found.places
    assert "\u202e" not in chain
    assert "\n" not in chain
    assert len(chain) <= 200


def test_what_was_signed_before_it_was_anchored_here_is_what_its_proof_is_of() -> None:
    """Its hash is of the first proof, too; and of no other content."""
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    credential = {"@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiableCredential"], "id": "urn:a"}
    document = sign(credential, key, did_key_method(key), datetime(2026, 1, 1, tzinfo=UTC), Suite.EDDSA_RDFC)
    target = sha256(canonical_form(document)).digest()
    receipt = Receipt.of_batch(
        Digest(DigestMethod.VC_RDFC, target),
        target,
        InclusionProof(0, 1, ()),
        chain="eip155:1",
        contract="0x" + "ab" * 20,
        issuer=1,
    )
    hashed = listcbor.encode(target)
    value = to_base58(listcbor.encode([[0, hashed], [1, hashed], [2, []], [3, []]]))
    document["proof"].append({"type": "DataIntegrityProof", "cryptosuite": "merkle-proof-2019", "proofValue": value})
    for change, code in (({}, "digest-equal"), ({"id": "urn:b"}, "digest-differs")):
        reading = with_rdf(read_document(json.dumps(document | change).encode(), "a.json"))
        assert check_integrity(reading, receipt).code == code
