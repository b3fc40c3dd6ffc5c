"""Trees that are loaded into PostgreSQL, where several connections fill several partitions."""

from __future__ import annotations

import os
import re
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from registry.database.engine import open_database
from registry.index import loader as loading
from registry.index import partitions
from registry.index.facts import prefix_of
from registry.index.leaf_rows import PARTITIONS
from registry.index.loader import TreeLoader
from registry.index.partitions import BesideTables, PartitionedPile, name_of
from registry.index.reader import Index
from registry.merkle.tree import Tree
from registry.trees.folder import FolderTrees
from tests.registry.index.test_loading import CHAIN, anchored, digests, folder
from tests.registry.index.told_chain import ADDRESS

__all__ = ["folder"]

Stored = list[tuple[int, int]]


@pytest.fixture
def database(postgres_url: str) -> Iterator[Engine]:
    opened = open_database(postgres_url)
    yield opened
    opened.dispose()


@pytest.fixture(params=["beside", "into the partitions"])
def is_beside(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first trees are many, and loaded beside an empty index; or they are loaded as all later ones."""
    if request.param != "beside":
        monkeypatch.setattr(BesideTables, "make", lambda *_: False)
    monkeypatch.setattr(loading, "ROWS_A_PART", 100)


def written(folder: Path, *counts: int) -> list[Tree]:
    """Trees of so many digests, in the folder; one digest is in all."""
    trees = [Tree.build([*digests(count - 1, f"{place} "), *digests(1)]) for place, count in enumerate(counts)]
    for tree in trees:
        tree.write(folder / tree.id.name)
    return trees


def wanted(trees: list[Tree]) -> Stored:
    return sorted((prefix_of(leaf), place) for tree in trees for place, leaf in enumerate(tree.leaves()))


def stored(engine: Engine) -> Stored:
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT prefix, leaf_index FROM indexed_leaf"))
        return sorted((prefix, place) for prefix, place in rows)


def assert_nothing_is_called_loaded_that_is_not(index: Index, trees: list[Tree]) -> None:
    for which in index.trees([tree.id for tree in trees]).values():
        if which.state == "loaded":
            tree = next(tree for tree in trees if tree.id == which.tree)
            assert all(tree.id in {place.tree for place in index.places(leaf)} for leaf in tree.leaves())


def assert_whole(index: Index, trees: list[Tree]) -> None:
    """Every digest once, in the partition that is its own, and nothing left beside."""
    assert index.without_tree() == []
    assert stored(index.engine) == wanted(trees)
    with index.engine.connect() as connection:
        tables = connection.execute(
            text("SELECT relid::regclass::text FROM pg_partition_tree('indexed_leaf')")
        ).scalars()
        assert set(tables) == {"indexed_leaf", *map(name_of, range(PARTITIONS))}
        assert connection.execute(text("SELECT to_regclass('new_leaf_0')")).scalar_one() is None
        keys = "SELECT count(*) FROM pg_index WHERE indisprimary AND indrelid::regclass::text LIKE 'indexed\\_leaf\\__'"
        assert connection.execute(text(keys)).scalar_one() == PARTITIONS


@pytest.mark.usefixtures("is_beside")
def test_trees_are_loaded_and_what_was_cut_off_is_filled_up(database: Engine, folder: Path) -> None:
    trees = written(folder, 350, 40)
    index = anchored(database, trees)
    assert TreeLoader(index, FolderTrees(folder)).step() == 2
    assert_whole(index, trees)
    # Into what is there: some rows of a tree are there from a load that was cut off.
    with database.begin() as connection:
        connection.execute(text("UPDATE indexed_tree SET state = 'loading' WHERE leaf_count = 350"))
        connection.execute(text("DELETE FROM indexed_leaf WHERE leaf_index > 200"))
    assert TreeLoader(index, FolderTrees(folder)).step() == 1
    assert_whole(index, trees)


@pytest.mark.usefixtures("is_beside")
def test_a_loader_that_is_killed_between_any_two_parts_is_continued(database: Engine, folder: Path) -> None:
    trees = written(folder, 250, 90, 120)
    index = anchored(database, trees)
    ended = []
    for calls in (1, 9, 22, 45):
        ended.append(end_of_a_loader(database, folder, calls))
        assert_nothing_is_called_loaded_that_is_not(index, trees)
    assert ended[0] == -signal.SIGKILL
    TreeLoader(index, FolderTrees(folder)).step()
    assert_whole(index, trees)


def end_of_a_loader(database: Engine, folder: Path, calls: int) -> int:
    """How a process ends that loads, and kills itself before its n-th step towards the database."""
    url = database.url.render_as_string(hide_password=False)
    # Not one connection is to be open in two processes.
    database.dispose()
    number = os.fork()
    if number:
        return os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])
    try:
        left, alone = [calls], threading.Lock()

        def counted(real: Callable[..., Any]) -> Callable[..., Any]:
            def call(*given: Any) -> Any:
                with alone:
                    left[0] -= 1
                    if not left[0]:
                        os.kill(os.getpid(), signal.SIGKILL)
                return real(*given)

            return call

        for of, names in ((PartitionedPile, ("_write", "_settle")), (BesideTables, ("make_key", "take_place"))):
            for name in names:
                setattr(of, name, counted(getattr(of, name)))
        own = open_database(url)
        TreeLoader(Index(own, CHAIN, ADDRESS), FolderTrees(folder)).step()
    except BaseException:
        os._exit(1)
    os._exit(0)


@pytest.mark.usefixtures("is_beside")
def test_two_loaders_at_once_load_each_tree_once(database: Engine, folder: Path) -> None:
    trees = written(folder, 150, 160, 20)
    index = anchored(database, trees)
    loaded: list[int] = []
    loaders = [
        threading.Thread(target=lambda: loaded.append(TreeLoader(index, FolderTrees(folder)).step())) for _ in "12"
    ]
    for each in loaders:
        each.start()
    for each in loaders:
        each.join()
    assert sorted(loaded) == [0, 3]
    assert_whole(index, trees)


def test_a_loader_that_waits_for_another_ends_when_it_is_told_to(database: Engine, folder: Path) -> None:
    trees = written(folder, 5)
    index = anchored(database, trees)
    stop = threading.Event()
    with partitions.partitioned_pile(database, 100, threading.Event()):
        stop.set()
        assert TreeLoader(index, FolderTrees(folder)).step(stop) == 0
    assert TreeLoader(index, FolderTrees(folder)).step() == 1


def test_rows_that_are_there_twice_beside_are_loaded_again(
    database: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody ended the session that held the lock, so that two loaders were at work."""
    monkeypatch.setattr(loading, "ROWS_A_PART", 100)
    trees = written(folder, 250)
    index = anchored(database, trees)
    make_key = BesideTables.make_key

    def doubled(self: BesideTables, partition: int) -> None:
        with database.begin() as connection:
            name = partitions.beside_name(partition)
            connection.execute(text(f"INSERT INTO {name} SELECT * FROM {name}"))
        make_key(self, partition)

    monkeypatch.setattr(BesideTables, "make_key", doubled)
    with pytest.raises(loading.SQLAlchemyError):
        TreeLoader(index, FolderTrees(folder)).step()
    assert_nothing_is_called_loaded_that_is_not(index, trees)
    monkeypatch.setattr(BesideTables, "make_key", make_key)
    TreeLoader(index, FolderTrees(folder)).step()
    assert_whole(index, trees)


def read_by(plan: str) -> list[str]:
    """The partitions that a plan reads."""
    return re.findall(r"on indexed_leaf_([0-9a-f]) ", plan)


@pytest.mark.parametrize("plans", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize("condition", ["prefix = $1", "prefix BETWEEN $1 AND $1 + 1000"])
def test_a_question_goes_to_the_partition_of_its_prefix_alone(database: Engine, plans: str, condition: str) -> None:
    with database.connect() as connection:
        connection.exec_driver_sql(f"SET plan_cache_mode = {plans}")
        connection.exec_driver_sql(f"PREPARE asked(bigint) AS SELECT * FROM indexed_leaf WHERE {condition}")
        plan = "\n".join(connection.exec_driver_sql("EXPLAIN EXECUTE asked(5)").scalars())
    assert set(read_by(plan)) == {"8"}, plan


def test_a_group_of_digests_goes_to_the_partitions_of_its_prefixes(database: Engine) -> None:
    with database.connect() as connection:
        connection.exec_driver_sql("SET plan_cache_mode = force_custom_plan")
        connection.exec_driver_sql("PREPARE asked(bigint[]) AS SELECT * FROM indexed_leaf WHERE prefix = ANY($1)")
        plan = "\n".join(connection.exec_driver_sql("EXPLAIN EXECUTE asked('{5, -5}')").scalars())
    assert set(read_by(plan)) == {"7", "8"}, plan
