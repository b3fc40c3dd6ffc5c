"""The Merkle tree of a batch: its proofs of inclusion and of absence, and how to check them.

The shape is RFC 6962's over leaves sorted ascending, with SHA-256(left ‖ right) and no prefixes, so the root equals
that of merkletools, Blockcerts and Chainpoint over the same leaves. Without prefixes a leaf and an interior node look
alike. What tells them apart is the leaf count: every check derives the length and the turns of the path from
(index, count), as RFC 9162 section 2.1.3.2 does, and refuses any other. `docs/reference/tree.md` says all of it for a
second implementation.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Self

from registry.errors import TreeError
from registry.merkle import treefile
from registry.merkle.pieces import derived, fault_in, pieces_of
from registry.merkle.proof import NODE_SIZE, InclusionProof
from registry.merkle.search import KEY_SIZE, SearchableTree, key_of, position_of
from registry.merkle.sorting import sorted_unique
from registry.merkle.treebytes import TreeBytes
from registry.merkle.treefile import HEADER, TreeId, levels_of

_BLOCK_LEAVES = 64  # read at a time in a search: a read costs more than the bytes that it brings
_BLOCK_BYTES = _BLOCK_LEAVES * NODE_SIZE
_LEAVES_READ = 1 << 20  # bytes read at a time where all leaves are wanted
# A tree that is asked often keeps the keys of some leaves in mind, 128 KiB at most, so that the first read is the right
# one; of more leaves than eight million it would have to be too long.
_SEARCHES_BEFORE_FENCES = 64
_MOST_LEAVES_A_FENCE = 512
_MOST_FENCES = 16384


class Tree(SearchableTree):
    """The whole tree of a batch, immutable, in memory or read from its file.

    Make one with `Tree.build`, `Tree.open` or `Tree.read`; it is a context manager. Not usable after `close`.

    Whatever reads a file raises `TreeError` with code `file-length` or `unreadable` when the file does not have any
    more what it had when it was opened.
    """

    def __init__(self, content: TreeBytes, leaf_count: int, root: bytes):
        self._content = content
        self._levels = levels_of(leaf_count)
        # What a lookup walks, without attribute access: (offset, size) of each level that has one above it, those that
        # are read from the file first, then those in memory by their offset there.
        held_from, below_root = content.held_from, self._levels[:-1]
        self._far = tuple((level.offset, level.size) for level in below_root if level.offset < held_from)
        self._near = tuple((level.offset - held_from, level.size) for level in below_root[len(self._far) :])
        # Leaves of a search and where they begin: replaced as one, so that threads do not mix them up.
        self._read_last = (0, b"")
        self._searches = 0
        self._fences: tuple[array[int], int] | None = None
        self.leaf_count = leaf_count
        self.root = root

    @classmethod
    def build(cls, digests: Iterable[bytes]) -> Tree:
        """The tree over the set of these digests, 32 bytes each, in any order and with repetitions.

        Takes about 64 bytes of memory a digest, 96 while it works.

        Raises:
            TreeError: there is none, one is not 32 bytes long, or there are more than 2**32 - 1.
        """
        packed = sorted_unique(digests)
        leaf_count = sum(map(len, packed)) // NODE_SIZE
        data = treefile.lay_out(packed)
        return cls(TreeBytes(data), leaf_count, data[-NODE_SIZE:])

    @classmethod
    def open(
        cls,
        path: str | PathLike[str],
        *,
        expected: TreeId | None = None,
        held_bytes: int | None = treefile.HELD_BYTES,
    ) -> Tree:
        """The tree in that file, opened, not read: quick for any size. `check` reads all of it.

        Args:
            held_bytes: of its upper levels that are kept in memory, 32 at least.

        Raises:
            TreeError: the file cannot be read, is no tree file, has another length than its leaf count says, or holds
                another tree than expected.
        """
        file = Path(path)
        content, found = treefile.open_file(file, held_bytes=held_bytes)
        if expected is not None and found != expected:
            raise TreeError(
                f"the file holds the tree {found}, not {expected}",
                where=str(file),
                remedy="Put the file of the wanted tree in its place, or run `testamur trees repair`.",
                code="other-tree",
            )
        return cls(content, found.leaf_count, found.root)

    @classmethod
    def read(cls, path: str | PathLike[str], *, expected: TreeId | None = None) -> Tree:
        """The tree in that file, copied into memory, 64 bytes a leaf: what becomes of the file then does not matter.

        Raises:
            TreeError: as `open`.
        """
        return cls.open(path, expected=expected, held_bytes=None)

    @property
    def content(self) -> TreeBytes:
        """Its bytes as they stand in its file, header first; not usable after `close`."""
        return self._content

    @property
    def held_bytes(self) -> int:
        """The memory that it takes."""
        return len(self._content.held)

    @property
    def id(self) -> TreeId:
        """Its root and its leaf count, which identify it."""
        return TreeId(self.root, self.leaf_count)

    def has_bytes_of(self, other: Tree) -> bool:
        """Whether it is that tree in every node.

        Raises:
            TreeError: a file of either cannot be read.
        """
        return self.id == other.id and treefile.same_bytes(self._content, other._content, self._levels[-1].end)

    def write(self, path: str | PathLike[str]) -> None:
        """Write the tree file; the name appears only when all of it is safely on disk.

        Raises:
            TreeError: it cannot be written; nothing is left behind.
        """
        treefile.write_file(self._content, self._levels[-1].end, Path(path))

    def leaf(self, leaf_index: int) -> bytes:
        """The digest at that position.

        Raises:
            TreeError: there is no such leaf.
        """
        self._require(leaf_index)
        return self._content.read(HEADER.size + leaf_index * NODE_SIZE, NODE_SIZE)

    def leaves(self) -> Iterator[bytes]:
        """All digests in ascending order."""
        return treefile.nodes_of(self._content, self._levels[0])

    def leaf_blocks(self) -> Iterator[bytes]:
        """All digests in ascending order, packed: so many at a time that they cost nothing each."""
        for start in range(HEADER.size, self._levels[0].end, _LEAVES_READ):
            yield self._content.read(start, min(_LEAVES_READ, self._levels[0].end - start))

    def inclusion(self, leaf_index: int) -> InclusionProof:
        """The proof that the leaf at that position is in the tree.

        Raises:
            TreeError: there is no such leaf.
        """
        self._require(leaf_index)
        path, index = self._path_from_file(leaf_index) if self._far else [], leaf_index >> len(self._far)
        held = self._content.held
        for offset, size in self._near:
            sibling = index ^ 1
            if sibling < size:
                start = offset + sibling * NODE_SIZE
                path.append(held[start : start + NODE_SIZE])
            index >>= 1
        return InclusionProof(leaf_index, self.leaf_count, tuple(path))

    def _path_from_file(self, index: int) -> list[bytes]:
        """The siblings in the levels that are not in memory."""
        path: list[bytes] = []
        pread = self._content.pread
        read_from, leaves = self._read_last
        try:
            for offset, size in self._far:
                sibling = index ^ 1
                if sibling < size:
                    start = offset + sibling * NODE_SIZE
                    # The search that found the leaf has read its sibling, too.
                    at = start - read_from
                    node = leaves[at : at + NODE_SIZE] if 0 <= at < len(leaves) else pread(NODE_SIZE, start)
                    if len(node) != NODE_SIZE:
                        raise self._content.short()
                    path.append(node)
                index >>= 1
        except OSError as error:
            raise self._content.unreadable(error) from None
        return path

    def check(self) -> None:
        """Derive the whole tree again from its leaves: every level and the root, then their order.

        In this sequence, so that `leaf-order` is said of the batch that was anchored, and never of a damaged file.

        Raises:
            TreeError: names the leaf or node that differs.
        """
        pieces = [(piece, derived(self._content, self.leaf_count, piece)) for piece in pieces_of(self.leaf_count)]
        if (fault := fault_in(self.id, pieces)) is not None:
            raise fault

    def close(self) -> None:
        """Let go of the memory or the file."""
        self._content.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _position(self, digest: bytes) -> tuple[int, bool]:
        key = key_of(digest)
        position = self._place_by_fences(digest, key)
        if position is not None:
            return position, True
        read, end = self._content.read, self._levels[0].end

        def block(number: int) -> bytes:
            start = HEADER.size + number * _BLOCK_BYTES
            return read(start, min(_BLOCK_BYTES, end - start))

        return position_of(digest, self.leaf_count, _BLOCK_LEAVES, block)

    def _place_by_fences(self, digest: bytes, key: int) -> int | None:
        """Where a digest is, by one read; None when it is not there, which does not say that it is nowhere."""
        fences = self._fences
        if fences is None:
            self._searches += 1
            if self._searches < _SEARCHES_BEFORE_FENCES or self.leaf_count > _MOST_FENCES * _MOST_LEAVES_A_FENCE:
                return None
            fences = self._fences = self._read_fences()
        keys, size = fences
        start = HEADER.size + (bisect_right(keys, key) - 1) * size
        leaves = self._content.read(start, min(size, self._levels[0].end - start)) if start >= HEADER.size else b""
        at = leaves.find(digest)
        if at < 0 or at % NODE_SIZE:
            return None
        self._read_last = (start, leaves)
        return (start - HEADER.size + at) // NODE_SIZE

    def _read_fences(self) -> tuple[array[int], int]:
        """The keys of some leaves, evenly spread, and how many bytes lie from one to the next."""
        size = max(_BLOCK_LEAVES, -(-self.leaf_count // _MOST_FENCES)) * NODE_SIZE
        starts = range(HEADER.size, self._levels[0].end, size)
        return array("Q", [int.from_bytes(self._content.read(start, KEY_SIZE)) for start in starts]), size
