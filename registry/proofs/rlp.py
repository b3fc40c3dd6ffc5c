"""Recursive Length Prefix, read and written strictly: one encoding for each value (Ethereum yellow paper, appendix B).

Nodes of tries and headers of blocks are known by hashes of it. A second form of the same value would be another node
that says the same, so none is taken; and what strangers send does not make it recurse without end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

from registry.errors import EvidenceError

Item: TypeAlias = "bytes | list[Item]"

MOST_DEPTH: Final = 32
_TEXT, _LONG_TEXT, _LIST, _LONG_LIST = 0x80, 0xB8, 0xC0, 0xF8
_SHORT: Final = 55


def decode(encoded: bytes) -> Item:
    """The value of an encoding.

    Raises:
        EvidenceError: code `evidence-encoding`: it is cut off, has a second form, goes on, or is nested too deeply.
    """
    item, end = _read(encoded, 0, len(encoded), 0)
    if end != len(encoded):
        raise _refused("something follows its end")
    return item


def encode(item: Item | Sequence[Item]) -> bytes:
    """The encoding of a value."""
    if isinstance(item, bytes):
        if len(item) == 1 and item[0] < _TEXT:
            return item
        return _prefix(len(item), _TEXT) + item
    body = b"".join(map(encode, item))
    return _prefix(len(body), _LIST) + body


def whole_number(item: Item, most_bytes: int) -> int:
    """A number, which has no zeros before it.

    Raises:
        EvidenceError: code `evidence-encoding`: it is a list, too long, or has zeros before it.
    """
    if not isinstance(item, bytes) or len(item) > most_bytes or item[:1] == b"\0":
        raise _refused("a number was expected")
    return int.from_bytes(item, "big")


def of_number(number: int) -> bytes:
    """A number as RLP has it: without zeros before it, and nothing for zero."""
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _prefix(length: int, offset: int) -> bytes:
    if length <= _SHORT:
        return bytes([offset + length])
    digits = of_number(length)
    return bytes([offset + _SHORT + len(digits)]) + digits


def _read(data: bytes, at: int, end: int, depth: int) -> tuple[Item, int]:
    """The item that begins there, and where it ends."""
    if at >= end:
        raise _refused("it is cut off")
    first = data[at]
    if first < _TEXT:
        return data[at : at + 1], at + 1
    is_list = first >= _LIST
    offset, long = (_LIST, _LONG_LIST) if is_list else (_TEXT, _LONG_TEXT)
    start, length = at + 1, first - offset
    if first >= long:
        digits = first - long + 1
        start, length = at + 1 + digits, int.from_bytes(data[at + 1 : at + 1 + digits], "big")
        if start > end or data[at + 1] == 0 or length <= _SHORT:
            raise _refused("a length has a second form")
    stop = start + length
    if stop > end:
        raise _refused("it is cut off")
    if not is_list:
        if length == 1 and data[start] < _TEXT:
            raise _refused("a byte has a second form")
        return data[start:stop], stop
    if depth >= MOST_DEPTH:
        raise _refused("it is nested too deeply")
    items: list[Item] = []
    while start < stop:
        item, start = _read(data, start, stop, depth + 1)
        items.append(item)
    return items, stop


def _refused(why: str) -> EvidenceError:
    return EvidenceError(f"it is no encoding of RLP: {why}", code="evidence-encoding")
