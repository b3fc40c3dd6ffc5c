"""A provider of JSON-RPC as they are for hire, in front of a node on this machine: limits, latency and refusals.

It runs in a process of its own, so that what it costs is not the client's. Loopback only.
"""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
import urllib3


@dataclass(frozen=True)
class Plan:
    """What the provider allows.

    Attributes:
        blocks, logs: of one `eth_getLogs`.
        requests: a second, over which it says 429 and to come back in a second; 0 for any number.
        latency: seconds before each answer.
    """

    blocks: int = 10_000
    logs: int = 10_000
    requests: int = 0
    latency: float = 0.03


@contextmanager
def provider(upstream: str, plan: Plan) -> Iterator[str]:
    """A provider in front of a node; yields its URL."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(upstream, plan, there), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{here.recv()}"
    finally:
        process.terminate()
        process.join()


def _serve(upstream: str, plan: Plan, port: Any) -> None:
    pool = urllib3.PoolManager(maxsize=32)
    lock = threading.Lock()
    window = [0.0, 0.0]

    def is_over() -> bool:
        with lock:
            now = time.monotonic()
            if now - window[0] >= 1:
                window[:] = [now, 0]
            window[1] += 1
            return bool(plan.requests) and window[1] > plan.requests

    def refusal(call: Any, words: str) -> dict[str, Any]:
        return {"jsonrpc": "2.0", "id": call["id"], "error": {"code": -32005, "message": words}}

    def checked(call: Any, answer: Any) -> Any:
        if call["method"] != "eth_getLogs":
            return answer
        wanted = call["params"][0]
        first, last = int(wanted["fromBlock"], 16), int(wanted["toBlock"], 16)
        if last - first >= plan.blocks:
            return refusal(call, f"eth_getLogs is limited to a {plan.blocks:,} range")
        if len(answer.get("result") or ()) > plan.logs:
            return refusal(call, f"query returned more than {plan.logs} results")
        return answer

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            time.sleep(plan.latency)
            if is_over():
                self._answer(429, b'{"error":"too many requests"}')
                return
            asked = orjson.loads(body)
            found = pool.request("POST", upstream, body=body, headers={"Content-Type": "application/json"}).data
            if b"eth_getLogs" in body:
                # Only then is an answer looked into: a provider costs little beside its node.
                content = orjson.loads(found)
                if isinstance(asked, list):
                    by_id = {each["id"]: each for each in content}
                    found = orjson.dumps([checked(each, by_id[each["id"]]) for each in asked])
                else:
                    found = orjson.dumps(checked(asked, content))
            self._answer(200, found)

        def _answer(self, status: int, content: bytes) -> None:
            self.send_response(status)
            if status == 429:
                self.send_header("Retry-After", "1")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    port.send(server.server_address[1])
    server.serve_forever()
