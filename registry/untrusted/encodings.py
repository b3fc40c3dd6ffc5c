"""Which encoding a text has that is not UTF-8, and what to do about it: for whoever is told that it cannot be read."""

from __future__ import annotations

import codecs
from typing import Final

REMEDY: Final = "Save it as UTF-8 without a byte order mark (in Windows' Notepad: Save as, encoding UTF-8)."

# UTF-32 begins like UTF-16 in little-endian order, so it comes first.
_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF8, "UTF-8 with a byte order mark"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_LOOKED_AT: Final = 4096
# What Windows-1252 has where Latin-1 has control characters, which no document holds.
_WINDOWS: Final = frozenset(range(0x80, 0xA0))


def foreign_encoding(data: bytes) -> str | None:
    """The name of the encoding of a text that is not plain UTF-8, as far as its bytes show it; None for UTF-8.

    Args:
        data: the text, or its beginning: a character that is cut off at the end does not count.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name
    head = data[:_LOOKED_AT]
    # Texts in Latin letters have every second byte zero in UTF-16.
    if b"\0" in head:
        zeros = max(head[::2].count(0), head[1::2].count(0))
        return "UTF-16 without a byte order mark" if 4 * zeros > len(head) else "not text"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        return "Windows-1252" if _WINDOWS.intersection(data) else "Latin-1 (ISO 8859-1), or damaged"
    return None
