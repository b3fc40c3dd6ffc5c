"""PDF: what is in it, by readers that are not ours; hostile texts; the same bytes for the same credential."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pdfua
import pikepdf
import pytest
import typst
import zxingcpp
from PIL import Image
from pypdf import PdfReader

from anchor.issuing.diplomas.content import content_of
from anchor.issuing.diplomas.look import Look, look_of, sheet_data
from anchor.issuing.diplomas.making import contact_sheet
from anchor.issuing.diplomas.press import Press, folder_for
from anchor.issuing.diplomas.qr import grouped, link_of, qr_svg
from anchor.issuing.diplomas.wording import WORDINGS, Wording
from anchor.issuing.templates.model import Layout, Orientation
from registry.document.reading import read_document
from registry.errors import IntakeError, SettingsError
from registry.receipt.model import parse_cbor
from tests.anchor.issuing.diplomas.papers import LANDSCAPE, PORTRAIT, credential, look, unsigned, with_receipt
from tests.anchor.issuing.made import TEMPLATE

NAMES = {
    "latin": "Ada Žižek",
    "arabic": "محمد عبد الله الخوارزمي",
    "hebrew": "דוד בן־גוריון",
    "devanagari": "अमित कुमार शर्मा",
    "cyrillic": "Алексей Ковалёв",
    "greek": "Γιώργος Παπαδόπουλος",
    "chinese": "王小明",
    "japanese": "山田太郎",
    "korean": "김민준",
}


@contextmanager
def press_of(wanted: Look) -> Iterator[Press]:
    with folder_for(wanted) as (folder, fonts):
        yield Press(wanted, folder, fonts)


@pytest.fixture(scope="module")
def press() -> Iterator[Press]:
    with press_of(look("en", "de")) as made:
        yield made


def pdf_of(document: bytes, wanted: Look, *, is_draft: bool = False) -> bytes:
    with press_of(wanted) as made:
        return made.diploma(content_of(document, "ada"), is_draft=is_draft)


def text_of(pdf: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())


@pytest.mark.parametrize("layout", [LANDSCAPE, PORTRAIT], ids=["landscape", "portrait"])
@pytest.mark.parametrize("languages", [("en",), ("de", "ar"), ("zh",)], ids=["one", "two", "chinese"])
def test_a_pdf_is_what_it_says_it_is(layout: Layout, languages: tuple[str, ...]) -> None:
    document = credential()
    pdf = pdf_of(document, look(*languages, layout=layout))
    read = PdfReader(io.BytesIO(pdf))
    assert {name: content for name, [content] in read.attachments.items()} == {"credential.json": document}
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        root = opened.Root
        assert [str(each.AFRelationship) for each in root.AF] == ["/Source"]
        assert str(root.AF[0].EF.F.Subtype) == "/application/vc"
        assert str(root.AF[0].Desc) == WORDINGS[languages[0]].credential
        assert str(root.Lang) == languages[0]
        assert bool(root.MarkInfo.Marked)
        assert bool(root.ViewerPreferences.DisplayDocTitle)
        about = root.Metadata.read_bytes()
        assert str(opened.docinfo["/CreationDate"]).startswith("D:20260831")
        assert "Ada Žižek" in str(opened.docinfo["/Title"])
        assert set(tagged_languages(root.StructTreeRoot)) >= set(languages[1:])
    assert b"<pdfaid:part>3</pdfaid:part>" in about
    assert b"<pdfaid:conformance>A</pdfaid:conformance>" in about
    assert b"<pdfuaid:part>1</pdfuaid:part>" in about
    # 12 checks, which are 16 of the 106 rules; one of them cannot read a number array of our tags and says so.
    report = pdfua.validate(io.BytesIO(pdf))
    assert report.findings == ()
    reading = read_document(pdf, "ada.pdf")
    assert reading.revisions == 1
    assert [json.loads(document)] == [dict(part.members) for part in reading.parts]


def tagged_languages(element: Any) -> Iterator[str]:
    if isinstance(element, pikepdf.Array):
        for each in element:
            yield from tagged_languages(each)
    elif isinstance(element, pikepdf.Dictionary):
        if "/Lang" in element:
            yield str(element.Lang)
        if "/K" in element:
            yield from tagged_languages(element.K)


@pytest.mark.parametrize("script", NAMES)
def test_names_of_every_script_are_printed_as_text(press: Press, script: str) -> None:
    name = NAMES[script]
    pdf = press.diploma(content_of(credential(name), script), is_draft=False)
    title = PdfReader(io.BytesIO(pdf)).metadata
    assert title is not None
    assert name in str(title.title)
    # Readers differ in the order in which they hand out what is written from right to left.
    if script not in ("arabic", "hebrew", "devanagari"):
        assert name in text_of(pdf)


def test_the_same_credential_gives_the_same_bytes_and_another_look_gives_others() -> None:
    document = credential()
    first = pdf_of(document, look("en"))
    assert first == pdf_of(document, look("en"))
    assert first != pdf_of(document, look("en", layout=PORTRAIT))
    assert first != pdf_of(document, look("en"), is_draft=True)


@pytest.mark.parametrize(
    "text",
    [
        '#panic("x")',
        '#read("/etc/passwd")',
        "*bold* _it_ `raw` $x^2$ <label> @ref = heading",
        '"; #import "x"',
        "// comment /* */ \\u{41} \\",
        "{{}} [[ ]] (( ))",
        "</dc:title><x>&amp;",
    ],
)
def test_markup_in_a_credential_is_text(press: Press, text: str) -> None:
    printed = text_of(press.diploma(content_of(credential(text), "x"), is_draft=False))
    assert "".join(text.split()) in "".join(printed.split())


def test_long_names_and_titles_stay_on_their_page(press: Press) -> None:
    usual = len(PdfReader(io.BytesIO(press.diploma(content_of(credential(), "x"), is_draft=False))).pages)
    for holder in ("A" * 120, "Maria del Carmen " * 7, "Ж" * 120):
        for award in ("Master of Science", "of Science and Engineering " * 10):
            document = credential(holder, name=award.strip())
            pdf = press.diploma(content_of(document, "x"), is_draft=False)
            assert len(PdfReader(io.BytesIO(pdf)).pages) == usual, (holder[:9], award[:9])


def test_the_code_brings_the_receipt_to_the_page_and_stands_there_as_text(press: Press) -> None:
    content = content_of(credential(), "ada")
    assert content.receipt is not None
    link = link_of(content.receipt, look().verify_url)
    [found] = codes_on_paper(credential())
    assert found == link
    page, _, fragment = found.partition("#")
    assert page == look().verify_url
    receipt = parse_cbor(base64.urlsafe_b64decode(fragment + "=" * (-len(fragment) % 4)))
    assert receipt == content.receipt
    printed = text_of(press.diploma(content, is_draft=False))
    assert grouped(content.digest.hex) in printed
    assert "verify.university.example/verify.html" in printed
    assert WORDINGS["en"].what_counts in printed


def codes_on_paper(document: bytes) -> list[str]:
    """The texts of the codes on the first page, drawn by the same layout as a picture."""
    wanted = look("en", template=replace(TEMPLATE, signatories=()))
    with folder_for(wanted) as (folder, fonts):
        data, code = sheet_data(content_of(document, "x"), wanted, fonts, is_draft=False)
        inputs = {"data": json.dumps(data), "code": code, "credential": document.decode()}
        found = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(fonts.folder)])
        drawn = typst.compile(
            str(folder / "diploma.typ"), font_paths=found, sys_inputs=inputs, format="png", ppi=200, root=str(folder)
        )
        first = drawn[0] if isinstance(drawn, list) else drawn
        return [each.text for each in zxingcpp.read_barcodes(Image.open(io.BytesIO(first)))]


@pytest.mark.parametrize("length", [30, 200, 400, 700, 701, 1_100, 2_900])
def test_codes_of_any_length_are_read_back(length: int) -> None:
    text = ("https://u.example/#" + "aZ9_-" * 600)[:length]
    svg, modules = qr_svg(text)
    source = (
        f"#set page(width: auto, height: auto, margin: 0pt)\n#image(bytes(sys.inputs.code), width: {modules * 2}pt)"
    )
    drawn = typst.compile(source.encode(), sys_inputs={"code": svg}, format="png", ppi=144)
    [found] = zxingcpp.read_barcodes(Image.open(io.BytesIO(drawn)))
    assert found.text == text


def test_a_link_that_no_code_holds_is_refused() -> None:
    content = content_of(credential(), "x")
    assert content.receipt is not None
    with pytest.raises(SettingsError, match="QR code holds"):
        link_of(content.receipt, "https://u.example/" + "x" * 2_900)


def test_a_draft_says_so_on_every_front_page_and_needs_no_receipt() -> None:
    pdf = pdf_of(json.dumps(unsigned()).encode(), look("en", "fr"), is_draft=True)
    printed = text_of(pdf)
    assert WORDINGS["en"].draft in printed
    assert WORDINGS["fr"].draft in printed
    assert WORDINGS["en"].draft not in text_of(pdf_of(credential(), look("en", "fr")))


def test_a_logo_is_there_with_what_it_says(tmp_path: Path) -> None:
    logo = tmp_path / "logo.svg"
    logo.write_text('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect width="9" height="9"/></svg>')
    wanted = look("en", layout=Layout(orientation=Orientation.PORTRAIT, logo=logo, logo_says={"en": "An owl"}))
    pdf = pdf_of(credential(), wanted)
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        assert "An owl" in set(alternatives(opened.Root.StructTreeRoot))
    assert pdfua.validate(io.BytesIO(pdf)).findings == ()
    logo.write_text("<html/>")
    with pytest.raises(IntakeError, match="no SVG"):
        pdf_of(credential(), wanted)


def alternatives(element: Any) -> Iterator[str]:
    if isinstance(element, pikepdf.Array):
        for each in element:
            yield from alternatives(each)
    elif isinstance(element, pikepdf.Dictionary):
        if "/Alt" in element:
            yield str(element.Alt)
        if "/K" in element:
            yield from alternatives(element.K)


def test_every_language_has_every_phrase_in_characters_that_can_be_printed() -> None:
    assert look_of(TEMPLATE, look().verify_url).languages == ("en", "de")
    with folder_for(look("en")) as (_, fonts):
        for language, words in WORDINGS.items():
            phrases = [getattr(words, name) for name in Wording.__slots__]
            assert all(phrases), language
            fonts.check(phrases, language)
    with pytest.raises(SettingsError, match="no phrases in the language 'xx'"):
        look("xx")


@pytest.mark.parametrize("address", ["", "verify.html", "ftp://u.example/", "https://u.example/#x", "javascript:x"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(SettingsError, match="no address"):
        Look(address)


def test_a_contact_sheet_has_the_root_the_names_and_no_code() -> None:
    documents = [json.dumps(unsigned(name)).encode() for name in NAMES.values()]
    for layout in (LANDSCAPE, PORTRAIT):
        sheet = contact_sheet(documents, root=b"\xab" * 32, credentials=300, look=look("en", layout=layout))
        printed = text_of(sheet)
        assert "ab" * 32 in printed
        assert f"{len(documents)} of 300 credentials" in printed
        assert all(NAMES[script] in printed for script in ("latin", "cyrillic", "chinese"))
        assert "Final grade" in printed
        assert PdfReader(io.BytesIO(sheet)).attachments == {}
    with pytest.raises(IntakeError, match="credential 2"):
        contact_sheet([documents[0], b"{}"], root=bytes(32), credentials=2)


def test_an_award_of_two_receipts_prints_the_one_that_is_for_it() -> None:
    document = json.loads(credential())
    document["proof"] = [*json.loads(with_receipt(unsigned("Somebody")))["proof"], *document["proof"]]
    content = content_of(json.dumps(document).encode(), "x")
    assert content.receipt is not None
    assert content.receipt.digest.value == content.digest.hex
