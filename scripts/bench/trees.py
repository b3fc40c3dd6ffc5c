"""Verified proofs a second from the tree store, in a folder and on S3-compatible storage, beside the bare tree.

    python scripts/bench/trees.py [leaves of a tree] [trees]

All on one machine, in one run. The S3-compatible server is moto on loopback, in a process of its own; it is written in
Python and slow, so its rate says little, and the reads and bytes for each proof say what any server has to do.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parents[2]))

from anchor.settings import Settings
from registry.merkle.tree import Tree
from registry.merkle.treefile import TreeId
from registry.trees.folder import FolderTrees
from registry.trees.open import open_trees
from registry.trees.s3 import S3Trees
from registry.trees.store import TreeStore

PROOFS = 50_000
REMOTE_PROOFS = 300
TURNS = 3
PORT = 5123
URL = f"http://127.0.0.1:{PORT}"


def main() -> None:
    leaves = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        asked = build(folder, leaves, count)
        print(f"{count} trees of {leaves:,} leaves")
        local(folder, asked)
        remote(folder, asked)


def build(folder: Path, leaves: int, count: int) -> list[tuple[TreeId, bytes, int]]:
    """Questions in random order: tree, digest and where the digest is."""
    chosen = random.Random(1)
    asked = []
    for _ in range(count):
        packed = os.urandom(32 * leaves)
        with Tree.build(packed[start : start + 32] for start in range(0, len(packed), 32)) as tree:
            tree.write(folder / tree.id.name)
            places = [chosen.randrange(leaves) for _ in range(PROOFS // count)]
            asked += [(tree.id, tree.leaf(place), place) for place in places]
    chosen.shuffle(asked)
    return asked


def local(folder: Path, asked: list[tuple[TreeId, bytes, int]]) -> None:
    store = FolderTrees(folder)
    trees = {tree: Tree.open(folder / tree.name) for tree, _, _ in asked}
    questions: dict[str, Callable[[TreeId, bytes, int], object]] = {
        "bare tree, index known: path": lambda tree, _, place: trees[tree].inclusion(place),
        "bare tree: search and path": lambda tree, digest, _: trees[tree].inclusion(trees[tree].index_of(digest) or 0),
        "folder, index known: verified proof": lambda tree, digest, place: store.inclusion(tree, digest, hint=place),
        "folder: search and verified proof": lambda tree, digest, _: store.inclusion(tree, digest),
        "folder: verified absence": lambda tree, digest, _: store.absence(tree, digest[:31] + b"\0"),
    }
    for name, question in questions.items():
        seconds = min(timed(question, asked) for _ in range(TURNS))
        print(f"{name:38} {len(asked) / seconds:10,.0f}/s {seconds / len(asked) * 1e6:8.1f} µs")


def timed(question: Callable[[TreeId, bytes, int], object], asked: list[tuple[TreeId, bytes, int]]) -> float:
    started = perf_counter()
    for tree, digest, place in asked:
        question(tree, digest, place)
    return perf_counter() - started


def remote(folder: Path, asked: list[tuple[TreeId, bytes, int]]) -> None:
    command = [sys.executable, "-c", "from moto.server import main; main()", "-H", "127.0.0.1", "-p", str(PORT)]
    server = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    os.environ |= {"AWS_ENDPOINT": URL, "AWS_ALLOW_HTTP": "true", "AWS_REGION": "us-east-1"}
    os.environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    settings = Settings(trees="s3://bench/trees")
    try:
        make_bucket()
        filling = open_trees(settings)
        for path in folder.glob("*.tree"):
            with Tree.open(path) as tree:
                filling.put(tree.id, path)
        share = asked[:REMOTE_PROOFS]
        measure_remote("S3, index known, nothing cached", settings, share, hinted=True)
        measure_remote("S3: search, nothing cached", settings, share, hinted=False)
        warm(filling, asked)
    finally:
        server.terminate()
        server.wait()


def make_bucket() -> None:
    deadline = perf_counter() + 20
    while True:
        try:
            urllib.request.urlopen(urllib.request.Request(f"{URL}/bench", method="PUT")).close()
        except OSError:
            if perf_counter() > deadline:
                raise
        else:
            return


class Counting(S3Trees):
    """Counts what is read."""

    reads = 0
    taken = 0

    def _header(self, tree: TreeId, name: str) -> tuple[TreeId, int]:
        self.reads, self.taken = self.reads + 1, self.taken + 64
        return super()._header(tree, name)

    def _range(self, tree: TreeId, name: str, start: int, size: int) -> bytes:
        self.reads, self.taken = self.reads + 1, self.taken + size
        return super()._range(tree, name, start, size)


def measure_remote(name: str, settings: Settings, asked: list[tuple[TreeId, bytes, int]], *, hinted: bool) -> None:
    reads = taken = 0
    seconds = 0.0
    opened = open_trees(settings)
    if not isinstance(opened, S3Trees):
        sys.exit("the settings do not lead to S3")
    for tree, digest, place in asked:
        store = Counting(opened._store)
        started = perf_counter()
        store.inclusion(tree, digest, hint=place if hinted else None)
        seconds += perf_counter() - started
        reads, taken = reads + store.reads, taken + store.taken
    count = len(asked)
    print(
        f"{name:38} {count / seconds:10,.0f}/s {seconds / count * 1e6:8.1f} µs"
        f"   {reads / count:.2f} reads and {taken / count:,.0f} bytes a proof"
    )


def warm(store: TreeStore, asked: list[tuple[TreeId, bytes, int]]) -> None:
    share = asked[: REMOTE_PROOFS * 10]

    def question(tree: TreeId, digest: bytes, place: int) -> object:
        return store.inclusion(tree, digest, hint=place)

    timed(question, share)
    seconds = min(timed(question, share) for _ in range(TURNS))
    name = "S3, index known, what was read is kept"
    print(f"{name:38} {len(share) / seconds:10,.0f}/s {seconds / len(share) * 1e6:8.1f} µs")


if __name__ == "__main__":
    main()
