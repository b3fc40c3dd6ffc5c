"""A long JSON text taken apart without being read as a whole: where each entry begins and ends.

An export of a learning record store is one object with all its statements, an array of them, or one a line. Nothing
here recurses and no entry is parsed; what stands between entries and is none is told by its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from mmap import mmap
from typing import Final, NamedTuple

# A quote that opens a string with no end is a token of its own; the pattern never goes back (possessive).
MOST_DEEP: Final = 256
"""Where a text goes deeper than this, its rest is not taken apart."""
_TOKENS: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{}"]', re.DOTALL)
_OPENS_ARRAY: Final = re.compile(rb"\s*+:\s*+\[")
_BEGINNING: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*+")
_BETWEEN: Final = re.compile(rb"[\s,]*+")


class Entry(NamedTuple):
    """Bytes of a text from `start` to `end`; `fault` says why they are no entry, and is "" where they may be one."""

    start: int
    end: int
    fault: str = ""


def entries_in(text: bytes | mmap, listed: bytes) -> Iterator[Entry]:
    """The objects of a text in their order: of its array, of a member of its one object, or one after the other.

    Args:
        text: or a file that is mapped into memory.
        listed: name of the member of the one object that has the entries, such as `statements`.
    """
    start = after = _beginning(text, listed)
    depth = 0
    for token in _TOKENS.finditer(text, after):
        if token[0] == b'"':
            yield Entry(token.start(), len(text), "a string in it has no end")
            return
        if token[0] in (b"{", b"["):
            if depth == 0:
                yield from _gap(text, after, token.start())
                start = token.start()
            depth += 1
            if depth > MOST_DEEP:
                yield Entry(start, len(text), "it goes too deep, and what comes after it is not read")
                return
        elif token[0] in (b"}", b"]"):
            depth -= 1
            if depth < 0:
                yield from _gap(text, after, token.start())
                return
            if depth == 0:
                after = token.end()
                yield Entry(start, after, "" if text[start : start + 1] == b"{" else "it is no object")
    if depth:
        yield Entry(start, len(text), "it has no end")
    else:
        yield from _gap(text, after, len(text))


def _beginning(text: bytes | mmap, listed: bytes) -> int:
    """Where the entries begin."""
    found = _BEGINNING.match(text)
    begins = found.end() if found else 0
    if text[begins : begins + 1] == b"[":
        return begins + 1
    depth = 0
    for token in _TOKENS.finditer(text, begins):
        if token[0] in (b"{", b"["):
            depth += 1
        elif token[0] in (b"}", b"]"):
            depth -= 1
        elif depth == 1 and token[0] == b'"%s"' % listed and (opened := _OPENS_ARRAY.match(text, token.end())):
            return opened.end()
        if not 0 < depth <= MOST_DEEP:
            break
    return begins


def _gap(text: bytes | mmap, start: int, end: int) -> Iterator[Entry]:
    """What stands between two entries, where it is anything."""
    space = _BETWEEN.match(text, start, end)
    if space is not None and space.end() < end:
        yield Entry(space.end(), end, "it is no object")
