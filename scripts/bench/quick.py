"""The ratios that matter, each beside its rival in turns, in less than a minute: whether a change has made one worse.

    python -m scripts.bench.quick [--seconds 45] [--json FILE]

Small sizes of what the other files of this folder measure at full size, so the ratios are not theirs: they are for
comparing one commit with another on the same machine (`scripts.bench.compare`). wrk takes a core of its own; without
it lookups over HTTP are left out. Loopback only.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import random
import shutil
import subprocess
import tempfile
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from registry.credential.digest import digest_json
from registry.merkle.tree import Tree
from scripts.bench import digest, intake, lookup, many_batches, tree, verify

SECONDS: Final = 45.0
LEAST_TURNS: Final = 2
DOCUMENTS: Final = 300
LEAVES: Final = 50_000
PROOFS: Final = 5_000
VERIFIED: Final = 100
INTAKE: Final = 3_000
CREDENTIALS, BATCHES = 5_000, 10
HTTP_SECONDS: Final = 1.0
"""Of each turn; wrk takes whole seconds."""


class Pair(NamedTuple):
    """Ours and the rival: each runs once, and says how much it did in a second."""

    ours: Callable[[], float]
    rival: Callable[[], float]


@dataclass(frozen=True, slots=True)
class Entry:
    """Something to measure.

    Attributes:
        name: of it; a figure is compared with earlier ones of the same name.
        rival: what it is beside.
        unit: of what is done in a second.
        n: how much is done in a turn, or there is to look up in.
        made: makes the two, and cleans up after them.
        needs: a program without which it is left out.
    """

    name: str
    rival: str
    unit: str
    n: int
    made: Callable[[ExitStack], Pair]
    needs: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """How many times as fast as the rival: the median over the turns."""

    name: str
    ratio: float
    rival: str
    unit: str
    n: int


def _digests(_: ExitStack) -> Pair:
    source = random.Random(1)
    documents = [digest.badge(source, number) for number in range(DOCUMENTS)]
    return Pair(lambda: digest.rate(digest_json, documents), lambda: digest.rate(digest.plain_digest, documents))


def _trees(_: ExitStack) -> Pair:
    digests = tree.random_digests(LEAVES)
    pairs = [one + other for one, other in zip(digests[1:], digests, strict=False)]

    def built() -> None:
        Tree.build(digests).close()

    def hashed() -> None:
        for each in pairs:
            hashlib.sha256(each).digest()

    return Pair(lambda: LEAVES / _seconds(built), lambda: LEAVES / _seconds(hashed))


def _proofs(stack: ExitStack) -> Pair:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    digests = tree.random_digests(LEAVES)
    with Tree.build(digests) as built:
        built.write(folder / "quick.tree")
    opened = stack.enter_context(Tree.open(folder / "quick.tree"))
    wanted = random.Random(1).choices(digests, k=PROOFS)

    def ours(one: bytes) -> object:
        index = opened.index_of(one)
        return None if index is None else opened.inclusion(index)

    def rival(one: bytes) -> object:
        return opened.inclusion(bisect_left(range(opened.leaf_count), one, key=opened.leaf))

    return Pair(lambda: lookup.rate(ours, wanted), lambda: lookup.rate(rival, wanted))


def _verdicts(_: ExitStack) -> Pair:
    documents = [verify.credential(number) for number in range(VERIFIED)]
    receipts = [verify.receipt_for(document) for document in documents]
    facts = [verify.facts_for(receipt) for receipt in receipts]
    theirs = [verify.blockcerts_proof(receipt) for receipt in receipts]

    def ours() -> None:
        for document, receipt, known in zip(documents, receipts, facts, strict=True):
            verify.verify(document, "a.json", receipt, known, now=verify.NOW, trust=verify.TRUST)

    return Pair(
        lambda: VERIFIED / _seconds(ours), lambda: VERIFIED / _seconds(lambda: verify.baseline(documents, theirs))
    )


def _intake(stack: ExitStack) -> Pair:
    from anchor.demo.samples import write_jsonl
    from anchor.intake.files import take_in

    source = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "credentials.jsonl"
    write_jsonl(source, INTAKE, seed=1)
    return Pair(lambda: INTAKE / _seconds(lambda: take_in(source, workers=1)), lambda: intake.plain_rate(source))


def _lookups(stack: ExitStack) -> Pair:
    from scripts.bench import lookup_http

    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    many_batches.build(folder, f"sqlite:///{folder / 'testamur.db'}", CREDENTIALS, BATCHES)
    numbers = random.Random(7).choices(range(CREDENTIALS), k=2_000)
    paths = folder / "paths"
    paths.write_text("".join(f"/v1/credentials/{many_batches.digest(number).hex()}\n" for number in numbers))
    hello = stack.enter_context(lookup_http.served("hello"))
    service = stack.enter_context(lookup_http.served("service", LOOKUP_BENCH=os.fspath(folder)))
    return Pair(
        lambda: lookup_http.measured(service, paths, HTTP_SECONDS).a_second,
        lambda: lookup_http.measured(hello, None, HTTP_SECONDS).a_second,
    )


ENTRIES: Final = (
    Entry("digest", "json and rfc8785", "documents", DOCUMENTS, _digests),
    Entry("tree", "a loop over hashlib", "leaves", LEAVES, _trees),
    Entry("proof", "bisect over the same file", "proofs", PROOFS, _proofs),
    Entry("verify", "rfc8785, hashlib and merkletools", "verdicts", VERIFIED, _verdicts),
    Entry("intake", "json, rfc8785 and merkletools in one process", "credentials", INTAKE, _intake),
    Entry("lookup", "FastAPI's hello on the same server", "lookups on SQLite", CREDENTIALS, _lookups, needs="wrk"),
)


def measured(entry: Entry, seconds: float) -> Result:
    """The two in turns for so long, at least twice each; the first turn warms them up."""
    with ExitStack() as stack:
        pair = entry.made(stack)
        _ratio(pair)
        end, ratios = time.perf_counter() + seconds, list[float]()
        while len(ratios) < LEAST_TURNS or time.perf_counter() < end:
            ratios.append(_ratio(pair))
    return Result(entry.name, round(median(ratios), 3), entry.rival, entry.unit, entry.n)


def run_of(results: Sequence[Result]) -> dict[str, object]:
    """A run for JSON: of which commit, when, and its figures."""
    told = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    when = datetime.now(UTC).isoformat(timespec="seconds")
    return {"commit": told.stdout.strip() or None, "date": when, "results": [asdict(each) for each in results]}


def _ratio(pair: Pair) -> float:
    return pair.ours() / pair.rival()


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


@contextmanager
def _quietly() -> Iterator[None]:
    with redirect_stdout(io.StringIO()):
        yield


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="For all of it, but for what has to be made.")
    parser.add_argument("--json", type=Path, help="Write the figures there, too.")
    given = parser.parse_args()
    results = []
    for entry in ENTRIES:
        if entry.needs is not None and shutil.which(entry.needs) is None:
            print(f"{entry.name:<8} left out: {entry.needs} is not installed")
            continue
        try:
            with _quietly():
                result = measured(entry, given.seconds / len(ENTRIES) / 2)
        except Exception as error:
            # The others are still worth having.
            print(f"{entry.name:<8} not measured: {error}")
            continue
        results.append(result)
        print(f"{result.name:<8} {result.ratio:>7.2f} of {result.rival} ({result.n:,} {result.unit})", flush=True)
    if given.json is not None:
        given.json.parent.mkdir(parents=True, exist_ok=True)
        given.json.write_text(json.dumps(run_of(results), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
