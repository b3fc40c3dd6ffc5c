"""The jobs of issuers: accepted means stored as a whole; sealed means in a batch, in one database transaction."""

from __future__ import annotations

import secrets
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Select,
    and_,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from anchor.books.batches import INSERT_CHUNK, Leaf
from anchor.books.tables import ANCHORED_STATES, BatchState, JobState, batch, job, leaf, queued, rejected
from registry.credential.filekinds import LEFT_OUT
from registry.database.engine import is_postgresql, now
from registry.errors import NotPossible

ID_BYTES = 12


class Rejected(NamedTuple):
    """A row or file that has no digest, and why; line 0 means the whole file."""

    source: str
    line: int
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Job:
    """A job as the database has it.

    Attributes:
        id: unguessable text.
        is_open: it may share a batch with other jobs of its issuer.
        source: `http`, `folder` or `command`.
        body_hash: SHA-256 of what came in, of a job with an idempotency key.
        created_at, queued_at: Unix seconds.
        credentials: how many have a digest; of them `duplicates` came twice in the job, and `anchored_before` and
            `revoked`, by their digests, were left out when it was sealed.
        batch: number of its batch.
        waits_code, waits_why: why it was not sealed when it was last looked at, while it is queued.
        receiver, heard_at: the process that it comes in at, and when that one last said that it still does, in Unix
            seconds of the database's clock.
        without_history: leave out only what this database knows to be anchored, though its issuer may have more.
        bare: its batch is anchored by its root and nothing else.
    """

    id: str
    issuer: int
    state: JobState
    is_open: bool
    reissue: bool
    source: str
    idempotency_key: str | None
    body_hash: bytes | None
    created_at: float
    queued_at: float | None
    credentials: int
    rejected: int
    duplicates: int
    anchored_before: int
    revoked: int
    batch: int | None
    waits_code: str | None = None
    waits_why: str | None = None
    receiver: str | None = None
    heard_at: float | None = None
    without_history: bool = False
    bare: bool = False


def new_job_id() -> str:
    """An id that nobody guesses."""
    return secrets.token_hex(ID_BYTES)


class JobStore:
    """Reads and writes the jobs of one contract.

    Args:
        chain: CAIP-2 name.
        contract: checksummed address.
    """

    def __init__(self, engine: Engine, chain: str, contract: str):
        self._engine = engine
        self._key = {"chain": chain, "contract": contract}
        self._mine = (job.c.chain == chain, job.c.contract == contract)

    # Taking in

    def begin(
        self,
        issuer: int,
        source: str,
        *,
        is_open: bool = False,
        reissue: bool = False,
        without_history: bool = False,
        bare: bool = False,
        idempotency_key: str | None = None,
        number: str | None = None,
        receiver: str | None = None,
    ) -> tuple[Job, bool]:
        """A new job that is coming in, or the one that the issuer began with the same key; whether it is new.

        A job that did not come in whole (BROKEN) does not stand in the way of another with its key.

        Args:
            number: its id, for whoever has to know it before it is stored; see `new_job_id`.
            receiver: names the process that it comes in at, which says now and then that it still does (`heard`).
        """
        if idempotency_key is not None and (known := self.by_key(issuer, idempotency_key)) is not None:
            if known.state is not JobState.BROKEN:
                return known, False
            self._forget(known)
        made = Job(
            id=number or new_job_id(),
            issuer=issuer,
            state=JobState.RECEIVING,
            is_open=is_open,
            reissue=reissue,
            source=source,
            idempotency_key=idempotency_key,
            body_hash=None,
            created_at=time.time(),
            queued_at=None,
            credentials=0,
            rejected=0,
            duplicates=0,
            anchored_before=0,
            revoked=0,
            batch=None,
            receiver=receiver,
            without_history=without_history,
            bare=bare,
        )
        values = {name: getattr(made, name) for name in Job.__slots__}
        values |= {name: int(values[name]) for name in _FLAGS}
        try:
            with self._engine.begin() as connection:
                values["heard_at"] = None if receiver is None else now(connection)
                connection.execute(insert(job).values(**self._key, **values))
        except IntegrityError:
            # The same request came twice at the same moment; the other one is the job.
            known = None if idempotency_key is None else self.by_key(issuer, idempotency_key)
            if known is None:
                raise
            return known, False
        return made, True

    def accept(
        self,
        number: str,
        credentials: Iterable[Leaf],
        rejects: Iterable[Rejected],
        *,
        left_out: Iterable[Rejected] = (),
        body_hash: bytes | None = None,
    ) -> Job:
        """Store all that came in; the job is on the disk when this returns.

        Args:
            credentials: in the order in which they came; `leaf_index` is not looked at.
            left_out: files that are no credentials by their name or size, with a code of `filekinds.LEFT_OUT`.

        Raises:
            NotPossible: it was given up in the meantime; nothing is stored.
        """
        with self._engine.begin() as connection:
            there = ((number, at, one.digest, one.method, one.source, one.line) for at, one in enumerate(credentials))
            taken = _insert(connection, queued, there)
            refused = _insert(connection, rejected, ((number, at, *one) for at, one in enumerate(rejects)))
            _insert(connection, rejected, ((number, at, *one) for at, one in enumerate(left_out, start=refused)))
            values = {"credentials": taken, "rejected": refused, "body_hash": body_hash, "queued_at": time.time()}
            # A job of which nothing is left but rejects has nothing to wait for.
            state = JobState.QUEUED if taken else JobState.UNCHANGED
            coming_in = (job.c.id == number, job.c.state == JobState.RECEIVING)
            if connection.execute(update(job).where(*coming_in).values(state=state, **values)).rowcount == 0:
                raise NotPossible(
                    "the job took too long to come in and was given up",
                    where=number,
                    remedy="Send it again.",
                    code="given-up",
                )
            return _job(connection.execute(_JOBS.where(job.c.id == number)).one())

    def abandon(self, number: str) -> None:
        """What came in is not whole, and nothing of it counts."""
        coming_in = (job.c.id == number, job.c.state == JobState.RECEIVING)
        with self._engine.begin() as connection:
            connection.execute(update(job).where(*coming_in).values(state=JobState.BROKEN))

    def abandon_old(self, before: float) -> int:
        """Those that have been coming in since before that time will never be whole: the process ended; how many."""
        old = (*self._mine, job.c.state == JobState.RECEIVING, job.c.created_at < before)
        with self._engine.begin() as connection:
            return connection.execute(update(job).where(*old).values(state=JobState.BROKEN)).rowcount

    def heard(self, numbers: Sequence[str]) -> None:
        """These still come in, says the process that they come in at."""
        coming_in = (job.c.id.in_(numbers), job.c.state == JobState.RECEIVING)
        with self._engine.begin() as connection:
            connection.execute(update(job).where(*coming_in).values(heard_at=now(connection)))

    def abandon_silent(self, seconds: float) -> int:
        """Those of which nothing was heard for so long: the process or its machine ended; how many."""
        with self._engine.begin() as connection:
            silent = (*self._mine, job.c.state == JobState.RECEIVING, job.c.heard_at < now(connection) - seconds)
            return connection.execute(update(job).where(*silent).values(state=JobState.BROKEN)).rowcount

    # Asking

    def get(self, number: str) -> Job | None:
        """The job with that id."""
        return self._one(_JOBS.where(*self._mine, job.c.id == number))

    def by_key(self, issuer: int, idempotency_key: str) -> Job | None:
        """The issuer's job with that idempotency key."""
        return self._one(_JOBS.where(*self._mine, job.c.issuer == issuer, job.c.idempotency_key == idempotency_key))

    def all(
        self, *, issuer: int | None = None, state: JobState | None = None, after: Job | None = None, limit: int = 100
    ) -> list[Job]:
        """The newest jobs, or those that follow one of them in this order."""
        query = _JOBS.where(*self._mine)
        if after is not None:
            same_moment = and_(job.c.created_at == after.created_at, job.c.id > after.id)
            query = query.where(or_(job.c.created_at < after.created_at, same_moment))
        query = query if issuer is None else query.where(job.c.issuer == issuer)
        query = query if state is None else query.where(job.c.state == state)
        with self._engine.connect() as connection:
            found = connection.execute(query.order_by(job.c.created_at.desc(), job.c.id).limit(limit))
            return [_job(row) for row in found]

    def of_batch(self, number: int) -> list[Job]:
        """The jobs in a batch, oldest first."""
        with self._engine.connect() as connection:
            found = connection.execute(_JOBS.where(job.c.batch == number).order_by(job.c.created_at))
            return [_job(row) for row in found]

    def rejects(self, number: str) -> Iterator[Rejected]:
        """What of a job has no digest, in the order in which it came."""
        yield from self._rejected(rejected.c.job == number, rejected.c.code.not_in(LEFT_OUT))

    def left_out(self, number: str) -> Iterator[Rejected]:
        """The files of a job that were no credentials by their name or size."""
        yield from self._rejected(rejected.c.job == number, rejected.c.code.in_(LEFT_OUT))

    def _rejected(self, *which: ColumnElement[bool]) -> Iterator[Rejected]:
        columns = (rejected.c.source, rejected.c.line, rejected.c.code, rejected.c.reason)
        query = select(*columns).where(*which).order_by(rejected.c.position)
        with self._engine.connect() as connection:
            yield from (Rejected(*found) for found in connection.execution_options(yield_per=10_000).execute(query))

    def unfinished(self) -> tuple[int, float | None]:
        """How many jobs are not settled, and when the oldest of them was accepted."""
        from anchor.books.tables import SETTLED_STATES

        waiting = job.c.state.in_([JobState.QUEUED, JobState.SEALED])
        pending = batch.c.state.is_(None) | batch.c.state.not_in(SETTLED_STATES)
        joined = job.outerjoin(batch, job.c.batch == batch.c.id)
        query = select(func.count(), func.min(job.c.queued_at)).select_from(joined).where(*self._mine, waiting, pending)
        with self._engine.connect() as connection:
            count, oldest = connection.execute(query).one()
        return count, oldest

    # Sealing

    def waiting(self) -> list[Job]:
        """The jobs that wait to be sealed, oldest first."""
        with self._engine.connect() as connection:
            query = _JOBS.where(*self._mine, job.c.state == JobState.QUEUED).order_by(job.c.queued_at, job.c.id)
            return [_job(row) for row in connection.execute(query)]

    def waits(self, numbers: Sequence[str], code: str, why: str) -> None:
        """Those of the jobs that are not sealed wait for something that is told to whoever looks at them."""
        differs = or_(job.c.waits_code.is_distinct_from(code), job.c.waits_why.is_distinct_from(why))
        here = (job.c.id.in_(numbers), job.c.state == JobState.QUEUED, differs)
        with self._engine.begin() as connection:
            connection.execute(update(job).where(*here).values(waits_code=code, waits_why=why))

    @contextmanager
    def claimed(self, numbers: Sequence[str]) -> Iterator[tuple[Connection, list[Job]]]:
        """Those of the jobs that still wait, which no other process can seal until the block ends; one transaction."""
        query = _JOBS.where(job.c.id.in_(numbers), job.c.state == JobState.QUEUED).order_by(job.c.queued_at, job.c.id)
        with self._engine.begin() as connection:
            if is_postgresql(self._engine):
                query = query.with_for_update(skip_locked=True)
            else:
                # SQLite locks the database with the first write.
                connection.execute(update(job).where(job.c.id.in_(numbers)).values(state=job.c.state))
            yield connection, [_job(row) for row in connection.execute(query)]

    def resting(self, numbers: Collection[str], issuer: int) -> set[str]:
        """Those of an issuer's jobs that have a credential in a batch of it which is neither on chain nor cancelled."""
        ours = (batch.c.chain == self._key["chain"], batch.c.contract == self._key["contract"])
        open_ = (*ours, batch.c.issuer == issuer, batch.c.state.not_in((*ANCHORED_STATES, BatchState.CANCELLED)))
        with self._engine.connect() as connection:
            # Mostly there is none, and then nothing has to be searched.
            if connection.execute(select(batch.c.id).where(*open_).limit(1)).first() is None:
                return set()
            # One credential is enough: a job that waits is looked at in every round, and may be large.
            both = queued.join(leaf, leaf.c.digest == queued.c.digest).join(batch, batch.c.id == leaf.c.batch)
            rests = exists().select_from(both).where(queued.c.job == job.c.id, *open_).correlate(job)
            return set(connection.execute(select(job.c.id).where(job.c.id.in_(numbers), rests)).scalars())

    @staticmethod
    def credentials(connection: Connection, number: str) -> list[Leaf]:
        """What came in with a job, in its order."""
        columns = (queued.c.digest, queued.c.position, queued.c.method, queued.c.source, queued.c.line)
        query = select(*columns).where(queued.c.job == number).order_by(queued.c.position)
        return [Leaf(*found) for found in connection.execute(query)]

    def digests(self, numbers: Sequence[str]) -> list[bytes]:
        """What came in with several jobs that are not sealed, each digest once."""
        with self._engine.connect() as connection:
            return list(
                connection.execute(select(queued.c.digest).where(queued.c.job.in_(numbers)).distinct()).scalars()
            )

    @staticmethod
    def sealed(
        connection: Connection,
        number: str,
        batch_number: int | None,
        *,
        duplicates: int,
        anchored_before: int,
        revoked: int = 0,
    ) -> None:
        """The job is in that batch, or, without one, all of it was anchored before, or revoked."""
        state = JobState.UNCHANGED if batch_number is None else JobState.SEALED
        values: dict[str, Any] = {"duplicates": duplicates, "anchored_before": anchored_before, "revoked": revoked}
        values |= {"batch": batch_number, "waits_code": None, "waits_why": None}
        connection.execute(update(job).where(job.c.id == number).values(state=state, **values))
        connection.execute(delete(queued).where(queued.c.job == number))

    def cancel(self, number: str) -> bool:
        """Take back a job that is not sealed yet; whether that was possible."""
        waiting = (job.c.id == number, job.c.state == JobState.QUEUED)
        with self._engine.begin() as connection:
            done = connection.execute(update(job).where(*waiting).values(state=JobState.CANCELLED)).rowcount == 1
            if done:
                connection.execute(delete(queued).where(queued.c.job == number))
        return done

    def _forget(self, known: Job) -> None:
        with self._engine.begin() as connection:
            connection.execute(update(job).where(job.c.id == known.id).values(idempotency_key=None))

    def _one(self, query: Select[Any]) -> Job | None:
        with self._engine.connect() as connection:
            found = connection.execute(query).first()
        return None if found is None else _job(found)


_FLAGS = ("is_open", "reissue", "without_history", "bare")
_JOBS: Select[Any] = select(*(job.c[name] for name in Job.__slots__))


def _job(found: Any) -> Job:
    values: dict[str, Any] = dict(zip(Job.__slots__, found, strict=True))
    flags = {name: bool(values[name]) for name in _FLAGS}
    return Job(**values | flags | {"state": JobState(values["state"])})


def _insert(connection: Connection, table: Any, rows: Iterator[tuple[Any, ...]]) -> int:
    """Many rows at once, in the order of the table's columns; how many."""
    names = ", ".join(table.columns.keys())
    marks = ", ".join(["?" if connection.dialect.paramstyle == "qmark" else "%s"] * len(table.columns))
    statement = f"INSERT INTO {table.name} ({names}) VALUES ({marks})"  # noqa: S608 - our own names
    count = 0
    while chunk := list(islice(rows, INSERT_CHUNK)):
        connection.exec_driver_sql(statement, chunk)
        count += len(chunk)
    return count
