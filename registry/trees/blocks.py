"""A tree that is read from its file by blocks of 256 nodes, 8 KiB each, wherever the file is.

Only every eighth level is read: the seven levels above the nodes of a block follow from them by hashing. A path to the
root therefore takes one block for each eight levels: one up to 256 leaves, two up to 65,536, three up to 16,777,216.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from registry.merkle.hashing import parents
from registry.merkle.proof import NODE_SIZE, InclusionProof
from registry.merkle.search import SearchableTree, position_of
from registry.merkle.treefile import levels_of

BLOCK_LEVELS = 8
BLOCK_NODES = 1 << BLOCK_LEVELS
BLOCK_BYTES = BLOCK_NODES * NODE_SIZE


class Block:
    """Up to 256 neighbouring nodes of one level, and the levels that follow from them.

    Args:
        nodes: 32 bytes each, one after the other; the first one's index in its level is a multiple of 256.
    """

    __slots__ = ("_levels", "size")

    def __init__(self, nodes: bytes):
        self._levels = [nodes]
        while len(nodes) > NODE_SIZE:
            nodes = parents(nodes)
            self._levels.append(nodes)
        self.size = sum(map(len, self._levels))

    @property
    def nodes(self) -> bytes:
        """Those that it was made of."""
        return self._levels[0]

    def node(self, place: int) -> bytes:
        """The node at that place in the block."""
        return self._levels[0][place * NODE_SIZE : (place + 1) * NODE_SIZE]

    def siblings(self, place: int) -> list[bytes]:
        """The siblings on the way up from a node, as far as the block determines them."""
        path = []
        for nodes in self._levels[:BLOCK_LEVELS]:
            # Past the end there is nothing: a node without a sibling is promoted.
            if sibling := nodes[(place ^ 1) * NODE_SIZE : ((place ^ 1) + 1) * NODE_SIZE]:
                path.append(sibling)
            place >>= 1
        return path


class BlockTree(SearchableTree):
    """A tree of which only the blocks that a question needs are read.

    Args:
        leaf_count: from its header.
        root: from its header.
        read: the bytes of the file from an offset on, exactly as many as asked for, as a block.
    """

    def __init__(self, leaf_count: int, root: bytes, read: Callable[[int, int], Block]):
        self.leaf_count = leaf_count
        self.root = root
        self._read = read
        levels = levels_of(leaf_count)
        # The levels that are read: every eighth one below the root, and the only one of a tree of one leaf.
        self._read_levels = levels[: max(1, len(levels) - 1) : BLOCK_LEVELS]

    def leaf(self, leaf_index: int) -> bytes:
        """As in `SearchableTree`."""
        self._require(leaf_index)
        return self._block(0, leaf_index // BLOCK_NODES).node(leaf_index % BLOCK_NODES)

    def inclusion(self, leaf_index: int) -> InclusionProof:
        """As in `SearchableTree`."""
        path: list[bytes] = []
        for height, block, place in self._way_up(leaf_index):
            path += self._block(height, block).siblings(place)
        return InclusionProof(leaf_index, self.leaf_count, tuple(path))

    def spans(self, leaf_index: int) -> list[tuple[int, int]]:
        """What the inclusion proof of a leaf is made of, as it is read: offsets and sizes, the leaf's block first.

        Raises:
            TreeError: there is no such leaf.
        """
        return [self._span(height, block) for height, block, _ in self._way_up(leaf_index)]

    def _way_up(self, leaf_index: int) -> Iterator[tuple[int, int, int]]:
        """The blocks on the way to the root, by height and number, and the place of the way in each."""
        self._require(leaf_index)
        index = leaf_index
        for height in range(len(self._read_levels)):
            block, place = divmod(index, BLOCK_NODES)
            yield height, block, place
            index = block

    def _block(self, height: int, number: int) -> Block:
        return self._read(*self._span(height, number))

    def _span(self, height: int, number: int) -> tuple[int, int]:
        level = self._read_levels[height]
        start = level.offset + number * BLOCK_BYTES
        return start, min(start + BLOCK_BYTES, level.end) - start

    def _position(self, digest: bytes) -> tuple[int, bool]:
        return position_of(digest, self.leaf_count, BLOCK_NODES, lambda number: self._block(0, number).nodes)
