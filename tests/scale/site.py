"""Indexer and replicas as processes of their own, on one database, one tree store and a real node."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from registry.merkle.proof import check_inclusion
from registry.merkle.tree import Tree
from registry.receipt.model import parse
from registry.trees.store import TreeStore
from tests.faults.harness import Chain, wait_until

REPOSITORY = Path(__file__).parents[2]
ENDS_SECONDS = 30.0
# Between two requests of one client: the processes under test share the machine with it.
PAUSE_SECONDS = 0.005


@dataclass(frozen=True)
class Batch:
    """One batch on the chain."""

    issuer: int
    root: bytes
    digests: tuple[bytes, ...]


class Anchorer:
    """Anchors batches, each after its tree is in the store, as the daemon does."""

    def __init__(self, chain: Chain, trees: TreeStore, folder: Path, leaf_count: int):
        self._chain = chain
        self._trees = trees
        self._folder = folder
        self._leaf_count = leaf_count
        self.anchored: list[Batch] = []

    def anchor(self) -> Batch:
        """The next batch; the issuers take turns."""
        number = len(self.anchored)
        digests = tuple(sha256(b"%d of %d" % (place, number)).digest() for place in range(self._leaf_count))
        with Tree.build(digests) as tree:
            path = self._folder / tree.id.name
            tree.write(path)
            batch = Batch(self._chain.issuers[number % len(self._chain.issuers)], tree.root, digests)
        self._trees.put(tree.id, path)
        self._chain.anchor_by_hand(batch.issuer, batch.root, self._leaf_count)
        self.anchored.append(batch)
        return batch


class Program:
    """`testamur` with some arguments, until it is told to end."""

    def __init__(self, arguments: Sequence[str], settings: Mapping[str, str], log: Path):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TESTAMUR_")}
        environment |= {"PYTHONPATH": str(REPOSITORY), **settings}
        command = [sys.executable, "-c", "from anchor.cli import main; main()", *arguments]
        with log.open("ab") as file:
            self._process = subprocess.Popen(command, env=environment, stdout=file, stderr=file)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def runs(self) -> bool:
        return self._process.poll() is None

    def end(self) -> int:
        """SIGTERM; returns the exit code."""
        self._process.terminate()
        return self._process.wait(ENDS_SECONDS)

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()
        self._process.wait()


@contextmanager
def cleaned(programs: list[Program]) -> Iterator[None]:
    """Whatever still runs at the end is killed."""
    try:
        yield
    finally:
        for program in programs:
            if program.runs:
                program.kill()


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens at."""
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


@dataclass(frozen=True)
class Answer:
    """One answer of one replica."""

    status: int
    headers: Mapping[str, str]
    content: Any


class Balancer:
    """What a load balancer does for one client: keep connections, and go to the next replica when one is refused.

    Anything else is an error: a connection that breaks, an answer that is cut off. Not safe for several threads.
    """

    def __init__(self, ports: Sequence[int], first: int = 0):
        self._ports = ports
        self._next = first
        self._kept: dict[int, http.client.HTTPConnection] = {}

    def get(self, path: str) -> Answer:
        """The answer of the replica whose turn it is, or of the next.

        Raises:
            ConnectionRefusedError: no replica listens.
        """
        for _ in self._ports:
            port = self._ports[self._next % len(self._ports)]
            self._next += 1
            with suppress(ConnectionRefusedError):
                return self._ask(port, path)
        raise ConnectionRefusedError("no replica listens")

    def _ask(self, port: int, path: str) -> Answer:
        connection = self._kept.pop(port, None)
        if connection is None:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            connection.connect()
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        if answer.will_close:
            connection.close()
        else:
            self._kept[port] = connection
        return Answer(answer.status, dict(answer.getheaders()), json.loads(body))


def ask(port: int, path: str) -> Answer:
    """One replica, on a connection of its own."""
    return Balancer([port]).get(path)


class Load(threading.Thread):
    """Asks for credentials that are known to be indexed, one after the other, and checks every answer.

    Attributes:
        errors: of any kind; there have to be none.
        served: answers that were right.
        slowest: seconds.
    """

    def __init__(self, ports: Sequence[int], known: list[Batch], number: int):
        super().__init__(daemon=True)
        self.errors: list[str] = []
        self.served = 0
        self.slowest = 0.0
        self._balancer = Balancer(ports, number)
        self._known = known
        self._number = number
        self._ended = threading.Event()

    def stop(self) -> None:
        self._ended.set()
        self.join(ENDS_SECONDS)

    def run(self) -> None:
        at = self._number
        while not self._ended.wait(PAUSE_SECONDS):
            at += 7
            batch = self._known[at % len(self._known)]
            digest = batch.digests[at % len(batch.digests)]
            begun = time.monotonic()
            try:
                require_receipt(self._balancer.get(f"/v1/credentials/{digest.hex()}"), batch, digest)
            except Exception as error:
                self.errors.append(f"{type(error).__name__}: {error}")
            else:
                self.served += 1
            self.slowest = max(self.slowest, time.monotonic() - begun)


def require_receipt(answer: Answer, batch: Batch, digest: bytes) -> None:
    """Make sure that an answer has one anchor, of this batch, whose proof leads from the digest to the root."""
    assert answer.status == 200, f"{answer.status}: {answer.content}"
    (anchor,) = answer.content["anchors"]
    receipt = parse(json.dumps(anchor["receipt"]).encode())
    assert receipt.root == batch.root
    assert receipt.anchor.issuer == batch.issuer
    check_inclusion(digest, batch.root, receipt.inclusion_proof)
    assert not anchor["status"]["revoked"]


class Anchoring(threading.Thread):
    """Anchors one batch after the other, and adds each to the known ones as soon as a client finds it.

    Attributes:
        known: batches that have to be found from then on, by everybody.
        slowest: seconds from an anchor that is mined to its first answer.
    """

    def __init__(self, anchorer: Anchorer, ports: list[int]):
        super().__init__(daemon=True)
        self.known: list[Batch] = []
        self.errors: list[BaseException] = []
        self.slowest = 0.0
        self.anchorer = anchorer
        self._mined: dict[bytes, float] = {}
        self._balancer = Balancer(ports)
        self._ended = threading.Event()

    def stop(self) -> None:
        """Anchor no more; the last ones are looked for until they are found."""
        self._ended.set()
        self.join(20)

    def run(self) -> None:
        try:
            while not self._ended.wait(0.1):
                self._mined[self.anchorer.anchor().root] = time.monotonic()
                self._look()
            wait_until(self._look, 15, "every batch is found", state=lambda: len(self.known))
        except BaseException as error:
            self.errors.append(error)

    def _look(self) -> bool:
        for batch in self.anchorer.anchored:
            if batch in self.known:
                continue
            answer = self._balancer.get(f"/v1/credentials/{batch.digests[-1].hex()}")
            if answer.status == 404:
                return False
            require_receipt(answer, batch, batch.digests[-1])
            self.slowest = max(self.slowest, time.monotonic() - self._mined[batch.root])
            self.known.append(batch)
        return True


class Client(threading.Thread):
    """Asks for one path until the door is closed, or often enough; what is no good answer is counted by its name.

    Args:
        keeps: the connection, as long as it may.
        most: questions; default: until nobody listens.
    """

    def __init__(self, port: int, *, keeps: bool, path: str = "/", most: int | None = None):
        super().__init__(daemon=True)
        self.told: Counter[str] = Counter()
        self._port = port
        self._keeps = keeps
        self._path = path
        self._most = most

    def run(self) -> None:
        connection: http.client.HTTPConnection | None = None
        while not self.told["refused"] and (self._most is None or self.told.total() < self._most):
            try:
                if connection is None:
                    connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)
                    connection.connect()
                connection.request("GET", self._path)
                answer = connection.getresponse()
                answer.read()
                self.told["ok" if answer.status == 200 else str(answer.status)] += 1
                is_last = answer.will_close
            except ConnectionRefusedError:
                self.told["refused"] += 1
                continue
            except (OSError, http.client.HTTPException) as error:
                self.told[type(error).__name__] += 1
                is_last = True
            if is_last or not self._keeps:
                connection.close()
                connection = None


def workers_of(program: Program) -> list[int]:
    """The processes that a supervisor has started to answer."""
    children = Path(f"/proc/{program.pid}/task/{program.pid}/children").read_text().split()
    return [int(each) for each in children if b"spawn_main" in Path(f"/proc/{each}/cmdline").read_bytes()]


def exposition(port: int) -> list[str]:
    """The lines of `/metrics`."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
        return str(answer.read().decode()).splitlines()


def figures(port: int) -> dict[str, float]:
    """What `/metrics` says, by name and labels as they are written."""
    lines = exposition(port)
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}
