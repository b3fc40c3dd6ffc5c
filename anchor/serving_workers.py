"""`testamur serve --workers N`: processes that answer, and beside them the one that starts them and fills the index."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from anchor.books.trees import trees_of
from anchor.serving import GRACE_SECONDS, LINGER_SECONDS, application, index_of, log_to, loops_of, service_of
from anchor.settings import EMBEDDED, Settings, handed_on
from anchor.workspace import Workspace
from registry.errors import RegistryError, SettingsError
from registry.http.connections import Room, SharedConnectionMetrics, raise_descriptors
from registry.http.server import LAST_SECONDS, Front, ends_by_signal, front_of, listening, url_of
from registry.http.workers.messages import Answered, Seat
from registry.http.workers.metrics import WorkersMetrics
from registry.http.workers.supervisor import Supervisor, counted_together, refuse_unable
from registry.http.workers.worker import Link, run_worker
from registry.index.loops import Check
from registry.service.metrics import ReadingMetrics, ServiceMetrics
from registry.service.routes.operations import Operations
from registry.service.service import spare_collections

END_SECONDS: Final = LINGER_SECONDS + 2 * LAST_SECONDS + GRACE_SECONDS + 5.0
"""For a worker to answer what it has: what it takes when all is well, and a little."""


def serve_with_workers(
    workspace: Workspace,
    host: str,
    port: int,
    workers: int,
    *,
    indexing: bool,
    started: Callable[[str], None] = lambda _url: None,
) -> None:
    """Serve with several processes until this one is asked to end.

    Args:
        workers: that answer; this process starts them, and fills the index.
        indexing, started: as of `anchor.serving.serve`.

    Raises:
        RegistryError: what the settings name cannot be used from the start; code `workers` on the embedded chain.
        RuntimeError: a worker cannot start, or what fills the index has ended, by a fault of the program.
    """
    refuse_unable(workers)
    _refuse_embedded(workspace.settings)
    raise_descriptors()
    index, trees = index_of(workspace), trees_of(workspace.settings)
    faults: list[BaseException] = []

    def ended(error: BaseException) -> None:
        if not isinstance(error, RegistryError):
            faults.append(error)
            supervisor.should_exit = True

    loops = loops_of(workspace, index, trees, ended=ended) if indexing else None
    service = service_of(workspace, index, trees)
    log_to(workspace)

    def checks() -> Sequence[Check]:
        count = supervisor.answering()
        told = Check("workers", count > 0, f"{count} of {workers} answer")
        return [told, *(() if loops is None else loops.checks())]

    def answer(path: str) -> Answered:
        return operations.answered(path)

    with counted_together(), listening(host, port, at_once=False) as listener:
        supervisor = Supervisor(
            _work,
            handed_on(workspace.settings),
            workers,
            listener,
            end_seconds=END_SECONDS,
            answer=answer,
            started=lambda: started(url),
        )
        metrics = ServiceMetrics(service, WorkersMetrics(supervisor))
        if loops is not None:
            metrics.registry.register(ReadingMetrics(loops.reading))
        operations = Operations(service, metrics, checks)
        url = url_of(listener)
        if loops is not None:
            loops.start()
        try:
            with ends_by_signal(supervisor) as asked:
                supervisor.run()
        finally:
            if loops is not None:
                loops.stop()
    if not asked.is_set():
        raise RuntimeError("the lookup service has ended by a fault") from next(iter(faults), None)


def _work(settings: Settings, seat: Seat) -> None:
    """What a worker runs."""
    room = Room.of(raise_descriptors()).shared_by(seat.count)
    with Workspace(settings) as workspace:

        def front(link: Link) -> Front:
            index, trees = index_of(workspace), trees_of(settings)
            log_to(workspace)
            app = application(workspace, index, trees, operations=link.answered, seat=seat)
            made = front_of(app, grace_seconds=GRACE_SECONDS, room=room)
            SharedConnectionMetrics(made.connections)
            spare_collections()
            return made

        run_worker(seat, front, linger=LINGER_SECONDS)


def _refuse_embedded(settings: Settings) -> None:
    """Refuse what one process alone can have.

    Raises:
        SettingsError: code `workers`.
    """
    if settings.chain == EMBEDDED:
        raise SettingsError(
            "the embedded chain belongs to one process at a time, and each of several workers reads the chain",
            remedy="Leave workers at 1, or run `testamur devnet` and set chain to its URL.",
            code="workers",
        )
