"""`testamur daemon`: takes jobs, seals batches and drives each one to finality."""

from __future__ import annotations

from typing import Annotated

import typer

from anchor.cli.console import bold
from anchor.cli.session import Exit, Session, command
from registry.extras import needs


@command
def daemon(
    session: Session,
    host: Annotated[str, typer.Option("--host", help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="0 takes a free one.")] = 8780,
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=1, max=64, help="Processes that take jobs in; default: setting daemon_workers."),
    ] = None,
) -> int:
    """Take jobs and anchor them until the process is asked to end (SIGTERM, Ctrl+C)."""
    with needs("daemon"):
        from anchor.daemon.run import Address, run_daemon
        from anchor.sending.outlook import FinalityViolated

    def started(url: str) -> None:
        session.result({"url": url})
        session.say("The daemon listens at ", bold(url), "; Ctrl+C ends it.")

    with session.workspace(patient=False) as workspace:
        count = workers or session.settings.daemon_workers
        stopped = run_daemon(workspace, Address(host, port), workers=count, started=started)
    if stopped is None:
        return Exit.DONE
    how = "Do not just restart it: docs/how-to/run-the-daemon.md says how to go on."
    return session.stopped("The daemon has stopped", FinalityViolated(stopped, remedy=how))
