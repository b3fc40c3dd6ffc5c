"""Audit a registry with many credentials: time and memory, beside the hashing that no audit can do without.

    python scripts/bench/audit.py [--credentials 10000000] [--batches 1000]

The chain is an anvil, the trees are on the local disk and have been read once before. Two limits, in the same run:
`hashlib` over the bytes of all tree files in one go, and one call of `hashlib` for each pair of nodes and nothing else,
which is the least that deriving the trees again takes in Python. Needs anvil, as the tests do.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from hashlib import file_digest, sha256
from pathlib import Path
from time import perf_counter, time

sys.path.insert(0, str(Path(__file__).parents[2]))

from anchor.books.batches import BatchStore, Leaf
from anchor.books.folder import DataFolder
from anchor.books.tables import BatchState
from registry.chain.calls import Calls
from registry.chain.editions import second
from registry.chain.rpc.client import ChainClient
from registry.chain.rpc.connect import connect
from registry.embedded.genesis import DEVELOPMENT_ACCOUNTS
from registry.merkle.proof import NODE_SIZE
from registry.merkle.tree import Tree
from registry.merkle.treefile import HEADER
from registry.records import Purpose, Reason
from scripts.registry_history import START, Registry
from tests.registry.chain.worlds import anvil

OPERATOR = DEVELOPMENT_ACCOUNTS[0]
PAIR = 2 * NODE_SIZE
# The command, and a thread that looks at its memory: what is mapped from files the system takes back when it likes.
WATCHED = """
import re, sys, threading
from pathlib import Path
from anchor.cli import main
peaks, ended = {}, threading.Event()
def look():
    while not ended.wait(0.02):
        for name, size in re.findall(r"(RssAnon|RssFile):\\s+(\\d+)", Path("/proc/self/status").read_text()):
            peaks[name] = max(peaks.get(name, 0), int(size) // 1024)
thread = threading.Thread(target=look)
thread.start()
try:
    main()
finally:
    ended.set()
    thread.join()
    print(peaks["RssAnon"], peaks["RssFile"], file=sys.stderr)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--credentials", type=int, default=1_000_000)
    parser.add_argument("--batches", type=int, default=100)
    options = parser.parse_args()
    first = str(int(START.timestamp()) - 60)
    with tempfile.TemporaryDirectory() as folder, anvil("--no-mining", "--timestamp", first) as url:
        data = Path(folder) / "registry"
        with closing(connect(url)) as client:
            _build(client, data, options.credentials, options.batches)
        trees = sorted((data / "trees").glob("*.tree"))
        size = sum(tree.stat().st_size for tree in trees)
        streamed = _timed(lambda: [_streamed(tree) for tree in trees])
        paired = _timed(lambda: [_paired(tree) for tree in trees])
        alone, *_ = _audited(Path(folder), "--chain", url)
        seconds, own, mapped = _audited(Path(folder), "--chain", url, "--data-folder", "registry")
    print(f"{options.credentials:,} credentials in {len(trees):,} batches, {size / 2**20:,.0f} MB of trees")
    print(f"{'testamur audit, chain, database and trees':50}{seconds:8.1f} s")
    print(f"{'  its own memory at the peak':50}{own:8,} MB")
    print(f"{'  mapped files at the peak':50}{mapped:8,} MB")
    print(f"{'  of it without the data folder':50}{alone:8.1f} s")
    print(f"{'limit: sha256 of each pair of nodes, nothing else':50}{paired:8.1f} s   ratio {seconds / paired:.2f}")
    print(f"{'limit: sha256 of the same bytes in one go':50}{streamed:8.1f} s   ratio {seconds / streamed:.1f}")


def _build(client: ChainClient, folder: Path, credentials: int, batches: int) -> None:
    """Anchor random digests; every tenth batch gets a revocation at a place, and one of a digest."""
    client.request("anvil_autoImpersonateAccount", [True])
    contract = Registry(client, second().address)
    contract.deploy()
    contract.send(OPERATOR, Calls.register_party_data("did:web:university.example", bytes(32)))
    with closing(DataFolder(folder)) as data:
        store = BatchStore(data.engine, f"eip155:{client.chain_id()}", contract.address)
        for number in range(batches):
            count = credentials // batches + (number < credentials % batches)
            # Each batch in a range of its own: a database of scattered digests takes many minutes to fill.
            first = (number * 2**16 // batches).to_bytes(2, "big")
            packed = os.urandom((NODE_SIZE - 2) * count)
            with Tree.build(
                first + packed[at : at + NODE_SIZE - 2] for at in range(0, len(packed), NODE_SIZE - 2)
            ) as tree:
                tree.write(data.tree_path(tree.id))
                root, last = tree.root, tree.leaf(count - 1)
                leaves = (Leaf(digest, at, 4, "list", at + 1) for at, digest in enumerate(tree.leaves()))
                row = store.add(1, root, count, leaves, sealed_at=int(time()))
            contract.send(OPERATOR, Calls.anchor_data(1, root, count), at=contract.time + timedelta(hours=1))
            store.update(replace(row, state=BatchState.FINAL, sequence=number + 1))
            if number % 10 == 0:
                revoke = Calls.set_status_data(1, root, Purpose.REVOCATION, 0, 1, Reason.ISSUED_IN_ERROR)
                contract.send(OPERATOR, revoke)
                contract.send(OPERATOR, Calls.revoke_digests_data(1, [last], Reason.ISSUED_IN_ERROR))


def _audited(folder: Path, *options: str) -> tuple[float, int, int]:
    """Seconds of the command in a process of its own, and the peak megabytes of its own memory and of mapped files."""
    command = [sys.executable, "-c", WATCHED, "audit", *options, "--json"]
    # The chain ends at a set time: how long ago that is, is not judged.
    own = {"PYTHONPATH": str(Path(__file__).parents[2]), "TESTAMUR_HEAD_AGE_SECONDS": "0"}
    environment = os.environ | own
    started = perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=environment)
    seconds = perf_counter() - started
    if done.returncode:
        sys.exit(done.stdout[:2000] + done.stderr)
    own, mapped = map(int, done.stderr.split()[-2:])
    return seconds, own, mapped


def _timed(work: Callable[[], object]) -> float:
    started = perf_counter()
    work()
    return perf_counter() - started


def _streamed(path: Path) -> bytes:
    with path.open("rb") as file:
        return file_digest(file, "sha256").digest()


def _paired(path: Path) -> None:
    """As many hashes of as many bytes as the tree has inner nodes."""
    content = memoryview(path.read_bytes())[HEADER.size :]
    for at in range(0, len(content) - PAIR, PAIR):
        sha256(content[at : at + PAIR]).digest()


if __name__ == "__main__":
    main()
