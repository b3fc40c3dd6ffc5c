"""The CBOR that receipts use: one map from small numbers to numbers, texts and byte strings, in deterministic encoding.

A subset of RFC 8949 with the core deterministic requirements of its section 4.2.1: shortest heads, definite lengths,
keys ascending. No tags, no nesting, no floats: so there is one encoding of each receipt, nothing recurses, and no
length is believed before the bytes are there. Any CBOR reader reads it; this one reads nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from registry.errors import ReceiptError

Item: TypeAlias = int | bytes | str

_UNSIGNED, _BYTES, _TEXT, _MAP = 0, 2, 3, 5
_ONE_BYTE, _EIGHT_BYTES = 24, 27  # additional information of a head whose argument takes 1 and 8 more bytes
_MAX_ENTRIES = 23  # of the map, so that its head is one byte


def is_cbor_map(data: bytes) -> bool:
    """Whether the first byte says that this is a CBOR map; no JSON text begins so."""
    return bool(data) and data[0] >> 5 == _MAP


def encode_map(entries: Mapping[int, Item]) -> bytes:
    """The one encoding of a map; keys and numbers are from 0 to 2**64 - 1."""
    encoded = bytearray(head(_MAP, len(entries)))
    for key in sorted(entries):
        encoded += head(_UNSIGNED, key)
        item = entries[key]
        if isinstance(item, int):
            encoded += head(_UNSIGNED, item)
        elif isinstance(item, bytes):
            encoded += head(_BYTES, len(item)) + item
        else:
            text = item.encode()
            encoded += head(_TEXT, len(text)) + text
    return bytes(encoded)


def decode_map(data: bytes) -> dict[int, Item]:
    """The map that these bytes are the one encoding of.

    Raises:
        ReceiptError: code `cbor`: they are something else, or something follows.
    """
    kind, count, position = _read_head(data, 0)
    if kind != _MAP or count > _MAX_ENTRIES:
        raise _refused(0, f"a map of at most {_MAX_ENTRIES} entries was expected")
    entries: dict[int, Item] = {}
    last_key = -1
    for _ in range(count):
        start = position
        kind, key, position = _read_head(data, position)
        if kind != _UNSIGNED or key <= last_key:
            raise _refused(start, "keys are unsigned numbers in ascending order")
        last_key = key
        entries[key], position = _read_item(data, position)
    if position != len(data):
        raise _refused(position, f"{len(data) - position} bytes follow the receipt")
    return entries


def _read_item(data: bytes, start: int) -> tuple[Item, int]:
    kind, argument, position = _read_head(data, start)
    if kind == _UNSIGNED:
        return argument, position
    if kind not in (_BYTES, _TEXT):
        raise _refused(start, "only unsigned numbers, byte strings and texts are used")
    end = position + argument
    if end > len(data):
        raise _refused(start, "it ends in the middle of a string")
    content = data[position:end]
    if kind == _BYTES:
        return content, end
    try:
        return content.decode(), end
    except UnicodeDecodeError:
        raise _refused(position, "a text is not UTF-8") from None


def _read_head(data: bytes, start: int) -> tuple[int, int, int]:
    """Major type, argument, and where the head ends (RFC 8949 section 3)."""
    if start >= len(data):
        raise _refused(start, "it ends too early")
    kind, additional = data[start] >> 5, data[start] & 31
    position = start + 1
    if additional < _ONE_BYTE:
        return kind, additional, position
    if additional > _EIGHT_BYTES:
        raise _refused(start, "lengths are definite")
    size = 1 << (additional - _ONE_BYTE)
    if position + size > len(data):
        raise _refused(start, "it ends too early")
    argument = int.from_bytes(data[position : position + size])
    if argument < (_ONE_BYTE if size == 1 else 1 << 4 * size):
        raise _refused(start, "a number is not in its shortest form")
    return kind, argument, position + size


def head(kind: int, argument: int) -> bytes:
    """Major type and argument in the shortest form (RFC 8949 section 3); the argument is from 0 to 2**64 - 1."""
    if argument < _ONE_BYTE:
        return bytes((kind << 5 | argument,))
    power = next(power for power in range(4) if argument < 1 << 8 * (1 << power))
    return bytes((kind << 5 | _ONE_BYTE + power,)) + argument.to_bytes(1 << power)


def _refused(position: int, why: str) -> ReceiptError:
    return ReceiptError(
        f"The receipt is not in the CBOR form of receipts: at byte {position}, {why}.",
        remedy="Scan or download it again, or use its JSON form.",
        code="cbor",
    )
