"""A slow tree straight from the definition (RFC 6962 section 2.1), without prefixes, to make paths for the contract."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over leaves in this order."""
    if len(leaves) == 1:
        return leaves[0]
    split = _split(len(leaves))
    return sha256(root_of(leaves[:split]) + root_of(leaves[split:])).digest()


def path_of(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Siblings of the leaf at that index, from the leaf up."""
    if len(leaves) == 1:
        return []
    split = _split(len(leaves))
    if index < split:
        return [*path_of(leaves[:split], index), root_of(leaves[split:])]
    return [*path_of(leaves[split:], index - split), root_of(leaves[:split])]


def digests(count: int, salt: str = "") -> list[bytes]:
    """So many digests, ascending."""
    return sorted(sha256(f"{salt}{number}".encode()).digest() for number in range(count))


def _split(count: int) -> int:
    """The greatest power of two below the count."""
    return 1 << ((count - 1).bit_length() - 1)
