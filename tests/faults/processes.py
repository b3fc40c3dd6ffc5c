"""Daemons as processes of their own, on the data folder and the chain of a site."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tests.faults import command_process, daemon_process
from tests.faults.site import Door, Site

PROGRAMS: Final = {"daemon": daemon_process, "command": command_process}
REPOSITORY = Path(__file__).parents[2]
ENDS_SECONDS = 20.0

# Daemons are forked from a process that has imported the program, which takes longer than what most of them do.
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload([f"{__package__}.preloaded"])


class Forked:
    """A daemon, handled as `subprocess.Popen` handles a program."""

    def __init__(self, arguments: tuple[Any, ...]):
        self._process = _FORKS.Process(target=daemon_process.forked, args=arguments)
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        code = self._process.exitcode
        if code is None:
            raise subprocess.TimeoutExpired("daemon", timeout or 0.0)
        return code

    def send_signal(self, number: signal.Signals) -> None:
        """Nothing, where it has ended."""
        if self._process.exitcode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


Process = Forked | subprocess.Popen[bytes]


@contextmanager
def daemon(
    here: Site,
    point: str = "nowhere",
    times: int = 1,
    *,
    ending: str = "SIGKILL",
    lease_seconds: float = 1.0,
    round_seconds: float = 0.05,
    program: tuple[str, ...] = (),
    door: Door = "daemon",
) -> Iterator[Process]:
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
        "TESTAMUR_DAEMON_SECONDS": str(round_seconds),
        "TESTAMUR_LEASE_SECONDS": str(lease_seconds),
        "TESTAMUR_RPC_TIMEOUT": "2",
    }
    log = here.data.path / "daemon.log"
    process = (
        _traced(program, environment, log, PROGRAMS[door].__file__, point, times, ending)
        if program
        else Forked((PROGRAMS[door].main, point, times, signal.Signals[ending], environment, log))
    )
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


def _traced(
    program: Sequence[str], environment: Mapping[str, str], log: Path, *arguments: object
) -> subprocess.Popen[bytes]:
    command = [*program, sys.executable, *map(str, arguments)]
    with log.open("ab") as file:
        return subprocess.Popen(command, env=environment, stdout=file, stderr=file)


def is_stopped(process: Process) -> bool:
    """Whether it stands still, by the word of the kernel."""
    state = Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    return state == "T"


def log_of(here: Site) -> str:
    """What all daemons of the site have said."""
    return (here.data.path / "daemon.log").read_text(encoding="utf-8", errors="replace")
