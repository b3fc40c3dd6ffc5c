"""A logo is a picture by its content, of a size that a diploma can carry, and does nothing but be seen."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import pytest

from anchor.issuing.templates.logos import MOST_BYTES, Picture, look_at_logo
from registry.errors import IntakeError

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"{}>{}</svg>'


def png(width: int = 2, height: int = 2) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"\0\0\0" * 2)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def jpeg(width: int = 2, height: int = 2) -> bytes:
    start = b"\xff\xd8\xff\xe0\x00\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0"
    return start + b"\xff\xc0\x00\x0b\x08" + struct.pack(">HH", height, width) + b"\x01\x01\x11\0\xff\xd9"


def look(folder: Path, content: bytes | str) -> Picture:
    path = folder / "logo"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return look_at_logo(path)


def refusal(folder: Path, content: bytes | str) -> IntakeError:
    with pytest.raises(IntakeError) as caught:
        look(folder, content)
    assert caught.value.remedy
    return caught.value


def test_a_picture_is_known_by_its_content(tmp_path: Path) -> None:
    assert look(tmp_path, png()) is Picture.PNG
    assert look(tmp_path, jpeg()) is Picture.JPEG
    assert look(tmp_path, SVG.format("", "<path d='M0 0h1'/>")) is Picture.SVG
    inner = "<defs><g id='a'/></defs><use href='#a'/><style>path{fill:url(#a)}</style>"
    assert look(tmp_path, SVG.format(" fill='url(#a)'", inner)) is Picture.SVG


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GIF89a",
        b"%PDF-1.7",
        b"MZ",
        png()[:20],
        png()[:-12],
        jpeg()[:12],
        b"\xff\xd8\xff\xff\xff",
        "<svg",
        "<html/>",
    ],
)
def test_what_is_no_picture_is_told(tmp_path: Path, content: bytes | str) -> None:
    assert refusal(tmp_path, content).code == "logo"


def test_a_picture_of_many_pixels_in_few_bytes_is_refused(tmp_path: Path) -> None:
    for content in (png(100_000, 2), png(2, 0), jpeg(2, 60_000)):
        assert "pixels" in refusal(tmp_path, content).what


def test_a_file_of_fifty_megabytes_is_refused_without_reading_it(tmp_path: Path) -> None:
    path = tmp_path / "logo.png"
    with path.open("wb") as file:
        file.write(png())
        file.truncate(50 << 20)
    with pytest.raises(IntakeError) as caught:
        look_at_logo(path)
    assert caught.value.code == "logo-too-large"
    assert f"{50 << 20:,}" in caught.value.what
    assert MOST_BYTES < 50 << 20


def test_a_logo_that_is_not_there_is_told(tmp_path: Path) -> None:
    for path in (tmp_path / "no.png", tmp_path, Path("a\0b")):
        with pytest.raises(IntakeError) as caught:
            look_at_logo(path)
        assert caught.value.code == "logo"


@pytest.mark.parametrize(
    "content",
    [
        SVG.format("", "<script>alert(1)</script>"),
        SVG.format("", "<g><SCRIPT/></g>"),
        SVG.format(" onload='x()'", ""),
        SVG.format("", "<foreignObject/>"),
        # A few hundred bytes of these keep a computer busy for hours.
        SVG.format("", "<filter id='f'><feGaussianBlur stdDeviation='3000'/></filter>"),
        SVG.format("", "<a href='javascript:x()'/>"),
        SVG.format("", "<image href='https://x.example/a.png'/>"),
        SVG.format(" xmlns:xlink='http://www.w3.org/1999/xlink'", "<image xlink:href='file:///etc/passwd'/>"),
        SVG.format("", "<image href='data:text/html;base64,AA'/>"),
        SVG.format("", "<style>@import 'https://x.example/a.css';</style>"),
        SVG.format("", "<rect fill='url(https://x.example/#a)'/>"),
        SVG.format("", "<rect style='fill:url(\"https://x.example\")'/>"),
        SVG.format("", "<a href='#x'><set attributeName='href' to='javascript:x()'/></a>"),
        f"<!DOCTYPE svg [<!ENTITY a 'x'>]>{SVG.format('', '&a;')}",
        f"<!DOCTYPE svg SYSTEM 'file:///etc/passwd'>{SVG.format('', '')}",
    ],
)
def test_an_svg_that_does_or_fetches_something_is_refused(tmp_path: Path, content: str) -> None:
    assert refusal(tmp_path, content).code == "logo"


def test_an_svg_in_another_encoding_is_read_as_it_says(tmp_path: Path) -> None:
    out = io.BytesIO()
    out.write('<?xml version="1.0" encoding="utf-16"?>'.encode("utf-16"))
    out.write(SVG.format("", "<script/>").encode("utf-16-le"))
    assert refusal(tmp_path, out.getvalue()).code == "logo"
