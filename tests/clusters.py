"""A Dask cluster on loopback, of processes that are started as its manual says."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

from distributed import Client

STARTED_SECONDS = 120


@dataclass(frozen=True)
class Dask:
    """A scheduler with its workers.

    Attributes:
        address: as Dask writes it.
        engine: as the command takes it.
    """

    address: str
    scheduler: subprocess.Popen[bytes]
    workers: tuple[subprocess.Popen[bytes], ...]

    @property
    def engine(self) -> str:
        return self.address.replace("tcp://", "dask://")


@contextmanager
def dask_cluster(folder: Path, workers: int = 2) -> Iterator[Dask]:
    """Started, with all its workers there; ended at the end."""
    file = folder / "scheduler.json"
    where = ("--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", str(file))
    started = [_dask("scheduler", "--port", "0", *where)]
    try:
        started += [_dask("worker", "--nthreads", "1", "--no-nanny", *where) for _ in range(workers)]
        address = _address(file)
        with Client(address, timeout=STARTED_SECONDS, set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=STARTED_SECONDS)
        yield Dask(address, started[0], tuple(started[1:]))
    finally:
        for process in started:
            process.kill()
        for process in started:
            process.wait()


def _dask(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "dask", *arguments],
        cwd=Path(__file__).parents[1],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _address(file: Path) -> str:
    """As the scheduler writes it, once it listens."""
    until = monotonic() + STARTED_SECONDS
    while monotonic() < until:
        try:
            return str(json.loads(file.read_text(encoding="utf-8"))["address"])
        except (OSError, ValueError):
            sleep(0.05)
    raise TimeoutError("the scheduler did not start")
