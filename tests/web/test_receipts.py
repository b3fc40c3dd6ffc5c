"""Receipts: the verifier in JavaScript reads what this program reads, and refuses the rest for the same reasons."""

from __future__ import annotations

import base64
import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.errors import ReceiptError
from registry.receipt import cbor
from registry.receipt.model import Receipt, embedded, parse, to_cbor, to_json
from tests.registry.receipt.made import about, anchored_receipt, any_evidence, any_receipt, vectors
from tests.web.javascript import run_javascript

SEED = random.Random(16)
MEMBERS = ("code", "what", "where", "remedy")
VALUES: list[Any] = [None, 0, 1, 3, -1, 2**53, 5.5, 1.0, True, "", "x", "2026-02-30T00:00:00Z", [], ["x"], {}, {"a": 1}]
PLACES: list[tuple[Any, ...]] = [
    ("type",), ("version",), ("digest",), ("inclusion",), ("anchor",), ("digest", "method"), ("digest", "value"),
    ("inclusion", "root"), ("inclusion", "leafCount"), ("inclusion", "leafIndex"), ("inclusion", "path"),
    ("inclusion", "path", 1), ("anchor", "chain"), ("anchor", "contract"), ("anchor", "issuer"), ("anchor", "sequence"),
    ("anchor", "transaction"), ("anchor", "block"), ("anchor", "block", "number"), ("anchor", "block", "hash"),
    ("anchor", "block", "timestamp"), ("evidence",), ("evidence", "header"), ("evidence", "address"),
    ("evidence", "nodes"), ("evidence", "nodes", 0), ("evidence", "account"), ("evidence", "account", 0),
    ("evidence", "slots"), ("more",), ("anchor", "more"), ("evidence", "more"),
]  # fmt: skip
TIMES = ["2024-02-29T23:59:59Z", "2025-02-29T00:00:00Z", "2025-13-01T00:00:00Z", "2025-01-01T24:00:00Z",
         "2025-01-01T00:60:00Z", "2025-01-01T00:00:60Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
         "2025-01-01T00:00:00+00:00", "2025-00-01T00:00:00Z", "0001-01-01T00:00:00Z"]  # fmt: skip


def told(receipt: Receipt) -> dict[str, Any]:
    written: dict[str, Any] = json.loads(to_json(receipt))
    if evidence := written.get("evidence"):
        written["evidence"] = {"header": evidence["header"], "slots": sorted(evidence["slots"])}
    return written


def outcome(data: bytes) -> dict[str, Any]:
    try:
        return told(parse(data))
    except ReceiptError as error:
        return {name: getattr(error, name) for name in MEMBERS}


def changed(form: dict[str, Any], place: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """The form with another value at a place; without one where the value is an ellipsis."""
    form = copy.deepcopy(form)
    *parents, last = place
    inner: Any = form
    for parent in parents:
        inner = inner[parent]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    return form


def mutants() -> Iterator[bytes]:
    of_version_1 = json.loads(to_json(anchored_receipt()))
    of_version_2 = json.loads(to_json(about(anchored_receipt(), vectors()[0])))
    for form in (of_version_1, of_version_2, of_version_1 | {"version": 2}, of_version_2 | {"version": 1}):
        for place in PLACES:
            for value in [*VALUES, ...]:
                try:
                    yield json.dumps(changed(form, place, value)).encode()
                except (KeyError, TypeError, IndexError):
                    continue
        yield json.dumps(changed(form, ("inclusion", "path"), ["00" * 32] * 33)).encode()
        yield json.dumps(changed(form, ("inclusion", "path"), ["00" * 32] * 2)).encode()
        yield json.dumps(changed(form, ("anchor", "contract"), "0x" + "00" * 20)).encode()
        for time in TIMES:
            yield json.dumps(changed(form, ("anchor", "block", "timestamp"), time)).encode()
        text = json.dumps(form)
        yield text.replace('"version"', '"type":"TestamurReceipt","version"').encode()
        yield text.replace("5", "5.0", 1).encode()
        yield b"\xef\xbb\xbf" + text.encode()
        yield text.encode() + b" " * (1 << 18)
        yield text.encode()[:-1]
    pending = {**of_version_2["anchor"]}
    for name in ("sequence", "transaction", "block"):
        del pending[name]
    yield json.dumps(of_version_2 | {"anchor": pending}).encode()
    for form in (None, [], "x", 1, {}, [of_version_1]):
        yield json.dumps(form).encode()
    yield b""
    whole = to_cbor(anchored_receipt())
    entries = cbor.decode_map(whole)
    for key in range(16):
        for value in (
            0,
            1,
            2,
            2**60,
            2**64 - 1,
            253402300800,
            b"",
            b"\0" * 20,
            b"\1" * 32,
            b"\1" * 33,
            "file",
            "x",
            None,
        ):
            some = {**entries, key: value}
            yield cbor.encode_map({at: item for at, item in some.items() if item is not None})
    for at in range(len(whole)):
        for byte in {whole[at] ^ 1, whole[at] ^ 0x20, 0xFF}:
            yield whole[:at] + bytes([byte]) + whole[at + 1 :]
        if at % 7 == 0:
            yield whole[:at]
    yield whole + b"\0"


def receipt_cases() -> list[Any]:
    texts = list(mutants())

    @settings(max_examples=60, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(any_receipt(), any_receipt(is_anchored=True), any_evidence())
    def gather(receipt: Receipt, anchored: Receipt, evidence: Any) -> None:
        texts.extend([to_json(receipt), to_cbor(receipt), to_json(about(anchored, evidence))])

    @settings(max_examples=60, database=None, deadline=None)
    @given(any_receipt(), st.binary(max_size=20), st.integers(0, 400), st.integers(0, 40))
    def break_up(receipt: Receipt, noise: bytes, start: int, length: int) -> None:
        for whole in (to_json(receipt), to_cbor(receipt)):
            texts.append(whole[:start] + noise + whole[start + length :])

    gather()
    break_up()
    return [{"data": base64.b64encode(text).decode(), "expect": outcome(text)} for text in dict.fromkeys(texts)]


def document_cases() -> list[Any]:
    entry = json.loads(to_json(anchored_receipt())) | {"type": "MerkleAnchorProof"}
    with_evidence = json.loads(to_json(about(anchored_receipt(), vectors()[0]))) | {"type": "MerkleAnchorProof"}
    proofs: list[Any] = [
        None,
        [],
        "x",
        entry,
        [entry],
        [{"type": "DataIntegrityProof"}, entry, None, {**entry, "version": 3}],
        [{**entry, "@context": context} for context in ({"a": 1}, [], "x", None, 1, True)],
        [
            {"type": "MerkleAnchorProof"},
            {**entry, "more": 1},
            {**entry, "inclusion": {**entry["inclusion"], "leafCount": 8.0}},
        ],
        [entry] * 40,
        [{**entry, "padding": "x" * (1 << 18)}],
        with_evidence,
        [{**with_evidence, "version": 1}],
    ]
    documents: list[dict[str, Any]] = [{"type": "VerifiableCredential", "proof": proof} for proof in proofs] + [{}]
    return [
        {
            "data": base64.b64encode(json.dumps(document).encode()).decode(),
            "expect": [
                {
                    "where": each.where,
                    "read": told(each.read)
                    if isinstance(each.read, Receipt)
                    else {name: getattr(each.read, name) for name in MEMBERS},
                }
                for each in embedded(document, "x, ")
            ],
        }
        for document in documents
    ]


def test_javascript_reads_the_same(tmp_path: Path) -> None:
    receipts = receipt_cases()
    assert {case["expect"].get("code", "read") for case in receipts} >= {
        "read", "too-large", "syntax", "cbor", "not-a-receipt", "version", "missing-field", "unknown-field",
        "bad-field", "index-range", "path-length", "partial-anchor", "evidence-pending", "evidence-contract",
        "evidence-form", "duplicate-key", "integer-range",
    }  # fmt: skip
    run_javascript("receipts", {"receipts": receipts, "documents": document_cases()}, tmp_path)
