"""What comes in to digests, and into the database as a job: accepted means stored, and nothing but digests is kept."""

from __future__ import annotations

import tempfile
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, Final, cast

from anchor.books.batches import Leaf
from anchor.books.jobs import Job, JobStore, Rejected, new_job_id
from anchor.books.tables import JobState
from anchor.intake.coming import SILENT_SECONDS, ComingIn
from anchor.intake.digesting import Collector, Digested, LeftOut, digest_piece, head_of, readable_entries, zip_pieces
from anchor.intake.files import Format, digest_of, left_out_content, names_of, take_in
from anchor.notices.notices import Notices
from anchor.settings import Settings
from registry.credential.digest import DEFAULT_LIMITS, JSON_SUFFIXES, Limits
from registry.credential.digestlist import LONGEST_LINE, is_digest_list
from registry.credential.filekinds import DIGEST_SUFFIXES, LINE_SUFFIXES, left_out
from registry.errors import IntakeError
from registry.untrusted.archives import UNREADABLE_ZIP, check_directory, file_name, is_packed_usually, storable
from registry.untrusted.forms import FormReader, Nothing, Part, Sink, bad_form

# What stays in memory of a file before it goes to a temporary one, which has no name and ends with the process.
SPOOLED_BYTES: Final = 1 << 20
UNPACKED_FACTOR: Final = 20
# The list of files in a ZIP is read as a whole, and grows tenfold in memory.
MOST_DIRECTORY_BYTES: Final = 64 << 20
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
class IntakeLimits:
    """How large a job may be and how long it may take to come in; see the settings `intake_*`."""

    bytes: int = 1 << 30
    credentials: int = 1_000_000
    seconds: float = 600.0
    idle_seconds: float = 30.0
    document: Limits = DEFAULT_LIMITS

    @classmethod
    def of(cls, settings: Settings) -> IntakeLimits:
        """Those of the settings."""
        document = Limits(max_bytes=settings.max_document_bytes, max_depth=settings.max_document_depth)
        return cls(
            settings.intake_bytes,
            settings.intake_credentials,
            settings.intake_seconds,
            settings.intake_idle_seconds,
            document,
        )


@dataclass(frozen=True, slots=True)
class Order:
    """What an issuer wants to be done with a job.

    Attributes:
        source: `http`, `folder` or `command`.
        is_open: it may share a batch with others of its issuer.
        reissue: anchor again what was anchored before.
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

    @property
    def stored_key(self) -> str | None:
        """The key as it is stored: the ways in do not share their keys."""
        return None if self.key is None else f"{self.source}:{self.key}"

    def fingerprint(self, kind: str) -> bytes:
        """What a repeated request has to have in common with the first one, besides its body."""
        return f"{kind} {self.is_open:d} {self.reissue:d}{' files' if self.as_files else ''}\n".encode()


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
            intake = take_in(path, format=format, as_files=order.as_files, limits=limits, workers=self._workers)
            if len(intake.records) + len(intake.rejects) > self._limits.credentials:
                raise _too_many(self._limits.credentials)
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
        self._taken = _Taken(limits, f"{job.id}/" if order.is_open else "", between, order.as_files)
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
            return _Multipart(boundary, limits, taken if self._is_new else None, self._hash.update)
        if not self._is_new:
            return Nothing()
        if kind is Kind.ZIP:
            return _Zip("", limits, taken)
        if kind is Kind.DOCUMENT:
            return _Document(f"{self._job.id}.json", limits, taken)
        suffix = "digests" if kind is Kind.DIGESTS else "jsonl"
        return _Lines(f"{self._job.id}.{suffix}", limits, taken, of_digests=kind is Kind.DIGESTS)


@dataclass(slots=True)
class _Part:
    """What came of one file, or of the lines of one."""

    sources: tuple[str, ...]
    digested: Digested
    by_line: bool

    def place(self, position: int) -> tuple[str, int]:
        return (self.sources[0], position + 1) if self.by_line else (self.sources[position], 0)


@dataclass(slots=True)
class _Taken:
    """The digests of a job, 37 bytes a credential, and its rejects; `rows` counts both, and blank lines.

    `between` is called between two pieces of longer work.
    """

    limits: IntakeLimits
    prefix: str
    between: Callable[[], None]
    as_files: bool = False
    rows: int = 0
    parts: list[_Part] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)

    def count(self, rows: int) -> None:
        self.rows += rows
        if self.rows > self.limits.credentials:
            raise _too_many(self.limits.credentials)

    @property
    def credentials(self) -> int:
        return sum(len(part.digested.positions) // 4 for part in self.parts)

    def leaves(self) -> Iterator[Leaf]:
        for part in self.parts:
            packed, positions = part.digested.digests, memoryview(part.digested.positions)
            for number in range(len(positions) // 4):
                at = 33 * number
                source, line = part.place(int.from_bytes(positions[4 * number : 4 * number + 4], "big"))
                yield Leaf(packed[at : at + 32], 0, packed[at + 32], storable(self.prefix + source), line)

    def rejects(self) -> Iterator[Rejected]:
        for part in self.parts:
            for position, code, reason in part.digested.rejects:
                source, line = part.place(position)
                yield Rejected(storable(source), line, code, storable(reason))


class _Lines(Nothing):
    """A credential or a digest a line; of a line that is too long, a little more than allowed is kept."""

    def __init__(self, source: str, limits: IntakeLimits, taken: _Taken, *, of_digests: bool):
        self._source = source
        self._taken = taken
        self._longest = (LONGEST_LINE if of_digests else limits.document.max_bytes) + 3
        self._of_digests = of_digests
        self._collector = Collector(limits.document, None)
        self._begun = bytearray()
        self._length = 0

    def feed(self, data: bytes) -> None:
        *ends, rest = data.split(b"\n")
        for end in ends:
            self._append(end)
            self._end_line()
        self._append(rest)

    def finish(self) -> None:
        if self._begun:
            self._end_line()
        self._taken.parts.append(_Part((self._source,), self._collector.result(), by_line=True))

    def _append(self, data: bytes) -> None:
        self._begun += data[: max(0, self._longest - len(self._begun))]
        self._length += len(data)

    def _end_line(self) -> None:
        self._taken.count(1)
        line = bytes(self._begun).rstrip(b"\r\n")
        if self._of_digests:
            self._collector.given(line)
        else:
            self._collector.line(line, self._length)
        self._begun.clear()
        self._length = 0


class _Document(Nothing):
    """One JSON document."""

    def __init__(self, source: str, limits: IntakeLimits, taken: _Taken):
        self._source = source
        self._limits = limits
        self._taken = taken
        self._data = bytearray()
        self._length = 0

    def feed(self, data: bytes) -> None:
        self._data += data[: max(0, self._limits.document.max_bytes + 1 - len(self._data))]
        self._length += len(data)

    def finish(self) -> None:
        if not self._data.strip():
            return
        self._taken.count(1)
        collector = Collector(self._limits.document, None)
        collector.document(0, bytes(self._data), self._length)
        self._taken.parts.append(_Part((self._source,), collector.result(), by_line=False))


class _Spooled(Nothing):
    """A file that is digested once it is whole."""

    def __init__(self, source: str, limits: IntakeLimits, taken: _Taken):
        self._source = source
        self._limits = limits
        self._taken = taken
        self._file = cast(IO[bytes], tempfile.SpooledTemporaryFile(SPOOLED_BYTES))  # noqa: SIM115 - closed below

    def feed(self, data: bytes) -> None:
        self._file.write(data)

    def finish(self) -> None:
        try:
            self._file.seek(0)
            self._digest()
        finally:
            self.close()

    def close(self) -> None:
        self._file.close()

    def _digest(self) -> None:
        if (code := left_out(self._source, self._file.seek(0, 2))) is not None:
            self._taken.left_out.append(LeftOut(self._source, code))
            return
        self._file.seek(0)
        if not self._taken.as_files and self._is_list():
            self._digest_list()
            return
        self._taken.count(1)
        collector = Collector(self._limits.document, None, as_files=self._taken.as_files)
        collector.file(0, self._source, cast(Any, self._file))
        self._taken.parts.append(_Part((self._source,), collector.result(), by_line=False))

    def _is_list(self) -> bool:
        if self._source.lower().endswith(JSON_SUFFIXES):
            return False
        try:
            return is_digest_list(head_of(cast(Any, self._file)))
        except IntakeError:
            # The collector refuses it with the reason.
            return False

    def _digest_list(self) -> None:
        lines = _Lines(self._source, self._limits, self._taken, of_digests=True)
        while data := self._file.read(SPOOLED_BYTES):
            self._taken.between()
            lines.feed(data)
        lines.finish()


class _Zip(_Spooled):
    """A ZIP; each file in it is a credential."""

    def _digest(self) -> None:
        try:
            check_directory(self._file, MOST_DIRECTORY_BYTES)
            with zipfile.ZipFile(self._file) as archive:
                entries, left = readable_entries(archive)
                inside = f"{self._source}/" if self._source else ""
                self._taken.left_out += [LeftOut(f"{inside}{each.source}", each.code) for each in left]
                self._check(entries)
                for piece in zip_pieces(archive, entries, archive, as_files=self._taken.as_files):
                    self._taken.between()
                    digested = digest_piece((piece, self._limits.document, None))
                    shown = tuple(f"{self._source}/{name}" if self._source else name for name in piece.sources)
                    self._taken.parts.append(_Part(shown, digested, by_line=False))
        except UNREADABLE_ZIP as error:
            raise _bad_zip(str(error)) from None

    def _check(self, entries: list[zipfile.ZipInfo]) -> None:
        self._taken.count(len(entries))
        allowed = UNPACKED_FACTOR * self._limits.bytes
        if sum(entry.file_size for entry in entries) > allowed:
            raise _bad_zip(f"it unpacks to more than {allowed:,} bytes")
        if not all(map(is_packed_usually, entries)):
            raise _bad_zip("it is packed otherwise than by deflate")


class _Multipart(FormReader):
    """A form with files: JSONL and ZIP files become their credentials, every other file is one.

    Args:
        taken: None when the files are only compared with earlier ones.
        hashed: gets the name and the hash of each file; the boundary between them may differ in a repeated request.
    """

    def __init__(self, boundary: bytes, limits: IntakeLimits, taken: _Taken | None, hashed: Callable[[bytes], None]):
        super().__init__(boundary, self._file)
        self._limits = limits
        self._taken = taken
        self._hashed = hashed
        self._names: set[str] = set()

    def _file(self, part: Part) -> Sink:
        if part.filename is None:
            raise bad_form("a part of it is not a file")
        name = file_name(part.filename)
        return _Hashing(self._sink_for(self._unused(name)), name.encode("utf-8", "replace"), self._hashed)

    def _unused(self, name: str) -> str:
        """The name, or one with a number: receipts are named after the files."""
        chosen = name if name not in self._names else f"{len(self._names) + 1}-{name}"
        self._names.add(chosen)
        if len(self._names) > self._limits.credentials:
            raise _too_many(self._limits.credentials)
        return chosen

    def _sink_for(self, name: str) -> Sink:
        if self._taken is None:
            return Nothing()
        lower = name.lower()
        if lower.endswith(LINE_SUFFIXES):
            return _Lines(name, self._limits, self._taken, of_digests=False)
        if lower.endswith(DIGEST_SUFFIXES):
            return _Lines(name, self._limits, self._taken, of_digests=True)
        return (_Zip if lower.endswith(".zip") else _Spooled)(name, self._limits, self._taken)


class _Hashing:
    """Hashes a name and a file on its way.

    Args:
        hashed: gets the hash before the file is finished.
    """

    def __init__(self, sink: Sink, name: bytes, hashed: Callable[[bytes], None]):
        self._sink = sink
        self._hash = sha256(name)
        self._hashed = hashed

    def feed(self, data: bytes) -> None:
        self._hash.update(data)
        self._sink.feed(data)

    def finish(self) -> None:
        self._hashed(self._hash.digest())
        self._sink.finish()

    def close(self) -> None:
        self._sink.close()


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


def _too_many(most: int) -> IntakeError:
    return IntakeError(
        f"the job has more than {most:,} rows or files",
        remedy="Send it in several jobs, or ask whoever runs the daemon to raise intake_credentials.",
        code="too-many",
    )


def _bad_zip(why: str) -> IntakeError:
    return IntakeError(
        f"this is not a ZIP file that can be read: {storable(why)}",
        remedy="Create the ZIP again, with deflate and without encryption.",
        code="bad-zip",
    )


def _tell_accepted(notices: Notices, job: Job) -> None:
    counts = {"credentials": job.credentials, "rejected": job.rejected}
    notices.tell("job-accepted", job=job.id, issuer=job.issuer, source=job.source, **counts)


def _tell_refused(notices: Notices, order: Order, error: BaseException | None) -> None:
    code = getattr(error, "code", None) or ("incomplete" if error is None else type(error).__name__)
    notices.tell("intake-refused", issuer=order.issuer, source=order.source, code=str(code))
