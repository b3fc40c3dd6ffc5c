"""What the page about Windows promises, on a Python that lacks what Python there lacks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
LACKING = """
import os, sys
import filelock, multiprocessing, ssl, subprocess, tempfile
for module in ("fcntl", "grp", "pty", "pwd", "resource", "termios", "uvloop"):
    sys.modules[module] = None
for name in ("O_DIRECTORY", "O_NOCTTY", "chown", "fork", "geteuid", "getuid", "killpg", "pread", "pwrite", "statvfs"):
    delattr(os, name)
"""
COMMANDS = """
from typer.testing import CliRunner
from anchor.cli.app import app
for words in (["digest", "a.txt"], ["verify", "a.txt"], ["page", "--hash"]):
    ran = CliRunner().invoke(app, [*words, "--json"], catch_exceptions=False)
    print(ran.exit_code, ran.stdout.replace("\\n", " "))
"""


def test_a_credential_is_checked_without_what_windows_lacks(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a diploma")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TESTAMUR_")}
    ran = subprocess.run(
        [sys.executable, "-c", LACKING + COMMANDS],
        cwd=tmp_path,
        env=environment | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    digest, verdict, page = (line.split(" ", 1) for line in ran.stdout.splitlines())
    assert (digest[0], verdict[0], page[0]) == ("0", "2", "0")
    (told,) = json.loads(digest[1])["files"]
    assert told["method"] == "file"
    assert json.loads(page[1])["sha256"]["program"]
    assert "no-receipt" in verdict[1]
