"""What was worked out from the index, kept for other requests until the index changes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

from registry.index.reader import Head

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


def version_of(head: Head) -> tuple[int, int]:
    """What differs whenever something else is indexed."""
    return head.source, head.version


class Kept(Generic[K, V]):
    """Values of one version: with the first one of another, all of them are let go. For several threads.

    Args:
        most: that are kept; beyond that, the one that was asked for longest ago gives way.
    """

    def __init__(self, most: int):
        self._most = most
        self._lock = Lock()
        self._version: Hashable = None
        self._values: OrderedDict[K, V] = OrderedDict()

    def get(self, version: Hashable, key: K) -> V | None:
        """What is kept, or None."""
        with self._lock:
            if self._version != version or key not in self._values:
                return None
            self._values.move_to_end(key)
            return self._values[key]

    def keep(self, version: Hashable, key: K, value: V) -> V:
        """Keep a value, and give it back."""
        with self._lock:
            if self._version != version:
                self._values.clear()
                self._version = version
            self._values[key] = value
            if len(self._values) > self._most:
                self._values.popitem(last=False)
        return value

    def of(self, version: Hashable, key: K, read: Callable[[], V]) -> V:
        """What is kept, or else what is read now; several may read at a time."""
        kept = self.get(version, key)
        return self.keep(version, key, read()) if kept is None else kept
