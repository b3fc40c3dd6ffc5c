"""The `.tree` file: what is in it, and that no damaged, foreign or half-written one is taken for a tree."""

from __future__ import annotations

import os
import struct
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.errors import TreeError
from registry.merkle import treefile
from registry.merkle.proof import check_inclusion
from registry.merkle.tree import Tree
from registry.merkle.treebytes import TreeBytes
from registry.merkle.treefile import TreeId
from tests import reference_tree


def numbered(count: int) -> list[bytes]:
    return sorted(sha256(number.to_bytes(4)).digest() for number in range(count))


def written(path: Path, count: int) -> Path:
    with Tree.build(numbered(count)) as tree:
        tree.write(path)
    return path


def refuses(code: str, path: Path, **options: bytes) -> TreeError:
    with pytest.raises(TreeError) as caught:
        Tree.open(path, **options)
    assert caught.value.code == code
    assert caught.value.where == str(path)
    return caught.value


@pytest.fixture
def seven(tmp_path: Path) -> Path:
    return written(tmp_path / "seven.tree", 7)


def test_the_file_is_the_header_and_every_level(seven: Path) -> None:
    """Spelled out byte for byte, as docs/reference/tree.md does."""
    a, b, c, d, e, f, g = leaves = numbered(7)

    def parent(left: bytes, right: bytes) -> bytes:
        return sha256(left + right).digest()

    ab, cd, ef = parent(a, b), parent(c, d), parent(e, f)
    root = parent(parent(ab, cd), parent(ef, g))
    header = b"testamur tree\r\n\x1a" + struct.pack(">II", 1, 7) + bytes(8) + root
    levels = [*leaves, ab, cd, ef, g, parent(ab, cd), parent(ef, g), root]
    assert seven.read_bytes() == header + b"".join(levels)


@pytest.mark.parametrize("count", [1, 2, 3, 70, 3000])
def test_what_was_written_is_read_back(tmp_path: Path, count: int) -> None:
    leaves = numbered(count)
    path = written(tmp_path / "a.tree", count)
    with Tree.open(path, expected=TreeId(reference_tree.root(leaves), count)) as tree:
        assert list(tree.leaves()) == leaves
        for index in {0, count // 2, count - 1}:
            assert tree.index_of(leaves[index]) == index
            check_inclusion(leaves[index], tree.root, tree.inclusion(index))
        tree.check()
        tree.write(tmp_path / "b.tree")
    assert (tmp_path / "b.tree").read_bytes() == path.read_bytes()


def test_the_reference_page_has_the_right_example_and_size() -> None:
    page = (Path(__file__).parents[3] / "docs" / "reference" / "tree.md").read_text("utf-8")
    with Tree.build([bytes(32), b"\x11" * 32, b"\xff" * 32]) as tree:
        assert f"= {tree.inclusion(2).path[0].hex()}\n" in page
        assert f"= {tree.root.hex()}\n" in page
    assert f"A million leaves take {treefile.levels_of(1_000_000)[-1].end:,} bytes" in page


def test_a_file_can_be_written_over_itself_while_it_is_open(seven: Path) -> None:
    before = seven.read_bytes()
    with Tree.open(seven) as tree:
        tree.write(seven)
        tree.check()
    assert seven.read_bytes() == before


def test_every_truncation_and_extension_is_refused(seven: Path) -> None:
    whole = seven.read_bytes()
    for size in range(len(whole)):
        seven.write_bytes(whole[:size])
        refuses("not-a-tree-file" if size < treefile.HEADER.size else "file-length", seven)
    for extra in (b"\0", whole[-32:]):
        seven.write_bytes(whole + extra)
        refuses("file-length", seven)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_every_flipped_bit_is_found_on_opening_or_by_the_check(seven: Path, data: st.DataObject) -> None:
    whole = seven.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    broken = bytearray(whole)
    broken[at] ^= 1 << data.draw(st.integers(0, 7))
    damaged = seven.with_name("damaged.tree")
    damaged.write_bytes(broken)
    with pytest.raises(TreeError), Tree.open(damaged) as tree:
        tree.check()


def test_the_check_names_the_node_that_differs(seven: Path) -> None:
    offset = treefile.levels_of(7)[1].offset + 32  # the second node above the leaves
    broken = bytearray(seven.read_bytes())
    broken[offset] ^= 1
    seven.write_bytes(broken)
    with Tree.open(seven) as tree, pytest.raises(TreeError, match="node 1 of level 1") as caught:
        tree.check()
    assert caught.value.code == "node-differs"


@pytest.mark.parametrize("order", [(1, 0, 2), (0, 2, 1), (0, 0, 1)])
def test_the_check_names_the_leaf_out_of_order(tmp_path: Path, order: tuple[int, ...]) -> None:
    """All hashes are right; only the promise that the leaves ascend strictly is broken."""
    leaves = [numbered(3)[position] for position in order]
    pair, root = sha256(leaves[0] + leaves[1]).digest(), reference_tree.root(leaves)
    path = tmp_path / "unsorted.tree"
    path.write_bytes(treefile.HEADER.pack(treefile.MAGIC, 1, 3, root) + b"".join([*leaves, pair, leaves[2], root]))
    first = 2 if order == (0, 2, 1) else 1
    with Tree.open(path) as tree, pytest.raises(TreeError, match=f"leaf {first} ") as caught:
        tree.check()
    assert caught.value.code == "leaf-order"


def test_order_is_checked_across_blocks(tmp_path: Path) -> None:
    per_block = treefile.BLOCK_BYTES // treefile.NODE_SIZE
    leaves = numbered(per_block + 2)
    leaves[per_block - 1], leaves[per_block] = leaves[per_block], leaves[per_block - 1]
    data = treefile.lay_out([b"".join(leaves)])
    with Tree(TreeBytes(data), len(leaves), data[-32:]) as tree, pytest.raises(TreeError, match=f"leaf {per_block} "):
        tree.check()


@pytest.mark.parametrize("count", [0, 6, 8, 2**31, 2**32 - 1])
def test_a_forged_leaf_count_is_refused_before_anything_is_mapped(seven: Path, count: int) -> None:
    forged = bytearray(seven.read_bytes())
    forged[20:24] = count.to_bytes(4)
    seven.write_bytes(forged)
    refuses("header" if count == 0 else "file-length", seven)


def test_a_later_format_and_a_damaged_header_are_refused(seven: Path) -> None:
    whole = seven.read_bytes()
    for at, value, code in (
        (19, 2, "version"),
        (24, 1, "header"),
        (31, 1, "header"),
        (40, whole[40] ^ 1, "header-root"),
    ):
        forged = bytearray(whole)
        forged[at] = value
        seven.write_bytes(forged)
        refuses(code, seven)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04" + bytes(500), b"testamur tree\n\x1a" + bytes(500)])
def test_a_foreign_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "foreign.tree"
    path.write_bytes(content)
    refuses("not-a-tree-file", path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    refuses("unreadable", tmp_path / "missing.tree")
    refuses("unreadable", tmp_path)


def test_another_tree_than_expected_is_refused(seven: Path) -> None:
    with Tree.open(seven) as tree:
        root = tree.root
    for other in (TreeId(bytes(32), 7), TreeId(root, 6), TreeId(root, 1)):
        error = refuses("other-tree", seven, expected=other)
        assert str(other) in str(error)


@pytest.mark.parametrize("call", ["os.fsync", "pathlib.Path.replace"])
def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    seven: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    before = seven.read_bytes()

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with Tree.build(numbered(9)) as tree, monkeypatch.context() as patch:
        patch.setattr(call, fail)
        with pytest.raises(TreeError, match="No space left on device") as caught:
            tree.write(seven)
    assert caught.value.code == "unwritable"
    assert seven.read_bytes() == before
    assert os.listdir(seven.parent) == [seven.name]  # noqa: PTH208


@pytest.mark.parametrize("call", ["os.fsync", "pathlib.Path.replace"])
def test_a_process_killed_while_writing_leaves_no_half_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    child = os.fork()
    if child == 0:
        monkeypatch.setattr(call, lambda *_: os.kill(os.getpid(), 9))
        written(tmp_path / "a.tree", 3000)
        os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == 9
    assert list(tmp_path.glob("*.tree")) == []
    written(tmp_path / "a.tree", 3000)
    with Tree.open(tmp_path / "a.tree") as tree:
        tree.check()


def test_the_name_appears_after_the_bytes_and_the_folder_is_synced_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, events = tmp_path / "a.tree", []
    fsync, replace = os.fsync, Path.replace

    def watched_fsync(descriptor: int) -> None:
        folder = os.path.samestat(os.fstat(descriptor), tmp_path.stat())
        events.append(("sync folder" if folder else "sync file", path.exists()))
        fsync(descriptor)

    def watched_replace(source: Path, target: Path) -> Path:
        events.append(("rename", source.parent == tmp_path))
        return replace(source, target)

    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(Path, "replace", watched_replace)
    written(path, 3)
    assert events == [("sync file", False), ("rename", True), ("sync folder", True)]


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with Tree.build(numbered(1)) as tree, pytest.raises(TreeError) as caught:
        tree.write(tmp_path / "missing" / "a.tree")
    assert caught.value.code == "unwritable"


# What becomes of a file while it is read


def cut_off(path: Path, size: int) -> None:
    """In place, as `cp other.tree this.tree` does for a moment."""
    os.truncate(path, size)


@pytest.mark.parametrize("size", [0, 64, 4096 * 32, 6000 * 32])
def test_a_file_that_is_cut_off_under_a_reader_is_said(tmp_path: Path, size: int) -> None:
    """A mapped file would end the process here (SIGBUS)."""
    path = written(tmp_path / "a.tree", 5000)
    leaves = numbered(5000)
    for reader in (
        lambda tree: tree.check(),
        lambda tree: [tree.index_of(leaf) for leaf in leaves[-200:]],
        lambda tree: [tree.inclusion(index) for index in range(4700, 5000)],
        lambda tree: list(tree.leaves()),
        lambda tree: tree.write(tmp_path / "b.tree"),
        lambda tree: tree.absence(leaves[-1][:31] + b"\0"),
    ):
        path = written(path, 5000)
        with Tree.open(path, held_bytes=32) as tree:
            cut_off(path, size)
            if size < 5000 * 32:
                with pytest.raises(TreeError) as caught:
                    reader(tree)
                assert (caught.value.code, caught.value.where) == ("file-length", str(path))
            else:
                with pytest.raises(TreeError, match="cut off"):
                    tree.check()
    assert not (tmp_path / "b.tree").exists()


def test_what_is_in_memory_outlasts_its_file(tmp_path: Path) -> None:
    path = written(tmp_path / "a.tree", 500)
    with Tree.read(path) as tree:
        cut_off(path, 0)
        tree.check()
        tree.write(path)
    with Tree.open(path) as tree:
        tree.check()


def test_no_file_stays_open(tmp_path: Path) -> None:
    path = written(tmp_path / "a.tree", 500)
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    trees = [Tree.open(path, held_bytes=32) for _ in range(10)]
    trees[0].close()
    with pytest.raises(ValueError, match="closed"):
        trees[0].leaf(0)
    path.write_bytes(b"testamur tree\r\n\x1a")
    for _ in range(10):
        with pytest.raises(TreeError):
            Tree.open(path)
    trees.clear()
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
