"""What comes in to digests, and into the database as a job: accepted means stored, and nothing but digests is kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from anchor.books.batches import Leaf
from anchor.books.jobs import Job, JobStore, Rejected, new_job_id
from anchor.books.tables import JobState
from anchor.intake.coming import SILENT_SECONDS, ComingIn
from anchor.intake.digesting import LeftOut
from anchor.intake.files import Format, digest_of, left_out_content, names_of, take_in
from anchor.intake.streams import Document, IntakeLimits, Lines, Multipart, Taken, Zip, too_many
from anchor.notices.notices import Notices
from registry.errors import IntakeError
from registry.untrusted.archives import storable
from registry.untrusted.forms import Nothing, Sink

# More than can have come in at one process.
CLEARED: Final = 1000


class Kind(StrEnum):
    """What the bytes of a job are."""

    LINES = "lines"
    DOCUMENT = "document"
    DIGESTS = "digests"
    ZIP = "zip"
    MULTIPART = "multipart"


@dataclass(frozen=True, slots=True)
class Order:
    """What an issuer wants to be done with a job.

    Attributes:
        source: `http`, `folder` or `command`.
        is_open: it may share a batch with others of its issuer.
        reissue: anchor again what was anchored before.
        without_history: leave out only what this database knows to be anchored, though the issuer may have more.
        bare: anchor its batch by the root and nothing else, of digests as Blockcerts verifiers make them.
        strict: refuse all of it when a row or file has no digest.
        as_files: a table or a list of digests among the files is a credential, too.
        key: idempotency key: one job, however often it comes.
    """

    issuer: int
    source: str
    is_open: bool = False
    reissue: bool = False
    strict: bool = False
    key: str | None = None
    as_files: bool = False
    without_history: bool = False
    bare: bool = False

    @property
    def stored_key(self) -> str | None:
        """The key as it is stored: the ways in do not share their keys."""
        return None if self.key is None else f"{self.source}:{self.key}"

    def fingerprint(self, kind: str) -> bytes:
        """What a repeated request has to have in common with the first one, besides its body."""
        said = {" files": self.as_files, " without-history": self.without_history, " bare": self.bare}
        return f"{kind} {self.is_open:d} {self.reissue:d}{''.join(name for name in said if said[name])}\n".encode()


@dataclass(frozen=True, slots=True)
class Accepted:
    """A job that is on the disk; `replayed` when it was there before this request."""

    job: Job
    replayed: bool


class Desk:
    """Takes jobs in. Its methods wait for the disk: call them from threads.

    Args:
        workers: processes that digest a large file; what comes in over HTTP is digested in the calling thread.
        process: the name of this one; default: `anchor.processes.this_process`.
    """

    def __init__(
        self,
        jobs: JobStore,
        limits: IntakeLimits,
        notices: Notices | None = None,
        *,
        workers: int | None = None,
        process: str | None = None,
    ):
        self._jobs = jobs
        self._coming_in = ComingIn(jobs, name=process)
        self._limits = limits
        self._notices = notices or Notices()
        self._workers = workers

    @property
    def jobs(self) -> JobStore:
        """Where the jobs are."""
        return self._jobs

    @property
    def limits(self) -> IntakeLimits:
        """How large a job may be."""
        return self._limits

    def receive(
        self, order: Order, kind: Kind, *, boundary: bytes = b"", between: Callable[[], None] = lambda: None
    ) -> Incoming:
        """A job whose bytes are about to come in.

        Args:
            boundary: between the parts of a multipart body.
            between: called between two pieces of longer work, in the thread that does it; it may wait, or raise.

        Raises:
            IntakeError: code `in-progress`: a job with the same idempotency key is coming in.
        """
        job, is_new = self._begun(order)
        return Incoming(
            self._jobs,
            self._notices,
            self._limits,
            order,
            kind,
            job,
            coming_in=self._coming_in,
            is_new=is_new,
            boundary=boundary,
            between=between,
        )

    def put(self, order: Order, path: Path, *, format: Format = Format.AUTO) -> Accepted:  # noqa: A002
        """A job from a folder or file that is there as a whole.

        Raises:
            IntakeError: it cannot be read, is too large, or is refused as a whole.
        """
        job, is_new = self._begun(order)
        if not is_new:
            return Accepted(job, replayed=True)
        try:
            if path.is_file() and path.stat().st_size > self._limits.bytes:
                raise too_large(self._limits.bytes)
            limits = self._limits.document
            as_files, as_rdf = order.as_files, order.bare
            intake = take_in(
                path, format=format, as_files=as_files, as_rdf=as_rdf, limits=limits, workers=self._workers
            )
            if len(intake.records) + len(intake.rejects) > self._limits.credentials:
                raise too_many(self._limits.credentials)
            prefix = f"{job.id}/" if order.is_open else ""
            rejects = [Rejected(storable(r.source), r.line, r.code, storable(r.reason)) for r in intake.rejects]
            left = [_left(each) for each in intake.left_out]
            _refuse_if_wanted(len(intake.records), rejects, order)
            origins = ((record, intake.origin(record)) for record in intake.records)
            leaves = (Leaf(digest_of(r), 0, r[32], prefix + storable(o.source), o.line) for r, o in origins)
            accepted = self._jobs.accept(job.id, leaves, rejects, left_out=left)
        except BaseException as error:
            self._jobs.abandon(job.id)
            _tell_refused(self._notices, order, error)
            raise
        finally:
            self._coming_in.remove(job.id)
        _tell_accepted(self._notices, accepted)
        return Accepted(accepted, replayed=False)

    def _begun(self, order: Order) -> tuple[Job, bool]:
        for _ in range(2):
            number = new_job_id()
            # Before anybody can see it: what is said to come in here and does not is lost.
            self._coming_in.add(number)
            try:
                job, is_new = self._jobs.begin(
                    order.issuer,
                    order.source,
                    is_open=order.is_open,
                    reissue=order.reissue,
                    without_history=order.without_history,
                    bare=order.bare,
                    idempotency_key=order.stored_key,
                    number=number,
                    receiver=self._coming_in.name,
                )
            except BaseException:
                self._coming_in.remove(number)
                raise
            if is_new:
                return job, True
            self._coming_in.remove(number)
            if job.state is not JobState.RECEIVING:
                return job, False
            if self._coming_in.is_lost(job):
                self._jobs.abandon(job.id)
            else:
                self.give_up_old()
        raise IntakeError(
            "a job with this idempotency key is coming in at this moment",
            where=order.key,
            remedy=f"Wait for its answer, or send it again in {SILENT_SECONDS:g} seconds: when the process that it "
            "came in at has ended, its key is free by then.",
            code="in-progress",
        )

    def clear(self) -> int:
        """Give up what came in at a process of this machine that has ended, and what is too old; how many."""
        lost = [job for job in self._jobs.all(state=JobState.RECEIVING, limit=CLEARED) if self._coming_in.is_lost(job)]
        for job in lost:
            self._jobs.abandon(job.id)
        return len(lost) + self.give_up_old()

    def give_up_old(self) -> int:
        """Jobs of which nothing was heard, or that did not come in as a whole in their time, never will; how many."""
        silent = self._jobs.abandon_silent(SILENT_SECONDS)
        return silent + self._jobs.abandon_old(time.time() - self._limits.seconds)


class Incoming:
    """A job while it comes in: feed it, then finish or abandon it. One thread at a time."""

    def __init__(
        self,
        jobs: JobStore,
        notices: Notices,
        limits: IntakeLimits,
        order: Order,
        kind: Kind,
        job: Job,
        *,
        coming_in: ComingIn,
        is_new: bool,
        boundary: bytes,
        between: Callable[[], None],
    ):
        self._jobs = jobs
        self._coming_in = coming_in
        self._notices = notices
        self._limits = limits
        self._order = order
        self._job = job
        self._is_new = is_new
        self._left = limits.bytes
        self._hash = sha256(order.fingerprint(kind))
        self._hashes_bytes = kind is not Kind.MULTIPART
        self._taken = Taken(limits, f"{job.id}/" if order.is_open else "", between, order.as_files, order.bare)
        self._sink = self._sink_for(kind, boundary)

    def feed(self, data: bytes) -> None:
        """The next bytes.

        Raises:
            IntakeError: it is too large, or not what it says it is.
        """
        self._left -= len(data)
        if self._left < 0:
            raise too_large(self._limits.bytes)
        if self._hashes_bytes:
            self._hash.update(data)
        self._sink.feed(data)

    def finish(self) -> Accepted:
        """All bytes are there; the job is on the disk when this returns.

        Raises:
            IntakeError: it is refused as a whole, or its idempotency key belongs to another job.
        """
        self._sink.finish()
        body_hash = self._hash.digest()
        if not self._is_new:
            return self._replayed(body_hash)
        rejects = list(self._taken.rejects())
        _refuse_if_wanted(self._taken.credentials, rejects, self._order, self._taken.left_out)
        left = [_left(each) for each in self._taken.left_out]
        accepted = self._jobs.accept(self._job.id, self._taken.leaves(), rejects, left_out=left, body_hash=body_hash)
        self._coming_in.remove(self._job.id)
        _tell_accepted(self._notices, accepted)
        return Accepted(accepted, replayed=False)

    def abandon(self, error: BaseException | None = None) -> None:
        """Nothing of it counts; a job that is stored already stays."""
        self._sink.close()
        if self._is_new:
            # When the database is away now, the next one with this key finds that it does not come in any more.
            self._coming_in.remove(self._job.id)
            self._jobs.abandon(self._job.id)
            _tell_refused(self._notices, self._order, error)

    def _replayed(self, body_hash: bytes) -> Accepted:
        if self._job.body_hash != body_hash:
            raise IntakeError(
                "this idempotency key belongs to another request: its body, its type or its options were different",
                where=self._order.key,
                remedy="Use a new key for a new job; repeat the old request exactly to ask for the old one.",
                code="key-reused",
            )
        return Accepted(self._job, replayed=True)

    def _sink_for(self, kind: Kind, boundary: bytes) -> Sink:
        limits, taken = self._limits, self._taken
        if kind is Kind.MULTIPART:
            return Multipart(boundary, limits, taken if self._is_new else None, self._hash.update)
        if not self._is_new:
            return Nothing()
        if kind is Kind.ZIP:
            return Zip("", limits, taken)
        if kind is Kind.DOCUMENT:
            return Document(f"{self._job.id}.json", limits, taken)
        suffix = "digests" if kind is Kind.DIGESTS else "jsonl"
        return Lines(f"{self._job.id}.{suffix}", limits, taken, of_digests=kind is Kind.DIGESTS)


def _refuse_if_wanted(
    credentials: int, rejects: list[Rejected], order: Order, left_out: Sequence[LeftOut] = ()
) -> None:
    if not credentials and not rejects:
        left = f"; left out were {storable(names_of(left_out))}" if left_out else ""
        raise IntakeError(f"there is no credential in it{left}", remedy="Check what is sent.", code="empty")
    if rejects and (order.strict or not credentials):
        raise Refused(rejects, everything=not credentials)


def _left(each: LeftOut) -> Rejected:
    return Rejected(storable(each.source), 0, each.code, "")


class Refused(IntakeError):
    """A job of which nothing counts, because of its rejects."""

    SHOWN: Final = 20

    def __init__(self, rejects: Iterable[Rejected], *, everything: bool):
        self.rejects = list(rejects)
        first = self.rejects[0]
        place = f"{first.source}, line {first.line}" if first.line else first.source
        super().__init__(
            f"{'everything' if everything else 'a part'} of the job was rejected ({len(self.rejects):,}), and nothing "
            f"was accepted; the first is {place}: {first.reason}",
            remedy="Correct what was rejected" + ("." if everything else ", or send it without strict."),
            code="rejects",
        )

    def shown(self) -> list[dict[str, str | int | None]]:
        """The first of the rejects."""
        return [reject_content(each) for each in self.rejects[: self.SHOWN]]


def reject_content(each: Rejected) -> dict[str, str | int | None]:
    """A reject for JSON."""
    return {"source": each.source, "line": each.line or None, "code": each.code, "reason": each.reason}


def left_out_of(jobs: JobStore, number: str) -> dict[str, Any]:
    """The files of a job that were no credentials by their name or size, for JSON."""
    return left_out_content([LeftOut(each.source, each.code) for each in jobs.left_out(number)])


def too_large(most: int) -> IntakeError:
    return IntakeError(
        f"the job has more than {most:,} bytes",
        remedy="Send it in several jobs, or ask whoever runs the daemon to raise intake_bytes.",
        code="too-large",
    )


def _tell_accepted(notices: Notices, job: Job) -> None:
    counts = {"credentials": job.credentials, "rejected": job.rejected}
    notices.tell("job-accepted", job=job.id, issuer=job.issuer, source=job.source, **counts)


def _tell_refused(notices: Notices, order: Order, error: BaseException | None) -> None:
    code = getattr(error, "code", None) or ("incomplete" if error is None else type(error).__name__)
    notices.tell("intake-refused", issuer=order.issuer, source=order.source, code=str(code))
