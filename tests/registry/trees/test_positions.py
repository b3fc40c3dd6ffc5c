"""What stands beside trees, in a folder and on object storage: what is missing or damaged is never taken for "none"."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import obstore
import pytest
from obstore.store import MemoryStore

import registry.trees.store as stores
from registry.errors import StoreError
from registry.merkle.positionfile import LeafPositions, ListName, most_bytes, positions_name
from registry.merkle.tree import Tree
from registry.merkle.treefile import TreeId
from registry.trees.folder import FolderTrees
from registry.trees.s3 import S3Trees
from registry.trees.store import TreeStore

NAME = ListName(UUID(int=5), 7)
LEAVES = [bytes([number]) * 32 for number in range(9)]
Spoil = Callable[[str, bytes], None]


class Place:
    """A store, and a way to put anything under a name in it."""

    def __init__(self, kind: str, folder: Path):
        self.kind, self.folder, self.memory = kind, folder, MemoryStore()

    def open(self) -> TreeStore:
        return FolderTrees(self.folder) if self.kind == "folder" else S3Trees(self.memory)

    def write(self, name: str, content: bytes) -> None:
        if self.kind == "folder":
            (self.folder / name).write_bytes(content)
        else:
            obstore.put(self.memory, name, content)


@pytest.fixture(params=["folder", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return Place(request.param, tmp_path)


@pytest.fixture(scope="module")
def tree() -> Tree:
    return Tree.build(LEAVES)


@pytest.fixture
def positions(tree: Tree) -> LeafPositions:
    return LeafPositions.of(tree.id, LEAVES, {LEAVES[2]: (NAME, 77)})


def code_of(trees: TreeStore, tree: TreeId) -> str | None:
    with pytest.raises(StoreError) as refused:
        trees.positions(tree)
    return refused.value.code


def test_they_are_there_once_they_were_put(place: Place, positions: LeafPositions) -> None:
    trees = place.open()
    assert code_of(trees, positions.tree) == "positions-missing"
    trees.put_positions(positions)
    for each in (trees, place.open()):
        assert each.positions(positions.tree) == positions
    none = LeafPositions.of(positions.tree, LEAVES, {})
    trees.put_positions(none)
    assert trees.positions(positions.tree) == none


def test_what_is_damaged_or_foreign_is_not_read(place: Place, positions: LeafPositions) -> None:
    name, content = positions_name(positions.tree), positions.write()
    other = LeafPositions.of(TreeId(b"o" * 32, 9), LEAVES, {LEAVES[2]: (NAME, 77)})
    for bad in (b"", content[:-1], content + b"\0", other.write(), bytes(most_bytes(positions.tree) + 10)):
        place.write(name, bad)
        assert code_of(place.open(), positions.tree) == "positions-damaged"


def test_a_tree_is_found_beside_its_positions(
    place: Place, tree: Tree, positions: LeafPositions, tmp_path: Path
) -> None:
    trees = place.open()
    trees.put_positions(positions)
    assert trees.counts(tree.root) == []
    assert not trees.has(tree.id)
    tree.write(tmp_path / "sealed.tree")
    trees.put(tree.id, tmp_path / "sealed.tree")
    assert trees.counts(tree.root) == [9]
    assert trees.inclusion(tree.id, LEAVES[3]) is not None


def test_a_store_that_is_away_is_not_an_empty_one(tmp_path: Path, positions: LeafPositions) -> None:
    away = FolderTrees(tmp_path / "not mounted")
    assert code_of(away, positions.tree) == "trees-unavailable"
    with pytest.raises(StoreError) as refused:
        away.put_positions(positions)
    assert refused.value.code == "trees-unavailable"


def test_no_more_is_held_than_there_is_room_for(
    place: Place, positions: LeafPositions, monkeypatch: pytest.MonkeyPatch
) -> None:
    trees = place.open()
    many = [LeafPositions.of(TreeId(bytes([number]) * 32, 9), LEAVES, {LEAVES[2]: (NAME, 77)}) for number in range(5)]
    for each in many:
        trees.put_positions(each)
    monkeypatch.setattr(stores, "POSITIONS_HELD_BYTES", 2 * positions.size)
    for _ in range(2):
        for each in many:
            assert trees.positions(each.tree) == each
    assert len(trees._held_positions) == 2  # type: ignore[attr-defined]
