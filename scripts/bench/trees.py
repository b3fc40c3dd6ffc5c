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

from registry.merkle import Tree
from registry.settings import Settings
from registry.store.trees import FolderTrees, S3Trees, TreeStore, open_trees

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


def build(folder: Path, leaves: int, count: int) -> list[tuple[bytes, bytes, int]]:
    """Questions in random order: root, digest and where the digest is."""
    chosen = random.Random(1)
    asked = []
    for _ in range(count):
        packed = os.urandom(32 * leaves)
        with Tree.build(packed[start : start + 32] for start in range(0, len(packed), 32)) as tree:
            tree.write(folder / f"{tree.root.hex()}.tree")
            places = [chosen.randrange(leaves) for _ in range(PROOFS // count)]
            asked += [(tree.root, tree.leaf(place), place) for place in places]
    chosen.shuffle(asked)
    return asked


def local(folder: Path, asked: list[tuple[bytes, bytes, int]]) -> None:
    store = FolderTrees(folder)
    trees = {root: Tree.open(folder / f"{root.hex()}.tree") for root, _, _ in asked}
    questions: dict[str, Callable[[bytes, bytes, int], object]] = {
        "bare tree, index known: path": lambda root, _, place: trees[root].inclusion(place),
        "bare tree: search and path": lambda root, digest, _: trees[root].inclusion(trees[root].index_of(digest) or 0),
        "folder, index known: verified proof": lambda root, digest, place: store.inclusion(root, digest, hint=place),
        "folder: search and verified proof": lambda root, digest, _: store.inclusion(root, digest),
        "folder: verified absence": lambda root, digest, _: store.absence(root, digest[:31] + b"\0"),
    }
    for name, question in questions.items():
        seconds = min(timed(question, asked) for _ in range(TURNS))
        print(f"{name:38} {len(asked) / seconds:10,.0f}/s {seconds / len(asked) * 1e6:8.1f} µs")


def timed(question: Callable[[bytes, bytes, int], object], asked: list[tuple[bytes, bytes, int]]) -> float:
    started = perf_counter()
    for root, digest, place in asked:
        question(root, digest, place)
    return perf_counter() - started


def remote(folder: Path, asked: list[tuple[bytes, bytes, int]]) -> None:
    command = [sys.executable, "-c", "from moto.server import main; main()", "-H", "127.0.0.1", "-p", str(PORT)]
    server = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    os.environ |= {"AWS_ENDPOINT": URL, "AWS_ALLOW_HTTP": "true", "AWS_REGION": "us-east-1"}
    os.environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    settings = Settings(trees="s3://bench/trees")
    try:
        make_bucket()
        filling = open_trees(settings)
        for path in folder.glob("*.tree"):
            filling.put(bytes.fromhex(path.stem), path)
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

    def _leaf_count(self, root: bytes) -> int:
        self.reads, self.taken = self.reads + 1, self.taken + 64
        return super()._leaf_count(root)

    def _range(self, root: bytes, start: int, size: int) -> bytes:
        self.reads, self.taken = self.reads + 1, self.taken + size
        return super()._range(root, start, size)


def measure_remote(name: str, settings: Settings, asked: list[tuple[bytes, bytes, int]], *, hinted: bool) -> None:
    reads = taken = 0
    seconds = 0.0
    opened = open_trees(settings)
    if not isinstance(opened, S3Trees):
        sys.exit("the settings do not lead to S3")
    for root, digest, place in asked:
        store = Counting(opened._store)
        started = perf_counter()
        store.inclusion(root, digest, hint=place if hinted else None)
        seconds += perf_counter() - started
        reads, taken = reads + store.reads, taken + store.taken
    count = len(asked)
    print(
        f"{name:38} {count / seconds:10,.0f}/s {seconds / count * 1e6:8.1f} µs"
        f"   {reads / count:.2f} reads and {taken / count:,.0f} bytes a proof"
    )


def warm(store: TreeStore, asked: list[tuple[bytes, bytes, int]]) -> None:
    share = asked[: REMOTE_PROOFS * 10]

    def question(root: bytes, digest: bytes, place: int) -> object:
        return store.inclusion(root, digest, hint=place)

    timed(question, share)
    seconds = min(timed(question, share) for _ in range(TURNS))
    name = "S3, index known, what was read is kept"
    print(f"{name:38} {len(share) / seconds:10,.0f}/s {seconds / len(share) * 1e6:8.1f} µs")


if __name__ == "__main__":
    main()
