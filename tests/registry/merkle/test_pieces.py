"""Pieces of a tree together come to what the whole tree comes to."""

from __future__ import annotations

from hashlib import sha256
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import TreeError
from registry.merkle.pieces import Piece, derived, fault_in, pieces_of
from registry.merkle.treebytes import TreeBytes
from registry.merkle.treefile import HEADER, TreeId, lay_out, levels_of
from tests import reference_tree

SIZE = 32


def leaf(number: int) -> bytes:
    return number.to_bytes(SIZE, "big")


def laid_out(leaves: list[bytes]) -> bytearray:
    with lay_out([b"".join(leaves)]) as laid:
        return bytearray(laid[:])


def fault_of(content: bytes, tree: TreeId, height: int) -> TreeError | None:
    held = TreeBytes(content)
    pieces = [(piece, derived(held, tree.leaf_count, piece)) for piece in pieces_of(tree.leaf_count, height)]
    return fault_in(tree, pieces)


def slow_fault(content: bytes, leaf_count: int) -> str | None:
    """Level by level, each node from the two below it as they are stored; then the order."""
    rows = []
    for level in levels_of(leaf_count):
        rows.append([content[at : at + SIZE] for at in range(level.offset, level.end, SIZE)])
    for height, (below, row) in enumerate(pairwise(rows), 1):
        for index, node in enumerate(row):
            pair = below[2 * index : 2 * index + 2]
            if node != (sha256(b"".join(pair)).digest() if len(pair) == 2 else pair[0]):
                return f"node {index} of level {height} does not follow from the level below"
    for index, (one, other) in enumerate(pairwise(rows[0]), 1):
        if one >= other:
            return f"leaf {index} is not greater than the leaf before it"
    return None


@given(st.data())
def test_pieces_of_every_height_find_what_a_whole_pass_finds(data: st.DataObject) -> None:
    """Of any tree, in order or not, with any nodes changed but the root."""
    count = data.draw(st.integers(1, 70))
    leaves = data.draw(st.one_of(
        st.just([leaf(number) for number in range(count)]),
        st.lists(st.integers(0, 9).map(leaf), min_size=count, max_size=count),
    ))  # fmt: skip
    content = laid_out(leaves)
    tree = TreeId(bytes(content[-SIZE:]), count)
    nodes = (len(content) - HEADER.size) // SIZE
    changed = data.draw(st.lists(st.integers(0, nodes - 2), max_size=3)) if nodes > 1 else []
    for node in changed:
        content[HEADER.size + node * SIZE + 31] ^= 1
    expected = slow_fault(bytes(content), count)
    for height in range(8):
        found = fault_of(bytes(content), tree, height)
        assert (found.what if found else None) == expected, height


@given(st.integers(1, 70), st.integers(0, 7))
def test_pieces_lead_to_the_root_of_the_standard(count: int, height: int) -> None:
    leaves = [leaf(number) for number in range(count)]
    content = TreeBytes(bytes(laid_out(leaves)))
    pieces = list(pieces_of(count, height))
    assert [number for piece in pieces for number in range(piece.first, piece.first + piece.count)] == list(
        range(count)
    )
    for piece in pieces:
        found = derived(content, count, piece)
        inside = leaves[piece.first : piece.first + piece.count]
        assert (found.root, found.least, found.greatest) == (reference_tree.root(inside), inside[0], inside[-1])


def test_pieces_of_two_files_do_not_pass_for_one_tree() -> None:
    """Two workers that read different files under one name: each piece is in order by itself."""
    one, other = [leaf(number) for number in range(8)], [leaf(number) for number in (*range(4), *range(10, 14))]
    first, second = (TreeBytes(bytes(laid_out(leaves))) for leaves in (one, other))
    root = bytes(laid_out(one)[-SIZE:])
    pieces = [
        (piece, derived(content, 8, piece)) for piece, content in zip(pieces_of(8, 2), (first, second), strict=True)
    ]
    fault = fault_in(TreeId(root, 8), pieces)
    assert fault is not None
    assert fault.code == "node-differs"
    whole = [(piece, derived(second, 8, piece)) for piece in pieces_of(8, 2)]
    assert fault_in(TreeId(root, 8), whole) is not None


def test_some_pieces_show_what_is_wrong_in_them_and_never_that_a_tree_is_in_order_or_out_of_order() -> None:
    content = laid_out([leaf(number) for number in (3, 2, 1, 0, 4, 5, 6, 7)])
    tree = TreeId(bytes(content[-SIZE:]), 8)
    first = Piece(0, 4, 2)
    assert fault_in(tree, [(first, derived(TreeBytes(bytes(content)), 8, first))]) is None
    content[levels_of(8)[1].offset] ^= 1
    fault = fault_in(tree, [(first, derived(TreeBytes(bytes(content)), 8, first))])
    assert fault is not None
    assert fault.what == "node 0 of level 1 does not follow from the level below"


def test_a_file_that_ends_early_is_not_derived() -> None:
    content = bytes(laid_out([leaf(number) for number in range(8)]))
    short = TreeBytes(b"", 1 << 64, pread=lambda size, start: content[start : start + size][:-1])
    with pytest.raises(TreeError) as refused:
        derived(short, 8, Piece(0, 8, 16))
    assert refused.value.code == "file-length"
