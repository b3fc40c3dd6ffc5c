"""The file in which old workbooks lie: sectors, chained by a table, and a directory of streams.

Read is one stream by its name, and written is a file with one stream and nothing else, so that a reader finds in it
what was looked at.

Source: [MS-CFB] 2.2 (header), 2.3 (FAT), 2.4 (mini FAT), 2.5 (DIFAT), 2.6 (directory).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

SIGNATURE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_HEADER: Final = 512
_ENTRY: Final = 128
_NUMBER: Final = 4
_IN_HEADER: Final = 109
"""Numbers of sectors of the FAT that the header has room for."""
_SECTOR_SHIFTS: Final = (9, 12)
_MINI: Final = 64
_CUTOFF: Final = 4096
_LAST, _END, _FREE, _FAT = 0xFFFFFFFA, 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
_STREAM, _ROOT = 2, 5
_SECTOR: Final = 512
_NUMBERS_A_SECTOR: Final = _SECTOR // _NUMBER


class Compound:
    """The streams of a compound file.

    Args:
        data: the whole file.

    Raises:
        ValueError: it is none, or is damaged.
    """

    def __init__(self, data: bytes):
        if len(data) < _HEADER or not data.startswith(SIGNATURE):
            raise ValueError("no compound file")
        shift = int.from_bytes(data[30:32], "little")
        if shift not in _SECTOR_SHIFTS:
            raise ValueError("no size of sectors")
        self._data = data
        self._size = 1 << shift
        self._most = len(data) // self._size + 1
        directory, self._first_mini_fat, difat = (self._number(at) for at in (48, 60, 68))
        self._fat = self._read_fat(difat)
        listed = self._chained(directory, self._fat)
        self._entries = [listed[at : at + _ENTRY] for at in range(0, len(listed), _ENTRY)]

    @property
    def names(self) -> list[str]:
        """Of all its streams."""
        return [_name(each) for each in self._entries if each[66] == _STREAM]

    def stream(self, name: str) -> bytes:
        """The content of the first stream of that name, in the directory's order.

        Raises:
            ValueError: there is none, or it is damaged.
        """
        entry = next((each for each in self._entries if each[66] == _STREAM and _name(each) == name), None)
        if entry is None:
            raise ValueError("no such stream")
        first, size = struct.unpack_from("<II", entry, 116)
        content = self._chained(first, self._fat) if size >= _CUTOFF else self._mini(first)
        if len(content) < size:
            raise ValueError("a stream is cut off")
        return content[:size]

    def _mini(self, first: int) -> bytes:
        root = next((each for each in self._entries if each[66] == _ROOT), None)
        if root is None:
            raise ValueError("no root")
        whole = self._chained(struct.unpack_from("<I", root, 116)[0], self._fat)
        numbers = self._chained(self._first_mini_fat, self._fat)
        table = list(struct.unpack(f"<{len(numbers) // _NUMBER}I", numbers))
        return b"".join(whole[at * _MINI : (at + 1) * _MINI] for at in _chain(first, table, len(whole) // _MINI + 1))

    def _read_fat(self, difat: int) -> list[int]:
        sectors = [self._number(76 + _NUMBER * at) for at in range(_IN_HEADER)]
        seen = 0
        while difat < _LAST:
            seen += 1
            if seen > self._most:
                raise ValueError("a chain without end")
            *more, difat = struct.unpack(f"<{self._size // _NUMBER}I", self._sector(difat))
            sectors += more
        whole = b"".join(self._sector(each) for each in dict.fromkeys(sectors) if each < _LAST)
        return list(struct.unpack(f"<{len(whole) // _NUMBER}I", whole))

    def _chained(self, first: int, table: list[int]) -> bytes:
        return b"".join(map(self._sector, _chain(first, table, self._most)))

    def _sector(self, number: int) -> bytes:
        start = (number + 1) * self._size
        found = self._data[start : start + self._size]
        if not found:
            raise ValueError("a sector is not there")
        # The last one of a file may be cut off.
        return found.ljust(self._size, b"\0")

    def _number(self, at: int) -> int:
        return int.from_bytes(self._data[at : at + _NUMBER], "little")


def with_stream(name: str, content: bytes) -> bytes:
    """A compound file with one stream, of at least as many bytes as no small stream has: zeros are put behind it."""
    content = content.ljust(_CUTOFF, b"\0")
    stream = -(-len(content) // _SECTOR)
    fat = -(-(stream + 1) // (_NUMBERS_A_SECTOR - 1))
    while fat * _NUMBERS_A_SECTOR < stream + 1 + fat + _difat_sectors(fat):
        fat += 1
    difat = _difat_sectors(fat)
    # In this order: the FAT, what of its list the header has no room for, the directory, the stream.
    directory = fat + difat
    numbers = [_FAT] * fat + [_LAST + 2] * difat + [_END]
    numbers += [*range(directory + 2, directory + 1 + stream), _END]
    numbers += [_FREE] * (fat * _NUMBERS_A_SECTOR - len(numbers))
    listed = [*range(fat), *[_FREE] * max(0, _IN_HEADER - fat)]
    header = struct.pack("<8s16xHHHHH6xIIIIIIIII", SIGNATURE, 62, 3, 0xFFFE, 9, 6, 0, fat, directory, 0, _CUTOFF,
                         _END, 0, fat if difat else _END, difat)  # fmt: skip
    head = header + struct.pack(f"<{_IN_HEADER}I", *listed[:_IN_HEADER])
    entries = _entry("Root Entry", _ROOT, _END, 0, child=1) + _entry(name, _STREAM, directory + 1, len(content))
    return b"".join(
        (
            head,
            struct.pack(f"<{len(numbers)}I", *numbers),
            _difat(listed[_IN_HEADER:], fat, difat),
            entries.ljust(_SECTOR, b"\0"),
            content.ljust(stream * _SECTOR, b"\0"),
        )
    )


def _difat_sectors(fat: int) -> int:
    return -(-max(0, fat - _IN_HEADER) // (_NUMBERS_A_SECTOR - 1))


def _difat(listed: list[int], first: int, count: int) -> bytes:
    out = b""
    room = _NUMBERS_A_SECTOR - 1
    for at in range(count):
        part = listed[at * room : (at + 1) * room]
        part += [_FREE] * (room - len(part))
        out += struct.pack(f"<{_NUMBERS_A_SECTOR}I", *part, first + at + 1 if at + 1 < count else _END)
    return out


def _entry(name: str, kind: int, first: int, size: int, child: int = _FREE) -> bytes:
    encoded = f"{name}\0".encode("utf-16-le")
    tail = struct.pack("<HBBIII36xIII", len(encoded), kind, 1, _FREE, _FREE, child, first, size, 0)
    return encoded.ljust(64, b"\0") + tail


def _name(entry: bytes) -> str:
    length = min(64, int.from_bytes(entry[64:66], "little"))
    return entry[: max(0, length - 2)].decode("utf-16-le", "replace")


def _chain(first: int, table: list[int], most: int) -> Iterator[int]:
    """The sectors from one on; a chain that is longer than a file can be goes in a circle."""
    at = first
    for _ in range(most):
        if at >= _LAST:
            return
        if at >= len(table):
            break
        yield at
        at = table[at]
    raise ValueError("a chain without end")
