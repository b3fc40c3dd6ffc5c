"""Limits: what comes counts, not what is claimed, and nobody fills the memory with addresses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anyio
import pytest
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from registry.errors import IntakeError
from registry.http import buckets, limits
from registry.http.buckets import OwnBuckets
from registry.http.limits import BodyLimit, RateLimit, client_of
from registry.http.request_bodies import Pace
from registry.service.app import create_app
from registry.service.service import Limits
from tests.registry.service.conftest import Stand, registered


async def nothing(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body"})


async def nothing_but_the_body(_scope: Scope, receive: Receive, _send: Send) -> None:
    while (await receive()).get("more_body"):
        pass


def status_of(app: Any, client: Any = ("192.0.2.1", 1), path: str = "/v1") -> int:
    sent: list[Message] = []

    async def ask() -> None:
        async def receive() -> Message:
            return {"type": "http.request"}

        async def send(message: Message) -> None:
            sent.append(message)

        await app({"type": "http", "method": "GET", "path": path, "client": client, "headers": []}, receive, send)

    anyio.run(ask)
    found: int = sent[0]["status"]
    return found


def test_an_address_may_ask_so_often_with_a_burst() -> None:
    now = [0.0]
    app = RateLimit(nothing, rate=2, free=("/healthz",), clock=lambda: now[0])
    assert [status_of(app) for _ in range(10)] == [200] * 8 + [429] * 2
    assert status_of(app, ("192.0.2.2", 1)) == 200
    assert status_of(app, path="/healthz") == 200
    now[0] += 0.5
    assert [status_of(app), status_of(app)] == [200, 429]
    now[0] += 1e9
    assert [status_of(app) for _ in range(9)] == [200] * 8 + [429]


def test_a_network_that_one_subscriber_has_is_one_address() -> None:
    app = RateLimit(nothing, rate=2, clock=lambda: 0.0)
    within = [(f"2001:db8:1:2:{number:x}::{number:x}", 1) for number in range(1, 11)]
    assert [status_of(app, client) for client in within] == [200] * 8 + [429] * 2
    assert status_of(app, ("2001:db8:1:3::1", 1)) == 200
    # Of IPv4, however it is written, each address is one.
    assert [client_of({"client": (f"::ffff:192.0.2.{host}", 1)}) for host in (1, 2)] == ["192.0.2.1", "192.0.2.2"]
    assert client_of({"client": ("/run/socket:1", 1)}) == "/run/socket:1"
    assert client_of({"client": None}) == ""


def test_slow_rates_let_the_first_request_in() -> None:
    now = [0.0]
    app = RateLimit(nothing, rate=0.1, clock=lambda: now[0])
    assert [status_of(app), status_of(app)] == [200, 429]
    now[0] += 10.01
    assert status_of(app) == 200


def test_many_addresses_take_no_more_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buckets, "PARTIES_KEPT", 50)
    app = RateLimit(nothing, rate=1, clock=lambda: 0.0, buckets=(kept := OwnBuckets()))
    for number in range(300):
        status_of(app, (f"2001:db8:0:{number:x}::1", 1))
    assert len(kept._kept) == 50
    assert status_of(app, None) == 200


def test_too_often_is_a_problem_detail_that_says_when_to_come_back(empty: Stand) -> None:
    empty.mine(registered(1))
    empty.service.limits = Limits(rate=0.25)
    client = TestClient(create_app(empty.service))
    assert client.get("/v1").status_code == 200
    refused = client.get("/v1")
    assert (refused.status_code, refused.json()["code"], refused.headers["Retry-After"]) == (429, "rate-limit", "1")
    assert refused.headers["Access-Control-Allow-Origin"] == "*"
    assert client.get("/healthz").status_code == 200


def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    """Nothing more of it for some time; once it is whole, an answer may take its time."""

    def told(*chunks: tuple[float, bytes, bool]) -> str:
        async def whole(scope: Scope, receive: Receive, send: Send) -> None:
            await nothing_but_the_body(scope, receive, send)
            await receive()

        async def ask() -> None:
            left = iter(chunks)

            async def receive() -> Message:
                seconds, body, more = next(left)
                await anyio.sleep(seconds)
                return {"type": "http.request", "body": body, "more_body": more}

            async def send(_: Message) -> None: ...

            app = BodyLimit(whole, most=100, seconds=0.05)
            await app({"type": "http", "method": "POST", "path": "/v1/lookup"}, receive, send)

        try:
            anyio.run(ask)
        except IntakeError as error:
            return error.code
        return ""

    assert told((0, b"a", True), (5, b"", True)) == "too-slow"
    assert told((0, b"a", True), (0, b"", False), (0.1, b"", False)) == ""


def test_a_body_that_trickles_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "Pace", lambda: Pace(least=1000, seconds=0.001))
    app = BodyLimit(nothing_but_the_body, most=100)

    async def trickle() -> Message:
        await anyio.sleep(0.002)
        return {"type": "http.request", "body": b"a", "more_body": True}

    async def send(_: Message) -> None: ...

    async def ask() -> None:
        await app({"type": "http", "method": "POST", "path": "/v1/lookup"}, trickle, send)

    with pytest.raises(IntakeError, match="less than 1,000 bytes a second") as caught:
        anyio.run(ask)
    assert caught.value.code == "too-slow"


@pytest.mark.parametrize("path", ["/v1/lookup", "/v1/authorization", "/v1/recognition"])
@pytest.mark.parametrize("claimed", [None, "2"])
def test_a_body_is_counted_as_it_comes(service: TestClient, path: str, claimed: str | None) -> None:
    sent = [0]

    def endless() -> Iterator[bytes]:
        for _ in range(64):
            sent[0] += 1
            yield b'{"digests": [' + b" " * (1 << 16)

    headers = {"Content-Type": "application/json"} | ({"Content-Length": claimed} if claimed else {})
    answer = service.post(path, content=endless(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")
    assert answer.headers["Content-Type"] == "application/problem+json"
