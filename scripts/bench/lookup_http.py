"""Lookups with proof over HTTP at 1 and 10 million digests in 1,000 batches, against the bare framework.

    python -m scripts.bench.lookup_http [--credentials 1000000 10000000] [--seconds 4] [--postgres] [--s3] [--quick]

One uvicorn process each (uvloop, httptools), wrk with 64 connections on the other core; the bare application is
FastAPI's "hello" on the same server. They take turns, each alone, since a machine's speed changes by the minute;
medians are told. Every request asks for another digest. Then half of the rate that was reached is asked for, by a
client that keeps its pace: so long do answers take where the service is not at its end. The second rival makes proofs
with pymerkle's SQLite tree, without HTTP. With `--s3` the trees are read from moto, an S3 server in Python on the same
cores: it is slow, and asked for nothing more once all blocks are in memory. Loopback only.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import httpx
from pymerkle import SqliteTree

from scripts.bench.many_batches import build, digest
from scripts.bench.paced import Paced, paced
from scripts.bench.postgres import postgres
from tests.s3 import BUCKET, S3Server, s3_server

CONNECTIONS = 64
ROUNDS = 5
QUICK_CREDENTIALS, QUICK_BATCHES = 20_000, 20
WARM_SECONDS = 8.0
PATHS = 20_000
PYMERKLE_LEAVES = 20_000
_LUA = """
local paths = {}
for line in io.lines("%s") do paths[#paths + 1] = line end
local at = math.random(#paths)
request = function()
  at = at %% #paths + 1
  return wrk.format("GET", paths[at])
end
"""


class Rate(NamedTuple):
    """Requests a second, and how long they took, as wrk writes it."""

    a_second: float
    half: str
    most: str


def measured(url: str, paths: Path | None, seconds: float) -> Rate:
    """What wrk says; every answer has to be 200."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write("" if paths is None else _LUA % paths)
        script.flush()
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:g}s", "--latency", "--timeout", "10s"]
        command += [] if paths is None else ["-s", script.name]
        told = subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in told or "Socket errors" in told:
        raise RuntimeError(told)
    a_second, half, most = (
        re.search(pattern, told, re.MULTILINE)
        for pattern in (r"^Requests/sec:\s+([\d.]+)", r"^\s+50%\s+(\S+)", r"^\s+99%\s+(\S+)")
    )
    if a_second is None or half is None or most is None:
        raise RuntimeError(told)
    return Rate(float(a_second[1]), half[1], most[1])


@contextmanager
def served(name: str, **environment: str) -> Iterator[str]:
    """The URL of one of `lookup_apps` in a process of its own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", f"scripts.bench.lookup_apps:{name}", "--factory", "--port", str(port)]
    command += ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
    process = subprocess.Popen(command, env=os.environ | environment)
    try:
        url = f"http://127.0.0.1:{port}"
        _until_it_answers(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def _until_it_answers(url: str, process: subprocess.Popen[bytes]) -> None:
    end, pause = time.monotonic() + 30, threading.Event()
    while time.monotonic() < end and process.poll() is None:
        try:
            httpx.get(url)
        except httpx.TransportError:
            pause.wait(0.05)
        else:
            return
    raise RuntimeError("the server does not answer")


def with_pymerkle(folder: Path) -> float:
    """Proofs a second."""
    tree = SqliteTree(str(folder / "pymerkle.db"), algorithm="sha256")
    tree.append_entries([sha256(b"%d" % number).digest() for number in range(PYMERKLE_LEAVES)])
    chance, begun, count = random.Random(1), time.perf_counter(), 0
    while time.perf_counter() - begun < 3:
        tree.prove_inclusion(chance.randrange(PYMERKLE_LEAVES) + 1, PYMERKLE_LEAVES)
        count += 1
    return count / (time.perf_counter() - begun)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--credentials", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--batches", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=4.0, help="Of each round.")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--postgres", action="store_true", help="On PostgreSQL as well, at the first size.")
    parser.add_argument("--s3", action="store_true", help="With trees on S3 as well, at the first size.")
    parser.add_argument("--quick", action="store_true", help="Small and short: one round of a second on every store.")
    given = parser.parse_args()
    if given.quick:
        given.credentials, given.batches, given.seconds, given.rounds = [QUICK_CREDENTIALS], QUICK_BATCHES, 1.0, 1
        given.postgres = given.s3 = True
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is not installed (Debian: apt-get install wrk)")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stores: list[tuple[str, str | None, S3Server | None]] = [("SQLite", None, None)]
        if given.postgres:
            stores.append(("PostgreSQL", stack.enter_context(postgres()), None))
        if given.s3:
            stores.append(("SQLite with trees on S3 (moto)", None, stack.enter_context(s3_server())))
        for credentials in given.credentials:
            for number, (name, url, trees) in enumerate(stores if credentials == given.credentials[0] else stores[:1]):
                place = folder / f"{number}-{credentials}"
                place.mkdir()
                environment = _built(place, url, trees, credentials, given.batches)
                _compare(f"{name}, {credentials:,} digests in {given.batches:,} batches", place, environment, given)
        print(f"pymerkle's SQLite tree of {PYMERKLE_LEAVES:,} leaves, no HTTP: {with_pymerkle(folder):,.0f} proofs/s")


def _built(place: Path, url: str | None, trees: S3Server | None, credentials: int, batches: int) -> dict[str, str]:
    """Make the folder; what the service needs in its environment to find everything."""
    build(place, url or f"sqlite:///{place / 'testamur.db'}", credentials, batches)
    chance = random.Random(7)
    numbers = [chance.randrange(credentials // batches * batches) for _ in range(PATHS)]
    (place / "paths").write_text("".join(f"/v1/credentials/{digest(number).hex()}\n" for number in numbers))
    environment = {"LOOKUP_BENCH": str(place)}
    if url is not None:
        environment["LOOKUP_BENCH_DATABASE"] = url
    if trees is not None:
        for path in (place / "trees").iterdir():
            trees.put(path.name, path.read_bytes())
        environment |= {"LOOKUP_BENCH_TREES": f"s3://{BUCKET}", **trees.environment()}
    return environment


def _compare(what: str, place: Path, environment: dict[str, str], given: argparse.Namespace) -> None:
    count = given.rounds
    rounds = [_round(place / "paths", environment, given.seconds) for _ in range(count)]
    ratios = sorted(lookups.a_second / hello.a_second for hello, lookups, _ in rounds)
    hello, lookups, half = (sorted(each)[count // 2] for each in zip(*rounds, strict=True))
    print(
        f"{what}: {lookups.a_second:,.0f} lookups with proof/s (p50 {lookups.half}, p99 {lookups.most}); "
        f"hello {hello.a_second:,.0f}/s (p50 {hello.half}, p99 {hello.most}): "
        f"{ratios[count // 2]:.2f} of it ({ratios[0]:.2f} to {ratios[-1]:.2f} in {count} rounds; bar 0.50)\n"
        f"    at half of that, {half.asked:,.0f}/s: p50 {half.half * 1000:.1f} ms, p99 {half.most * 1000:.1f} ms "
        "(bar 25 ms)"
    )


def _round(paths: Path, environment: dict[str, str], seconds: float) -> tuple[Rate, Rate, Paced]:
    """The bare application and the service, one after the other and each alone; both begin warm."""
    with served("hello") as bare:
        measured(bare, None, WARM_SECONDS)
        hello = measured(bare, None, seconds)
    with served("service", **environment) as service:
        measured(service, paths, WARM_SECONDS)
        lookups = measured(service, paths, seconds)
        return hello, lookups, paced(service, paths.read_text().split(), lookups.a_second / 2, seconds)


if __name__ == "__main__":
    main()
