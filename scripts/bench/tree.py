"""Build and write the tree of a million digests, beside merkletools on the same leaves in the same run.

    python scripts/bench/tree.py [digests]

Both run on one core, in turns, and the best of the turns counts. merkletools gets the digests already sorted and
decoded and writes no file; ours starts from unsorted digests and ends with the file on disk.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parents[2]))

from registry.merkle.tree import Tree

BAR_SECONDS = 1.0
TURNS = 5


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    if len(sys.argv) > 2:
        print(peak_memory(count))
        return
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    # First, while this process is small: on Linux a child's peak starts at its parent's.
    peak = subprocess.run(
        [sys.executable, __file__, str(count), "memory"], check=True, capture_output=True, text=True
    ).stdout.strip()
    digests = random_digests(count)
    ours, build, theirs = [], [], []
    roots = set()
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(TURNS):
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
            del leaves
    if len(roots) != 1:
        sys.exit("the roots differ")
    print(f"digests                            {count:,}")
    print(f"testamur: dedupe, sort and tree    {min(build):.2f} s")
    print(f"testamur: the same and the file    {min(ours):.2f} s   bar: {BAR_SECONDS:.2f} s for 1,000,000")
    print(f"blockcerts_merkletools: tree only  {min(theirs):.2f} s")
    print(f"ratio                              {min(ours) / min(theirs):.2f}")
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


def peak_memory(count: int) -> int:
    """Peak megabytes of a fresh process that holds the list of digests and builds their tree."""
    digests = random_digests(count)
    Tree.build(digests).close()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main()
