"""The CBOR of MerkleProof2019: arrays of numbers, texts, byte strings and arrays, and nothing else of RFC 8949.

Written by others, and so bounded before anything is believed: in bytes by whoever calls, in depth and number here.
"""

from __future__ import annotations

from typing import Final, TypeAlias, Union

from registry.receipt.cbor import head

Item: TypeAlias = Union[int, bytes, str, "list[Item]"]

MOST_DEPTH: Final = 6
"""Root, list, entry, list, pair: what a proof nests."""
MOST_ITEMS: Final = 1_000

_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY = range(5)
_ONE_BYTE, _EIGHT_BYTES = 24, 27  # additional information of a head whose argument takes 1 and 8 more bytes


def encode(item: Item) -> bytes:
    """The shortest encoding; numbers are from -2**64 to 2**64 - 1."""
    if isinstance(item, int):
        return head(_UNSIGNED, item) if item >= 0 else head(_NEGATIVE, -1 - item)
    if isinstance(item, bytes):
        return head(_BYTES, len(item)) + item
    if isinstance(item, str):
        text = item.encode()
        return head(_TEXT, len(text)) + text
    return head(_ARRAY, len(item)) + b"".join(map(encode, item))


def decode(data: bytes) -> Item:
    """What these bytes say.

    Raises:
        ValueError: they are something else, nest too deep, hold too much, or something follows.
    """
    reader = _Reader(data)
    item = reader.item(0)
    if reader.at != len(data):
        raise ValueError(f"{len(data) - reader.at} bytes follow it")
    return item


class _Reader:
    def __init__(self, data: bytes):
        self._data = data
        self._left = MOST_ITEMS
        self.at = 0

    def item(self, depth: int) -> Item:
        self._left -= 1
        if depth > MOST_DEPTH or self._left < 0:
            raise ValueError("it nests deeper, or holds more, than a proof does")
        kind, argument = self._head()
        if kind == _UNSIGNED:
            return argument
        if kind == _NEGATIVE:
            return -1 - argument
        if kind in (_BYTES, _TEXT):
            content = self._take(argument)
            return content if kind == _BYTES else content.decode()
        if kind != _ARRAY:
            raise ValueError("it holds something else than numbers, texts, bytes and lists of these")
        return [self.item(depth + 1) for _ in range(min(argument, self._left + 1))]

    def _head(self) -> tuple[int, int]:
        """Major type and argument (RFC 8949 section 3); others need not choose the shortest."""
        (first,) = self._take(1)
        kind, additional = first >> 5, first & 31
        if additional < _ONE_BYTE:
            return kind, additional
        if additional > _EIGHT_BYTES:
            raise ValueError("lengths are definite")
        return kind, int.from_bytes(self._take(1 << (additional - _ONE_BYTE)))

    def _take(self, count: int) -> bytes:
        end = self.at + count
        if end > len(self._data):
            raise ValueError("it ends too early")
        taken, self.at = self._data[self.at : end], end
        return taken
