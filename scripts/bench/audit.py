"""Audit a registry with many credentials: time and memory, beside the hashing that no audit can do without.

    python scripts/bench/audit.py [--credentials 10000000] [--batches 1000] [--events 1000000] [--rounds 3] [--quick]

The chain is an anvil, the trees are on the local disk and have been read once before. The whole command is timed, and
the trees alone as each engine derives them: this process, two processes, a Dask cluster of two workers, in turns. Two
limits, in the same turns: `hashlib` over the bytes of all tree files in one go, and one call of `hashlib` for each pair
of nodes and nothing else, which is the least that deriving the trees again takes in one process of Python. Then figures
of made-up events in a Parquet file, by DuckDB and by a loop over the same rows, in turns. Needs anvil, as the tests do.
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
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import file_digest, sha256
from pathlib import Path
from statistics import median
from time import perf_counter, time

import orjson
from pyarrow import parquet

sys.path.insert(0, str(Path(__file__).parents[2]))

from anchor.books.batches import BatchStore, Leaf
from anchor.books.folder import DataFolder
from anchor.books.tables import BatchState
from registry.audit.compare import TreeFacts
from registry.audit.event_figures import figures_of
from registry.audit.partitions.engine import Engine, InProcess, Processes
from registry.audit.partitions.named import open_engine
from registry.audit.partitions.trees import check_trees
from registry.chain.calls import Calls
from registry.chain.editions import second
from registry.chain.rpc.client import ChainClient
from registry.chain.rpc.connect import connect
from registry.embedded.genesis import DEVELOPMENT_ACCOUNTS
from registry.index.reader import Head
from registry.merkle.proof import NODE_SIZE
from registry.merkle.tree import Tree
from registry.merkle.treefile import HEADER, TreeId
from registry.records import BlockRef, Event, Purpose, Reason
from registry.service.exports import as_parquet
from registry.trees.folder import FolderTrees
from scripts.registry_history import START, Registry
from tests.clusters import dask_cluster
from tests.registry.chain.worlds import anvil

ROOT = Path(__file__).parents[2]
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
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="20,000 credentials and events, one round")
    options = parser.parse_args()
    # Processes of a pool import what stands in the script that began them: here, far more than the command has.
    del sys.modules["__main__"].__file__
    if options.quick:
        options.credentials, options.batches, options.events, options.rounds = 20_000, 5, 20_000, 1
    first = str(int(START.timestamp()) - 60)
    with tempfile.TemporaryDirectory() as folder, anvil("--no-mining", "--timestamp", first) as url:
        data = Path(folder) / "registry"
        with closing(connect(url)) as client:
            _build(client, data, options.credentials, options.batches)
        _trees(Path(folder), data / "trees", url, options.rounds)
        _events(Path(folder) / "events.parquet", options.events, options.rounds)


def _trees(folder: Path, trees: Path, url: str, rounds: int) -> None:
    files = sorted(trees.glob("*.tree"))
    ids = FolderTrees(trees).ids()
    with dask_cluster(folder) as dask, open_engine(dask.engine) as cluster:
        engines = {"this process": InProcess(), "two processes": Processes(2), "Dask, two workers": cluster}
        work: dict[str, Callable[[], object]] = {
            **{name: partial(_derived, engine, trees, ids) for name, engine in engines.items()},
            "limit: sha256 of each pair of nodes, nothing else": lambda: [_paired(tree) for tree in files],
            "limit: sha256 of the same bytes in one go": lambda: [_streamed(tree) for tree in files],
        }
        took = _in_turns(work, rounds)
    paired = took["limit: sha256 of each pair of nodes, nothing else"]
    size = sum(tree.stat().st_size for tree in files)
    leaves = sum(tree.leaf_count for tree in ids)
    print(f"{leaves:,} credentials in {len(files):,} batches, {size / 2**20:,.0f} MB of trees; trees alone, by")
    for name, seconds in took.items():
        print(f"  {name:50}{seconds:8.2f} s   ratio {seconds / paired:.2f}")
    alone, *_ = _audited(folder, "--chain", url)
    for title, *more in (("testamur audit, all of it",), ("testamur audit --workers 2", "--workers", "2")):
        seconds, own, mapped = _audited(folder, "--chain", url, "--data-folder", "registry", *more)
        print(f"{title:52}{seconds:8.2f} s   ratio {seconds / paired:.2f}")
        print(f"{'  its own memory, and mapped files, at the peak':52}{own:8,} MB, {mapped} MB")
    print(f"{'  of it without the data folder':52}{alone:8.2f} s")


def _derived(engine: Engine, trees: Path, ids: list[TreeId]) -> None:
    found = list(check_trees(engine, FolderTrees(trees), str(trees), ids, progress=lambda _done: None))
    if any(outcome.facts != TreeFacts(tree.leaf_count) for tree, outcome in found) or len(found) != len(ids):
        sys.exit("a tree is not in order")


def _events(file: Path, count: int, rounds: int) -> None:
    """Batches of a hundred issuers in ten years, and a revocation by place for each."""
    issuers, written = 100, datetime(2016, 1, 1, tzinfo=UTC)
    events = [
        _made(number // 2, number % 2 == 1, issuers, written + timedelta(minutes=5 * number)) for number in range(count)
    ]
    head = Head(
        1,
        "eip155:1",
        OPERATOR,
        bytes(32),
        0,
        BlockRef(count, bytes(32), written),
        0,
        count,
        None,
        count,
        0,
        1,
        0,
        None,
        None,
    )
    with file.open("wb") as out:
        out.writelines(as_parquet(events, head))
    took = _in_turns(
        {
            "DuckDB (`testamur figures`)": partial(figures_of, [file]),
            "a loop over the same rows": partial(_looped, file),
        },
        rounds,
    )
    loop = took["a loop over the same rows"]
    print(
        f"{count:,} events in Parquet, {file.stat().st_size / 2**20:,.0f} MB; figures by issuer, month and reason, by"
    )
    for name, seconds in took.items():
        print(f"  {name:50}{seconds:8.2f} s   ratio {seconds / loop:.2f}")


def _made(number: int, is_status: bool, issuers: int, when: datetime) -> Event:
    root, block = sha256(number.to_bytes(8, "big")).digest(), 2 * number + is_status
    given = {"issuer": number % issuers + 1, "root": root, "operator": OPERATOR}
    name, more = (
        ("StatusSet", {"word": 0, "purpose": 0, "changed": 1 << number % 256, "reason": number % 6})
        if is_status
        else ("Anchored", {"leafCount": 1000, "sequence": number // issuers + 1})
    )
    return Event(name, given | more, block, block.to_bytes(32, "big"), 0, root, when)


def _looped(file: Path) -> dict[tuple[object, ...], int]:
    """The same counts, without the checks of what the files are: the least that Python takes."""
    counts: dict[tuple[object, ...], int] = {}
    for piece in parquet.ParquetFile(file).iter_batches(columns=["party", "block_time", "name", "arguments"]):
        for row in piece.to_pylist():
            given = orjson.loads(row["arguments"])
            key = (row["party"], row["block_time"].strftime("%Y-%m"), row["name"], given.get("reason"))
            more = int(given["changed"], 16).bit_count() if row["name"] == "StatusSet" else given["leafCount"]
            counts[key] = counts.get(key, 0) + more
    return counts


def _in_turns(work: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median seconds of each, one after the other in every round."""
    took: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(rounds):
        for name, one in work.items():
            took[name].append(_timed(one))
    return {name: median(seconds) for name, seconds in took.items()}


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
    own = {"PYTHONPATH": str(ROOT), "TESTAMUR_HEAD_AGE_SECONDS": "0"}
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
