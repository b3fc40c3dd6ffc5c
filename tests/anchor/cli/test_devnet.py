"""Several processes on one embedded chain, through `testamur devnet`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Run

COMMAND = [sys.executable, "-c", "from anchor.cli import main; main()"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}


@pytest.fixture
def devnet(run: Run) -> Iterator[str]:
    """The URL of a devnet in a process of its own, working in this test's folder."""
    command = [*COMMAND, "devnet", "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=ENVIRONMENT, text=True) as process:
        assert process.stdout is not None
        told = ""
        for line in process.stdout:
            told += line
            if line.startswith("}"):
                break
        yield json.loads(told)["url"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) in (0, -signal.SIGTERM)


def test_processes_share_the_chain_and_it_is_there_afterwards(devnet: str, run: Run, diplomas: Path) -> None:
    busy = run("status", "--json")
    assert busy.code == 2
    assert busy.json["error"]["code"] == "chain-busy"
    assert run("issuer", "register", "--uri", "did:web:university.example", "--chain", devnet).code == 0
    assert run("anchor", diplomas, "--chain", devnet).code == 0
    command = [*COMMAND, "verify", str(diplomas), "--chain", devnet, "--json"]
    several = [
        subprocess.Popen(command, stdout=subprocess.PIPE, env=ENVIRONMENT, cwd=Path.cwd(), text=True) for _ in range(2)
    ]
    for process in several:
        out, _ = process.communicate(timeout=120)
        assert {verdict["overall"] for verdict in json.loads(out)["verdicts"]} == {"valid with a warning"}
        assert process.returncode == 0


def test_a_devnet_beside_the_setting_of_another_chain_says_how_it_is_had(run: Run) -> None:
    Path("testamur.toml").write_text('chain = "http://127.0.0.1:1"\n', encoding="utf-8")
    refused = run("devnet")
    assert refused.code == 1
    assert "--chain embedded" in refused.errors


def test_a_command_that_is_killed_loses_nothing(run: Run, diplomas: Path) -> None:
    run("issuer", "register", "--uri", "did:web:university.example")
    with subprocess.Popen([*COMMAND, "anchor", str(diplomas)], env=ENVIRONMENT, stdout=subprocess.DEVNULL) as process:
        # Wherever this strikes, the next run has to end in one anchor of the batch.
        while process.poll() is None and not list(Path("testamur-data/trees").glob("*")):
            pass
        process.kill()
        process.wait()
    after = run("anchor", diplomas, "--json")
    assert after.code == 0
    shown = run("status", "--json").json
    assert [batch["state"] for batch in shown["batches"]] == ["final"]
    assert shown["transactionsUnderWay"] == 0
    assert run("issuer", "show", "--json").json["batches"] == 1
