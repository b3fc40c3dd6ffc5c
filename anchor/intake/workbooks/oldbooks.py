"""Old workbooks, `.xls` of Excel 97 to 2003: looked at record by record before anything reads them.

Each record has a kind, a length and its content. What is of interest are those of cells, for how far they reach and
what they are; and the table of all texts, for how much text there is when each is counted where it stands.

Source: [MS-XLS] 2.1.4 (records), 2.4.28 (BoundSheet8), 2.4.127 (Formula), 2.4.149 (LabelSst), 2.4.168 (MergeCells),
2.4.221 (Row), 2.4.265 (SST),
2.5.293 (XLUnicodeRichExtendedString).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from anchor.intake.workbooks.compound import Compound, with_stream
from anchor.intake.workbooks.looks import MOST_SHEETS, REPAIR, SMALLER, Look, ReadSheet, Unreadable, read_by_looks

MOST_RECORDS: Final = 6_000_000
"""Twice as many as there may be cells."""

_FORMULA, _EOF, _FILEPASS, _CONTINUE, _BOUNDSHEET = 0x0006, 0x000A, 0x002F, 0x003C, 0x0085
_MERGED, _ROW = 0x00E5, 0x0208
_MULRK, _RSTRING, _SST, _LABELSST, _DIMENSIONS = 0x00BD, 0x00D6, 0x00FC, 0x00FD, 0x0200
_NUMBER, _LABEL, _BOOLERR, _RK, _BOF = 0x0203, 0x0204, 0x0205, 0x027E, 0x0809
_CELLS: Final = frozenset({_FORMULA, _RSTRING, _LABELSST, _NUMBER, _LABEL, _BOOLERR, _RK})
_BIFF8: Final = 0x0600
_NO_HEIGHT: Final = 0x20
_WIDE, _EXTENDED, _RICH = 0x01, 0x04, 0x08

_Records = Iterator[tuple[int, bytes]]


def read_old(data: bytes) -> list[ReadSheet]:
    """All sheets of a workbook of Excel 97 to 2003.

    Raises:
        Unreadable: it is none, is damaged, has a password, or is larger than is read.
        SettingsError: what reads workbooks is not installed.
    """
    try:
        compound = Compound(data)
        if "EncryptedPackage" in compound.names:
            raise Unreadable("it has a password", "Save it without a password.")
        if "Workbook" not in compound.names:
            raise Unreadable("it is an old file of Office, and no workbook of Excel 97 or later", "Save it as .xlsx.")
        stream = compound.stream("Workbook")
        looks = _looks(_Stream(stream))
    except (ValueError, struct.error, IndexError):
        raise Unreadable("it is a damaged workbook", REPAIR) from None
    return read_by_looks(with_stream("Workbook", stream), looks)


def _looks(stream: _Stream) -> dict[str, Look]:
    """What was seen of each sheet, by name."""
    starts: dict[str, int] = {}
    lengths: list[int] = []
    kind, begin = next(stream.records(0))
    if kind != _BOF or int.from_bytes(begin[:2], "little") != _BIFF8:
        raise Unreadable("it is a workbook from before Excel 97", "Save it as .xlsx.")
    records = stream.records(0)
    pending: list[bytes] = []
    for kind, content in records:
        # The table of texts goes on in the records behind it.
        if pending and kind == _CONTINUE:
            pending.append(content)
            continue
        if pending:
            lengths, pending = _text_lengths(pending), []
        if kind == _EOF:
            break
        if kind == _FILEPASS:
            raise Unreadable("it has a password", "Save it without a password.")
        if kind == _SST:
            pending = [content]
        elif kind == _BOUNDSHEET:
            start, _, _, count, flags = struct.unpack_from("<IBBBB", content)
            name = content[8 : 8 + count * (1 + (flags & _WIDE))].decode("utf-16-le" if flags & _WIDE else "latin-1")
            if name in starts or len(starts) >= MOST_SHEETS:
                raise Unreadable(f"it has two sheets of one name, or more than {MOST_SHEETS}", REPAIR)
            starts[name] = start
    return {name: _look_at(stream.records(start), lengths) for name, start in starts.items()}


def _look_at(records: _Records, lengths: list[int]) -> Look:
    look, depth = Look(), 0
    for kind, content in records:
        if kind == _BOF:
            depth += 1
        elif kind == _EOF:
            # A chart on a sheet has records of its own between a beginning and an end.
            depth -= 1
            if depth <= 0:
                break
        elif kind == _DIMENSIONS:
            _, rows, _, columns = struct.unpack_from("<IIHH", content)
            if rows and columns:
                look.reach(rows - 1, columns - 1)
        elif kind == _ROW and content[12] & _NO_HEIGHT:
            look.hidden.add(int.from_bytes(content[:2], "little"))
        elif kind == _MERGED:
            for top, bottom, left, right in struct.iter_unpack("<HHHH", content[2:]):
                look.merged(top, left, max(1, bottom - top + 1), max(1, right - left + 1))
        elif kind == _MULRK:
            look.reach(int.from_bytes(content[:2], "little"), int.from_bytes(content[-2:], "little"))
        elif kind in _CELLS:
            row, column = struct.unpack_from("<HH", content)
            look.reach(row, column)
            if kind == _FORMULA:
                look.calculated(row, column)
            elif kind == _BOOLERR and content[7]:
                look.errors.add((row, column))
            elif kind == _LABELSST:
                look.characters += lengths[int.from_bytes(content[6:10], "little")]
            else:
                look.characters += len(content)
    return look


class _Stream:
    """The records of a workbook; a file may let every sheet begin within another, so all that are read are counted."""

    def __init__(self, content: bytes):
        self._content = content
        self._left = MOST_RECORDS

    def records(self, at: int) -> _Records:
        """Kind and content of each record from a place on."""
        content = self._content
        while at + 4 <= len(content):
            kind, length = struct.unpack_from("<HH", content, at)
            found = content[at + 4 : at + 4 + length]
            if len(found) < length:
                break
            self._left -= 1
            if self._left < 0:
                raise Unreadable(f"it has more than {MOST_RECORDS:,} records", SMALLER, is_size=True)
            yield kind, found
            at += 4 + length
        raise ValueError("it has no last record")


def _text_lengths(parts: list[bytes]) -> list[int]:
    """How many characters each text of the table has; the table may be cut anywhere, also within a text."""
    reader = _Parts(parts)
    reader.take(8)
    lengths = []
    while reader.is_more:
        count, flags = struct.unpack("<HB", reader.take(3))
        runs = int.from_bytes(reader.take(2), "little") if flags & _RICH else 0
        more = int.from_bytes(reader.take(4), "little") if flags & _EXTENDED else 0
        reader.skip_characters(count, flags)
        reader.take(4 * runs + more)
        lengths.append(count)
    return lengths


class _Parts:
    """Bytes that are cut into parts; where characters are cut, the next part begins with their flags again."""

    def __init__(self, parts: list[bytes]):
        self._parts = parts
        self._part = 0
        self._at = 0

    @property
    def is_more(self) -> bool:
        return (self._part < len(self._parts) and self._left > 0) or self._part + 1 < len(self._parts)

    @property
    def _left(self) -> int:
        return len(self._parts[self._part]) - self._at

    def take(self, count: int) -> bytes:
        out = b""
        while len(out) < count:
            if self._left == 0:
                self._next()
            piece = self._parts[self._part][self._at : self._at + count - len(out)]
            self._at += len(piece)
            out += piece
        return out

    def skip_characters(self, count: int, flags: int) -> None:
        while count:
            if self._left == 0:
                self._next()
                flags = self.take(1)[0]
            width = 1 + (flags & _WIDE)
            here = min(count, self._left // width)
            if here == 0 and self._left:
                raise ValueError("a character is cut in two")
            self._at += here * width
            count -= here

    def _next(self) -> None:
        self._part += 1
        self._at = 0
        if self._part >= len(self._parts):
            raise ValueError("a text is cut off")
