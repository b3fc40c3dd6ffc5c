"""The embedded chain as JSON-RPC over HTTP, for several processes of one machine.

Loopback only: the accounts' keys are publicly known. A request has to be declared as JSON, which a web page of another
site cannot do without asking first, and there is nobody here to give it leave; the Host is checked against rebinding.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import orjson
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from registry.errors import SettingsError

if TYPE_CHECKING:
    from registry.embedded.chain import EmbeddedChain

DEFAULT_PORT = 8545
PARSE_ERROR = -32700
INVALID_REQUEST = -32600
# Ten times the bytes a block of this gas limit can carry as calldata.
MAXIMUM_REQUEST_BYTES = 32 * 1024 * 1024
MAXIMUM_BATCH = 1000


def create_app(chain: EmbeddedChain) -> Starlette:
    """The ASGI application; the chain stays the caller's to close."""

    async def rpc(request: Request) -> Response:
        if not _is_loopback(request.url.hostname or ""):
            return PlainTextResponse("this chain answers to a loopback address only\n", status_code=403)
        if request.headers.get("content-type", "").split(";")[0].strip() != "application/json":
            return PlainTextResponse("send JSON-RPC with Content-Type: application/json\n", status_code=415)
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAXIMUM_REQUEST_BYTES:
                return PlainTextResponse(f"a request has at most {MAXIMUM_REQUEST_BYTES} bytes\n", status_code=413)
        answer = await run_in_threadpool(_answered, chain, bytes(body))
        return Response(status_code=204) if answer is None else JSONResponse(answer)

    return Starlette(routes=[Route("/", rpc, methods=["POST"])])


def serve(
    chain: EmbeddedChain,
    host: str = "127.0.0.1",
    port: int = DEFAULT_PORT,
    *,
    started: Callable[[str], None] | None = None,
) -> None:
    """Serve until the process is told to stop (SIGINT, SIGTERM).

    Args:
        chain: held by this process; it stays the caller's to close.
        host: a loopback address.
        port: 0 takes any free one.
        started: called with the URL once connections are accepted.

    Raises:
        SettingsError: the host is not a loopback address, or the port is taken.
    """
    import uvicorn

    with _listening(host, port) as listener:
        bound_host, bound_port = listener.getsockname()[:2]
        if started is not None:
            started(f"http://{f'[{bound_host}]' if ':' in bound_host else bound_host}:{bound_port}")
        uvicorn.Server(uvicorn.Config(create_app(chain), log_level="warning")).run(sockets=[listener])


def _listening(host: str, port: int) -> socket.socket:
    if not _is_loopback(host):
        raise SettingsError(
            f"the devnet does not listen on {host}: its accounts' keys are publicly known",
            remedy="Use 127.0.0.1; from another machine, forward the port with ssh -L.",
            code="devnet-host",
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise SettingsError(
            f"the devnet cannot listen on {host} port {port}: {error.strerror}",
            remedy="Choose another port, or end the program that uses this one.",
            code="devnet-port",
        ) from error


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _answered(chain: EmbeddedChain, body: bytes) -> Any:
    """The JSON-RPC answer to a body, or None when it only has notifications."""
    try:
        content = orjson.loads(body)  # unlike json, it has a limit of depth of its own
    except ValueError:
        return _error(None, PARSE_ERROR, "the request is not JSON")
    if not isinstance(content, list):
        return _answer(chain, content)
    if not 1 <= len(content) <= MAXIMUM_BATCH:
        return _error(None, INVALID_REQUEST, f"a batch has 1 to {MAXIMUM_BATCH} requests")
    answers = [answer for answer in (_answer(chain, request) for request in content) if answer is not None]
    return answers or None


def _answer(chain: EmbeddedChain, request: Any) -> dict[str, Any] | None:
    if not isinstance(request, dict) or not isinstance(request.get("method"), str):
        return _error(None, INVALID_REQUEST, "this is not a JSON-RPC request")
    answer = chain.make_request(request["method"], request.get("params", []))
    return {"jsonrpc": "2.0", "id": request["id"], **answer} if "id" in request else None


def _error(request_id: object, code: int, message: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": request_id, "error": {"code": code, "message": message}}
