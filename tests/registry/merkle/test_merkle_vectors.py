"""The 98 inclusion cases of transparency-dev/merkle, prefixed node hash passed in, against the same walk."""

from __future__ import annotations

import json
import os
from base64 import b64decode
from hashlib import sha256
from pathlib import Path

import pytest

from registry.errors import ProofError
from registry.merkle.proof import InclusionProof, check_inclusion

VECTORS = Path(__file__).parents[3].parent / "shared" / "vectors" / "rfc6962-inclusion"


def prefixed(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def test_every_vector_is_accepted_or_refused_as_it_says() -> None:
    if not VECTORS.is_dir():
        reason = "the vectors are not there: ../shared/vectors/rfc6962-inclusion"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    cases = {path: json.loads(path.read_text("utf-8")) for path in sorted(VECTORS.rglob("*.json"))}
    assert len(cases) == 98
    wrong = [str(path.relative_to(VECTORS)) for path, case in cases.items() if accepted(case) == case["wantErr"]]
    assert wrong == []
    assert {case["wantErr"] for case in cases.values()} == {True, False}


def accepted(case: dict[str, object]) -> bool:
    proof = InclusionProof(
        leaf_index=int(str(case["leafIdx"])),
        leaf_count=int(str(case["treeSize"])),
        path=tuple(map(decoded, case["proof"] or [])),  # type: ignore[call-overload]
    )
    try:
        check_inclusion(decoded(case["leafHash"]), decoded(case["root"]), proof, node_hash=prefixed)
    except ProofError:
        return False
    return True


def decoded(text: object) -> bytes:
    return b64decode(str(text or ""))
