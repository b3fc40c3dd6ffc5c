"""Files that carry a credential inside: baked PNG and SVG, PDF with attachments, and XML that is a credential.

What they carry is found and handed on, not interpreted. All of it is bounded in bytes and number, nothing is fetched,
and what belongs to a carrier and cannot be read is named.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

MOST_CARRIED: Final = 64
"""Most credentials taken out of one carrier."""

PNG_MARK: Final = b"\x89PNG\r\n\x1a\n"
# Open Badges 3.0 and 2.0, section "Baking"; older bakers wrote the other kinds of text.
BAKED_KEYWORDS: Final = frozenset({b"openbadgecredential", b"openbadges"})
PNG_TEXTS: Final = frozenset({b"iTXt", b"tEXt", b"zTXt"})
BAKED_ELEMENTS: Final = frozenset(
    {
        "https://purl.imsglobal.org/ob/v3p0 credential",
        "http://openbadges.org assertion",
        "http://openbadges.org credential",
    }
)
_BAKED_IN_SVG: Final = (b"openbadges", b"purl.imsglobal.org/ob")
_NAMED_IN_XML: Final = (b"<svg", *_BAKED_IN_SVG)
_MOST_ELEMENTS: Final = 1_000_000
_MOST_ATTRIBUTES: Final = 1_000_000
_PACKED: Final = {
    b"\x1f\x8b": "a gzip file",
    b"BZh": "a bzip2 file",
    b"\xfd7zXZ\0": "an xz file",
    b"7z\xbc\xaf\x27\x1c": "a 7z file",
    b"(\xb5/\xfd": "a zstd file",
    # Tags 18 and 98 of CBOR, and 61 before them for claims (RFC 9052, RFC 8392).
    b"\xd2\x84": "a COSE message",
    b"\xd8\x62\x84": "a COSE message",
    b"\xd8\x3d\xd2\x84": "a COSE message",
}
_XML_HEAD: Final = 4096
_ENCODING_MARKS: Final = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


MOST_UNPACKED: Final = 32 << 20
"""Most bytes that everything in one document may unpack to together."""
# Bytes of streams that are looked through, packed: streams without an end overlap.
_MOST_LOOKED_THROUGH: Final = 128 << 20


@dataclass(slots=True)
class Allowance:
    """What may still be unpacked of one document, with all the carriers in carriers in it.

    Attributes:
        unpacked: bytes that may still come out.
        packed: bytes that may still be looked through for them.
    """

    unpacked: int = MOST_UNPACKED
    packed: int = _MOST_LOOKED_THROUGH

    def inflate(self, data: bytes, most: int) -> bytes | None:
        """Unpack deflate with a zlib header; None where it is damaged, or has more than `most` bytes or is left."""
        return self.take(inflate(data, min(most, self.unpacked)), most)

    def take(self, content: bytes | None, most: int) -> bytes | None:
        """The content where so much is left; what could not be had costs as much as it might."""
        allowed = min(most, self.unpacked)
        if content is None or len(content) > allowed:
            self.unpacked -= allowed
            return None
        self.unpacked -= len(content)
        return content


@dataclass(slots=True)
class Carried:
    """What a file carries.

    Attributes:
        kind: of the carrier, in words.
        contents: each with its place.
        missed: what could not be read: its place and why.
        signature: the kind of signature that the carrier itself has, if any.
        revisions: how many times it was saved, by what it says itself; more than one of a PDF that was added to.
    """

    kind: str
    contents: list[tuple[str, bytes]] = field(default_factory=list)
    missed: list[tuple[str, str]] = field(default_factory=list)
    signature: str | None = None
    revisions: int = 1

    def add(self, place: str, content: bytes) -> None:
        """One more credential, or the word that there were too many."""
        if len(self.contents) < MOST_CARRIED:
            self.contents.append((place, content))
        elif (too_many := ("", f"it carries more than {MOST_CARRIED}")) not in self.missed:
            self.missed.append(too_many)


def inflate(data: bytes, most: int) -> bytes | None:
    """Unpack deflate with a zlib header; None where it is damaged or has more than `most` bytes."""
    unpacker = zlib.decompressobj()
    try:
        unpacked = unpacker.decompress(data, most + 1)
    except zlib.error:
        return None
    return unpacked if unpacker.eof and len(unpacked) <= most else None


def is_png(data: bytes) -> bool:
    """Whether a file is a PNG."""
    return data.startswith(PNG_MARK)


def carried_by_png(data: bytes, most: int, allowance: Allowance) -> Carried:
    """The texts that a badge baked into a PNG has; every one, since readers differ in which they take.

    Args:
        most: bytes of a text that is packed.
        allowance: for the whole document.
    """
    found = Carried("a baked PNG")
    for kind, body in _chunks(data, found):
        if kind not in PNG_TEXTS:
            continue
        keyword, zero, rest = body.partition(b"\0")
        if keyword.strip().lower() not in BAKED_KEYWORDS or not zero:
            continue
        place = f"{kind.decode()} {keyword.decode('latin-1').strip()}"
        text = _png_text(kind, rest, most, allowance)
        if text is None:
            found.missed.append((place, "its text is damaged or too large"))
        else:
            found.add(place, text)
    return found


def _chunks(data: bytes, found: Carried) -> Iterator[tuple[bytes, bytes]]:
    """Kind and content of each chunk (PNG, third edition, section 5.3)."""
    at = len(PNG_MARK)
    while at + 12 <= len(data):
        (size,) = struct.unpack_from(">I", data, at)
        kind = data[at + 4 : at + 8]
        if at + 12 + size > len(data):
            break
        yield kind, data[at + 8 : at + 8 + size]
        if kind == b"IEND":
            return
        at += 12 + size
    found.missed.append(("", "the picture is cut off"))


def _png_text(kind: bytes, rest: bytes, most: int, allowance: Allowance) -> bytes | None:
    if kind == b"tEXt":
        return rest
    if kind == b"zTXt":
        return allowance.inflate(rest[1:], most)
    flags, _, text = rest[:2], *rest[2:].partition(b"\0")[::2]
    text = text.partition(b"\0")[2]
    if len(flags) < 2:
        return None
    return allowance.inflate(text, most) if flags[0] else text


def packed_kind(data: bytes) -> str | None:
    """What a file is, in words, that may hold a credential in a packing that is not read here; None of any other.

    Documents of office programs are ZIP files, too, and hold text and pictures alone.
    """
    if data.startswith(b"PK\x03\x04"):
        is_office = b"[Content_Types].xml" in data or data.startswith(b"mimetypeapplication", 30)
        return None if is_office else "a ZIP file"
    if data[257:262] == b"ustar":
        return "a tar file"
    return next((kind for beginning, kind in _PACKED.items() if data.startswith(beginning)), None)


def begins_as_xml(data: bytes) -> bool:
    """Whether a file begins as XML does."""
    head = data[:_XML_HEAD]
    for mark in _ENCODING_MARKS:
        head = head.removeprefix(mark)
    return head.lstrip(b"\0 \t\r\n")[:1] == b"<"


def carried_by_xml(data: bytes) -> Carried | None:
    """The credentials baked into an SVG; of another XML, whether it is a credential itself, which is not read.

    Entities are refused, and nothing outside the file is looked at.

    Returns:
        None where it is no carrier.
    """
    reader = _XmlReader()
    problem = reader.read(data)
    root = reader.root.rpartition(" ")[2].lower()
    if problem and not root:
        # A text like "<3" says nothing; what declares itself as XML, or names what it is, may.
        names = data.replace(b"\0", b"").lower()  # also in UTF-16
        if b"<?xml" not in names[:_XML_HEAD] and not any(name in names for name in _NAMED_IN_XML):
            return None
        return Carried("an XML document", missed=[("", problem)])
    if root == "svg":
        found = Carried("a baked SVG")
        for content in reader.baked:
            found.add("the baked element", content)
        if problem:
            found.missed.append(("", problem))
        is_baked = bool(found.contents) or any(name in data.replace(b"\0", b"") for name in _BAKED_IN_SVG)
        if is_baked and not found.contents and not problem:
            found.missed.append(("", "a baked element has another form than is read"))
        return found if is_baked or problem else None
    if any(word in root for word in ("credential", "presentation", "assertion", "diploma", "transcript")):
        found = Carried("an XML credential", missed=[("", "credentials in XML are not read here")])
        found.signature = "XML" if reader.is_signed else None
        return found
    return None


class _XmlReader:
    """Gathers the baked elements of one XML document."""

    def __init__(self) -> None:
        self.root = ""
        self.baked: list[bytes] = []
        self.is_signed = False
        self._elements = 0
        self._attributes = 0
        self._depth = 0
        self._inside: int | None = None
        self._text: list[str] = []
        self._attribute = ""

    def read(self, data: bytes) -> str | None:
        """Read it all; returns why not, in words."""
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.StartDoctypeDeclHandler = self._doctype
        parser.EntityDeclHandler = self._refuse_entity
        try:
            parser.Parse(data, True)
        except expat.ExpatError as error:
            return f"it is not XML: {expat.ErrorString(error.code)}"
        except (ValueError, LookupError):
            # It is what the declaration of an encoding says; the standard library reads those of one byte a character.
            return "its encoding is not read here"
        except _NotReadError as error:
            return str(error)
        return None

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.root = name if self._elements == 0 else self.root
        self._elements += 1
        self._depth += 1
        # A declaration gives every element attributes that are not written there.
        self._attributes += len(attributes)
        if self._elements > _MOST_ELEMENTS or self._depth > 1000 or self._attributes > _MOST_ATTRIBUTES:
            raise _NotReadError("it has too many elements or attributes")
        self.is_signed |= name == "http://www.w3.org/2000/09/xmldsig# Signature"
        if name in BAKED_ELEMENTS and self._inside is None:
            self._inside, self._text, self._attribute = self._depth, [], attributes.get("verify", "")

    def _end(self, _: str) -> None:
        if self._inside == self._depth:
            text = "".join(self._text).strip()
            # Both count: a reader that takes the one does not see the other.
            self.baked += [part.encode("utf-8", "replace") for part in (text, self._attribute) if part]
            self._inside = None
        self._depth -= 1

    def _characters(self, text: str) -> None:
        if self._inside is not None:
            self._text.append(text)

    def _doctype(self, name: str, *_: object) -> None:
        self.root = name  # until the element itself comes

    def _refuse_entity(self, *_: object) -> None:
        raise _NotReadError("it declares entities")


class _NotReadError(Exception):
    """Why an XML document is not read on."""
