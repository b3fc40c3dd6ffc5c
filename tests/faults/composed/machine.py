"""The processes of a run: real ones, of the program as it is installed, that can be killed, stopped and starved."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.faults.composed.clock import GLANCE_SECONDS, PLACES, Page

REPOSITORY: Final = Path(__file__).parents[3]
# A process that hangs on a request, or was never told to pause, holds nothing up for longer.
PATIENCE_SECONDS: Final = 1.0
GLANCES_A_CENSUS: Final = 20


@dataclass(eq=False)
class Process:
    """One command that was started.

    Attributes:
        out: what it prints, as a file; of a command with `--json`, an object.
        code: once it has ended.
    """

    pid: int
    name: str
    arguments: Sequence[str]
    out: Path
    place: int
    code: int | None = None
    is_stopped: bool = False
    said: list[str] = field(default_factory=list)

    def signal(self, number: signal.Signals) -> None:
        """Nothing happens where it has ended."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)
        if number in (signal.SIGSTOP, signal.SIGCONT):
            self.is_stopped = number is signal.SIGSTOP

    @property
    def is_there(self) -> bool:
        """Whether it has not ended, by the word of the kernel."""
        try:
            stat = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8")
        except OSError:
            return False
        return stat.rpartition(")")[2].split()[0] != "Z"

    def limit_files(self, size: int | None) -> None:
        """No file may grow beyond so many bytes, as on a full disk; None: as large as they like."""
        with suppress(ProcessLookupError, PermissionError):
            most = resource.RLIM_INFINITY
            resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (most if size is None else size, most))

    def printed(self) -> str:
        return self.out.read_text(encoding="utf-8", errors="replace")

    def json(self) -> Any:
        """What it printed, or None where that is no JSON."""
        try:
            return json.loads(self.printed())
        except ValueError:
            return None


class Machine:
    """Starts processes and moves their clock."""

    def __init__(self, folder: Path, now: float):
        self.folder = folder
        self.page = Page(folder / "clock")
        self.page.now = now
        self.processes: list[Process] = []
        self._started = 0
        self._places = list(range(PLACES))
        command = [sys.executable, "-m", "tests.faults.composed.zygote", str(folder / "clock")]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TESTAMUR_")}
        self._zygote = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=REPOSITORY,
            env=environment | {"PYTHONPATH": str(REPOSITORY), "PYTHONHASHSEED": "0"},
        )
        assert self._zygote.stdout is not None
        assert self._zygote.stdout.readline() == "ready\n", "the program cannot be imported"

    def close(self) -> None:
        for process in self.processes:
            process.signal(signal.SIGKILL)
        assert self._zygote.stdin is not None
        self._zygote.stdin.close()
        try:
            self._zygote.wait(10)
        except subprocess.TimeoutExpired:
            self._zygote.kill()
            self._zygote.wait()

    @property
    def now(self) -> float:
        return self.page.now

    def start(
        self, name: str, *arguments: str, environment: Mapping[str, str], folder: Path, main_counts: bool = False
    ) -> Process:
        """Start a command; its log is NAME.log in the machine's folder."""
        self._started += 1
        out = self.folder / f"{self._started:04}-{name}.out"
        out.touch(0o600)
        place = self._places.pop(0)
        asked = {
            "arguments": list(arguments),
            "environment": dict(environment),
            "folder": str(folder),
            "log": str(self.folder / f"{name}.log"),
            "out": str(out),
            "place": place,
            "main_counts": main_counts,
        }
        made = Process(self._ask(asked), name, arguments, out, place)
        self.processes.append(made)
        return made

    def run(self, name: str, *arguments: str, environment: Mapping[str, str], folder: Path) -> Process:
        """Run a command to its end, with nothing else going on."""
        made = self.start(name, *arguments, environment=environment, folder=folder, main_counts=True)
        end = time.monotonic() + 60
        while not self.has_ended(made):
            assert time.monotonic() < end, f"testamur {' '.join(arguments)} does not end"
            time.sleep(0.005)
            self.page.now += 0.01
        return made

    def has_ended(self, process: Process) -> bool:
        """Whether it has; its exit code is known then."""
        if process.code is None:
            process.code = self._ask({"pid": process.pid})
            if process.code is not None:
                self.page.vacate(process.place)
                self._places.append(process.place)
                self.processes.remove(process)
        return process.code is not None

    def kill(self, process: Process) -> None:
        """SIGKILL, and wait until it is gone."""
        process.signal(signal.SIGKILL)
        end = time.monotonic() + 10
        while not self.has_ended(process):
            assert time.monotonic() < end, f"{process.name} does not die"
            time.sleep(0.001)

    def advance(self, seconds: float) -> bool:
        """Move the clock, and let all do what is due then; False when one is still at work after a while."""
        self.page.now += seconds
        return self.settle()

    def settle(self) -> bool:
        """Wait until all pause."""
        end, glances = time.monotonic() + PATIENCE_SECONDS, 0
        # Whoever was woken needs a moment to see it.
        while self.page.is_due(process.place for process in self.processes if not process.is_stopped):
            if time.monotonic() > end:
                return False
            time.sleep(GLANCE_SECONDS)
            glances += 1
            if glances % GLANCES_A_CENSUS == 0:
                # One that was killed would be waited for in vain.
                for process in [each for each in self.processes if not each.is_there]:
                    self.has_ended(process)
        return True

    def _ask(self, asked: dict[str, Any]) -> Any:
        assert self._zygote.stdin is not None
        assert self._zygote.stdout is not None
        self._zygote.stdin.write(json.dumps(asked) + "\n")
        self._zygote.stdin.flush()
        return json.loads(self._zygote.stdout.readline())
