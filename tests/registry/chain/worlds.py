"""Chains for tests, each with a client and funded accounts, and a broken endpoint that does what a test tells it to."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account

from registry.chain.deployment import DETERMINISTIC_DEPLOYER, SALT, create2_address
from registry.chain.editions import Edition, second
from registry.chain.rpc.client import ChainClient, MinedTransaction
from registry.chain.rpc.connect import connect
from registry.chain.rpc.hexadecimal import checksummed
from registry.embedded.genesis import PUBLICLY_KNOWN_KEYS

REPOSITORY = Path(__file__).parents[3]

SETTLING_SECONDS = 30
# Without calldata it emits one event (topic 7, data 42); with calldata it reverts with that calldata.
ECHO_RUNTIME = bytes.fromhex("36601157602a600052600760206000a1005b366000600037366000fd")
ECHO_INITCODE = bytes.fromhex(f"60{len(ECHO_RUNTIME):02x}80600b6000396000f3") + ECHO_RUNTIME
ECHO_TOPIC = (7).to_bytes(32, "big")


@dataclass
class World:
    """A chain to test against. `url` is None for the chain inside the process."""

    name: str
    client: ChainClient
    url: str | None = None

    def account(self, number: int = 0) -> Any:
        """One of the ten accounts whose keys everybody knows."""
        return Account.from_key(PUBLICLY_KNOWN_KEYS[number])

    def signed(self, to: str | None, data: bytes = b"", *, account: int = 0, **fields: int) -> bytes:
        """A signed transaction with the next nonce."""
        sender = self.account(account)
        transaction: dict[str, Any] = {
            "type": 2,
            "chainId": self.client.chain_id(),
            "nonce": self.client.nonce(sender.address),
            "gas": 12_000_000,
            "maxFeePerGas": 10**10,
            "maxPriorityFeePerGas": 10**9,
            "value": 0,
            "data": data,
        } | fields
        if to is not None:
            transaction["to"] = checksummed(to)
        return bytes(sender.sign_transaction(transaction).raw_transaction)

    def send(self, to: str | None, data: bytes = b"", *, account: int = 0, **fields: int) -> MinedTransaction:
        """Send a transaction and return it mined."""
        return self.settled(self.client.send_raw(self.signed(to, data, account=account, **fields)))

    def settled(self, transaction_hash: bytes) -> MinedTransaction:
        """The transaction once it is mined; anvil mines it a moment after it took it."""
        deadline = time.monotonic() + SETTLING_SECONDS
        while time.monotonic() < deadline:
            mined = self.client.mined(transaction_hash)
            if mined is not None:
                return mined
        raise AssertionError(f"0x{transaction_hash.hex()} was not mined within {SETTLING_SECONDS} seconds")

    def deploy(self, initcode: bytes, salt: bytes = SALT) -> tuple[str, MinedTransaction]:
        """Deploy code through the deterministic deployer."""
        mined = self.send(DETERMINISTIC_DEPLOYER, salt + initcode)
        assert mined.succeeded
        return create2_address(initcode, salt), mined

    def deploy_registry(self, edition: Edition | None = None) -> tuple[str, MinedTransaction]:
        """Deploy a registry, by default of the newest edition, with its accreditations; the address names both."""
        edition = edition or second()
        address, mined = self.deploy(edition.registry.initcode, edition.salt)
        if not edition.is_one_contract:
            self.deploy(edition.accreditations_initcode(address), edition.salt)
        return address, mined


@contextmanager
def devnet(chain: Any) -> Iterator[str]:
    """The chain served over HTTP on a free port; yields the URL."""
    from registry.embedded.devnet import create_app

    with listening(create_app(chain)) as url:
        yield url


@contextmanager
def listening(application: Any) -> Iterator[str]:
    """An ASGI application on a free port of this machine; yields its URL."""
    import uvicorn

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(application, log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def anvil_program() -> str | None:
    """Where anvil is, or None: $ANVIL, the repository's node_modules, the path."""
    candidates = [os.environ.get("ANVIL"), REPOSITORY / "node_modules/.bin/anvil", shutil.which("anvil")]
    return next((str(found) for found in candidates if found and Path(found).exists()), None)


@contextmanager
def anvil(*options: str) -> Iterator[str]:
    """A fresh anvil on a free loopback port; yields its URL."""
    program = anvil_program()
    if program is None:
        missing = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        missing("anvil is not installed (set ANVIL)")
    command = [program, "--host", "127.0.0.1", "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert process.stdout is not None
        spoken = []
        for line in process.stdout:
            spoken.append(line)
            if line.startswith("Listening on"):
                # Its log is drained, so that a full pipe cannot stop it.
                threading.Thread(target=process.stdout.read, daemon=True).start()
                yield f"http://{line.removeprefix('Listening on').strip()}"
                return
        raise AssertionError("anvil did not start:\n" + "".join(spoken))
    finally:
        process.terminate()
        process.wait(timeout=10)


Behaviour = Callable[["Exchange"], None]


@dataclass
class Exchange:
    """One request to a broken endpoint, and the ways to answer it."""

    handler: BaseHTTPRequestHandler
    request: dict[str, Any]
    released: threading.Event

    @property
    def method(self) -> str:
        return str(self.request["method"])

    def answer(self, result: object) -> None:
        """A well-formed answer."""
        self.body(json.dumps({"jsonrpc": "2.0", "id": self.request["id"], "result": result}).encode())

    def error(self, error: object) -> None:
        """A well-formed error answer."""
        self.body(json.dumps({"jsonrpc": "2.0", "id": self.request["id"], "error": error}).encode())

    def body(self, content: bytes, status: int = 200, claimed: int | None = None, **headers: str) -> None:
        """Any bytes with any status; `claimed` is the length it says it has."""
        self.handler.send_response(status)
        for name, value in headers.items():
            self.handler.send_header(name.replace("_", "-"), value)
        self.handler.send_header("Content-Length", str(len(content) if claimed is None else claimed))
        # Said, as it is done: else a client may ask its next question on a connection that is closing.
        self.handler.send_header("Connection", "close")
        self.handler.end_headers()
        self.handler.wfile.write(content)

    def hang(self) -> None:
        """Nothing, until the test is over."""
        self.released.wait()

    def drip(self, before: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", drop: bytes = b" ") -> None:
        """A little now and then, never the whole: each arrives before a timeout between bytes would strike."""
        self.handler.wfile.write(before)
        while not self.released.wait(0.05):
            self.handler.wfile.write(drop)
            self.handler.wfile.flush()

    def hang_up(self) -> None:
        """Close the connection without a word."""
        self.handler.connection.shutdown(socket.SHUT_RDWR)


class BrokenEndpoint:
    """A local HTTP server whose answers are a function of the test's; counts what it was asked."""

    def __init__(self, behaviour: Behaviour):
        self.behaviour = behaviour
        self.methods: list[str] = []
        released = threading.Event()
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                endpoint.methods.append(request["method"])
                self.close_connection = True
                with suppress(OSError):  # the client may give up first
                    endpoint.behaviour(Exchange(self, request, released))

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self._released = released
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def client(self, timeout: float = 5.0) -> ChainClient:
        """A client of this endpoint."""
        return connect(self.url, timeout=timeout)

    def close(self) -> None:
        self._released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def unused_port() -> int:
    """A port nothing listens on."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        return int(listener.getsockname()[1])
