"""The head of a request is bounded in bytes, in fields and in time, with either parser."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from registry.http import heads
from registry.http.connections import Connections
from registry.http.heads import MOST_HEAD_BYTES, MOST_HEADERS, HeadLimit, bounded_h11, bounded_protocol
from registry.http.server import front_of

LARGE = 32 << 20
given_up = threading.Event()


async def large(receive: Any, send: Any) -> None:
    """An answer of some length, that notices when its client is gone."""
    head = [(b"content-length", str(LARGE).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    for left in range((LARGE >> 20) - 1, -1, -1):
        await send({"type": "http.response.body", "body": bytes(1 << 20), "more_body": left > 0})
    if (await receive())["type"] == "http.request":
        await receive()
    given_up.set()


async def application(scope: Any, receive: Any, send: Any) -> None:
    if scope["path"] == "/large":
        await large(receive, send)
        return
    body = scope["client"][0].encode() if scope["path"] == "/address" else b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    length = body if scope["path"] == "/address" else str(len(body)).encode()
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(length)).encode())]}
    )
    await send({"type": "http.response.body", "body": length})


@pytest.fixture(params=["httptools", "h11"])
def port(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(heads, "HEAD_SECONDS", 1.0)
    monkeypatch.setattr(heads, "STALLED_SECONDS", 0.5)
    given_up.clear()
    protocol = (bounded_protocol if request.param == "httptools" else bounded_h11)(Connections())
    config = uvicorn.Config(
        HeadLimit(application),
        http=protocol,
        log_config=None,
        lifespan="off",
        h11_max_incomplete_event_size=MOST_HEAD_BYTES,
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield listener.getsockname()[1]
        server.should_exit = True
        thread.join()


def answers(port: int, *pieces: bytes) -> bytes:
    """All that comes back, until the server closes or is silent."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
        except OSError:
            pass
        came = bytearray()
        try:
            while piece := connection.recv(1 << 16):
                came += piece
        except ConnectionResetError:
            pass
        return bytes(came)


CLOSE = b"Connection: close\r\n\r\n"


def test_an_ordinary_request_with_a_large_body(port: int) -> None:
    body = b"x" * 3_000_000
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n" % len(body)
    came = answers(port, head + CLOSE, body)
    assert came.startswith(b"HTTP/1.1 200")
    assert came.endswith(b"3000000")


def test_a_head_without_end_is_given_up_after_its_bound(port: int) -> None:
    sent = 0
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nX: ")
        try:
            while sent < 64 << 20:
                sent += connection.send(b"a" * 65_536)
        except OSError:
            pass
    assert sent < 16 << 20, "what the kernel holds, and no more"


def test_many_or_long_fields_are_refused(port: int) -> None:
    many = b"GET / HTTP/1.1\r\nHost: a\r\n" + b"".join(b"X-%d: 1\r\n" % number for number in range(MOST_HEADERS + 1))
    assert b" 431 " in answers(port, many + CLOSE).partition(b"\r\n")[0]
    long = b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * (MOST_HEAD_BYTES + 10) + b"\r\n"
    status = answers(port, long + CLOSE).partition(b"\r\n")[0]
    assert b" 431" in status or b" 400 " in status
    address = b"GET /?" + b"a" * (MOST_HEAD_BYTES + 10) + b" HTTP/1.1\r\nHost: a\r\n"
    status = answers(port, address + CLOSE).partition(b"\r\n")[0]
    assert b" 431" in status or b" 400 " in status


def test_a_slow_head_is_given_up(port: int) -> None:
    assert answers(port, b"GET / HTTP/1.1\r\nX-Slow: ").startswith(b"HTTP/1.1 408")
    assert answers(port).startswith(b"HTTP/1.1 408"), "who says nothing at all as well"


def test_an_answer_that_nobody_takes_is_given_up(port: int) -> None:
    """It is larger than what the system keeps for both sides; who goes on taking it gets all of it."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as stuck:
        stuck.sendall(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
        assert given_up.wait(20)
    assert len(answers(port, b"GET /large HTTP/1.1\r\nHost: a\r\n" + CLOSE)) > LARGE


def test_a_kept_connection_is_used_again(port: int) -> None:
    request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    last = b"GET / HTTP/1.1\r\nHost: a\r\n" + CLOSE
    assert answers(port, request, request[:10], request[10:], request + last).count(b"HTTP/1.1 200") == 4


@pytest.mark.parametrize(("allowed", "address"), [(None, b"203.0.113.9"), ("", b"127.0.0.1")])
def test_a_program_on_this_machine_chooses_its_address(
    monkeypatch: pytest.MonkeyPatch, allowed: str | None, address: bytes
) -> None:
    """Unless whoever runs the service says that there is no proxy."""
    monkeypatch.delenv("FORWARDED_ALLOW_IPS", raising=False)
    if allowed is not None:
        monkeypatch.setenv("FORWARDED_ALLOW_IPS", allowed)
    server = uvicorn.Server(front_of(application, grace_seconds=1).config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            asked = b"GET /address HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.9\r\n"
            assert answers(listener.getsockname()[1], asked + CLOSE).endswith(address)
        finally:
            server.should_exit = True
            thread.join()
