"""The drop folder: a file that is put into `<folder>/<issuer's number>/` becomes a job, once."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import orjson
from sqlalchemy.exc import SQLAlchemyError

from anchor.daemon.intake import Desk, Order, Refused, left_out_of, reject_content
from anchor.daemon.notices import Notices
from registry.archives import short_name, storable
from registry.errors import IntakeError, RegistryError
from registry.filekinds import left_out
from registry.store.jobs import Job, JobStore

DONE, FAILED = "done", "failed"
READ_BYTES: Final = 1 << 20
_ISSUER = re.compile(r"[1-9][0-9]{0,17}")


@dataclass(frozen=True, slots=True)
class _Look:
    """What a file was when it was last looked at."""

    inode: int
    size: int
    changed: int

    @classmethod
    def of(cls, path: Path) -> _Look | None:
        """None for what is not a plain file: links may lead anywhere."""
        found = path.lstat()
        return cls(found.st_ino, found.st_size, found.st_mtime_ns) if stat.S_ISREG(found.st_mode) else None


class DropFolder:
    """Turns files into jobs; call `look` again and again, in a thread of its own.

    Who may write into an issuer's folder may send jobs for that issuer. A file that is stored as a job goes to `done/`
    with a `<name>.job.json` beside it; one that is refused goes to `failed/` with a `<name>.reason.json`. Should the
    process end in between, the next look finds the job by its idempotency key and only moves the file.
    """

    def __init__(self, path: Path, desk: Desk, jobs: JobStore, notices: Notices | None = None):
        self._path = path
        self._desk = desk
        self._jobs = jobs
        self._notices = notices or Notices()
        self._seen: dict[Path, _Look] = {}
        self._troubled: dict[Path, _Look] = {}

    def look(self) -> int:
        """Take in every file that has not changed since the last look; how many became jobs or were refused.

        Raises:
            IntakeError: the drop folder itself cannot be read.
        """
        before, self._seen = self._seen, {}
        taken = 0
        for issuer, path in self._files():
            try:
                now = _Look.of(path)
                if now is None:
                    continue
                if before.get(path) == now:
                    taken += self._taken(issuer, path, now)
                else:
                    self._seen[path] = now
            except FileNotFoundError:
                # Whoever put it there took it away again.
                continue
            except (OSError, SQLAlchemyError, RegistryError) as error:
                self._wait(path, now, error)
        self._troubled = {path: look for path, look in self._troubled.items() if path in self._seen}
        return taken

    def _files(self) -> Iterator[tuple[int, Path]]:
        try:
            folders = sorted(entry.name for entry in os.scandir(self._path) if entry.is_dir(follow_symlinks=False))
        except OSError as error:
            raise IntakeError(
                f"the drop folder cannot be read: {error.strerror}",
                where=str(self._path),
                remedy="Check drop_folder and the permissions.",
                code="unreadable",
            ) from None
        for name in folders:
            if _ISSUER.fullmatch(name) is not None:
                for entry in sorted(path for path in (self._path / name).iterdir() if _counts(path.name)):
                    yield int(name), entry

    def _taken(self, issuer: int, path: Path, look: _Look) -> int:
        digest = _digest_of(path)
        named = f"{issuer}/{path.name}\n".encode("utf-8", "replace")
        order = Order(issuer, "folder", key=sha256(named + digest).hexdigest())
        try:
            accepted = self._desk.put(order, path)
        except IntakeError as error:
            if error.code in ("unreadable", "in-progress"):
                raise
            if _Look.of(path) != look:
                return 0
            self._move(path, FAILED, "reason", _reason(error), digest.hex())
            return 1
        if _Look.of(path) != look or _digest_of(path) != digest:
            # What was stored is what was read, and the key says what that was; what is there now is another job.
            return 1
        job = accepted.job
        rejects = [reject_content(each) for each in self._jobs.rejects(job.id)]
        self._move(
            path, DONE, "job", _content(job) | {"rejects": rejects, "leftOut": left_out_of(self._jobs, job.id)}, job.id
        )
        return 1

    def _move(self, path: Path, folder: str, suffix: str, content: dict[str, Any], number: str) -> None:
        """First the note, then the file: a file in `done/` always has its note."""
        target = path.parent / folder
        target.mkdir(exist_ok=True)
        name, content = path.name, content | {"id": number}
        note = target / short_name(name, f".{suffix}.json")
        if (target / name).exists() or _id_in(note) not in (None, number):
            name = short_name(f"{path.stem}-{number[:24]}", path.suffix)
            note = target / short_name(name, f".{suffix}.json")
        partial = target / short_name(f".{note.name}", ".partial")
        with partial.open("wb") as file:
            file.write(orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        partial.replace(note)
        path.replace(target / name)

    def _wait(self, path: Path, look: _Look | None, error: Exception) -> None:
        """Leave a file for the next look; said once, as long as it stays the same."""
        if look is None:
            return
        self._seen[path] = look
        if self._troubled.get(path) != look:
            self._troubled[path] = look
            code = getattr(error, "code", None) or type(error).__name__
            self._notices.tell("round-failed", code=str(code), why=f"{storable(path.name)}: {error}".splitlines()[0])


def _counts(name: str) -> bool:
    return name not in (DONE, FAILED) and left_out(name) is None


def _digest_of(path: Path) -> bytes:
    digest = sha256()
    # Not through a link that took the file's place.
    with os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb") as file:
        while data := file.read(READ_BYTES):
            digest.update(data)
    return digest.digest()


def _id_in(note: Path) -> str | None:
    try:
        found = orjson.loads(note.read_bytes())["id"]
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return str(found)


def _content(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "issuer": job.issuer,
        "credentials": job.credentials,
        "rejected": job.rejected,
    }


def _reason(error: IntakeError) -> dict[str, Any]:
    content: dict[str, Any] = {"code": error.code, "what": error.what, "remedy": error.remedy}
    return content | ({"rejects": [reject_content(r) for r in error.rejects]} if isinstance(error, Refused) else {})
