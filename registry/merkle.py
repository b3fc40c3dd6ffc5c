"""The Merkle tree of a batch: its proofs of inclusion and of absence, and how to check them.

The shape is RFC 6962's over leaves sorted ascending, with SHA-256(left ‖ right) and no prefixes, so the root equals
that of merkletools, Blockcerts and Chainpoint over the same leaves. Without prefixes a leaf and an interior node look
alike. What tells them apart is the leaf count: every check derives the length and the turns of the path from
(index, count), as RFC 9162 section 2.1.3.2 does, and refuses any other. `docs/reference/tree.md` says all of it for a
second implementation.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from mmap import mmap
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Self, TypeAlias

from registry import treefile
from registry.errors import ProofError, TreeError
from registry.treefile import HEADER, MAX_LEAVES, NODE_SIZE, TreeId, levels_of

NodeHash: TypeAlias = Callable[[bytes, bytes], bytes]

# Interpolation finds a leaf among a million evenly spread ones in about five probes. Digests that an issuer chose need
# not be spread evenly, so after this many the rest is bisection: never more than 8 + 32 probes.
_INTERPOLATIONS = 8
_KEY_SIZE = 8  # leading bytes of a digest that interpolation looks at


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


class Tree:
    """The whole tree of a batch, immutable, in memory or mapped from its file.

    Make one with `Tree.build` or `Tree.open`; it is a context manager. Not usable after `close`.
    """

    def __init__(self, data: mmap, leaf_count: int, root: bytes):
        self._data = data
        self._levels = levels_of(leaf_count)
        # What a lookup walks, without attribute access: (offset, size) of each level that has one above it.
        self._below_root = tuple((level.offset, level.size) for level in self._levels[:-1])
        self.leaf_count = leaf_count
        self.root = root

    @classmethod
    def build(cls, digests: Iterable[bytes]) -> Tree:
        """The tree over the set of these digests, 32 bytes each, in any order and with repetitions.

        Takes about 64 bytes of memory a digest, 96 while it works.

        Raises:
            TreeError: there is none, one is not 32 bytes long, or there are more than 2**32 - 1.
        """
        packed = treefile.sorted_unique(digests)
        leaf_count = sum(map(len, packed)) // NODE_SIZE
        data = treefile.lay_out(packed)
        return cls(data, leaf_count, data[-NODE_SIZE:])

    @classmethod
    def open(cls, path: str | PathLike[str], *, expected: TreeId | None = None) -> Tree:
        """The tree in that file, mapped, not read: quick for any size. `check` reads all of it.

        Raises:
            TreeError: the file cannot be read, is no tree file, has another length than its leaf count says, or holds
                another tree than expected.
        """
        file = Path(path)
        data, leaf_count, root = treefile.map_file(file)
        if expected is not None and (root, leaf_count) != expected:
            data.close()
            raise TreeError(
                f"the file holds the tree {TreeId(root, leaf_count)}, not {expected}",
                where=str(file),
                remedy="Put the file of the wanted tree in its place.",
                code="other-tree",
            )
        return cls(data, leaf_count, root)

    @property
    def id(self) -> TreeId:
        """Its root and its leaf count, which identify it."""
        return TreeId(self.root, self.leaf_count)

    def write(self, path: str | PathLike[str]) -> None:
        """Write the tree file; the name appears only when all of it is safely on disk.

        Raises:
            TreeError: it cannot be written; nothing is left behind.
        """
        treefile.write_file(self._data, Path(path))

    def leaf(self, leaf_index: int) -> bytes:
        """The digest at that position.

        Raises:
            TreeError: there is no such leaf.
        """
        self._require(leaf_index)
        start = HEADER.size + leaf_index * NODE_SIZE
        return self._data[start : start + NODE_SIZE]

    def leaves(self) -> Iterator[bytes]:
        """All digests in ascending order."""
        return treefile.nodes_of(self._data, self._levels[0])

    def index_of(self, digest: bytes) -> int | None:
        """The position of a digest, or None when it is not in the tree.

        Raises:
            TreeError: the digest is not 32 bytes long.
        """
        position = self._position(digest)
        return position if position < self.leaf_count and self.leaf(position) == digest else None

    def inclusion(self, leaf_index: int) -> InclusionProof:
        """The proof that the leaf at that position is in the tree.

        Raises:
            TreeError: there is no such leaf.
        """
        self._require(leaf_index)
        data, path, index = self._data, [], leaf_index
        for offset, size in self._below_root:
            sibling = index ^ 1
            if sibling < size:
                start = offset + sibling * NODE_SIZE
                path.append(data[start : start + NODE_SIZE])
            index >>= 1
        return InclusionProof(leaf_index, self.leaf_count, tuple(path))

    def absence(self, digest: bytes) -> AbsenceProof:
        """The proof that a digest is not in the tree.

        Raises:
            TreeError: it is in the tree, or is not 32 bytes long.
        """
        position = self._position(digest)
        if position < self.leaf_count and self.leaf(position) == digest:
            raise TreeError(
                f"{digest.hex()} is leaf {position} of the tree: there is no proof of its absence",
                remedy="Ask for its inclusion instead.",
                code="present",
            )
        return AbsenceProof(
            self.leaf_count,
            lower=self._neighbour(position - 1) if position > 0 else None,
            upper=self._neighbour(position) if position < self.leaf_count else None,
        )

    def check(self) -> None:
        """Derive the whole tree again from its leaves: every level and the root, then their order.

        In this sequence, so that `leaf-order` is said of the batch that was anchored, and never of a damaged file.

        Raises:
            TreeError: names the leaf or node that differs.
        """
        treefile.check_levels(self._data, self._levels)
        treefile.check_order(self._data, self._levels[0])

    def close(self) -> None:
        """Release the memory or the mapped file."""
        self._data.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _require(self, leaf_index: int) -> None:
        if not 0 <= leaf_index < self.leaf_count:
            raise TreeError(f"leaf {leaf_index} is not within a tree of {self.leaf_count} leaves", code="index-range")

    def _neighbour(self, leaf_index: int) -> Neighbour:
        return Neighbour(self.leaf(leaf_index), self.inclusion(leaf_index))

    def _position(self, digest: bytes) -> int:
        """The position of the first leaf that is not less than the digest."""
        if len(digest) != NODE_SIZE:
            raise TreeError(f"the digest has {len(digest)} bytes, not {NODE_SIZE}", code="digest-length")
        data, target = self._data, int.from_bytes(digest[:_KEY_SIZE])
        # Every leaf before `low` is less than the digest, every leaf from `high` on is not.
        low, low_key = 0, -1
        high, high_key = self.leaf_count, 1 << 8 * _KEY_SIZE
        for _ in range(_INTERPOLATIONS):
            if low == high or not low_key < target < high_key:
                break
            guess = low + (target - low_key) * (high - low) // (high_key - low_key)  # below high, as target < high_key
            start = HEADER.size + guess * NODE_SIZE
            leaf = data[start : start + NODE_SIZE]
            if leaf < digest:
                low, low_key = guess + 1, int.from_bytes(leaf[:_KEY_SIZE])
            elif leaf == digest:
                return guess
            else:
                high, high_key = guess, int.from_bytes(leaf[:_KEY_SIZE])
        return bisect_left(range(high), digest, lo=low, key=self.leaf)
