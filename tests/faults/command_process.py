"""A command in a process of its own, that kills or stops itself the n-th time it reaches a point.

command_process.py POINT N SIGKILL|SIGSTOP

It does what `testamur anchor --wait` does, for the jobs that are in the database instead of a file.
"""

from __future__ import annotations

import os
import signal
import sys

from anchor.anchoring.now import Now
from anchor.batching.sealing import QueuePolicy, Sealer
from anchor.books import leases
from anchor.books.jobs import JobStore
from anchor.notices.notices import Notices
from anchor.settings import load_settings
from anchor.workspace import Workspace

SECONDS = 60.0


def main(point: str, times: int, ending: signal.Signals) -> None:
    """Run with the settings of the environment."""
    left = times

    def reached(where: str) -> None:
        nonlocal left
        left -= where == point
        if left == 0 and where == point:
            os.kill(os.getpid(), ending)

    # The next process waits for that long.
    leases.COMMAND_SECONDS = float(os.environ["TESTAMUR_LEASE_SECONDS"])  # type: ignore[misc]
    with Workspace(load_settings()) as here:
        jobs = JobStore(here.folder.engine, here.chain, here.contract.address)
        queue, account = QueuePolicy(), here.signer.address
        Sealer(here.folder, jobs, here.store, account, Notices(), queue, reached=reached).round(lambda _: True)
        now = Now(here, reached=reached)
        for row in now.resume():
            now.wait_until_final(row, SECONDS, lambda _: None)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), signal.Signals[sys.argv[3]])
