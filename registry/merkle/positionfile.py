"""The bytes of a `.positions` file, which stands beside a tree: which leaf has which position in which status list.

The layout is described in `docs/reference/status-lists.md`. The checksum is over root and leaf count as well, so the
file of one tree is not taken for another's. It proves nothing against somebody who writes a file himself: a root
says nothing of positions.
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Final, NamedTuple
from uuid import UUID

from registry.errors import TreeError
from registry.merkle.treefile import TreeId

MAGIC: Final = b"testamur pos\r\n\x1a\n"
VERSION: Final = 1
SUFFIX: Final = ".positions"
INDEX_BITS: Final = 20
"""Of a number: the index in the list; what is above is the place of the list among those of the file."""
NOWHERE: Final = 0xFFFFFFFF
"""The number of a leaf that has no position."""
MOST_LISTS: Final = (1 << 32 - INDEX_BITS) - 1
"""So that no number of a leaf with a position begins as `NOWHERE` does."""

_HEADER: Final = struct.Struct(">16sII32sI")  # magic, version, leaf count, root, how many lists
_LIST: Final = struct.Struct(">16sQ")  # its random name, and its issuer
_CHECK_SIZE: Final = 32
_INDEX_MASK: Final = (1 << INDEX_BITS) - 1


class ListName(NamedTuple):
    """A named list: its random name and the number of the party whose it is."""

    name: UUID
    issuer: int


class LeafPositions:
    """The positions of the leaves of one tree.

    Args:
        numbers: one of each leaf, in their order: the place of its list among `lists` times 2**20, and the index in the
            list; `NOWHERE` for a leaf without a position. Empty where no leaf has one.
    """

    __slots__ = ("_numbers", "lists", "tree")

    def __init__(self, tree: TreeId, lists: Sequence[ListName], numbers: array[int]):
        self.tree = tree
        self.lists = tuple(lists)
        self._numbers = numbers

    @classmethod
    def of(cls, tree: TreeId, leaves: Iterable[bytes], found: Mapping[bytes, tuple[ListName, int]]) -> LeafPositions:
        """For the leaves of a tree in their order, by what is found of each digest."""
        lists = sorted({name for name, _ in found.values()})
        if not lists:
            return cls(tree, (), array("I"))
        if len(lists) > MOST_LISTS:
            raise TreeError(f"the leaves of one tree are in {len(lists)} status lists", code="too-many-lists")
        place = {name: at << INDEX_BITS for at, name in enumerate(lists)}
        numbers = array("I", [NOWHERE]) * tree.leaf_count
        for at, leaf in enumerate(leaves):
            if leaf in found:
                name, index = found[leaf]
                numbers[at] = place[name] | index
        return cls(tree, lists, numbers)

    @classmethod
    def parse(cls, content: bytes, tree: TreeId) -> LeafPositions:
        """Read the file of a tree.

        Raises:
            TreeError: it is damaged, or of another tree (code `positions-damaged`), or of a version that is not known
                here (`version`).
        """
        if len(content) < _HEADER.size + _CHECK_SIZE or not content.startswith(MAGIC):
            raise _damaged("this is not a file of positions")
        _, version, leaf_count, root, list_count = _HEADER.unpack_from(content)
        if version != VERSION:
            raise TreeError(
                f"the file of positions has format {version}, this program knows {VERSION}",
                remedy="Use the version of testamur that wrote it.",
                code="version",
            )
        if TreeId(root, leaf_count) != tree:
            raise _damaged(f"it belongs to the tree {TreeId(root, leaf_count)}")
        start = _HEADER.size + list_count * _LIST.size
        end = start + (4 * leaf_count if list_count else 0)
        if list_count > MOST_LISTS or len(content) != end + _CHECK_SIZE:
            raise _damaged(f"it has {len(content)} bytes, which is not the length that it tells")
        if sha256(content[:end]).digest() != content[end:]:
            raise _damaged("its checksum differs")
        lists = [
            ListName(UUID(bytes=name), issuer) for name, issuer in _LIST.iter_unpack(content[_HEADER.size : start])
        ]
        numbers = array("I", content[start:end])
        if sys.byteorder == "little":
            numbers.byteswap()
        return cls(tree, lists, numbers)

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return _HEADER.size + len(self.lists) * _LIST.size + 4 * len(self._numbers) + _CHECK_SIZE

    @property
    def is_empty(self) -> bool:
        """Whether no leaf has a position."""
        return not self.lists

    def write(self) -> bytes:
        """The file."""
        numbers = array("I", self._numbers)
        if sys.byteorder == "little":
            numbers.byteswap()
        header = _HEADER.pack(MAGIC, VERSION, self.tree.leaf_count, self.tree.root, len(self.lists))
        lists = b"".join(_LIST.pack(each.name.bytes, each.issuer) for each in self.lists)
        content = header + lists + numbers.tobytes()
        return content + sha256(content).digest()

    def index_in(self, name: ListName, leaf_index: int) -> int | None:
        """The index of a leaf in one list; None when it has none there."""
        return next(self.indices_in(name, (leaf_index,)), None)

    def indices_in(self, name: ListName, leaves: Iterable[int]) -> Iterator[int]:
        """The indices in one list of those of the leaves that are in it."""
        if name not in self.lists:
            return
        place, numbers = self.lists.index(name), self._numbers
        for leaf in leaves:
            number = numbers[leaf] if 0 <= leaf < len(numbers) else NOWHERE
            if number >> INDEX_BITS == place:
                yield number & _INDEX_MASK

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LeafPositions) and self.write() == other.write()

    __hash__ = None  # type: ignore[assignment]  # it is compared, and nothing more


def most_bytes(tree: TreeId) -> int:
    """Of the file of a tree, whatever it says: what is longer is not read."""
    return _HEADER.size + MOST_LISTS * _LIST.size + 4 * tree.leaf_count + _CHECK_SIZE


def positions_name(tree: TreeId) -> str:
    """The name of the file beside that of the tree."""
    return f"{tree.root.hex()}-{tree.leaf_count}{SUFFIX}"


def _damaged(what: str) -> TreeError:
    return TreeError(
        f"the positions of a batch in status lists cannot be read: {what}",
        remedy="Run `testamur trees repair` where the batch was anchored.",
        code="positions-damaged",
    )
