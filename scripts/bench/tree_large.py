"""The tree of many digests in the same memory whatever their number, beside the build in memory and merkletools.

    python scripts/bench/tree_large.py [--count 100000000] [--compared 10000000] [--folder build] [--quick]

Each build is a process of its own, so that its peak is its own. The digests come from a generator; their number is not
known beforehand. Bars: a peak below 512 MiB at any count, and at the compared count not more than 2.5 times the time of
the build in memory in the same run. merkletools, a plain Python tree, gets a tenth of the compared count: it keeps
every digest as an object.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parents[2]))

from registry.merkle.newtree import NewTree
from registry.merkle.tree import Tree

PEAK_MIB = 512
TIMES_IN_MEMORY = 2.5
PACKED = 1 << 14


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100_000_000)
    parser.add_argument("--compared", type=int, default=10_000_000)
    parser.add_argument("--folder", type=Path, help="where the files are made, and removed again")
    parser.add_argument("--quick", action="store_true", help="a few seconds: 500,000 digests")
    parser.add_argument("--one", choices=sorted(KINDS), help=argparse.SUPPRESS)
    given = parser.parse_args()
    count, compared = (500_000, 200_000) if given.quick else (given.count, given.compared)
    with tempfile.TemporaryDirectory(dir=given.folder) as place:
        if given.one:
            print(json.dumps(KINDS[given.one](count, Path(place))))
            return
        memory = apart("memory", compared, place)
        same = apart("file", compared, place)
        if memory["root"] != same["root"]:
            sys.exit("the roots differ")
        print(f"file / memory, time     {same['seconds'] / memory['seconds']:.2f}   bar: {TIMES_IN_MEMORY}")
        print(f"file / memory, CPU      {same['cpu'] / memory['cpu']:.2f}")
        apart("merkletools", compared // 10, place)
        many = apart("file", count, place)
    print(f"peak at {count:,}: {many['peak']:,.0f} MiB   bar: {PEAK_MIB} at any count")


def apart(kind: str, count: int, place: str) -> dict[str, float]:
    command = [sys.executable, __file__, "--one", kind, "--count", str(count), "--folder", place]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    print(
        f"{kind:12} {count:>11,} digests {found['seconds']:>8.2f} s, CPU {found['cpu']:.2f} s, "
        f"{found['cpu'] / count * 1e6:.2f} µs each, peak {found['peak']:,.0f} MiB, file {found['bytes'] / 1e9:.2f} GB",
        flush=True,
    )
    return found


def made(count: int) -> Iterator[bytes]:
    """The same digests each time, without holding them."""
    source = random.Random(1)
    for start in range(0, count, PACKED):
        packed = source.randbytes(32 * min(PACKED, count - start))
        yield from (packed[at : at + 32] for at in range(0, len(packed), 32))


def in_file(count: int, folder: Path) -> dict[str, object]:
    started = perf_counter()
    with NewTree(made(count), folder) as tree:
        path, which = tree.keep(), tree.id
    return result(which.leaf_count, started, path.stat().st_size, which.root)


def in_memory(count: int, folder: Path) -> dict[str, object]:
    started = perf_counter()
    with Tree.build(made(count)) as tree:
        tree.write(folder / tree.id.name)
        return result(tree.leaf_count, started, (folder / tree.id.name).stat().st_size, tree.root)


def merkletools(count: int, _folder: Path) -> dict[str, object]:
    from blockcerts_merkletools import MerkleTools

    started = perf_counter()
    tools = MerkleTools()
    tools.leaves = list(map(bytearray, sorted(set(made(count)))))
    tools.make_tree()
    return result(count, started, 0, bytes.fromhex(tools.get_merkle_root()))


def result(count: int, started: float, size: int, root: bytes) -> dict[str, object]:
    seconds = perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = sum(each.ru_utime + each.ru_stime for each in used)
    peak = max(each.ru_maxrss for each in used) / 1024
    return {"count": count, "seconds": seconds, "cpu": cpu, "peak": peak, "bytes": size, "root": root.hex()}


KINDS = {"file": in_file, "memory": in_memory, "merkletools": merkletools}

if __name__ == "__main__":
    main()
