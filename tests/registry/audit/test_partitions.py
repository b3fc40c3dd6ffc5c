"""Trees derived in units: the same whoever does them, and nothing is said of what nobody could read."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from functools import partial
from io import BytesIO
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anchor.books.audited import copies_in
from anchor.books.folder import DataFolder
from anchor.settings import Settings
from registry.audit.compare import TreeFacts
from registry.audit.partitions import cluster as cluster_module
from registry.audit.partitions import engine as engine_module
from registry.audit.partitions.cluster import Cluster, answer, program
from registry.audit.partitions.engine import Engine, InProcess, Processes
from registry.audit.partitions.named import address_of, open_engine
from registry.audit.partitions.trees import GIVEN_UP_AFTER, TreeOutcome, check_trees, join
from registry.audit.partitions.units import Failed, Outcome, Part, Unit, check_unit_at, lost, units_of
from registry.errors import SettingsError, TreeError
from registry.merkle.pieces import Piece, pieces_of
from registry.merkle.tree import Tree
from registry.merkle.treefile import HEADER, TreeId, lay_out
from registry.trees.folder import FolderTrees
from registry.trees.store import DAMAGED, MISSING, UNAVAILABLE
from tests.clusters import Dask, dask_cluster

WAYS = ("sound", "missing", "flipped", "cut", "unsorted", "no tree", "other header")


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dask]:
    with dask_cluster(tmp_path_factory.mktemp("dask")) as started:
        yield started


@pytest.fixture(scope="module")
def cluster(dask: Dask) -> Iterator[Cluster]:
    with Cluster(dask.address) as connected:
        yield connected


def written(folder: Path, number: int, count: int, way: str, node: int = 0) -> TreeId:
    """A tree in the folder, with something done to it."""
    leaves = [bytes([number]) + index.to_bytes(31, "big") for index in range(count)]
    if way == "unsorted":
        leaves.reverse()
    with lay_out([b"".join(leaves)]) as laid:
        content = bytearray(laid[:])
    tree = TreeId(bytes(content[-32:]), count)
    if way == "flipped":
        content[HEADER.size + node % max(1, (len(content) - HEADER.size) // 32 - 1) * 32] ^= 1
    if way == "no tree":
        content = bytearray(b"nothing")
    if way == "other header":
        content[HEADER.size - 1] ^= 1
    if way != "missing":
        (folder / tree.name).write_bytes(content[:-1] if way == "cut" else content)
    return tree


def every_way(folder: Path) -> list[TreeId]:
    folder.mkdir(exist_ok=True)
    cases = [(way, count) for way in WAYS for count in (1, 7, 40)]
    return [written(folder, number, count, way, node=number) for number, (way, count) in enumerate(cases)]


def found(engine: Engine, folder: Path, trees: Sequence[TreeId], **options: int) -> list[tuple[TreeId, TreeOutcome]]:
    told: list[int] = []
    all_found = list(check_trees(engine, FolderTrees(folder), str(folder), trees, progress=told.append, **options))
    assert told == sorted(told)
    return all_found


def whole(folder: Path, tree: TreeId) -> TreeOutcome:
    """By one pass over the whole file, without units."""
    path = folder / tree.name
    if not path.exists():
        return TreeOutcome(TreeFacts(missing=True))
    try:
        with Tree.open(path, expected=tree) as opened:
            try:
                opened.check()
            except TreeError as error:
                if error.code == "leaf-order":
                    return TreeOutcome(TreeFacts(tree.leaf_count, unsorted=error.what))
                return TreeOutcome(TreeFacts(tree.leaf_count, damaged=error.what))
    except TreeError as error:
        return TreeOutcome(TreeFacts(damaged=f"the tree {tree} is damaged: {error.what}"))
    return TreeOutcome(TreeFacts(tree.leaf_count))


def test_every_engine_says_the_same_of_trees_in_every_state(tmp_path: Path, cluster: Cluster) -> None:
    trees = every_way(tmp_path / "trees")
    expected = [(tree, whole(tmp_path / "trees", tree)) for tree in trees]
    assert {outcome.unread for _, outcome in expected} == {None}
    split = {"height": 2, "unit_leaves": 8}
    for engine in (InProcess(), Processes(2), cluster):
        assert found(engine, tmp_path / "trees", trees, **split) == expected
    assert found(InProcess(), tmp_path / "trees", trees) == expected


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 30), st.sampled_from(WAYS), st.integers(0, 60)), max_size=6),
    st.integers(0, 5),
    st.integers(1, 40),
)
def test_a_cluster_says_what_this_process_says_of_any_trees(
    tmp_path_factory: pytest.TempPathFactory,
    cluster: Cluster,
    made: list[tuple[int, str, int]],
    height: int,
    leaves: int,
) -> None:
    folder = tmp_path_factory.mktemp("trees")
    trees = [written(folder, number, *each) for number, each in enumerate(made)]
    expected = [(tree, whole(folder, tree)) for tree in trees]
    for engine in (InProcess(), cluster):
        assert found(engine, folder, trees, height=height, unit_leaves=leaves) == expected


@given(st.lists(st.integers(1, 40), max_size=6, unique=True), st.integers(0, 5), st.integers(1, 40))
def test_units_have_every_leaf_of_every_tree_once(counts: list[int], height: int, leaves: int) -> None:
    trees = [TreeId(bytes([count]) * 32, count) for count in counts]
    units = list(units_of(trees, height=height, leaves=leaves))
    parts = [part for unit in units for part in unit]
    assert [(part.tree, part.piece) for part in parts] == [
        (tree, piece) for tree in trees for piece in pieces_of(tree.leaf_count, height)
    ]
    assert all(sum(part.piece.count for part in unit) <= max(leaves, 1 << height) for unit in units)


def test_workers_without_the_storage_say_nothing_of_a_tree(tmp_path: Path, cluster: Cluster) -> None:
    """Neither a folder that is not there nor one that is empty makes a tree missing that is here."""
    trees = every_way(tmp_path / "trees")
    (tmp_path / "empty").mkdir()
    sound = trees[:3]
    for place in ("empty", "nowhere"):
        outcomes = check_trees(
            cluster, FolderTrees(tmp_path / "trees"), str(tmp_path / place), sound, progress=lambda _done: None
        )
        assert [(outcome.facts, bool(outcome.unread)) for _, outcome in outcomes] == [(None, True)] * 3


def test_what_a_worker_alone_finds_wrong_is_not_held_against_a_tree(tmp_path: Path, cluster: Cluster) -> None:
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    tree = written(tmp_path / "here", 1, 7, "sound")
    written(tmp_path / "there", 1, 7, "flipped", node=3)
    outcomes = check_trees(
        cluster, FolderTrees(tmp_path / "here"), str(tmp_path / "there"), [tree], progress=lambda _done: None
    )
    [(_, outcome)] = outcomes
    assert outcome == TreeOutcome(None, "a worker reads another storage than the audit does")


class InTurns:
    """Workers of different storage, which do one unit each."""

    is_elsewhere = True

    def __init__(self, *places: Path):
        self.places = places

    def outcomes(self, trees: FolderTrees, place: str, units: Iterable[Unit]) -> Iterator[tuple[Outcome, ...]]:
        for unit, own in zip(units, cycle(self.places), strict=False):
            yield check_unit_at(str(own), unit)


@pytest.mark.parametrize("turns", [("one", "two"), ("two", "one"), ("two", "two")])
def test_workers_with_different_copies_of_a_tree_neither_pass_nor_convict_it(
    tmp_path: Path, turns: tuple[str, str]
) -> None:
    """The second copy is of other leaves, and right in each of its pieces; what is on top was taken from the first."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    tree = written(tmp_path / "one", 1, 16, "sound")
    other = written(tmp_path / "two", 2, 16, "sound")
    whole, wrong = (tmp_path / "one" / tree.name).read_bytes(), (tmp_path / "two" / other.name).read_bytes()
    (tmp_path / "two" / tree.name).write_bytes(whole[: HEADER.size] + wrong[HEADER.size : -32] + whole[-32:])
    engine = InTurns(*(tmp_path / name for name in turns))
    [(_, outcome)] = found(engine, tmp_path / "one", [tree], height=2, unit_leaves=4)
    assert outcome == TreeOutcome(None, "a worker reads another storage than the audit does")
    # The same of the storage that the audit reads itself is held against the tree.
    [(_, outcome)] = found(engine, tmp_path / "two", [tree], height=2, unit_leaves=4)
    assert outcome.facts is None or outcome.facts.damaged


class Failing:
    """An engine of which some units fail."""

    is_elsewhere = False

    def __init__(self, fails: Iterable[int]):
        self.fails = set(fails)

    def outcomes(self, trees: FolderTrees, place: str, units: Iterable[Unit]) -> Iterator[tuple[Outcome, ...]]:
        for number, unit in enumerate(units):
            yield lost(unit, "gone") if number in self.fails else check_unit_at(place, unit)


def test_a_tree_of_which_a_piece_was_lost_is_not_known_to_be_in_order(tmp_path: Path) -> None:
    trees = [written(tmp_path, number, 8, "sound") for number in range(3)]
    outcomes = found(Failing({2}), tmp_path, trees, height=2, unit_leaves=4)
    assert [outcome for _, outcome in outcomes] == [
        TreeOutcome(TreeFacts(8)), TreeOutcome(None, "gone"), TreeOutcome(TreeFacts(8)),
    ]  # fmt: skip


def test_what_the_other_pieces_show_against_a_tree_is_told_beside_the_lost_one(tmp_path: Path) -> None:
    tree = written(tmp_path, 1, 8, "flipped", node=9)
    [(_, outcome)] = found(Failing({1}), tmp_path, [tree], height=2, unit_leaves=4)
    assert outcome == TreeOutcome(
        TreeFacts(8, damaged="node 1 of level 1 does not follow from the level below"), "gone"
    )


def test_after_several_trees_in_a_row_that_could_not_be_read_no_more_are_asked_for(tmp_path: Path) -> None:
    trees = [written(tmp_path, number, 3, "sound") for number in range(12)]
    few = found(Failing({0, 1, 2, 4, 5, 6, 8}), tmp_path, trees, unit_leaves=1)
    assert len(few) == 12
    many = found(Failing(range(2, 12)), tmp_path, trees, unit_leaves=1)
    assert len(many) == 2 + GIVEN_UP_AFTER


def test_pieces_that_came_and_pieces_that_were_missing_leave_a_tree_open() -> None:
    pieces = [Piece(0, 4, 2), Piece(4, 4, 2)]
    gone, down = Failed(MISSING, "not here"), Failed(UNAVAILABLE, "no answer")
    joined = partial(join, TreeId(bytes(32), 8))
    assert joined([(pieces[0], gone), (pieces[1], gone)]) == TreeOutcome(TreeFacts(missing=True))
    assert joined([(pieces[0], gone), (pieces[1], down)]) == TreeOutcome(None, "no answer")
    assert joined([(pieces[0], down), (pieces[1], Failed(DAMAGED, "short"))]) == TreeOutcome(
        TreeFacts(damaged="short"), "no answer"
    )


def test_processes_that_end_are_replaced_a_few_times_and_then_the_rest_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "MOST_DEATHS", 1)
    # More than may wait for two processes.
    units = list(units_of([written(tmp_path, 1, 40, "sound")], height=0, leaves=1))
    sound = [check_unit_at(str(tmp_path), unit) for unit in units]
    outcomes = Processes(1).outcomes(FolderTrees(tmp_path), str(tmp_path), units)
    told = []
    for each in outcomes:
        told.append(each)
        for child in multiprocessing.active_children():
            child.kill()
            child.join()
    gone = told.index(lost(units[0], "2 processes that checked trees ended before they were done"))
    assert gone > 0
    assert told[:gone] == sound[:gone]
    assert told[gone:] == told[gone : gone + 1] * (len(units) - gone)


def test_another_program_does_no_unit(tmp_path: Path) -> None:
    tree = written(tmp_path, 1, 8, "sound")
    [unit] = units_of([tree])
    assert answer(pickle.dumps((program(), str(tmp_path), unit))) == check_unit_at(str(tmp_path), unit)
    [refused] = answer(pickle.dumps(("testamur 0.0.1 (another)", str(tmp_path), unit)))
    assert isinstance(refused, Failed)
    assert refused.code == UNAVAILABLE
    assert "testamur 0.0.1 (another)" in refused.what


def test_a_cluster_with_another_program_is_refused(dask: Dask, monkeypatch: pytest.MonkeyPatch) -> None:
    # Workers are asked by the name of the function: they have their own answer.
    monkeypatch.setattr(cluster_module, "_DECIDING", ("registry.errors",))
    program.cache_clear()
    try:
        with pytest.raises(SettingsError) as refused, open_engine(dask.engine):
            pass
    finally:
        monkeypatch.undo()
        program.cache_clear()
    assert refused.value.code == "engine-program"


def test_a_scheduler_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_module, "REACHED_SECONDS", 0.5)
    with pytest.raises(SettingsError) as refused, open_engine("dask://127.0.0.1:9"):
        pass
    assert (refused.value.code, refused.value.where) == ("engine-unreachable", "tcp://127.0.0.1:9")


@pytest.mark.parametrize(
    "name",
    ["", "dask", "dask://", "dask://host", "ray://host:1", "tcp://host:1", "dask://a:b@host:1", "dask://host:1/x",
     "dask://host:99999", "dask://host:1?x", "local://", "dask://[::1:1"],
)  # fmt: skip
def test_what_is_no_engine(name: str) -> None:
    with pytest.raises(SettingsError) as refused, open_engine(name):
        pass
    assert refused.value.code == "engine"


def test_names_of_engines() -> None:
    assert [address_of(name) for name in ("dask://host:8786", "tls://[::1]:8786")] == [
        "tcp://host:8786",
        "tls://[::1]:8786",
    ]
    with open_engine() as one, open_engine("local", 2) as two:
        assert (type(one), type(two)) == (InProcess, Processes)
    with pytest.raises(SettingsError) as refused, open_engine("dask://host:1", 2):
        pass
    assert refused.value.code == "engine"


class OnlyOurs(pickle.Unpickler):
    """Takes nothing but what a unit is made of."""

    def find_class(self, module: str, name: str) -> type:
        return {"Part": Part, "Piece": Piece, "TreeId": TreeId}[name]


def test_what_is_sent_to_workers_is_the_place_of_the_trees_and_units(tmp_path: Path, cluster: Cluster) -> None:
    """Whatever the settings and the environment have: addresses of chains and databases, keys, passwords."""
    tree = written(tmp_path, 1, 40, "sound")
    sent: list[bytes] = []

    class Watched:
        def submit(self, function: object, asked: bytes, **options: object) -> Any:
            assert (function, options) == (answer, {"pure": False})
            sent.append(asked)
            return client.submit(function, asked, **options)

        def __getattr__(self, name: str) -> Any:
            return getattr(client, name)

    client = cluster._client
    cluster._client = Watched()
    try:
        assert found(cluster, tmp_path, [tree], height=3, unit_leaves=8) == [(tree, TreeOutcome(TreeFacts(40)))]
    finally:
        cluster._client = client
    units = list(units_of([tree], height=3, leaves=8))
    assert [OnlyOurs(BytesIO(each)).load() for each in sent] == [(program(), str(tmp_path), unit) for unit in units]


@pytest.mark.parametrize("trees", ["s3://key:secret@bucket", "s3://bucket?secret=1", "s3://bucket#secret"])
def test_a_place_of_trees_with_a_secret_in_it_is_refused_before_anything_is_sent(tmp_path: Path, trees: str) -> None:
    with closing(DataFolder(tmp_path)) as folder, pytest.raises(SettingsError) as refused:
        copies_in(folder, Settings(data_folder=tmp_path, trees=trees), "eip155:1", "0x" + "11" * 20)
    assert refused.value.code == "trees"


def test_a_scheduler_that_stops_answering_in_the_middle(
    dask: Dask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What came before counts, the rest is not checked, and nothing waits for it for ever."""
    monkeypatch.setattr(cluster_module, "REACHED_SECONDS", 0.5)
    monkeypatch.setattr(cluster_module, "_ANSWER_SECONDS", 0.3)
    monkeypatch.setattr(cluster_module, "_LOOK_SECONDS", 0.1)
    trees = [written(tmp_path, number, 40, "sound") for number in range(6)]
    try:
        with open_engine(dask.engine) as opened:
            assert isinstance(opened, Cluster)
            opened._patience_seconds = 0.5
            assert found(opened, tmp_path, trees) == [(tree, TreeOutcome(TreeFacts(40))) for tree in trees]
            os.kill(dask.scheduler.pid, signal.SIGSTOP)
            outcomes = [outcome for _, outcome in found(opened, tmp_path, trees)]
        why = "the cluster does not answer, or no worker is left to check it"
        assert outcomes == [TreeOutcome(None, why)] * GIVEN_UP_AFTER
        with pytest.raises(SettingsError) as refused, open_engine(dask.engine):
            pass
        assert refused.value.code == "engine-unreachable"
    finally:
        os.kill(dask.scheduler.pid, signal.SIGCONT)


# In a shell's background Ctrl+C is ignored, and whoever is started there inherits that.
COMMAND = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from pathlib import Path
from registry.audit.partitions.engine import Processes
from registry.audit.partitions.units import units_of
from registry.merkle.treefile import TreeId
from registry.trees.folder import FolderTrees
place, root = sys.argv[1:]
units = list(units_of([TreeId(bytes.fromhex(root), 40)], height=0, leaves=1)) * 100_000
for _ in Processes(2).outcomes(FolderTrees(Path(place)), place, units):
    print(*[child.pid for child in __import__("multiprocessing").active_children()], flush=True)
"""


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_a_command_that_is_ended(tmp_path: Path, ending: signal.Signals) -> None:
    """Ctrl+C reaches the whole group, as in a terminal; the other reaches the command alone."""
    tree = written(tmp_path, 1, 40, "sound")
    command = subprocess.Popen(
        [sys.executable, "-c", COMMAND, str(tmp_path), tree.root.hex()],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert command.stdout is not None
    while len(command.stdout.readline().split()) < 2:
        pass
    if ending is signal.SIGINT:
        os.killpg(command.pid, ending)
    else:
        command.send_signal(ending)
    # It ends when nobody is left who holds the other end.
    _, said = command.communicate(timeout=60)
    assert command.returncode == -ending
    assert "SpawnProcess" not in said


def test_workers_that_die_in_the_middle(dask: Dask, tmp_path: Path) -> None:
    """What one began, the other does anew; what nobody is left for is not checked. It ends the cluster."""
    trees = [written(tmp_path, number, 40, "sound") for number in range(6)]
    store = FolderTrees(tmp_path)
    with Cluster(dask.address, patience_seconds=1) as cluster:
        begun = check_trees(cluster, store, str(tmp_path), trees, progress=lambda _done: None, height=2, unit_leaves=8)
        outcomes = [next(begun)]
        os.kill(dask.workers[0].pid, signal.SIGKILL)
        dask.workers[0].wait()
        outcomes += begun
        assert [outcome for _, outcome in outcomes] == [TreeOutcome(TreeFacts(40))] * 6
        begun = check_trees(cluster, store, str(tmp_path), trees, progress=lambda _done: None, height=2, unit_leaves=8)
        first = next(begun)
        os.kill(dask.workers[1].pid, signal.SIGKILL)
        dask.workers[1].wait()
        rest = list(begun)
        assert first[1] == TreeOutcome(TreeFacts(40))
        assert rest
        assert rest[-1][1] == TreeOutcome(None, "the cluster does not answer, or no worker is left to check it")
        assert all(outcome.unread or outcome.facts == TreeFacts(40) for _, outcome in rest)
    with pytest.raises(SettingsError) as refused, open_engine(dask.engine):
        pass
    assert refused.value.code == "engine-empty"
