"""`testamur serve` and `testamur index`: the lookup service, and what fills its index."""

from __future__ import annotations

import signal
import threading
from typing import Annotated

import typer

from anchor.cli.console import bold
from anchor.cli.session import Exit, Session, command
from registry.errors import ChainError
from registry.extras import needs
from registry.records import BlockRef


@command
def serve(
    session: Session,
    host: Annotated[str, typer.Option("--host", help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="0 takes a free one.")] = 8790,
    index: Annotated[
        bool, typer.Option("--index/--no-index", help="Fill the index in this process; with several, in one of them.")
    ] = True,
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=1, max=64, help="Processes that answer; default: the setting serve_workers."),
    ] = None,
) -> int:
    """Answer for every credential and every event over HTTP, until the process is asked to end (SIGTERM, Ctrl+C)."""
    count = workers or session.settings.serve_workers
    with needs("serve"):
        from anchor.serving import serve as run
        from anchor.serving_workers import serve_with_workers

    def started(url: str) -> None:
        session.result({"url": url})
        session.say("The lookup service listens at ", bold(url), "; Ctrl+C ends it.")

    with session.workspace(patient=False) as workspace:
        if count > 1:
            serve_with_workers(workspace, host, port, count, indexing=index, started=started)
        else:
            run(workspace, host, port, indexing=index, started=started)
    return Exit.DONE


@command
def index(
    session: Session,
    once: Annotated[bool, typer.Option("--once", help="End when there is nothing new.")] = False,
    anew: Annotated[
        bool, typer.Option("--anew", help="Index from the contract's first block on, and then replace what is indexed.")
    ] = False,
    accept: Annotated[
        bool,
        typer.Option(
            "--accept-chain",
            help="Go on after a stop, if the block that was final is on the chain: it is looked at first.",
        ),
    ] = False,
) -> int:
    """Fill the index for the lookup service, until the process is asked to end (SIGTERM, Ctrl+C)."""
    with needs("serve"):
        from anchor.serving import accept_chain, fill_index, index_of
    from registry.index.facts import FINALITY_VIOLATED

    stop = threading.Event()
    if not once:
        for ending in (signal.SIGTERM, signal.SIGINT):
            signal.signal(ending, lambda *_: stop.set())
    with session.workspace(patient=once) as workspace:
        try:
            if accept:
                _tell_accepted(session, accept_chain(workspace))
            with session.live("The chain is read") as told:
                fill_index(workspace, anew=anew, once=once, stop=stop, told=told)
        except ChainError as error:
            if error.code != FINALITY_VIOLATED:
                raise
            return session.stopped("The index has stopped", error)
        found = index_of(workspace)
        head, counts = found.head(), found.counts()
    number = None if head is None else head.cursor.number
    session.result({"block": number, **counts})
    session.say(
        f"Indexed up to block {number}: {counts['parties']:,} parties, {counts['batches']:,} batches, "
        f"{counts['credentials']:,} credentials, {counts['trees']:,} trees."
    )
    return Exit.DONE


def _tell_accepted(session: Session, block: BlockRef | None) -> None:
    if block is None:
        session.note("There was nothing to accept: the index has not stopped.")
    else:
        session.note(f"Block {block.number}, 0x{block.hash.hex()}, is on the chain: the index goes on.")
