"""Status jobs: what issuers want to become of credentials, stored before anything is sent."""

from __future__ import annotations

import secrets
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from enum import Enum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Select,
    and_,
    case,
    exists,
    func,
    insert,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.exc import IntegrityError

from anchor.books.deeds import QUERY_CHUNK, NewDeed, add_deed, dissolve, lead, unpark
from anchor.books.jobs import ID_BYTES
from anchor.books.tables import (
    BY_PERSON,
    ENDED_STATES,
    BatchState,
    JobState,
    StatusJobState,
    batch,
    batch_event,
    deed,
    deed_event,
    deed_of_job,
    job,
    leaf,
    queued,
    status_event,
    status_job,
    status_target,
)
from registry.errors import NotPossible
from registry.records import Act


class Way(Enum):
    """Of what something is said: of a credential wherever it is anchored, or of its places in batches."""

    DIGEST = "digest"
    PLACE = "place"


@dataclass(frozen=True, slots=True)
class StatusJob:
    """A status job as the database has it.

    Attributes:
        number: of two jobs about one credential, the one with the higher number is the later word.
        id: unguessable text.
        reason: the word that goes on chain; `note`: why, in words that stay here.
        root: the batch that is to be voided.
        place_only: it says it of the places in batches alone, and not of the digests.
        urgent: it goes before all that is not signed yet.
        not_before: Unix seconds; it is not sent earlier.
        source: `http` or `command`.
        body_hash: SHA-256 of what came in, of a job with an idempotency key.
        created_at, ended_at: Unix seconds.
        credentials: how many it names; of them `overtaken` were left to a later job that asks for the opposite.
        due: it has to be compared with the chain.
        waits_code, waits_why: what it waits for.
    """

    number: int
    id: str
    issuer: int
    act: Act
    reason: str
    note: str
    root: bytes | None
    place_only: bool
    urgent: bool
    not_before: float | None
    source: str
    idempotency_key: str | None
    body_hash: bytes | None
    created_at: float
    credentials: int
    overtaken: int
    state: StatusJobState
    due: bool
    waits_code: str | None
    waits_why: str | None
    ended_at: float | None

    @property
    def ways(self) -> frozenset[Way]:
        """Of what it says it; what lifts suspensions lifts all of a credential's."""
        if self.place_only:
            return frozenset({Way.PLACE})
        return frozenset(Way) if self.act is Act.REINSTATE else frozenset({Way.DIGEST})

    @property
    def is_ended(self) -> bool:
        """Nothing more will happen to it."""
        return self.state in ENDED_STATES

    @property
    def is_by_person(self) -> bool:
        """A person put it aside, and a person alone takes it up again."""
        return self.state is StatusJobState.PARKED and self.waits_code == BY_PERSON


@dataclass(frozen=True, slots=True)
class StatusEvent:
    """Something that happened to a status job. `at` is Unix seconds."""

    at: float
    state: StatusJobState
    detail: str


@dataclass(frozen=True, slots=True)
class NewStatusJob:
    """A status job as it comes in; as `StatusJob`.

    Attributes:
        digests: those it names, each once; none when it is about a whole batch.
        without_anchor: some of them may be in no batch of the issuer here.
    """

    issuer: int
    act: Act
    reason: str
    source: str
    digests: tuple[bytes, ...] = ()
    root: bytes | None = None
    place_only: bool = False
    without_anchor: bool = False
    note: str = ""
    urgent: bool = False
    not_before: float | None = None
    key: str | None = None
    body_hash: bytes | None = None


@dataclass(frozen=True, slots=True)
class Resolved:
    """What became clear of a job by a look at the chain.

    Attributes:
        covering: numbers of stored deeds that do what it asks for.
        detail: for its history; "" when nothing changed.
    """

    job: StatusJob
    state: StatusJobState
    waits_code: str | None = None
    waits_why: str | None = None
    _: KW_ONLY
    due: bool
    overtaken: int = 0
    covering: frozenset[int] = frozenset()
    detail: str = ""


class StatusJobStore:
    """Reads and writes the status jobs of one contract.

    Args:
        chain: CAIP-2 name.
        contract: checksummed address.
    """

    def __init__(self, engine: Engine, chain: str, contract: str):
        self._engine = engine
        self._key = {"chain": chain, "contract": contract}
        self._mine = (status_job.c.chain == chain, status_job.c.contract == contract)
        self._batches = (batch.c.chain == chain, batch.c.contract == contract)
        self._jobs = (job.c.chain == chain, job.c.contract == contract)

    # Taking in

    def add(self, new: NewStatusJob) -> tuple[StatusJob, bool]:
        """Store a job, on the disk when this returns, or find the issuer's one with the same key; whether it is new.

        Raises:
            NotPossible: code `key-reused`: the key belongs to another request.
        """
        if (known := self.repeated(new)) is not None:
            return known, False
        values: dict[str, Any] = {
            "id": secrets.token_hex(ID_BYTES),
            "issuer": new.issuer,
            "act": new.act.word,
            "reason": new.reason,
            "note": new.note,
            "root": new.root,
            "place_only": int(new.place_only),
            "urgent": int(new.urgent),
            "not_before": new.not_before,
            "source": new.source,
            "idempotency_key": None if new.key is None else f"{new.source}:{new.key}",
            "body_hash": new.body_hash,
            "created_at": time.time(),
            "credentials": len(new.digests),
            "state": StatusJobState.PENDING,
            "due": 1,
        }
        try:
            with self._engine.begin() as connection:
                added = insert(status_job).values(**self._key, **values).returning(status_job.c.number)
                number: int = connection.execute(added).scalar_one()
                for start in range(0, len(new.digests), QUERY_CHUNK):
                    share = new.digests[start : start + QUERY_CHUNK]
                    rows = [{"job": number, "digest": digest} for digest in share]
                    connection.execute(insert(status_target), rows)
                _record(connection, number, StatusJobState.PENDING, f"came in by {new.source}")
                return _status_job(connection.execute(_JOBS.where(status_job.c.number == number)).one()), True
        except IntegrityError:
            # The same request came twice at the same moment; the other one is the job.
            if (known := self.repeated(new)) is None:
                raise
            return known, False

    def keep(self, new: NewStatusJob, why: str) -> StatusJob:
        """Store a job that has ended as it came: what it asks for is so, and nothing is to be sent.

        Args:
            new: without an idempotency key.
            why: for its history.
        """
        job, _ = self.add(new)
        with self._engine.begin() as connection:
            self.resolve(connection, [Resolved(job, StatusJobState.UNCHANGED, due=False, detail=why)])
        return replace(job, state=StatusJobState.UNCHANGED, due=False)

    def repeated(self, new: NewStatusJob) -> StatusJob | None:
        """The issuer's job that came with the same key.

        Raises:
            NotPossible: code `key-reused`: the key belongs to another request.
        """
        if new.key is None:
            return None
        key = f"{new.source}:{new.key}"
        found = self._found(status_job.c.issuer == new.issuer, status_job.c.idempotency_key == key)
        if found and found[0].body_hash != new.body_hash:
            raise NotPossible(
                "this idempotency key belongs to another request: its body was different",
                where=new.key,
                remedy="Use a new key for a new job; repeat the old request exactly to ask for the old one.",
                code="key-reused",
            )
        return found[0] if found else None

    def unknown(self, issuer: int, digests: Iterable[bytes]) -> list[bytes]:
        """Those of the digests that are in no batch of the issuer here, nor in a job that waits for its batch."""
        wanted = list(digests)
        known: set[bytes] = set()
        with self._engine.connect() as connection:
            for start in range(0, len(wanted), QUERY_CHUNK):
                share = wanted[start : start + QUERY_CHUNK]
                anchored = select(leaf.c.digest).join(batch, batch.c.id == leaf.c.batch)
                known.update(
                    connection.execute(
                        anchored.where(*self._batches, batch.c.issuer == issuer, leaf.c.digest.in_(share))
                    ).scalars()
                )
                waiting = select(queued.c.digest).join(job, job.c.id == queued.c.job)
                here = (*self._jobs, job.c.issuer == issuer, job.c.state == JobState.QUEUED)
                known.update(connection.execute(waiting.where(*here, queued.c.digest.in_(share))).scalars())
        return [digest for digest in wanted if digest not in known]

    # Asking

    def revoked(self, issuer: int, digests: Sequence[bytes]) -> set[bytes]:
        """Those of the digests that a job of the issuer revokes, or has revoked, by themselves.

        In a voided batch the contract takes no such word any more: then this one alone says that they stay revoked.
        """
        named = select(status_target.c.digest).join(status_job, status_job.c.number == status_target.c.job)
        set_aside = (StatusJobState.CANCELLED, StatusJobState.PARKED)
        which = (
            status_job.c.issuer == issuer,
            status_job.c.act == Act.REVOKE.word,
            status_job.c.state.not_in(set_aside),
        )
        is_due = or_(status_job.c.not_before.is_(None), status_job.c.not_before <= time.time())
        found: set[bytes] = set()
        with self._engine.connect() as connection:
            for start in range(0, len(digests), QUERY_CHUNK):
                here = status_target.c.digest.in_(digests[start : start + QUERY_CHUNK])
                found.update(connection.execute(named.where(*self._mine, *which, is_due, here)).scalars())
        return found

    def get(self, number: str) -> StatusJob | None:
        """The job with that id."""
        found = self._found(status_job.c.id == number)
        return found[0] if found else None

    def all(
        self,
        *,
        issuer: int | None = None,
        state: StatusJobState | None = None,
        after: StatusJob | None = None,
        limit: int = 100,
    ) -> list[StatusJob]:
        """The newest jobs, or those that follow one of them in this order."""
        query = _JOBS.where(*self._mine)
        query = query if after is None else query.where(status_job.c.number < after.number)
        query = query if issuer is None else query.where(status_job.c.issuer == issuer)
        query = query if state is None else query.where(status_job.c.state == state)
        with self._engine.connect() as connection:
            found = connection.execute(query.order_by(status_job.c.number.desc()).limit(limit))
            return [_status_job(row) for row in found]

    def digests(self, one: StatusJob) -> list[bytes]:
        """The credentials that it names, ascending."""
        return self.digests_of([one])[one.number]

    def digests_of(self, jobs: Sequence[StatusJob]) -> dict[int, list[bytes]]:
        """The credentials that each job names, ascending, by the job's number."""
        found: dict[int, list[bytes]] = {one.number: [] for one in jobs}
        query = select(status_target.c.job, status_target.c.digest).order_by(status_target.c.digest)
        with self._engine.connect() as connection:
            for start in range(0, len(jobs), QUERY_CHUNK):
                numbers = [one.number for one in jobs[start : start + QUERY_CHUNK]]
                for number, digest in connection.execute(query.where(status_target.c.job.in_(numbers))):
                    found[number].append(digest)
        return found

    def history(self, one: StatusJob) -> list[StatusEvent]:
        """Everything that happened to it, in order."""
        columns = (status_event.c.at, status_event.c.state, status_event.c.detail)
        query = select(*columns).where(status_event.c.job == one.number).order_by(status_event.c.id)
        with self._engine.connect() as connection:
            return [StatusEvent(at, StatusJobState(state), detail) for at, state, detail in connection.execute(query)]

    def open(self) -> list[StatusJob]:
        """The jobs that have not ended and that no person put aside: urgent ones first, then as they came."""
        put_aside = and_(status_job.c.state == StatusJobState.PARKED, status_job.c.waits_code == BY_PERSON)
        query = _JOBS.where(*self._mine, status_job.c.state.not_in(ENDED_STATES), ~put_aside)
        with self._engine.connect() as connection:
            found = connection.execute(query.order_by(status_job.c.urgent.desc(), status_job.c.number))
            return [_status_job(row) for row in found]

    def asking(self, issuer: int, act: Act, digests: Collection[bytes], moment: float) -> list[StatusJob]:
        """The issuer's jobs that ask this of any of the digests and have yet to be carried out, as they came.

        Args:
            moment: now, in Unix seconds: what is not to be sent yet is left out, as is what a person put aside.
        """
        is_due = or_(status_job.c.not_before.is_(None), status_job.c.not_before <= moment)
        which = (status_job.c.issuer == issuer, status_job.c.act == act.word, is_due)
        begun = (StatusJobState.PENDING, StatusJobState.SEALED, StatusJobState.PARKED)
        put_aside = and_(status_job.c.state == StatusJobState.PARKED, status_job.c.waits_code == BY_PERSON)
        query = _JOBS.where(*self._mine, *which, status_job.c.state.in_(begun), ~put_aside)
        with self._engine.connect() as connection:
            jobs = [_status_job(row) for row in connection.execute(query.order_by(status_job.c.number))]
        named = self.digests_of(jobs)
        return [job for job in jobs if not set(digests).isdisjoint(named[job.number])]

    def overtaken(self, one: StatusJob, moment: float, way: Way) -> dict[bytes, bool]:
        """What of a suspension or its lifting a later job asks the opposite of, and whether that one has ended.

        Args:
            moment: now, in Unix seconds: what is not to be sent yet overtakes nothing yet.
            way: of what it is said: one of the job's.
        """
        if one.act not in (Act.SUSPEND, Act.REINSTATE):
            return {}
        opposite = Act.SUSPEND if one.act is Act.REINSTATE else Act.REINSTATE
        mine, other = status_target.alias(), status_job.c
        query = (
            select(mine.c.digest, func.max(case((other.state.in_(ENDED_STATES), 1), else_=0)))
            .join(status_target, status_target.c.digest == mine.c.digest)
            .join(status_job, other.number == status_target.c.job)
            .where(mine.c.job == one.number, *self._mine, other.issuer == one.issuer, other.act == opposite.word)
            .where(other.state != StatusJobState.CANCELLED, _later_than(one, moment), _says_it(opposite, way))
            .group_by(mine.c.digest)
        )
        with self._engine.connect() as connection:
            return {digest: bool(ended) for digest, ended in connection.execute(query)}

    def stirred(self) -> tuple[int, int]:
        """Two numbers that change when a batch or a deed has come to another state."""
        with self._engine.connect() as connection:
            batches, deeds = (
                connection.execute(select(func.coalesce(func.max(table.c.id), 0))).scalar_one()
                for table in (batch_event, deed_event)
            )
        return batches, deeds

    # The daemon's word

    def resolve(self, connection: Connection, results: Sequence[Resolved], note: str = "") -> None:
        """Store what became clear of jobs, in the caller's transaction.

        Args:
            note: for the history of jobs that were looked at for the first time.

        Raises:
            NotPossible: code `changed`: a person changed one of them at this moment.
        """
        for result in results:
            one = result.job
            values: dict[str, Any] = {
                "state": result.state,
                "due": int(result.due),
                "waits_code": result.waits_code,
                "waits_why": result.waits_why,
                "overtaken": result.overtaken,
                "ended_at": time.time() if result.state in ENDED_STATES else None,
            }
            same = (status_job.c.number == one.number, status_job.c.state == one.state)
            if connection.execute(update(status_job).where(*same).values(**values)).rowcount == 0:
                raise _changed(one)
            if (result.state, result.waits_code) != (one.state, one.waits_code):
                detail = "; ".join(filter(None, (result.detail, note if one.waits_code is None else "")))
                _record(connection, one.number, result.state, detail)
            for number in sorted(result.covering):
                lead(connection, number, [one.number])

    def add_deeds(self, connection: Connection, issuer: int, sender: str, new: Sequence[NewDeed], newest: int) -> None:
        """Store the deeds that jobs of an issuer need, in the transaction of `resolve`.

        Args:
            sender: the account that shall send them.
            newest: the number of the issuer's newest deed that they were planned with.

        Raises:
            NotPossible: code `changed`: another daemon made some in the meantime.
        """
        mine = (deed.c.chain == self._key["chain"], deed.c.contract == self._key["contract"], deed.c.issuer == issuer)
        if connection.execute(select(deed.c.id).where(*mine, deed.c.id > newest).limit(1)).first() is not None:
            raise NotPossible("another process plans for this issuer", remedy="Nothing is to be done.", code="changed")
        for each in new:
            add_deed(connection, {**self._key, "issuer": issuer, "sender": sender}, each)

    # A person's word

    def cancel(self, one: StatusJob) -> None:
        """Take back a job of which nothing is signed.

        Raises:
            NotPossible: it is too late.
        """
        self._put(one, StatusJobState.CANCELLED, None, None, "taken back by a person", "cannot-cancel", "cancelled")

    def park(self, one: StatusJob, why: str) -> None:
        """Put a job aside of which nothing is signed, until a person takes it up again.

        Raises:
            NotPossible: it is too late.
        """
        self._put(one, StatusJobState.PARKED, BY_PERSON, why, f"{BY_PERSON}: {why}", "cannot-park", "put aside")

    def hold(self, one: StatusJob, why: str) -> None:
        """Put a job aside whatever is signed for it: what is under way goes on, and nothing is sent anew for it.

        Raises:
            NotPossible: it changed at this moment.
        """
        with self._engine.begin() as connection:
            self._change(connection, one, StatusJobState.PARKED, BY_PERSON, why, why)
            unsigned = [number for number, nonce in self._deeds_of(connection, one) if nonce is None]
            dissolve(connection, unsigned, why)
            look_again(connection, unsigned, "another job that shared a transaction was taken out of it")

    def retry(self, one: StatusJob) -> None:
        """Have a parked job tried again.

        Raises:
            NotPossible: it is not parked.
        """
        if one.state is not StatusJobState.PARKED:
            raise NotPossible(
                f"this job is {one.state}, not parked: there is nothing to try again",
                where=one.id,
                remedy="`testamur jobs show` tells what it waits for.",
                code="not-parked",
            )
        with self._engine.begin() as connection:
            why = "a person wants it to be tried again"
            self._change(connection, one, StatusJobState.PENDING, None, None, why)
            deeds = self._deeds_of(connection, one)
            # What has no nonce is made anew.
            unsigned = [number for number, nonce in deeds if nonce is None]
            if dissolve(connection, unsigned, why):
                look_again(connection, unsigned, why)
            unpark(connection, [number for number, nonce in deeds if nonce is not None], why)

    def _put(
        self, one: StatusJob, state: StatusJobState, code: str | None, why: str | None, detail: str, no: str, done: str
    ) -> None:
        with self._engine.begin() as connection:
            if not one.is_ended:
                self._change(connection, one, state, code, why, detail)
            deeds = list(self._deeds_of(connection, one))
            unsigned = [number for number, nonce in deeds if nonce is None]
            too_late = one.is_ended or len(unsigned) < len(deeds)
            if too_late or dissolve(connection, unsigned, detail) < len(unsigned):
                raise NotPossible(
                    f"this job is {one.state}"
                    + ("" if one.is_ended else " and a transaction of it is signed")
                    + f": it cannot be {done} any more",
                    where=one.id,
                    remedy="`testamur jobs show` tells what became of it. On chain, a suspension is lifted with "
                    "`testamur reinstate`; a revocation stays.",
                    code=no,
                )
            look_again(connection, unsigned, "another job that shared a transaction was taken out of it")

    def _change(
        self,
        connection: Connection,
        one: StatusJob,
        state: StatusJobState,
        code: str | None,
        why: str | None,
        detail: str,
    ) -> None:
        same = (status_job.c.number == one.number, status_job.c.state == one.state)
        values = {"state": state, "waits_code": code, "waits_why": why, "due": int(state is StatusJobState.PENDING)}
        ended = time.time() if state in ENDED_STATES else None
        if connection.execute(update(status_job).where(*same).values(**values, ended_at=ended)).rowcount == 0:
            raise _changed(one)
        _record(connection, one.number, state, detail)

    @staticmethod
    def _deeds_of(connection: Connection, one: StatusJob) -> list[tuple[int, int | None]]:
        query = select(deed.c.id, deed.c.nonce).join(deed_of_job, deed_of_job.c.deed == deed.c.id)
        here = (deed_of_job.c.job == one.number, deed.c.state != BatchState.CANCELLED)
        return [(number, nonce) for number, nonce in connection.execute(query.where(*here))]

    def _found(self, *which: ColumnElement[bool]) -> list[StatusJob]:
        with self._engine.connect() as connection:
            return [_status_job(row) for row in connection.execute(_JOBS.where(*self._mine, *which))]


def look_again(connection: Connection, deeds: Collection[int], why: str) -> None:
    """The jobs that rested on deeds which were given up are compared with the chain anew."""
    served = exists().where(deed_of_job.c.job == status_job.c.number, deed_of_job.c.deed.in_(deeds))
    put_aside = and_(status_job.c.state == StatusJobState.PARKED, status_job.c.waits_code == BY_PERSON)
    here = (served, status_job.c.state.not_in(ENDED_STATES), ~put_aside)
    values = {"state": StatusJobState.PENDING, "due": 1, "waits_code": None, "waits_why": None}
    numbers = connection.execute(
        update(status_job).where(*here).values(**values).returning(status_job.c.number)
    ).scalars()
    for number in list(numbers):
        _record(connection, number, StatusJobState.PENDING, why)


def reopen(connection: Connection, deeds: Collection[int], why: str) -> None:
    """The jobs that ended by these deeds have not ended: the deeds are sent again."""
    served = exists().where(deed_of_job.c.job == status_job.c.number, deed_of_job.c.deed.in_(deeds))
    values = {"state": StatusJobState.SEALED, "due": 0, "ended_at": None}
    ended = (served, status_job.c.state == StatusJobState.FINAL)
    numbers = connection.execute(update(status_job).where(*ended).values(**values).returning(status_job.c.number))
    for number in list(numbers.scalars()):
        _record(connection, number, StatusJobState.SEALED, why)


def ask_anew(connection: Connection, chain: str, contract: str, why: str) -> None:
    """Compare again what was so without a transaction, all of it or a part: in blocks that are gone, perhaps.

    What lifts suspensions is left out: they may have been meant, by whomever, since.
    """
    here = (status_job.c.chain == chain, status_job.c.contract == contract)
    acts = [act.word for act in (Act.REVOKE, Act.VOID, Act.SUSPEND)]
    for_good = and_(status_job.c.state == StatusJobState.FINAL, status_job.c.act != Act.SUSPEND.word)
    ended = or_(status_job.c.state == StatusJobState.UNCHANGED, for_good)
    values = {"state": StatusJobState.PENDING, "due": 1, "ended_at": None}
    changed = update(status_job).where(*here, status_job.c.act.in_(acts), ended).values(**values)
    for number in list(connection.execute(changed.returning(status_job.c.number)).scalars()):
        _record(connection, number, StatusJobState.PENDING, why)


def _record(connection: Connection, number: int, state: StatusJobState, detail: str) -> None:
    connection.execute(insert(status_event).values(job=number, at=time.time(), state=state, detail=detail))


def _later_than(one: StatusJob, moment: float) -> ColumnElement[bool]:
    """Jobs whose word counts by now, and later than this one's: as they came, or by the moments they were meant for."""
    other = status_job.c
    meant_for = func.coalesce(other.not_before, other.created_at)
    if one.not_before is not None:
        later = meant_for > one.not_before
    else:
        later = case((other.not_before.is_(None), other.number > one.number), else_=meant_for > one.created_at)
    return and_(or_(other.not_before.is_(None), other.not_before <= moment), later, other.number != one.number)


def _says_it(act: Act, way: Way) -> ColumnElement[bool]:
    """Jobs that say it of that, as `StatusJob.ways`."""
    place_only = status_job.c.place_only == 1
    if way is Way.DIGEST:
        return ~place_only
    return place_only if act is not Act.REINSTATE else true()


def _changed(one: StatusJob) -> NotPossible:
    return NotPossible(
        "this job changed at this moment",
        where=one.id,
        remedy="Look at it again with `testamur jobs show`.",
        code="changed",
    )


_JOBS: Select[Any] = select(*(status_job.c[name] for name in StatusJob.__slots__))


def _status_job(found: Any) -> StatusJob:
    values: dict[str, Any] = dict(zip(StatusJob.__slots__, found, strict=True))
    values |= {
        "act": Act.from_word(values["act"]),
        "place_only": bool(values["place_only"]),
        "urgent": bool(values["urgent"]),
        "due": bool(values["due"]),
        "state": StatusJobState(values["state"]),
    }
    return StatusJob(**values)
