"""OpenAttestation documents as their own library makes them, written slowly from its description: a second opinion."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

from eth_hash.auto import keccak


def wrapped_2(data: dict[str, Any], hidden: Sequence[str] = (), beside: Sequence[bytes] = ()) -> dict[str, Any]:
    """A document of version 2 in a batch with other hashes.

    Args:
        data: with values that have their salt: `SALT:string:VALUE`.
        hidden: hashes of fields that the holder does not show.
        beside: siblings, from the lowest up.
    """
    shown = [
        _hash(json.dumps({place: value}, ensure_ascii=False, separators=(",", ":"))) for place, value in _flat(data)
    ]
    target = keccak(json.dumps(sorted([*shown, *hidden]), separators=(",", ":")).encode())
    return {
        "version": "https://schema.openattestation.com/2.0/schema.json",
        "data": data,
        "privacy": {"obfuscatedData": list(hidden)},
        "signature": {"type": "SHA3MerkleProof", **_leads(target, beside, "proof")},
    }


def wrapped_3(document: dict[str, Any], beside: Sequence[bytes] = ()) -> dict[str, Any]:
    """A document of version 3."""
    salts = [{"value": f"{number:064x}", "path": place} for number, (place, _) in enumerate(_paths(document))]
    hashes = [
        _hash(
            json.dumps(
                {salt["path"]: f"{salt['value']}:{_javascript(value)}"}, ensure_ascii=False, separators=(",", ":")
            )
        )
        for salt, (_, value) in zip(salts, _paths(document), strict=True)
        if value
    ]
    target = keccak(json.dumps(sorted(hashes), separators=(",", ":")).encode())
    proof = {
        "type": "OpenAttestationMerkleProofSignature2018",
        "proofPurpose": "assertionMethod",
        **_leads(target, beside, "proofs"),
        "salts": base64.b64encode(json.dumps(salts).encode()).decode(),
        "privacy": {"obfuscated": []},
    }
    return {**document, "proof": proof}


def _leads(target: bytes, beside: Sequence[bytes], name: str) -> dict[str, Any]:
    root = target
    for sibling in beside:
        root = keccak(b"".join(sorted((root, sibling))))
    return {"targetHash": target.hex(), name: [each.hex() for each in beside], "merkleRoot": root.hex()}


def _flat(value: Any, place: str = "") -> list[tuple[str, Any]]:
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else ((str(at), each) for at, each in enumerate(value))
        return [found for name, each in items for found in _flat(each, f"{place}.{name}" if place else name)]
    return [(place, value)]


def _paths(value: Any, place: str = "") -> list[tuple[str, Any]]:
    if isinstance(value, list):
        return [found for at, each in enumerate(value) for found in _paths(each, f"{place}[{at}]")]
    if isinstance(value, dict):
        return [found for name, each in value.items() for found in _paths(each, f"{place}.{name}" if place else name)]
    return [(place, value)]


def _javascript(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _hash(text: str) -> str:
    return keccak(text.encode()).hex()
