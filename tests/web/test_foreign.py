"""Documents of others are recognised in JavaScript as in Python, which alone computes what they come to."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from registry.document.reading import read_document
from registry.verify.dates import check_dates
from tests.registry.formats.attested import wrapped_2, wrapped_3
from tests.web.javascript import run_javascript

MERKLE = {"type": "DataIntegrityProof", "cryptosuite": "merkle-proof-2019"}
SIGNED = {"type": "DataIntegrityProof", "cryptosuite": "eddsa-rdfc-2022"}
ATTESTED = wrapped_3({"name": "a"})
DOCUMENTS: list[dict[str, Any]] = [
    {},
    {"proof": SIGNED},
    {"proof": MERKLE},
    {"proof": [SIGNED, MERKLE]},
    {"proof": [SIGNED] * 32 + [MERKLE]},
    {"proof": [None, "x", 7, [MERKLE]]},
    {"proof": {"type": ["MerkleProof2019"]}},
    {"proof": [{"type": "ChainedProof2021", "chainedProofType": "MerkleProof2019"}]},
    {"signature": {"type": ["MerkleProof2017", "Extension"]}},
    {"signature": {"type": "MerkleProof2017"}, "proof": MERKLE},
    {"signature": "MerkleProof2017"},
    wrapped_2({"name": "s:string:a"}),
    wrapped_2({"validUntil": "s:string:1969-01-01T00:00:00Z", "x": 5, "y": "a:b"}),
    wrapped_2({"validUntil": ["s:string:1969-01-01T00:00:00Z"], "issuedOn": "s:string:1971-01-01T00:00:00Z"}),
    ATTESTED,
    {**ATTESTED, "proof": [ATTESTED["proof"]]},
    {"proof": {"type": "OpenAttestationHashProof2018"}},
]


def test_they_are_recognised_alike(tmp_path: Path) -> None:
    cases = []
    for document in DOCUMENTS:
        text = json.dumps(document)
        reading = read_document(text.encode(), "a.json")
        found, dates = reading.foreign, check_dates(reading, datetime(1970, 1, 1, tzinfo=UTC))
        kind = None if found is None else found.kind
        cases.append({"document": text, "kind": kind, "dates": f"{dates.outcome} {dates.code}"})
    assert {case["kind"] for case in cases} == {
        None, "Blockcerts v2", "Blockcerts v3", "OpenAttestation v2", "OpenAttestation v3", "OpenAttestation v4"
    }  # fmt: skip
    run_javascript("foreign", cases, tmp_path)
