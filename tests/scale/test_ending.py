"""A server that is told to end breaks off nobody's request, on kept connections and on new ones."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.scale.site import Client

REPOSITORY = Path(__file__).parents[2]
CLIENTS = 16
SERVER = """
import asyncio, sys, uvicorn
from registry.http.server import Server, ends_by_signal, listening

async def app(scope, receive, send):
    await asyncio.sleep(0.002)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})

server = Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"), linger=0.5)
with listening("127.0.0.1", 0) as listener, ends_by_signal(server):
    print(listener.getsockname()[1], flush=True)
    server.run(sockets=[listener])
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere a listener cannot refuse without a reset")
def test_a_server_that_ends_answers_whoever_got_in() -> None:
    command = [sys.executable, "-c", SERVER]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        clients = [Client(port, keeps=number % 2 == 0) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        while any(client.told["ok"] < 20 for client in clients):
            clients[0].join(0.01)
        process.terminate()
        for client in clients:
            client.join(20)
    told = sum((client.told for client in clients), Counter())
    assert told.keys() == {"ok", "refused"}, told
    assert told["refused"] == CLIENTS
    assert process.returncode == 0
