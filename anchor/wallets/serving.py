"""`testamur wallet serve`: the wallet server, put together from the settings."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from anchor.notices.logs import Log
from anchor.secrets import secrets_of
from anchor.wallets.addresses import addresses_of
from anchor.wallets.app import create_app
from anchor.wallets.handing import Desk
from anchor.workspace import Workspace
from registry.http.connections import raise_descriptors
from registry.http.server import Server, ends_by_signal, front_of, listening, url_of

GRACE_SECONDS: Final = 20


def serve(workspace: Workspace, host: str, port: int, *, started: Callable[[str], None] = lambda _url: None) -> None:
    """Serve until the process is asked to end.

    Args:
        started: told the URL when the server listens.

    Raises:
        SettingsError: code `no-wallet-url`.
        RegistryError: the database, or the chain, cannot be used from the start.
        RuntimeError: the server has ended by a fault of the program.
    """
    raise_descriptors()
    settings = workspace.settings
    # Whether it is the right chain and contract is asked before anybody else asks.
    desk = Desk(workspace, addresses_of(settings))
    workspace.ready_to_read()
    root = logging.getLogger()
    root.addHandler(Log(settings.log_format, secrets=secrets_of(settings)).handler())
    server = Server(front_of(create_app(desk, rate=settings.rate_limit), grace_seconds=GRACE_SECONDS).config)
    with listening(host, port) as listener, ends_by_signal(server) as asked:
        started(url_of(listener))
        server.run(sockets=[listener])
    if not asked.is_set():
        raise RuntimeError("the wallet server has ended by a fault")
