"""`testamur daemon --workers N`: processes that take jobs in beside the one that anchors, and read none of its keys."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from prometheus_client.multiprocess import MultiProcessCollector

from anchor.daemon.health import Check, Health
from anchor.daemon.jobs_api import create_intake_app
from anchor.daemon.metrics import Metrics
from anchor.daemon.operations import answered, question_routes
from anchor.intake.desk import Desk
from anchor.intake.streams import IntakeLimits
from anchor.notices.logs import Log
from anchor.notices.notices import Notice, Notices
from anchor.secrets import secrets_of
from anchor.settings import Settings, handed_on
from anchor.workspace import Workspace
from registry.database.engine import DatabaseError
from registry.http.connections import Room, SharedConnectionMetrics, raise_descriptors
from registry.http.server import LAST_SECONDS, Front, front_of
from registry.http.workers.messages import Answered, Seat
from registry.http.workers.metrics import WorkersMetrics
from registry.http.workers.supervisor import Supervisor
from registry.http.workers.worker import Link, run_worker

GRACE_SECONDS: Final = 10
LINGER_SECONDS: Final = 2.0
END_SECONDS: Final = LINGER_SECONDS + 2 * LAST_SECONDS + GRACE_SECONDS + 5.0
"""For a worker to answer what it has: what it takes when all is well, and a little."""


@dataclass(frozen=True, slots=True)
class Taking:
    """What each worker is given.

    Attributes:
        chain: CAIP-2 name.
        contract: checksummed address.
    """

    settings: Settings
    chain: str
    contract: str

    def supervisor(
        self,
        workers: int,
        listener: socket.socket,
        desk: Desk,
        notices: Notices,
        health: Callable[..., Health],
        metrics: Metrics,
        *,
        started: Callable[[], None],
    ) -> Supervisor:
        """What runs them, in the process that anchors.

        Args:
            desk: gives up what came in at a worker that died.
            health: makes what is answered of the daemon, given how the workers are.
            metrics: of the daemon, of which the workers' become a part.
        """

        def answer(path: str) -> Answered:
            return answered(path, whole, metrics)

        def heard(what: object) -> None:
            if isinstance(what, Notice):
                notices.pass_on(what)

        def clear() -> None:
            # What cannot be given up now is given up by whoever sends its key again.
            with suppress(DatabaseError):
                desk.clear()

        supervisor = Supervisor(
            _work,
            Taking(_keyless(self.settings), self.chain, self.contract),
            workers,
            listener,
            end_seconds=END_SECONDS,
            answer=answer,
            started=started,
            heard=heard,
            ended=clear,
        )

        def check() -> Check:
            count = supervisor.answering()
            return Check("workers", count > 0, f"{count} of {workers} take jobs")

        whole = health(workers=check)
        metrics.registry.register(WorkersMetrics(supervisor))
        MultiProcessCollector(metrics.registry)  # type: ignore[no-untyped-call]
        return supervisor


def _keyless(settings: Settings) -> Settings:
    """The settings without what only the process that signs and alerts needs to know."""
    secret = ("key", "alert_secret", "signer_pin")
    return handed_on(settings).model_copy(update=dict.fromkeys(secret) | {"alert_webhooks": ()})


def _work(taking: Taking, seat: Seat) -> None:
    """What a worker runs."""
    settings = taking.settings
    room = Room.of(raise_descriptors()).shared_by(seat.count)
    with Workspace(settings) as workspace:

        def front(link: Link) -> Front:
            logging.getLogger().addHandler(Log(settings.log_format, secrets=secrets_of(settings)).handler())
            app = create_intake_app(
                workspace.folder,
                taking.chain,
                taking.contract,
                limits=IntakeLimits.of(settings),
                notices=Notices([link.tell]),
                seat=seat,
            )
            app.router.routes.extend(question_routes(link.answered))
            made = front_of(app, grace_seconds=GRACE_SECONDS, room=room)
            SharedConnectionMetrics(made.connections)
            return made

        run_worker(seat, front, linger=LINGER_SECONDS)
