"""Badges: a picture with the credential baked into it, as PNG or SVG, one credential only.

A picture that has one already gets the new one in its place: readers differ in which of two they take.

Sources: Open Badges 3.0, sections 5.3.1 (PNG) and 5.3.2 (SVG); PNG third edition, section 11.3.3.4 (iTXt).
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Final, Literal
from xml.parsers import expat

from anchor.issuing.templates.logos import Picture, look_at_logo
from registry.document.carriers import BAKED_ELEMENTS, BAKED_KEYWORDS, PNG_MARK, PNG_TEXTS
from registry.errors import IntakeError

NAMESPACE: Final = "https://purl.imsglobal.org/ob/v3p0"
_KEYWORD: Final = b"openbadgecredential"
_DECLARED: Final = re.compile(rb"""\sxmlns:openbadges\s*=\s*(?:"[^"]*"|'[^']*')""")


@dataclass(frozen=True, slots=True)
class BadgePicture:
    """A picture of the institution's own that credentials are baked into.

    Attributes:
        kind: the ending of the files it makes.
    """

    kind: Literal["png", "svg"]
    data: bytes


def read_badge_picture(path: Path) -> BadgePicture:
    """A picture for badges, looked at as a logo is.

    Raises:
        IntakeError: it is none, too large, does more than be seen, or is a JPEG, which nothing can be baked into.
    """
    kind = look_at_logo(path)
    if kind is Picture.JPEG:
        raise IntakeError(
            "it is a JPEG, and Open Badges are baked into PNG and SVG alone",
            where=str(path),
            remedy="Save the picture as a PNG.",
            code="badge",
        )
    try:
        return BadgePicture("png" if kind is Picture.PNG else "svg", path.read_bytes())
    except OSError as error:
        raise IntakeError(f"it cannot be read: {error.strerror}", where=str(path), code="badge") from None


def bake_png(picture: bytes, credential: str, *, title: str, description: str) -> bytes:
    """The picture with a credential in it, directly behind its head, and with words for those who cannot see it.

    Raises:
        IntakeError: it is no whole PNG.
    """
    texts = ((_KEYWORD, credential), (b"Title", title), (b"Description", description))
    replaced = {keyword for keyword, _ in texts} | BAKED_KEYWORDS
    made = bytearray(PNG_MARK)
    for kind, body in _chunks(picture):
        if kind in PNG_TEXTS and body.partition(b"\0")[0] in replaced:
            continue
        made += _chunk(kind, body)
        if kind == b"IHDR":
            for keyword, text in texts:
                # Not compressed, in no language, without a translated keyword.
                made += _chunk(b"iTXt", keyword + b"\0\0\0\0\0" + text.encode())
    return bytes(made)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _chunks(picture: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(PNG_MARK)
    while picture.startswith(PNG_MARK) and at + 12 <= len(picture):
        (size,) = struct.unpack_from(">I", picture, at)
        kind, body = picture[at + 4 : at + 8], picture[at + 8 : at + 8 + size]
        if len(picture) < at + 12 + size:
            break
        yield kind, body
        if kind == b"IEND":
            return
        at += 12 + size
    raise IntakeError("the badge's picture is no whole PNG", remedy="Save the picture again.", code="badge")


def bake_svg(picture: bytes, credential: str, *, title: str, description: str) -> bytes:
    """The picture with a credential in it, directly behind its first tag, and with words for those who cannot see it.

    What stands in the picture otherwise stays as it was, byte for byte.

    Raises:
        IntakeError: it is no SVG in UTF-8.
    """
    found = _Svg(picture)
    head = _DECLARED.sub(b"", picture[found.begin : found.inside])[:-1]
    # The characters that end a CDATA section may be written otherwise in JSON, where they can only be in a text.
    text = credential.replace("]]>", "]]\\u003e")
    baked = f"<openbadges:credential><![CDATA[{text}]]></openbadges:credential>"
    words = "" if found.has_title else f"<title>{escape(title)}</title><desc>{escape(description)}</desc>"
    role = "" if found.has_role else ' role="img"'
    rest = picture[found.inside :]
    for begin, end in reversed(found.baked):
        rest = rest[: begin - found.inside] + rest[end - found.inside :]
    tag = head + f' xmlns:openbadges="{NAMESPACE}"{role}>'.encode()
    return picture[: found.begin] + tag + (baked + words).encode() + rest


class _Svg:
    """Where things are in an SVG, in bytes.

    Attributes:
        begin, inside: of its first tag, and what follows that.
        baked: the elements that hold a credential, in their order.
        has_title: whether it says itself what it shows.
    """

    def __init__(self, data: bytes):
        self.begin = self.inside = -1
        self.baked: list[tuple[int, int]] = []
        self.has_title = self.has_role = False
        self._depth = 0
        self._baked_at: tuple[int, int] | None = None
        self._waits_for_end = False
        self._parser = parser = expat.ParserCreate("utf-8", namespace_separator=" ")
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.DefaultHandler = self._else
        parser.StartDoctypeDeclHandler = self._refuse
        try:
            # The parser takes UTF-16 for itself, whatever it is told; text is put between these bytes as UTF-8.
            if "\0" in data.decode():
                raise _no_svg()
            parser.Parse(data, True)
        except (expat.ExpatError, UnicodeDecodeError):
            raise _no_svg() from None
        if data[self.begin : self.inside].endswith(b"/>"):
            raise _no_svg()

    def _at(self) -> int:
        """Where this event is; what was before it ends here."""
        at = self._parser.CurrentByteIndex
        if self._depth and self.inside < 0:
            self.inside = at
        if self._waits_for_end and self._baked_at:
            self.baked.append((self._baked_at[0], at))
            self._baked_at, self._waits_for_end = None, False
        return at

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        at = self._at()
        if self._depth == 0:
            if name.rpartition(" ")[2] != "svg":
                raise _no_svg()
            self.begin, self.has_role = at, "role" in attributes
        self._depth += 1
        self.has_title |= self._depth == 2 and name.rpartition(" ")[2] == "title"
        if name in BAKED_ELEMENTS and self._baked_at is None:
            self._baked_at = (at, self._depth)

    def _end(self, _: str) -> None:
        self._at()
        if self._baked_at and self._baked_at[1] == self._depth:
            self._waits_for_end = True
        self._depth -= 1

    def _refuse(self, *_: object) -> None:
        raise _no_svg()

    def _else(self, _: str) -> None:
        self._at()


def _no_svg() -> IntakeError:
    return IntakeError(
        "the badge's picture is no SVG in UTF-8 with something in it", remedy="Save the picture again.", code="badge"
    )
