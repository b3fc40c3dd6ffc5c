"""Keccak-256 by each library that is installed, against pycryptodome: alone, in whole proofs, and at the start.

    python -m scripts.bench.keccak [--rounds 15]

Each round times all of them in turn, each for some milliseconds of the processor; a ratio is the median of the rounds'
own, so that what else the machine does falls on both. `tiny-keccak` is compared where it is installed, which no lock
asks for. Proofs are the four slots of one verdict on the embedded chain, and the deposit contract of mainnet with one
slot, out of `tests/vectors/evidence/foreign.json`.
"""

from __future__ import annotations

import argparse
import importlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

from registry.embedded.chain import EmbeddedChain
from registry.keccak import Keccak, fast, usual
from registry.proofs import header, header_of, storage
from registry.proofs.evidence import Evidence
from scripts.bench.prove import Site, evidence_of
from tests.registry.chain.worlds import World

REPOSITORY = Path(__file__).parents[2]
SIZES = {64: "two slots", 532: "a full branch", 17_166: "a contract's code"}
SECONDS = 0.02
BAR = "pycryptodome"
STARTS = {BAR: "from eth_hash.auto import keccak; keccak(b'')", "safe-pysha3": "import sha3; sha3.keccak_256(b'')"}


def libraries() -> dict[str, Keccak]:
    found = {BAR: usual()}
    for name, load in {
        "safe-pysha3": fast,
        "tiny-keccak": lambda: importlib.import_module("tiny_keccak").keccak256,
    }.items():
        try:
            found[name] = load()
        except ImportError:
            print(f"{name} is not installed")
    return found


def compared(works: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, tuple[float, float]]:
    """Of each, how often it is done a second at best, and how many times as often as the bar."""
    counts = {name: max(1, int(SECONDS / seconds(work, 20))) for name, work in works.items()}
    taken = [{name: seconds(work, counts[name]) for name, work in works.items()} for _ in range(rounds)]
    return {
        name: (1 / min(each[name] for each in taken), median(each[BAR] / each[name] for each in taken))
        for name in works
    }


def seconds(work: Callable[[], object], times: int) -> float:
    started = process_time()
    for _ in range(times):
        work()
    return (process_time() - started) / times


def told(what: str, found: Mapping[str, tuple[float, float]]) -> None:
    print(f"\n{what}")
    for name, (rate, ratio) in found.items():
        print(f"  {name:<14} {rate:>12,.0f}/s {ratio:>8.2f} of {BAR}")


def mainnet() -> tuple[Evidence, bytes]:
    """Proofs as deep as a chain with some hundred million accounts has them."""
    foreign = json.loads((REPOSITORY / "tests/vectors/evidence/foreign.json").read_text("utf-8"))
    case = foreign["proofs"][0]
    (block,) = (each["block"] for each in foreign["headers"] if each["block"]["stateRoot"] == case["stateRoot"])

    def nodes(given: list[str]) -> list[bytes]:
        return [bytes.fromhex(node[2:]) for node in given]

    slots = {bytes.fromhex(slot["slot"][2:]): nodes(slot["nodes"]) for slot in case["slots"]}
    found = header_of(block)
    return Evidence(found.encoded, bytes.fromhex(case["address"][2:]), nodes(case["nodes"]), slots), found.hash


def proving(evidence: Evidence, block_hash: bytes, keccak: Keccak) -> Callable[[], object]:
    def work() -> object:
        storage.keccak = header.keccak = keccak  # type: ignore[attr-defined, misc]
        return evidence.proved(block_hash)

    return work


def start(code: str) -> float:
    began = perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    found = libraries()
    for size, what in SIZES.items():
        message = bytes(range(256)) * (size // 256 + 1)
        message = message[:size]
        if len({keccak(message) for keccak in found.values()}) != 1:
            raise SystemExit("The hashes differ.")
        works = {name: partial(keccak, message) for name, keccak in found.items()}
        told(f"{size:,} bytes ({what})", compared(works, rounds))
    with tempfile.TemporaryDirectory() as place, EmbeddedChain(Path(place)) as chain:
        verdict = evidence_of(Site(World("embedded", chain.client()), speaks=True))
    for what, evidence in {
        "verdicts proved, four slots": verdict,
        "account and slot of mainnet proved": mainnet(),
    }.items():
        told(what, compared({name: proving(*evidence, keccak) for name, keccak in found.items()}, rounds))
    print("\nmilliseconds until the first hash, median of new processes less that of one that does nothing")
    codes = {"nothing": "", **{name: code for name, code in STARTS.items() if name in found}}
    times = [{name: start(code) for name, code in codes.items()} for _ in range(rounds)]
    for name in codes.keys() - {"nothing"}:
        print(f"  {name:<14} {1_000 * median(each[name] - each['nothing'] for each in times):>8.1f}")


if __name__ == "__main__":
    main()
