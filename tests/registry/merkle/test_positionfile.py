"""The file of positions beside a tree: it comes back as it was written, and nothing damaged or foreign is read."""

from __future__ import annotations

import struct
from hashlib import sha256
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import TreeError
from registry.merkle.positionfile import LeafPositions, ListName, most_bytes
from registry.merkle.treefile import TreeId

LISTS = [ListName(UUID(int=number + 1), 7 + number % 2) for number in range(3)]
POSITIONS = st.dictionaries(
    st.integers(0, 40), st.tuples(st.sampled_from(LISTS), st.integers(0, (1 << 20) - 1)), max_size=20
)


def leaf(number: int) -> bytes:
    return sha256(bytes([number])).digest()


LEAVES = sorted(leaf(number) for number in range(41))
TREE = TreeId(sha256(b"root").digest(), len(LEAVES))


def made(by_number: dict[int, tuple[ListName, int]]) -> LeafPositions:
    return LeafPositions.of(TREE, LEAVES, {leaf(number): position for number, position in by_number.items()})


@given(POSITIONS)
def test_what_is_written_is_read(by_number: dict[int, tuple[ListName, int]]) -> None:
    positions = made(by_number)
    content = positions.write()
    assert len(content) == positions.size <= most_bytes(TREE)
    read = LeafPositions.parse(content, TREE)
    assert read == positions
    assert read.is_empty == (not by_number)
    for number in range(41):
        for name in (*LISTS, ListName(UUID(int=99), 7), ListName(LISTS[0].name, 99)):
            expected = next((index for its, index in [by_number.get(number, (None, 0))] if its == name), None)
            assert read.index_in(name, LEAVES.index(leaf(number))) == expected
    assert read.index_in(LISTS[0], 41) is None
    assert read.index_in(LISTS[0], -1) is None


def test_four_bytes_a_leaf_and_none_where_there_is_no_position() -> None:
    one = made({3: (LISTS[0], 5)}).write()
    assert len(one) - len(made({}).write()) == 24 + 4 * len(LEAVES)


@given(st.data())
def test_any_byte_that_is_changed_or_lost_is_seen(data: st.DataObject) -> None:
    content = bytearray(made({3: (LISTS[0], 5), 9: (LISTS[1], 0)}).write())
    at = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        content[at] ^= data.draw(st.integers(1, 255))
    else:
        del content[at:]
    with pytest.raises(TreeError) as refused:
        LeafPositions.parse(bytes(content), TREE)
    assert refused.value.code in ("positions-damaged", "version")


@pytest.mark.parametrize("other", [TreeId(sha256(b"other").digest(), TREE.leaf_count), TreeId(TREE.root, 40)])
def test_that_of_another_tree_is_refused(other: TreeId) -> None:
    content = made({3: (LISTS[0], 5)}).write()
    with pytest.raises(TreeError, match="belongs to the tree"):
        LeafPositions.parse(content, other)
    # Nor is it taken for another's with the header of that one.
    forged = content[:20] + struct.pack(">I32s", other.leaf_count, other.root) + content[56:]
    with pytest.raises(TreeError) as refused:
        LeafPositions.parse(forged, other)
    assert refused.value.code == "positions-damaged"


def test_a_count_that_nobody_can_hold_allocates_nothing() -> None:
    content = bytearray(made({}).write())
    content[-36:-32] = b"\xff\xff\xff\xff"
    with pytest.raises(TreeError):
        LeafPositions.parse(bytes(content), TREE)
