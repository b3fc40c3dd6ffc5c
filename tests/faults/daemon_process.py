"""A daemon in a process of its own, that kills or stops itself the n-th time it reaches a point.

daemon_process.py POINT N SIGKILL|SIGSTOP
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from anchor.daemon.run import Address, run_daemon
from anchor.settings import load_settings
from anchor.workspace import Workspace


def main(point: str, times: int, ending: signal.Signals) -> None:
    """Run with the settings of the environment."""
    left = times

    def reached(where: str) -> None:
        nonlocal left
        left -= where == point
        if left == 0 and where == point:
            os.kill(os.getpid(), ending)

    with Workspace(load_settings()) as workspace:
        run_daemon(workspace, Address("127.0.0.1", 0), reached=reached)


def forked(
    run: Callable[[str, int, signal.Signals], None],
    point: str,
    times: int,
    ending: signal.Signals,
    environment: Mapping[str, str],
    log: Path,
) -> None:
    """The same, or what a command does, in a process that was forked for it."""
    os.environ.clear()
    os.environ.update(environment)
    written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for number in (1, 2):
        os.dup2(written, number)
    run(point, times, ending)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), signal.Signals[sys.argv[3]])
