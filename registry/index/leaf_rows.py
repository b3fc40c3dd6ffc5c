"""Leaves as the rows of `indexed_leaf`, many at a time: in bytes, without a number or a tuple for each.

A row is what PostgreSQL reads by `COPY … (FORMAT binary)`: the count of its fields, and each field with its length
before it, big-endian (https://www.postgresql.org/docs/current/sql-copy.html). Rows are filled in column by column, by
slices: that is ten times as fast as one after the other.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from operator import eq
from struct import Struct
from sys import byteorder
from typing import Final

from registry.index.facts import PREFIX_BYTES
from registry.merkle.proof import NODE_SIZE

COPY_BEGINS: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPY_ENDS: Final = b"\xff\xff"
PARTITIONS: Final = 16
"""By the first hexadecimal digit; fixed, because the tables are there (decision 100)."""

_FIELDS: Final = Struct(">hi8siqi8s")  # three fields; each with its length: prefix, number of the tree, leaf index
ROW_BYTES: Final = _FIELDS.size
_PREFIX_AT, _INDEX_AT = 6, ROW_BYTES - PREFIX_BYTES
# As a signed number, as `prefix_of` has it, the first bit is the other one.
_FLIPPED = bytes(byte ^ 0x80 for byte in range(256))
_ROW = Struct(f"{ROW_BYTES}s")


@dataclass(slots=True)
class Leaves:
    """Some leaves of a tree, in ascending order: one for all that begin alike, the first.

    Attributes:
        prefixes: their first eight bytes, one after the other.
        indexes: their places among the leaves, big-endian, eight bytes each.
    """

    prefixes: bytearray = field(default_factory=bytearray)
    indexes: bytearray = field(default_factory=bytearray)

    def __len__(self) -> int:
        return len(self.prefixes) // PREFIX_BYTES

    def add(self, digests: bytes, first: int, before: bytes) -> None:
        """Add the leaves that come next.

        Args:
            digests: packed.
            first: the place of the first of them.
            before: the first eight bytes of the leaf before them; none at the beginning.
        """
        count = len(digests) // NODE_SIZE
        prefixes, places = prefixes_of(digests), array("Q", range(first, first + count))
        keys = array("Q", prefixes)
        if byteorder == "little":
            places.byteswap()
        if prefixes[:PREFIX_BYTES] != before and not any(map(eq, keys, islice(keys, 1, None))):
            self.prefixes += prefixes
            self.indexes += places.tobytes()
            return
        for at in range(0, len(prefixes), PREFIX_BYTES):
            prefix = bytes(prefixes[at : at + PREFIX_BYTES])
            if prefix != before:
                self.prefixes += prefix
                self.indexes += (first + at // PREFIX_BYTES).to_bytes(PREFIX_BYTES, "big")
            before = prefix

    def rows(self, tree: int) -> Iterator[tuple[int, memoryview]]:
        """The rows of each partition that has some, by its number.

        Args:
            tree: its number in `indexed_tree`.
        """
        count = len(self)
        rows = bytearray(_FIELDS.pack(3, PREFIX_BYTES, bytes(8), 8, tree, 8, bytes(8)) * count)
        rows[_PREFIX_AT::ROW_BYTES] = self.prefixes[0::PREFIX_BYTES].translate(_FLIPPED)
        for byte in range(1, PREFIX_BYTES):
            rows[_PREFIX_AT + byte :: ROW_BYTES] = self.prefixes[byte::PREFIX_BYTES]
        for byte in range(PREFIX_BYTES):
            rows[_INDEX_AT + byte :: ROW_BYTES] = self.indexes[byte::PREFIX_BYTES]
        view, firsts = memoryview(rows), self.prefixes[0::PREFIX_BYTES]
        start = 0
        for partition in range(PARTITIONS):
            end = bisect_left(firsts, (partition + 1) * (256 // PARTITIONS), start)
            if end > start:
                yield partition, view[start * ROW_BYTES : end * ROW_BYTES]
            start = end


def prefixes_of(digests: bytes) -> bytearray:
    """The first eight bytes of each of the packed digests."""
    found = bytearray(len(digests) // NODE_SIZE * PREFIX_BYTES)
    for byte in range(PREFIX_BYTES):
        found[byte::PREFIX_BYTES] = digests[byte::NODE_SIZE]
    return found


def in_order(rows: Iterable[memoryview]) -> bytes:
    """The rows of one partition, which are of several trees, by prefix and tree: neighbours go to the same page."""
    # Their first bit is the same within a partition, so that the order of the bytes is the order of the numbers.
    return b"".join(sorted(row for part in rows for (row,) in _ROW.iter_unpack(part)))


def bounds(partition: int) -> tuple[int, int]:
    """The first `prefix_of` that is in a partition, and the first one after it."""
    each = (1 << 8 * PREFIX_BYTES) // PARTITIONS
    first = -(1 << 8 * PREFIX_BYTES - 1) + partition * each
    return first, first + each
