"""Receipts as they are made, and the evidence of the vectors to put into them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import strategies as st

from registry.credential.digest import Digest, DigestMethod
from registry.merkle.proof import InclusionProof, path_length, root_from_path
from registry.proofs.evidence import Evidence
from registry.receipt.model import Receipt

VECTORS = Path(__file__).parents[2] / "vectors" / "evidence" / "holding.json"
CHAIN = "eip155:1"
CONTRACT = "0x" + "ab" * 20

hash32 = st.binary(min_size=32, max_size=32)
moments = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(9999, 12, 31), timezones=st.just(UTC)).map(
    lambda moment: moment.replace(microsecond=0)
)


@st.composite
def any_receipt(draw: st.DrawFn, *, is_anchored: bool | None = None) -> Receipt:
    count = draw(st.integers(1, 2**32 - 1) | st.integers(1, 40))
    index = draw(st.integers(0, count - 1))
    length = path_length(index, count)
    path = tuple(draw(hash32) for _ in range(length))
    receipt = Receipt.of_batch(
        Digest(draw(st.sampled_from(DigestMethod)), draw(hash32)),
        draw(hash32),
        InclusionProof(index, count, path),
        chain=f"eip155:{draw(st.integers(1, 10**19 - 1))}",
        contract="0x" + draw(st.binary(min_size=20, max_size=20)).hex(),
        issuer=draw(st.integers(1, 2**53 - 1)),
    )
    if is_anchored is None:
        is_anchored = draw(st.booleans())
    if not is_anchored:
        return receipt
    return receipt.anchored(
        sequence=draw(st.integers(1, 2**32 - 1)),
        transaction=draw(hash32),
        block_number=draw(st.integers(0, 2**53 - 1)),
        block_hash=draw(hash32),
        timestamp=draw(moments),
    )


def anchored_receipt(levels: int = 3, method: DigestMethod = DigestMethod.VC_JCS, contract: str = CONTRACT) -> Receipt:
    proof = InclusionProof(5 % 2**levels, 2**levels, tuple(bytes([level]) * 32 for level in range(levels)))
    return Receipt.of_batch(
        Digest(method, b"\xdd" * 32),
        root_from_path(b"\xdd" * 32, proof),
        proof,
        chain=CHAIN,
        contract=contract,
        issuer=7,
    ).anchored(
        sequence=12,
        transaction=b"\x11" * 32,
        block_number=20_000_000,
        block_hash=b"\x22" * 32,
        timestamp=datetime(2026, 1, 1, tzinfo=UTC),
    )


def vectors() -> list[Evidence]:
    """The evidence that holds, of the vectors."""
    return [Evidence.from_dict(case["evidence"]) for case in json.loads(VECTORS.read_text("utf-8"))]


@st.composite
def any_evidence(draw: st.DrawFn) -> Evidence:
    """Of the form, whether it proves something or not: proofs share nodes, and name one twice."""
    if draw(st.booleans()):
        evidence = draw(st.sampled_from(vectors()))
        return evidence.of(draw(st.sets(st.sampled_from(sorted(evidence.slots)))) if evidence.slots else ())
    nodes = draw(st.lists(st.binary(max_size=40), min_size=1, max_size=12))
    proof = st.lists(st.sampled_from(nodes), max_size=8).map(tuple)
    return Evidence(
        draw(st.binary(max_size=80)),
        draw(st.binary(min_size=20, max_size=20)),
        draw(proof),
        draw(st.dictionaries(hash32, proof, max_size=6)),
    )


def about(receipt: Receipt, evidence: Evidence) -> Receipt:
    """The receipt as one of the contract that the evidence is about, with the evidence."""
    anchor = receipt.anchor.model_copy(update={"contract": "0x" + evidence.address.hex()})
    return receipt.model_copy(update={"anchor": anchor}).with_evidence(evidence)
