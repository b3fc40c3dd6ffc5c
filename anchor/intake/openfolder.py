"""A folder that strangers write into, by its descriptor: what is done in it is done there, whatever its name leads to.

No link is followed on the way into it or within it: somebody who may write into one folder could lead a move, or a
note, into any other that this process may write.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Final

from registry.errors import IntakeError
from registry.untrusted.archives import short_name, storable

READ_BYTES: Final = 1 << 20
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# A pipe that took a file's place does not block, and a terminal does not become that of this process.
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Look:
    """What a file was when it was looked at; times in nanoseconds.

    Attributes:
        changed: when its bytes, its rights or its name changed; nobody can set it.
    """

    device: int
    inode: int
    size: int
    modified: int
    changed: int

    @classmethod
    def of(cls, found: os.stat_result) -> Look | None:
        """None for what is not a plain file."""
        if not stat.S_ISREG(found.st_mode):
            return None
        return cls(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)

    @property
    def file(self) -> tuple[int, int]:
        """Which file it is, whatever its name and its bytes."""
        return self.device, self.inode


class Changed(Exception):
    """A file is not what it was when it was looked at."""


class OpenFolder:
    """An open folder; close it after use. Names are names in it, without folders.

    Every method that fails raises an `IntakeError`, code `unreadable` or `unwritable`; or FileNotFoundError for a file
    that is not there any more.
    """

    def __init__(self, descriptor: int, shown: str):
        self._descriptor = descriptor
        self._shown = shown

    @classmethod
    def at(cls, path: Path) -> OpenFolder:
        """The operator's own folder, which may be behind a link.

        Raises:
            IntakeError: code `unreadable`.
        """
        with _told(str(path), "unreadable", missing="it is not there"):
            return cls(os.open(path, _FOLDER), str(path))

    def __enter__(self) -> OpenFolder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)

    def folder(self, name: str, *, make: bool = False) -> OpenFolder:
        """A folder in this one.

        Args:
            make: it, if it is not there.

        Raises:
            IntakeError: code `not-a-folder`: it is a link or a file; code `other-disk` or `other-owner`: somebody has
                put another folder there.
        """
        where = f"{self._shown}/{storable(name)}"
        with _told(where, "unreadable"):
            if make:
                with _told(where, "unwritable"), suppress(FileExistsError):
                    os.mkdir(name, dir_fd=self._descriptor)
            try:
                opened = OpenFolder(os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=self._descriptor), where)
            except OSError as error:
                if error.errno in (errno.ELOOP, errno.ENOTDIR):
                    raise _refused(where, "not-a-folder", "it is a link or a file where a folder is expected") from None
                raise
        return opened

    def part(self, name: str, *, make: bool = False) -> OpenFolder:
        """A folder in this one that files of this one are moved to: of the same disk, of its owner or of this process.

        Raises:
            IntakeError: as `folder`, and code `other-disk` or `other-owner`.
        """
        opened = self.folder(name, make=make)
        mine, its = os.fstat(self._descriptor), os.fstat(opened._descriptor)
        if its.st_dev != mine.st_dev:
            os.close(opened._descriptor)
            raise _refused(opened._shown, "other-disk", "another disk is mounted there")
        if its.st_uid not in (0, os.geteuid(), mine.st_uid):
            os.close(opened._descriptor)
            raise _refused(opened._shown, "other-owner", "it belongs to somebody else than the folder that it is in")
        return opened

    def names(self) -> list[str]:
        """Everything that is in it, sorted."""
        with _told(self._shown, "unreadable"):
            return sorted(os.listdir(self._descriptor))  # noqa: PTH208 - of a descriptor

    def look(self, name: str) -> Look | None:
        """What a file is; None for what is no file."""
        with _told(self._of(name), "unreadable"):
            return Look.of(os.stat(name, dir_fd=self._descriptor, follow_symlinks=False))

    def has(self, name: str) -> bool:
        """Whether anything has that name."""
        try:
            self.look(name)
        except FileNotFoundError:
            return False
        return True

    def open(self, name: str) -> int:
        """A descriptor of a file, to read from. The caller closes it."""
        with _told(self._of(name), "unreadable"):
            return os.open(name, _FILE, dir_fd=self._descriptor)

    def read(self, name: str, look: Look, take: Callable[[bytes], object]) -> bytes:
        """The SHA-256 of a file, whose bytes are handed on piece by piece.

        Raises:
            Changed: it was not what it was looked at when it was opened, or when all of it was read.
        """
        descriptor, digest, size = self.open(name), sha256(), 0
        try:
            while data := self._piece(name, descriptor, look):
                take(data)
                digest.update(data)
                size += len(data)
            if size != look.size or self.look(name) != look:
                raise Changed
        finally:
            os.close(descriptor)
        return digest.digest()

    def _piece(self, name: str, descriptor: int, look: Look) -> bytes:
        with _told(self._of(name), "unreadable"):
            if Look.of(os.fstat(descriptor)) != look:
                raise Changed
            return os.read(descriptor, READ_BYTES)

    def small(self, name: str, most: int) -> bytes | None:
        """The bytes of a small file; None when it is not there, or no file."""
        try:
            if (look := self.look(name)) is None or look.size > most:
                return None
            pieces: list[bytes] = []
            self.read(name, look, pieces.append)
        except (FileNotFoundError, Changed):
            return None
        return b"".join(pieces)

    def write(self, name: str, content: bytes) -> None:
        """Write a file whose name appears only when all of it is on the disk."""
        partial = short_name(f".{name}", ".partial")
        with _told(self._of(name), "unwritable"):
            with suppress(FileNotFoundError):
                os.unlink(partial, dir_fd=self._descriptor)
            with os.fdopen(os.open(partial, _NEW, 0o666, dir_fd=self._descriptor), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, name, src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)

    def move(self, name: str, folder: OpenFolder, new: str) -> None:
        """Move a file into another folder of the same disk."""
        with _told(self._of(name), "unwritable"):
            os.replace(name, new, src_dir_fd=self._descriptor, dst_dir_fd=folder._descriptor)

    def _of(self, name: str) -> str:
        return f"{self._shown}/{storable(name)}"


@contextmanager
def _told(where: str, code: str, *, missing: str | None = None) -> Iterator[None]:
    """What fails there is the matter of whoever the folder belongs to, and no trouble of this machine."""
    try:
        yield
    except FileNotFoundError:
        if missing is None:
            raise
        raise _refused(where, code, missing) from None
    except OSError as error:
        raise _refused(where, code, error.strerror or type(error).__name__) from None


def _refused(where: str, code: str, why: str) -> IntakeError:
    return IntakeError(why, where=where, remedy="Check the folder, its owner and its rights.", code=code)
