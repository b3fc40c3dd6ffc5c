"""What each of many clients has left of something: in this process alone, or in a file that several processes share."""

from __future__ import annotations

import mmap
import os
import struct
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Final, Protocol, TypeAlias

PARTIES_KEPT: Final = 10_000
_WAYS: Final = 8
_SETS: Final = 2048
_SLOT: Final = struct.Struct("=8sdd")
_SET_BYTES: Final = _WAYS * _SLOT.size
_EMPTY: Final = bytes(8)

Bucket: TypeAlias = tuple[float, float]
"""What is left, and the moment it was counted."""


class Buckets(Protocol):
    """A bucket for each party; those that were used longest ago are forgotten."""

    def get(self, who: Hashable) -> Bucket | None:
        """The bucket of one; None when it is not known."""

    def change(self, who: Hashable, change: Callable[[Bucket | None], Bucket]) -> None:
        """Put another bucket in the place of one, which nobody else changes meanwhile."""


class OwnBuckets:
    """Buckets of one thread of this process."""

    def __init__(self) -> None:
        # The one that was used longest ago first.
        self._kept: OrderedDict[Hashable, Bucket] = OrderedDict()

    def get(self, who: Hashable) -> Bucket | None:
        """The bucket of one; None when it is not known."""
        return self._kept.get(who)

    def change(self, who: Hashable, change: Callable[[Bucket | None], Bucket]) -> None:
        """Put another bucket in the place of one."""
        self._kept[who] = change(self._kept.pop(who, None))
        if len(self._kept) > PARTIES_KEPT:
            self._kept.popitem(last=False)


class SharedBuckets:
    """Buckets of all processes that open the same file.

    A table of sets of eight. Who belongs to which set follows from a hash with a secret key, so nobody can choose
    addresses that push another one's bucket out. A set is locked by the system while it is changed: the lock of a
    process that is killed ends with it.

    Args:
        path: of the file; it is made where it is not there.
        key: secret, the same in all processes.
    """

    def __init__(self, path: Path, key: bytes):
        self._key = key
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.ftruncate(self._file, _SETS * _SET_BYTES)
        self._table = mmap.mmap(self._file, _SETS * _SET_BYTES)
        # A lock on a file keeps out other processes, and no other thread of this one.
        self._threads = threading.Lock()

    def get(self, who: Hashable) -> Bucket | None:
        """The bucket of one; None when it is not known."""
        mark, begin = self._place(who)
        with self._alone(begin):
            return next(((left, at) for known, left, at in self._set(begin) if known == mark), None)

    def change(self, who: Hashable, change: Callable[[Bucket | None], Bucket]) -> None:
        """Put another bucket in the place of one, which nobody else changes meanwhile."""
        mark, begin = self._place(who)
        with self._alone(begin):
            slots = list(self._set(begin))
            known = next((way for way, slot in enumerate(slots) if slot[0] == mark), None)
            bucket = change(None if known is None else slots[known][1:])
            # An empty one was last used at the very beginning.
            way = min(range(_WAYS), key=lambda one: slots[one][2]) if known is None else known
            _SLOT.pack_into(self._table, begin + way * _SLOT.size, mark, *bucket)

    def close(self) -> None:
        """Give the file back."""
        self._table.close()
        os.close(self._file)

    def _place(self, who: Hashable) -> tuple[bytes, int]:
        found = blake2b(repr(who).encode(), digest_size=16, key=self._key).digest()
        mark = found[:8] if found[:8] != _EMPTY else found[8:]
        return mark, int.from_bytes(found[8:], "big") % _SETS * _SET_BYTES

    def _set(self, begin: int) -> Iterator[tuple[bytes, float, float]]:
        return _SLOT.iter_unpack(self._table[begin : begin + _SET_BYTES])

    @contextmanager
    def _alone(self, begin: int) -> Iterator[None]:
        import fcntl  # not on Windows, where nothing is shared

        with self._threads:
            fcntl.lockf(self._file, fcntl.LOCK_EX, _SET_BYTES, begin)
            try:
                yield
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN, _SET_BYTES, begin)
