"""RFC 6962 section 2.1 written down as it stands there, without the prefixes: slow, recursive, and not sharing code."""

from __future__ import annotations

from hashlib import sha256


def split(count: int) -> int:
    """The largest power of two smaller than the count."""
    power = 1
    while power * 2 < count:
        power *= 2
    return power


def root(leaves: list[bytes]) -> bytes:
    """MTH(D[n])."""
    if len(leaves) == 1:
        return leaves[0]
    middle = split(len(leaves))
    return sha256(root(leaves[:middle]) + root(leaves[middle:])).digest()


def path(index: int, leaves: list[bytes]) -> list[bytes]:
    """PATH(m, D[n]), lowest node first."""
    if len(leaves) == 1:
        return []
    middle = split(len(leaves))
    if index < middle:
        return [*path(index, leaves[:middle]), root(leaves[middle:])]
    return [*path(index - middle, leaves[middle:]), root(leaves[:middle])]


def interior(leaves: list[bytes]) -> list[tuple[bytes, bytes, bytes]]:
    """Every interior node as (node, left, right)."""
    if len(leaves) == 1:
        return []
    middle = split(len(leaves))
    left, right = leaves[:middle], leaves[middle:]
    return [*interior(left), *interior(right), (root(leaves), root(left), root(right))]
