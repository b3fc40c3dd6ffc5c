"""Small jobs of many issuers to finality, through the daemon's loop, on a node with a block a second.

    python -m scripts.bench.daemon [--jobs 1000] [--issuers 20] [--processes 4]

The rival in the same run sends the same number of anchors as fast as one account can, from a prepared list, without
storing anything, and waits for them to be mined: what the node and the signing cost at least. Loopback only.

With --processes nothing else is measured than daemons as processes on one PostgreSQL with one account: one, and that
many, in turns.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from anchor.sending.driver import Policy
from scripts.bench.postgres import postgres
from tests.faults.processes import daemon
from tests.faults.site import Site, site

BLOCK_SECONDS = 1
TIMEOUT_SECONDS = 600.0


def through_the_daemon(here: Site, count: int) -> tuple[float, float]:
    """Jobs a second into the database, and from the first job to the finality of the last one."""
    begun = time.perf_counter()
    issuers = len(here.chain.issuers)
    jobs = [here.job(f"student {number}", issuer=number % issuers + 1) for number in range(count)]
    stored = time.perf_counter()
    worker = here.worker(policy=Policy(most_in_flight=500))
    loop = threading.Thread(target=worker.run)
    loop.start()
    try:
        _until(lambda: here.jobs.unfinished()[0] == 0)
    finally:
        worker.stop()
        loop.join()
    final = time.perf_counter()
    if not all(map(here.is_final, jobs)):
        raise RuntimeError("a job is not final")
    here.prove()
    return count / (stored - begun), count / (final - stored)


def through_processes(here: Site, count: int, processes: int) -> float:
    """Jobs a second from the first process to the finality of the last job."""
    issuers = len(here.chain.issuers)
    jobs = [here.job(f"student {number}", issuer=number % issuers + 1) for number in range(count)]
    begun = time.perf_counter()
    with ExitStack() as stack:
        for _ in range(processes):
            stack.enter_context(daemon(here, lease_seconds=10.0))
        _until(lambda: here.jobs.unfinished()[0] == 0)
        final = time.perf_counter()
    if not all(map(here.is_final, jobs)):
        raise RuntimeError("a job is not final")
    here.prove()
    return count / (final - begun)


def _compare_processes(folder: Path, jobs: int, issuers: int, processes: int) -> None:
    for turn in range(2):
        for number in (1, processes):
            with postgres() as database, site(folder / f"{turn}-{number}", issuers=issuers, database=database) as here:
                here.chain.set_mining(BLOCK_SECONDS)
                rate = through_processes(here, jobs, number)
            print(f"processes: {number}; {jobs} jobs of {issuers} issuers, {rate:.1f} jobs/s to finality", flush=True)


def bare(here: Site, count: int) -> float:
    """Anchors a second without a daemon: signed, sent, mined, nothing stored and nothing checked."""
    client, contract = here.chain.client, here.chain.contract
    account, fees = here.chain.world.account(1), client.fees()
    nonce, begun = client.nonce(account.address), time.perf_counter()
    for number in range(count):
        data = contract.anchor_data(1, number.to_bytes(32, "big"), 1)
        fields = {"nonce": nonce + number, "gas": 120_000, "maxFeePerGas": 2 * fees.base_fee + fees.tip}
        client.send_raw(here.chain.world.signed(contract.address, data, account=1, **fields))
    _until(lambda: client.nonce(account.address) == nonce + count)
    return count / (time.perf_counter() - begun)


def _until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + TIMEOUT_SECONDS
    pause = threading.Event()
    while not done():
        if time.monotonic() > end:
            raise RuntimeError(f"not done within {TIMEOUT_SECONDS:g} seconds")
        pause.wait(0.1)


def main() -> None:
    """Both databases, then the rival."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--issuers", type=int, default=20)
    parser.add_argument("--processes", type=int, default=0)
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if options.processes:
            _compare_processes(folder, options.jobs, options.issuers, options.processes)
            return
        for name, database in (("SQLite", None), ("PostgreSQL", stack.enter_context(postgres()))):
            with site(folder / name, issuers=options.issuers, database=database) as here:
                here.chain.set_mining(BLOCK_SECONDS)
                taken, final = through_the_daemon(here, options.jobs)
            print(
                f"{name}: {options.jobs} jobs of {options.issuers} issuers, {taken:.0f} jobs/s stored, "
                f"{final:.1f} jobs/s to finality ({options.jobs / final:.0f} s)"
            )
        with site(folder / "bare", issuers=1) as here:
            here.chain.set_mining(BLOCK_SECONDS)
            rate = bare(here, options.jobs)
        print(f"bare anchors without daemon, stored nowhere, to the block only: {rate:.1f}/s")


if __name__ == "__main__":
    main()
