"""The bytes of a `.tree` file: a header, then the levels one after the other, and the work of filling them.

The layout is described in `docs/reference/tree.md`. A tree being built is laid out in anonymous memory exactly as in
its file, so writing it is one copy and reading it is the same code as reading the file.
"""

from __future__ import annotations

import os
import re
import secrets
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from mmap import MAP_ANONYMOUS, MAP_PRIVATE, mmap
from pathlib import Path
from typing import NamedTuple

from registry.errors import TreeError
from registry.merkle.hashing import PARALLEL_FROM, fill, fill_file
from registry.merkle.proof import MAX_LEAVES, NODE_SIZE
from registry.merkle.treebytes import CODE_SHORT, CODE_UNREADABLE, TreeBytes
from registry.privatefiles import private_opener

# The line ends and the end-of-file character break when a file was transferred as text, as in PNG.
MAGIC = b"testamur tree\r\n\x1a"
VERSION = 1
HEADER = struct.Struct(">16sII8x32s")  # magic, version, leaf count, eight zero bytes, root

_NODE = struct.Struct(f"{NODE_SIZE}s")
_PIECE = 1 << 20  # bytes of a file read or written at a time
BLOCK_BYTES = 1 << 16  # of a level hashed or compared at a time: fits the second-level cache
# Bytes of the upper levels of a file that are held in memory: with them, a proof from a million leaves takes three
# reads of the file instead of twenty, and the tree of 65,000 leaves or less is held whole.
HELD_BYTES = 1 << 22
_NAME = re.compile(r"([0-9a-f]{64})(?:-([1-9][0-9]{0,9}))?\.tree", re.ASCII)


class TreeId(NamedTuple):
    """Which tree: its root and its leaf count together.

    A root alone is not enough: the root of a tree of one leaf is that leaf, and the nodes of every level are the leaves
    of another tree with the same root. Anybody may anchor these.
    """

    root: bytes
    leaf_count: int

    @property
    def name(self) -> str:
        """The name of its file."""
        return f"{self.root.hex()}-{self.leaf_count}.tree"

    @property
    def former_name(self) -> str:
        """The name that its file had before names told the count; the tree of another count may have it as well."""
        return f"{self.root.hex()}.tree"

    def __str__(self) -> str:
        return f"0x{self.root.hex()} of {self.leaf_count} leaves"


def tree_named(name: str) -> tuple[bytes, int | None] | None:
    """Root and leaf count by the name of a file; no count in a former name, and None for any other name."""
    match = _NAME.fullmatch(name)
    return None if match is None else (bytes.fromhex(match[1]), int(match[2]) if match[2] else None)


class Level(NamedTuple):
    """One level of the tree in the file.

    Attributes:
        offset: byte at which its first node starts.
        size: number of nodes; a promoted node is stored in each level it passes through.
    """

    offset: int
    size: int

    @property
    def end(self) -> int:
        """The byte after its last node."""
        return self.offset + self.size * NODE_SIZE


def levels_of(leaf_count: int) -> tuple[Level, ...]:
    """The levels of a tree with that many leaves (1 or more), leaf level first, root last."""
    levels = [Level(HEADER.size, leaf_count)]
    while levels[-1].size > 1:
        levels.append(Level(levels[-1].end, (levels[-1].size + 1) // 2))
    return tuple(levels)


def lay_out(packed: list[bytes]) -> mmap:
    """A whole tree file in anonymous memory, from packed digests in strictly ascending order; empties the list.

    Raises:
        TreeError: there is no digest, or there are more than 2**32 - 1.
    """
    leaf_count = checked_count(sum(map(len, packed)) // NODE_SIZE)
    levels = levels_of(leaf_count)
    with _memory(levels) as (data, descriptor):
        data.seek(HEADER.size)
        packed.reverse()
        while packed:
            data.write(packed.pop())
        if descriptor is None:
            fill(lambda start, size: data[start : start + size], partial(_put, data), levels)
        else:
            fill_file(descriptor, levels)
        data[: HEADER.size] = packed_header(leaf_count, data[-NODE_SIZE:])
        return data


def checked_count(leaf_count: int) -> int:
    """The number of leaves, if a tree can have so many.

    Raises:
        TreeError: there is no digest, or there are more than 2**32 - 1.
    """
    if leaf_count == 0:
        raise TreeError("a tree needs at least one digest", remedy="Check that the input is not empty.", code="empty")
    if leaf_count > MAX_LEAVES:
        raise TreeError(
            f"{leaf_count} digests are too many for one tree, which holds at most {MAX_LEAVES}",
            remedy="Split the batch.",
            code="too-many-leaves",
        )
    return leaf_count


@contextmanager
def _memory(levels: tuple[Level, ...]) -> Iterator[tuple[mmap, int | None]]:
    """Memory for a whole tree; with a descriptor where several processes shall fill it."""
    if levels[0].size < PARALLEL_FROM or not hasattr(os, "memfd_create"):
        yield mmap(-1, levels[-1].end, flags=MAP_PRIVATE | MAP_ANONYMOUS), None
        return
    descriptor = os.memfd_create("tree")
    try:
        os.ftruncate(descriptor, levels[-1].end)
        yield mmap(descriptor, levels[-1].end), descriptor
    finally:
        os.close(descriptor)


def _put(data: mmap, start: int, nodes: bytes) -> None:
    data[start : start + len(nodes)] = nodes


def _blocks(content: TreeBytes, level: Level) -> Iterator[bytes]:
    for start in range(level.offset, level.end, BLOCK_BYTES):
        yield content.read(start, min(BLOCK_BYTES, level.end - start))


def nodes_of(content: TreeBytes, level: Level) -> Iterator[bytes]:
    """The nodes of a level in order."""
    for block in _blocks(content, level):
        for (node,) in _NODE.iter_unpack(block):
            yield node


def open_file(path: Path, *, held_bytes: int | None = HELD_BYTES) -> tuple[TreeBytes, TreeId]:
    """The file opened for reading, and which tree it says it holds.

    Only the header, the length and the upper levels are looked at, so this takes the same time for every size; nothing
    is allocated by what the header claims.

    Args:
        held_bytes: of the upper levels that are read into memory at once; None for the whole file, after which nothing
            that happens to it matters.

    Raises:
        TreeError: the file cannot be read, is no tree file, or is not as long as its leaf count says.
    """
    where = str(path)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        content = TreeBytes(b"", descriptor=descriptor, where=where)
        size = os.fstat(descriptor).st_size
        leaf_count, root = read_header(content.pread(HEADER.size, 0), where)
        levels = levels_of(leaf_count)
        if size != levels[-1].end:
            what = f"{leaf_count} leaves take {levels[-1].end} bytes, the file has {size}"
            raise _broken(where, what, CODE_SHORT)
        starts = [0, *(level.offset for level in levels)]
        content.held_from = next(start for start in starts if held_bytes is None or size - start <= held_bytes)
        content.held = b"".join(_pieces(content, content.held_from, size))
    except OSError as error:
        raise TreeError(
            f"the tree file cannot be read: {error.strerror}",
            where=where,
            remedy="Check that the file exists and may be read.",
            code=CODE_UNREADABLE,
        ) from error
    if content.held[-NODE_SIZE:] != root:
        raise topmost_differs(where)
    return content, TreeId(root, leaf_count)


def topmost_differs(where: str) -> TreeError:
    """The header and the topmost level do not name the same root."""
    return _broken(where, "the topmost node differs from the root in the header", "header-root")


def _pieces(content: TreeBytes, start: int, end: int) -> Iterator[bytes]:
    """The bytes of the file; one read gives at most two gigabytes."""
    while start < end:
        piece = content.pread(min(_PIECE, end - start), start)
        if not piece:
            raise content.short()
        yield piece
        start += len(piece)


def packed_header(leaf_count: int, root: bytes) -> bytes:
    """The first 64 bytes of a tree file."""
    return HEADER.pack(MAGIC, VERSION, leaf_count, root)


def read_header(header: bytes, where: str) -> tuple[int, bytes]:
    """The leaf count and the root in the first 64 bytes of a tree file.

    Raises:
        TreeError: it is no tree file, or of a version that is not known here.
    """
    if len(header) < HEADER.size or not header.startswith(MAGIC):
        raise _broken(where, "this is not a tree file", "not-a-tree-file")
    _, version, leaf_count, root = HEADER.unpack(header)
    if version != VERSION:
        raise TreeError(
            f"the tree file has format {version}, this program knows {VERSION}",
            where=where,
            remedy="Use the version of testamur that wrote it.",
            code="version",
        )
    if leaf_count == 0 or header != packed_header(leaf_count, root):
        raise _broken(where, "the header of the tree file is damaged", "header")
    return leaf_count, root


def file_of(folder: Path, tree: TreeId) -> Path:
    """Where the file of a tree is in a folder: under its own name, or under the former one, unless another has that."""
    path, former = folder / tree.name, folder / tree.former_name
    if path.exists() or not former.exists():
        return path
    found = id_in(former)
    return former if found is None or found == tree else path


def id_in(path: Path) -> TreeId | None:
    """Which tree a file says it holds; None when it cannot be read or does not say."""
    try:
        with path.open("rb") as file:
            leaf_count, root = read_header(file.read(HEADER.size), str(path))
    except (OSError, TreeError):
        return None
    return TreeId(root, leaf_count)


def _broken(where: str, what: str, code: str) -> TreeError:
    return TreeError(
        what,
        where=where,
        remedy="`testamur trees repair` builds it again from the same digests: the bytes are the same.",
        code=code,
    )


def write_file(content: TreeBytes, size: int, path: Path) -> None:
    """Write the bytes of a tree so that the name appears only once all of it is on disk.

    Raises:
        TreeError: it cannot be written; nothing is left behind.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        try:
            with open(temporary, "xb", opener=private_opener) as file:
                for start in range(0, size, _PIECE):
                    file.write(content.read(start, min(_PIECE, size - start)))
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)
    except OSError as error:
        raise unwritable(error, path) from error


def unwritable(error: OSError, path: Path) -> TreeError:
    """The system does not take the file of a tree."""
    return TreeError(
        f"the tree file cannot be written: {error.strerror}",
        where=str(path),
        remedy="Check the folder's permissions and free space, then run the job again.",
        code="unwritable",
    )


def sync_folder(folder: Path) -> None:
    """See to it that the names in a folder are on disk."""
    # Without this the rename itself may be lost in a power cut.
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def same_bytes(one: TreeBytes, other: TreeBytes, size: int) -> bool:
    """Whether two tree files of one size are the same."""
    pieces = ((start, min(_PIECE, size - start)) for start in range(0, size, _PIECE))
    return all(one.read(*piece) == other.read(*piece) for piece in pieces)
