"""A folder that is verified in several processes ends with the command, and is told as it comes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from anchor.cli.console import GrowingJson, write_json
from anchor.verifying.one_file import Found
from registry.verify.checks import Verdict
from tests.conftest import Run
from tests.elsewhere import all_elsewhere

# In a shell's background Ctrl+C is ignored, and whoever is started there inherits that.
COMMAND = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from anchor.cli import main
main()
"""
TIMES = 200
FILES = 500


def alive(group: int) -> bool:
    """Whether a process of the group is there still, and has not ended."""
    for each in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, pgrp = each.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(pgrp) == group and state != "Z":
            return True
    return False


def wait_for(what: str, is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < until, what
        time.sleep(0.02)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")
def test_an_interruption_ends_all_processes(tmp_path: Path) -> None:
    folder = tmp_path / "credentials"
    folder.mkdir()
    for number in range(FILES):
        (folder / f"{number}.json").write_text('{"type": ["VerifiableCredential"]}')
    command = [sys.executable, "-c", COMMAND, "verify", *[str(folder)] * TIMES]
    environment = {**os.environ, "TESTAMUR_WORKERS": "2"}
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as ran:
        try:
            # Beside what reads there is one that keeps count.
            children = Path(f"/proc/{ran.pid}/task/{ran.pid}/children")
            wait_for("it starts another one", lambda: len(children.read_text().split()) >= 2)
            os.killpg(ran.pid, signal.SIGINT)  # as a terminal does: all of them are told
            out, errors = ran.communicate(timeout=60)
            wait_for("all have ended", lambda: not alive(ran.pid))
        finally:
            if alive(ran.pid):
                os.killpg(ran.pid, signal.SIGKILL)
    assert (ran.returncode, out) == (130, b"")
    assert b"Traceback" not in errors


@pytest.mark.parametrize("chain", [True, False])
def test_verdicts_are_the_same_wherever_they_are_made(
    run: Run, diplomas: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chain: bool
) -> None:
    for path in sorted(diplomas.iterdir())[4:]:
        path.unlink()
    assert run("issuer", "register", "--uri", "did:web:university.example").code == 0
    root = run("anchor", diplomas, "--json").json["batches"][0]["root"]
    assert run("receipts", root, "-o", diplomas).code == 0
    # One receipt under another name, one that is broken, and a credential that is.
    (diplomas / "001.json.receipt.json").rename(diplomas / "other.receipt.json")
    (diplomas / "002.json.receipt.json").write_text("{")
    (diplomas / "004.json").write_text("{")
    if not chain:
        monkeypatch.setenv("TESTAMUR_DATA_FOLDER", str(tmp_path / "nothing"))
    said = ("verify", diplomas, "--trust", "1", "--at", "2030-01-01")
    here = [run(*said, "--json"), run(*said)]
    came = all_elsewhere(monkeypatch)
    there = [run(*said, "--json"), run(*said)]
    assert [(each.out, each.code) for each in there] == [(each.out, each.code) for each in here]
    assert len(here[0].json["verdicts"]) == 5
    # With a chain to ask, what was read is judged by this process.
    assert {type(each) for each in came} == {Found if chain else Verdict}


@pytest.mark.parametrize("more", [{}, {"portfolios": [{"name": "a\u202eb", "n": [1, 2]}], "x": {}}])
@pytest.mark.parametrize("items", [[], [{"name": "a\nb \u202e\udc80"}], [{"a": [], "b": {"c": None}}, {}, {"d": 1.5}]])
def test_a_list_that_grows_is_told_as_one_that_was_there(
    capsys: pytest.CaptureFixture[str], items: list[Any], more: dict[str, Any]
) -> None:
    write_json({"verdicts": items} | more)
    whole = capsys.readouterr().out
    grown = GrowingJson("verdicts", StringIO(newline=""))
    for each in items:
        grown.add(partial(dict, each))
    grown.tell(more)
    assert json.loads(capsys.readouterr().out) == json.loads(whole)


def test_it_is_written_as_one_that_was_there(capsys: pytest.CaptureFixture[str]) -> None:
    items = [{"name": "a\nb", "checks": [{"name": "x", "of": []}]}, {"d": 1.5}]
    write_json({"verdicts": items, "portfolios": [1]})
    whole = capsys.readouterr().out
    grown = GrowingJson("verdicts", StringIO(newline=""))
    for each in items:
        grown.add(partial(dict, each))
    grown.tell({"portfolios": [1]})
    assert capsys.readouterr().out == whole
