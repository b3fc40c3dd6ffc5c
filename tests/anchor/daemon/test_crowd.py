"""A crowd at the door of a real daemon with few descriptors: it goes on anchoring, and a client is answered."""

from __future__ import annotations

import shutil
import socket
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.anchor.daemon.test_daemon import DIPLOMA, SECONDS, Station, node
from tests.faults.harness import Chain, wait_until

__all__ = ["node"]

DESCRIPTORS = 128
# Half of them, less what may wait to be accepted, and a file for each.
CONNECTIONS = (DESCRIPTORS // 2 - DESCRIPTORS // 8) // 2
CROWD = 200


@pytest.mark.skipif(shutil.which("prlimit") is None, reason="there is no prlimit here")
def test_half_open_connections_stop_neither_the_anchoring_nor_a_client(node: Chain, tmp_path: Path) -> None:
    here = Station(tmp_path, node)
    key = here.run("key", "add", "--issuer", "1", "--name", "registry office")["key"]
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/x-ndjson"}
    with here.daemon(descriptors=DESCRIPTORS) as url, ExitStack() as crowd:
        place = urlsplit(url)

        def come(count: int) -> None:
            for _ in range(count):
                connection = socket.create_connection((str(place.hostname), place.port or 0), timeout=SECONDS)
                crowd.enter_context(connection).sendall(b"POST /v1/jobs HTTP/1.1\r\nX-Slow: ")

        come(CROWD)
        accepted = httpx.post(f"{url}/v1/jobs", content=DIPLOMA % (1, 1), headers=headers, timeout=SECONDS)
        assert accepted.status_code == 202, accepted.text

        def is_final() -> bool:
            # The crowd goes on, and each question comes on a connection of its own.
            come(CONNECTIONS)
            node.mine()
            answer = httpx.get(f"{url}{accepted.headers['Location']}", headers=headers, timeout=SECONDS)
            return bool(answer.json()["state"] == "final")

        wait_until(is_final, SECONDS, "the job is final")
        figures = dict(
            line.rsplit(" ", 1)
            for line in httpx.get(f"{url}/metrics", timeout=SECONDS).text.splitlines()
            if line.startswith(("testamur_connections", "process_"))
        )
    assert float(figures["testamur_connections_gave_way_total"]) >= CROWD - CONNECTIONS
    assert float(figures["testamur_connections"]) <= CONNECTIONS
    assert float(figures["process_max_fds"]) == DESCRIPTORS
    assert float(figures["process_open_fds"]) < DESCRIPTORS // 2 + CONNECTIONS
    said = (tmp_path / "daemon.log").read_text()
    assert "Too many open files" not in said
    assert "round-failed" not in said
