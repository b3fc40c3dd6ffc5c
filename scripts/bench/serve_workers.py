"""Lookups a second of `testamur serve --workers 2` beside `--workers 1`, in turns, each alone.

    python -m scripts.bench.serve_workers [--workers 2] [--credentials 100000] [--seconds 4] [--quick]

wrk takes a core itself: on two cores, two workers have what it leaves them, and the ratio says so. What the whole of
the processes took of the processor for one lookup is told beside it, by their own metrics; and what a bucket of
`rate_limit` takes that processes share, beside one that a process has for itself. Loopback only; no chain is asked.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

from registry.http.buckets import Buckets, OwnBuckets, SharedBuckets
from scripts.bench import many_batches
from scripts.bench.lookup_http import measured

ROUNDS = 5
PATHS = 20_000
BATCHES = 100
CHANGES = 50_000
# Nobody listens there: what is indexed says which chain it is of.
NO_CHAIN = "http://127.0.0.1:9"


class Round(NamedTuple):
    """Lookups a second, and microseconds of the processor for each."""

    a_second: float
    cost: float


@contextmanager
def serving(folder: Path, workers: int) -> Iterator[str]:
    """The URL of the command in processes of its own."""
    command = [sys.executable, "-c", "from anchor.cli import main; main()", "serve", "--no-index", "--port", "0"]
    settings = {
        "TESTAMUR_DATA_FOLDER": str(folder),
        "TESTAMUR_CHAIN": NO_CHAIN,
        "TESTAMUR_CONTRACT": many_batches.CONTRACT,
        # Its blocks are of a fixed day.
        "TESTAMUR_HEAD_AGE_SECONDS": "0",
        "TESTAMUR_RATE_LIMIT": "0",
    }
    process = subprocess.Popen(
        [*command, "--workers", str(workers)], env=os.environ | settings, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield next(word for word in process.stdout.readline().split() if word.startswith("http")).rstrip(";")
    finally:
        process.terminate()
        process.wait(60)


def one_round(folder: Path, paths: Path, workers: int, seconds: float) -> Round:
    """Warm, then measured."""
    with serving(folder, workers) as url:
        measured(url, paths, min(seconds, 2.0))
        before = _figures(url)
        rate = measured(url, paths, seconds).a_second
        after = _figures(url)
        name = 'testamur_requests_total{route="/v1/credentials/{digest}",status="200"}'
        spent = after["process_cpu_seconds_total"] - before["process_cpu_seconds_total"]
        return Round(rate, 1e6 * spent / (after[name] - before[name]))


def bucket_cost(buckets: Buckets) -> float:
    """Microseconds of the processor to change a client's bucket, as each request does once."""
    begun = time.process_time()
    for number in range(CHANGES):
        buckets.change(f"192.0.2.{number % 250}", lambda _: (1.0, 2.0))
    return 1e6 * (time.process_time() - begun) / CHANGES


def _figures(url: str) -> dict[str, float]:
    with urllib.request.urlopen(f"{url}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--credentials", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=4.0, help="Of each round.")
    parser.add_argument("--quick", action="store_true", help="One round of a second at a tenth of the size.")
    given = parser.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is not installed (Debian: apt-get install wrk)")
    credentials, seconds, rounds = given.credentials, given.seconds, ROUNDS
    if given.quick:
        credentials, seconds, rounds = credentials // 10, 1.0, 1
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        many_batches.build(folder, f"sqlite:///{folder / 'testamur.db'}", credentials, BATCHES)
        numbers = random.Random(7).choices(range(credentials), k=PATHS)
        paths = folder / "paths"
        paths.write_text("".join(f"/v1/credentials/{many_batches.digest(number).hex()}\n" for number in numbers))
        shared = SharedBuckets(folder / "buckets", b"k" * 32)
        buckets = [(bucket_cost(OwnBuckets()), bucket_cost(shared)) for _ in range(rounds)]
        shared.close()
        turns = [[one_round(folder, paths, count, seconds) for count in (1, given.workers)] for _ in range(rounds)]
    ratios = sorted(several.a_second / one.a_second for one, several in turns)
    for place_in_turn, count in enumerate((1, given.workers)):
        found = [turn[place_in_turn] for turn in turns]
        rate, cost = median(each.a_second for each in found), median(each.cost for each in found)
        print(f"--workers {count}: {rate:,.0f} lookups with proof/s, {cost:,.0f} µs of the processor each")
    own, both = (median(each) for each in zip(*buckets, strict=True))
    print(f"a bucket: {own:.1f} µs in one process, {both:.1f} µs shared")
    told = f"({ratios[0]:.2f} to {ratios[-1]:.2f} in {rounds} rounds)"
    print(f"ratio: {median(ratios):.2f} {told}; {os.cpu_count()} cores, of which wrk takes one")


if __name__ == "__main__":
    main()
