"""Several processes at one port are one service: what they count adds up, one may die, and nobody sees them end."""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.harness import Chain, chain, wait_until
from tests.scale.site import Client, Program, ask, cleaned, exposition, figures, free_ports, workers_of

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="its processes are looked at in /proc")

CLIENTS = 8
EACH = 10
START_SECONDS = 120.0
ANSWERS = 'testamur_requests_total{route="/v1",status="200"}'


class Service:
    """`testamur serve --workers 2`, and how often it was asked."""

    def __init__(self, program: Program, port: int, log: Path):
        self.program, self.port, self.log = program, port, log
        self.asked = 0

    def wait(self) -> None:
        wait_until(lambda: self.workers() == 2, START_SECONDS, "two workers answer", state=self.log.read_text)

    def workers(self) -> int:
        try:
            return int(figures(self.port)["testamur_workers"])
        except OSError:
            assert self.program.runs, self.log.read_text()
            return 0

    def ask_at_once(self) -> None:
        """All clients at once; every answer is a good one."""
        clients = [Client(self.port, keeps=number % 2 == 0, path="/v1", most=EACH) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        for client in clients:
            client.join(60)
        self.asked += CLIENTS * EACH
        assert sum((client.told for client in clients), Counter()) == {"ok": CLIENTS * EACH}

    def answers_add_up(self) -> bool:
        """An answer is counted once it is sent, which may be a moment after it has come."""
        return figures(self.port)[ANSWERS] == self.asked

    def block(self) -> int:
        return int(ask(self.port, "/v1/parties").content["asOf"]["block"]["number"])


@contextmanager
def serving(node: Chain, folder: Path) -> Iterator[Service]:
    (port,) = free_ports(1)
    settings = {
        "TESTAMUR_DATA_FOLDER": str(folder / "data"),
        "TESTAMUR_CHAIN": node.url,
        "TESTAMUR_INDEX_SECONDS": "0.1",
        "TESTAMUR_RATE_LIMIT": "0",
    }
    program = Program(["serve", "--workers", "2", "--port", str(port)], settings, folder / "log")
    with cleaned([program]):
        service = Service(program, port, folder / "log")
        service.wait()
        yield service


def test_several_workers_are_one_service(tmp_path: Path) -> None:
    with chain(mining="auto") as node, serving(node, tmp_path) as service:
        wait_until(lambda: ask(service.port, "/readyz").status == 200, 30, "it is ready", state=service.log.read_text)
        both = {"ok": True, "why": "2 of 2 answer"}
        wait_until(lambda: ask(service.port, "/readyz").content["checks"]["workers"] == both, 30, "both answer")
        # Of the index, which the supervisor fills.
        assert "# TYPE testamur_index_endpoint_blocks gauge" in exposition(service.port)
        service.ask_at_once()
        wait_until(service.answers_add_up, 10, "each answer is counted", state=lambda: figures(service.port))

        killed, other = workers_of(service.program)
        os.kill(killed, signal.SIGKILL)
        # What the dead one held of the port is the other's.
        service.ask_at_once()
        service.wait()
        assert figures(service.port)["testamur_workers_replaced_total"] == 1
        service.ask_at_once()
        wait_until(
            service.answers_add_up, 10, "what a dead one counted is counted", state=lambda: figures(service.port)
        )
        assert other in workers_of(service.program)
        assert killed not in workers_of(service.program)
        assert "was ended by SIGKILL" in service.log.read_text()

        _require_one_indexer(node, service)

        clients = [Client(service.port, keeps=number % 2 == 0, path="/v1") for number in range(CLIENTS)]
        for client in clients:
            client.start()
        wait_until(lambda: all(client.told["ok"] >= 10 for client in clients), 60, "all are answered")
        assert service.program.end() == 0, service.log.read_text()
        for client in clients:
            client.join(20)
        told = sum((client.told for client in clients), Counter())
        assert told.keys() == {"ok", "refused"}, told
        assert told["refused"] == CLIENTS


def _require_one_indexer(node: Chain, service: Service) -> None:
    """While the supervisor stands still its workers answer, and none of them reads the chain for the index."""
    seen = service.block()
    os.kill(service.program.pid, signal.SIGSTOP)
    try:
        node.mine(3)
        service.ask_at_once()
        assert service.block() == seen
    finally:
        os.kill(service.program.pid, signal.SIGCONT)
    wait_until(lambda: service.block() >= seen + 3, 30, "the index goes on", state=service.log.read_text)
