"""Starts the commands of a machine whose clock is driven: imports the program once, and forks a process for each.

Reads a request a line and answers each with a line of JSON: `{"arguments", "environment", "folder", "log", "out",
"place", "main_counts"}` starts one and gives its `pid`; `{"pid"}` asks for its exit code, null while it runs.
"""

from __future__ import annotations

import ctypes
import faulthandler
import importlib
import json
import os
import pkgutil
import signal
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.faults.composed.clock import Page, Pauses, install, install_dates

PACKAGES = ("anchor", "registry")
PARENT_DEATH = 1


def main() -> None:
    """Until standard input ends."""
    faulthandler.register(signal.SIGUSR1)
    page = Page(Path(sys.argv[1]))
    pauses = install(page)
    for package in PACKAGES:
        for found in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
            if not found.name.endswith("__main__") and ".migrations" not in found.name:
                importlib.import_module(found.name)
    install_dates(page, PACKAGES)
    print("ready", flush=True)
    codes: dict[int, int] = {}
    for line in sys.stdin:
        asked = json.loads(line)
        if "pid" in asked:
            print(json.dumps(_code(codes, asked["pid"])), flush=True)
            continue
        pid = os.fork()
        if pid == 0:
            _run(asked, pauses)
        print(json.dumps(pid), flush=True)


def _code(codes: dict[int, int], pid: int) -> int | None:
    if pid not in codes:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found == 0:
            return None
        codes[pid] = os.waitstatus_to_exitcode(status)
    return codes[pid]


def _run(asked: dict[str, Any], pauses: Pauses) -> None:
    code = 70
    try:
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(PARENT_DEATH, signal.SIGKILL)
        os.setsid()
        os.chdir(asked["folder"])
        append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        for number, path in ((0, os.devnull), (1, asked["out"]), (2, asked["log"])):
            os.dup2(os.open(path, append if number else os.O_RDONLY, 0o600), number)
        for name in [name for name in os.environ if name.startswith("TESTAMUR_")]:
            del os.environ[name]
        os.environ.update(asked["environment"])
        # `kill -USR1` has a process that hangs tell where.
        faulthandler.register(signal.SIGUSR1)
        pauses.begin(asked["place"], main_counts=asked["main_counts"])
        sys.argv = ["testamur", *asked["arguments"]]
        from anchor.cli import main as command

        command()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
