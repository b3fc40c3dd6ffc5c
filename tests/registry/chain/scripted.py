"""An endpoint in the process: what it says over HTTP is a function of the test's, and an answer costs microseconds."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import urllib3

from registry.chain.rpc.client import ChainClient
from registry.chain.rpc.transport import HttpTransport

Json = Any
KEY = "s3cr3t-key-of-the-operator"


@dataclass
class Reply:
    """What comes back over HTTP; `content` is JSON, or bytes as they are."""

    content: Json
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Script = Callable[[Json], Reply]
"""From the JSON of a request, one or a list, to what is answered."""


def each(answer: Callable[[str, list[Any]], Json]) -> Script:
    """Answers requests, alone or together; a mapping with `error` or `result` is taken as it is."""

    def one(request: Json) -> Json:
        found = answer(request["method"], request["params"])
        is_whole = isinstance(found, dict) and found.keys() <= {"error", "result"} and bool(found)
        return {"jsonrpc": "2.0", "id": request["id"]} | (found if is_whole else {"result": found})

    def script(request: Json) -> Reply:
        return Reply([one(member) for member in request] if isinstance(request, list) else one(request))

    return script


def error(code: int, message: str, **more: Any) -> Json:
    """An error answer."""
    return {"error": {"code": code, "message": message} | more}


class Scripted:
    """One endpoint.

    Attributes:
        script: what it answers; may be replaced at any time.
        asked: the JSON of every request, in order.
    """

    def __init__(self, script: Script):
        self.script = script
        self.asked: list[Json] = []
        self.transport = HttpTransport(f"http://node.example/v3/{KEY}", 1.0)
        self.transport._pool = self  # type: ignore[assignment]
        self.client = ChainClient(self.transport, where=self.transport.where)

    def request(self, _method: str, _url: str, *, body: bytes, **_options: Any) -> urllib3.HTTPResponse:
        """As urllib3's pool does."""
        request = json.loads(body)
        self.asked.append(request)
        reply = self.script(request)
        raw = reply.content if isinstance(reply.content, bytes) else json.dumps(reply.content).encode()
        headers = {"Content-Length": str(len(raw)), **reply.headers}
        return urllib3.HTTPResponse(io.BytesIO(raw), headers=headers, status=reply.status, preload_content=False)

    def clear(self) -> None:
        """As urllib3's pool does."""

    @property
    def lengths(self) -> list[int]:
        """How many questions each request had; 0 for one alone."""
        return [len(request) if isinstance(request, list) else 0 for request in self.asked]
