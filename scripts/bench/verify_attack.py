"""What uploads that were made to be slow do to lookups: their p95 with and without the attack, in one run.

    .venv/bin/python scripts/bench/verify_attack.py --seconds 10 --senders 4

Starts `testamur serve` on an embedded chain in a scratch folder, looks one digest up over one connection at a steady
pace, and meanwhile sends small ZIPs of documents full of numbers that take the slow way. Rounds take turns.
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
from pathlib import Path

PACE_SECONDS = 0.005
PAUSE_SECONDS = 3.0


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
        headers = {"Content-Type": "application/zip", "Accept": "application/json"}
        while not self._ends.is_set():
            self._connection = http.client.HTTPConnection("127.0.0.1", self._port)
            try:
                self._connection.request("POST", "/v1/verify", self._body, headers)
                answer = self._connection.getresponse()
                content = json.loads(answer.read())
            except (OSError, ValueError, http.client.HTTPException):
                self.told.append("broken off")
                continue
            self.told.append(content.get("code") or ",".join(sorted({row["codes"][0] for row in content["rows"]})))
            if answer.status == 429:
                time.sleep(0.2)

    def stop(self) -> None:
        self._ends.set()
        if self._connection is not None and self._connection.sock is not None:
            self._connection.sock.shutdown(socket.SHUT_RDWR)
        self.join()


def p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1] * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each round")
    parser.add_argument("--rounds", type=int, default=2)
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
    calm: list[float] = []
    attacked: list[float] = []
    told: list[str] = []
    lookups(port, digest, 1.0)
    for _ in range(given.rounds):
        calm += lookups(port, digest, given.seconds)
        senders = [Sender(port, body) for _ in range(given.senders)]
        for sender in senders:
            sender.start()
        attacked += lookups(port, digest, given.seconds)
        for sender in senders:
            sender.stop()
            told += sender.told
        time.sleep(PAUSE_SECONDS)
    for name, values in (("without", calm), ("with", attacked)):
        median = statistics.median(values) * 1000
        print(f"{name:>8} the attack: {len(values):6,} lookups, median {median:.2f} ms, p95 {p95(values):.2f} ms")
    print(f"   ratio of p95: {p95(attacked) / p95(calm):.2f}")
    print("answers to uploads:", {one: told.count(one) for one in sorted(set(told))})


if __name__ == "__main__":
    main()
