"""A key as the packages of others take it, and a receipt to put into a credential."""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from registry.credential.digest import digest_document
from registry.merkle.proof import InclusionProof
from registry.proofs.signatures.keys import did_key, did_key_method, write_public_key
from registry.proofs.signatures.multibase import to_base58
from registry.receipt.model import Receipt


def key_pair(key: Ed25519PrivateKey, method: str | None = None) -> dict[str, str]:
    """Its Multikey with the secret half, known by its `did:key` or the method."""
    return {
        "id": method or did_key_method(key),
        "controller": did_key(key) if method is None else method.partition("#")[0],
        "publicKeyMultibase": write_public_key(key),
        "secretKeyMultibase": to_base58(b"\x80\x26" + key.private_bytes_raw()),
    }


def receipt_of(document: dict[str, Any], issuer: int) -> Receipt:
    """Of the only credential of its batch."""
    digest = digest_document(document)
    proof = InclusionProof(0, 1, ())
    contract = "0x" + "ab" * 20
    return Receipt.of_batch(digest, digest.value, proof, chain="eip155:1", contract=contract, issuer=issuer)
