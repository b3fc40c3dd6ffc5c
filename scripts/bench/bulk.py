"""Many questions at once, beside a plain loop over the pure functions in the same run.

    python -m scripts.bench.bulk lookup [--quick] [--postgres]
    python -m scripts.bench.bulk folder [--quick]
    python -m scripts.bench.bulk memory [--quick]

`lookup`: `POST /v1/lookup` of 10,000 digests over HTTP (loopback, one uvicorn process), beside search, proof, check and
JSON of each digest from the same trees in this process, without HTTP or database. `folder`: credentials of 4 KB with
their receipts in files beside them, in processes and in one loop. Once without a chain: of each its JSON, its digest
against the receipt, the path to the root, dates and signatures are checked, and what a chain would say is unknown. Once
read in processes and judged here by facts that are given, as where a chain is asked. Both take turns, each alone;
medians of the ratios are told. `memory`: time and peak of the whole command on folders of two sizes.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import httpx
import orjson

from anchor.verifying.apart import read_apart
from anchor.verifying.judge import Judge
from anchor.verifying.one_file import Found, One, read_whole
from registry.credential.digest import Limits
from registry.merkle.proof import check_inclusion
from registry.merkle.tree import Tree
from registry.receipt.model import to_json
from registry.verifier.nothing_known import NothingKnown
from registry.verifier.verifier import Verifier
from registry.verify.checks import Code, FactsUnavailable, Overall, Verdict, verify
from scripts.bench.lookup_http import served
from scripts.bench.many_batches import CHAIN, CONTRACT, build, digest
from scripts.bench.postgres import postgres
from scripts.bench.verify import NOW, TRUST, credential, facts_for, receipt_for

ASKED = 10_000
BAR = 0.80


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["lookup", "folder", "memory"])
    parser.add_argument("--quick", action="store_true", help="A few seconds.")
    parser.add_argument("--postgres", action="store_true", help="Lookups on PostgreSQL instead of SQLite.")
    given = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if given.what == "folder":
            _folder(folder, 2_000 if given.quick else 10_000, 2 if given.quick else 5)
            return
        if given.what == "memory":
            _memory(folder, (500, 2_000) if given.quick else (10_000, 40_000))
            return
        url = stack.enter_context(postgres()) if given.postgres else None
        _lookup(folder, url, 50_000 if given.quick else 1_000_000, 3 if given.quick else 9)


def _lookup(folder: Path, url: str | None, credentials: int, turns: int) -> None:
    build(folder, url or f"sqlite:///{folder / 'testamur.db'}", credentials, credentials // 1000)
    trees = [Tree.open(path) for path in sorted((folder / "trees").iterdir())]
    holding = {leaf: tree for tree in trees for leaf in tree.leaves()}
    chance = random.Random(7)
    more = {} if url is None else {"LOOKUP_BENCH_DATABASE": url}
    with served("service", LOOKUP_BENCH=str(folder), **more) as service, httpx.Client(timeout=120) as client:
        ratios, rates = [], []
        for turn in range(turns + 1):
            asked = [digest(chance.randrange(credentials)).hex() for _ in range(ASKED)]
            body = orjson.dumps({"digests": asked})
            plain = _seconds(partial(_plain, asked, holding))
            begun = time.perf_counter()
            answer = client.post(f"{service}/v1/lookup", content=body).raise_for_status().content
            took = time.perf_counter() - begun
            results = orjson.loads(answer)["results"]
            if [each["digest"] for each in results] != asked or not all(each["anchors"] for each in results):
                raise RuntimeError("an answer is missing")
            if turn:  # the first is to warm up
                ratios.append(plain / took)
                rates.append(ASKED / took)
    print(
        f"{'SQLite' if url is None else 'PostgreSQL'}, {credentials:,} digests, {ASKED:,} asked at once: "
        f"{statistics.median(rates):,.0f} results/s over HTTP, {statistics.median(ratios):.2f} of the plain loop "
        f"({min(ratios):.2f} to {max(ratios):.2f} in {turns} turns; bar {BAR:.2f}); {len(answer):,} bytes"
    )


def _plain(asked: list[str], holding: dict[bytes, Tree]) -> int:
    """The pure functions, digest by digest; returns the bytes of JSON."""
    written = 0
    anchor = {
        "chain": CHAIN,
        "contract": CONTRACT.lower(),
        "issuer": 1,
        "sequence": 1,
        "transaction": f"0x{'11' * 32}",
        "block": {"number": 1, "hash": f"0x{'22' * 32}", "timestamp": "2026-01-01T00:00:00Z"},
    }
    for text in asked:
        value = bytes.fromhex(text)
        tree = holding[value]
        place = tree.index_of(value)
        if place is None:
            raise RuntimeError("a leaf is missing")
        proof = tree.inclusion(place)
        check_inclusion(value, tree.root, proof)
        receipt = {
            "type": "TestamurReceipt",
            "version": 1,
            "digest": {"method": "given", "value": text},
            "inclusion": {
                "root": f"0x{tree.root.hex()}",
                "leafCount": proof.leaf_count,
                "leafIndex": proof.leaf_index,
                "path": [node.hex() for node in proof.path],
            },
            "anchor": anchor,
        }
        status = {"revoked": False, "suspended": False}
        written += len(
            orjson.dumps({"digest": text, "anchors": [{"receipt": receipt, "final": True, "status": status}]})
        )
    return written


def _folder(folder: Path, count: int, turns: int) -> None:
    paths = _written(folder, count)
    cores, limits = os.cpu_count() or 1, Limits()
    nobody = FactsUnavailable(Code.CHAIN_NOT_ASKED, "No chain was asked", "Name an endpoint.")
    judge = Judge(Verifier(nobody, chain=None, known=NothingKnown(), trust=TRUST, now=NOW, limits=limits), limits)
    reading = partial(read_whole, limits=limits)
    for what, work, end in (
        ("without a chain", judge.whole, _unasked),
        ("judged here by given facts", reading, _judge),
    ):
        plain, apart, ratios = [], [], []
        for _ in range(turns):
            plain.append(_seconds(lambda: end((path, work(path)) for path in paths)))  # noqa: B023 - called at once
            apart.append(_seconds(lambda: end(read_apart(paths, work, cores - 1))))  # noqa: B023
            ratios.append(plain[-1] / apart[-1])
        print(
            f"{count:,} files with receipts, {what}: {count / statistics.median(apart):,.0f} files/s in {cores} "
            f"processes with their start, {count / statistics.median(plain):,.0f} in a plain loop, "
            f"{statistics.median(ratios):.2f} x ({min(ratios):.2f} to {max(ratios):.2f} in {turns} turns; "
            "bar 5,000 files/s)"
        )


def _memory(folder: Path, counts: tuple[int, ...]) -> None:
    """The command itself, whole, on folders of several sizes."""
    for count in counts:
        into = folder / str(count)
        into.mkdir()
        _written(into, count)
        here = folder / "here"
        here.mkdir(exist_ok=True)
        command = "import sys, resource\nfrom anchor.cli import main\ntry:\n    main()\nfinally:\n"
        command += "    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10, file=sys.stderr)"
        for how in ([], ["--json"]):
            begun = time.perf_counter()
            ran = subprocess.run(
                [sys.executable, "-c", command, "verify", str(into), *how], cwd=here, capture_output=True, check=False
            )
            took = time.perf_counter() - begun
            print(
                f"testamur verify, {count:,} files{' as JSON' if how else ''}: {took:.1f} s, peak "
                f"{ran.stderr.split()[-1].decode()} MB, {len(ran.stdout) >> 10:,} KB told, exit code {ran.returncode}"
            )


def _written(folder: Path, count: int) -> list[Path]:
    """Credentials with their receipts beside them."""
    paths = [folder / f"{number:06}.json" for number in range(count)]
    for number, path in enumerate(paths):
        document = credential(number)
        path.write_bytes(document)
        path.with_name(f"{path.name}.receipt.json").write_bytes(to_json(receipt_for(document)))
    return paths


def _unasked(read: Iterable[tuple[Path, One | None]]) -> None:
    """That of each all was found out that is without a chain."""
    for path, verdict in read:
        if not isinstance(verdict, Verdict) or verdict.check("integrity").code != Code.DIGEST_EQUAL:
            raise RuntimeError(f"{path} was not read")
        if verdict.check("inclusion").code != Code.COUNT_UNCONFIRMED:
            raise RuntimeError(f"{path} is not proved")


def _judge(read: Iterable[tuple[Path, One | None]]) -> None:
    for path, found in read:
        if not isinstance(found, Found) or found.item.reading is None or found.item.receipt is None:
            raise RuntimeError(f"{path} was not read")
        receipt = found.item.receipt
        verdict = verify(found.item.reading, str(path), receipt, facts_for(receipt), now=NOW, trust=TRUST)
        if verdict.overall is not Overall.VALID:
            raise RuntimeError(f"{path} is not valid")


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
