"""The intake over HTTP as an issuer's program meets it."""

from __future__ import annotations

import io
import json
import logging
import socket
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient

from anchor.books.keys import KeyStore
from anchor.books.tables import BatchState, JobState
from anchor.daemon.jobs_api import KINDS, create_intake_app
from anchor.intake.streams import IntakeLimits
from registry.credential.digest import Limits
from tests.anchor.issuer import CHAIN, CONTRACT, Site, credential

NDJSON = {"Content-Type": "application/x-ndjson"}
LIMITS = IntakeLimits(bytes=100_000, credentials=1000, document=Limits(max_bytes=5000, max_depth=16))


def app_of(site: Site, limits: IntakeLimits = LIMITS) -> Any:
    return create_intake_app(
        site.folder, CHAIN, CONTRACT, limits=limits, notices=site.notices, poll_seconds=0.01, heartbeat_seconds=0.02
    )


def key_of(site: Site, issuer: int = 1) -> str:
    return KeyStore(site.engine, CHAIN, CONTRACT).add(issuer, "test")[1]


@pytest.fixture
def client(site: Site) -> Iterator[TestClient]:
    with TestClient(app_of(site), headers={"Authorization": f"Bearer {key_of(site)}"}) as opened:
        yield opened


def send(client: TestClient, *numbers: int, **query: Any) -> str:
    answer = client.post("/v1/jobs", content=b"\n".join(map(credential, numbers)), headers=NDJSON, params=query)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def assert_problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    content: dict[str, Any] = answer.json()
    assert (content["status"], content["code"]) == (status, code)
    assert content["detail"]
    assert content["remedy"]
    return content


class TestSending:
    def test_from_first_byte_to_final(self, client: TestClient, site: Site) -> None:
        answer = client.post("/v1/jobs", content=credential(1) + b"\nbad\n" + credential(2), headers=NDJSON)
        assert answer.status_code == 202
        at = answer.headers["location"]
        job = client.get(at).json()
        assert (job["state"], job["credentials"], job["rejected"]) == ("pending", 2, 1)
        (reject,) = map(json.loads, client.get(f"{at}/rejects").text.splitlines())
        assert reject["line"] == 2
        assert_problem(client.get(f"{at}/receipts"), 409, "not-sealed")
        assert site.seal() == 1
        assert client.get(at).json()["state"] == "sealed"
        pending = [
            json.loads(line)
            for line in client.get(f"{at}/receipts", headers={"Accept": "application/x-ndjson"}).text.splitlines()
        ]
        assert len(pending) == 2
        site.mined(state=BatchState.FINAL)
        answer = client.get(f"{at}/receipts")
        assert "immutable" in answer.headers["cache-control"]
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            assert archive.testzip() is None
            complete = [json.loads(archive.read(name)) for name in archive.namelist()]
        assert len(complete) == 2
        assert complete != pending
        job = client.get(at).json()
        assert job["state"] == "final"
        assert [step["state"] for step in job["steps"]] == ["receiving", "pending", "sealed", "final"]

    @pytest.mark.parametrize("kind", [name for name, kind in KINDS.items() if kind in ("lines", "document")])
    def test_types(self, client: TestClient, kind: str) -> None:
        answer = client.post("/v1/jobs", content=credential(1), headers={"Content-Type": f"{kind}; charset=utf-8"})
        assert answer.status_code == 202

    def test_form(self, client: TestClient, site: Site) -> None:
        files = [("f", ("../../evil.json", credential(1))), ("g", ("a.jsonl", credential(2)))]
        assert client.post("/v1/jobs", files=files).status_code == 202
        site.seal()
        (job,) = client.get("/v1/jobs").json()["jobs"]
        with zipfile.ZipFile(io.BytesIO(client.get(f"/v1/jobs/{job['id']}/receipts").content)) as archive:
            assert sorted(archive.namelist()) == ["a.jsonl-000001.receipt.json", "evil.json.receipt.json"]

    def test_repeated(self, client: TestClient) -> None:
        headers = NDJSON | {"Idempotency-Key": "k"}
        first = client.post("/v1/jobs", content=credential(1), headers=headers)
        again = client.post("/v1/jobs", content=credential(1), headers=headers)
        assert (first.status_code, again.status_code) == (202, 200)
        assert again.headers["idempotent-replay"] == "true"
        assert again.headers["location"] == first.headers["location"]
        assert_problem(client.post("/v1/jobs", content=credential(2), headers=headers), 422, "key-reused")
        assert_problem(client.post("/v1/jobs?open=true", content=credential(1), headers=headers), 422, "key-reused")
        assert len(client.get("/v1/jobs").json()["jobs"]) == 1

    def test_while_the_first_is_coming_in(self, client: TestClient, site: Site) -> None:
        site.jobs.begin(1, "http", idempotency_key="http:k")
        headers = NDJSON | {"Idempotency-Key": "k"}
        answer = client.post("/v1/jobs", content=credential(1), headers=headers)
        assert_problem(answer, 409, "in-progress")
        assert answer.headers["retry-after"]

    def test_race(self, client: TestClient, site: Site) -> None:
        barrier, answers = threading.Barrier(6), []

        def one() -> None:
            barrier.wait()
            headers = NDJSON | {"Idempotency-Key": "k"}
            answers.append(client.post("/v1/jobs", content=credential(1), headers=headers).status_code)

        threads = [threading.Thread(target=one) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers.count(202) == 1
        assert set(answers) <= {200, 202, 409}
        assert [job.state for job in site.jobs.all()] == [JobState.QUEUED]

    @pytest.mark.parametrize(
        ("headers", "content", "status", "code"),
        [
            ({"Content-Type": "text/html"}, b"<p>", 415, "content-type"),
            ({}, b"x", 415, "content-type"),
            ({"Content-Type": "multipart/form-data"}, b"x", 415, "content-type"),
            ({"Content-Type": "multipart/form-data; boundary=" + "b" * 71}, b"x", 415, "content-type"),
            (NDJSON | {"Content-Encoding": "gzip"}, b"\x1f\x8b", 415, "content-encoding"),
            (NDJSON, b"", 422, "empty"),
            (NDJSON, b"bad", 422, "rejects"),
            (NDJSON, b'{"a":' * 2000 + b"}" * 2000, 422, "rejects"),
            (NDJSON, b"x" * 100_001, 413, "too-large"),
            (NDJSON, b"{}\n" * 1001, 413, "too-many"),
            ({"Content-Type": "application/zip"}, b"PK", 422, "bad-zip"),
            ({"Content-Type": "multipart/form-data; boundary=x"}, b"garbage", 400, "bad-multipart"),
            (NDJSON | {"Idempotency-Key": "x" * 201}, b"{}", 400, "bad-key"),
            (NDJSON | {"Content-Length": "-1"}, b"{}", 413, "too-large"),
        ],
    )
    def test_refused(
        self, client: TestClient, site: Site, headers: dict[str, str], content: bytes, status: int, code: str
    ) -> None:
        content_problem = assert_problem(client.post("/v1/jobs", content=content, headers=headers), status, code)
        if code == "rejects":
            assert content_problem["rejects"][0]["line"] == 1
        assert site.digests() == []
        assert {job.state for job in site.jobs.all()} <= {JobState.BROKEN}

    def test_without_a_length_it_is_cut_off_as_well(self, client: TestClient) -> None:
        chunks = (b"x" * 10_000 for _ in range(1000))
        assert_problem(client.post("/v1/jobs", content=chunks, headers=NDJSON), 413, "too-large")

    def test_bomb(self, client: TestClient) -> None:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("bomb.json", bytes(3_000_000))
        answer = client.post("/v1/jobs", content=buffer.getvalue(), headers={"Content-Type": "application/zip"})
        assert_problem(answer, 422, "bad-zip")

    def test_database_away(self, client: TestClient, site: Site) -> None:
        def fail(*_: object) -> None:
            raise OperationalError("INSERT secret_table", {}, Exception("host db.internal"))

        event.listen(site.engine, "commit", fail)
        answer = client.post("/v1/jobs", content=credential(1), headers=NDJSON)
        event.remove(site.engine, "commit", fail)
        assert_problem(answer, 503, "database")
        assert "secret_table" not in answer.text + str(answer.headers)
        assert site.digests() == []


class TestAsking:
    def test_keys(self, client: TestClient, site: Site, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        number, text = send(client, 1), key_of(site, 2)
        for path in ("", f"/{number}", f"/{number}/events", f"/{number}/rejects", f"/{number}/receipts"):
            for headers in ({"Authorization": ""}, {"Authorization": "Bearer tst_x"}, {"Authorization": "Basic eA=="}):
                answer = client.get(f"/v1/jobs{path}", headers=headers)
                assert_problem(answer, 401, "no-key")
                assert answer.headers["www-authenticate"] == "Bearer"
            if path:
                other = client.get(f"/v1/jobs{path}", headers={"Authorization": f"Bearer {text}"})
                assert_problem(other, 404, "unknown-job")
        other = client.post(f"/v1/jobs/{number}/cancel", headers={"Authorization": f"Bearer {text}"})
        assert_problem(other, 404, "unknown-job")
        keys = KeyStore(site.engine, CHAIN, CONTRACT)
        assert client.get("/v1/jobs").status_code == 200
        for key in keys.all():
            keys.revoke(key.id)
        assert_problem(client.get("/v1/jobs"), 401, "no-key")
        assert text not in caplog.text + str(site.told)

    def test_pages(self, client: TestClient) -> None:
        made = [send(client, number) for number in range(5)]
        found, after = [], None
        while True:
            page = client.get("/v1/jobs", params={"limit": 2} | ({"after": after} if after else {})).json()
            found += [job["id"] for job in page["jobs"]]
            if (after := page["next"]) is None:
                break
        assert sorted(found) == sorted(made)
        assert_problem(client.get("/v1/jobs", params={"limit": 0}), 422, "parameter")
        assert_problem(client.get("/v1/jobs", params={"after": "nobody"}), 404, "unknown-job")
        assert_problem(client.get("/v1/jobs/..%2f..%2fetc"), 404, "http")
        assert_problem(client.get("/v1/jobs/' OR 1=1"), 404, "unknown-job")

    def test_events(self, client: TestClient, site: Site) -> None:
        number = send(client, 1)
        site.seal()
        site.mined()
        site.mined(state=BatchState.FINAL)
        text = client.get(f"/v1/jobs/{number}/events").text
        assert [line for line in text.splitlines() if line.startswith("id: ")] == [f"id: {n}" for n in range(1, 6)]
        assert text.endswith("event: settled\ndata: {}\n\n")
        late = client.get(f"/v1/jobs/{number}/events", headers={"Last-Event-ID": "4"}).text
        assert [line for line in late.splitlines() if line.startswith("id: ")] == ["id: 5"]
        assert '"state": "final"' in late
        for nonsense in ("-1", "x", "9" * 30, "²"):
            answer = client.get(f"/v1/jobs/{number}/events", headers={"Last-Event-ID": nonsense.encode()})
            assert answer.text.count("id: ") == 5

    def test_cancel(self, client: TestClient, site: Site) -> None:
        number = send(client, 1)
        answer = client.post(f"/v1/jobs/{number}/cancel")
        assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
        assert client.post(f"/v1/jobs/{number}/cancel").status_code == 200
        assert_problem(client.get(f"/v1/jobs/{number}/receipts"), 409, "no-receipts")
        number = send(client, 1)
        site.seal()
        answer = client.post(f"/v1/jobs/{number}/cancel")
        assert (answer.status_code, answer.json()["cancelRequested"]) == (202, True)
        site.mined()
        assert_problem(client.post(f"/v1/jobs/{number}/cancel"), 409, "cannot-cancel")

    def test_open_queue(self, client: TestClient, site: Site) -> None:
        one, two, both = send(client, 1, open=True), send(client, 2, open=True), send(client, 1, 3, open=True)
        assert site.seal() == 1
        # Credential 1 was taken from the first job: the third one gets the receipts of the whole batch.
        for number, count in ((one, 1), (two, 1), (both, 3)):
            answer = client.get(f"/v1/jobs/{number}/receipts", headers={"Accept": "application/x-ndjson"})
            assert len(answer.text.splitlines()) == count
        assert_problem(client.post(f"/v1/jobs/{one}/cancel"), 409, "shared-batch")

    def test_openapi(self, client: TestClient) -> None:
        described = client.get("/openapi.json").json()
        assert len(described["paths"]) == 10
        body = described["paths"]["/v1/jobs"]["post"]["requestBody"]["content"]
        assert {"application/x-ndjson", "application/zip", "multipart/form-data"} <= set(body)
        for path in described["paths"].values():
            for operation in path.values():
                assert operation["security"], operation["operationId"]


class _Waiting:
    """An application that tells when a request was answered, or given up."""

    def __init__(self, app: Any):
        self._app = app
        self.ended = threading.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await self._app(scope, receive, send)
        finally:
            if scope["type"] == "http":
                self.ended.set()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Site, _Waiting, tuple[str, int], str]]:
    site = Site(tmp_path / "data")
    app = _Waiting(app_of(site, IntakeLimits(seconds=20.0, idle_seconds=0.2)))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield site, app, listener.getsockname(), key_of(site)
        server.should_exit = True
        thread.join(10)
    site.folder.close()


def _request(key: str, length: int) -> bytes:
    return (
        f"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nIdempotency-Key: k\r\n"
        f"Content-Type: application/x-ndjson\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


# A small body is waited for before there is a job; a larger one is a job that comes in.
BEGUN = pytest.mark.parametrize(("length", "begun"), [(10_000, []), (1_000_000, [JobState.BROKEN])])


@BEGUN
def test_client_that_goes_away(
    served: tuple[Site, _Waiting, tuple[str, int], str], length: int, begun: list[JobState]
) -> None:
    site, app, address, key = served
    with socket.create_connection(address) as connection:
        connection.sendall(_request(key, length) + credential(1) + b"\n")
    assert app.ended.wait(10)
    assert [job.state for job in site.jobs.all()] == begun
    assert site.digests() == []
    # Its key is free: the same client comes back with the whole.
    with socket.create_connection(address) as connection:
        connection.sendall(_request(key, len(credential(1))) + credential(1))
        assert connection.recv(1000).startswith(b"HTTP/1.1 202")
    assert len(site.digests()) == 1


@BEGUN
def test_client_that_sends_nothing_more(
    served: tuple[Site, _Waiting, tuple[str, int], str], length: int, begun: list[JobState]
) -> None:
    site, _, address, key = served
    with socket.create_connection(address) as connection:
        connection.settimeout(10)
        connection.sendall(_request(key, length) + credential(1) + b"\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 408")
    assert [job.state for job in site.jobs.all()] == begun
