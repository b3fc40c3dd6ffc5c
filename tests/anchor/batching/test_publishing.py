"""A batch is signed only once the tree store has its tree."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import obstore
import pytest
from obstore.store import MemoryStore

from anchor.batching.publishing import PAUSE_SECONDS, TreePublisher
from anchor.books.tables import BatchState
from registry.errors import StoreError
from registry.merkle.tree import Tree
from registry.trees.s3 import S3Trees
from tests.faults.site import Site, site


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path / "data") as made:
        yield made


class Away(S3Trees):
    """A tree store on object storage that is away until it is let in."""

    def __init__(self) -> None:
        super().__init__(MemoryStore())
        self.away = True
        self.asked = 0

    def put(self, root: bytes, path: Path) -> None:
        self.asked += 1
        if self.away:
            raise StoreError("the store is away", code="trees-unavailable")
        super().put(root, path)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_batches_wait_for_the_store_and_go_on_by_themselves(here: Site) -> None:
    trees, clock = Away(), Clock()
    publisher = TreePublisher(here.data, here.batches, trees, clock=clock)
    jobs, before = [here.job("ada"), here.job("bob")], here.nonce
    worker = here.worker(publish=publisher.publish)
    for _ in range(3):
        worker.round()
        here.chain.mine()
    for job in jobs:
        batch = here.batch(job)
        assert (batch.state, batch.parked_code, batch.nonce) == (BatchState.PARKED, "trees-unavailable", None)
    assert here.nonce == before
    assert trees.asked == 1  # not for each batch in each round: the lease would run out meanwhile
    assert [one.facts["code"] for one in here.events("batch-parked")] == ["trees-unavailable"] * 2
    trees.away = False
    clock.now += PAUSE_SECONDS
    here.to_the_end(worker, *jobs)
    for job in jobs:
        assert trees.has(here.batch(job).tree)
    assert here.nonce == before + 2


def test_the_tree_is_there_before_the_nonce(here: Site) -> None:
    trees = Away()
    trees.away = False
    job = here.job("ada", "bob")
    seen: list[bool] = []

    def reached(point: str) -> None:
        if point == "reserved":
            seen.append(trees.has(here.batch(job).tree))

    publish = TreePublisher(here.data, here.batches, trees).publish
    here.to_the_end(here.worker(publish=publish, reached=reached), job)
    assert seen == [True]


def test_a_tree_of_another_machine_is_made_again_from_the_database(here: Site) -> None:
    trees = Away()
    publish = TreePublisher(here.data, here.batches, trees, clock=Clock()).publish
    job = here.job("ada", "bob", "eve")
    here.worker(publish=publish).round()
    batch = here.batch(job)
    path = here.data.tree_path(batch.tree)
    for damage in (path.unlink, lambda: path.write_bytes(b"half")):
        damage()
        trees.away = False
        TreePublisher(here.data, here.batches, trees).publish(batch)
        with Tree.open(path, expected=batch.tree) as tree:
            tree.check()
        assert trees.has(batch.tree)
        obstore.delete(trees._store, path.name)


def test_credentials_that_do_not_give_the_root_are_not_published(here: Site) -> None:
    trees = Away()
    job = here.job("ada", "bob")
    here.worker(publish=TreePublisher(here.data, here.batches, trees).publish).round()
    batch = here.batch(job)
    here.data.tree_path(batch.tree).unlink()
    with here.data.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM leaf WHERE leaf_index = 1")
    trees.away = False
    with pytest.raises(StoreError, match="another tree") as refused:
        TreePublisher(here.data, here.batches, trees).publish(batch)
    assert refused.value.code == "tree-damaged"
