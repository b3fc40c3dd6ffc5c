"""What uploads that were made to be slow do to lookups: their p95 alone, beside a control, and beside the attack.

    .venv/bin/python scripts/bench/verify_attack.py --seconds 10 --rounds 3 --senders 4

Starts `testamur serve` on an embedded chain in a scratch folder and looks one digest up over one connection at a steady
pace: with nothing else, beside as many busy loops at the readers' priority as there are processors (the control, which
no isolation can do better than), and beside senders of small ZIPs of documents full of numbers. The three take turns.
"""

from __future__ import annotations

import argparse
import http.client
import io
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PACE_SECONDS = 0.005
PAUSE_SECONDS = 3.0
BUSY_LOOP = """
import os, sys
from registry.service.readers import leave_session, step_back
step_back(os.getpid())
leave_session()
print(flush=True)
while True:
    pass
"""


def testamur(folder: Path, *words: str) -> str:
    command = [sys.executable, "-c", "from anchor.cli import main; main()", *words]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


def slow_zip(documents: int, megabytes: float) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(documents):
            # A little noise keeps the ratio below what is refused.
            noise = os.urandom(int(megabytes * 1000)).hex().encode()
            numbers = b"1e5," * int(megabytes * 250_000)
            archive.writestr(f"{number}.json", b'{"noise":"' + noise + b'","a":[' + numbers + b"1]}")
    return out.getvalue()


def lookups(port: int, digest: str, seconds: float) -> list[float]:
    """Seconds of each."""
    connection, took = http.client.HTTPConnection("127.0.0.1", port), []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.perf_counter()
        connection.request("GET", f"/v1/credentials/{digest}")
        answer = connection.getresponse()
        answer.read()
        took.append(time.perf_counter() - began)
        assert answer.status == 200, answer.status
        time.sleep(PACE_SECONDS)
    return took


class Sender(threading.Thread):
    """Sends one upload after the other until it is told to stop, which breaks the last one off."""

    def __init__(self, port: int, body: bytes):
        super().__init__(daemon=True)
        self.told: list[str] = []
        self._port = port
        self._body = body
        self._ends = threading.Event()
        self._connection: http.client.HTTPConnection | None = None

    def run(self) -> None:
        headers = {"Content-Type": "application/zip", "Accept": "application/x-ndjson"}
        while not self._ends.is_set():
            self._connection = http.client.HTTPConnection("127.0.0.1", self._port)
            try:
                self._connection.request("POST", "/v1/verify", self._body, headers)
                answer = self._connection.getresponse()
                for line in answer:
                    told = json.loads(line)
                    if "summary" not in told:
                        self.told += told.get("codes") or [told["code"]]
            except (OSError, ValueError, http.client.HTTPException):
                continue
            if answer.status == 429:
                time.sleep(0.2)

    def stop(self) -> None:
        self._ends.set()
        if self._connection is not None and self._connection.sock is not None:
            self._connection.sock.shutdown(socket.SHUT_RDWR)
        self.join()


@contextmanager
def alone(_port: int, _told: Counter[str]) -> Iterator[None]:
    """Nothing else."""
    yield


@contextmanager
def beside_loops(_port: int, _told: Counter[str]) -> Iterator[None]:
    """As many busy loops as there are processors, at the priority of the processes that read."""
    loops = [
        subprocess.Popen([sys.executable, "-c", BUSY_LOOP], stdout=subprocess.PIPE) for _ in range(os.cpu_count() or 1)
    ]
    try:
        for loop in loops:
            assert loop.stdout is not None
            loop.stdout.readline()
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.communicate()


@dataclass
class Attack:
    """Senders that send one body again and again."""

    body: bytes
    senders: int

    @contextmanager
    def __call__(self, port: int, told: Counter[str]) -> Iterator[None]:
        senders = [Sender(port, self.body) for _ in range(self.senders)]
        for sender in senders:
            sender.start()
        try:
            yield
        finally:
            for sender in senders:
                sender.stop()
                told.update(sender.told)


def p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1] * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--senders", type=int, default=4)
    parser.add_argument("--documents", type=int, default=8)
    parser.add_argument("--megabytes", type=float, default=1.0)
    given = parser.parse_args()
    body = slow_zip(given.documents, given.megabytes)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "a.json").write_text('{"id": "urn:uuid:a0a0a0a0-0000-4000-8000-000000000000"}')
        testamur(folder, "issuer", "register", "--uri", "did:web:university.example")
        testamur(folder, "anchor", "a.json")
        receipt = json.loads(testamur(folder, "verify", "a.json", "--trust", "1", "--json"))
        digest = receipt["digest"]["value"]
        command = [sys.executable, "-c", "from anchor.cli import main; main()", "serve", "--port", "0", "--json"]
        environment = {**os.environ, "TESTAMUR_RATE_LIMIT": "0"}
        with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True, env=environment) as server:
            try:
                assert server.stdout is not None
                told = ""
                while not told.rstrip().endswith("}"):
                    told += server.stdout.readline()
                port = int(json.loads(told)["url"].rsplit(":", 1)[1])
                while _status(port, digest) != 200:
                    time.sleep(0.2)
                _run(given, port, digest, body)
            finally:
                server.send_signal(signal.SIGTERM)


def _status(port: int, digest: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", f"/v1/credentials/{digest}")
    return connection.getresponse().status


def _run(given: argparse.Namespace, port: int, digest: str, body: bytes) -> None:
    print(
        f"upload of {len(body):,} bytes, {given.documents} documents of {given.megabytes:g} MB; {given.senders} senders"
    )
    with Attack(body, 1)(port, Counter()):  # so that no round has the start of the processes in it
        lookups(port, digest, PAUSE_SECONDS)
    told: Counter[str] = Counter()
    conditions = {"alone": alone, "control": beside_loops, "attack": Attack(body, given.senders)}
    rounds: dict[str, list[tuple[float, float]]] = {name: [] for name in conditions}
    for number in range(given.rounds):
        for name, condition in conditions.items():
            with condition(port, told):
                values = lookups(port, digest, given.seconds)
            rounds[name].append((statistics.median(values) * 1000, p95(values)))
            print(
                f"  round {number + 1}, {name:>7}: {len(values):5,} lookups, "
                f"median {rounds[name][-1][0]:6.2f} ms, p95 {rounds[name][-1][1]:6.2f} ms"
            )
            time.sleep(PAUSE_SECONDS)
    for name, found in rounds.items():
        medians, tails = zip(*found, strict=True)
        print(f"{name:>9}: median {statistics.median(medians):6.2f} ms, p95 {statistics.median(tails):6.2f} ms")
    ratios = [attack[1] / control[1] for attack, control in zip(rounds["attack"], rounds["control"], strict=True)]
    print(f"attack / control, p95, by round: {', '.join(f'{ratio:.2f}' for ratio in ratios)}")
    print("rows of the attack:", dict(sorted(told.items())))
    if not told.keys() - {"work-limit"}:
        sys.exit("Nothing is shown: the machine was so busy that no document of the attack was read.")


if __name__ == "__main__":
    main()
