"""Jobs that come in at several processes: none is lost and none doubled, also when one of the processes is killed."""

from __future__ import annotations

import http.client
import json
import os
import signal
import sys
import threading
from collections import Counter
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from anchor.books.folder import DataFolder
from anchor.books.keys import KeyStore
from registry.merkle.tree import Tree
from tests.faults.harness import Chain, chain, wait_until
from tests.scale.site import Program, cleaned, figures, free_ports, workers_of

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="its processes are looked at in /proc")

JOBS = 8
CLIENTS = 3
START_SECONDS = 120.0
ACCEPTED = (200, 202)
# What a client does not know the outcome of, or is told to send again.
AGAIN = (409, 503)


class Sender(threading.Thread):
    """Sends each job with its key until it is accepted, each time over a connection of its own."""

    def __init__(self, port: int, key: str, first: int):
        super().__init__(daemon=True)
        self.ids: dict[int, str] = {}
        self.refused: list[str] = []
        self._port, self._key, self._first = port, key, first

    def run(self) -> None:
        for place in range(JOBS):
            number = (self._first + place) % JOBS
            while number not in self.ids and not self.refused:
                self._send(number)

    def _send(self, number: int) -> None:
        headers = {
            "Authorization": f"Bearer {self._key}",
            "Content-Type": "text/plain",
            "Idempotency-Key": f"job {number}",
        }
        lines = "".join(f"{digest.hex()}\n" for digest in digests(number))
        with closing(http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)) as connection:
            try:
                connection.request("POST", "/v1/jobs", lines, headers)
                answer = connection.getresponse()
                body = answer.read()
            except (OSError, http.client.HTTPException):
                return
        if answer.status in ACCEPTED:
            self.ids[number] = json.loads(body)["id"]
        elif answer.status not in AGAIN:
            self.refused.append(body.decode())


def digests(number: int) -> list[bytes]:
    """Of the credentials of a job."""
    return [sha256(b"%d of job %d" % (place, number)).digest() for place in range(3)]


def root(number: int) -> bytes:
    with Tree.build(digests(number)) as tree:
        return tree.root


def test_jobs_over_several_workers_are_each_anchored_once(tmp_path: Path) -> None:
    """On SQLite, where writers wait for each other; several daemons on PostgreSQL are in `tests/faults`."""
    with chain(mining="auto") as node:
        _require_each_once(node, tmp_path)


def _require_each_once(node: Chain, folder: Path) -> None:
    data, log, (port,) = folder / "data", folder / "log", free_ports(1)
    chain_name = f"eip155:{node.client.chain_id()}"
    opened = DataFolder(data)
    key = KeyStore(opened.engine, chain_name, node.contract.address).add(1, "test")[1]
    opened.close()
    settings = {
        "TESTAMUR_DATA_FOLDER": str(data),
        "TESTAMUR_CHAIN": node.url,
        "TESTAMUR_KEY": node.daemon_key,
        "TESTAMUR_DAEMON_SECONDS": "0.1",
    }
    program = Program(["daemon", "--workers", "2", "--port", str(port)], settings, log)
    with cleaned([program]):

        def workers() -> int:
            try:
                return int(figures(port)["testamur_workers"])
            except OSError:
                assert program.runs, log.read_text()
                return 0

        wait_until(lambda: workers() == 2, START_SECONDS, "two workers take jobs", state=log.read_text)
        senders = [Sender(port, key, 3 * number) for number in range(CLIENTS)]
        for sender in senders:
            sender.start()
        wait_until(lambda: any(sender.ids for sender in senders), 60, "a job is accepted", state=log.read_text)
        os.kill(workers_of(program)[0], signal.SIGKILL)
        for sender in senders:
            sender.join(90)

        assert [sender.refused for sender in senders] == [[]] * CLIENTS
        assert all(sender.ids == senders[0].ids for sender in senders)
        assert len(set(senders[0].ids.values())) == JOBS

        def anchored() -> Counter[bytes]:
            return Counter(event.key[1] for event in node.contract.anchored_events())

        wait_until(lambda: len(anchored()) >= JOBS, 60, "every job is anchored", state=log.read_text)
        assert anchored() == dict.fromkeys(map(root, range(JOBS)), 1)
        # Of events that workers tell, the daemon counts each once.
        wait_until(lambda: workers() == 2, START_SECONDS, "the dead one is replaced", state=log.read_text)
        told = figures(port)
        assert told['testamur_events_total{event="job-accepted",level="info"}'] == JOBS
        assert program.end() == 0, log.read_text()
