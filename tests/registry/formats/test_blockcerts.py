"""Merkle proofs of Blockcerts: written and read back for every place of a tree, and what strangers write."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.credential.digest import Digest, DigestMethod
from registry.errors import ReceiptError
from registry.formats import listcbor
from registry.formats.blockcerts import (
    LONGEST_PROOF_VALUE,
    MerkleProof,
    Side,
    find_proof,
    inclusion_among,
    read_proof_value,
    read_signature,
    sides_of,
    write_proof,
    write_proof_value,
)
from registry.merkle.proof import check_inclusion
from registry.merkle.tree import Tree
from registry.proofs.signatures.multibase import to_base58
from registry.receipt.model import Receipt

CREATED = datetime(2026, 6, 1, tzinfo=UTC)
METHOD = "did:web:university.example#key-1"
TRANSACTION = b"\x0a" * 32


def receipt(count: int, index: int, chain: str = "eip155:11155111") -> Receipt:
    leaves = sorted(sha256(bytes([number])).digest() for number in range(count))
    with Tree.build(leaves) as tree:
        made = Receipt.of_batch(
            Digest(DigestMethod.VC_RDFC, leaves[index]),
            tree.root,
            tree.inclusion(index),
            chain=chain,
            contract="0x" + "ab" * 20,
            issuer=1,
        )
    return made.anchored(
        sequence=1, transaction=TRANSACTION, block_number=5, block_hash=b"\x0b" * 32, timestamp=CREATED
    )


@given(st.integers(1, 70).flatmap(lambda count: st.tuples(st.just(count), st.integers(0, count - 1))))
def test_every_place_of_a_tree_comes_back(place: tuple[int, int]) -> None:
    count, index = place
    made = receipt(count, index)
    proof = read_proof_value(write_proof(made, METHOD, CREATED)["proofValue"])
    assert proof.holds
    assert (proof.root, proof.target) == (made.root, made.digest_value)
    (anchor,) = proof.anchors
    assert (anchor.chain, anchor.chain_words, anchor.transaction) == ("eip155:11155111", "Sepolia", TRANSACTION.hex())
    inclusion = inclusion_among(proof, count)
    assert inclusion is not None
    assert inclusion.leaf_index == index
    check_inclusion(proof.target, proof.root, inclusion)


@given(st.integers(1, 300), st.integers(1, 300))
def test_sides_belong_to_one_place_of_a_tree(count: int, other: int) -> None:
    """Another number of leaves gives another place, or none: never a wrong one of this."""
    for index in {0, count // 2, count - 1}:
        sides = tuple((side, b"\1" * 32) for side in sides_of(index, count))
        proof = MerkleProof(b"\0" * 32, b"\0" * 32, sides, ())
        assert proof.place_among(count) == index
        found = proof.place_among(other)
        assert found is None or list(sides_of(found, other)) == [side for side, _ in sides]


def test_what_their_verifiers_cannot_name_is_refused() -> None:
    with pytest.raises(ReceiptError, match="eip155:137") as refused:
        write_proof_value(receipt(3, 1, "eip155:137"))
    assert refused.value.code == "chain-unnamed"
    pending = receipt(1, 0)
    pending = pending.model_copy(update={"anchor": pending.anchor.model_copy(update={"transaction": None})})
    with pytest.raises(ReceiptError) as refused:
        write_proof_value(pending)
    assert refused.value.code == "not-anchored"


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for text in (to_base58(data), data.decode("latin-1")):
        try:
            proof = read_proof_value(text)
        except ValueError:
            continue
        assert isinstance(proof, MerkleProof)


ITEMS = st.recursive(
    st.integers(-(2**64), 2**64 - 1) | st.binary(max_size=40) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=12,
)


@given(ITEMS, ITEMS, ITEMS)
def test_an_anchor_of_anything_is_read_or_refused(chain: listcbor.Item, network: listcbor.Item, sent: Any) -> None:
    hashed, anchor = listcbor.encode(bytes(32)), [[0, chain], [1, network], [2, sent]]
    with suppress(ValueError):
        read_proof_value(to_base58(listcbor.encode([[0, hashed], [1, hashed], [2, [anchor]], [3, []]])))


def test_an_anchor_whose_chain_is_a_list_is_of_no_known_chain() -> None:
    hashed, sent = listcbor.encode(bytes(32)), listcbor.encode("0x" + TRANSACTION.hex())
    anchor: listcbor.Item = [[0, [1]], [1, []], [2, sent]]
    (read,) = read_proof_value(to_base58(listcbor.encode([[0, hashed], [1, hashed], [2, [anchor]], [3, []]]))).anchors
    assert read.chain is None


@given(ITEMS)
def test_cbor_comes_back(item: Any) -> None:
    try:
        assert listcbor.decode(listcbor.encode(item)) == item
    except ValueError as error:
        assert "deeper" in str(error)  # noqa: PT017


@pytest.mark.parametrize(
    "data",
    [
        b"\x81" * 100_000,
        b"\x9b" + b"\xff" * 8,
        b"\x5b" + b"\xff" * 8 + b"x",
        b"\x9f\xff",
        b"\xa1\x00\x00",
        b"\xf6",
        b"\x00\x00",
        b"",
        b"\x99\xff\xff" + b"\x00" * 65_535,
    ],
)
def test_hostile_cbor_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        listcbor.decode(data)


def test_a_long_text_is_not_looked_into() -> None:
    with pytest.raises(ValueError, match="at most"):
        read_proof_value("z" * (LONGEST_PROOF_VALUE + 1))


def signature(**changes: Any) -> dict[str, Any]:
    made = receipt(5, 2)
    path = [{str(side): node} for side, node in zip(sides_of(2, 5), made.inclusion.path, strict=True)]
    return {
        "type": ["MerkleProof2017", "Extension"],
        "merkleRoot": made.root.hex(),
        "targetHash": made.digest.value,
        "proof": path,
        "anchors": [{"sourceId": "0x" + TRANSACTION.hex(), "type": "ETHData", "chain": "ethereumMainnet"}],
    } | changes


def test_version_2() -> None:
    proof = read_signature(signature())
    assert proof.holds
    assert proof.anchors[0].chain == "eip155:1"
    old = read_signature(signature(anchors=[{"sourceId": "ab" * 32, "type": "BTCOpReturn"}]))
    assert (old.anchors[0].chain, old.anchors[0].chain_words) == (None, "Bitcoin")
    assert not read_signature(signature(merkleRoot="00" * 32)).holds


@pytest.mark.parametrize(
    "changes",
    [
        {"proof": 7},
        {"proof": [{"left": "00" * 32}] * 33},
        {"proof": [{"up": "00" * 32}]},
        {"proof": [{"left": "00" * 32, "right": "00" * 32}]},
        {"proof": [{"left": 7}]},
        {"merkleRoot": None},
        {"targetHash": "zz" * 32},
        {"anchors": [7]},
        {"anchors": [{"sourceId": "x"}]},
        {"anchors": [{"sourceId": "ab" * 40}]},
        {"anchors": [{"sourceId": "ab"}] * 9},
    ],
)
def test_what_is_not_in_order(changes: dict[str, Any]) -> None:
    found = find_proof({"signature": signature(**changes)})
    assert found is not None
    assert isinstance(found.read, str)


def test_what_is_before_the_proof_is_part_of_what_it_is_of() -> None:
    entry = write_proof(receipt(2, 0), METHOD, CREATED)
    other = {"type": "DataIntegrityProof", "cryptosuite": "eddsa-rdfc-2022"}
    first, second = find_proof({"a": 1, "proof": [entry, other]}), find_proof({"a": 1, "proof": [other, entry]})
    assert first is not None
    assert second is not None
    assert (first.signed, second.signed) == ({"a": 1}, {"a": 1, "proof": [other]})
    assert find_proof({"a": 1, "proof": other}) is None
    assert find_proof({"proof": {"type": "MerkleProof2019", "proofValue": "z1"}}) is not None


def test_sides_have_words() -> None:
    assert list(sides_of(0, 2)) == [Side.RIGHT]
    assert list(sides_of(2, 3)) == [Side.LEFT]
    assert list(sides_of(5, 3)) == []
