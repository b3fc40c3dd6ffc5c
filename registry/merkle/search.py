"""Finding a digest among the ascending leaves of a tree, and proving where it is not: the same for every tree.

A tree says how its leaves are read; what follows from that is said here once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Callable
from typing import Final

from registry.errors import TreeError
from registry.merkle.proof import NODE_SIZE, AbsenceProof, InclusionProof, Neighbour

# Evenly spread digests are found in the second or third block that interpolation points at. Digests that an issuer
# chose need not be spread evenly, so after this many the rest is bisection: never more than 4 + 26 blocks.
_INTERPOLATIONS = 4
KEY_SIZE: Final = 8
"""Leading bytes of a digest that interpolation looks at."""
PRESENT: Final = "present"
"""The code of an absence that cannot be proved: the digest is there."""


class SearchableTree(ABC):
    """What there is to ask of a tree, in a file here or in blocks from elsewhere. Nothing of it is verified."""

    leaf_count: int
    root: bytes

    @abstractmethod
    def leaf(self, leaf_index: int) -> bytes:
        """The digest at that position.

        Raises:
            TreeError: there is no such leaf.
        """

    @abstractmethod
    def inclusion(self, leaf_index: int) -> InclusionProof:
        """The proof that the leaf at that position is in the tree.

        Raises:
            TreeError: there is no such leaf.
        """

    @abstractmethod
    def _position(self, digest: bytes) -> tuple[int, bool]:
        """The position of the first leaf that is not less than the digest, and whether it is the digest."""

    def index_of(self, digest: bytes) -> int | None:
        """The position of a digest, or None when it is not in the tree.

        Raises:
            TreeError: the digest is not 32 bytes long.
        """
        position, found = self._position(digest)
        return position if found else None

    def absence(self, digest: bytes) -> AbsenceProof:
        """The proof that a digest is not in the tree.

        Raises:
            TreeError: it is in the tree (code `present`), or is not 32 bytes long.
        """
        position, found = self._position(digest)
        if found:
            raise TreeError(
                f"{digest.hex()} is leaf {position} of the tree: there is no proof of its absence",
                remedy="Ask for its inclusion instead.",
                code=PRESENT,
            )
        return AbsenceProof(
            self.leaf_count,
            lower=self._neighbour(position - 1) if position > 0 else None,
            upper=self._neighbour(position) if position < self.leaf_count else None,
        )

    def _neighbour(self, leaf_index: int) -> Neighbour:
        return Neighbour(self.leaf(leaf_index), self.inclusion(leaf_index))

    def _require(self, leaf_index: int) -> None:
        if not 0 <= leaf_index < self.leaf_count:
            raise TreeError(f"leaf {leaf_index} is not within a tree of {self.leaf_count} leaves", code="index-range")


def position_of(digest: bytes, leaf_count: int, block_leaves: int, block: Callable[[int], bytes]) -> tuple[int, bool]:
    """The position of the first leaf that is not less than a digest, and whether it is the digest.

    Where there is no such leaf, the position is the leaf count.

    Args:
        block_leaves: leaves of a block.
        block: the leaves of the block with that number, fewer in the last one.

    Raises:
        TreeError: the digest is not 32 bytes long.
    """
    target = key_of(digest)
    # Every leaf before block `low` is less than the digest, every leaf from block `high` on is not.
    low, low_key = 0, 0
    high, high_key = -(-leaf_count // block_leaves), 1 << 8 * KEY_SIZE
    probes = 0
    while low < high:
        guess = (low + high) // 2
        if probes < _INTERPOLATIONS and low_key <= target < high_key:
            guess = low + (target - low_key) * (high - low) // (high_key - low_key)
        probes += 1
        leaves = block(guess)
        last = leaves[-NODE_SIZE:]
        if last < digest:
            low, low_key = guess + 1, int.from_bytes(last[:KEY_SIZE])
            continue
        first = leaves[:NODE_SIZE]
        if first >= digest:
            high, high_key = guess, int.from_bytes(first[:KEY_SIZE])
            if first == digest:
                return guess * block_leaves, True
            continue
        # The search for the bytes is quicker than comparing leaves.
        at = leaves.find(digest)
        if at >= 0 and not at % NODE_SIZE:
            return guess * block_leaves + at // NODE_SIZE, True
        places = range(len(leaves) // NODE_SIZE)
        place = bisect_left(places, digest, key=lambda place: leaves[place * NODE_SIZE : (place + 1) * NODE_SIZE])
        return guess * block_leaves + place, leaves[place * NODE_SIZE : (place + 1) * NODE_SIZE] == digest
    return min(low * block_leaves, leaf_count), False


def key_of(digest: bytes) -> int:
    """The number that the digest begins with, by which it is looked for."""
    if len(digest) != NODE_SIZE:
        raise TreeError(f"the digest has {len(digest)} bytes, not {NODE_SIZE}", code="digest-length")
    return int.from_bytes(digest[:KEY_SIZE])
