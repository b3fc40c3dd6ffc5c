"""Verify credentials of about 4 KB from a batch of 2**20, beside the parts a Blockcerts-style verifier is made of.

    python scripts/bench/verify.py [credentials]

The chain's facts are given, so nothing waits for a network. Both run on one core, in turns, and the best of the turns
counts. The baseline makes the digest with rfc8785 and hashlib and checks the path with blockcerts_merkletools, and
nothing else: no duplicate keys, no leaf count, no anchor, no status, no dates, and it makes no verdict.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from time import process_time
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from registry.credential.digest import digest_json
from registry.merkle.proof import InclusionProof, root_from_path
from registry.receipt.model import Receipt, parse, to_cbor, to_json
from registry.records import Anchor
from registry.verify.checks import Batch, BlockRef, ChainFacts, Overall, Party, Trust, verify

BAR = 10_000
TURNS = 5
LEVELS = 20
CHAIN, CONTRACT, ISSUER = "eip155:1", "0x" + "c0" * 20, 7
THEN = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 3, 1, tzinfo=UTC)
TRUST = Trust(frozenset({ISSUER}))


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    documents = [credential(number) for number in range(count)]
    receipts = [receipt_for(document) for document in documents]
    facts = [facts_for(receipt) for receipt in receipts]
    as_json, as_cbor = [to_json(receipt) for receipt in receipts], [to_cbor(receipt) for receipt in receipts]
    theirs = [blockcerts_proof(receipt) for receipt in receipts]

    def ours(receipt_of: Callable[[int], Receipt]) -> None:
        for number in range(count):
            verdict = verify(documents[number], "a.json", receipt_of(number), facts[number], now=NOW, trust=TRUST)
            if verdict.overall is not Overall.VALID:
                sys.exit(f"not valid: {verdict}")

    runs: dict[str, Callable[[], None]] = {
        "testamur, receipt parsed before": lambda: ours(lambda number: receipts[number]),
        "testamur, receipt from JSON": lambda: ours(lambda number: parse(as_json[number])),
        "testamur, receipt from CBOR": lambda: ours(lambda number: parse(as_cbor[number])),
        "rfc8785 + hashlib + merkletools": lambda: baseline(documents, theirs),
    }
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(TURNS):
        for name, run in runs.items():
            started = process_time()
            run()
            seconds[name].append(process_time() - started)
    rates = {name: count / min(times) for name, times in seconds.items()}
    *_, baseline_rate = rates.values()
    print(f"{count:,} credentials of {len(documents[0]):,} bytes, paths of {LEVELS} nodes, one core, a second:")
    for name, rate in rates.items():
        print(f"{name:35}{rate:>9,.0f}   {rate / baseline_rate:.2f} of the baseline")
    print(f"{'bar':35}{BAR:>9,}")


def credential(number: int) -> bytes:
    """An Open Badges 3.0 credential of about 4 KB."""
    return json.dumps(
        {
            "@context": [
                "https://www.w3.org/ns/credentials/v2",
                "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
            ],
            "id": f"urn:uuid:{uuid.uuid4()}",
            "type": ["VerifiableCredential", "OpenBadgeCredential"],
            "issuer": {"id": "did:web:uni.example", "type": ["Profile"], "name": "University of Examples"},
            "validFrom": "2025-12-01T09:00:00Z",
            "validUntil": "2035-12-01T09:00:00Z",
            "name": "Bachelor of Information Systems",
            "credentialSubject": {
                "type": ["AchievementSubject"],
                "identifier": [{"type": "IdentityObject", "hashed": False, "identityHash": f"student {number}"}],
                "creditsEarned": 180.5,
                "achievement": {
                    "id": "https://uni.example/achievements/bis",
                    "type": ["Achievement"],
                    "name": "Bachelor of Information Systems",
                    "description": "Three years of study, with a thesis – „Sehr gut“.",
                    "criteria": {"narrative": "All courses below passed. " * 8},
                    "alignment": [
                        {
                            "type": ["Alignment"],
                            "targetName": f"Course {course}: Design and operation of information systems",
                            "targetUrl": f"https://uni.example/courses/{course}",
                            "targetCode": f"IS-{course:03}",
                            "targetType": "CTDL",
                        }
                        for course in range(15)
                    ],
                },
            },
        },
        ensure_ascii=False,
    ).encode()


def receipt_for(document: bytes) -> Receipt:
    """A receipt whose path leads to whatever root it leads to; nobody builds a million leaves for this."""
    digest = digest_json(document)
    index = int.from_bytes(digest.value[:3]) % 2**LEVELS
    path = tuple(hashlib.sha256(digest.value + bytes([level])).digest() for level in range(LEVELS))
    proof = InclusionProof(index, 2**LEVELS, path)
    root = root_from_path(digest.value, proof)
    return Receipt.of_batch(digest, root, proof, chain=CHAIN, contract=CONTRACT, issuer=ISSUER).anchored(
        sequence=1, transaction=b"t" * 32, block_number=100, block_hash=b"b" * 32, timestamp=THEN
    )


def facts_for(receipt: Receipt) -> ChainFacts:
    """What an honest chain says about that receipt."""
    party = Party(ISSUER, "0x" + "aa" * 20, None, THEN, None, 1, b"p" * 32, "https://uni.example")
    seen = Anchor("0x" + "bb" * 20, block_hash=b"b" * 32, log_index=0, transaction=b"t" * 32)
    batch = Batch(ISSUER, receipt.root, THEN, 100, 2**LEVELS, sequence=1, anchor=seen)
    return ChainFacts(CHAIN, CONTRACT, BlockRef(200, b"h" * 32, NOW), party, batch, final=True)


def blockcerts_proof(receipt: Receipt) -> tuple[list[dict[str, str]], str]:
    """The same path and root as merkletools takes them."""
    turns = (receipt.inclusion.leaf_index >> level & 1 for level in range(LEVELS))
    path = [{"left" if turn else "right": node} for turn, node in zip(turns, receipt.inclusion.path, strict=True)]
    return path, receipt.root.hex()


def baseline(documents: list[bytes], proofs: list[tuple[list[dict[str, str]], str]]) -> None:
    import rfc8785
    from blockcerts_merkletools import MerkleTools

    tools: Any = MerkleTools(hash_type="sha256")
    for document, (path, root) in zip(documents, proofs, strict=True):
        digest = hashlib.sha256(rfc8785.dumps(json.loads(document))).hexdigest()
        if not tools.validate_proof(path, digest, root):
            sys.exit("the baseline found one not valid")


if __name__ == "__main__":
    main()
