"""Digests in ascending order, each once: many at a time, packed.

Where numpy is installed, what is large is sorted by it, four times as fast; nothing else depends on it, and both ways
give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain, islice
from operator import lt
from struct import Struct
from typing import Any

from registry.errors import TreeError
from registry.merkle.hashing import NODE_SIZE

TAKEN = 1 << 14
"""Digests taken from the caller at a time."""
LARGE = 1 << 17
"""Digests from which on it is worth while to load numpy."""

_NODE = Struct(f"{NODE_SIZE}s")
_SPREAD = 1 << 10  # digests from which a second split by byte is quicker than comparing


def packed_chunks(digests: Iterable[bytes]) -> Iterator[bytes]:
    """The digests, as they come, `TAKEN` at a time.

    Raises:
        TreeError: a digest is not 32 bytes long.
    """
    source, taken = iter(digests), 0
    while chunk := list(islice(source, TAKEN)):
        if set(map(len, chunk)) != {NODE_SIZE}:
            position, size = next((i, len(d)) for i, d in enumerate(chunk, taken) if len(d) != NODE_SIZE)
            raise TreeError(
                f"digest {position} of the batch has {size} bytes, not {NODE_SIZE}",
                remedy="Pass SHA-256 digests as raw bytes, not as hexadecimal text.",
                code="digest-length",
            )
        yield b"".join(chunk)
        taken += len(chunk)


def sorted_unique(digests: Iterable[bytes]) -> list[bytes]:
    """The set of the digests in ascending order, packed into pieces.

    Raises:
        TreeError: a digest is not 32 bytes long.
    """
    packed = bytearray()
    for chunk in packed_chunks(digests):
        packed += chunk
    return sort_packed(packed)


def sort_packed(packed: bytearray) -> list[bytes]:
    """The set of packed digests in ascending order, packed into pieces; empties what it is given."""
    numpy = _numpy() if len(packed) >= LARGE * NODE_SIZE else None
    if numpy is None:
        return _by_first_byte(packed)
    found = numpy.sort(numpy.frombuffer(bytes(packed), f"S{NODE_SIZE}"))
    packed.clear()
    differs = found[1:] != found[:-1]
    if not differs.all():
        found = found[numpy.concatenate(([True], differs))]
    return [found.tobytes()]


def merge_packed(packed: bytearray) -> list[bytes]:
    """As `sort_packed`, of what is several sorted runs, one after the other."""
    if len(packed) >= LARGE * NODE_SIZE and _numpy() is not None:
        return sort_packed(packed)
    # The sort of the language finds the runs, and merges them.
    digests = [digest for (digest,) in _NODE.iter_unpack(packed)]
    packed.clear()
    digests.sort()
    return [_joined(digests)]


@cache
def _numpy() -> Any:
    try:
        import numpy
    except ImportError:
        return None
    return numpy


def _by_first_byte(packed: bytearray) -> list[bytes]:
    """Sorting a million scattered objects waits for memory most of the time: 256 small sorts take half as long."""
    pieces = [bytearray() for _ in range(256)]
    append = [piece.extend for piece in pieces]
    for (digest,) in _NODE.iter_unpack(packed):
        append[digest[0]](digest)
    packed.clear()
    append.clear()
    pieces.reverse()
    found = []
    while pieces:
        found.append(_sorted_piece(pieces.pop()))
    return found


def _sorted_piece(piece: bytearray) -> bytes:
    digests = [digest for (digest,) in _NODE.iter_unpack(piece)]
    if len(digests) < _SPREAD:
        digests.sort()
    else:
        digests = _sorted_by_second_byte(digests, piece[1::NODE_SIZE])
    return _joined(digests)


def _joined(digests: list[bytes]) -> bytes:
    """Sorted digests, each once, packed."""
    if not all(map(lt, digests, islice(digests, 1, None))):
        digests = list(dict.fromkeys(digests))
    return b"".join(digests)


def _sorted_by_second_byte(digests: list[bytes], second_bytes: bytearray) -> list[bytes]:
    shelves: list[list[bytes]] = [[] for _ in range(256)]
    append = [shelf.append for shelf in shelves]
    for second, digest in zip(second_bytes, digests, strict=True):
        append[second](digest)
    for shelf in shelves:
        shelf.sort()
    return list(chain.from_iterable(shelves))
