"""Files read once, as documents: those of every size, and never more of one in memory than is looked into."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from registry.credential.digest import Limits, digest_chunks
from registry.document.reading import MOST_CARRIER_BYTES, Reading, read_document, unread_document
from registry.errors import IntakeError

_HEAD_BYTES: Final = 4096
_PIECE_BYTES: Final = 1 << 20


def read_file(path: Path, limits: Limits) -> Reading:
    """The reading of a file; of one that is longer than carriers are, its digest alone, made in pieces.

    Raises:
        IntakeError: it cannot be read.
    """
    name = str(path)
    try:
        with path.open("rb") as file:
            data = file.read(MOST_CARRIER_BYTES + 1)
            if len(data) <= MOST_CARRIER_BYTES:
                return read_document(data, name, limits)
            head = data[:_HEAD_BYTES]
            file.seek(0)
            del data
            digest = digest_chunks(iter(lambda: file.read(_PIECE_BYTES), b""))
    except OSError as error:
        raise IntakeError(f"it cannot be read: {error.strerror}", where=name, code="unreadable") from None
    return unread_document(digest, head, name, MOST_CARRIER_BYTES)
