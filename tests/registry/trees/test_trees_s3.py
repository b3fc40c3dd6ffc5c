"""The tree store on a real S3-compatible server, and the commands that fill it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import perf_counter

import pytest

from registry.errors import StoreError
from registry.merkle.tree import Tree
from registry.merkle.treefile import TreeId
from registry.trees import s3 as trees_module
from registry.trees.open import open_trees
from registry.trees.store import TreeStore
from tests.conftest import Run
from tests.s3 import S3Server, s3_server

PREFIX = "some/trees"
URL = f"s3://registry/{PREFIX}"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    with s3_server() as server:
        server.use(monkeypatch)
        yield server


@pytest.fixture
def store(server: S3Server) -> TreeStore:
    return open_trees(URL)


@pytest.fixture(scope="module")
def tree() -> Tree:
    return Tree.build(sha256(str(number).encode()).digest() for number in range(3000))


def written(tree: Tree, folder: Path) -> Path:
    path = folder / tree.id.name
    tree.write(path)
    return path


def refusal(store: TreeStore, tree: Tree) -> str:
    with pytest.raises(StoreError) as refused:
        store.inclusion(tree.id, tree.leaf(1234))
    return refused.value.code


def test_a_tree_goes_there_and_its_proofs_come_back(
    server: S3Server, store: TreeStore, tree: Tree, tmp_path: Path
) -> None:
    path = written(tree, tmp_path)
    assert store.has(tree.id) is False
    for _ in range(2):
        store.put(tree.id, path)
    assert server.get(f"{PREFIX}/{path.name}") == path.read_bytes()
    assert store.has(tree.id) is True
    assert store.counts(tree.root) == [3000]
    for index in (0, 255, 256, 2047, 2999):
        assert store.inclusion(tree.id, tree.leaf(index)) == tree.inclusion(index)
    missing = sha256(b"never").digest()
    assert store.inclusion(tree.id, missing) is None
    assert store.absence(tree.id, missing) == tree.absence(missing)
    with store.open_whole(tree.id) as whole:
        whole.check()


def test_a_large_tree_goes_in_parts(store: TreeStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trees_module, "CHUNK_BYTES", 5 << 20)
    with Tree.build(sha256(number.to_bytes(4)).digest() for number in range(100_000)) as tree:
        path = written(tree, tmp_path)
        assert path.stat().st_size > 5 << 20
        store.put(tree.id, path)
        assert store.inclusion_at(tree.id, 77_777) == (tree.leaf(77_777), tree.inclusion(77_777))
        with store.open_whole(tree.id) as whole:
            whole.check()


def test_what_is_wrong_has_a_name_of_its_own(server: S3Server, store: TreeStore, tree: Tree, tmp_path: Path) -> None:
    path = written(tree, tmp_path)
    key, content = f"{PREFIX}/{path.name}", path.read_bytes()
    assert refusal(store, tree) == "tree-missing"
    for bad in (b"", content[:40], content[:70_000], b"\0" * len(content)):
        server.put(key, bad)
        assert refusal(store, tree) == "tree-damaged"
    bad_leaf = bytearray(content)
    bad_leaf[64 + 32 * 1235] ^= 1
    server.put(key, bytes(bad_leaf))
    assert refusal(store, tree) == "tree-damaged"
    server.put(key, content)
    assert store.inclusion(tree.id, tree.leaf(1234)) == tree.inclusion(1234)
    server.put(key, content[:70_000])
    fresh = tree.leaf(2900)
    with pytest.raises(StoreError) as refused:
        store.inclusion(tree.id, fresh)
    assert refused.value.code == "tree-damaged"
    server.delete(key)
    assert refusal(store, tree) == "tree-missing"


def test_a_bucket_that_is_not_there_is_unavailable_and_not_empty(server: S3Server, tree: Tree, tmp_path: Path) -> None:
    store = open_trees("s3://elsewhere/trees")
    assert refusal(store, tree) == "trees-unavailable"
    for question in (lambda: store.has(tree.id), lambda: store.put(tree.id, written(tree, tmp_path))):
        with pytest.raises(StoreError, match="bucket") as refused:
            question()
        assert refused.value.code == "trees-unavailable"


def test_a_server_that_is_down_is_unavailable(server: S3Server, store: TreeStore, tree: Tree, tmp_path: Path) -> None:
    store.put(tree.id, written(tree, tmp_path))
    assert store.counts(tree.root) == [3000]
    server.stop()
    assert refusal(store, tree) == "trees-unavailable"
    for question in (
        lambda: store.has(tree.id),
        lambda: store.absence(tree.id, bytes(32)),
        lambda: store.inclusion_at(tree.id, 0),
        lambda: store.open_whole(tree.id).__enter__(),
        lambda: store.put(tree.id, tmp_path / tree.id.name),
    ):
        with pytest.raises(StoreError) as refused:
            question()
        assert refused.value.code == "trees-unavailable"
        assert server.url not in refused.value.what


class _Answering(BaseHTTPRequestHandler):
    """Answers every request with one status; 200 ignores that a range was asked for."""

    status = 500

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.send_header("Content-Length", "200000")
        self.send_header("ETag", '"x"')
        self.send_header("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(bytes(200_000))

    do_HEAD = do_PUT = do_GET  # noqa: N815 - names of the library

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize("status", [200, 301, 400, 401, 403, 500, 503])
def test_any_other_answer_is_unavailable(
    server: S3Server, tree: Tree, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trees_module, "RETRIES", 0)
    handler = type("Handler", (_Answering,), {"status": status})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT", f"http://127.0.0.1:{other.server_port}")
        assert refusal(open_trees(URL), tree) == "trees-unavailable"
        other.shutdown()


def test_a_server_that_never_answers_is_unavailable_in_time(
    server: S3Server, tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trees_module, "REQUEST_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AWS_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        started = perf_counter()
        assert refusal(open_trees(URL), tree) == "trees-unavailable"
        assert perf_counter() - started < 5


# The commands


def anchored(run: Run, tmp_path: Path) -> str:
    """One batch that is anchored with the trees in the data folder; its root."""
    assert run("issuer", "register", "--uri", "did:web:university.example").code == 0
    (tmp_path / "one.json").write_text('{"a": 1}')
    (batch,) = run("anchor", "one.json", "--json").json["batches"]
    return str(batch["root"][2:])


def test_anchor_copies_the_tree_before_it_signs(
    server: S3Server, run: Run, diplomas: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("issuer", "register", "--uri", "did:web:university.example").code == 0
    monkeypatch.setenv("TESTAMUR_TREES", URL)
    monkeypatch.setenv("AWS_ENDPOINT", "http://127.0.0.1:1")
    failed = run("anchor", diplomas, "--json")
    assert (failed.code, failed.json["error"]["code"]) == (1, "trees-unavailable")
    status = run("status", "--json").json
    assert [batch["state"] for batch in status["batches"]] == ["parked"]
    assert run("issuer", "show", "--json").json["batches"] == 0
    # The same job again, with the store back, goes on where it stopped.
    monkeypatch.setenv("AWS_ENDPOINT", server.url)
    again = run("anchor", diplomas, "--json")
    assert again.code == 0
    (batch,) = again.json["batches"]
    assert (batch["state"], batch["leafCount"]) == ("final", 300)
    tree = TreeId(bytes.fromhex(batch["root"][2:]), 300)
    store = open_trees(URL)
    assert store.inclusion_at(tree, 17)
    assert server.get(f"{PREFIX}/{tree.name}") == (Path("testamur-data/trees") / tree.name).read_bytes()


def test_push_copies_what_the_store_does_not_have(
    server: S3Server, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = anchored(run, tmp_path)
    assert run("trees", "push", "--json").json["error"]["code"] == "no-tree-store"
    monkeypatch.setenv("TESTAMUR_TREES", URL)
    first = run("trees", "push", "--json")
    assert (first.code, first.json["copied"], first.json["thereBefore"]) == (
        0,
        [{"root": f"0x{root}", "leafCount": 1}],
        0,
    )
    assert open_trees(URL).has(TreeId(bytes.fromhex(root), 1))
    again = run("trees", "push", "--json")
    assert (again.code, again.json["copied"], again.json["thereBefore"]) == (0, [], 1)
    server.put(f"{PREFIX}/{root}-1.tree", b"damaged")
    assert run("trees", "push", "--json").json["copied"] == [{"root": f"0x{root}", "leafCount": 1}]
    assert open_trees(URL).has(TreeId(bytes.fromhex(root), 1))


def test_push_refuses_a_damaged_tree_and_copies_the_others(
    server: S3Server, run: Run, tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = anchored(run, tmp_path)
    path = written(tree, Path("testamur-data/trees"))
    content = bytearray(path.read_bytes())
    content[64 + 32 * 5] ^= 1
    path.write_bytes(content)
    monkeypatch.setenv("TESTAMUR_TREES", URL)
    pushed = run("trees", "push", "--json")
    assert pushed.code == 1
    assert pushed.json["copied"] == [{"root": f"0x{root}", "leafCount": 1}]
    assert [(each["root"], each["code"]) for each in pushed.json["broken"]] == [
        (f"0x{tree.root.hex()}", "tree-damaged")
    ]
    assert open_trees(URL).has(tree.id) is False


def test_push_without_the_server_says_so(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    anchored(run, tmp_path)
    with s3_server() as server:
        server.use(monkeypatch)
    monkeypatch.setenv("TESTAMUR_TREES", URL)
    pushed = run("trees", "push", "--json")
    assert (pushed.code, pushed.json["error"]["code"]) == (1, "trees-unavailable")
