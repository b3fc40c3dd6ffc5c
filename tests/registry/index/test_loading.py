"""Trees in the index: what is loaded can be found, and only what is sound is loaded."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from threading import Event as Flag

import pytest
from sqlalchemy import Engine, delete, func, insert, select

from registry.database.engine import open_database
from registry.errors import StoreError
from registry.index import loader as loading
from registry.index.leaf_reader import LeafReader
from registry.index.loader import TreeLoader
from registry.index.reader import Index
from registry.index.tables import indexed_leaf, indexed_tree
from registry.index.writer import IndexWriter
from registry.merkle.tree import Tree
from registry.merkle.treefile import TreeId
from registry.records import BlockRef, Event
from registry.timestamps import from_unix
from registry.trees.folder import FolderTrees
from tests.registry.index.told_chain import ADDRESS, SOMEBODY

CHAIN = "eip155:31337"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "trees").mkdir()
    return tmp_path / "trees"


def anchored(engine: Engine, trees: list[Tree], issuers: int = 1) -> Index:
    """An index that has every tree anchored by each of the issuers."""
    writer = IndexWriter(engine, CHAIN, ADDRESS)
    head = writer.begin(BlockRef(0, bytes(32), from_unix(1)), genesis_hash=bytes(32))
    block = BlockRef(1, sha256(b"1").digest(), from_unix(2))
    told: list[tuple[str, dict[str, object]]] = []
    for issuer in range(1, issuers + 1):
        party = {"party": issuer, "controller": SOMEBODY, "uri": "", "profileHash": bytes(32)}
        told.append(("PartyRegistered", party))
        for sequence, tree in enumerate(trees, start=1):
            batch = {"issuer": issuer, "root": tree.root, "leafCount": tree.leaf_count, "sequence": sequence}
            told.append(("Anchored", {**batch, "operator": SOMEBODY}))
    events = [Event.of_block(block, name, arguments, place, bytes(32)) for place, (name, arguments) in enumerate(told)]
    writer.add(head, events, block, seen=1)
    return Index(engine, CHAIN, ADDRESS)


def digests(count: int, name: str = "") -> list[bytes]:
    return [sha256(f"{name}{number}".encode()).digest() for number in range(count)]


def test_every_digest_of_a_loaded_tree_is_found(engine: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for most in ("ROWS_A_COMMIT", "ROWS_A_PART"):
        monkeypatch.setattr(loading, most, 64)
    shared = digests(100, "both")
    trees = [Tree.build([*digests(700, "one"), *shared]), Tree.build([*digests(3, "other"), *shared])]
    for tree in trees:
        tree.write(folder / tree.id.name)
    index = anchored(engine, trees, issuers=3)
    store = FolderTrees(folder)
    assert TreeLoader(index, store).step() == 2
    assert index.without_tree() == []
    for digest in [*digests(700, "one")[::20], *shared[::5], *digests(9, "absent")]:
        found = {place.tree: place.leaf_index for place in index.places(digest)}
        assert found == {tree.id: at for tree in trees if (at := tree.index_of(digest)) is not None}
        assert {place.tree for place in index.places_of_many([digest])[digest]} == found.keys()
    some = shared[0].hex()[:4]
    begins = {digest for tree in trees for digest in tree.leaves() if digest.hex().startswith(some)}
    places = index.places_with_prefix(some, limit=1000)
    assert {store.leaves(place.tree, place.leaf_index, 1)[0] for place in places} == begins
    assert TreeLoader(index, store).step() == 0


def test_what_a_promoted_standby_lacks_is_loaded_again(engine: Engine, folder: Path) -> None:
    trees = [Tree.build(digests(20, "one")), Tree.build(digests(30, "other"))]
    for tree in trees:
        tree.write(folder / tree.id.name)
    index = anchored(engine, trees)
    loader, reader = TreeLoader(index, FolderTrees(folder)), LeafReader(engine)
    assert loader.step() == 2
    assert loader.step() == 0
    places = {digest: reader.located(1, digest) for tree in trees for digest in tree.leaves()}
    # Behind the next connection is a server that has the same events and no tree, which numbers trees anew.
    with engine.begin() as connection:
        for table in (indexed_leaf, indexed_tree):
            connection.execute(delete(table))
        for tree in reversed(trees):
            connection.execute(insert(indexed_tree).values(**tree.id._asdict(), state="loading", loaded_at=0))
    engine.dispose()
    assert loader.step() == 2
    # As the thread of a server finds its connection broken.
    del reader._local.cursor
    assert {digest: reader.located(1, digest) for digest in places} == places


def test_digests_that_begin_alike_take_one_row(engine: Engine, folder: Path) -> None:
    alike = [b"\xff" * 8 + number.to_bytes(24, "big") for number in range(500)]
    tree = Tree.build([*alike, *digests(5)])
    tree.write(folder / tree.id.name)
    index = anchored(engine, [tree])
    TreeLoader(index, FolderTrees(folder)).step()
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(indexed_leaf)).scalar_one() == 6
    (place,) = index.places(alike[400])
    proof = FolderTrees(folder).inclusion(tree.id, alike[400], hint=place.leaf_index)
    assert proof is not None
    assert proof.leaf_index == tree.index_of(alike[400])


def test_a_tree_that_comes_later_is_loaded_then(engine: Engine, folder: Path) -> None:
    tree = Tree.build(digests(10))
    index = anchored(engine, [tree])
    now = [100.0]
    loader = TreeLoader(index, FolderTrees(folder), clock=lambda: now[0])
    assert loader.step() == 0
    assert index.without_tree() == [tree.id]
    tree.write(folder / tree.id.name)
    assert loader.step() == 0  # it was looked for a moment ago
    now[0] += loading.FIRST_RETRY_SECONDS
    assert loader.step() == 1
    assert index.trees([tree.id])[tree.id].state == "loaded"


def test_a_tree_that_is_cut_off_after_its_check_is_not_called_loaded(
    engine: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More leaves than are held in memory; what is in the index of it is not all, and nothing is absent by it."""
    tree = Tree.build(digests(70_000))
    path = folder / tree.id.name
    tree.write(path)
    index = anchored(engine, [tree])
    check = Tree.check

    def check_and_cut(self: Tree) -> None:
        check(self)
        os.truncate(path, 1_000_000)

    monkeypatch.setattr(Tree, "check", check_and_cut)
    assert TreeLoader(index, FolderTrees(folder)).step() == 0
    assert index.without_tree() == [tree.id]


def test_nothing_is_looked_for_while_nothing_changes(
    engine: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = Tree.build(digests(10)), Tree.build(digests(11))
    one.write(folder / one.id.name)
    index = anchored(engine, [one, other])
    now, asked = [100.0], list[bytes]()
    loader = TreeLoader(index, FolderTrees(folder), clock=lambda: now[0])
    assert loader.step() == 1
    look = index.without_tree
    monkeypatch.setattr(index, "without_tree", lambda **given: asked.append(b"") or look(**given))
    loader.step()
    assert asked == []
    other.write(folder / other.id.name)
    now[0] += loading.FIRST_RETRY_SECONDS
    assert loader.step() == 1
    assert asked


@pytest.mark.parametrize("broken", ["node", "leaf"])
def test_a_damaged_tree_is_not_loaded_until_it_is_restored(engine: Engine, folder: Path, broken: str) -> None:
    tree = Tree.build(digests(9))
    path = folder / tree.id.name
    tree.write(path)
    sound = path.read_bytes()
    at = len(sound) - 40 if broken == "node" else 100
    path.write_bytes(sound[:at] + bytes([sound[at] ^ 1]) + sound[at + 1 :])
    index = anchored(engine, [tree])
    assert TreeLoader(index, FolderTrees(folder)).step() == 0
    assert index.trees([tree.id])[tree.id].state in ("damaged", "unsorted")
    assert index.without_tree() == [tree.id]
    path.write_bytes(sound)
    assert TreeLoader(index, FolderTrees(folder)).step() == 1
    assert index.trees([tree.id])[tree.id].state == "loaded"


def test_a_load_that_was_cut_off_is_finished(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On SQLite; on PostgreSQL, where a tree takes several transactions, see `test_partitions.py`."""
    engine = open_database(f"sqlite:///{tmp_path / 'testamur.db'}")
    monkeypatch.setattr(loading, "ROWS_A_COMMIT", 10)
    tree = Tree.build(digests(55))
    tree.write(folder / tree.id.name)
    index = anchored(engine, [tree])
    add, calls = loading._add, [0]

    def failing(connection: object, rows: object) -> None:
        calls[0] += 1
        if calls[0] == 4:
            raise KeyboardInterrupt
        add(connection, rows)  # type: ignore[arg-type]

    monkeypatch.setattr(loading, "_add", failing)
    with pytest.raises(KeyboardInterrupt):
        TreeLoader(index, FolderTrees(folder)).step()
    assert index.without_tree() == [tree.id]
    assert TreeLoader(index, FolderTrees(folder)).step() == 1
    assert all(index.places(digest) for digest in digests(55))
    engine.dispose()


def test_a_store_that_does_not_answer_is_waited_for(engine: Engine, folder: Path) -> None:
    tree = Tree.build(digests(3))
    tree.write(folder / tree.id.name)
    index = anchored(engine, [tree])
    stop = Flag()
    store = FolderTrees(folder)
    opened = store.open_whole

    def silent(tree: TreeId) -> object:
        store.open_whole = opened  # type: ignore[method-assign]
        raise StoreError("no answer", code="trees-unavailable")

    store.open_whole = silent  # type: ignore[method-assign, assignment]
    loader = TreeLoader(index, store)
    waits = iter([False, True])
    stop.wait = lambda _seconds=None: stop.set() if next(waits) else None  # type: ignore[method-assign, assignment, return-value]
    loader.run(stop, 0)
    assert index.without_tree() == []


def test_a_fault_over_one_tree_keeps_no_other(engine: Engine, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    trees = [Tree.build(digests(3, name)) for name in ("one", "other")]
    for tree in trees:
        tree.write(folder / tree.id.name)
    index = anchored(engine, trees)
    store, now = FolderTrees(folder), [100.0]
    opened = store.open_whole

    def faulty(tree: TreeId) -> object:
        if tree == trees[0].id:
            raise OSError(5, "Input/output error")
        return opened(tree)

    store.open_whole = faulty  # type: ignore[method-assign, assignment]
    loader = TreeLoader(index, store, clock=lambda: now[0])
    assert loader.step() == 1
    assert index.without_tree() == [trees[0].id]
    assert "Input/output error" in caplog.text
    store.open_whole = opened  # type: ignore[method-assign]
    now[0] += loading.FIRST_RETRY_SECONDS
    assert loader.step() == 1
