"""The daemon: the loop that anchors, and the server for jobs and for whoever watches over it, in one process."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn
from starlette.applications import Starlette

from anchor.daemon.alerts import Alerts
from anchor.daemon.driver import Policy
from anchor.daemon.health import Health
from anchor.daemon.logs import Log, secrets_of
from anchor.daemon.metrics import Metrics
from anchor.daemon.notices import Notices
from anchor.daemon.operations import operations_routes
from anchor.daemon.sealing import QueuePolicy
from anchor.daemon.status import Status
from anchor.daemon.worker import Worker
from anchor.workspace import Workspace
from registry.settings import Settings
from registry.store.leases import Lease

GWEI = 10**9
LOOP_ENDS_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Address:
    """Where the server listens; port 0 takes a free one."""

    host: str
    port: int


def run_daemon(
    workspace: Workspace,
    address: Address,
    *,
    started: Callable[[str], None] = lambda _: None,
    reached: Callable[[str], None] = lambda _: None,
) -> str | None:
    """Run until the process is asked to end; None then, or why the daemon had to stop by itself.

    Args:
        started: told the URL when the server listens.
        reached: told at each of `driver.POINTS`.

    Raises:
        RegistryError: the chain, the contract, the signer or the database cannot be used from the start.
    """
    settings = workspace.settings
    registry = workspace.ready_to_write()
    status = Status()
    metrics = Metrics(workspace.folder.engine, workspace.chain, registry.address, [status])
    alerts = Alerts(
        [url.get_secret_value() for url in settings.alert_webhooks],
        secret=settings.alert_secret.get_secret_value() if settings.alert_secret else None,
        period=settings.alert_period,
        outcome=metrics.count_alert,
    )
    log = Log(settings.log_format, secrets=secrets_of(settings))
    notices = Notices([log, metrics, alerts])
    lease = Lease(
        workspace.folder.engine, workspace.chain, workspace.signer.address, process_name(), settings.lease_seconds
    )
    worker = Worker(
        workspace.folder,
        registry,
        workspace.signer,
        workspace.chain_id,
        lease,
        notices,
        status,
        policy=policy_of(settings),
        queue=QueuePolicy(settings.queue_credentials, settings.queue_seconds),
        seconds=settings.daemon_seconds,
        finality_depth=settings.finality_depth,
        low_anchors=settings.low_anchors,
        reached=reached,
    )
    health = Health(workspace.folder.engine, [status], loop_timeout=settings.loop_timeout)
    app = Starlette(routes=operations_routes(health, metrics))
    try:
        with socket.create_server((address.host, address.port)) as listener:
            return _serve(app, listener, worker, notices, status, log, started)
    finally:
        alerts.close()


def policy_of(settings: Settings) -> Policy:
    """How the settings want transactions to be sent."""
    ceiling = settings.fee_ceiling_gwei
    return Policy(
        fee_ceiling=None if ceiling is None else int(ceiling * GWEI),
        bump_blocks=settings.bump_blocks,
        republish_blocks=settings.republish_blocks,
        most_in_flight=settings.most_in_flight,
    )


def process_name() -> str:
    """A name that no other process has had or will have."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


def _serve(
    app: Starlette,
    listener: socket.socket,
    worker: Worker,
    notices: Notices,
    status: Status,
    log: Log,
    started: Callable[[str], None],
) -> str | None:
    logging.getLogger("uvicorn").addHandler(log.handler())
    server = _Server(uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=10))

    def anchor() -> None:
        try:
            worker.run()
        finally:
            # Without its loop the process is of no use, however well its server answers.
            server.should_exit = True

    loop = threading.Thread(target=anchor, name="anchor loop")
    host, port = listener.getsockname()[:2]
    loop.start()
    notices.tell("daemon-started", host=host, port=port, account=status.account)
    started(f"http://{host}:{port}")
    try:
        with _ends_by_signal(server):
            server.run(sockets=[listener])
    finally:
        worker.stop()
        loop.join(LOOP_ENDS_SECONDS)
        notices.tell("daemon-stopped", why=status.stopped)
    return status.stopped


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: uvicorn would end the process by them as soon as the server has ended."""
        yield


@contextmanager
def _ends_by_signal(server: uvicorn.Server) -> Iterator[None]:
    """SIGTERM and SIGINT end the server; then the loop ends after the step it is at."""

    def end(*_: object) -> None:
        server.should_exit = True

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
