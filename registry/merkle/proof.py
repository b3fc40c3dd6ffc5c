"""Proofs of inclusion and of absence in the tree of a batch, and how to check them. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeAlias

from registry.errors import ProofError
from registry.merkle.hashing import NODE_SIZE as NODE_SIZE

MAX_LEAVES = 2**32 - 1  # the contract keeps the leaf count in 32 bits

NodeHash: TypeAlias = Callable[[bytes, bytes], bytes]


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """Where a leaf is and the siblings from it up to the root.

    Attributes:
        leaf_index: position of the leaf in its tree, from 0.
        leaf_count: number of leaves of the tree.
        path: siblings of 32 bytes each, lowest first; its length follows from the other two.
    """

    leaf_index: int
    leaf_count: int
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A leaf next to where a missing digest would be, and its proof of inclusion."""

    digest: bytes
    proof: InclusionProof


@dataclass(frozen=True, slots=True)
class AbsenceProof:
    """The leaves around the place of a missing digest.

    Attributes:
        leaf_count: number of leaves of the tree.
        lower: the leaf before, or None when the digest would be the first leaf.
        upper: the leaf after, or None when it would be the last.
    """

    leaf_count: int
    lower: Neighbour | None
    upper: Neighbour | None


def node_hash(left: bytes, right: bytes) -> bytes:
    """The parent of two nodes: SHA-256 over both, 32 bytes."""
    return sha256(left + right).digest()


def path_length(leaf_index: int, leaf_count: int) -> int:
    """The number of siblings that lead from a leaf to the root.

    Raises:
        ProofError: the count is not within 1 to 2**32 - 1, or the index not within 0 to count - 1.
    """
    if not 1 <= leaf_count <= MAX_LEAVES:
        raise _refused(f"a leaf count of {leaf_count} is not within 1 and {MAX_LEAVES}", "count-range")
    if not 0 <= leaf_index < leaf_count:
        raise _refused(f"leaf {leaf_index} is not within a tree of {leaf_count} leaves", "index-range")
    # Below `shared` the leaf's path and the last leaf's run apart, and every level has a sibling. From there on the
    # leaf's path is the right edge, where only a right child has one: a left child at the edge is promoted.
    shared = (leaf_index ^ (leaf_count - 1)).bit_length()
    return shared + (leaf_index >> shared).bit_count()


def root_from_path(leaf: bytes, proof: InclusionProof, *, node_hash: NodeHash = node_hash) -> bytes:
    """The root that the path leads to from a leaf (RFC 9162 section 2.1.3.2).

    Args:
        leaf: 32 bytes.
        node_hash: the parent of two nodes; another one makes this check trees with prefixes.

    Raises:
        ProofError: the index is not in the tree, the path is not as long as index and count say, or the leaf or a
            sibling is not 32 bytes.
    """
    expected = path_length(proof.leaf_index, proof.leaf_count)
    if len(proof.path) != expected:
        raise _refused(
            f"leaf {proof.leaf_index} of {proof.leaf_count} has a path of {expected} nodes, not {len(proof.path)}",
            "path-length",
        )
    if {len(leaf), *map(len, proof.path)} != {NODE_SIZE}:
        raise _refused(f"the digest or a node of the path is not {NODE_SIZE} bytes long", "node-length")
    node, index, last = leaf, proof.leaf_index, proof.leaf_count - 1
    for sibling in proof.path:
        while index == last and not index & 1:  # promoted: no sibling on this level
            index >>= 1
            last >>= 1
        node = node_hash(sibling, node) if index & 1 else node_hash(node, sibling)
        index >>= 1
        last >>= 1
    return node


def check_inclusion(digest: bytes, root: bytes, proof: InclusionProof, *, node_hash: NodeHash = node_hash) -> None:
    """Check that a digest is the leaf at that index of the tree with that root and leaf count.

    It holds for the leaf count in the proof: compare that with the one anchored on chain.

    Raises:
        ProofError: it is not; `code` is count-range, index-range, path-length, node-length or root-differs.
    """
    derived = root_from_path(digest, proof, node_hash=node_hash)
    if derived != root:
        raise _refused(f"the path leads to the root {derived.hex()}, not to {root.hex()}", "root-differs")


def check_absence(digest: bytes, root: bytes, proof: AbsenceProof) -> None:
    """Check that a digest is not among the leaves of the tree with that root and leaf count.

    It holds if the leaves of that tree are sorted, which whoever holds all of them can check, and for the leaf count in
    the proof: compare that with the one anchored on chain.

    Raises:
        ProofError: it does not follow; `code` is as for `check_inclusion`, or no-neighbours, count-differs,
            not-adjacent, not-between.
    """
    if len(digest) != NODE_SIZE:
        raise _refused(f"the digest is not {NODE_SIZE} bytes long", "node-length")
    lower, upper = proof.lower, proof.upper
    if lower is None and upper is None:
        raise _refused("the absence proof names no neighbouring leaf", "no-neighbours")
    for neighbour in (lower, upper):
        if neighbour is None:
            continue
        if neighbour.proof.leaf_count != proof.leaf_count:
            raise _refused(
                f"the absence proof is for {proof.leaf_count} leaves, its neighbour for {neighbour.proof.leaf_count}",
                "count-differs",
            )
        check_inclusion(neighbour.digest, root, neighbour.proof)
    before = lower.proof.leaf_index if lower else -1
    after = upper.proof.leaf_index if upper else proof.leaf_count
    if after != before + 1:
        raise _refused(f"there are leaves between those at {before} and {after}", "not-adjacent")
    if (lower and lower.digest >= digest) or (upper and upper.digest <= digest):
        raise _refused("the digest does not lie between the neighbouring leaves", "not-between")


def _refused(what: str, code: str) -> ProofError:
    return ProofError(what, remedy="Ask the issuer or the registry for a new proof.", code=code)
