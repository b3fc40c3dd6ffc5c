"""A client for the endpoints that a setting names."""

from __future__ import annotations

from typing import Final

from registry.chain.rpc.client import ChainClient
from registry.chain.rpc.patience import Patience

DEFAULT_TIMEOUT_SECONDS: Final = 10.0


def connect(url: str, *, timeout: float = DEFAULT_TIMEOUT_SECONDS, patience: Patience | None = None) -> ChainClient:
    """A client for one HTTP endpoint or several; nothing is asked yet.

    Args:
        url: `http://…` or `https://…`; several of the same chain with commas or spaces between them, the preferred one
            first.
        timeout: seconds for one whole request.
        patience: for how long a question is asked again while the endpoint limits requests.

    Raises:
        SettingsError: a URL is not one.
    """
    # A command starts without them: not every one asks an endpoint.
    from registry.chain.rpc.endpoints import Endpoints
    from registry.chain.rpc.transport import HttpTransport

    urls = url.replace(",", " ").split() or [url]
    transports = [HttpTransport(each, timeout) for each in urls]
    transport = transports[0] if len(transports) == 1 else Endpoints(transports)
    return ChainClient(transport, where=transport.where, patience=patience)
