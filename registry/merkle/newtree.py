"""A tree that is made in its file, in the same memory whatever its size: 96 bytes of disk a digest, 64 of them kept.

Digests are sorted in runs, the runs are merged into the file, and the levels are hashed there. All of it is in files
without a name until the tree is kept, so that whatever ends the process leaves nothing behind; where a system has no
such files, the tree has a hidden name until then.
"""

from __future__ import annotations

import errno
import os
import secrets
import tempfile
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

from registry.errors import TreeError
from registry.merkle.hashing import NODE_SIZE, fill_file, writer
from registry.merkle.sorting import merge_packed, packed_chunks, sort_packed
from registry.merkle.treebytes import TreeBytes
from registry.merkle.treefile import (
    HEADER,
    TreeId,
    checked_count,
    file_of,
    levels_of,
    open_file,
    packed_header,
    same_bytes,
    sync_folder,
    unwritable,
)

RUN_DIGESTS: Final = 1 << 20
"""Digests that are in memory at a time, to be sorted or merged."""
DISK_BYTES: Final = 96
"""Of disk that a digest takes until the tree is kept: 32 in its run, 64 in the tree."""
_FEWEST = 64  # digests of a run that are read at a time
_OPEN_FILES = Path("/proc/self/fd")  # by which a file without a name can be given one


class NewTree:
    """The tree over the set of some digests, in a file that has no name yet; a context manager.

    Args:
        digests: 32 bytes each, in any order and with repetitions.
        folder: where the file will be.

    Raises:
        TreeError: as `Tree.build`; or code `unwritable`: the disk has no room for it, or refuses.
    """

    def __init__(self, digests: Iterable[bytes], folder: Path):
        self._folder = folder
        self._hidden: Path | None = None
        with ExitStack() as undone:
            try:
                self._descriptor = self._created()
                undone.callback(self.close)
                self.id = self._filled(digests)
            except OSError as error:
                raise unwritable(error, folder) from error
            undone.pop_all()

    def keep(self) -> Path:
        """Give the file its name, once all of it is safely on disk; the same tree that is there already is left.

        Raises:
            TreeError: it cannot be written; what was there before is there still.
        """
        path = file_of(self._folder, self.id)
        if self._is_in(path):
            return path
        path = self._folder / self.id.name
        try:
            os.fsync(self._descriptor)
            if self._hidden is None:
                self._hidden = self._named()
            self._hidden.replace(path)
            self._hidden = None
            sync_folder(self._folder)
        except OSError as error:
            raise unwritable(error, path) from error
        return path

    def close(self) -> None:
        """Let go of the file; one that was not kept is gone."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        if self._hidden is not None:
            self._hidden.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _created(self) -> int:
        """The file: without a name, or hidden where the system has no such files."""
        if hasattr(os, "O_TMPFILE") and _OPEN_FILES.is_dir():
            # A file system may not know them: it says so in more than one way, and says again what else is wrong.
            with suppress(OSError):
                return os.open(self._folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
        hidden = self._hidden_name()
        descriptor = os.open(hidden, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._hidden = hidden
        return descriptor

    def _named(self) -> Path:
        hidden = self._hidden_name()
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            # Given a folder, the call follows the link to the open file; without one it would link the link.
            os.link(_OPEN_FILES / str(self._descriptor), hidden, src_dir_fd=folder, follow_symlinks=True)
        finally:
            os.close(folder)
        return hidden

    def _hidden_name(self) -> Path:
        return self._folder / f".{secrets.token_hex(16)}.tree.tmp"

    def _filled(self, digests: Iterable[bytes]) -> TreeId:
        write, end = writer(self._descriptor), HEADER.size
        with tempfile.TemporaryFile(dir=self._folder) as file:
            runs, first = _sorted_runs(digests, file)
            most = sum(map(len, first)) // NODE_SIZE + sum(run.left for run in runs)
            # All the room that can be needed, so that a disk that is too small says so before the work.
            if most and hasattr(os, "posix_fallocate"):
                _reserve(self._descriptor, levels_of(checked_count(most))[-1].end)
            for piece in first or _merged(runs, file.fileno()):
                write(end, piece)
                end += len(piece)
        leaf_count = checked_count((end - HEADER.size) // NODE_SIZE)
        levels = levels_of(leaf_count)
        os.ftruncate(self._descriptor, levels[-1].end)
        fill_file(self._descriptor, levels)
        root = os.pread(self._descriptor, NODE_SIZE, levels[-1].offset)
        write(0, packed_header(leaf_count, root))
        return TreeId(root, leaf_count)

    def _is_in(self, path: Path) -> bool:
        """Whether the file there is this tree in every node."""
        size = levels_of(self.id.leaf_count)[-1].end
        own = TreeBytes(b"", size, descriptor=os.dup(self._descriptor))
        try:
            there, found = open_file(path)
        except TreeError:
            return False
        try:
            return found == self.id and same_bytes(own, there, size)
        except TreeError:
            return False
        finally:
            own.close()
            there.close()


@dataclass(slots=True)
class _Run:
    """Sorted digests in the file of the runs.

    Attributes:
        at: byte of the next one that was not read.
        left: how many these are.
        read: those that were read and not yet taken.
    """

    at: int
    left: int
    read: bytes = b""

    def fill(self, descriptor: int, most: int) -> None:
        count = min(self.left, most - len(self.read) // NODE_SIZE)
        if count > 0:
            found = os.pread(descriptor, count * NODE_SIZE, self.at)
            if len(found) != count * NODE_SIZE:
                raise OSError(errno.EIO, "a temporary file lost what was written to it")
            self.read, self.at, self.left = self.read + found, self.at + len(found), self.left - count

    def take(self, bound: bytes | None) -> bytes:
        """What is not greater than the bound."""
        count = len(self.read) // NODE_SIZE
        if bound is not None:
            count = bisect_right(range(count), bound, key=lambda n: self.read[n * NODE_SIZE : (n + 1) * NODE_SIZE])
        taken, self.read = self.read[: count * NODE_SIZE], self.read[count * NODE_SIZE :]
        return taken


def _sorted_runs(digests: Iterable[bytes], file: BinaryIO) -> tuple[list[_Run], list[bytes]]:
    """The digests in sorted runs in the file; or, where they are few, sorted in memory."""
    runs: list[_Run] = []
    packed, at = bytearray(), 0
    for chunk in packed_chunks(digests):
        # Before a run is full and more is to come: a single run stays where it is.
        if len(packed) + len(chunk) > RUN_DIGESTS * NODE_SIZE:
            at = _add_run(runs, file, at, packed)
        packed += chunk
    if not runs:
        return [], sort_packed(packed)
    _add_run(runs, file, at, packed)
    file.flush()
    return runs, []


def _add_run(runs: list[_Run], file: BinaryIO, at: int, packed: bytearray) -> int:
    size = sum(map(file.write, sort_packed(packed)))
    runs.append(_Run(at, size // NODE_SIZE))
    return at + size


def _merged(runs: list[_Run], descriptor: int) -> Iterator[bytes]:
    """The digests of all runs in ascending order, each once, in pieces."""
    while runs:
        share = max(_FEWEST, RUN_DIGESTS // len(runs))
        for run in runs:
            run.fill(descriptor, share)
        # What a run has not read yet is greater than the last that it has read: up to the least of these, all is here.
        bound = min((run.read[-NODE_SIZE:] for run in runs if run.left), default=None)
        yield from merge_packed(bytearray().join(run.take(bound) for run in runs))
        runs = [run for run in runs if run.left or run.read]


def _reserve(descriptor: int, size: int) -> None:
    try:
        os.posix_fallocate(descriptor, 0, size)
    except OSError as error:
        # Only that there is no room counts: some file systems cannot reserve any.
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
