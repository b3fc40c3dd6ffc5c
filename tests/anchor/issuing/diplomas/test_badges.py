"""Baked badges, read back by our own carriers and by libraries that are not ours."""

from __future__ import annotations

import io
import json
import zlib
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from anchor.issuing.diplomas.badges import NAMESPACE, bake_png, bake_svg, read_badge_picture
from anchor.issuing.diplomas.content import content_of
from anchor.issuing.diplomas.press import Press, folder_for
from registry.document.reading import read_document
from registry.errors import IntakeError
from tests.anchor.issuing.diplomas.papers import credential, look
from tests.carriers import chunk, itxt, png, svg

TITLE = {"title": "A <badge> & more", "description": "Awarded by Ü"}
JSON_TEXTS = st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), st.text("]>< &'\"\\é"), max_size=3)


@given(content=JSON_TEXTS)
def test_what_is_baked_is_read_back_and_is_there_once(content: dict[str, str]) -> None:
    text = json.dumps(content | {"type": ["VerifiableCredential"]}, ensure_ascii=False)
    for picture, bake in ((png(itxt(b"{}")), bake_png), (svg(b"{}"), bake_svg)):
        once = bake(picture, '{"type":["VerifiableCredential"],"old":true}', **TITLE)
        twice = bake(once, text, **TITLE)
        found = read_document(twice, "badge")
        assert [dict(part.members) for part in found.parts] == [json.loads(text)]
        assert not found.unread


def test_a_png_has_it_directly_behind_its_head_uncompressed() -> None:
    document = credential()
    baked = bake_png(
        png(chunk(b"tEXt", b"openbadges\0old"), chunk(b"tEXt", b"Software\0x")), document.decode(), **TITLE
    )
    assert baked[33 + 4 : 33 + 8] == b"iTXt"
    body = baked[33 + 8 :]
    assert body.startswith(b"openbadgecredential\0\0\0\0\0" + document)
    opened = Image.open(io.BytesIO(baked))
    opened.load()
    texts = opened.text  # type: ignore[attr-defined]
    assert texts["openbadgecredential"].encode() == document
    assert (texts["Title"], texts["Description"], texts["Software"]) == (*TITLE.values(), "x")
    assert "openbadges" not in texts


def test_an_svg_has_it_directly_behind_its_first_tag() -> None:
    picture = (
        b'\xef\xbb\xbf<?xml version="1.0"?><!-- <svg> -->\n<svg viewBox="0 0 9 9" data-x="a>b" '
        b'xmlns="http://www.w3.org/2000/svg" xmlns:openbadges="http://openbadges.org"><g>'
        b'<openbadges:assertion verify="x"/></g><title>Mine</title></svg>'
    )
    baked = bake_svg(picture, '{"a": 1}', **TITLE)
    root = ElementTree.fromstring(baked)
    assert root[0].tag == f"{{{NAMESPACE}}}credential"
    assert json.loads(root[0].text or "") == {"a": 1}
    assert [each.text for each in root.iter("{http://www.w3.org/2000/svg}title")] == ["Mine"]
    assert b"assertion" not in baked
    assert root.get("role") == "img"
    plain = ElementTree.fromstring(bake_svg(b'<svg xmlns="http://www.w3.org/2000/svg"><g/></svg>', "{}", **TITLE))
    assert [each.text for each in plain][1:3] == list(TITLE.values())


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_our_own_pictures_carry_it(kind: str) -> None:
    document = credential()
    content = content_of(document, "ada")
    wanted = look("en")
    with folder_for(wanted) as (folder, fonts):
        made = Press(wanted, folder, fonts).badge(content, "png" if kind == "png" else "svg")
    bake = bake_png if kind == "png" else bake_svg
    baked = bake(made, content.text, **TITLE)
    found = read_document(baked, f"ada.{kind}")
    assert [part.digests[-1] for part in found.parts] == [content.digest]
    assert len(found.receipts) == 1


@pytest.mark.parametrize(
    "broken",
    [b"", b"x", png()[:40], b"\x89PNG\r\n\x1a\n", png().replace(b"IEND", b"IENX"), b"<svg/>", b"<html><p/></html>"],
)
def test_what_is_no_whole_picture_is_refused(broken: bytes) -> None:
    for bake in (bake_png, bake_svg):
        with pytest.raises(IntakeError) as caught:
            bake(broken, "{}", **TITLE)
        assert caught.value.code == "badge"


def test_svg_of_other_encodings_or_with_entities_is_refused() -> None:
    for text in ('<svg a="é"><g/></svg>'.encode("utf-16"), b'<!DOCTYPE svg [<!ENTITY a "b">]><svg>&a;<g/></svg>'):
        with pytest.raises(IntakeError):
            bake_svg(text, "{}", **TITLE)


def test_a_picture_of_the_institution_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(png())
    assert read_badge_picture(tmp_path / "a").kind == "png"
    (tmp_path / "b").write_bytes(b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>')
    with pytest.raises(IntakeError, match="more than be seen"):
        read_badge_picture(tmp_path / "b")
    head = b"\xff\xd8\xff\xc0\0\x0b\x08\0\x09\0\x09\x01\x01\x11\0"
    (tmp_path / "c").write_bytes(head + bytes(20))
    with pytest.raises(IntakeError, match="JPEG"):
        read_badge_picture(tmp_path / "c")
    (tmp_path / "d").write_bytes(zlib.compress(b"x"))
    with pytest.raises(IntakeError, match="no picture"):
        read_badge_picture(tmp_path / "d")
