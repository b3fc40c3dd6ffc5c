"""A receipt inside a credential does not keep others from signing what holds it: unmodified packages say so."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from anchor.demo.samples import credentials
from anchor.issuing.credentials import CONTEXTS
from registry.credential.digest import digest_document
from registry.proofs.signatures.keys import did_key
from registry.receipt.model import embed, embedded
from tests.interop.made import key_pair, receipt_of
from tests.interop.others import Complained, ask
from tests.registry.receipt.made import about, vectors

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
VC_1 = "https://www.w3.org/2018/credentials/v1"


def issued(*, first_context: str = CONTEXTS[0]) -> dict[str, Any]:
    """A credential with two receipts, the second with evidence, then signed by its issuer as others sign."""
    sample: dict[str, Any] = next(credentials(1))
    sample["issuer"]["id"] = did_key(KEY)
    sample["@context"] = [first_context, *CONTEXTS[1:]]
    if first_context == VC_1:
        sample["issuanceDate"] = sample.pop("validFrom")
    anchored = receipt_of(sample, issuer=8).anchored(
        sequence=1,
        transaction=b"t" * 32,
        block_number=1,
        block_hash=b"b" * 32,
        timestamp=datetime(2026, 1, 1, tzinfo=UTC),
    )
    carrying = embed(embed(sample, receipt_of(sample, issuer=7)), about(anchored, vectors()[0]))
    signed: dict[str, Any] = ask("issue", document=carrying, key=key_pair(KEY))
    assert len(signed["proof"]) == 3
    return signed


def without_context(document: dict[str, Any]) -> dict[str, Any]:
    proofs = [{name: value for name, value in each.items() if name != "@context"} for each in document["proof"]]
    return document | {"proof": proofs}


def holding(credential: dict[str, Any]) -> dict[str, Any]:
    """An endorsement of a credential that is part of it."""
    return {
        "@context": list(CONTEXTS),
        "type": ["VerifiableCredential", "EndorsementCredential"],
        "issuer": did_key(KEY),
        "credentialSubject": {"id": "urn:x:1", "type": ["EndorsementSubject"], "endorsementComment": "Well done."},
        "endorsement": [credential],
    }


def test_a_wallet_signs_a_presentation_of_it_and_it_is_verified() -> None:
    credential = issued()
    shown = ask("present", credential=credential, key=key_pair(KEY))
    assert shown["verified"], shown["errors"]
    (inside,) = shown["signed"]["verifiableCredential"]
    assert embedded(inside) == embedded(credential)
    assert digest_document(inside) == digest_document(credential)


def test_another_credential_holds_it_and_is_verified() -> None:
    nested = ask("issue", document=holding(issued()), key=key_pair(KEY))
    told = ask("verify", credential=nested, key=key_pair(KEY))
    assert told["verified"], told["errors"]
    changed = orjson.loads(orjson.dumps(nested).replace(b'"leafCount":1', b'"leafCount":2'))
    assert changed != nested
    assert not ask("verify", credential=changed, key=key_pair(KEY))["verified"]


def test_it_is_verified_itself() -> None:
    told = ask("verify", credential=issued(), key=key_pair(KEY))
    assert told["verified"], told["errors"]


def test_a_credential_of_the_first_data_model_has_an_rdf_form_too() -> None:
    assert ask("canonize", document=issued(first_context=VC_1))


def test_what_is_said_of_the_anchor_is_part_of_what_is_signed() -> None:
    quads = ask("canonize", document=issued())
    assert "urn:testamur:MerkleAnchorProof" in quads
    assert r"\"issuer\":7" in quads
    assert r"\"issuer\":8" in quads


def test_evidence_is_part_of_what_is_signed() -> None:
    quads = ask("canonize", document=issued())
    assert "urn:testamur:MerkleAnchorProof:evidence" in quads
    assert vectors()[0].header.hex() in quads


def test_without_the_context_none_of_this_works() -> None:
    bare = without_context(issued())
    with pytest.raises(Complained, match="Safe mode"):
        ask("present", credential=bare, key=key_pair(KEY))
    with pytest.raises(Complained, match="Safe mode"):
        ask("issue", document=holding(bare), key=key_pair(KEY))
