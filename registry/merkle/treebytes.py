"""The bytes of a tree file, read so that nothing that happens to the file can end the process.

A file is never mapped: whoever cuts a mapped file off ends every process that reads beyond its new end (SIGBUS). What
is read through a descriptor comes short instead, and that can be said.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from mmap import mmap
from typing import NoReturn, TypeAlias

from registry.errors import TreeError

Pread: TypeAlias = Callable[[int, int], bytes]
"""So many bytes from an offset on; fewer where there are no more."""

CODE_SHORT = "file-length"
CODE_UNREADABLE = "unreadable"


class TreeBytes:
    """A tree file, of which the end is held in memory: the upper levels, which every proof needs.

    Attributes:
        held: the bytes from `held_from` on.
        pread: reads those before: of the file with the descriptor, or as whoever made this said.
        where: the file, for errors.
    """

    __slots__ = ("_descriptor", "held", "held_from", "pread", "where")

    def __init__(
        self,
        held: bytes | mmap,
        held_from: int = 0,
        *,
        descriptor: int | None = None,
        pread: Pread | None = None,
        where: str = "",
    ):
        self.held = held
        self.held_from = held_from
        self.where = where
        self.pread: Pread = (pread or _nothing) if descriptor is None else partial(os.pread, descriptor)
        self._descriptor = descriptor

    def read(self, start: int, size: int) -> bytes:
        """Exactly these bytes, all of them held or none.

        Raises:
            TreeError: code `file-length` or `unreadable`: the file does not have them any more.
        """
        if start >= self.held_from:
            return self.held[start - self.held_from : start - self.held_from + size]
        try:
            found = self.pread(size, start)
        except OSError as error:
            raise self.unreadable(error) from None
        if len(found) != size:
            raise self.short()
        return found

    def short(self) -> TreeError:
        """The file ends before what is read from it."""
        return TreeError("the file was cut off while it was read", where=self.where, code=CODE_SHORT)

    def unreadable(self, error: OSError) -> TreeError:
        """The system does not give what is in the file."""
        return TreeError(f"the file cannot be read: {error.strerror}", where=self.where, code=CODE_UNREADABLE)

    def close(self) -> None:
        """Let go of the file and of the memory."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        self.held, self.held_from, self.pread = b"", 1 << 64, _closed

    def __del__(self) -> None:
        # Nobody closes a tree that other threads may be reading: the last one to let go of it does.
        if self._descriptor is not None:
            os.close(self._descriptor)


def _nothing(size: int, start: int) -> NoReturn:
    raise ValueError(f"{size} bytes from {start} on are not in a file")


def _closed(size: int, start: int) -> NoReturn:  # noqa: ARG001 - as `os.pread`
    raise ValueError("the tree is closed")
