"""Trees made in their files, in runs that are merged, and levels that several processes hash."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.errors import TreeError
from registry.merkle import hashing, newtree, sorting
from registry.merkle.newtree import NewTree
from registry.merkle.tree import Tree
from tests import reference_tree

# Bytes that sorting could take for the end of a text, and for its last place.
digests_of_few_bytes = st.binary(min_size=1, max_size=3).map(lambda head: head.ljust(32, b"\0")) | st.binary(
    min_size=32, max_size=32
)


@pytest.fixture
def in_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every tree is hashed by three processes, block by small block."""
    monkeypatch.setattr(hashing, "PARALLEL_FROM", 1)
    monkeypatch.setattr("registry.merkle.treefile.PARALLEL_FROM", 1)
    monkeypatch.setattr(hashing, "_processors", lambda: 3)


def numbered(count: int, seed: int = 1) -> list[bytes]:
    source = random.Random(seed)
    return [source.randbytes(32) for _ in range(count)]


@settings(max_examples=60, deadline=None)
@given(digests=st.lists(digests_of_few_bytes, min_size=1, max_size=60), run=st.integers(1, 20), taken=st.integers(1, 9))
def test_a_tree_of_merged_runs_is_that_of_the_rfc(
    tmp_path_factory: pytest.TempPathFactory, digests: list[bytes], run: int, taken: int
) -> None:
    folder = tmp_path_factory.mktemp("trees")
    leaves = sorted(set(digests))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(newtree, "RUN_DIGESTS", run)
        patch.setattr(newtree, "_FEWEST", 1)
        patch.setattr(sorting, "TAKEN", taken)
        with NewTree(iter(digests), folder) as tree:
            path = tree.keep()
    with Tree.open(path) as opened, Tree.build(digests) as built:
        assert opened.root == reference_tree.root(leaves)
        assert list(opened.leaves()) == leaves
        assert opened.has_bytes_of(built)
        opened.check()
    assert list(folder.iterdir()) == [path]


@pytest.mark.parametrize("blocks", [0, 1, 3])
@pytest.mark.parametrize("more", [1, 2, 3, 4095])
def test_several_processes_make_the_levels_that_one_makes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_processes: None, blocks: int, more: int
) -> None:
    digests = numbered(blocks * hashing.BLOCK_NODES + more)
    with monkeypatch.context() as patch:
        patch.setattr("registry.merkle.treefile.PARALLEL_FROM", 1 << 32)
        alone = Tree.build(digests)
    started = []
    start = hashing._start
    monkeypatch.setattr(hashing, "_start", lambda *given: started.append(given) or start(*given))
    with Tree.build(digests) as tree, NewTree(digests, tmp_path) as file:
        assert len(started) == 4
        tree.check()
        assert tree.has_bytes_of(alone)
        with Tree.open(file.keep()) as opened:
            assert opened.has_bytes_of(alone)


@pytest.mark.parametrize("fate", ["killed", "silent", "not started"])
def test_the_share_of_a_process_that_failed_is_hashed_again(
    monkeypatch: pytest.MonkeyPatch, in_processes: None, fate: str
) -> None:
    digests = numbered(3 * hashing.BLOCK_NODES)
    start = hashing._start

    def failing(*given: object) -> object:
        if fate == "not started":
            return None
        if fate == "silent":
            monkeypatch.setattr(sys, "executable", "/bin/true")
            return start(*given)
        program = start(*given)
        assert program is not None
        os.kill(program.pid, signal.SIGKILL)
        return program

    monkeypatch.setattr(hashing, "_start", failing)
    with Tree.build(digests) as tree:
        tree.check()
        assert tree.root == reference_tree.root(sorted(digests))


def test_a_process_that_cannot_be_started_is_done_without(
    monkeypatch: pytest.MonkeyPatch, in_processes: None, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "missing"))
    with Tree.build(numbered(2 * hashing.BLOCK_NODES)) as tree:
        tree.check()


@pytest.mark.parametrize("library", ["numpy", None])
@settings(max_examples=60, deadline=None)
@given(digests=st.lists(digests_of_few_bytes, max_size=60))
def test_digests_are_sorted_alike_with_numpy_and_without(library: str | None, digests: list[bytes]) -> None:
    loaded = pytest.importorskip(library) if library else None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sorting, "LARGE", 0)
        patch.setattr(sorting, "_numpy", lambda: loaded)
        for how in (sorting.sort_packed, sorting.merge_packed):
            packed = bytearray().join(digests)
            assert b"".join(how(packed)) == b"".join(sorted(set(digests)))
            assert not packed


def test_what_is_not_kept_leaves_nothing(tmp_path: Path) -> None:
    with NewTree(numbered(5), tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_file_system_without_nameless_files_gets_hidden_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(newtree, "_OPEN_FILES", tmp_path / "missing")
    with NewTree(numbered(5), tmp_path) as tree:
        (hidden,) = tmp_path.iterdir()
        assert hidden.name.startswith(".")
        path = tree.keep()
    assert list(tmp_path.iterdir()) == [path]
    with NewTree(numbered(6), tmp_path):
        pass
    assert list(tmp_path.iterdir()) == [path]


def test_the_same_tree_is_left_and_a_damaged_one_replaced(tmp_path: Path) -> None:
    with NewTree(numbered(9), tmp_path) as tree:
        path = tree.keep()
        before = path.stat().st_ino
        assert tree.keep() == path
    with NewTree(numbered(9), tmp_path) as tree:
        tree.keep()
        assert path.stat().st_ino == before
    sound = path.read_bytes()
    path.write_bytes(sound[:-40] + b"x" + sound[-39:])
    with NewTree(numbered(9), tmp_path) as tree:
        tree.keep()
    assert path.read_bytes() == sound
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("call", ["os.posix_fallocate", "os.pwrite", "os.fsync", "os.link"])
def test_a_full_disk_is_told_and_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(call, full)
    with pytest.raises(TreeError, match="No space left on device") as caught, NewTree(numbered(9), tmp_path) as tree:
        tree.keep()
    assert caught.value.code == "unwritable"
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_full_for_a_run_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(newtree, "RUN_DIGESTS", 2)
    monkeypatch.setattr(sorting, "TAKEN", 2)
    monkeypatch.setattr("tempfile.TemporaryFile", lambda **_: Path("/dev/full").open("r+b", buffering=0))  # noqa: SIM115
    with pytest.raises(TreeError, match="No space left on device"):
        NewTree(numbered(9), tmp_path)
    assert list(tmp_path.iterdir()) == []


_KILLED = """
import os, sys
from pathlib import Path
from registry.merkle import newtree, sorting
newtree.RUN_DIGESTS = sorting.TAKEN = 4
def digests():
    for number in range(64):
        if sys.argv[2] == "runs" and number == 40:
            os.kill(os.getpid(), 9)
        yield number.to_bytes(32)
if sys.argv[2] == "levels":
    newtree.fill_file = lambda *_: os.kill(os.getpid(), 9)
newtree.NewTree(digests(), Path(sys.argv[1]))
"""


@pytest.mark.parametrize("when", ["runs", "levels"])
def test_a_process_that_is_killed_leaves_nothing(tmp_path: Path, when: str) -> None:
    if not hasattr(os, "O_TMPFILE"):
        pytest.skip("this system has no files without a name")
    ended = subprocess.run([sys.executable, "-c", _KILLED, str(tmp_path), when], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert list(tmp_path.iterdir()) == []


def test_what_is_refused_in_memory_is_refused_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(digests: Iterator[bytes]) -> str:
        with pytest.raises(TreeError) as caught:
            NewTree(digests, tmp_path)
        return caught.value.code

    assert refused(iter([])) == "empty"
    assert refused(iter([b"\1" * 32, b"short"])) == "digest-length"
    monkeypatch.setattr("registry.merkle.treefile.MAX_LEAVES", 4)
    assert refused(iter(numbered(5))) == "too-many-leaves"
    with pytest.raises(TreeError) as caught:
        NewTree(numbered(1), tmp_path / "missing")
    assert caught.value.code == "unwritable"
    assert list(tmp_path.iterdir()) == []
