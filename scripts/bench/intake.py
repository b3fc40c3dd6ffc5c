"""Intake of Open Badges credentials from JSONL to a sealed tree and stored digests, against one plain process.

    python scripts/bench/intake.py [--count 100000] [--quick]

The rival does what a simple issuer's script does: json, rfc8785, SHA-256 and blockcerts_merkletools in one process, on
part of the same file. Bar: 50,000 credentials a second on two cores, and 1,000,000 credentials under 1 GiB. CPU
is that of this process and of its workers: it says the same when others use the machine as well.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from hashlib import sha256
from itertools import islice
from pathlib import Path

BAR_PER_SECOND = 50_000
RIVAL_DOCUMENTS = 3_000
MIB = 1 << 20


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--quick", action="store_true", help="10,000 credentials")
    given = parser.parse_args()
    count = 10_000 if given.quick else given.count

    # Imported here: the processes of the intake import this file again, and need none of it.
    from anchor.anchoring.now import Now
    from anchor.batching.selection import select
    from anchor.demo.samples import write_jsonl
    from anchor.intake.files import take_in
    from anchor.settings import Settings
    from anchor.workspace import Workspace

    with tempfile.TemporaryDirectory() as place, Workspace(Settings(data_folder=Path(place) / "data")) as workspace:
        source = Path(place) / "credentials.jsonl"
        write_jsonl(source, count, seed=1)
        size = source.stat().st_size
        print(f"{count:,} credentials, {size / count:,.0f} bytes each, {size / MIB:,.0f} MiB of JSONL")
        rival = plain_rate(source)

        # Nothing is sent; the contract is asked whether the batch is known there.
        workspace.ready_to_write()
        now = Now(workspace)
        before = _peak_mib()
        used, workers = _cpu(resource.RUSAGE_SELF), _cpu(resource.RUSAGE_CHILDREN)
        started = time.perf_counter()
        intake = take_in(source)
        digested = time.perf_counter()
        selection = select(intake, workspace.store, 1)
        row = now.seal(intake, selection, 1)
        sealed = time.perf_counter()
        used, workers = _cpu(resource.RUSAGE_SELF) - used, _cpu(resource.RUSAGE_CHILDREN) - workers

    rate = count / (sealed - started)
    print(f"digests            {count / (digested - started):>10,.0f} credentials/s")
    print(f"tree and database  {count / (sealed - digested):>10,.0f} credentials/s")
    print(
        f"all of it          {rate:>10,.0f} credentials/s, {rate / BAR_PER_SECOND:.1f} x the bar of {BAR_PER_SECOND:,}"
    )
    print(f"plain process      {rival:>10,.0f} credentials/s; this is {rate / rival:.1f} x as fast")
    print(
        f"CPU a credential   {used / count * 1e6:>10.1f} µs in this process, {workers / count * 1e6:.1f} µs in workers"
    )
    memory = f"({before:,.0f} MiB before), {_worker_peak_mib():,.0f} MiB a worker"
    print(f"peak memory        {_peak_mib():>10,.0f} MiB {memory}")
    print(f"root               0x{row.root.hex()}")


def plain_rate(source: Path) -> float:
    """Credentials a second of the rival, over the first lines of a file."""
    import rfc8785
    from blockcerts_merkletools import MerkleTools

    with source.open("rb") as file:
        lines = list(islice(file, RIVAL_DOCUMENTS))
    started = time.perf_counter()
    tree = MerkleTools(hash_type="sha256")
    for line in lines:
        document = json.loads(line)
        document.pop("proof", None)
        tree.add_leaf(sha256(rfc8785.dumps(document)).hexdigest())
    tree.make_tree()
    return len(lines) / (time.perf_counter() - started)


def _cpu(whose: int) -> float:
    used = resource.getrusage(whose)
    return used.ru_utime + used.ru_stime


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _worker_peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


if __name__ == "__main__":
    main()
