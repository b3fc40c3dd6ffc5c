"""The whole daemon as its users meet it: a process, a key, a job over HTTP, receipts that verify."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.faults.harness import Chain, chain, wait_until

SECONDS = 60.0
DIPLOMA = '{"id": "urn:uuid:%d", "holder": "student %d"}'


@pytest.fixture
def node() -> Iterator[Chain]:
    with chain() as made:
        yield made


class Station:
    """A data folder and the program on it."""

    def __init__(self, folder: Path, node: Chain):
        self.folder = folder
        self.pid = 0
        self.node = node
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("TESTAMUR_")}
        self.environment |= {
            "TESTAMUR_CHAIN": node.url,
            "TESTAMUR_KEY": node.daemon_key,
            "TESTAMUR_DAEMON_SECONDS": "0.05",
            "TESTAMUR_DROP_FOLDER": str(folder / "drop"),
            "PYTHONPATH": str(Path(__file__).parents[3]),
        }

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-c", "from anchor.cli.app import app; app()", *words]

    def run(self, *words: str) -> dict[str, Any]:
        """What a command says with `--json`."""
        code, content = self.ends(*words)
        assert code == 0, content
        return content

    def ends(self, *words: str) -> tuple[int, dict[str, Any]]:
        """The exit code of a command, and what it says with `--json`."""
        command = self.command(*words, "--json")
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        content: dict[str, Any] = json.loads(done.stdout or done.stderr)
        return done.returncode, content

    def has_open(self, path: Path) -> bool:
        """Whether the daemon has a file open."""
        return any(link.exists() and link.samefile(path) for link in Path(f"/proc/{self.pid}/fd").iterdir())

    @contextmanager
    def daemon(self, *, descriptors: int | None = None) -> Iterator[str]:
        """The daemon; its URL.

        Args:
            descriptors: the most that it may have open.
        """
        prefix = [] if descriptors is None else ["prlimit", f"--nofile={descriptors}:{descriptors}"]
        command = [*prefix, *self.command("daemon", "--port", "0", "--json")]
        with (self.folder / "daemon.log").open("wb") as log:
            process = subprocess.Popen(
                command, cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, stderr=log, text=True
            )
        self.pid = process.pid
        try:
            assert process.stdout is not None
            spoken = "".join(process.stdout.readline() for _ in range(3))
            yield json.loads(spoken)["url"]
        finally:
            process.terminate()
            assert process.wait(SECONDS) == 0, (self.folder / "daemon.log").read_text()


def test_an_issuer_sends_a_job_gets_receipts_and_revokes_beside_the_daemon(node: Chain, tmp_path: Path) -> None:
    (tmp_path / "drop" / "1").mkdir(parents=True)
    here = Station(tmp_path, node)
    key = here.run("key", "add", "--issuer", "1", "--name", "registry office")["key"]
    lines = "\n".join(DIPLOMA % (number, number) for number in range(3)) + "\nnot JSON\n"
    with here.daemon() as url, httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}) as client:
        headers = {"Content-Type": "application/x-ndjson", "Idempotency-Key": "monday"}
        accepted = client.post("/v1/jobs", content=lines, headers=headers)
        assert accepted.status_code == 202, accepted.text
        job = accepted.headers["Location"]
        assert client.post("/v1/jobs", content=lines, headers=headers).headers["Idempotent-Replay"] == "true"
        unfinished = tmp_path / "drop" / "1" / "late.json.part"
        unfinished.write_text(DIPLOMA % (7, 7))
        wait_until(lambda: here.has_open(unfinished), SECONDS, "the daemon has seen the unfinished file")
        unfinished.rename(unfinished.with_suffix(""))

        def is_final(path: str) -> bool:
            node.mine()
            return bool(client.get(path).json()["state"] == "final")

        wait_until(lambda: is_final(job), SECONDS, "the job is final", state=lambda: client.get(job).json())
        found = client.get(job).json()
        assert found["rejected"] == 1
        receipts = client.get(f"{job}/receipts").content
        assert client.get("/readyz").json()["state"] == "ready"
        assert "testamur_jobs" in client.get("/metrics").text
        wait_until(lambda: len(client.get("/v1/jobs").json()["jobs"]) == 2, SECONDS, "the file is a job")
        others = client.get("/v1/jobs").json()
        late = next(each["id"] for each in others["jobs"] if each["id"] not in job)
        wait_until(lambda: is_final(f"/v1/jobs/{late}"), SECONDS, "the dropped file is final")
        (tmp_path / "late.json").write_text(DIPLOMA % (7, 7))
        diploma = ("late.json", "--issuer", "1")
        code, refused = here.ends("revoke", *diploma)
        assert (code, refused["error"]["code"]) == (2, "sender-busy")
        assert "--queue" in refused["error"]["remedy"]
        asked = here.run("revoke", "--queue", *diploma, "--urgent", "--reason", "obtained-by-fraud")
        at = f"/v1/status-jobs/{asked['id']}"
        wait_until(lambda: is_final(at), SECONDS, "it is revoked", state=lambda: client.get(at).json())
        # The sums are kept for some seconds.
        counted = 'testamur_status_jobs{state="final"} 1.0'
        wait_until(lambda: counted in client.get("/metrics").text, SECONDS, "it is counted")
    assert receipts[:2] == b"PK"
    archive = tmp_path / "receipts.zip"
    archive.write_bytes(receipts)
    shown = here.run("jobs", "show", found["id"])
    assert shown["state"] == "final"
    assert len(node.contract.anchored_events()) == 2
    code, verdict = here.ends("verify", *diploma, "--trust", "1")
    status = next(check for check in verdict["checks"] if check["name"] == "status")
    assert (code, verdict["overall"], status["outcome"], status["code"]) == (1, "not valid", "fail", "revoked")
