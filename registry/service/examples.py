"""Examples in the description of the API (OpenAPI), one of each thing that is answered."""

from __future__ import annotations

from typing import Any, Final

DIGEST: Final = "d9ef4cb6b1b3ccb2b5b0d1a7e2a1a3a2d5ecb8d6d2b2b5f3c4c0f3f37a7b1c2d"
ROOT: Final = "0x" + "5a" * 32
AS_OF: Final[dict[str, Any]] = {
    "block": {"number": 21_000_120, "hash": "0x" + "1f" * 32, "timestamp": "2026-01-01T12:24:12Z"},
    "ageSeconds": 1,
    "confirmedBlock": 21_000_120,
    "finalBlock": 21_000_060,
    "blocksBehind": 0,
    "chainSeenAt": "2026-01-01T12:24:13Z",
}
RECEIPT: Final[dict[str, Any]] = {
    "type": "TestamurReceipt",
    "version": 1,
    "digest": {"method": "given", "value": DIGEST},
    "inclusion": {"root": ROOT, "leafCount": 3, "leafIndex": 2, "path": ["7c" * 32]},
    "anchor": {
        "chain": "eip155:1",
        "contract": "0x5fbdb2315678afecb367f032d93f642f64180aa3",
        "issuer": 7,
        "sequence": 12,
        "transaction": "0x" + "c3" * 32,
        "block": {"number": 21_000_000, "hash": "0x" + "9d" * 32, "timestamp": "2026-01-01T12:00:12Z"},
    },
}
STATUS: Final[dict[str, Any]] = {"revoked": False, "suspended": False}
REVOKED: Final[dict[str, Any]] = {
    "revoked": True,
    "suspended": False,
    "reason": "issued-in-error",
    "since": "2026-01-02T09:30:00Z",
    "byDigest": {
        "revokedAt": "2026-01-02T09:30:00Z",
        "revocationReason": "issued-in-error",
        "suspendedAt": None,
        "suspensionReason": None,
    },
}
ANCHOR: Final[dict[str, Any]] = {"receipt": RECEIPT, "final": True, "status": STATUS}
CREDENTIAL: Final[dict[str, Any]] = {"digest": DIGEST, "anchors": [ANCHOR], "asOf": AS_OF}
WITH_EVIDENCE: Final[dict[str, Any]] = {
    "digest": DIGEST,
    "anchors": [
        {
            **ANCHOR,
            "receipt": {
                **RECEIPT,
                "version": 2,
                "evidence": {
                    "header": "0xf90200",
                    "address": RECEIPT["anchor"]["contract"],
                    "nodes": ["0xf90211", "0xf8669d", "0xf90151"],
                    "account": [0, 1],
                    "slots": {"0x" + "0e" * 32: [2]},
                },
            },
            "evidence": {"asOf": {**AS_OF["block"], "number": 21_000_060}},
        }
    ],
    "asOf": AS_OF,
}
MATCHES: Final[dict[str, Any]] = {
    "prefix": DIGEST[:4],
    "matches": [
        {
            "suffix": DIGEST[4:],
            "anchors": [{"issuer": 7, "root": ROOT, "leafIndex": 2, "final": True, "status": REVOKED}],
        }
    ],
    "searched": {"batches": 1000, "batchesWithoutTree": 0, "issuers": []},
    "asOf": AS_OF,
}
LOOKUP: Final[dict[str, Any]] = {
    "results": [
        {"digest": DIGEST, "anchors": [ANCHOR]},
        {"digest": "ab" * 32, "anchors": []},
        {"digest": "not hex", "error": {"code": "digest", "detail": "a digest is 64 hexadecimal digits"}},
    ],
    "searched": {"batches": 1000, "batchesWithoutTree": 0, "issuers": []},
    "asOf": AS_OF,
}
BATCH: Final[dict[str, Any]] = {
    "issuer": 7,
    "sequence": 12,
    "root": ROOT,
    "leafCount": 3,
    "operator": "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266",
    "transaction": "0x" + "c3" * 32,
    "block": RECEIPT["anchor"]["block"],
    "final": True,
    "revoked": 1,
    "suspended": 0,
    "voidedAt": None,
    "voidReason": None,
}
PARTY: Final[dict[str, Any]] = {
    "id": 7,
    "uri": "did:web:university.example",
    "controller": "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266",
    "pendingController": None,
    "registeredAt": "2025-09-01T08:00:00Z",
    "retiredAt": None,
    "batches": 12,
    "credentials": 48_112,
    "profileHash": "0x" + "00" * 32,
}
EVENT: Final[dict[str, Any]] = {
    "block": RECEIPT["anchor"]["block"],
    "logIndex": 14,
    "transaction": "0x" + "c3" * 32,
    "name": "Anchored",
    "party": 7,
    "holder": None,
    "root": ROOT,
    "accreditation": None,
    "digest": None,
    "final": True,
    "arguments": {
        "issuer": 7,
        "root": ROOT,
        "leafCount": 3,
        "sequence": 12,
        "operator": "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266",
    },
}
ABSENCE: Final[dict[str, Any]] = {
    "type": "TestamurAbsence",
    "version": 1,
    "outcome": "absent",
    "exitCode": 0,
    "code": "absent",
    "text": "Issuer 7 never anchored it: proved for each of its 12 batches.",
    "digest": "ab" * 32,
    "issuer": 7,
    "sequences": [],
    "restsOn": {
        "proved": False,
        "ground": "endpoint",
        "namedBy": 1,
        "among": 1,
        "names": [],
        "words": "Read from an endpoint of the chain, whose word nothing proves.",
    },
    "proofs": [{"root": ROOT, "leafCount": 1, "lower": None, "upper": {"digest": DIGEST, "leafIndex": 0, "path": []}}],
}


ABSENCE_FILE: Final[dict[str, Any]] = {
    "type": "TestamurAbsence",
    "version": 2,
    "digests": ["ab" * 32],
    "chain": "eip155:1",
    "contract": "0x5fbdb2315678afecb367f032d93f642f64180aa3",
    "issuer": 7,
    "evidence": {
        "header": "0xf90265",
        "address": "0x5fbdb2315678afecb367f032d93f642f64180aa3",
        "nodes": ["0xf90211"],
        "account": [0],
        "slots": {"0x" + "c4" * 32: [0]},
    },
    "batches": [
        {
            "root": ROOT,
            "proofs": [{"leafCount": 1, "lower": None, "upper": {"digest": DIGEST, "leafIndex": 0, "path": []}}],
        }
    ],
    "attestations": [],
}


def one_of(several: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    """The documented answers of an endpoint that has several forms, by their names."""
    named = {name: {"value": example} for name, example in several.items()}
    return {200: {"description": "The answer.", "content": {"application/json": {"examples": named}}}}


def ok(example: Any, description: str = "The answer.") -> dict[int | str, dict[str, Any]]:
    """The documented answer of an endpoint."""
    return {200: {"description": description, "content": {"application/json": {"example": example}}}}
