"""A day of chain time with every setting as it ships: a block every two seconds, steady jobs, and no fault at all.

    python -m scripts.soak [--hours 24] [--pace 2] [--postgresql] [--keep FOLDER]

The clock of the node and of all processes is driven, so that the day passes in less than an hour. The same witness
judges it as the courses of faults; beside that, memory, open files and the database may not grow without end.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from tests.faults.composed.judge import Fault
from tests.faults.composed.machine import Process
from tests.faults.composed.plan import Event, Plan
from tests.faults.composed.run import Run
from tests.faults.composed.seeds import Databases, Total, said

HOUR: Final = 3600.0
# Mean seconds between two of a kind.
PACE: Final = {
    "job": 300.0,
    "job for the open queue": 420.0,
    "request repeated": 3600.0,
    "queued by command": 1800.0,
    "cancel": 3600.0,
    "status asked": 1800.0,
    "receipts asked": 1800.0,
    "revoke": 1200.0,
    "suspend": 1800.0,
    "reinstate": 1800.0,
}
# A node in ordinary use keeps the state of so many blocks.
KEPT_STATES: Final = 128
ASKED_EVERY: Final = 15
# What may be more at the end than after the first hours, in which everything is used for the first time.
WARM_HOURS: Final = 2
MOST_MEMORY_GROWTH: Final = 48 << 20
MOST_FILES_GROWTH: Final = 16
MOST_BYTES_A_JOB: Final = 64 << 10


@dataclass(frozen=True)
class Sample:
    """What the two servers and the data folder used after so many hours; bytes."""

    hours: float
    memory: tuple[int, ...]
    files: tuple[int, ...]
    stored: int
    jobs: int


@dataclass
class Day(Run):
    """A run that looks every hour what it uses."""

    samples: list[Sample] = field(default_factory=list)

    def _block(self) -> None:
        super()._block()
        hours = (self.now - self.begin) / HOUR
        if hours >= len(self.samples) + 1:
            self.samples.append(self._sample(hours))

    def _observe(self) -> None:
        # Somebody asks every half a minute.
        if self.witness.head % ASKED_EVERY == 0:
            super()._observe()

    def _sample(self, hours: float) -> Sample:
        servers = [*self.daemons, *filter(None, [self.service])]
        stored = sum(path.stat().st_size for path in (self.folder / "data").rglob("*") if path.is_file())
        made = Sample(
            hours,
            tuple(map(_memory, servers)),
            tuple(map(_files, servers)),
            stored,
            sum(j.is_promised for j in self.jobs),
        )
        memory = " and ".join(f"{each / 2**20:.0f}" for each in made.memory)
        files = " and ".join(map(str, made.files))
        print(
            f"{hours:5.1f} h: head {self.witness.head}, {made.jobs} jobs, {memory} MiB, {files} files, "
            f"{stored / 2**20:.1f} MiB stored",
            flush=True,
        )
        return made

    def growth(self) -> list[Fault]:
        """What grows without end."""
        if len(self.samples) <= WARM_HOURS:
            return []
        first, last = self.samples[WARM_HOURS - 1], self.samples[-1]
        found = []
        for name, before, after in zip(("daemon", "service"), first.memory, last.memory, strict=False):
            if after - before > MOST_MEMORY_GROWTH:
                found.append(Fault("ended", f"the {name} went from {before:,} to {after:,} bytes of memory"))
        # The service keeps the trees that were read open, up to a number of its own; a job makes one at most.
        kept = (0, last.jobs - first.jobs)
        for name, before, after, trees in zip(("daemon", "service"), first.files, last.files, kept, strict=False):
            if after - before > MOST_FILES_GROWTH + trees:
                found.append(Fault("ended", f"the {name} went from {before} to {after} open files"))
        most = MOST_BYTES_A_JOB * max(1, last.jobs - first.jobs)
        if last.stored - first.stored > most:
            found.append(Fault("ended", f"the data folder went from {first.stored:,} to {last.stored:,} bytes"))
        return found


def plan_of(hours: float, pace: float, database: str) -> Plan:
    """The day: settings as they ship, blocks at a steady pace, jobs and acts at random moments."""
    random, length = Random(1), hours * HOUR
    events = []
    for kind, mean in PACE.items():
        at = 0.0
        while (at := at + random.expovariate(1 / mean)) < length:
            events.append(Event(at, kind, 0.0, random.random(), random.random()))
    blocks = tuple(number * pace for number in range(1, int(length / pace) + 1))
    events.sort(key=lambda event: event.at)
    return Plan(0, hours * 60, database, {}, 16, 1, KEPT_STATES, True, blocks, tuple(events))


def _memory(process: Process) -> int:
    pages = Path(f"/proc/{process.pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _files(process: Process) -> int:
    return len(list(Path(f"/proc/{process.pid}/fd").iterdir()))


def main() -> int:
    """The day, its samples and its judgement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--pace", type=float, default=2.0, help="seconds between two blocks")
    parser.add_argument("--postgresql", action="store_true")
    parser.add_argument("--keep", type=Path, help="folder for logs and data")
    options = parser.parse_args()
    plan = plan_of(options.hours, options.pace, "postgresql" if options.postgresql else "sqlite")
    with (
        tempfile.TemporaryDirectory(prefix="soak-") as scratch,
        Databases() as databases,
        databases.of(plan) as database,
    ):
        folder = options.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        day = Day(plan, folder, database, ("--prune-history", str(KEPT_STATES)))
        outcome = day.go()
    outcome.judgement.faults += day.growth()
    total = Total()
    total.add(outcome)
    print("\n".join(said(outcome)))
    print(total.table())
    return 1 if total.faults else 0


if __name__ == "__main__":
    sys.exit(main())
