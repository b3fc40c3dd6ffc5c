"""Look digests up in a mapped tree file of a million leaves and prove them, beside a plain bisect in the same run.

python scripts/bench/lookup.py [digests]
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
from bisect import bisect_left
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parents[2]))

from registry.merkle.proof import check_inclusion
from registry.merkle.tree import Tree

BAR_RATE = 80_000
LOOKUPS = 100_000
TURNS = 5


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.tree"
        packed = os.urandom(32 * count)
        with Tree.build(packed[start : start + 32] for start in range(0, len(packed), 32)) as built:
            built.write(path)
        starts = random.Random(1).choices(range(count), k=LOOKUPS)
        wanted = [packed[32 * start : 32 * start + 32] for start in starts]
        with Tree.open(path) as tree:
            measure(tree, wanted)


def measure(tree: Tree, wanted: list[bytes]) -> None:
    def search(digest: bytes) -> object:
        return tree.index_of(digest)

    def bisect(digest: bytes) -> object:
        return bisect_left(range(tree.leaf_count), digest, key=tree.leaf)

    def lookup_and_proof(digest: bytes) -> object:
        index = tree.index_of(digest)
        return tree.inclusion(index) if index is not None else None

    def bisect_and_proof(digest: bytes) -> object:
        return tree.inclusion(bisect_left(range(tree.leaf_count), digest, key=tree.leaf))

    def check(digest: bytes) -> object:
        check_inclusion(digest, tree.root, proofs[digest])
        return True

    proofs = {digest: tree.inclusion(bisect_left(range(tree.leaf_count), digest, key=tree.leaf)) for digest in wanted}
    if any(lookup_and_proof(digest) != proof for digest, proof in proofs.items()):
        sys.exit("the proofs differ")
    runs = {
        "lookup and proof": lookup_and_proof,
        "plain bisect and proof": bisect_and_proof,
        "lookup alone": search,
        "plain bisect alone": bisect,
        "check of a proof": check,
    }
    rates = dict.fromkeys(runs, 0.0)
    for _ in range(TURNS):
        for name, run in runs.items():
            rates[name] = max(rates[name], rate(run, wanted))
    print(f"leaves                  {tree.leaf_count:,}")
    for name, value in rates.items():
        print(f"{name:<23} {value:>9,.0f} a second" + (f"   bar: {BAR_RATE:,}" if name == "lookup and proof" else ""))


def rate(run: Callable[[bytes], object], wanted: list[bytes]) -> float:
    started = perf_counter()
    for digest in wanted:
        run(digest)
    return len(wanted) / (perf_counter() - started)


if __name__ == "__main__":
    main()
