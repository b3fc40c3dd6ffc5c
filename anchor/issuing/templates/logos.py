"""A logo, looked at before it is put on paper: which picture it is, by its content, and that it brings nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from registry.document.carriers import is_png
from registry.errors import IntakeError
from registry.extras import needs
from registry.untrusted.text import terminal_text

MOST_BYTES: Final = 2 << 20
"""A logo is on every diploma of a batch."""
MOST_PIXELS: Final = 8_000
"""On a side: a PNG of a few KB can unpack to gigabytes."""

_JPEG: Final = b"\xff\xd8\xff"
_GIVE: Final = f"Give a PNG, a JPEG or an SVG of at most {MOST_BYTES >> 20} MiB."
_PLAIN: Final = "Save it as a plain SVG, with paths alone, or as a PNG."
# Frames of JPEG that tell the size (ITU-T T.81, table B.1): all SOF but DHT, JPG and DAC, which stand between them.
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ALIVE: Final = frozenset({
    "script", "foreignobject", "iframe", "object", "embed", "audio", "video", "set", "handler", "listener",
    "animate", "animatetransform", "animatemotion", "animatecolor", "filter",
})  # fmt: skip
_INSIDE: Final = re.compile(r"#|data:image/(?:png|jpeg);", re.IGNORECASE)
_STYLE_LEADS_OUT: Final = re.compile(r"@import|url\(\s*['\"]?(?!\s*#)|expression\s*\(", re.IGNORECASE)


class Picture(StrEnum):
    """What a logo may be; the value is its media type."""

    PNG = "image/png"
    JPEG = "image/jpeg"
    SVG = "image/svg+xml"


def look_at_logo(path: Path) -> Picture:
    """Which picture a file is, after a look at its content; the name of the file does not count.

    Raises:
        IntakeError: it is not there, too large (`logo-too-large`), no picture or one that does more than be seen
            (`logo`).
        SettingsError: what reads SVG is not installed.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
            size = file.seek(0, 2)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "that is no name of a file"
        raise IntakeError(f"it cannot be read: {reason}", where=str(path), remedy=_GIVE, code="logo") from None
    if size > MOST_BYTES:
        raise IntakeError(f"it has {size:,} bytes", where=str(path), remedy=_GIVE, code="logo-too-large")
    try:
        return _picture(data)
    except ValueError as error:
        what, remedy = (*error.args, _GIVE)[:2]
        raise IntakeError(what, where=str(path), remedy=remedy, code="logo") from None


def _picture(data: bytes) -> Picture:
    if is_png(data):
        if data[12:16] != b"IHDR" or len(data) < 33 or b"IEND" not in data[-16:]:
            raise ValueError("it begins like a PNG and is none, or is cut off")
        _check_pixels(int.from_bytes(data[16:20]), int.from_bytes(data[20:24]))
        return Picture.PNG
    if data.startswith(_JPEG):
        _check_pixels(*_jpeg_size(data))
        return Picture.JPEG
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        _check_svg(data)
        return Picture.SVG
    raise ValueError("it is no picture that is known here" if data else "it is empty")


def _check_pixels(width: int, height: int) -> None:
    if not (0 < width <= MOST_PIXELS and 0 < height <= MOST_PIXELS):
        raise ValueError(f"it has {width:,} by {height:,} pixels", f"Give one of at most {MOST_PIXELS:,} on a side.")


def _jpeg_size(data: bytes) -> tuple[int, int]:
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4])
        if marker in _FRAMES:
            return int.from_bytes(data[at + 7 : at + 9]), int.from_bytes(data[at + 5 : at + 7])
        if marker == 0xFF:
            at += 1
        else:
            at += 2 + max(2, length)
    raise ValueError("it begins like a JPEG and is none, or is cut off")


def _check_svg(data: bytes) -> None:
    with needs("issuing"):
        from defusedxml.common import DefusedXmlException
        from defusedxml.ElementTree import fromstring
    try:
        root = fromstring(data, forbid_dtd=True)
    except DefusedXmlException:
        raise ValueError("it is an SVG that defines a DOCTYPE or entities", _PLAIN) from None
    except (ParseError, ValueError, LookupError):
        raise ValueError("it looks like an SVG and is no XML") from None
    if _local(root.tag) != "svg":
        raise ValueError("it is XML, and no SVG")
    for reason in _reasons(root):
        raise ValueError(reason, _PLAIN)


def _reasons(root: Element) -> Iterator[str]:
    """Why an SVG is not put on a diploma: it could do or fetch something."""
    for element in root.iter():
        name = _local(element.tag)
        if name in _ALIVE:
            yield f"it is an SVG with an element {terminal_text(name)}, which does more than be seen"
        if name == "style" and _STYLE_LEADS_OUT.search("".join(element.itertext())):
            yield "it is an SVG whose style fetches something from elsewhere"
        for attribute, value in element.attrib.items():
            local = _local(attribute)
            if local.startswith("on"):
                yield f"it is an SVG with a script in {terminal_text(local, 40)}"
            if local in ("href", "src") and not _INSIDE.match(value.strip()):
                yield f"it is an SVG that leads to {terminal_text(value.strip(), 80)!r}"
            if _STYLE_LEADS_OUT.search(value):
                yield "it is an SVG whose style fetches something from elsewhere"


def _local(tag: object) -> str:
    return tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""
