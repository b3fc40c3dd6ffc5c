"""What a supervisor does when its workers are killed, stopped, cannot start, or are told to end at a bad moment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.faults.harness import wait_until

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="its processes are looked at in /proc")

REPOSITORY = Path(__file__).parents[3]


class Site:
    """The program, and what its workers leave in a folder."""

    def __init__(self, folder: Path, process: subprocess.Popen[str]):
        self.folder, self.process = folder, process
        self.port = int(self._line())

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def wait(self) -> None:
        assert self._line() == "all answer\n"

    def started(self) -> set[int]:
        """Every worker that there was."""
        return {int(path.stem) for path in self.folder.glob("*.started")}

    def workers(self) -> set[int]:
        return {each for each in self.started() if runs(each)}

    def answering(self) -> str:
        """What the supervisor says through one of its workers."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=20) as answer:
            return str(answer.read().decode())

    def refuses(self) -> bool:
        try:
            self.answering()
        except urllib.error.URLError as error:
            return isinstance(error.reason, ConnectionRefusedError)
        return False

    def end(self) -> tuple[int, str]:
        """SIGTERM; the exit code, and what it wrote to stderr."""
        self.process.terminate()
        return self.ended()

    def ended(self) -> tuple[int, str]:
        _, told = self.process.communicate(timeout=30)
        return self.process.returncode, told


def runs(process: int) -> bool:
    """Whether it is there, and not only its number until somebody asks how it ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@contextmanager
def site(folder: Path, workers: int = 2) -> Iterator[Site]:
    command = [sys.executable, "-m", "tests.registry.http.supervised", str(folder), str(workers)]
    # A group of their own, as a terminal and a service manager send signals to.
    with subprocess.Popen(
        command,
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"TMPDIR": str(folder)},
        start_new_session=True,
    ) as process:
        try:
            yield Site(folder, process)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def test_all_are_killed_at_once_and_one_stands_still(tmp_path: Path) -> None:
    with site(tmp_path) as running:
        running.wait()
        killed = running.started()
        for each in killed:
            os.kill(each, signal.SIGKILL)
        # Whoever knocks meanwhile waits at the socket that the supervisor holds.
        wait_until(lambda: running.answering() == "2", 20, "two others answer")
        assert not running.workers() & killed

        still, other = running.workers()
        os.kill(still, signal.SIGSTOP)
        wait_until(lambda: running.answering() == "1", 20, "one answers")
        os.kill(still, signal.SIGCONT)
        wait_until(lambda: running.answering() == "2", 20, "it goes on")
        assert running.workers() == {still, other}

        running.process.kill()
        wait_until(lambda: not running.workers(), 20, "no worker is left without its supervisor")
        assert running.refuses()
        assert running.ended()[1].count("was ended by SIGKILL") == 2


def test_an_end_before_they_answer_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "held").touch()
    with site(tmp_path, 1) as running:
        wait_until(running.started, 20, "a worker starts")
        # Also of those by which a terminal ends all processes.
        os.killpg(running.process.pid, signal.SIGINT)
        (tmp_path / "held").unlink()
        assert running.ended() == (0, "")
        assert not running.workers()


def test_one_that_cannot_start_any_more_is_tried_again_until_the_end(tmp_path: Path) -> None:
    with site(tmp_path) as running:
        running.wait()
        killed = min(running.started())
        (tmp_path / "broken").touch()
        os.kill(killed, signal.SIGKILL)
        # One in its place at once, and another one after a pause.
        wait_until(lambda: len(running.started()) >= 4, 20, "it is tried again")
        wait_until(lambda: running.answering() == "1", 20, "the other answers")
        code, told = running.end()
        assert code == 0
        assert not running.workers()
        assert not list(tmp_path.glob("testamur-*"))
        assert "has ended with exit code 1 (a file is broken" in told


def test_one_that_cannot_start_at_all_ends_the_program_with_its_error(tmp_path: Path) -> None:
    (tmp_path / "broken").touch()
    with site(tmp_path, 1) as running:
        code, told = running.ended()
    assert code == 1
    assert "a file is broken" in told
    assert "Traceback" not in told
