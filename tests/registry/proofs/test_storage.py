"""Merkle Patricia proofs against a slow trie of others, and every way to forge one."""

from __future__ import annotations

from typing import Any

import pytest
import rlp as slow_rlp
from eth_hash.auto import keccak
from hypothesis import assume, given
from hypothesis import strategies as st
from trie.hexary import HexaryTrie

from registry.errors import EvidenceError
from registry.proofs import rlp
from registry.proofs.storage import EMPTY_TRIE, MOST_NODE_BYTES, MOST_NODES, prove, prove_slot

ITEMS = st.recursive(st.binary(max_size=70), lambda inner: st.lists(inner, max_size=5), max_leaves=20)
# Few keys share long beginnings by chance: what is stored under them decides how deep the tree is.
ENTRIES = st.dictionaries(st.binary(min_size=1, max_size=3), st.integers(1, 2**256 - 1), min_size=1, max_size=40)


def tree(entries: dict[bytes, int]) -> Any:
    """A trie as a contract's storage is one: keys are hashed, values are numbers in RLP."""
    made = HexaryTrie({})
    for key, value in entries.items():
        made[keccak(key)] = slow_rlp.encode(value)
    return made


def nodes_to(made: Any, key: bytes) -> list[bytes]:
    encoded = [slow_rlp.encode(node) for node in made.get_proof(keccak(key))]
    return [node for at, node in enumerate(encoded) if at == 0 or len(node) >= 32]


@given(ITEMS)
def test_rlp_is_that_of_others(item: Any) -> None:
    encoded = slow_rlp.encode(item)
    assert rlp.encode(item) == encoded
    assert rlp.decode(encoded) == item


@given(st.binary(max_size=80))
def test_any_bytes_have_one_reading_or_none(encoded: bytes) -> None:
    try:
        item = rlp.decode(encoded)
    except EvidenceError:
        with pytest.raises(slow_rlp.exceptions.DecodingError):
            slow_rlp.decode(encoded)
    else:
        assert rlp.encode(item) == encoded


def test_nesting_has_an_end() -> None:
    deep = b"\xc0"
    for _ in range(2_000):
        deep = rlp._prefix(len(deep), 0xC0) + deep
    with pytest.raises(EvidenceError, match="nested too deeply"):
        rlp.decode(deep)


@given(ENTRIES, st.binary(min_size=1, max_size=3))
def test_what_is_there_and_what_is_not_are_both_proved(entries: dict[bytes, int], other: bytes) -> None:
    made = tree(entries)
    for key in (*entries, other):
        assert prove_slot(made.root_hash, key, nodes_to(made, key)) == entries.get(key, 0)


def test_an_empty_trie_holds_nothing() -> None:
    for nodes in ([], [b"\x80"]):
        assert prove(EMPTY_TRIE, b"key", nodes) is None
    with pytest.raises(EvidenceError, match="the tree is empty"):
        prove(EMPTY_TRIE, b"key", [b"\xc0"])


@given(ENTRIES, st.binary(min_size=1, max_size=3), st.data())
def test_no_change_of_a_proof_makes_it_say_something_else(
    entries: dict[bytes, int], key: bytes, data: st.DataObject
) -> None:
    made = tree(entries)
    truth, nodes = entries.get(key, 0), nodes_to(made, key)
    changed = data.draw(st.sampled_from(["drop", "flip", "repeat", "swap", "cut", "other"]))
    forged = list(nodes)
    at = data.draw(st.integers(0, len(nodes) - 1))
    if changed == "drop":
        del forged[at]
    elif changed == "flip":
        place = data.draw(st.integers(0, len(forged[at]) - 1))
        flipped = bytearray(forged[at])
        flipped[place] ^= 1 << data.draw(st.integers(0, 7))
        forged[at] = bytes(flipped)
    elif changed == "repeat":
        forged.insert(at, forged[at])
    elif changed == "swap":
        forged.reverse()
    elif changed == "cut":
        forged[at] = forged[at][: data.draw(st.integers(0, len(forged[at]) - 1))]
    else:
        forged = nodes_to(made, data.draw(st.sampled_from(sorted(entries))))
    assume(forged != nodes)
    try:
        said = prove_slot(made.root_hash, key, forged)
    except EvidenceError:
        return
    assert said == truth, changed


def _leaf(path: list[int], value: bytes) -> bytes:
    odd = len(path) % 2
    halves = [2 + odd, *([] if odd else [0]), *path]
    packed = bytes(high << 4 | low for high, low in zip(halves[::2], halves[1::2], strict=True))
    return rlp.encode([packed, value])


def _nibbles(key: bytes) -> list[int]:
    return [half for byte in keccak(key) for half in (byte >> 4, byte & 15)]


@pytest.mark.parametrize(
    ("root_node", "why"),
    [
        (_leaf(_nibbles(b"key")[:-1], rlp.encode(b"\1")), "a leaf is not at the end of the path"),
        (_leaf(_nibbles(b"key"), b""), "a leaf holds nothing"),
        (rlp.encode([b"\x40", b"\1"]), "a flag that means nothing"),
        (rlp.encode([b"\x01", b"\1"]), "a path has a second form"),
        (rlp.encode([b"", b"\1"]), "a node has no path"),
        (rlp.encode([b"\x00", bytes(32)]), "an extension leads nowhere"),
        (rlp.encode([b""] * 16 + [b"\1"]), "a branch has a value"),
        (rlp.encode([b"\1"] * 16 + [b""]), "what leads to a node is no hash"),
        (rlp.encode([b"\1"] * 3), "a node has 3 parts"),
        (rlp.encode(b"\1" * 40), "a node is no list"),
        (rlp.encode([[b"\x20", b"\1" * 30]] * 16 + [b""]), "within another that has to have a hash of its own"),
    ],
)
def test_nodes_that_no_trie_has(root_node: bytes, why: str) -> None:
    with pytest.raises(EvidenceError, match=why):
        prove(keccak(root_node), b"key", [root_node])


def test_sizes_are_looked_at_first() -> None:
    for nodes in ([b"\0" * (MOST_NODE_BYTES + 1)], [b"\0"] * (MOST_NODES + 1)):
        with pytest.raises(EvidenceError) as refused:
            prove(bytes(32), b"key", nodes)
        assert refused.value.code == "evidence-size"


@pytest.mark.parametrize("value", [rlp.encode(b"\0\1"), rlp.encode(b"\1" * 33), rlp.encode([b"\1"]), b"\x81\0"])
def test_values_that_no_slot_has(value: bytes) -> None:
    node = _leaf(_nibbles(b"key"), value)
    with pytest.raises(EvidenceError):
        prove_slot(keccak(node), b"key", [node])
