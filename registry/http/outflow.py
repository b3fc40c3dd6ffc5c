"""A file that is sent while it is written."""

from __future__ import annotations

import io
from typing import Any


class Outflow(io.RawIOBase):
    """Where a file is written to, to be sent on at once; it cannot go back."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._sent = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._waiting += data
        return len(data)

    def tell(self) -> int:
        return self._sent + len(self._waiting)

    @property
    def waiting(self) -> int:
        """How many bytes were written since the last time."""
        return len(self._waiting)

    def taken(self) -> bytes:
        """What was written since the last time."""
        data = bytes(self._waiting)
        self._sent += len(data)
        self._waiting.clear()
        return data
