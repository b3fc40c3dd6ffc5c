"""`testamur jobs` and `testamur key`: the daemon's jobs and the keys of those who send them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from anchor.books import control
from anchor.books.batches import BatchStore
from anchor.books.jobs import Job, JobStore
from anchor.books.keys import ApiKey, KeyStore
from anchor.books.status_jobs import StatusJob, StatusJobStore
from anchor.books.tables import JobState, StatusJobState
from anchor.cli.console import Column, Fields, Listing, Styled, bold
from anchor.cli.session import Exit, Session, command
from anchor.cli.wording import amount
from anchor.daemon.jobs_view import IssuerState, JobView, JobViews, moment
from anchor.daemon.statuses_view import StatusViews
from anchor.intake.desk import Desk, Order, left_out_of, reject_content
from anchor.intake.files import Format
from anchor.intake.streams import IntakeLimits
from anchor.settings import EMBEDDED
from anchor.workspace import Workspace
from registry.embedded.genesis import CHAIN_ID
from registry.errors import StoreError

SHOWN_REJECTS = 20
_LABELS = {
    "credentials": "credentials",
    "rejected": "rejected",
    "acceptedAt": "accepted",
    "sealedAt": "sealed",
    "minedAt": "mined",
    "finalAt": "final",
    "finalEstimate": "final, by estimate",
}
_BATCH_LABELS = {"leafCount": "leaves", "anchoredAt": "anchored at"}

_STATUS_LABELS = {
    "reason": "reason",
    "note": "note",
    "batch": "batch",
    "credentials": "credentials",
    "overtaken": "overtaken",
    "notBefore": "not before",
    "acceptedAt": "accepted",
    "minedAt": "mined",
    "endedAt": "ended",
}

# Where the state of a job's own says less than what is shown, all of them are looked at.
_OWN_STATES = {
    IssuerState.RECEIVING: JobState.RECEIVING,
    IssuerState.BROKEN: JobState.BROKEN,
    IssuerState.PENDING: JobState.QUEUED,
    IssuerState.UNCHANGED: JobState.UNCHANGED,
    IssuerState.SEALED: JobState.SEALED,
    IssuerState.MINED: JobState.SEALED,
    IssuerState.FINAL: JobState.SEALED,
    IssuerState.PARKED: JobState.SEALED,
}

jobs_app = typer.Typer(no_args_is_help=True, help="The jobs of the daemon.")
key_app = typer.Typer(no_args_is_help=True, help="The keys with which issuers send jobs over HTTP.")

JobId = Annotated[str, typer.Argument(help="Id of the job.")]


@dataclass(frozen=True, slots=True)
class Queue:
    """The jobs of the contract, whether or not the chain can be asked at this moment."""

    workspace: Workspace
    chain: str
    contract: str

    @property
    def jobs(self) -> JobStore:
        return JobStore(self.workspace.folder.engine, self.chain, self.contract)

    @property
    def keys(self) -> KeyStore:
        return KeyStore(self.workspace.folder.engine, self.chain, self.contract)

    @property
    def views(self) -> JobViews:
        return JobViews(self.workspace.folder.engine, self.chain, self.contract)

    @property
    def batches(self) -> BatchStore:
        return BatchStore(self.workspace.folder.engine, self.chain, self.contract)

    @property
    def statuses(self) -> StatusJobStore:
        return StatusJobStore(self.workspace.folder.engine, self.chain, self.contract)

    @property
    def status_views(self) -> StatusViews:
        return StatusViews(self.workspace.folder.engine, self.chain, self.contract)

    def job(self, number: str) -> Job | StatusJob:
        """The job with that id, of either kind."""
        found = self.jobs.get(number) or self.statuses.get(number)
        if found is None:
            raise StoreError(
                "there is no such job",
                where=number,
                remedy="`testamur jobs list` shows them, `testamur jobs list --statuses` those that change statuses.",
                code="unknown-job",
            )
        return found


@contextmanager
def opened_queue(session: Session, *, read_only: bool = False) -> Iterator[Queue]:
    """The jobs of the settings' contract; closed at the end."""
    with session.workspace(read_only=read_only) as workspace:
        # The daemon holds the embedded chain; its name is known without it.
        embedded = workspace.settings.chain == EMBEDDED
        yield Queue(workspace, f"eip155:{CHAIN_ID}" if embedded else workspace.chain, workspace.contract_address)


def put_in_queue(
    session: Session,
    path: Path,
    kind: Format,
    *,
    reissue: bool,
    without_history: bool,
    bare: bool,
    strict: bool,
    as_files: bool,
) -> int:
    """`testamur anchor --queue`: store a job for the daemon."""
    with opened_queue(session) as queue:
        store = queue.workspace.settings.issuer
        issuer = store if store is not None else only_party(queue)
        desk = Desk(queue.jobs, IntakeLimits.of(session.settings), workers=session.settings.workers)
        order = Order(
            issuer,
            "command",
            reissue=reissue,
            without_history=without_history,
            bare=bare,
            strict=strict,
            as_files=as_files,
        )
        job = desk.put(order, path, format=kind).job
        view = queue.views.of(job)
        rejects = [reject_content(each) for each in queue.jobs.rejects(job.id)][:SHOWN_REJECTS]
        left = left_out_of(queue.jobs, job.id)
    session.result(view.content() | {"rejects": rejects, "leftOut": left})
    session.say(
        "Job ", bold(job.id), f" is stored: {amount(job.credentials, 'credential')}, {job.rejected:,} rejected."
    )
    _say_left_out(session, left)
    for each in rejects:
        place = f"{each['source']}, line {each['line']}" if each["line"] else str(each["source"])
        session.say(f"  {place}: {each['reason']} ({each['code']})")
    session.say(f"See: testamur jobs show {job.id}")
    return Exit.SOME_REJECTED if job.rejected else Exit.DONE


def _say_left_out(session: Session, left: dict[str, Any]) -> None:
    if left["count"]:
        names = ", ".join(left["names"][:SHOWN_REJECTS])
        session.say(f"  {left['count']:,} files were left out, as they are no credentials: {names}")


def only_party(queue: Queue) -> int:
    """The only party that was registered from here, or whoever the settings name."""
    parties = queue.batches.parties()
    return parties[0] if len(parties) == 1 else queue.workspace.issuer()


@jobs_app.command("list")
@command
def list_jobs(
    session: Session,
    state: Annotated[IssuerState | None, typer.Option("--state", help="Only jobs in this state.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many, newest first.")] = 50,
    statuses: Annotated[bool, typer.Option("--statuses", help="The jobs that change statuses instead.")] = False,
) -> None:
    """List jobs, newest first."""
    if statuses:
        list_status_jobs(session, state, limit)
        return
    with opened_queue(session, read_only=True) as queue:
        views = list(islice(_in_state(queue, session.settings.issuer, state, limit), limit))
    session.result([view.content() for view in views])
    columns = [
        Column(name, right=name in ("issuer", "credentials", "rejected"))
        for name in ("job", "issuer", "state", "credentials", "rejected", "accepted", "final")
    ]
    rows = []
    for view in views:
        job, final = view.job, view.content()["finalAt"]
        counts = (f"{job.credentials:,}", f"{job.rejected:,}")
        rows.append((job.id, str(job.issuer), view.state, *counts, moment(job.queued_at) or "", final or ""))
    session.say(Listing(columns, rows) if views else "There are no jobs.")


def _in_state(queue: Queue, issuer: int | None, state: IssuerState | None, page: int) -> Iterator[JobView]:
    """Jobs, newest first, by the state in which they are shown: that of their batch, once they have one."""
    after: Job | None = None
    own = None if state is None else _OWN_STATES.get(state)
    while found := queue.jobs.all(issuer=issuer, state=own, after=after, limit=page):
        yield from (view for view in queue.views.of_all(found) if state in (None, view.state))
        after = found[-1]


@jobs_app.command("show")
@command
def show(session: Session, number: JobId) -> None:
    """Show a job with everything that happened to it."""
    with opened_queue(session, read_only=True) as queue:
        found = queue.job(number)
        if isinstance(found, StatusJob):
            show_status_job(session, queue, found)
            return
        view = queue.views.of(found)
        rejects = [reject_content(each) for each in queue.jobs.rejects(number)][:SHOWN_REJECTS]
        left = left_out_of(queue.jobs, number)
    happened = [{"at": moment(event.at), "state": event.state, "detail": event.detail} for event in view.history]
    steps = [step.content() for step in view.steps()]
    session.result(view.content() | {"steps": steps, "history": happened, "rejects": rejects, "leftOut": left})
    _say_view(session, view)
    _say_left_out(session, left)
    for event in happened:
        session.say(f"  {event['at'] or 'time not known':<20}  {event['state']:<10} {event['detail']}")
    for each in rejects:
        place = f"{each['source']}, line {each['line']}" if each["line"] else str(each["source"])
        session.say(f"  rejected: {place}: {each['reason']} ({each['code']})")


@jobs_app.command("retry")
@command
def retry(session: Session, number: JobId) -> None:
    """Have the daemon try a parked job again."""
    with opened_queue(session) as queue:
        found = queue.job(number)
        if isinstance(found, StatusJob):
            queue.statuses.retry(found)
        else:
            control.unpark(queue.workspace.folder.engine, found)
        _say_changed(session, queue, number)


@jobs_app.command("cancel")
@command
def cancel(
    session: Session,
    number: JobId,
    whole_batch: Annotated[
        bool, typer.Option("--whole-batch", help="Together with the other jobs in its batch.")
    ] = False,
) -> None:
    """Take back a job that is not anchored."""
    with opened_queue(session) as queue:
        found, done = queue.job(number), True
        if isinstance(found, StatusJob):
            queue.statuses.cancel(found)
        else:
            done = control.cancel(queue.workspace.folder.engine, queue.jobs, found, whole_batch=whole_batch)
        _say_changed(session, queue, number)
    if not done:
        session.say("The daemon cancels it in its next round, unless its transaction is faster.")


@jobs_app.command("park")
@command
def park(
    session: Session,
    number: JobId,
    why: Annotated[str, typer.Option("--why", help="What it waits for, for whoever looks at it.")] = "",
) -> None:
    """Put a sealed job aside until it is tried again: nothing more is sent for it."""
    with opened_queue(session) as queue:
        found, reason = queue.job(number), why or "put aside by a person"
        if isinstance(found, StatusJob):
            queue.statuses.park(found, reason)
        else:
            control.park(queue.workspace.folder.engine, found, reason)
        _say_changed(session, queue, number)


@key_app.command("add")
@command
def add_key(
    session: Session, name: Annotated[str, typer.Option("--name", help="What the key is for, or who has it.")]
) -> None:
    """Make a key for an issuer; it is shown this once."""
    with opened_queue(session) as queue:
        known = session.settings.issuer
        key, text = queue.keys.add(known if known is not None else only_party(queue), name)
    session.result(_key_content(key) | {"key": text})
    session.say(f"Key {key.id} of issuer {key.issuer}, {key.name}: it is not stored and will not be shown again.")
    session.say(text)


@key_app.command("list")
@command
def list_keys(session: Session) -> None:
    """List the keys, without their text."""
    with opened_queue(session, read_only=True) as queue:
        wanted = session.settings.issuer
        keys = [key for key in queue.keys.all() if wanted in (None, key.issuer)]
    session.result([_key_content(key) for key in keys])
    for key in keys:
        ended = f", revoked {moment(key.revoked_at)}" if key.revoked_at is not None else ""
        session.say(f"{key.id:>5}  issuer {key.issuer}  {key.name}  since {moment(key.created_at)}{ended}")


@key_app.command("revoke")
@command
def revoke_key(session: Session, number: Annotated[int, typer.Argument(help="Number of the key.")]) -> None:
    """End a key at once."""
    with opened_queue(session) as queue:
        ended = queue.keys.revoke(number)
    if not ended:
        raise StoreError(
            "there is no such key, or it was revoked before",
            where=str(number),
            remedy="`testamur key list` shows them.",
            code="unknown-key",
        )
    session.result({"id": number, "revoked": True})
    session.say(f"Key {number} is not valid any more.")


def _key_content(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "issuer": key.issuer,
        "name": key.name,
        "createdAt": moment(key.created_at),
        "revokedAt": moment(key.revoked_at),
    }


def list_status_jobs(session: Session, state: IssuerState | None, limit: int) -> None:
    """`testamur jobs list --statuses`."""
    # It comes in at once: two of the states are of the other jobs alone.
    none = state in (IssuerState.RECEIVING, IssuerState.BROKEN)
    wanted = None if state is None or none else StatusJobState(state.value)
    with opened_queue(session, read_only=True) as queue:
        found = [] if none else queue.statuses.all(issuer=session.settings.issuer, state=wanted, limit=limit)
        views = queue.status_views.of_all(found)
    contents = [view.content() for view in views]
    session.result(contents)
    names = ("id", "issuer", "act", "state", "credentials", "acceptedAt", "endedAt")
    columns = [
        Column("job" if name == "id" else _STATUS_LABELS.get(name, name), right=name in ("issuer", "credentials"))
        for name in names
    ]
    rows = [tuple(str(content[name] or "") for name in names) for content in contents]
    session.say(Listing(columns, rows) if rows else "There are no status jobs.")


def show_status_job(session: Session, queue: Queue, job: StatusJob) -> None:
    """A status job with everything that happened to it."""
    view = queue.status_views.of(job)
    content = view.content()
    happened = [{"at": moment(event.at), "state": event.state, "detail": event.detail} for event in view.history]
    steps = [step.content() for step in view.steps()]
    digests = [digest.hex() for digest in queue.statuses.digests(job)]
    session.result(content | {"steps": steps, "history": happened, "digests": digests})
    session.say("Job ", bold(job.id), f" of issuer {job.issuer}, to {job.act.word}: ", bold(job.state))
    session.say(Fields({label: content[name] for name, label in _STATUS_LABELS.items() if content[name]}))
    for waits in ("waiting", "parked"):
        if content[waits]:
            session.say(Styled(f"  {waits}: {content[waits]['code']}: {content[waits]['why']}", "yellow"))
    for deed in content["transactions"]:
        where = "" if deed["block"] is None else f" in block {deed['block']:,}"
        session.say(f"  {deed['transaction'] or 'not signed yet'}  {deed['state']}{where}, batch {deed['batch']}")
    for event in happened:
        session.say(f"  {event['at'] or 'time not known':<20}  {event['state']:<10} {event['detail']}")


def _say_changed(session: Session, queue: Queue, number: str) -> None:
    found = queue.job(number)
    if isinstance(found, StatusJob):
        show_status_job(session, queue, found)
        return
    view = queue.views.of(found)
    session.result(view.content())
    _say_view(session, view)


def _say_view(session: Session, view: JobView) -> None:
    content = view.content()
    session.say("Job ", bold(view.job.id), f" of issuer {view.job.issuer}: ", bold(view.state))
    session.say(Fields({label: content[name] for name, label in _LABELS.items()}))
    if content["batch"]:
        session.say(Fields({_BATCH_LABELS.get(name, name): value for name, value in content["batch"].items()}))
    if content["waiting"]:
        session.say(Styled(f"  waits: {content['waiting']['code']}: {content['waiting']['why']}", "yellow"))
    if content["parked"]:
        session.say(Styled(f"  parked: {content['parked']['code']}: {content['parked']['why']}", "yellow"))
