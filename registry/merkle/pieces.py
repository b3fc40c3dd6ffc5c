"""A tree checked in pieces: aligned ranges of its leaves, each derived by itself, and what their roots come to.

A piece has 2^h leaves and begins at a multiple of that, the last one may have fewer: its nodes up to height h depend on
nothing else in the tree (RFC 9162 section 2.1; `docs/reference/tree.md`). So pieces are derived in any order, wherever
the file can be read, and a tree is in order when all of its pieces are, their roots lead to that of the tree, and each
begins after the one before it ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from operator import lt
from struct import Struct
from typing import Final

from registry.errors import TreeError
from registry.merkle.hashing import parents
from registry.merkle.proof import NODE_SIZE
from registry.merkle.treebytes import TreeBytes
from registry.merkle.treefile import BLOCK_BYTES, TreeId, levels_of

PIECE_HEIGHT: Final = 16
"""65,536 leaves, 4 MiB of a file with the nodes above them: what one range of storage brings at once."""
_NODE: Final = Struct(f"{NODE_SIZE}s")


@dataclass(frozen=True, slots=True)
class Piece:
    """A range of the leaves of a tree.

    Attributes:
        first: index of its first leaf, a multiple of 2 ** height.
        count: leaves, 2 ** height or, in the last piece, those that are left.
        height: of the node that it leads to; less where the whole tree is lower.
    """

    first: int
    count: int
    height: int


@dataclass(frozen=True, slots=True)
class PieceFound:
    """What a piece came to, derived from its leaves.

    Attributes:
        root: the node that its leaves lead to.
        least, greatest: its first and its last leaf.
        differs: height and index of the first stored node that does not follow from its leaves, lowest height first.
        unordered: index of the first leaf in it that is not greater than the leaf before it in the piece.
        above: of a tree's first piece, the stored nodes above all pieces, level by level; else empty.
    """

    root: bytes
    least: bytes
    greatest: bytes
    differs: tuple[int, int] | None = None
    unordered: int | None = None
    above: bytes = b""


def pieces_of(leaf_count: int, height: int = PIECE_HEIGHT) -> Iterator[Piece]:
    """The pieces of a tree in order, one at least."""
    size = 1 << height
    for first in range(0, leaf_count, size):
        yield Piece(first, min(size, leaf_count - first), height)


def derived(content: TreeBytes, leaf_count: int, piece: Piece) -> PieceFound:
    """Derive a piece from its leaves, and compare with what the file has.

    Raises:
        TreeError: code `file-length` or `unreadable`: the file does not have it any more.
    """
    levels = levels_of(leaf_count)
    below = content.read(levels[0].offset + piece.first * NODE_SIZE, piece.count * NODE_SIZE)
    least, greatest = below[:NODE_SIZE], below[-NODE_SIZE:]
    unordered, differs = _unordered(below, piece.first), None
    for height, level in enumerate(levels[1 : piece.height + 1], 1):
        start = piece.first >> height
        below = _parents(below)
        stored = content.read(level.offset + start * NODE_SIZE, len(below))
        if stored != below:
            differs = height, start + _first_difference(stored, below)
            break
    above = b""
    if piece.first == 0 and len(levels) > piece.height + 1:
        start = levels[piece.height + 1].offset
        above = content.read(start, levels[-1].end - start)
    return PieceFound(below, least, greatest, differs, unordered, above)


def fault_in(tree: TreeId, pieces: Sequence[tuple[Piece, PieceFound]]) -> TreeError | None:
    """What is wrong with a tree by some of its pieces, in their order; None when nothing is, as far as they go.

    The first node that does not follow is told, and only where all nodes do, the first leaf out of order: so that
    `leaf-order` is said of the batch that was anchored, and never of a damaged file. Of a tree with a piece missing,
    what the others show against it is told; that it is in order is not known then.
    """
    if wrong := [found.differs for _, found in pieces if found.differs is not None]:
        return _differing(*min(wrong))
    is_whole = sum(piece.count for piece, _ in pieces) == tree.leaf_count
    if not is_whole:
        # A leaf out of order may be one of a damaged file: what is not here would show it.
        return None
    if (above := _differing_above(tree, pieces)) is not None:
        return above
    unordered = [found.unordered for _, found in pieces if found.unordered is not None]
    for (_, before), (piece, found) in pairwise(pieces):
        if before.greatest >= found.least:
            unordered.append(piece.first)
    return _out_of_order(min(unordered)) if unordered else None


def _differing_above(tree: TreeId, pieces: Sequence[tuple[Piece, PieceFound]]) -> TreeError | None:
    """The first node above the pieces that does not follow from their roots."""
    first, found = pieces[0]
    below = b"".join(each.root for _, each in pieces)
    at = 0
    for height, level in enumerate(levels_of(tree.leaf_count)[first.height + 1 :], first.height + 1):
        below = _parents(below)
        stored = found.above[at : at + level.size * NODE_SIZE]
        if stored != below:
            return _differing(height, _first_difference(stored, below))
        at += len(stored)
    # Only where pieces were read of several files: each of these has the root of the tree on top.
    return None if below == tree.root else _differing(len(levels_of(tree.leaf_count)) - 1, 0)


def _parents(nodes: bytes) -> bytes:
    """The level above, hashed block by block."""
    return b"".join([parents(nodes[at : at + BLOCK_BYTES]) for at in range(0, len(nodes), BLOCK_BYTES)])


def _unordered(leaves: bytes, first: int) -> int | None:
    """The index of the first leaf that is not greater than the one before it."""
    for at in range(0, len(leaves), BLOCK_BYTES):
        # With the last leaf of the block before.
        start = max(0, at - NODE_SIZE)
        nodes = [node for (node,) in _NODE.iter_unpack(leaves[start : at + BLOCK_BYTES])]
        if not all(map(lt, nodes, islice(nodes, 1, None))):
            here = next(index for index, (one, other) in enumerate(pairwise(nodes), 1) if one >= other)
            return first + start // NODE_SIZE + here
    return None


def _first_difference(stored: bytes, derived: bytes) -> int:
    pairs = zip(_NODE.iter_unpack(stored), _NODE.iter_unpack(derived), strict=False)
    return next((index for index, (one, other) in enumerate(pairs) if one != other), 0)


def _differing(height: int, index: int) -> TreeError:
    return TreeError(
        f"node {index} of level {height} does not follow from the level below",
        remedy="Build the tree again from the digests.",
        code="node-differs",
    )


def _out_of_order(index: int) -> TreeError:
    return TreeError(
        f"leaf {index} is not greater than the leaf before it",
        remedy="Build the tree again from the digests; absence cannot be proved from this one.",
        code="leaf-order",
    )
