"""Hashes of 32 bytes as people and programs write them: the digest of a credential, the root of a batch."""

from __future__ import annotations

import re
from typing import Final

HASH: Final = re.compile(r"(?:0x)?([0-9a-fA-F]{64})", re.ASCII)


def read_hash(text: str) -> bytes:
    """The 32 bytes of 64 hexadecimal digits in either case, with or without 0x before them.

    Raises:
        ValueError: it is something else; the message completes "it … ".
    """
    found = HASH.fullmatch(text)
    if found is None:
        raise ValueError("is not 64 hexadecimal digits, with or without 0x")
    return bytes.fromhex(found[1])
