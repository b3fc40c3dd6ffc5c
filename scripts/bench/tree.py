"""Build and write the tree of a million digests, beside merkletools and a bare loop over hashlib on the same leaves.

    python scripts/bench/tree.py [digests] [--quick]

They run in turns, and the best of the turns counts. merkletools gets the digests already sorted and decoded and writes
no file, and so does the loop, which is what hashing costs one core; ours starts from unsorted digests, ends with the
file on disk, and uses the cores that it may: `taskset -c 0 python scripts/bench/tree.py` gives it one.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parents[2]))

from registry.merkle.tree import Tree

BAR_SECONDS = 0.55
TURNS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("digests", nargs="?", type=int, default=1_000_000)
    parser.add_argument("--quick", action="store_true", help="200,000 digests, two turns")
    parser.add_argument("--memory", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    count, turns = (200_000, 2) if given.quick else (given.digests, TURNS)
    if given.memory:
        print(peak_memory(given.digests))
        return
    # First, while this process is small: on Linux a child's peak starts at its parent's.
    peak = subprocess.run(
        [sys.executable, __file__, str(count), "--memory"], check=True, capture_output=True, text=True
    ).stdout.strip()
    digests = random_digests(count)
    ours, build, theirs, bare = [], [], [], []
    roots = set()
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(turns):
            started = perf_counter()
            with Tree.build(digests) as tree:
                build.append(perf_counter() - started)
                tree.write(Path(folder) / f"{turn}.tree")
                ours.append(perf_counter() - started)
                leaves = list(tree.leaves())
                roots.add(tree.root)
            seconds, root = merkletools(leaves)
            theirs.append(seconds)
            roots.add(root)
            started = perf_counter()
            roots.add(hashlib_alone(b"".join(leaves)))
            bare.append(perf_counter() - started)
            del leaves
    if len(roots) != 1:
        sys.exit("the roots differ")
    print(f"digests                            {count:,}")
    print(
        f"testamur: dedupe, sort and tree    {min(build):.2f} s   bar: {BAR_SECONDS:.2f} s for 1,000,000 on two cores"
    )
    print(f"testamur: the same and the file    {min(ours):.2f} s")
    print(f"blockcerts_merkletools: tree only  {min(theirs):.2f} s")
    print(f"a loop over hashlib: levels only   {min(bare):.2f} s")
    print(f"build, beside merkletools          {min(build) / min(theirs):.2f}")
    print(f"build, beside the loop             {min(build) / min(bare):.2f}")
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    print(f"processors, and numpy              {processors}, {'yes' if find_spec('numpy') else 'no'}")
    print(
        f"testamur: peak of the process      {peak} MB, of which the list of digests is about {88 * count // 2**20} MB"
    )


def random_digests(count: int) -> list[bytes]:
    packed = os.urandom(32 * count)
    return [packed[start : start + 32] for start in range(0, len(packed), 32)]


def merkletools(leaves: list[bytes]) -> tuple[float, bytes]:
    from blockcerts_merkletools import MerkleTools

    tools = MerkleTools()
    tools.leaves = list(map(bytearray, leaves))
    make: Callable[[], None] = tools.make_tree
    started = perf_counter()
    make()
    return perf_counter() - started, bytes.fromhex(tools.get_merkle_root())


def hashlib_alone(nodes: bytes) -> bytes:
    while len(nodes) > 32:
        paired = len(nodes) // 64 * 64
        level = [sha256(nodes[at : at + 64]).digest() for at in range(0, paired, 64)]
        nodes = b"".join(level) + nodes[paired:]
    return nodes


def peak_memory(count: int) -> int:
    """Peak megabytes of a fresh process that holds the list of digests and builds their tree."""
    digests = random_digests(count)
    Tree.build(digests).close()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main()
