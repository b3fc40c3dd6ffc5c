"""Whatever one issuer or address does, the others' jobs come in; with the limits and the server as they ship."""

from __future__ import annotations

import io
import socket
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from anchor.books.keys import KeyStore
from anchor.books.tables import JobState
from anchor.daemon import jobs_api as http
from anchor.daemon.jobs_api import MOST_AT_ONCE, create_intake_app
from anchor.daemon.keycheck import WRONG_KEYS
from anchor.intake.digesting import Digested, digest_piece
from anchor.intake.streams import IntakeLimits
from anchor.settings import Settings
from registry.http import request_bodies as bodies
from registry.http.server import front_of
from tests.anchor.issuer import CHAIN, CONTRACT, Site, credential
from tests.faults.harness import wait_until

SHARE = 24
JSONL = {"Content-Type": "application/x-ndjson"}


class Open:
    """A daemon's intake that anybody can reach."""

    def __init__(self, site: Site, address: tuple[str, int]):
        self.site = site
        self.address = address
        self.keys = {issuer: KeyStore(site.engine, CHAIN, CONTRACT).add(issuer, "test")[1] for issuer in (1, 2)}

    def client(self, issuer: int) -> httpx.Client:
        host, port = self.address
        headers = {"Authorization": f"Bearer {self.keys[issuer]}"}
        return httpx.Client(base_url=f"http://{host}:{port}", headers=headers, timeout=30)

    def begun(self, issuer: int, length: int = 1 << 20, *, kind: str = "application/x-ndjson", key: str = "") -> Any:
        """A connection on which a job has begun."""
        connection = socket.create_connection(self.address, timeout=20)
        named = f"Idempotency-Key: {key}\r\n" if key else ""
        head = (
            f"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.keys[issuer]}\r\n{named}"
            f"Content-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
        )
        connection.sendall(head.encode())
        return connection

    def states(self) -> list[JobState]:
        return [job.state for job in self.site.jobs.all()]


@pytest.fixture
def intake_open(tmp_path: Path) -> Iterator[Open]:
    site = Site(tmp_path / "data")
    app = create_intake_app(
        site.folder, CHAIN, CONTRACT, limits=IntakeLimits.of(Settings()), notices=site.notices, poll_seconds=0.01
    )
    server = uvicorn.Server(front_of(app, grace_seconds=1).config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield Open(site, listener.getsockname())
        server.should_exit = True
        thread.join(10)
    site.folder.close()


def status(connection: socket.socket) -> bytes:
    return connection.recv(65536).partition(b"\r\n")[0][9:12]


def test_one_that_sends_slowly_on_all_its_connections_keeps_no_other_out(intake_open: Open) -> None:
    with ExitStack() as opened:
        greedy = [opened.enter_context(intake_open.begun(1)) for _ in range(MOST_AT_ONCE)]
        for connection in greedy:
            connection.setblocking(False)
        refused: dict[socket.socket, bytes] = {}

        def answered() -> bool:
            for connection in greedy:
                try:
                    refused[connection] = refused.get(connection, b"") + connection.recv(65536)
                except BlockingIOError:
                    continue
            return len(refused) == MOST_AT_ONCE - SHARE

        wait_until(answered, 20, "all beyond its share are refused", state=lambda: len(refused))
        assert all(answer.startswith(b"HTTP/1.1 429") and b"work-limit" in answer for answer in refused.values())
        assert all(b"retry-after" in answer.lower() for answer in refused.values())
        with intake_open.client(2) as other:
            answer = other.post("/v1/jobs", content=credential(1) + b"\n" + credential(2), headers=JSONL)
            assert answer.status_code == 202, answer.text
            large = (credential(number) + b"\n" for number in range(10_000))
            assert other.post("/v1/jobs", content=large, headers=JSONL).status_code == 202
        # One of the greedy ends, and its place is free for the next one.
        next(one for one in greedy if one not in refused).close()

        def comes_in() -> bool:
            with intake_open.client(1) as same:
                return same.post("/v1/jobs", content=credential(3), headers=JSONL).status_code == 202

        wait_until(comes_in, 20, "the place is free")


def test_a_trickle_is_ended(intake_open: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "RATE_SECONDS", 0.3)
    monkeypatch.setattr(bodies, "LEAST_RATE", 1000)
    with intake_open.begun(1) as connection, intake_open.begun(2) as quick:
        began = time.monotonic()
        connection.settimeout(0.02)
        answer = b""
        while not answer and time.monotonic() - began < 20:
            try:
                connection.sendall(b" ")
                answer = connection.recv(65536)
            except TimeoutError:
                pass
        assert answer.startswith(b"HTTP/1.1 408")
        assert b"less than 1,000 bytes a second came over 0.3 seconds" in answer
        # Who is quick now and then is quick enough.
        quick.sendall(credential(1) + b"\n" + b" " * ((1 << 20) - len(credential(1)) - 1))
        assert status(quick) == b"202"


def zipped(count: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(count):
            archive.writestr(f"{number}.json", credential(number))
    return out.getvalue()


def slowly(monkeypatch: pytest.MonkeyPatch, called: Callable[[], object]) -> None:
    """Each file of a ZIP is a piece of work of some length."""

    def slow(job: Any, **options: Any) -> Digested:
        called()
        time.sleep(0.02)
        return digest_piece(job, **options)

    monkeypatch.setattr("anchor.intake.digesting.FILES_A_PIECE", 1)
    monkeypatch.setattr("anchor.intake.streams.digest_piece", slow)


def test_large_zips_take_turns_with_small_jobs(intake_open: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """More ZIPs than there are threads, and one that is small does not wait for the end of any of them."""
    pieces: list[None] = []
    slowly(monkeypatch, lambda: pieces.append(None))
    monkeypatch.setattr(http, "SMALL_BYTES", 0)
    data = zipped(200)
    with ExitStack() as opened:
        for _ in range(6):
            connection = opened.enter_context(intake_open.begun(1, len(data), kind="application/zip"))
            connection.sendall(data)
        wait_until(lambda: len(pieces) > 10, 20, "the ZIPs are worked on")
        with intake_open.client(2) as other:
            assert other.post("/v1/jobs", content=credential(1), headers=JSONL).status_code == 202
        assert len(pieces) < 600
        assert intake_open.states().count(JobState.QUEUED) == 1
    wait_until(lambda: intake_open.states().count(JobState.BROKEN) == 6, 20, "nobody waits for the ZIPs any more")


def test_work_in_a_thread_ends_when_its_client_goes(intake_open: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    pieces: list[None] = []
    slowly(monkeypatch, lambda: pieces.append(None))
    data = zipped(2000)
    with intake_open.begun(1, len(data), kind="application/zip", key="k") as connection:
        connection.sendall(data)
        wait_until(lambda: bool(pieces), 20, "the ZIP is worked on")
    wait_until(lambda: intake_open.states() == [JobState.BROKEN], 20, "it is given up", state=lambda: len(pieces))
    assert len(pieces) < 1000
    with intake_open.client(1) as again:
        answer = again.post("/v1/jobs", content=credential(1), headers=JSONL | {"Idempotency-Key": "k"})
        assert answer.status_code == 202


@pytest.fixture
def few_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MOST_STREAMS", 16)


def test_events_of_one_issuer_keep_no_other_from_its_own(few_streams: None, intake_open: Open) -> None:
    jobs = {}
    for issuer in (1, 2):
        with intake_open.client(issuer) as client:
            jobs[issuer] = client.post("/v1/jobs", content=credential(issuer), headers=JSONL).json()["id"]
    with ExitStack() as opened:
        codes = []
        client = opened.enter_context(intake_open.client(1))
        for _ in range(http.MOST_STREAMS):
            streamed = opened.enter_context(client.stream("GET", f"/v1/jobs/{jobs[1]}/events"))
            codes.append(streamed.status_code)
            if codes[-1] != 200:
                break
        assert codes == [200] * 6 + [429]
        with intake_open.client(2) as other, other.stream("GET", f"/v1/jobs/{jobs[2]}/events") as followed:
            assert followed.status_code == 200


def test_wrong_keys_of_an_address(intake_open: Open) -> None:
    with intake_open.client(1) as client:
        wrong = {"Authorization": "Bearer tst_wrong"}
        codes = [client.get("/v1/jobs", headers=wrong).status_code for _ in range(WRONG_KEYS + 1)]
        # One that was never used here yet has to wait as well, and not for long.
        refused = client.get("/v1/jobs")
        assert codes == [401] * WRONG_KEYS + [429]
        assert (refused.status_code, refused.json()["code"]) == (429, "wrong-keys")
        assert 1 <= int(refused.headers["Retry-After"]) <= 6
        # Behind a proxy, another address is another one.
        elsewhere = {"X-Forwarded-For": "192.0.2.7"}
        assert client.get("/v1/jobs", headers=elsewhere).status_code == 200
        # From then on it is known, and taken from everywhere.
        assert client.get("/v1/jobs").status_code == 200
