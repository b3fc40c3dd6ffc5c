"""The tree store: every kind gives the answers of the tree itself, or says why it cannot; never a proof that fails."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import obstore
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from obstore.store import MemoryStore

from anchor.books.trees import trees_of
from anchor.settings import Settings
from registry.errors import SettingsError, StoreError, TreeError
from registry.merkle.proof import AbsenceProof, InclusionProof, check_absence, check_inclusion
from registry.merkle.tree import Tree
from registry.merkle.treefile import HEADER, TreeId, levels_of
from registry.trees.blocks import BLOCK_BYTES, Block, BlockTree
from registry.trees.folder import FolderTrees
from registry.trees.open import open_trees
from registry.trees.s3 import S3Trees
from registry.trees.store import TreeStore

# Around the ends of blocks: one leaf, one block, two read levels, three read levels.
SIZES = [1, 2, 3, 255, 256, 257, 511, 513, 4097, 65535, 65536, 65537]


def numbered(count: int, *, seed: int = 0) -> list[bytes]:
    return [sha256(f"{seed}:{number}".encode()).digest() for number in range(count)]


def skewed(count: int) -> list[bytes]:
    """Digests as an issuer's own system may make them: nearly all in one corner of the range."""
    head = [number.to_bytes(32) for number in range(count - count // 10)]
    return head + [b"\xff" * 24 + number.to_bytes(8) for number in range(count // 10)]


class Stored:
    """One tree in memory, in a folder and on object storage."""

    def __init__(self, folder: Path, digests: list[bytes]):
        self.tree = Tree.build(digests)
        self.root = self.tree.id
        self.path = folder / self.root.name
        self.tree.write(self.path)
        self.memory = MemoryStore()
        obstore.put(self.memory, self.path.name, self.path.read_bytes())

    @property
    def stores(self) -> list[TreeStore]:
        return [FolderTrees(self.path.parent), S3Trees(self.memory)]

    def replace(self, content: bytes) -> None:
        self.path.unlink()
        self.path.write_bytes(content)
        obstore.put(self.memory, self.path.name, content)


@pytest.fixture(scope="module", params=[*SIZES, -3000, -70000], ids=str)
def stored(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Stored:
    count: int = request.param
    digests = numbered(count) if count > 0 else skewed(-count)
    return Stored(tmp_path_factory.mktemp("trees"), digests)


def test_every_store_answers_as_the_tree_does(stored: Stored) -> None:
    tree, root, count = stored.tree, stored.root, stored.tree.leaf_count
    chosen = random.Random(1)
    edges = {0, 1, 254, 255, 256, 257, 65535, 65536, count // 2, count - 2, count - 1}
    indexes = sorted({index for index in edges if 0 <= index < count} | {chosen.randrange(count) for _ in range(40)})
    for store in stored.stores:
        assert store.counts(root.root) == [count]
        for index in indexes:
            digest = tree.leaf(index)
            assert store.inclusion(root, digest) == store.inclusion(root, digest, hint=index) == tree.inclusion(index)
            assert store.inclusion(root, digest, hint=(index + 1) % count) == tree.inclusion(index)
            assert store.inclusion(root, digest, hint=count + 5) == tree.inclusion(index)
            assert store.inclusion_at(root, index) == (digest, tree.inclusion(index))
            assert store.absence(root, digest) is None
            for near in (int.from_bytes(digest) - 1, int.from_bytes(digest) + 1):
                other = (near % 2**256).to_bytes(32)
                if tree.index_of(other) is None:
                    assert store.inclusion(root, other) is None
                    assert store.absence(root, other) == tree.absence(other)
        first = max(0, count // 2 - 3)
        assert store.leaves(root, first, 300) == [tree.leaf(i) for i in range(first, min(count, first + 300))]
        assert store.leaves(root, count, 5) == []
        with store.open_whole(root) as whole:
            whole.check()
            assert whole.id == root


@given(
    st.sets(st.integers(0, 40) | st.integers(0, 2**256 - 1), min_size=1, max_size=600),
    st.lists(st.integers(0, 41) | st.integers(0, 2**256 - 1), max_size=20),
)
@settings(deadline=None, max_examples=60)
def test_any_set_and_any_question(members: set[int], asked: list[int]) -> None:
    with Tree.build(number.to_bytes(32) for number in members) as tree:
        memory = MemoryStore()
        obstore.put(memory, tree.id.name, bytes(tree._content.held))
        store = S3Trees(memory)
        for number in [*asked, *members]:
            digest = number.to_bytes(32)
            if number in members:
                proof = store.inclusion(tree.id, digest)
                assert proof is not None
                check_inclusion(digest, tree.root, proof)
                assert store.absence(tree.id, digest) is None
            else:
                absent = store.absence(tree.id, digest)
                assert absent is not None
                check_absence(digest, tree.root, absent)
                assert store.inclusion(tree.id, digest) is None


# What is asked of the storage


class Counted:
    """A tree in memory that counts the ranges that are read from it."""

    def __init__(self, digests: list[bytes]):
        self.tree = Tree.build(digests)
        self.ranges: list[tuple[int, int]] = []
        self.blocks = BlockTree(self.tree.leaf_count, self.tree.root, self.read)

    def read(self, start: int, size: int) -> Block:
        self.ranges.append((start, size))
        return Block(self.tree._content.held[start : start + size])

    def asked(self, question: Callable[[], object]) -> list[tuple[int, int]]:
        self.ranges.clear()
        question()
        return list(dict.fromkeys(self.ranges))


@pytest.mark.parametrize("count", SIZES)
def test_a_path_takes_one_range_for_eight_levels(count: int) -> None:
    counted = Counted(numbered(count))
    below_root = len(levels_of(count)) - 1
    for index in {0, count // 3, count - 1}:
        ranges = counted.asked(lambda index=index: counted.blocks.inclusion(index))  # type: ignore[misc]
        assert len(ranges) == max(1, -(-below_root // 8))
        assert all(size <= BLOCK_BYTES and (start - HEADER.size) % 32 == 0 for start, size in ranges)


def test_a_search_takes_one_or_two_blocks_where_digests_are_spread_evenly() -> None:
    counted = Counted(numbered(65536))
    reads = [len(counted.asked(lambda d=d: counted.blocks.index_of(d))) for d in numbered(300)]  # type: ignore[misc]
    assert sum(reads) / len(reads) < 2
    assert max(reads) <= 4


def test_a_search_among_skewed_digests_is_bounded() -> None:
    counted = Counted(skewed(65536))
    bound = 4 + (65536 // 256).bit_length()
    for digest in [*skewed(65536)[::1311], bytes(32), b"\xff" * 32, b"\x80" * 32]:
        assert len(counted.asked(lambda d=digest: counted.blocks.index_of(d))) <= bound  # type: ignore[misc]


def test_what_was_read_is_read_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    here = Stored(tmp_path, numbered(1000))
    store = S3Trees(here.memory)
    proof = store.inclusion(here.root, here.tree.leaf(500))
    refuse_all(monkeypatch)
    assert store.inclusion(here.root, here.tree.leaf(500)) == proof
    assert store.inclusion(here.root, here.tree.leaf(501)) == here.tree.inclusion(501)


def test_the_cache_keeps_within_its_limit(tmp_path: Path) -> None:
    here = Stored(tmp_path, numbered(20_000))
    store = S3Trees(here.memory, cache_bytes=100_000)
    for index in range(0, 20_000, 100):
        assert store.inclusion_at(here.root, index) == (here.tree.leaf(index), here.tree.inclusion(index))
    assert store._upper._bytes + store._leaves._bytes <= 100_000
    for cache in (store._upper, store._leaves):
        assert cache._bytes == sum(block.size + 800 for block in cache._blocks.values())


def test_trees_are_opened_and_let_go_by_many_threads(tmp_path: Path) -> None:
    trees = [Stored(tmp_path, numbered(40, seed=seed)) for seed in range(12)]
    store = FolderTrees(tmp_path, most_open=2)
    wrong: list[object] = []

    def ask(seed: int) -> None:
        chosen = random.Random(seed)
        try:
            for _ in range(300):
                one = chosen.choice(trees)
                index = chosen.randrange(40)
                if store.inclusion(one.root, one.tree.leaf(index)) != one.tree.inclusion(index):
                    wrong.append((seed, index))
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(store._open) <= 2
    assert store.ids() == sorted(one.root for one in trees)


# What is damaged, missing or away


def refuse_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is read any more: what is asked nevertheless finds the storage gone."""

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError("the line is cut")

    for name in ("get", "get_range", "head", "put"):
        monkeypatch.setattr(obstore, name, refuse)


def all_answers(store: TreeStore, tree: Tree, digest: bytes) -> Iterator[object]:
    """Everything that can be asked about a digest; a refusal counts, an answer is checked."""
    index = tree.index_of(digest)
    questions: list[Callable[[], object]] = [
        lambda: store.inclusion(tree.id, digest),
        lambda: store.inclusion(tree.id, digest, hint=0),
        lambda: store.absence(tree.id, digest),
    ]
    if index is not None:
        questions += [
            lambda: store.inclusion(tree.id, digest, hint=index),
            lambda: store.inclusion_at(tree.id, index)[1],
        ]
    for question in questions:
        try:
            answer = question()
        except StoreError as error:
            yield error.code
            continue
        if isinstance(answer, InclusionProof):
            check_inclusion(digest, tree.root, answer)
            assert index is not None
        elif isinstance(answer, AbsenceProof):
            check_absence(digest, tree.root, answer)
            assert index is None
        yield answer


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Stored:
    return Stored(tmp_path_factory.mktemp("small"), numbered(700))


@given(st.data())
@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_flipped_byte_is_never_served(small: Stored, data: st.DataObject) -> None:
    good = bytes(small.tree._content.held)
    at = data.draw(st.integers(0, len(good) - 1))
    bad = bytearray(good)
    bad[at] ^= 1 << data.draw(st.integers(0, 7))
    index = data.draw(st.sampled_from([0, 699, min(max(at - HEADER.size, 0) // 32, 699)]) | st.integers(0, 699))
    present = small.tree.leaf(index)
    missing = bytes([present[0], present[1] ^ 1]) + present[2:]
    small.replace(bytes(bad))
    try:
        for store in small.stores:
            for answer in all_answers(store, small.tree, present):
                # None would say "not in the batch" for `inclusion`; for `absence` it says "it is there".
                assert answer is None or isinstance(answer, InclusionProof) or answer == "tree-damaged"
            with_hint = [store_inclusion(store, small.root, present, hint) for hint in (None, 0, index)]
            assert None not in with_hint
            for answer in all_answers(store, small.tree, missing):
                assert answer is None or isinstance(answer, AbsenceProof) or answer == "tree-damaged"
            assert absence(store, small.root, missing) is not None
    finally:
        small.replace(good)


def store_inclusion(store: TreeStore, root: bytes, digest: bytes, hint: int | None) -> object:
    try:
        return store.inclusion(root, digest, hint=hint)
    except StoreError as error:
        return error.code


def absence(store: TreeStore, root: bytes, digest: bytes) -> object:
    try:
        return store.absence(root, digest)
    except StoreError as error:
        return error.code


@pytest.mark.parametrize("size", [0, 10, 63, 64, 65, 64 + 8192, 30_000, -32, -1])
def test_a_truncated_tree_is_damaged(tmp_path: Path, size: int) -> None:
    here = Stored(tmp_path, numbered(700))
    here.replace(here.path.read_bytes()[:size])
    for store in here.stores:
        with pytest.raises(StoreError) as refused:
            store.inclusion(here.root, here.tree.leaf(3))
        assert refused.value.code == "tree-damaged"
        assert str(here.root) in refused.value.what
        with pytest.raises(StoreError) as refused, store.open_whole(here.root):
            pass
        assert refused.value.code == "tree-damaged"


def test_another_tree_under_the_name_is_damaged(tmp_path: Path) -> None:
    here, other = Stored(tmp_path, numbered(700)), Stored(tmp_path, numbered(700, seed=1))
    here.replace(other.path.read_bytes())
    for store in here.stores:
        for question in (store.has, lambda tree, store=store: store.inclusion_at(tree, 0)):
            with pytest.raises(StoreError) as refused:
                question(here.root)
            assert refused.value.code == "tree-damaged"


def test_another_tree_that_claims_the_root_is_damaged(tmp_path: Path) -> None:
    """Header and last node are the wanted root's, everything else is from somewhere else."""
    here, other = Stored(tmp_path, numbered(700)), Stored(tmp_path, numbered(700, seed=1))
    content = other.path.read_bytes()
    here.replace(here.path.read_bytes()[:64] + content[64:-32] + here.root.root)
    digest, foreign = here.tree.leaf(5), other.tree.leaf(5)
    for store in here.stores:
        for one in (digest, foreign):
            assert store_inclusion(store, here.root, one, None) == "tree-damaged"
            assert absence(store, here.root, one) == "tree-damaged"


def test_a_repaired_tree_is_served_again(tmp_path: Path) -> None:
    here = Stored(tmp_path, numbered(700))
    good = here.path.read_bytes()
    bad = bytearray(good)
    bad[64 + 32 * 100] ^= 1
    here.replace(bytes(bad))
    stores = here.stores
    digest = here.tree.leaf(101)
    for store in stores:
        assert store_inclusion(store, here.root, digest, None) == "tree-damaged"
    here.replace(good)
    for store in stores:
        assert store.inclusion(here.root, digest) == here.tree.inclusion(101)


def test_an_object_that_shrinks_between_two_reads_is_damaged(tmp_path: Path) -> None:
    here = Stored(tmp_path, numbered(700))
    store = S3Trees(here.memory)
    assert store.has(here.root)
    obstore.put(here.memory, here.path.name, here.path.read_bytes()[:200])
    assert store_inclusion(store, here.root, here.tree.leaf(650), None) == "tree-damaged"


def test_a_missing_tree_is_missing_and_not_empty(tmp_path: Path) -> None:
    nowhere = TreeId(sha256(b"nowhere").digest(), 3)
    for store in (FolderTrees(tmp_path), S3Trees(MemoryStore())):
        assert store.has(nowhere) is False
        assert store.counts(nowhere.root) == []
        for question in (
            lambda tree, store=store: store.inclusion(tree, bytes(32)),
            lambda tree, store=store: store.absence(tree, bytes(32)),
            lambda tree, store=store: store.inclusion_at(tree, 0),
            lambda tree, store=store: store.leaves(tree, 0, 1),
        ):
            with pytest.raises(StoreError) as refused:
                question(nowhere)
            assert refused.value.code == "tree-missing"


def test_a_tree_that_vanishes_is_missing(tmp_path: Path) -> None:
    here = Stored(tmp_path, numbered(700))
    store = S3Trees(here.memory)
    assert store.has(here.root)
    obstore.delete(here.memory, here.path.name)
    assert store_inclusion(store, here.root, here.tree.leaf(0), None) == "tree-missing"


def test_a_folder_that_is_not_mounted_is_unavailable(tmp_path: Path) -> None:
    store = FolderTrees(tmp_path / "not" / "mounted")
    for question in (store.has, lambda tree: store.counts(tree.root)):
        with pytest.raises(StoreError) as refused:
            question(TreeId(bytes(32), 1))
        assert refused.value.code == "trees-unavailable"


def test_storage_that_is_away_is_unavailable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = Stored(tmp_path, numbered(700))
    store = S3Trees(here.memory)
    assert store.has(here.root)

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError("the line is cut")

    monkeypatch.setattr(obstore, "get_range", refuse)
    with pytest.raises(StoreError, match="could not be asked") as refused:
        store.inclusion(here.root, here.tree.leaf(0))
    assert refused.value.code == "trees-unavailable"


def test_a_question_that_makes_no_sense(tmp_path: Path) -> None:
    here = Stored(tmp_path, numbered(5))
    for store in here.stores:
        with pytest.raises(TreeError, match="31 bytes"):
            store.inclusion(here.root, bytes(31))
        with pytest.raises(TreeError, match="leaf 5"):
            store.inclusion_at(here.root, 5)
        with pytest.raises(TreeError):
            store.leaves(here.root, -1, 2)


# Trees that share a root


def levels(tree: Tree) -> list[Tree]:
    """The trees over the nodes of each level: all of them have the same root. Only those whose leaves ascend."""
    nodes, found = [tree.leaf(index) for index in range(tree.leaf_count)], []
    while len(nodes) > 1:
        pairs = [nodes[at : at + 2] for at in range(0, len(nodes), 2)]
        nodes = [sha256(b"".join(pair)).digest() if len(pair) == 2 else pair[0] for pair in pairs]
        if nodes == sorted(nodes):
            found.append(Tree.build(nodes))
    return found


@given(st.sets(st.binary(min_size=32, max_size=32), min_size=2, max_size=40), st.randoms())
@settings(deadline=None, max_examples=25)
def test_trees_with_one_root_do_not_meet_whoever_comes_first(members: set[bytes], chosen: random.Random) -> None:
    """Whoever knows a root can anchor it as his only digest, or the nodes below it, before its issuer or after."""
    tree = Tree.build(members)
    all_of_them = [tree, *levels(tree)]
    assert {each.root for each in all_of_them} == {tree.root}
    chosen.shuffle(all_of_them)
    with TemporaryDirectory() as name:
        for part in ("from", "to"):
            (Path(name) / part).mkdir()
        source = Path(name, "from")
        for store in (FolderTrees(Path(name, "to")), S3Trees(MemoryStore())):
            for each in all_of_them:
                each.write(source / each.id.name)
                store.put(each.id, source / each.id.name)
            assert store.counts(tree.root) == sorted(each.leaf_count for each in all_of_them)
            for each in all_of_them:
                for index in range(each.leaf_count):
                    assert store.inclusion(each.id, each.leaf(index)) == each.inclusion(index)
                with store.open_whole(each.id) as whole:
                    assert [*whole.leaves()] == [*each.leaves()]
            assert store.has(TreeId(tree.root, 41)) is False


@pytest.mark.parametrize("former", ["mine", "the stranger's"])
def test_a_former_name_is_that_of_the_tree_it_holds(tmp_path: Path, former: str) -> None:
    """Files were named by their root alone."""
    (tmp_path / "new").mkdir()
    tree = Tree.build(numbered(6))
    stranger = Tree.build([tree.root])
    held, other = (tree, stranger) if former == "mine" else (stranger, tree)
    folder, memory = tmp_path / "trees", MemoryStore()
    folder.mkdir()
    path = folder / tree.id.former_name
    held.write(path)
    obstore.put(memory, path.name, path.read_bytes())
    for store in (FolderTrees(folder), S3Trees(memory)):
        assert (store.has(held.id), store.has(other.id)) == (True, False)
        assert store.counts(tree.root) == [held.leaf_count]
        assert store.inclusion_at(held.id, 0) == (held.leaf(0), held.inclusion(0))
        other.write(tmp_path / "new" / other.id.name)
        store.put(other.id, tmp_path / "new" / other.id.name)
        store.put(held.id, path)
        for each in (held, other):
            with store.open_whole(each.id) as whole:
                whole.check()
        assert store.counts(tree.root) == [1, 6]
    assert FolderTrees(folder).ids() == sorted([tree.id, stranger.id])
    assert sorted(each.name for each in folder.iterdir()) == sorted([path.name, other.id.name])


def test_a_damaged_file_with_a_former_name_is_damaged_and_replaced_under_its_own(tmp_path: Path) -> None:
    (tmp_path / "from").mkdir()
    here = Stored(tmp_path / "from", numbered(6))
    folder, memory = tmp_path / "trees", MemoryStore()
    folder.mkdir()
    (folder / here.root.former_name).write_bytes(b"half a tr")
    obstore.put(memory, here.root.former_name, b"half a tr")
    for store in (FolderTrees(folder), S3Trees(memory)):
        assert store.counts(here.root.root) == []
        with pytest.raises(StoreError) as refused:
            store.has(here.root)
        assert refused.value.code == "tree-damaged"
        store.put(here.root, here.path)
        assert store.inclusion_at(here.root, 3)[0] == here.tree.leaf(3)
    assert TreeId(here.root.root, 0) in FolderTrees(folder).ids()


# Copying into the store


def test_put_copies_and_may_be_repeated(tmp_path: Path) -> None:
    (tmp_path / "from").mkdir()
    (tmp_path / "to").mkdir()
    here = Stored(tmp_path / "from", numbered(700))
    for store in (FolderTrees(tmp_path / "to"), S3Trees(MemoryStore())):
        for _ in range(2):
            store.put(here.root, here.path)
            assert store.has(here.root)
        assert store.inclusion_at(here.root, 7) == (here.tree.leaf(7), here.tree.inclusion(7))


def test_put_heals_what_is_not_the_tree(tmp_path: Path) -> None:
    (tmp_path / "from").mkdir()
    here = Stored(tmp_path / "from", numbered(700))
    memory = MemoryStore()
    obstore.put(memory, here.path.name, b"half a tr")
    (tmp_path / here.path.name).write_bytes(b"half a tr")
    for store in (FolderTrees(tmp_path), S3Trees(memory)):
        store.put(here.root, here.path)
        assert store.inclusion_at(here.root, 7)[0] == here.tree.leaf(7)


def test_put_refuses_what_is_not_the_tree(tmp_path: Path) -> None:
    here = Stored(tmp_path, numbered(700))
    other = TreeId(sha256(b"other").digest(), 700)
    for store, path, code in (
        (S3Trees(MemoryStore()), here.path, "tree-damaged"),
        (S3Trees(MemoryStore()), tmp_path / "none.tree", "tree-missing"),
        (FolderTrees(tmp_path), here.path, "tree-damaged"),
    ):
        with pytest.raises(StoreError) as refused:
            store.put(other, path)
        assert refused.value.code == code
        assert store.has(other) is False


def test_the_settings_say_where_the_trees_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = tmp_path / "trees"
    here.mkdir()
    stored = Stored(here, numbered(3))
    assert trees_of(Settings(data_folder=tmp_path)).has(stored.root)
    assert isinstance(open_trees("s3://bucket/some/prefix"), S3Trees)
    for senseless in ("bucket", "http://bucket/x", "s3://", "s3://key:secret@bucket", "s3://bucket?x=1"):
        with pytest.raises(SettingsError, match="s3://bucket"):
            open_trees(senseless)


# A file that others write to while it is read


def test_a_tree_that_is_cut_off_under_readers_is_damaged_and_comes_back(tmp_path: Path) -> None:
    """As `cp backup.tree it.tree` does: cut to nothing, then written. A mapped file would end the process."""
    here = Stored(tmp_path, numbered(100_000))
    good, leaves = here.path.read_bytes(), list(here.tree.leaves())
    store = FolderTrees(tmp_path, held_bytes=0)
    assert store.inclusion(here.root, leaves[70_000]) is not None
    seen: set[str] = set()
    wrong: list[object] = []
    stop = threading.Event()

    def read(seed: int) -> None:
        chosen = random.Random(seed)
        while not stop.is_set():
            index = chosen.randrange(100_000)
            try:
                proof = store.inclusion(here.root, leaves[index])
            except StoreError as error:
                seen.add(error.code)
                continue
            seen.add("proved")
            if proof != here.tree.inclusion(index):
                wrong.append((index, proof))

    readers = [threading.Thread(target=read, args=(seed,)) for seed in range(3)]
    for reader in readers:
        reader.start()
    for size in [0, 64, 1_000_000, 3_200_064, 6_000_000] * 3:
        with here.path.open("r+b") as file:
            file.truncate(size)
            file.seek(0)
            file.write(good)
    stop.set()
    for reader in readers:
        reader.join()
    assert wrong == []
    assert seen <= {"proved", "tree-damaged"}
    here.path.write_bytes(good[:1_000_000])
    assert store_inclusion(store, here.root, leaves[-1], None) == "tree-damaged"
    here.tree.write(here.path)
    assert store.inclusion(here.root, leaves[-1]) == here.tree.inclusion(99_999)


def test_memory_for_open_trees_is_bounded(tmp_path: Path) -> None:
    stored = [Stored(tmp_path, numbered(30_000, seed=seed)) for seed in range(4)]
    store = FolderTrees(tmp_path, held_bytes=5 << 20)
    for one in [*stored, *stored]:
        assert store.inclusion(one.root, one.tree.leaf(7)) == one.tree.inclusion(7)
    held = [tree.held_bytes for tree in store._open.values()]
    assert sum(held) == store._held <= 5 << 20
    # The first has room for all of it, the others for what is needed most.
    assert [size > 1 << 20 for size in held] == [True, False, False, False]
