"""Leaves as the bytes that `COPY` reads, against reading them one by one."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from registry.index.facts import prefix_of
from registry.index.leaf_rows import PARTITIONS, ROW_BYTES, Leaves, bounds, in_order

ENDS = st.sampled_from([b"\0" * 8, b"\xff" * 8, b"\x7f" + b"\xff" * 7, b"\x80" + b"\0" * 7])
DIGESTS = st.sets(
    st.builds(
        lambda first, rest: first + rest, ENDS | st.binary(min_size=8, max_size=8), st.binary(min_size=24, max_size=24)
    ),
    max_size=40,
).map(sorted)


def read(rows: bytes) -> list[tuple[int, int, int]]:
    """Rows of `COPY … (FORMAT binary)` as numbers: prefix, tree, leaf index."""
    found = []
    for at in range(0, len(rows), ROW_BYTES):
        fields, *values = struct.unpack(">hiqiqiq", rows[at : at + ROW_BYTES])
        assert fields == 3
        assert values[0::2] == [8, 8, 8]
        prefix, tree, leaf_index = values[1::2]
        found.append((prefix, tree, leaf_index))
    return found


def slowly(digests: list[bytes], tree: int) -> list[tuple[int, int, int]]:
    """A row for all that begin alike, the first."""
    rows: dict[int, int] = {}
    for leaf_index, digest in enumerate(digests):
        rows.setdefault(prefix_of(digest), leaf_index)
    return [(prefix, tree, leaf_index) for prefix, leaf_index in rows.items()]


@given(DIGESTS, st.integers(1, 9), st.integers(1, 1 << 62))
def test_rows_are_those_of_the_leaves_whatever_pieces_they_come_in(digests: list[bytes], size: int, tree: int) -> None:
    leaves, before = Leaves(), b""
    for first in range(0, len(digests), size):
        some = digests[first : first + size]
        leaves.add(b"".join(some), first, before)
        before = some[-1][:8]
    parts = {partition: bytes(rows) for partition, rows in leaves.rows(tree)}
    assert read(b"".join(parts.values())) == slowly(digests, tree)
    for partition, rows in parts.items():
        first, after = bounds(partition)
        assert all(first <= prefix < after for prefix, _, _ in read(rows))


@given(st.lists(DIGESTS, min_size=1, max_size=4))
def test_rows_of_several_trees_are_in_the_order_of_the_key(several: list[list[bytes]]) -> None:
    by_partition: dict[int, list[memoryview]] = {}
    for tree, digests in enumerate(several, start=1):
        leaves = Leaves()
        leaves.add(b"".join(digests), 0, b"")
        for partition, rows in leaves.rows(tree):
            by_partition.setdefault(partition, []).append(rows)
    for parts in by_partition.values():
        rows = read(in_order(parts))
        assert rows == sorted(rows)
        assert len(rows) == sum(map(len, parts)) // ROW_BYTES


def test_partitions_are_all_prefixes_and_no_prefix_twice() -> None:
    ends = [bounds(partition) for partition in range(PARTITIONS)]
    assert ends[0][0] == prefix_of(bytes(32))
    assert ends[-1][1] == prefix_of(b"\xff" * 32) + 1
    assert [after for _, after in ends[:-1]] == [first for first, _ in ends[1:]]
