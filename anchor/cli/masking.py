"""Nothing that a command prints shows a secret of its settings, whichever way it is printed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from registry.secrets import Mask


class _Masked:
    """A stream whose texts go through a mask; everything else about it is the stream's own."""

    def __init__(self, stream: TextIO, mask: Mask):
        self._stream = stream
        self._mask = mask

    def write(self, text: str) -> int:
        self._stream.write(self._mask(text))
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def masked_output(mask: Mask) -> Iterator[None]:
    """Standard output and standard error without secrets."""
    if not mask.hides_anything:
        yield
        return
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (_Masked(stream, mask) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
