"""The daemon: the loop that anchors, and the server for jobs and for whoever watches over it, in one process."""

from __future__ import annotations

import logging
import shutil
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from anchor.anchoring.evidence import keeper_of
from anchor.anchoring.loop_state import Status
from anchor.anchoring.worker import Worker
from anchor.batching.publishing import publisher_of
from anchor.batching.sealing import QueuePolicy
from anchor.books.jobs import JobStore
from anchor.books.leases import Lease
from anchor.daemon.health import Health
from anchor.daemon.jobs_api import create_intake_app
from anchor.daemon.loops import Loop, Loops
from anchor.daemon.metrics import Metrics
from anchor.daemon.operations import operations_routes
from anchor.daemon.taking import GRACE_SECONDS, Taking
from anchor.intake.desk import Desk
from anchor.intake.dropfolder import DropFolder
from anchor.intake.streams import IntakeLimits
from anchor.notices.alerts import Alerts
from anchor.notices.logs import Log
from anchor.notices.notices import Notices
from anchor.processes import this_process
from anchor.restoring.pulling import Puller
from anchor.secrets import secrets_of
from anchor.sending.accounts import operator_from
from anchor.sending.driver import policy_of
from anchor.sending.relay import relayed
from anchor.settings import Settings
from anchor.workspace import Workspace
from registry.errors import RegistryError
from registry.http.connections import ConnectionMetrics, raise_descriptors
from registry.http.server import Ending, Server, ends_by_signal, front_of, listening, url_of
from registry.http.workers.supervisor import counted_together, refuse_unable

LEAST_FREE_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Address:
    """Where the server listens; port 0 takes a free one."""

    host: str
    port: int


def run_daemon(
    workspace: Workspace,
    address: Address,
    *,
    workers: int = 1,
    started: Callable[[str], None] = lambda _: None,
    reached: Callable[[str], None] = lambda _: None,
) -> str | None:
    """Run until the process is asked to end; None then, or why the daemon had to stop by itself.

    Args:
        workers: processes that take jobs in: with one it is this process, with several they are beside it.
        started: told the URL when the server listens.
        reached: told at each of `driver.POINTS`.

    Raises:
        RegistryError: the chain, the contract, the signer or the database cannot be used from the start.
    """
    refuse_unable(workers)
    raise_descriptors()
    settings = workspace.settings
    contract = workspace.ready_to_write()
    status = Status()
    metrics = Metrics(
        workspace.folder.engine,
        workspace.chain,
        contract.address,
        [status],
        of_process=workers == 1,
        endpoints=workspace.client.endpoints,
    )
    alerts = Alerts(
        [url.get_secret_value() for url in settings.alert_webhooks],
        secret=settings.alert_secret.get_secret_value() if settings.alert_secret else None,
        period=settings.alert_period,
        outcome=metrics.count_alert,
    )
    log = Log(settings.log_format, secrets=secrets_of(settings))
    notices = Notices([log, metrics, alerts])
    limits = IntakeLimits.of(settings)
    desk = Desk(JobStore(workspace.folder.engine, workspace.chain, contract.address), limits, notices)
    lease = Lease(
        workspace.folder.engine, workspace.chain, workspace.signer.address, this_process(), settings.lease_seconds
    )
    operator = operator_from(settings, workspace.ask_password)
    worker = Worker(
        workspace.folder,
        contract,
        workspace.signer,
        workspace.chain_id,
        lease,
        notices,
        status,
        policy=policy_of(settings),
        queue=QueuePolicy(settings.queue_credentials, settings.queue_seconds),
        seconds=settings.daemon_seconds,
        finality_depth=settings.finality_depth,
        operator=None if operator is None else operator.address,
        anchor_call=None if operator is None else relayed(operator, workspace.chain_id, contract.address),
        publish=publisher_of(workspace),
        pull=Puller(workspace),
        low_anchors=settings.low_anchors,
        head_age_seconds=settings.head_age_seconds,
        reached=reached,
        keeper=keeper_of(workspace, contract, notices),
    )
    # Of those that came in when the process ended that was here before, nothing comes any more.
    desk.clear()
    loops = [
        Loop("anchor loop", worker.run, worker.stop),
        *_drop_loops(settings, desk, notices, workspace.folder.path, status),
    ]
    running = _Running(loops, notices, status, log)
    health = partial(
        Health,
        workspace.folder.engine,
        [status],
        loop_timeout=settings.loop_timeout,
        intake=lambda: _no_room(workspace.folder.path, limits.bytes),
    )
    try:
        if workers > 1:
            taking = Taking(settings, workspace.chain, contract.address)
            with counted_together(), listening(address.host, address.port, at_once=False) as listener:
                supervisor = taking.supervisor(
                    workers, listener, desk, notices, health, metrics, started=lambda: started(url_of(listener))
                )
                return running.run(supervisor, supervisor.run, listener)
        app = create_intake_app(workspace.folder, workspace.chain, contract.address, limits=limits, notices=notices)
        app.router.routes.extend(operations_routes(health(), metrics))
        front = front_of(app, grace_seconds=GRACE_SECONDS)
        metrics.registry.register(ConnectionMetrics(front.connections))
        with listening(address.host, address.port) as listener:
            server = Server(front.config)

            def serve() -> None:
                started(url_of(listener))
                server.run(sockets=[listener])

            return running.run(server, serve, listener)
    finally:
        alerts.close()


def _drop_loops(settings: Settings, desk: Desk, notices: Notices, spool: Path, status: Status) -> list[Loop]:
    """Taking in files must not hold up the anchoring, so it has a loop of its own."""
    if settings.drop_folder is None:
        return []
    folder = DropFolder(
        settings.drop_folder,
        desk,
        desk.jobs,
        notices,
        spool=spool,
        quiet_seconds=settings.drop_quiet_seconds,
        troubles=status.troubles,
    )
    stop = threading.Event()

    def run() -> None:
        try:
            while not stop.is_set():
                folder.look()
                stop.wait(settings.daemon_seconds)
        finally:
            folder.close()

    return [Loop("drop folder", run, stop.set)]


def _no_room(path: Path, most: int) -> str | None:
    """Why no job can be taken in: what comes in as a ZIP needs room for itself."""
    free = shutil.disk_usage(path).free
    return f"{free:,} bytes are free in the data folder" if free < min(most, LEAST_FREE_BYTES) else None


@dataclass(frozen=True, slots=True)
class _Running:
    """The loops, beside whatever takes jobs in."""

    loops: Sequence[Loop]
    notices: Notices
    status: Status
    log: Log

    def run(self, server: Ending, serve: Callable[[], None], listener: socket.socket) -> str | None:
        """Run all of it; None when it was asked to end, or why the daemon had to stop by itself.

        Args:
            serve: runs until the server is told to end.

        Raises:
            RegistryError: what `serve` needs cannot be used, as it says itself.
            RuntimeError: a part has ended by a fault of the program.
        """
        refused: list[RegistryError] = []

        def served() -> None:
            try:
                serve()
            except RegistryError as error:
                refused.append(error)

        logging.getLogger().addHandler(self.log.handler())
        host, port = listener.getsockname()[:2]
        self.notices.tell("daemon-started", host=host, port=port, account=self.status.account)
        with ends_by_signal(server) as asked:
            running = Loops(
                self.loops,
                self.notices,
                asked=lambda: asked.is_set() or self.status.stopped is not None or bool(refused),
                end=lambda: setattr(server, "should_exit", True),
            )
            running.start()
            try:
                running.watch("http server", served)
            finally:
                running.stop()
        if running.fault is not None:
            # Not an end that whoever watches over the process may take for a good one.
            raise RuntimeError("a loop of the daemon has ended by a fault") from running.fault
        if refused:
            code = refused[0].code or type(refused[0]).__name__
            self.notices.tell("loop-ended", loop="http server", code=code, why=refused[0].what)
            raise refused[0]
        self.notices.tell("daemon-stopped", why=self.status.stopped)
        return self.status.stopped
