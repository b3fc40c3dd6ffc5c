"""What an account stores, proved against the state root of a block: Merkle Patricia proofs, as of `eth_getProof`.

EIP-1186; Ethereum yellow paper, section 4.1 and appendix D. Both answers are proved: that a slot holds a value, and
that it holds none, which is zero. Pure and bounded: sizes are looked at before anything is hashed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from registry.errors import EvidenceError
from registry.keccak import keccak
from registry.proofs.rlp import Item, decode, encode, whole_number

HASH_BYTES: Final = 32
MOST_NODE_BYTES: Final = 600
"""A branch with 16 hashes has 532 bytes, and an account's leaf with a long path about 150."""
MOST_NODES: Final = 64
"""A path has 64 nibbles, and each node that is a hash of its own takes one at least."""
EMPTY_TRIE: Final = keccak(encode(b""))
EMPTY_CODE: Final = keccak(b"")
_BRANCH, _PAIR = 17, 2
_ODD, _LEAF = 1, 2


@dataclass(frozen=True, slots=True)
class Account:
    """An account in the state of a block; hashes have 32 bytes."""

    nonce: int
    balance: int
    storage_root: bytes
    code_hash: bytes


def prove_account(state_root: bytes, address: bytes, nodes: Sequence[bytes]) -> Account | None:
    """The account at an address of 20 bytes, or None where the proof shows that there is none.

    Args:
        nodes: from the root on; no more and no fewer than lead there.

    Raises:
        EvidenceError: the nodes prove nothing of it.
    """
    found = prove(state_root, address, nodes)
    if found is None:
        return None
    parts = decode(found)
    if not isinstance(parts, list) or len(parts) != 4:
        raise _refused("evidence-value", "what is in the account's place is no account")
    roots = parts[2:]
    if not all(isinstance(each, bytes) and len(each) == HASH_BYTES for each in roots):
        raise _refused("evidence-value", "an account has hashes of 32 bytes")
    storage_root, code_hash = (bytes(each) for each in roots if isinstance(each, bytes))
    return Account(whole_number(parts[0], 8), whole_number(parts[1], HASH_BYTES), storage_root, code_hash)


def prove_slot(storage_root: bytes, slot: bytes, nodes: Sequence[bytes]) -> int:
    """What an account stores in a slot, whose number has 32 bytes; zero where the proof shows that it stores nothing.

    Raises:
        EvidenceError: the nodes prove nothing of it.
    """
    found = prove(storage_root, slot, nodes)
    # A slot that holds zero is in no tree of a chain. Anvil keeps those that were looked at, and zero is what they are.
    return 0 if found is None else whole_number(decode(found), HASH_BYTES)


def prove(root: bytes, key: bytes, nodes: Sequence[bytes]) -> bytes | None:
    """What is under a key, which is hashed, in the trie with that root; None where the proof shows that nothing is.

    Raises:
        EvidenceError: code `evidence-size`, `evidence-node` (a node is missing, is another one, or is malformed),
            `evidence-encoding`, or `evidence-surplus` (nodes follow that lead nowhere).
    """
    if len(nodes) > MOST_NODES or any(len(node) > MOST_NODE_BYTES for node in nodes):
        raise _refused("evidence-size", f"a proof has up to {MOST_NODES} nodes of {MOST_NODE_BYTES} bytes")
    if root == EMPTY_TRIE:
        # Some nodes send the one node of an empty tree, others nothing.
        if list(nodes) not in ([], [encode(b"")]):
            raise _refused("evidence-surplus", "the tree is empty, and the proof has nodes")
        return None
    walk = _Walk(nodes)
    found = walk.from_hash(root, _nibbles(keccak(key)))
    if walk.left:
        raise _refused("evidence-surplus", f"{walk.left} of its nodes lead nowhere")
    return found


class _Walk:
    """Goes down a trie by the nodes of a proof, in their order."""

    def __init__(self, nodes: Sequence[bytes]):
        self._nodes = nodes
        self._next = 0

    @property
    def left(self) -> int:
        """How many nodes were not needed."""
        return len(self._nodes) - self._next

    def from_hash(self, expected: bytes, path: Sequence[int]) -> bytes | None:
        """What is under the rest of a path, from the node that has this hash on."""
        reference: Item = expected
        is_root = True
        while True:
            node = self._node(reference, is_root=is_root)
            is_root = False
            if len(node) == _BRANCH:
                if node[-1] != b"":
                    raise _refused("evidence-node", "a branch has a value, where all keys are equally long")
                if not path:
                    raise _refused("evidence-node", "the path goes on after its end")
                reference, path = node[path[0]], path[1:]
                if reference == b"":
                    return None
                continue
            if len(node) != _PAIR:
                raise _refused("evidence-node", f"a node has {len(node)} parts")
            is_leaf, own = _unpacked(node[0])
            if is_leaf:
                if len(own) != len(path):
                    raise _refused("evidence-node", "a leaf is not at the end of the path")
                if not isinstance(node[1], bytes) or not node[1]:
                    raise _refused("evidence-node", "a leaf holds nothing")
                return node[1] if own == list(path) else None
            if not own or len(own) >= len(path):
                raise _refused("evidence-node", "an extension leads nowhere")
            if own != list(path[: len(own)]):
                # What is below is not asked for; that there is something, is.
                if node[1] == b"":
                    raise _refused("evidence-node", "an extension leads nowhere")
                return None
            reference, path = node[1], path[len(own) :]

    def _node(self, reference: Item, *, is_root: bool) -> list[Item]:
        """The node that a reference means: itself, where it is short, else the next of the proof."""
        if isinstance(reference, list):
            if len(encode(reference)) >= HASH_BYTES:
                raise _refused("evidence-node", "a node is within another that has to have a hash of its own")
            return reference
        if len(reference) != HASH_BYTES:
            raise _refused("evidence-node", "what leads to a node is no hash")
        if self._next == len(self._nodes):
            raise _refused("evidence-node", "a node is missing")
        encoded = self._nodes[self._next]
        self._next += 1
        if keccak(encoded) != reference:
            raise _refused("evidence-node", f"node {self._next - 1} (counted from 0) is another one than it has to be")
        if len(encoded) < HASH_BYTES and not is_root:
            raise _refused("evidence-node", "a node has a hash of its own that has to be within another")
        node = decode(encoded)
        if not isinstance(node, list):
            raise _refused("evidence-node", "a node is no list")
        return node


def _nibbles(key: bytes) -> list[int]:
    return [half for byte in key for half in (byte >> 4, byte & 15)]


def _unpacked(item: Item) -> tuple[bool, list[int]]:
    """Whether a node is a leaf, and its part of the path (hex-prefix encoding)."""
    if not isinstance(item, bytes) or not item:
        raise _refused("evidence-node", "a node has no path")
    flag, *rest = _nibbles(item)
    if flag > _ODD + _LEAF:
        raise _refused("evidence-node", "a path has a flag that means nothing")
    if not flag & _ODD:
        if rest[0]:
            raise _refused("evidence-node", "a path has a second form")
        rest = rest[1:]
    return bool(flag & _LEAF), rest


def _refused(code: str, why: str) -> EvidenceError:
    return EvidenceError(f"the proof of what is stored does not hold: {why}", code=code)
