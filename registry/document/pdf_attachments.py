"""The files attached to a PDF, found without following what it says about itself.

Nothing of a PDF is drawn or run. Instead of its cross-references, which may lie and which an edited file has several
of, every object in it is looked at, also those of earlier revisions and those packed into object streams. So an
attachment that some viewer shows is not missed, at the price of finding one that was taken out again.
Source: ISO 32000-2, sections 7.3 (objects), 7.5.7 (object streams), 7.11 (file specifications).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from registry.document.carriers import MOST_UNPACKED, Allowance, Carried

MOST_OBJECTS: Final = 100_000
MOST_STREAMS: Final = 20_000
MOST_NAMED: Final = 1_000

_OBJECT = re.compile(rb"(?<![0-9])([0-9]{1,10})[\0\t\n\f\r ]+([0-9]{1,5})[\0\t\n\f\r ]+obj\b")
_STREAM = re.compile(rb"stream(?:\r\n|\n|\r)")
_EMBEDDED_AT = re.compile(rb"/EF[\0\t\n\f\r ]*(<<|([0-9]{1,10})[\0\t\n\f\r ]+[0-9]{1,5}[\0\t\n\f\r ]+R)")
_REFERENCE = re.compile(rb"([0-9]{1,10})[\0\t\n\f\r ]+[0-9]{1,5}[\0\t\n\f\r ]+R")
_IS_EMBEDDED = re.compile(rb"/Type[\0\t\n\f\r ]*/EmbeddedFile\b")
_IS_OBJECTS = re.compile(rb"/Type[\0\t\n\f\r ]*/ObjStm\b")
_FILTER = re.compile(rb"/F(?:ilter)?[\0\t\n\f\r ]*(\[[^\]]{0,200}\]|/[A-Za-z0-9]+)")
_FILTERS = re.compile(rb"/([A-Za-z0-9]+)")
_LENGTH = re.compile(rb"/Length[\0\t\n\f\r ]+([0-9]{1,10})(?![\0\t\n\f\r ]+[0-9]+[\0\t\n\f\r ]+R)")
_FIRST = re.compile(rb"/First[\0\t\n\f\r ]+([0-9]{1,10})")
# Each save ends so (section 7.5.5); one that is made for reading while it is fetched ends so twice (annex F).
_END_OF_REVISION = re.compile(rb"startxref[\0\t\n\f\r ]+[0-9]{1,10}[\0\t\n\f\r ]+%%EOF")
_LINEARIZED = re.compile(rb"/Linearized[\0\t\n\f\r ]+[0-9]")
_NUMBER = re.compile(rb"[0-9]{1,10}")
_NAME_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
_LONGEST_DICTIONARY = 8192
# Names with escapes are looked for in single objects, which are short, and not in all of an object stream.
_LONGEST_ESCAPED = 1 << 16


class _Object(NamedTuple):
    """An object: its dictionary as text, and where its stream begins, -1 without one."""

    head: bytes
    stream_at: int


def is_pdf(data: bytes) -> bool:
    """Whether a file is a PDF; viewers allow some bytes before its header."""
    return b"%PDF-" in data[:1024]


def carried_by_pdf(data: bytes, most: int, allowance: Allowance) -> Carried:
    """The files attached to a PDF.

    Args:
        most: bytes of one of them.
        allowance: for the whole document.
    """
    return _PdfReader(data, most, allowance).read()


class _PdfReader:
    def __init__(self, data: bytes, most: int, allowance: Allowance):
        self._data = data
        self._most = most
        self._allowance = allowance
        self._named_at_most = MOST_NAMED
        self._found = Carried("a PDF with attachments")
        self._streams: dict[int, list[_Object]] = {}
        self._heads: dict[int, list[tuple[bytes, int]]] = {}

    def read(self) -> Carried:
        found = self._found
        ends = sum(1 for _ in _limited(_END_OF_REVISION, self._data, MOST_OBJECTS))
        found.revisions = max(1, ends - (_LINEARIZED.search(self._data[:1024]) is not None))
        if b"/ByteRange" in self._data:
            found.signature = "PDF signature"
        if b"/Encrypt" in self._data:
            found.missed.append(("", "the PDF is encrypted"))
            return found
        texts = list(self._objects())
        numbers = {number for text in texts for number in self._named(text)}
        numbers |= {
            number
            for number, objects in self._streams.items()
            if any(_IS_EMBEDDED.search(each.head) for each in objects)
        }
        for number in sorted(numbers)[:MOST_NAMED]:
            self._take(number)
        if len(numbers) > MOST_NAMED:
            found.missed.append(("", f"it has more than {MOST_NAMED:,} attachments"))
        return found

    def _objects(self) -> Iterator[bytes]:
        """The text of every object outside streams, and what object streams hold."""
        starts = [(int(match[1]), match.end()) for match in _limited(_OBJECT, self._data, MOST_OBJECTS)]
        if len(starts) >= MOST_OBJECTS:
            self._found.missed.append(("", f"it has more than {MOST_OBJECTS:,} objects"))
        unpacked = 0
        for at, (number, start) in enumerate(starts):
            end = starts[at + 1][1] if at + 1 < len(starts) else len(self._data)
            head, stream_at = self._head(start, end)
            if stream_at >= 0:
                self._streams.setdefault(number, []).append(_Object(head, stream_at))
                if _IS_OBJECTS.search(head):
                    unpacked += 1
                    if unpacked <= MOST_STREAMS:
                        yield from self._packed(_Object(head, stream_at))
                    elif unpacked == MOST_STREAMS + 1:
                        self._found.missed.append(("", "it has too many object streams"))
            self._heads.setdefault(number, []).append((head, 0))
            yield head

    def _head(self, start: int, end: int) -> tuple[bytes, int]:
        """The object up to its stream, if it has one, and where that begins."""
        match = _STREAM.search(self._data, start, min(end, start + _LONGEST_DICTIONARY))
        head = self._data[start : match.start() if match else end]
        if match and head.rstrip().endswith(b">>"):
            return _plain_names(head), match.end()
        return _plain_names(self._data[start:end]), -1

    def _packed(self, stream: _Object) -> Iterator[bytes]:
        text = self._content(stream, MOST_UNPACKED)
        if text is None:
            self._found.missed.append(("", "an object stream is damaged, too large, or packed otherwise"))
            return
        text = _plain_names(text)
        yield text
        first = _FIRST.search(stream.head)
        if first is None:
            return
        numbers = text[: int(first[1])].split(maxsplit=2 * MOST_OBJECTS)[: 2 * MOST_OBJECTS]
        for at in range(0, len(numbers) - 1, 2):
            if _NUMBER.fullmatch(numbers[at]) and _NUMBER.fullmatch(numbers[at + 1]):
                begin = int(first[1]) + int(numbers[at + 1])
                self._heads.setdefault(int(numbers[at]), []).append((text, begin))

    def _named(self, text: bytes) -> Iterator[int]:
        """The numbers of the streams that file specifications in an object name."""
        for match in _EMBEDDED_AT.finditer(text):
            self._named_at_most -= 1
            if self._named_at_most < 0:
                if self._named_at_most == -1:
                    self._found.missed.append(("", f"it names more than {MOST_NAMED:,} attachments"))
                return
            if match[2] is None:
                yield from self._references(text[match.end() : match.end() + _LONGEST_DICTIONARY])
            else:
                for source, at in self._heads.get(int(match[2]), [])[:16]:
                    yield from self._references(source[at : at + _LONGEST_DICTIONARY].partition(b"<<")[2])

    def _references(self, dictionary: bytes) -> Iterator[int]:
        for match in _REFERENCE.finditer(dictionary.partition(b">>")[0]):
            yield int(match[1])

    def _take(self, number: int) -> None:
        place = f"attachment in object {number}"
        if number not in self._streams:
            self._found.missed.append((place, "it is not in the file"))
        for stream in self._streams.get(number, [])[:16]:
            content = self._content(stream, self._most)
            if content is None:
                self._found.missed.append((place, "it is damaged, too large, or packed otherwise than by deflate"))
            else:
                self._found.add(place, content)

    def _content(self, stream: _Object, most: int) -> bytes | None:
        """The bytes of a stream, unpacked; None where they cannot be had within the bounds."""
        filters = _FILTER.search(stream.head)
        names = [] if filters is None else _FILTERS.findall(filters[1])
        if b"/Predictor" in stream.head or any(name not in (b"FlateDecode", b"Fl") for name in names) or len(names) > 1:
            return None
        if self._allowance.packed < 0:
            return None
        end = self._data.find(b"endstream", stream.stream_at, stream.stream_at + MOST_UNPACKED)
        if (length := _LENGTH.search(stream.head)) and self._is_end(stream.stream_at + int(length[1])):
            end = stream.stream_at + int(length[1])
        self._allowance.packed -= (end if end >= 0 else len(self._data)) - stream.stream_at
        if end < 0 or self._allowance.packed < 0:
            return None
        packed = self._data[stream.stream_at : end]
        # Line ends after packed data are not part of it: deflate knows its own end.
        return self._allowance.inflate(packed, most) if names else self._allowance.take(packed, most)

    def _is_end(self, at: int) -> bool:
        return self._data[at : at + 20].lstrip(b"\r\n\t ").startswith(b"endstream")


def _plain_names(text: bytes) -> bytes:
    """Names without escapes: `/E#46` is `/EF`."""
    if len(text) > _LONGEST_ESCAPED or b"#" not in text:
        return text
    return _NAME_ESCAPE.sub(lambda match: bytes([int(match[1], 16)]), text)


def _limited(pattern: re.Pattern[bytes], data: bytes, most: int) -> Iterator[re.Match[bytes]]:
    for _, match in zip(range(most), pattern.finditer(data), strict=False):
        yield match
