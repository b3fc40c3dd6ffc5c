"""The folder of one issuer: which of its files are whole, and what becomes of each."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import Any, Final

import orjson

from anchor.books.jobs import Job, JobStore
from anchor.intake.desk import Desk, Order, Refused, left_out_of, reject_content, too_large
from anchor.intake.openfolder import Changed, Look, OpenFolder
from anchor.notices.notices import Notices
from anchor.notices.troubles import Trouble
from registry.credential.filekinds import left_out
from registry.errors import IntakeError, RegistryError
from registry.privatefiles import private_opener
from registry.untrusted.archives import short_name, storable

DONE, FAILED = "done", "failed"
CHANGED: Final = ".changed.json"
LONGEST_NOTE: Final = 1 << 20
# Unfinished files that are watched at a time, of all issuers and of one: each takes a descriptor.
MOST_WATCHED: Final = 128
MOST_WATCHED_OF_ONE: Final = 16
SPOOL_PREFIX: Final = "incoming-"
# The names under which files are written that are renamed when they are whole.
_UNFINISHED: Final = ("unfinished", "hidden")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Clerk:
    """What all folders share."""

    desk: Desk
    jobs: JobStore
    notices: Notices
    spool: Path
    quiet_seconds: float
    clock: Callable[[], float]
    watched: Watched


class Watched:
    """Files under names of unfinished ones, kept open: while they are, no other file can have their number."""

    def __init__(self) -> None:
        self._open: dict[tuple[int, tuple[int, int]], int] = {}

    def add(self, issuer: int, folder: OpenFolder, name: str, look: Look) -> None:
        """Keep it open, if there is a place left; without one, it has to be still like any other."""
        key = (issuer, look.file)
        of_one = sum(other == issuer for other, _ in self._open)
        if key in self._open or len(self._open) >= MOST_WATCHED or of_one >= MOST_WATCHED_OF_ONE:
            return
        with suppress(IntakeError, FileNotFoundError):
            descriptor = folder.open(name)
            now = Look.of(os.fstat(descriptor))
            if now is None or now.file != look.file:
                os.close(descriptor)
            else:
                self._open[key] = descriptor

    def has(self, issuer: int, look: Look) -> bool:
        """Whether it was seen as an unfinished one."""
        return (issuer, look.file) in self._open

    def keep(self, files: set[tuple[int, int]], issuer: int | None = None) -> None:
        """Of an issuer's, or of all, these alone."""
        for key in [key for key in self._open if key[0] == (issuer or key[0]) and key[1] not in files]:
            os.close(self._open.pop(key))


@dataclass(frozen=True, slots=True)
class _Moved:
    """A file that was taken, where it is now, and when it is compared with what was taken.

    Attributes:
        digest, size: of what was taken; None where that is not known and the file is younger than its note.
    """

    folder: str
    name: str
    number: str
    due: float
    digest: bytes | None = None
    size: int | None = None


class Inbox:
    """The folder of one issuer."""

    def __init__(self, issuer: int, clerk: Clerk):
        self._issuer = issuer
        self._clerk = clerk
        self._still: dict[str, tuple[Look, float]] = {}
        self._moved: list[_Moved] = []
        self._is_new = True

    def look(self, folder: OpenFolder) -> tuple[int, Trouble | None]:
        """Take in what is due; how many files that were, and what was wrong with one that was not."""
        for name, suffix in ((DONE, "job"), (FAILED, "reason")):
            with suppress(FileNotFoundError), folder.part(name) as place:
                if self._is_new:
                    self._moved += _written_on(place, name, suffix)
        self._is_new = False
        self.compare(folder, until=self._clerk.clock())
        before, self._still = self._still, {}
        unfinished: set[tuple[int, int]] = set()
        taken, trouble = 0, None
        for name in folder.names():
            try:
                taken += self._seen(folder, name, before.get(name), unfinished)
            except (FileNotFoundError, Changed):
                # Whoever put it there took it away again, or has not finished.
                continue
            except Exception as error:
                # After the same time again. The others are looked at now.
                trouble = trouble or trouble_of(error, name)
        self._clerk.watched.keep(unfinished, self._issuer)
        return taken, trouble

    def _seen(
        self,
        folder: OpenFolder,
        name: str,
        before: tuple[Look, float] | None,
        unfinished: set[tuple[int, int]],
    ) -> int:
        look = None if name in (DONE, FAILED) else folder.look(name)
        if look is None:
            return 0
        reason = left_out(name)
        if reason in _UNFINISHED:
            unfinished.add(look.file)
            self._clerk.watched.add(self._issuer, folder, name, look)
        if reason is not None:
            return 0
        now = self._clerk.clock()
        is_same = before is not None and before[0] == look
        since = before[1] if before is not None and is_same else now
        is_still = is_same and now - since >= self._clerk.quiet_seconds
        if not (is_still or self._clerk.watched.has(self._issuer, look)):
            self._still[name] = (look, since)
            return 0
        # Should it fail, it is tried again after the same time.
        self._still[name] = (look, now)
        taken = self._take(folder, name, look)
        del self._still[name]
        return taken

    def _take(self, folder: OpenFolder, name: str, look: Look) -> int:
        """Make a job of a file, or refuse it; how many files are done with.

        It is digested from a copy of this process: what is stored is what was read, whoever writes meanwhile.
        """
        clerk = self._clerk
        if look.size > (most := clerk.desk.limits.bytes):
            return self._refuse(folder, name, look, too_large(most), None)
        with TemporaryDirectory(prefix=SPOOL_PREFIX, dir=clerk.spool) as spool:
            copy = Path(spool, name)
            with open(copy, "xb", opener=private_opener) as file:
                digest = folder.read(name, look, file.write)
            named = f"{self._issuer}/{name}\n".encode("utf-8", "replace")
            order = Order(self._issuer, "folder", key=sha256(named + digest).hexdigest())
            try:
                accepted = clerk.desk.put(order, copy)
            except IntakeError as error:
                if error.code in ("unreadable", "in-progress"):
                    raise
                return self._refuse(folder, name, look, error, digest)
        if folder.look(name) != look:
            # What was stored is what was read, and the key says what that was; what is there now is another job.
            return 1
        job = accepted.job
        rejects = [reject_content(each) for each in clerk.jobs.rejects(job.id)]
        content = _content(job) | {"rejects": rejects, "leftOut": left_out_of(clerk.jobs, job.id)}
        self._move(folder, name, look, DONE, "job", content, job.id, digest)
        return 1

    def _refuse(self, folder: OpenFolder, name: str, look: Look, error: IntakeError, digest: bytes | None) -> int:
        if folder.look(name) != look:
            return 0
        number = (digest or sha256(repr(look).encode()).digest()).hex()
        self._move(folder, name, look, FAILED, "reason", _reason(error), number, digest)
        return 1

    def _move(
        self,
        folder: OpenFolder,
        name: str,
        look: Look,
        into: str,
        suffix: str,
        content: dict[str, Any],
        number: str,
        digest: bytes | None,
    ) -> None:
        """First the note, then the file: a file in `done/` always has its note."""
        with folder.part(into, make=True) as target:
            new, note = name, short_name(name, f".{suffix}.json")
            if target.has(new) or _id_in(target, note) not in (None, number):
                new = short_name(f"{PurePath(name).stem}-{number[:24]}", PurePath(name).suffix)
                note = short_name(new, f".{suffix}.json")
            target.write(note, _json(content | {"id": number}))
            folder.move(name, target, new)
        if digest is not None:
            due = self._clerk.clock() + self._clerk.quiet_seconds
            self._moved.append(_Moved(into, new, number, due, digest, look.size))

    def compare(self, folder: OpenFolder, *, until: float) -> None:
        """Read once more what was moved away long enough ago: its writer may have gone on writing it there."""
        due = [moved for moved in self._moved if moved.due <= until]
        self._moved = [moved for moved in self._moved if moved.due > until]
        for moved in due:
            # Whoever took it away or closed it has seen it.
            with suppress(FileNotFoundError, IntakeError), folder.part(moved.folder) as place:
                self._compare(place, moved)

    def _compare(self, place: OpenFolder, moved: _Moved) -> None:
        if (look := place.look(moved.name)) is None:
            return
        with suppress(Changed):
            if look.size == moved.size and place.read(moved.name, look, len) == moved.digest:
                return
        size = "not all" if moved.size is None else f"{moved.size:,}"
        why = f"{size} bytes of it were taken, and it has {look.size:,} now"
        job = moved.number if moved.folder == DONE else None
        named = f"{moved.folder}/{storable(moved.name)}"
        self._clerk.notices.tell("drop-changed", issuer=self._issuer, job=job, code="changed", why=f"{named}: {why}")
        remedy = "Put the whole file into the folder again: what is anchored already is left out."
        content = {"id": moved.number, "code": "changed", "what": f"it was written on after it was taken: {why}"}
        place.write(short_name(moved.name, CHANGED), _json(content | {"remedy": remedy}))


def trouble_of(error: Exception, name: str | None = None) -> Trouble:
    """What keeps a folder, or a file in it, from being taken in."""
    trouble = Trouble.of(error)
    if trouble.code == "unexpected":
        _log.error("a file or folder cannot be looked at", exc_info=error)
    why = str(error) if isinstance(error, RegistryError) else trouble.why
    return replace(trouble, why=why if name is None else f"{storable(name)}: {why}")


def _written_on(place: OpenFolder, folder: str, suffix: str) -> Iterator[_Moved]:
    """The files that were written after they were taken, by a process that did not live to see it."""
    names = set(place.names())
    for name in sorted(names):
        note = short_name(name, f".{suffix}.json")
        if note not in names or short_name(name, CHANGED) in names:
            continue
        look, its = place.look(name), place.look(note)
        if look is not None and its is not None and look.modified > its.modified:
            yield _Moved(folder, name, _id_in(place, note) or "", due=0.0)


def _id_in(folder: OpenFolder, note: str) -> str | None:
    """The number that a note is about; None without a note, and nothing's number for what is none."""
    if not folder.has(note):
        return None
    try:
        return str(orjson.loads(folder.small(note, LONGEST_NOTE) or b"")["id"])
    except (ValueError, KeyError, TypeError):
        return ""


def _json(content: dict[str, Any]) -> bytes:
    return orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n"


def _content(job: Job) -> dict[str, Any]:
    return {"id": job.id, "issuer": job.issuer, "credentials": job.credentials, "rejected": job.rejected}


def _reason(error: IntakeError) -> dict[str, Any]:
    content: dict[str, Any] = {"code": error.code, "what": error.what, "remedy": error.remedy}
    return content | ({"rejects": [reject_content(r) for r in error.rejects]} if isinstance(error, Refused) else {})
