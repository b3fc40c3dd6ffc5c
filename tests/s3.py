"""An S3-compatible server on loopback, which keeps everything in memory."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import Request, urlopen

import obstore
import pytest
from moto.server import ThreadedMotoServer
from obstore.store import S3Store

BUCKET = "registry"


class S3Server:
    """The server with one bucket; it can be stopped and started again."""

    def __init__(self) -> None:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self._server.start()
        host, port = self._server.get_host_and_port()
        self.url = f"http://{host}:{port}"
        self._ask("POST", "moto-api/reset")
        self._ask("PUT", BUCKET)
        keys = {name.removeprefix("AWS_").lower(): value for name, value in self.environment().items()}
        keys.pop("allow_http")
        self._objects = S3Store(BUCKET, config=keys, client_options={"allow_http": True})  # type: ignore[arg-type]

    def stop(self) -> None:
        self._server.stop()

    def environment(self) -> dict[str, str]:
        """What a process needs in its environment to use it."""
        return {
            "AWS_ENDPOINT": self.url,
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }

    def use(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in self.environment().items():
            monkeypatch.setenv(name, value)

    def put(self, key: str, content: bytes) -> None:
        """Write an object past everything else."""
        obstore.put(self._objects, key, content)

    def get(self, key: str) -> bytes:
        return bytes(obstore.get(self._objects, key).bytes())

    def delete(self, key: str) -> None:
        obstore.delete(self._objects, key)

    def _ask(self, method: str, path: str) -> None:
        urlopen(Request(f"{self.url}/{path}", method=method)).close()


@contextmanager
def s3_server() -> Iterator[S3Server]:
    server = S3Server()
    try:
        yield server
    finally:
        server.stop()
