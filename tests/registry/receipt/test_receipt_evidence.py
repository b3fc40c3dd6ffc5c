"""Receipts with evidence: version 2, what is refused of it, and where it stays out."""

from __future__ import annotations

import json
import pickle
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import jsonschema
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.credential import strictjson
from registry.credential.digest import digest_document
from registry.errors import ReceiptError
from registry.merkle.proof import InclusionProof
from registry.proofs.evidence import Evidence
from registry.receipt import model as receipts
from registry.receipt.evidence_part import MAX_SLOTS
from registry.receipt.model import Receipt, parse, parse_json, receipt_schema, to_cbor, to_json
from tests.registry.receipt.made import CHAIN, CONTRACT, about, anchored_receipt, any_evidence, any_receipt, vectors

EVIDENCE = vectors()[0]
CREDENTIAL: dict[str, Any] = {
    "type": ["VerifiableCredential"],
    "id": "urn:uuid:1",
    "credentialSubject": {"name": "Ana"},
}
SCHEMA = jsonschema.Draft202012Validator(receipt_schema())


def with_evidence() -> Receipt:
    return about(anchored_receipt(), EVIDENCE)


def document() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(to_json(with_evidence()))
    return loaded


def refusal(data: bytes) -> ReceiptError:
    with pytest.raises(ReceiptError) as caught:
        parse(data)
    assert caught.value.remedy
    return caught.value


def shuffled(value: Any, order: random.Random) -> Any:
    """The same JSON with its members in another order, as software writes it that sorts or hashes them."""
    if isinstance(value, list):
        return [shuffled(each, order) for each in value]
    if isinstance(value, dict):
        return {name: shuffled(value[name], order) for name in order.sample(sorted(value), len(value))}
    return value


@given(any_receipt(is_anchored=True), any_evidence())
@settings(max_examples=60, deadline=None)
def test_it_is_read_as_it_was_written(receipt: Receipt, evidence: Evidence) -> None:
    carrying = about(receipt, evidence)
    text = to_json(carrying)
    read = parse(text)
    assert read == carrying
    assert (read.version, read.evidence) == (2, evidence)
    assert to_json(read) == text
    assert SCHEMA.is_valid(json.loads(text))
    assert hash(read) == hash(carrying)
    assert pickle.loads(pickle.dumps(read)) == carrying


@given(any_receipt(is_anchored=True), any_evidence(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_order_of_members_does_not_matter(receipt: Receipt, evidence: Evidence, order: random.Random) -> None:
    carrying = about(receipt, evidence)
    loaded = json.loads(to_json(carrying))
    for text in (json.dumps(shuffled(loaded, order), indent=2), json.dumps(loaded, sort_keys=True)):
        read = parse(text.encode())
        assert read == carrying
        assert to_json(read) == to_json(carrying)


@given(any_receipt(is_anchored=True), any_evidence())
@settings(max_examples=60, deadline=None)
def test_what_is_in_order_is_read_once(receipt: Receipt, evidence: Evidence) -> None:
    """The strict parser is for what may have a key twice: quotes are counted right, whatever the proofs share."""
    text = to_json(about(receipt, evidence))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(receipts, "_require_one_reading", lambda data: pytest.fail("it was read twice"))
        parse_json(text)


def test_without_it_a_receipt_is_the_one_of_version_1() -> None:
    plain = anchored_receipt(contract="0x" + EVIDENCE.address.hex())
    carrying = plain.with_evidence(EVIDENCE)
    assert carrying.without_evidence() == plain
    assert to_json(carrying.without_evidence()) == to_json(plain)
    assert b"evidence" not in to_json(plain)
    assert plain.without_evidence() is plain
    assert carrying != plain


def test_it_takes_the_place_of_what_was_there() -> None:
    newer = replace(EVIDENCE, header=b"\x01")
    assert with_evidence().with_evidence(newer).evidence == newer


def test_lists_of_nodes_make_an_equal_receipt() -> None:
    lists = replace(
        EVIDENCE, account=list(EVIDENCE.account), slots={slot: [*nodes] for slot, nodes in EVIDENCE.slots.items()}
    )
    assert about(anchored_receipt(), lists) == with_evidence()


def test_another_block_of_the_anchor_takes_it_away() -> None:
    again = with_evidence().anchored(
        sequence=12,
        transaction=b"\x12" * 32,
        block_number=20_000_001,
        block_hash=b"\x23" * 32,
        timestamp=datetime(2026, 1, 2, tzinfo=UTC),
    )
    assert (again.version, again.evidence) == (1, None)


@given(any_receipt(is_anchored=True), any_evidence())
@settings(max_examples=30, deadline=None)
def test_the_cbor_form_leaves_it_out(receipt: Receipt, evidence: Evidence) -> None:
    carrying = about(receipt, evidence)
    assert to_cbor(carrying) == to_cbor(carrying.without_evidence())
    assert parse(to_cbor(carrying)) == carrying.without_evidence()


def test_cbor_of_version_2_is_refused() -> None:
    error = refusal(to_cbor(anchored_receipt()).replace(b"\xaf\x00\x01", b"\xaf\x00\x02"))
    assert (error.code, error.where) == ("version", "version")
    assert "in CBOR" in error.what


def set_to(*path: str | int, value: Any) -> Callable[[dict[str, Any]], object]:
    def change(of: dict[str, Any]) -> None:
        part: Any = of
        for step in path[:-1]:
            part = part[step]
        part[path[-1]] = value

    return change


def without(*path: str) -> Callable[[dict[str, Any]], object]:
    def change(of: dict[str, Any]) -> None:
        part = of
        for step in path[:-1]:
            part = part[step]
        del part[path[-1]]

    return change


def pending(of: dict[str, Any]) -> None:
    for name in ("sequence", "transaction", "block"):
        del of["anchor"][name]


def many_slots(of: dict[str, Any], count: int = MAX_SLOTS + 1) -> None:
    of["evidence"]["slots"] = {f"0x{number:064x}": of["evidence"]["account"] for number in range(count)}
    of["evidence"]["nodes"] = of["evidence"]["nodes"][: len(of["evidence"]["account"])]


FIRST_NODE = document()["evidence"]["nodes"][0]
FIRST_SLOT = sorted(document()["evidence"]["slots"])[0]
SCHEMA_SEES: list[tuple[str, Callable[[dict[str, Any]], object], str, str]] = [
    ("version 1 with it", set_to("version", value=1), "unknown-field", "evidence"),
    ("version 2 without it", without("evidence"), "missing-field", "evidence"),
    ("version 2 with null", set_to("evidence", value=None), "missing-field", "evidence"),
    ("version 3 with it", set_to("version", value=3), "version", "version"),
    ("version 2 as a text", set_to("version", value="2"), "bad-field", "version"),
    ("no version", without("version"), "missing-field", "version"),
    ("a pending receipt", pending, "evidence-pending", "evidence"),
    ("evidence that is a text", set_to("evidence", value="0x"), "evidence-form", "evidence"),
    ("evidence that is a list", set_to("evidence", value=[]), "evidence-form", "evidence"),
    ("no member", set_to("evidence", value={}), "evidence-form", "evidence"),
    ("a member too few", without("evidence", "header"), "evidence-form", "evidence"),
    ("an unknown member", set_to("evidence", "note", value="x"), "evidence-form", "evidence"),
    ("a header of a text", set_to("evidence", "header", value="header"), "evidence-form", "evidence"),
    ("upper case", set_to("evidence", "header", value="0xAB"), "evidence-form", "evidence"),
    ("half a byte", set_to("evidence", "header", value="0xabc"), "evidence-form", "evidence"),
    ("a long header", set_to("evidence", "header", value="0x" + "00" * 8_193), "evidence-size", "evidence"),
    ("a short address", set_to("evidence", "address", value="0x" + "00" * 19), "evidence-form", "evidence"),
    ("a long address", set_to("evidence", "address", value="0x" + "00" * 21), "evidence-size", "evidence"),
    ("a long node", set_to("evidence", "nodes", 0, value="0x" + "00" * 601), "evidence-size", "evidence"),
    ("a node twice", set_to("evidence", "nodes", 1, value=FIRST_NODE), "evidence-form", "evidence"),
    ("nodes that are an object", set_to("evidence", "nodes", value={}), "evidence-form", "evidence"),
    ("a number below 0", set_to("evidence", "account", 0, value=-1), "evidence-form", "evidence"),
    ("a number that is a text", set_to("evidence", "account", 0, value="0"), "evidence-form", "evidence"),
    ("a number that is a boolean", set_to("evidence", "account", 0, value=False), "evidence-form", "evidence"),
    ("a number that is a fraction", set_to("evidence", "account", 0, value=0.5), "evidence-form", "evidence"),
    ("a number of no node", set_to("evidence", "account", 0, value=10**6), "evidence-form", "evidence"),
    ("a proof of 65 nodes", set_to("evidence", "account", value=[0] * 65), "evidence-size", "evidence"),
    ("a proof that is a number", set_to("evidence", "slots", FIRST_SLOT, value=0), "evidence-form", "evidence"),
    ("a proof in a proof", set_to("evidence", "account", value=[[0]]), "evidence-form", "evidence"),
    ("slots that are a list", set_to("evidence", "slots", value=[]), "evidence-form", "evidence"),
    ("a short slot", set_to("evidence", "slots", "0x00", value=[]), "evidence-form", "evidence"),
    ("a slot that is none", set_to("evidence", "slots", "batch", value=[]), "evidence-form", "evidence"),
    ("a slot too many", many_slots, "evidence-size", "evidence"),
]  # fmt: skip
READER_SEES: list[tuple[str, Callable[[dict[str, Any]], object], str, str]] = [
    ("another contract", set_to("anchor", "contract", value=CONTRACT), "evidence-contract", "evidence.address"),
    ("nodes out of order", lambda of: of["evidence"]["nodes"].append(of["evidence"]["nodes"].pop(0)), "", ""),
    ("numbers out of order", set_to("evidence", "account", 0, value=1), "evidence-form", "evidence"),
    ("a node of no proof", lambda of: of["evidence"]["nodes"].append("0xc0"), "evidence-form", "evidence"),
    ("a node too few", lambda of: of["evidence"]["nodes"].pop(), "evidence-form", "evidence"),
    ("a number with a point", set_to("evidence", "account", 0, value=0.0), "evidence-form", "evidence"),
    ("a number of 70 bits", set_to("evidence", "account", 0, value=2**70), "integer-range", ""),
]


@pytest.mark.parametrize(
    ("change", "code", "where", "schema_sees"),
    [pytest.param(*rest, True, id=name) for name, *rest in SCHEMA_SEES]
    + [pytest.param(*rest, name == "a number of 70 bits", id=name) for name, *rest in READER_SEES if rest[1]],
)
def test_what_is_not_in_order_is_refused_for_what_it_is(
    change: Callable[[dict[str, Any]], object], code: str, where: str, schema_sees: bool
) -> None:
    changed = document()
    change(changed)
    error = refusal(json.dumps(changed).encode())
    assert (error.code, error.where or "") == (code, where)
    assert SCHEMA.is_valid(changed) is not schema_sees
    inside = receipts.embedded({"proof": changed | {"type": "MerkleAnchorProof"}})[0].read
    assert isinstance(inside, ReceiptError)
    if code != "integer-range":  # a document with such a number is refused before
        assert (inside.code, inside.where) == (code, f"proof[0].{where}")


def test_nodes_in_another_order_are_other_evidence() -> None:
    """They are well-formed as long as proofs name them in order; that they prove nothing then shows at their hashes."""
    changed = document()
    changed["evidence"]["nodes"].append(changed["evidence"]["nodes"].pop(0))
    assert parse(json.dumps(changed).encode()) != with_evidence()


@pytest.mark.parametrize(
    "change",
    [
        lambda of: None,
        lambda of: many_slots(of, MAX_SLOTS),
        set_to("evidence", "header", value="0x"),
        lambda of: of.update(version=1) or of.pop("evidence"),
    ],
)
def test_schema_and_reader_both_take_it(change: Callable[[dict[str, Any]], object]) -> None:
    changed = document()
    change(changed)
    assert isinstance(parse(json.dumps(changed).encode()), Receipt)
    assert SCHEMA.is_valid(changed)
    inside = changed | {"type": "MerkleAnchorProof"}
    assert jsonschema.Draft202012Validator(receipts.embedded_schema()).is_valid(inside)
    assert isinstance(receipts.embedded({"proof": inside})[0].read, Receipt)


@pytest.mark.parametrize(
    "key", [b'"evidence":{', b'"header":"0x', b'"address":"0x', b'"nodes":[', b'"account":[', b'"slots":{', FIRST_SLOT]
)
def test_a_key_twice_within_it_is_refused(key: bytes | str) -> None:
    text = to_json(with_evidence())
    start = f'"{key}":['.encode() if isinstance(key, str) else key
    assert text.count(start) == 1
    name = start[1 : start.index(b'"', 1)]
    empty = start + {b"{": b"}", b"[": b"]", b"x": b'"'}[start[-1:]]
    for other in (name, b"\\u%04x" % name[0] + name[1:]):
        assert refusal(text.replace(start, empty.replace(name, other, 1) + b"," + start)).code == "duplicate-key"


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_what_is_read_has_one_reading(data: st.DataObject) -> None:
    text = bytearray(to_json(with_evidence()))
    at = data.draw(st.integers(0, len(text)))
    text[at:at] = data.draw(
        st.sampled_from([b'"slots":{},', b'"nodes":[],', b'"account":[0],', f'"{FIRST_SLOT}":[],'.encode(), b'"0x",'])
        | st.sampled_from([b'"', b',"', b"0,", b",0", b"\\u0030", b" ", b"\x00", b"\xff", b"[", b"{"])
        | st.binary(max_size=3)
    )
    try:
        parse_json(bytes(text))
    except ReceiptError:
        return
    assert strictjson.parse_json(bytes(text)) == json.loads(text)


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_a_changed_byte_is_refused_or_another_receipt(data: st.DataObject) -> None:
    text = bytearray(to_json(with_evidence()))
    at = data.draw(st.integers(text.index(b'"evidence"'), len(text) - 1))
    text[at] ^= data.draw(st.integers(1, 255))
    try:
        changed = parse_json(bytes(text))
    except ReceiptError:
        return
    assert changed != with_evidence()


NESTED = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 12) | st.sampled_from(["", "0x", "0x00", FIRST_SLOT]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from([*document()["evidence"], ""]), inner),
    max_leaves=20,
)


@given(st.sampled_from([*document()["evidence"], None]), NESTED)
@settings(max_examples=200, deadline=None)
def test_nothing_but_a_refusal_is_raised(member: str | None, value: Any) -> None:
    changed = document()
    if member is None:
        changed["evidence"] = value
    else:
        changed["evidence"][member] = value
    try:
        read = parse(json.dumps(changed).encode())
    except ReceiptError:
        return
    assert json.loads(to_json(read)) == changed


@pytest.mark.parametrize("depth", [5, 150, 1_000, 60_000])
@pytest.mark.parametrize("brackets", [("[", "]"), ('{"a":', "}")])
def test_deep_nesting_is_refused(depth: int, brackets: tuple[str, str]) -> None:
    opened, closed = brackets
    deep = opened * depth + "0" + closed * depth
    texts = (
        json.dumps(document() | {"evidence": "deep"}),
        json.dumps({"evidence": document()["evidence"] | {"nodes": 0}}),
    )
    texts = texts[0].replace('"deep"', deep), json.dumps(document()).replace('"nodes": [', f'"nodes": [{deep}, ')
    for text in texts:
        too_large = len(text) > receipts.MAX_BYTES
        # At 5 levels the strict reader has no objection of its own to the first of them.
        assert refusal(text.encode()).code in ({"too-large"} if too_large else {"too-deep", "evidence-form"})


def test_deep_nesting_inside_a_credential_is_refused() -> None:
    deep: Any = 0
    for _ in range(300):
        deep = [deep]
    entry = document() | {"evidence": deep, "type": "MerkleAnchorProof"}
    assert isinstance(receipts.embedded({"proof": entry})[0].read, ReceiptError)


# Sizes


def large_evidence(size: int) -> Evidence:
    """Of so many bytes in hexadecimal, in nodes of 600 bytes."""
    nodes = [number.to_bytes(600) for number in range(1, size // 1_200 + 1)]
    slots = {number.to_bytes(32): nodes[at : at + 60] for number, at in enumerate(range(0, len(nodes), 60))}
    return Evidence(b"", EVIDENCE.address, (), slots)


def test_that_of_a_large_chain_has_room_however_it_is_written() -> None:
    """An account ten nodes deep, and twelve slots of seven nodes, of which no two but the first are shared."""
    full = (number.to_bytes(532) for number in range(100))
    account, first = [next(full) for _ in range(10)], next(full)
    slots = {number.to_bytes(32): [first, *(next(full) for _ in range(6))] for number in range(12)}
    receipt = about(anchored_receipt(levels=31), Evidence(b"\x01" * 700, EVIDENCE.address, account, slots))
    indented = orjson.dumps(orjson.loads(to_json(receipt)), option=orjson.OPT_INDENT_2)
    assert len(indented) < receipts.MAX_BYTES // 2
    assert parse(indented) == receipt


def test_what_could_not_be_read_is_not_made() -> None:
    receipt = anchored_receipt(contract="0x" + EVIDENCE.address.hex())
    parse(to_json(receipt.with_evidence(large_evidence(receipts.MAX_BYTES - 20_000))))
    for evidence, code in (
        (large_evidence(receipts.MAX_BYTES), "too-large"),
        (replace(EVIDENCE, slots={number.to_bytes(32): () for number in range(MAX_SLOTS + 1)}), "evidence-size"),
        (replace(EVIDENCE, slots={number.to_bytes(32): () for number in range(2_000)}), "evidence-size"),
        (replace(EVIDENCE, header=bytes(8_193)), "evidence-size"),
        (replace(EVIDENCE, account=[bytes(601)]), "evidence-size"),
        (replace(EVIDENCE, slots={b"": ()}), "evidence-form"),
        (replace(EVIDENCE, address=b"\xab" * 20), "evidence-contract"),
        (replace(EVIDENCE, address=b""), "evidence-form"),
    ):
        with pytest.raises(ReceiptError) as caught:
            receipt.with_evidence(evidence)
        assert (caught.value.code, bool(caught.value.remedy)) == (code, True)


def test_a_pending_receipt_takes_none() -> None:
    waiting = Receipt.of_batch(
        digest_document(CREDENTIAL),
        b"r" * 32,
        InclusionProof(0, 1, ()),
        chain=CHAIN,
        contract="0x" + EVIDENCE.address.hex(),
        issuer=7,
    )
    with pytest.raises(ReceiptError) as caught:
        waiting.with_evidence(EVIDENCE)
    assert (caught.value.code, caught.value.where) == ("evidence-pending", "evidence")


# Inside a credential


def receipt_of(credential: dict[str, Any]) -> Receipt:
    digest = digest_document(credential)
    proof = InclusionProof(0, 1, ())
    contract = "0x" + EVIDENCE.address.hex()
    return Receipt.of_batch(digest, digest.value, proof, chain=CHAIN, contract=contract, issuer=7).anchored(
        sequence=1,
        transaction=b"t" * 32,
        block_number=1,
        block_hash=b"b" * 32,
        timestamp=datetime(2026, 1, 1, tzinfo=UTC),
    )


def inside(credential: dict[str, Any]) -> list[Receipt | ReceiptError]:
    return [each.read for each in receipts.embedded(credential)]


@given(any_evidence())
@settings(max_examples=30, deadline=None)
def test_it_travels_inside_a_credential(evidence: Evidence) -> None:
    receipt = about(receipt_of(CREDENTIAL), evidence)
    carrying = receipts.embed(CREDENTIAL, receipt)
    assert digest_document(carrying) == digest_document(CREDENTIAL)
    again = strictjson.parse_json(json.dumps(carrying, sort_keys=True).encode())
    assert inside(carrying) == inside(again) == [receipt]
    assert jsonschema.Draft202012Validator(receipts.embedded_schema()).is_valid(carrying["proof"][0])


def test_a_newer_one_replaces_an_older_one_of_the_same_anchor() -> None:
    plain = receipt_of(CREDENTIAL)
    older, newer = plain.with_evidence(EVIDENCE), plain.with_evidence(replace(EVIDENCE, header=b"\x01"))
    carrying = CREDENTIAL
    for receipt in (plain, older, newer, newer, plain, older):
        carrying = receipts.embed(carrying, receipt)
        assert inside(carrying) == [receipt]


def test_what_could_not_be_read_inside_is_not_embedded() -> None:
    """The context comes to it: what just fits into a file does not fit there."""
    plain = receipt_of(CREDENTIAL)
    base = large_evidence(receipts.MAX_BYTES - 14_000)
    room = receipts.MAX_BYTES - len(to_json(plain.with_evidence(base)))
    fitting = replace(base, header=bytes(room // 2))
    receipt = plain.with_evidence(fitting)
    parse(to_json(receipt))
    with pytest.raises(ReceiptError) as caught:
        receipts.embed(CREDENTIAL, receipt)
    assert caught.value.code == "too-large"


def test_32_of_them_at_their_largest_are_read() -> None:
    plain = receipt_of(CREDENTIAL)
    nodes = [bytes([number]) for number in range(64)]
    evidence = Evidence(b"", EVIDENCE.address, nodes, {number.to_bytes(32): nodes for number in range(MAX_SLOTS)})
    entry = json.loads(to_json(plain.with_evidence(evidence))) | {"type": "MerkleAnchorProof"}
    read = inside({"proof": [entry] * receipts.MAX_EMBEDDED})
    assert all(isinstance(each, Receipt) for each in read)
    assert len(pickle.dumps(read)) < 2 << 20
