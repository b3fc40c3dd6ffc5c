"""Named lists: the bits of the final block at positions of their own, or no list at all."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from registry.database.engine import open_database
from registry.errors import RegistryError, StoreError
from registry.formats.statuslist import LIST_BITS, Purpose
from registry.index.named_lists import read_named_list
from registry.merkle.positionfile import LeafPositions, ListName, positions_name
from registry.merkle.treefile import TreeId
from registry.trees.folder import FolderTrees
from tests.registry.index.test_lists import ISSUER, MOVES, OTHER, World, positions, root_of
from tests.registry.index.told_chain import SOMEBODY

LISTS = [ListName(UUID(int=1), ISSUER), ListName(UUID(int=2), ISSUER), ListName(UUID(int=3), OTHER)]


@pytest.fixture(scope="module")
def memory() -> Iterator[Engine]:
    opened = open_database("sqlite:///:memory:")
    yield opened
    opened.dispose()


def leaf_of(issuer: int, sequence: int, leaf: int) -> bytes:
    return sha256(b"leaf %d %d %d" % (issuer, sequence, leaf)).digest()


def drawn_for(issuer: int, sequence: int, leaf: int) -> tuple[ListName, int] | None:
    """Every third credential has none; the others are in one of the issuer's lists, wherever."""
    chance = int.from_bytes(leaf_of(issuer, sequence, leaf), "big")
    if chance % 3 == 0:
        return None
    mine = [name for name in LISTS if name.issuer == issuer]
    return mine[chance // 3 % len(mine)], chance // 7 % LIST_BITS


def beside(tree: TreeId, issuer: int, sequence: int) -> LeafPositions:
    leaves = [leaf_of(issuer, sequence, leaf) for leaf in range(tree.leaf_count)]
    drawn = {each: drawn_for(issuer, sequence, leaf) for leaf, each in enumerate(leaves)}
    return LeafPositions.of(tree, leaves, {each: found for each, found in drawn.items() if found is not None})


def put(world: World, trees: FolderTrees) -> None:
    """What stands beside the trees of all batches, of whatever count is on record at last."""
    for (issuer, sequence), batch in world.batches.items():
        for count in {batch.leaf_count} | {
            state[0][issuer, sequence].leaf_count for state in world.states.values() if (issuer, sequence) in state[0]
        }:
            if count:
                trees.put_positions(beside(TreeId(root_of(issuer, sequence), count), issuer, sequence))


def expected(world: World, at: int, purpose: Purpose, name: ListName) -> set[int]:
    """One credential at a time."""
    batches, marked = world.states[at]
    found = set()
    for (issuer, sequence), batch in batches.items():
        for leaf in range(batch.leaf_count) if issuer == name.issuer else ():
            drawn = drawn_for(issuer, sequence, leaf)
            is_marked = (batch.voided and purpose is Purpose.REVOCATION) or leaf in marked.get(
                (issuer, sequence, purpose), ()
            )
            if is_marked and drawn is not None and drawn[0] == name:
                found.add(drawn[1])
    return found


@settings(max_examples=25, deadline=None)
@given(moves=MOVES, share=st.floats(0, 1))
def test_a_list_is_that_of_the_final_block(
    memory: Engine, tmp_path_factory: pytest.TempPathFactory, moves: list[tuple[Any, ...]], share: float
) -> None:
    world, trees = World(memory), FolderTrees(tmp_path_factory.mktemp("trees"))
    world.anchor(ISSUER, 300)
    for what, *numbers in moves:
        if what == "mine":
            world.mine()
        elif what == "anchor":
            # One that states no count has no tree that is known.
            world.anchor(numbers[0], numbers[1] or 7)
        else:
            world.change(numbers[0], numbers[1], what, numbers[2], numbers[3])
    world.mine()
    final = max(1, round(share * world.number))
    world.finalise(final)
    put(world, trees)
    named = [key for key in world.states[final][0] if key[0] == ISSUER]
    for purpose in Purpose:
        for name in LISTS[:2] if named else ():
            found = read_named_list(world.index, trees, ISSUER, purpose, name.name)
            assert positions(found.bits) == expected(world, final, purpose, name)
            assert found.block_number == final


@pytest.fixture
def world(memory: Engine) -> World:
    """Two batches of three, the second without a companion yet."""
    made = World(memory)
    made.anchor(ISSUER, 3)
    made.anchor(ISSUER, 3)
    made.mine()
    made.finalise(made.number)
    return made


def tree_of(sequence: int) -> TreeId:
    return TreeId(root_of(ISSUER, sequence), 3)


def code_of(world: World, trees: FolderTrees, name: ListName = LISTS[0], issuer: int = ISSUER) -> str | None:
    with pytest.raises((RegistryError, StoreError)) as refused:
        read_named_list(world.index, trees, issuer, Purpose.REVOCATION, name.name)
    return refused.value.code


def some(sequence: int, leaf: int = 0, index: int = 5) -> LeafPositions:
    leaves = [leaf_of(ISSUER, sequence, each) for each in range(3)]
    return LeafPositions.of(tree_of(sequence), leaves, {leaves[leaf]: (LISTS[0], index)})


def test_no_list_is_made_up(world: World, tmp_path: Path) -> None:
    trees = FolderTrees(tmp_path)
    assert code_of(world, trees) == "unknown-list"
    trees.put_positions(some(1))
    assert code_of(world, trees, LISTS[1]) == "unknown-list"
    # The list is one issuer's.
    assert code_of(world, trees, issuer=OTHER) == "unknown-list"
    assert positions(read_named_list(world.index, trees, ISSUER, Purpose.REVOCATION, LISTS[0].name).bits) == set()


def test_what_is_marked_and_has_no_positions_makes_the_list_unknown(world: World, tmp_path: Path) -> None:
    trees = FolderTrees(tmp_path)
    trees.put_positions(some(1))
    world.change(ISSUER, 2, "suspend", 1, 0)
    world.mine()
    world.finalise(world.number)
    # Of revocations nothing is said by it.
    assert positions(read_named_list(world.index, trees, ISSUER, Purpose.REVOCATION, LISTS[0].name).bits) == set()
    with pytest.raises(RegistryError) as refused:
        read_named_list(world.index, trees, ISSUER, Purpose.SUSPENSION, LISTS[0].name)
    assert refused.value.code == "list-incomplete"
    trees.put_positions(some(2, leaf=1, index=9))
    found = read_named_list(world.index, trees, ISSUER, Purpose.SUSPENSION, LISTS[0].name)
    assert positions(found.bits) == {9}


@pytest.mark.parametrize("what", ["void", "revoke"])
def test_what_cannot_be_read_makes_the_list_unknown(world: World, tmp_path: Path, what: str) -> None:
    writer = FolderTrees(tmp_path)
    writer.put_positions(some(1))
    writer.put_positions(some(2))
    world.change(ISSUER, 1, what, 0, 0)
    world.mine()
    world.finalise(world.number)
    assert positions(
        read_named_list(world.index, FolderTrees(tmp_path), ISSUER, Purpose.REVOCATION, LISTS[0].name).bits
    ) == {5}
    path = tmp_path / positions_name(tree_of(1))
    whole = path.read_bytes()
    for content in (whole[:-1], bytes(len(whole)), (tmp_path / positions_name(tree_of(2))).read_bytes()):
        path.write_bytes(content)
        assert code_of(world, FolderTrees(tmp_path)) == "positions-damaged"
    path.unlink()
    assert code_of(world, FolderTrees(tmp_path)) == "list-incomplete"


def test_a_root_without_a_count_that_is_voided_makes_the_list_unknown(world: World, tmp_path: Path) -> None:
    trees = FolderTrees(tmp_path)
    trees.put_positions(some(1))
    world.anchor(ISSUER, 0)
    given = {"issuer": ISSUER, "root": root_of(ISSUER, 3), "operator": SOMEBODY, "reason": 0}
    world._tell("BatchVoided", given)
    world.mine()
    world.finalise(world.number)
    assert code_of(world, trees) == "list-incomplete"
