"""The real parts: a node, the daemon and the lookup service as processes of their own, on one data folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Final

from anchor.books.anchoring import history
from anchor.books.jobs import Job, JobStore
from anchor.books.keys import KeyStore
from anchor.books.tables import ANCHORED_STATES, BatchState, JobState
from registry.database.engine import open_database
from tests.faults.harness import Chain, chain, wait_until
from tests.scale.site import REPOSITORY, Program, cleaned, free_ports

BLOCK_SECONDS: Final = 1
ROUND_SECONDS: Final = 0.2
"""Of the daemon and of the indexer: a year that passes in minutes has no two seconds to wait."""
OPEN_SECONDS: Final = 2.0
"""After which corrections that wait for company are sealed."""
STARTS_SECONDS: Final = 180.0
SENT: Final = frozenset({BatchState.BROADCAST, BatchState.REPLACING, *ANCHORED_STATES})


@dataclass(frozen=True, slots=True)
class JobTimes:
    """When a job was accepted, its transaction sent, its block there, and final; Unix seconds."""

    accepted: float
    sent: float
    mined: float
    final: float


class Parts:
    """What runs, and where it is asked.

    Attributes:
        daemon, service: URLs.
        keys: of the daemon's API, by issuer.
    """

    def __init__(self, folder: Path, node: Chain, database: str | None):
        self._folder = folder
        self.node = node
        (folder / "data" / "trees").mkdir(parents=True)
        self._settings = {
            "TESTAMUR_DATA_FOLDER": str(folder / "data"),
            "TESTAMUR_CHAIN": node.url,
            "TESTAMUR_KEY": node.daemon_key,
            "TESTAMUR_DAEMON_SECONDS": str(ROUND_SECONDS),
            "TESTAMUR_INDEX_SECONDS": str(ROUND_SECONDS),
            "TESTAMUR_QUEUE_SECONDS": str(OPEN_SECONDS),
            **({} if database is None else {"TESTAMUR_DATABASE": database}),
        }
        self._engine = open_database(database or f"sqlite:///{folder / 'data' / 'testamur.db'}")
        self._named = (f"eip155:{node.deployment.chain_id}", node.contract.address)
        keys = KeyStore(self._engine, *self._named)
        self.keys = {issuer: keys.add(issuer, "registry office")[1] for issuer in node.issuers}
        ports = free_ports(2)
        self.daemon, self.service = (f"http://127.0.0.1:{port}" for port in ports)
        self.programs = {
            name: Program([*words, "--port", str(port)], self._settings, folder / "log")
            for (name, words), port in zip((("daemon", ["daemon"]), ("service", ["serve"])), ports, strict=True)
        }
        self._ports = dict(zip(self.programs, ports, strict=True))

    def wait(self) -> None:
        """Until both answer."""
        for name, path in (("daemon", "/healthz"), ("service", "/readyz")):
            wait_until(
                lambda port=self._ports[name], path=path: _status(port, path) == 200,
                STARTS_SECONDS,
                f"the {name} is ready",
                state=self.log,
            )

    def log(self) -> str:
        """What the processes said, the end of it."""
        return (self._folder / "log").read_text(encoding="utf-8", errors="replace")[-4000:]

    def times(self) -> dict[str, JobTimes]:
        """Of each job that is final, by its id."""
        found = {}
        for job in self._jobs():
            if job.batch is None or job.queued_at is None:
                continue
            events = history(self._engine, job.batch)
            # The first of each is when it came so far; a block that went would be told of later.
            first = {state: next((one.at for one in events if one.state is state), None) for state in BatchState}
            sent = next((one.at for one in events if one.state in SENT), None)
            final = first[BatchState.FINAL]
            if sent is not None and final is not None:
                mined = first[BatchState.MINED]
                found[job.id] = JobTimes(job.queued_at, sent, final if mined is None else mined, final)
        return found

    def left_out(self) -> int:
        """How many credentials of all jobs were revoked before they were sealed, and so are in no batch."""
        return sum(job.revoked for job in self._jobs())

    def unchanged(self) -> set[str]:
        """The jobs of which nothing was left to be anchored."""
        return {job.id for job in self._jobs() if job.state is JobState.UNCHANGED}

    def processor_seconds(self) -> Mapping[str, float]:
        """What each process used of the processor so far, with the processes that it has waited for."""
        found = {}
        for name, program in self.programs.items():
            fields = Path(f"/proc/{program.pid}/stat").read_text().rpartition(")")[2].split()
            found[name] = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
        return found

    def audit(self) -> tuple[int, str]:
        """The exit code of `testamur audit`, and what it said."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TESTAMUR_")}
        ran = subprocess.run(
            [sys.executable, "-c", "from anchor.cli import main; main()", "audit"],
            env=environment | {"PYTHONPATH": str(REPOSITORY)} | self._settings,
            capture_output=True,
            text=True,
            check=False,
        )
        return ran.returncode, ran.stdout + ran.stderr

    def _jobs(self) -> Iterator[Job]:
        jobs, after = JobStore(self._engine, *self._named), None
        while page := jobs.all(after=after):
            yield from page
            after = page[-1]

    def close(self) -> None:
        """Close the database; the processes are ended by whoever started them."""
        self._engine.dispose()


@contextmanager
def running(folder: Path, issuers: int, database: str | None = None) -> Iterator[Parts]:
    """The parts, ready."""
    with chain(issuers=issuers, mining=BLOCK_SECONDS) as node:
        parts = Parts(folder, node, database)
        with cleaned(list(parts.programs.values())):
            parts.wait()
            yield parts
            codes = {name: program.end() for name, program in parts.programs.items()}
        parts.close()
        if any(codes.values()):
            raise RuntimeError(f"a process did not end well: {json.dumps(codes)}")


def _status(port: int, path: str) -> int | None:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except OSError:
        return None
    finally:
        connection.close()
