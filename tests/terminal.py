"""The command on a terminal: what it writes goes through an emulator, and what a person then sees is read off it."""

from __future__ import annotations

import os
import pty
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pyte
import pytest

from anchor.cli.console import CONTINUED

# What rich says to a terminal itself: styles, hiding the cursor, and going back over its own bar.
OURS = re.compile(rb"\x1b\[[0-9;]*m|\x1b\[\?25[lh]|\x1b\[1A|\x1b\[2K|\r\n|\r|\n")
LINES = 500


@dataclass(frozen=True)
class Shown:
    """What a person sees after one command.

    Attributes:
        raw: the bytes that the terminal got.
    """

    code: int
    screen: pyte.Screen
    raw: bytes

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.screen.display]

    @property
    def text(self) -> str:
        """All of it, without the spaces: where a line was broken does not count."""
        return "".join("".join(line.removeprefix(CONTINUED) for line in self.screen.display).split())

    @property
    def foreign(self) -> bytes:
        """The controls among what was written that are not rich's own."""
        return b"".join(re.findall(rb"[\x00-\x1f\x7f]|\xc2[\x80-\x9f]", OURS.sub(b"", self.raw)))

    def colours_of(self, word: str) -> set[tuple[str, bool]]:
        """The colours in which a word is shown, each with whether it is in reverse."""
        found = set()
        for number, line in enumerate(self.screen.display):
            for match in re.finditer(re.escape(word), line):
                cells = self.screen.buffer[number]
                found |= {(cells[at].fg, cells[at].reverse) for at in range(*match.span())}
        return found


@contextmanager
def _terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """A terminal in the place of standard output and error; what it gets is in the list afterwards."""
    ours, theirs = pty.openpty()
    got: list[bytes] = []

    def read() -> None:
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # the other end is closed
                return
            if not piece:
                return
            got.append(piece)

    reader = threading.Thread(target=read)
    reader.start()
    with monkeypatch.context() as patch:
        patch.setenv("COLUMNS", str(columns))
        patch.setenv("LINES", str(LINES))
        patch.setenv("TERM", "xterm-256color")
        patch.delenv("NO_COLOR", raising=False)
        stream = os.fdopen(theirs, "w", encoding="utf-8", errors="backslashreplace")
        patch.setattr(sys, "stdout", stream)
        patch.setattr(sys, "stderr", stream)
        try:
            yield got
        finally:
            stream.close()
            reader.join()
            os.close(ours)


def show(write: Callable[[], object], monkeypatch: pytest.MonkeyPatch, columns: int = 100) -> Shown:
    """Have something written to a terminal, and look at it."""
    code = 0
    with _terminal(columns, monkeypatch) as got:
        try:
            write()
        except SystemExit as ending:
            code = int(ending.code or 0)
    screen = pyte.Screen(columns, LINES)
    raw = b"".join(got)
    pyte.ByteStream(screen).feed(raw)
    return Shown(code, screen, raw)


def run_on_terminal(monkeypatch: pytest.MonkeyPatch, *arguments: object, columns: int = 100) -> Shown:
    """Run `testamur` with these arguments."""
    from anchor.cli.app import app

    return show(lambda: app([str(each) for each in arguments]), monkeypatch, columns)
