"""With a tree goes which of its leaves have positions in named lists, before anything is signed."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import pytest
from obstore.store import MemoryStore

from anchor.batching.publishing import TreePublisher, put_unless_known
from anchor.books.status_positions import PositionStore
from registry.errors import StoreError
from registry.formats.statuslist import NamedPosition
from registry.merkle.positionfile import LeafPositions, ListName
from registry.merkle.treefile import TreeId
from registry.trees.folder import FolderTrees
from registry.trees.s3 import S3Trees
from tests.faults.site import Site, site

NAMES = ("ada", "bob", "cyd")


def digest(name: str) -> bytes:
    return sha256(name.encode()).digest()


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path / "data") as made:
        yield made


def drawn(here: Site, *names: str) -> dict[str, NamedPosition]:
    store = PositionStore(here.data.engine, "eip155:31337", "0x" + "11" * 20)
    found = dict(zip(names, store.draw(1, len(names)), strict=True))
    store.bind(1, [(position, digest(name)) for name, position in found.items()])
    return found


def check(positions: LeafPositions, expected: dict[str, NamedPosition]) -> None:
    leaves = sorted(map(digest, NAMES))
    for name in NAMES:
        its = expected.get(name)
        for place in positions.lists:
            index = its.index if its is not None and its.list == place.name else None
            assert positions.index_in(place, leaves.index(digest(name))) == index
    assert {place.name for place in positions.lists} == {each.list for each in expected.values()}


def test_positions_are_beside_the_tree_before_the_nonce(here: Site) -> None:
    expected, trees = drawn(here, "ada", "cyd"), S3Trees(MemoryStore())
    job = here.job(*NAMES)
    seen: list[LeafPositions] = []

    def reached(point: str) -> None:
        if point == "reserved":
            seen.append(trees.positions(here.batch(job).tree))

    publish = TreePublisher(here.data, here.batches, trees).publish
    here.to_the_end(here.worker(publish=publish, reached=reached), job)
    check(seen[0], expected)
    # They are in the data folder as well, from where the trees can be pushed again.
    assert FolderTrees(here.data.trees).positions(here.batch(job).tree) == seen[0]


def test_that_a_batch_has_none_is_said_too(here: Site) -> None:
    trees = FolderTrees(here.data.trees)
    job = here.job(*NAMES)
    here.to_the_end(here.worker(publish=TreePublisher(here.data, here.batches, trees).publish), job)
    assert trees.positions(here.batch(job).tree).is_empty


class Away(S3Trees):
    """A store that takes trees, and nothing beside them."""

    def __init__(self) -> None:
        super().__init__(MemoryStore())

    def put_positions(self, positions: LeafPositions) -> None:
        raise StoreError("the store is away", code="trees-unavailable")


def test_nothing_is_signed_where_they_cannot_be_written(here: Site) -> None:
    drawn(here, "ada")
    job, before = here.job(*NAMES), here.nonce
    here.worker(publish=TreePublisher(here.data, here.batches, Away()).publish).round()
    batch = here.batch(job)
    assert (batch.parked_code, batch.nonce, here.nonce) == ("trees-unavailable", None, before)


def test_none_are_not_put_in_the_place_of_some(tmp_path: Path) -> None:
    trees, tree = FolderTrees(tmp_path), TreeId(b"r" * 32, 1)
    some, other, none = (
        LeafPositions.of(tree, [digest("ada")], {digest("ada"): (ListName(UUID(int=1), 7), index)} if index else {})
        for index in (5, 6, 0)
    )
    for put, expected in ((none, none), (some, some), (none, some), (some, some), (other, other)):
        put_unless_known(trees, put)
        assert trees.positions(tree) == expected
    # What is damaged is replaced.
    next(tmp_path.iterdir()).write_bytes(b"half")
    fresh = FolderTrees(tmp_path)
    put_unless_known(fresh, none)
    assert fresh.positions(tree) == none
