"""One proof that several digests are leaves of one tree: nodes that their single paths share are in it once. Pure.

Which nodes belong to it, and in which order, follows from the leaf indices and the leaf count alone, as the length and
the turns of a single path do; so nothing in it says left or right, and there is one such proof of a set of leaves.
`docs/reference/tree.md` specifies it for a second implementation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from registry.errors import ProofError
from registry.merkle.proof import (
    MAX_LEAVES,
    NODE_SIZE,
    InclusionProof,
    NodeHash,
    node_hash,
    root_from_path,
)
from registry.merkle.search import SearchableTree

MOST_PROVED: Final = 1 << 16
"""Most leaves of one proof."""


@dataclass(frozen=True, slots=True)
class MultiProof:
    """Where some leaves are in their tree, and what is needed beside them to get to the root.

    Attributes:
        leaf_count: number of leaves of the tree.
        leaf_indices: positions of the proved leaves, from 0, strictly ascending.
        nodes: of 32 bytes each, level by level from the leaves up, and from the left in each level; how many they are
            follows from the other two.
    """

    leaf_count: int
    leaf_indices: tuple[int, ...]
    nodes: tuple[bytes, ...]


def multiproof_of(tree: SearchableTree, leaf_indices: Iterable[int]) -> MultiProof:
    """The proof of these leaves of a tree, in any order and with repetitions.

    Raises:
        ProofError: they are none, or more than `MOST_PROVED` (code `no-leaves`, `too-many-leaves`).
        TreeError: there is no such leaf, or the tree cannot be read.
    """
    return joined([(tree.leaf(index), tree.inclusion(index)) for index in sorted(set(leaf_indices))])


def joined(proved: Iterable[tuple[bytes, InclusionProof]]) -> MultiProof:
    """One proof of what single ones prove, each with its digest; in any order, and the same leaf more than once.

    Raises:
        ProofError: there is none, they are too many, one is not in order, or they lead to several roots or are of
            several leaf counts (code `proofs-differ`).
    """
    paths: dict[int, tuple[bytes, ...]] = {}
    found: set[tuple[int, bytes]] = set()
    for digest, proof in proved:
        found.add((proof.leaf_count, root_from_path(digest, proof)))
        paths[proof.leaf_index] = proof.path
    if len(found) > 1:
        raise _refused("the single proofs are not of one tree", "proofs-differ")
    leaf_indices = tuple(sorted(paths))
    leaf_count = next((count for count, _ in found), 1)
    _check_leaves(leaf_indices, leaf_count)
    # Each path is walked up once: `step` is where its next sibling is in it, `leader` the leaf whose path is walked on.
    nodes: list[bytes] = []
    level, size = [(index, index, 0) for index in leaf_indices], leaf_count
    while size > 1:
        above: list[tuple[int, int, int]] = []
        for place, (index, leader, step) in enumerate(level):
            if index & 1 and place and level[place - 1][0] == index - 1:
                continue  # its sibling went up before it
            has_right = place + 1 < len(level) and level[place + 1][0] == index + 1 and not index & 1
            is_promoted = index ^ 1 >= size
            if not has_right and not is_promoted:
                nodes.append(paths[leader][step])
            above.append((index >> 1, leader, step + (not is_promoted)))
        level, size = above, (size + 1) // 2
    return MultiProof(leaf_count, leaf_indices, tuple(nodes))


def node_count(leaf_indices: Sequence[int], leaf_count: int) -> int:
    """How many nodes the proof of these leaves has.

    Raises:
        ProofError: indices or count are not in order; as `root_of_multiproof`.
    """
    _check_leaves(leaf_indices, leaf_count)
    count, level, size = 0, list(leaf_indices), leaf_count
    while size > 1:
        present = set(level)
        count += sum(1 for index in level if index ^ 1 < size and index ^ 1 not in present)
        level, size = list(dict.fromkeys(index >> 1 for index in level)), (size + 1) // 2
    return count


def root_of_multiproof(digests: Sequence[bytes], proof: MultiProof, *, node_hash: NodeHash = node_hash) -> bytes:
    """The root that the proof leads to from these digests, which are in the order of its indices.

    Raises:
        ProofError: `code` is count-range, no-leaves, too-many-leaves, index-order, index-range, digest-count,
            node-count or node-length.
    """
    return _levels(digests, proof, node_hash)[-1][0]


def check_multiproof(
    digests: Sequence[bytes], root: bytes, proof: MultiProof, *, node_hash: NodeHash = node_hash
) -> None:
    """Check that the digests are the leaves at those indices of the tree with that root and leaf count.

    It holds for the leaf count in the proof: compare that with the one anchored on chain.

    Raises:
        ProofError: they are not; as `root_of_multiproof`, or code `root-differs`.
    """
    derived = root_of_multiproof(digests, proof, node_hash=node_hash)
    if derived != root:
        raise _refused(f"the proof leads to the root {derived.hex()}, not to {root.hex()}", "root-differs")


def expanded(digests: Sequence[bytes], proof: MultiProof) -> tuple[InclusionProof, ...]:
    """The single proofs of the same leaves, in their order; all of them lead to one root.

    Raises:
        ProofError: as `root_of_multiproof`.
    """
    levels = _levels(digests, proof, node_hash)
    singles = []
    for leaf_index in proof.leaf_indices:
        path, index, size = [], leaf_index, proof.leaf_count
        for level in levels[:-1]:
            if index ^ 1 < size:
                path.append(level[index ^ 1])
            index, size = index >> 1, (size + 1) // 2
        singles.append(InclusionProof(leaf_index, proof.leaf_count, tuple(path)))
    return tuple(singles)


def _levels(digests: Sequence[bytes], proof: MultiProof, node_hash: NodeHash) -> list[dict[int, bytes]]:
    """The nodes that are known of each level, by their index there: those that are given, and those that follow."""
    expected = node_count(proof.leaf_indices, proof.leaf_count)
    if len(digests) != len(proof.leaf_indices):
        raise _refused(f"the proof is of {len(proof.leaf_indices)} leaves, not of {len(digests)}", "digest-count")
    if len(proof.nodes) != expected:
        raise _refused(f"the proof of these leaves has {expected} nodes, not {len(proof.nodes)}", "node-count")
    if {*map(len, digests), *map(len, proof.nodes)} != {NODE_SIZE}:
        raise _refused(f"a digest or a node is not {NODE_SIZE} bytes long", "node-length")
    given = iter(proof.nodes)
    levels, size = [dict(zip(proof.leaf_indices, digests, strict=True))], proof.leaf_count
    while size > 1:
        level, above = levels[-1], {}
        for index in list(level):
            sibling = index ^ 1
            if sibling < size and sibling not in level:
                level[sibling] = next(given)
            if index >> 1 not in above:
                above[index >> 1] = level[index] if sibling >= size else node_hash(level[index & ~1], level[index | 1])
        levels.append(above)
        size = (size + 1) // 2
    return levels


def _check_leaves(leaf_indices: Sequence[int], leaf_count: int) -> None:
    if not leaf_indices:
        raise _refused("the proof is of no leaf", "no-leaves")
    if len(leaf_indices) > MOST_PROVED:
        raise _refused(f"the proof is of {len(leaf_indices)} leaves; at most {MOST_PROVED} are read", "too-many-leaves")
    if not 1 <= leaf_count <= MAX_LEAVES:
        raise _refused(f"a leaf count of {leaf_count} is not within 1 and {MAX_LEAVES}", "count-range")
    before = -1
    for index in leaf_indices:
        if not 0 <= index < leaf_count:
            raise _refused(f"leaf {index} is not within a tree of {leaf_count} leaves", "index-range")
        if index <= before:
            raise _refused(f"leaf {index} stands after leaf {before}, and has to stand before it once", "index-order")
        before = index


def _refused(what: str, code: str) -> ProofError:
    return ProofError(what, remedy="Ask whoever made it for a new one.", code=code)
