"""A reader of the documentation: the commands that a page has, and somebody who types them in a working folder."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import chdir, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from unittest.mock import patch

from typer.testing import CliRunner

from anchor.cli.app import app
from anchor.settings import Settings

REPOSITORY = Path(__file__).parents[2]
PROGRAM = "from anchor.cli import main; main()"
SECONDS = 120
_BLOCK = re.compile(r"^( *)```console\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_FILES = re.compile(r"^( *)```(?:toml|python)\n *# (\S+\.(?:toml|py))\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
# What needs a shell; everything else is run within this process, which saves a second each.
_SHELL = re.compile(r"[|<>&;$*]")
# The values of a run: digests, identifiers, times and how many. What is left of a line is the same in every run.
_VALUES = re.compile(
    r"0x[0-9a-fA-F]+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[0-9a-f]{8,}|\d{4}-\d\d-\d\dT[\d:.]+Z|\d[\d,.]*"
)
_STYLES = re.compile(r"\x1b\[[0-9;]*m")
# Which address a server has on the pages, which are those it has unless it is told another.
_ADDRESSES = {"serve": 8790, "daemon": 8780, "devnet": 8545}


@dataclass(frozen=True)
class Step:
    """A command as it is typed, and what the page shows of its output.

    Attributes:
        settings: files of settings, and programs, that the page shows before it, by name.
    """

    command: str
    shown: tuple[str, ...]
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Told:
    """What a command printed, and its exit code."""

    code: int
    out: str
    errors: str


def steps(page: Path) -> Iterator[Step]:
    """The commands of a page, in order."""
    text = page.read_text(encoding="utf-8")
    files = [(found.start(), found[2], _outdented(found[3], found[1])) for found in _FILES.finditer(text)]
    for block in _BLOCK.finditer(text):
        settings = {name: content for at, name, content in files if at < block.start()}
        for command, shown in _typed(_outdented(block[2], block[1])):
            yield Step(command, shown, settings)


def shape(text: str) -> set[str]:
    """The lines without what differs from run to run."""
    told = (re.sub(r"#(?:, #)+", "#", _VALUES.sub("#", line)) for line in text.splitlines())
    return {" ".join(line.split()) for line in told}


def _outdented(block: str, indent: str) -> str:
    return "\n".join(line.removeprefix(indent) for line in block.splitlines())


def _typed(block: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    command, shown = "", list[str]()
    for line in block.splitlines():
        if line.startswith("$ "):
            if command:
                yield command, tuple(shown)
            command, shown = line[2:], []
        elif command.endswith(("\\", "|")) or command.count("'") % 2:
            command += f"\n{line}"
        else:
            shown.append(line)
    if command:
        yield command, tuple(shown)


class Ends(Protocol):
    """What goes on in a terminal of its own."""

    def end(self) -> int:
        """End it; its exit code."""


class Server:
    """`testamur serve`, `daemon` or `devnet` in a process of its own, at a port that was free; end it after use."""

    def __init__(self, arguments: list[str], folder: Path, environment: Mapping[str, str]):
        command = [sys.executable, "-c", PROGRAM, *arguments, "--port", "0", "--json"]
        self._errors = (folder / f"{arguments[0]}.log").open("w+")
        self._process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=self._errors, text=True
        )
        guard = threading.Timer(SECONDS, self._process.kill)
        guard.start()
        try:
            self.url: str = self._read()["url"]
            if arguments[0] == "serve":
                self._await_ready()
        except BaseException:
            self.end()
            raise
        finally:
            guard.cancel()

    def end(self) -> int:
        """Ask the process to end, and see that it does; its exit code."""
        self._process.terminate()
        try:
            return self._process.wait(SECONDS)
        finally:
            self._process.kill()
            self._errors.close()

    def _read(self) -> Any:
        assert self._process.stdout is not None
        told = ""
        for line in self._process.stdout:
            told += line
            if line.startswith("}"):
                return json.loads(told)
        raise AssertionError(f"it did not start:\n{told}{self._said()}")

    def _await_ready(self) -> None:
        """Until the chain is read and the tree of each batch is loaded."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            if self._has("/readyz", b"") and self._has("/metrics", b"\ntestamur_index_batches_without_tree 0.0\n"):
                return
            time.sleep(0.05)
        raise AssertionError(f"it was not ready in time:\n{self._said()}")

    def _has(self, path: str, content: bytes) -> bool:
        with suppress(urllib.error.HTTPError), urllib.request.urlopen(f"{self.url}{path}", timeout=10) as answer:
            return content in answer.read()
        return False

    def _said(self) -> str:
        self._errors.seek(0)
        return self._errors.read()


class Reader:
    """Somebody with the program on the path, no settings, and a working folder.

    Args:
        stands_for: what a page writes, and what this reader has in its place: addresses, digests, numbers.
    """

    def __init__(self, folder: Path, stands_for: Mapping[str, str] | None = None):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.stands_for = dict(stands_for or {})
        programs = folder.parent / "bin"
        programs.mkdir(exist_ok=True)
        # A page that shows no answer has got one: curl by itself succeeds with every status.
        (folder.parent / ".curlrc").write_text("fail-with-body\n")
        for name, script in (
            ("testamur", f"#!{sys.executable}\n{PROGRAM}\n"),
            ("python", f'#!/bin/sh\nexec {sys.executable} "$@"\n'),
        ):
            (programs / name).write_text(script)
            (programs / name).chmod(0o755)
        own = {f"TESTAMUR_{name.upper()}" for name in Settings.model_fields}
        kept = {name: value for name, value in os.environ.items() if name not in own}
        self.environment = kept | {
            "PATH": f"{programs}:{kept['PATH']}",
            "PYTHONPATH": str(REPOSITORY),
            "HOME": str(folder.parent),
        }
        self.servers: dict[str, Ends] = {}
        self._written: dict[str, str] = {}

    def meant(self, text: str) -> str:
        """The text of a page with what this reader has."""
        for written, own in self.stands_for.items():
            text = re.sub(rf"(?<![\w.]){re.escape(written)}(?!\w)", lambda _, own=own: own, text)
        return text

    def types(self, command: str) -> Told:
        """Run a command as written on a page; a server goes on until it is ended."""
        meant = self.meant(command)
        line = re.sub(r"\s+# .*", "", meant.replace("\\\n", " "))
        words = [] if _SHELL.search(line) else shlex.split(line)
        if words[:1] == ["testamur"] and words[1] in _ADDRESSES:
            return self._starts(words[1:])
        if words[:1] == ["testamur"]:
            with chdir(self.folder), patch.dict(os.environ, self.environment, clear=True):
                ran = CliRunner().invoke(app, words[1:], catch_exceptions=False)
            return Told(ran.exit_code, ran.stdout, ran.stderr)
        shell = subprocess.run(
            ["bash", "-c", meant],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        return Told(shell.returncode, shell.stdout, shell.stderr)

    def answers(self, command: str, typed: Sequence[str]) -> Told:
        """Run a command at a terminal, and type a line each time that it asks for one."""
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            ["bash", "-c", self.meant(command)],
            cwd=self.folder,
            env=self.environment | {"COLUMNS": "200"},  # what the pages have is not broken into lines
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        guard = threading.Timer(SECONDS, process.kill)
        guard.start()
        told, left, answered = b"", list(typed), 0
        try:
            with suppress(OSError):  # that is how a terminal ends which nobody writes to any more
                while piece := os.read(ours, 65536):
                    told += piece
                    # A question is what was asked since the last answer: the end of its line may come only after that.
                    if left and told[answered:].endswith((b": ", b": \r\n")):
                        answered = len(told)
                        os.write(ours, f"{left.pop(0)}\n".encode())
            code = process.wait(SECONDS)
        finally:
            guard.cancel()
            process.kill()
            os.close(ours)
        said = _STYLES.sub("", told.decode().replace("\r\n", "\n"))
        assert not left, f"$ {command}\n{said}\nnot asked for: {len(left)}"
        return Told(code, said, "")

    def does(self, command: str, *codes: int, typed: Sequence[str] = ()) -> str:
        """Run a command that ends with one of the codes, or 0; what it printed.

        Args:
            typed: what a person answers; with it the command runs at a terminal.
        """
        told = self.answers(command, typed) if typed else self.types(command)
        said = f"$ {command}\n{told.out}{told.errors}"
        assert "Traceback" not in said, said
        assert told.code in (codes or (0,)), f"{said}\nexit code {told.code}"
        return told.out

    def writes(self, files: Mapping[str, str]) -> None:
        """Files as the page shows them, with what this reader has; each once."""
        for name, content in files.items():
            if self._written.get(name) != content:
                (self.folder / name).write_text(self.meant(content), encoding="utf-8")
                self._written[name] = content

    def ends(self) -> None:
        """Ctrl+C in every terminal where a server goes on."""
        while self.servers:
            _, server = self.servers.popitem()
            assert server.end() in (0, -signal.SIGTERM)

    def _starts(self, words: list[str]) -> Told:
        server = Server(words, self.folder, self.environment)
        self.servers[words[0]] = server
        port, place = _ADDRESSES[words[0]], server.url.removeprefix("http://")
        self.stands_for |= {f"127.0.0.1:{port}": place, f"localhost:{port}": place}
        return Told(0, "", "")
