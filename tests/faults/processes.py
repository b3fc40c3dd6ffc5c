"""Daemons as processes of their own, on the data folder and the chain of a site."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.faults.site import Door, Site

SCRIPTS: Final = {door: Path(__file__).parent / f"{door}_process.py" for door in ("daemon", "command")}
REPOSITORY = Path(__file__).parents[2]
ENDS_SECONDS = 20.0


@contextmanager
def daemon(
    here: Site,
    point: str = "nowhere",
    times: int = 1,
    *,
    ending: str = "SIGKILL",
    lease_seconds: float = 1.0,
    program: tuple[str, ...] = (),
    door: Door = "daemon",
) -> Iterator[subprocess.Popen[bytes]]:
    """A daemon, or a command, until the block ends; it is asked to end then, and killed if it does not.

    Args:
        point, times: where it ends (`anchor.sending.driver.POINTS`).
        ending: how: SIGKILL, or SIGSTOP, after which SIGCONT wakes it up.
        program: what it runs under, such as strace with its options.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TESTAMUR_")}
    environment |= {
        "PYTHONPATH": str(REPOSITORY),
        "TESTAMUR_DATA_FOLDER": str(here.data.path),
        "TESTAMUR_DATABASE": here.data.engine.url.render_as_string(hide_password=False),
        "TESTAMUR_CHAIN": here.proxy.url,
        "TESTAMUR_KEY": here.chain.daemon_key,
        # All else is as it ships; with these as well, every one of many processes would take a minute.
        "TESTAMUR_DAEMON_SECONDS": "0.05",
        "TESTAMUR_LEASE_SECONDS": str(lease_seconds),
        "TESTAMUR_RPC_TIMEOUT": "2",
    }
    command = [*program, sys.executable, str(SCRIPTS[door]), point, str(times), ending]
    with (here.data.path / "daemon.log").open("ab") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(ENDS_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


def is_stopped(process: subprocess.Popen[bytes]) -> bool:
    """Whether it stands still, by the word of the kernel."""
    state = Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    return state == "T"


def log_of(here: Site) -> str:
    """What all daemons of the site have said."""
    return (here.data.path / "daemon.log").read_text(encoding="utf-8", errors="replace")
