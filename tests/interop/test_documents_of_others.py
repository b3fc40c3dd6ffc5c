"""Blockcerts and OpenAttestation documents in our verifier: told as what they are, and what of them was checked.

The documents are made by other means than they are read: hashes of Blockcerts by jsonld.js, those of OpenAttestation by
a slow twin of its library. No chain is asked, so who anchored them stays unknown.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any, Final

from registry.document.reading import read_document, with_rdf
from registry.formats import listcbor
from registry.proofs.signatures.multibase import to_base58
from registry.verify.foreign import check_foreign
from tests.interop.others import ask
from tests.interop.rows import TESTAMUR, Row, Section
from tests.registry.document.test_foreign import V2, contexts
from tests.registry.formats.attested import wrapped_2, wrapped_3

KINDS: Final = ("Blockcerts v2", "Blockcerts v3", "OpenAttestation v2", "OpenAttestation v3")
INTACT: Final = "content intact, leads to its root; who anchored it is not checked"
CHANGED: Final = "content changed; who anchored it is not checked"

ROWS: Final = tuple(
    Row(Section.THEIRS, f"{kind} document{change}", TESTAMUR, f"{kind}: {says}")
    for kind in KINDS
    for change, says in (("", INTACT), (", one word changed", CHANGED))
)

SIBLING: Final = sha256(b"beside").digest()
V3: Final[dict[str, Any]] = {
    "@context": ["https://www.w3.org/ns/credentials/v2", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"],
    "id": "urn:uuid:8e0b8a28-beff-43de-a72c-820bc360db3d",
    "type": ["VerifiableCredential", "OpenBadgeCredential"],
    "name": "Certificate of Accomplishment",
    "issuer": "did:web:university.example",
}


def canonical_hash(document: dict[str, Any]) -> bytes:
    canonical: str = ask("canonize", document=document, contexts=contexts())
    return sha256(canonical.encode()).digest()


def blockcerts_2() -> dict[str, Any]:
    target = canonical_hash(V2)
    signature = {
        "type": ["MerkleProof2017", "Extension"],
        "targetHash": target.hex(),
        "merkleRoot": sha256(target + SIBLING).hexdigest(),
        "proof": [{"right": SIBLING.hex()}],
        "anchors": [{"sourceId": "ab" * 32, "type": "BTCOpReturn", "chain": "bitcoinMainnet"}],
    }
    return {**V2, "signature": signature}


def blockcerts_3() -> dict[str, Any]:
    target = canonical_hash(V3)
    root, path = sha256(target + SIBLING).digest(), [[1, listcbor.encode(SIBLING)]]
    transaction = [[0, 0], [1, 1], [2, listcbor.encode("ab" * 32)]]
    said = [[0, listcbor.encode(root)], [1, listcbor.encode(target)], [2, [transaction]], [3, path]]
    proof = {
        "type": "DataIntegrityProof",
        "cryptosuite": "merkle-proof-2019",
        "proofPurpose": "assertionMethod",
        "proofValue": to_base58(listcbor.encode(said)),
    }
    return {**V3, "proof": proof}


def attested_3() -> dict[str, Any]:
    credential = {**V3, "version": "https://schema.openattestation.com/3.0/schema.json"}
    return wrapped_3({**credential, "credentialSubject": {"name": "Ada"}}, beside=[SIBLING])


def documents() -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Each kind with the document and a copy in which one word is another."""
    second = wrapped_2({"name": "a:string:Certificate", "issuers": []}, beside=[SIBLING])
    other = {**V2["badge"], "name": "Another"}
    made = (blockcerts_2(), blockcerts_3(), second, attested_3())
    changes = ({"badge": other}, {"name": "Another"}, {"data": {**second["data"], "name": "a:string:Another"}})
    for kind, document, change in zip(KINDS, made, (*changes, {"name": "Another"}), strict=True):
        yield kind, document, document | change


def told(document: dict[str, Any]) -> str:
    reading = with_rdf(read_document(json.dumps(document).encode(), "document.json"))
    assert reading.foreign is not None
    integrity, inclusion, anchor, issuer, status = check_foreign(reading.foreign)
    assert {each.outcome for each in (anchor, issuer, status)} == {"unknown"}
    content = {"foreign-intact": "content intact", "digest-differs": "content changed"}[integrity.code]
    path = ", leads to its root" if inclusion.code == "foreign-included" and content != "content changed" else ""
    return f"{reading.foreign.kind}: {content}{path}; who anchored it is not checked"


def test_each_is_told_as_what_it_is() -> None:
    found = {}
    for kind, document, changed in documents():
        found[f"{kind} document"] = told(document)
        found[f"{kind} document, one word changed"] = told(changed)
    assert found == {row.file: row.says for row in ROWS}
