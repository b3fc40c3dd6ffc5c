"""An application on paper: one page, archival and accessible, whatever there is of it and whoever wrote it."""

from __future__ import annotations

import io
from dataclasses import replace

import pdfua
import pypdf
import pytest

from anchor.learning.sheets import MOST_ROWS, printed, sheet_of
from registry.language.catalogue import LANGUAGES, language
from registry.learning.mobility.application import Application
from registry.learning.mobility.points import Code, Point
from tests.registry.learning.mobility.test_mobility_page import HOSTILE, MEMBERS
from tests.registry.learning.mobility.worlds import applied, course, presented

VALUES = {"country": "IE", "language": "français (fr)", "one": HOSTILE, "other": HOSTILE}


def some() -> Application:
    return applied(*(presented(at, **members) for at, members in enumerate(MEMBERS)))


def of_many(count: int) -> Application:
    """As much as there can be: every point of every credential, and names as long as they come."""
    found = some()
    points = tuple(Point.of(code, **VALUES) for code in Code)
    long = found.cases[-1]
    cases = tuple(replace(long, item=replace(long.item, position=at), points=points) for at in range(count))
    bodies = dict.fromkeys(range(1, 40), HOSTILE)
    return replace(found, cases=cases, points=points[8:10], bodies=bodies)


def read(pdf: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(pdf))


def text_of(pdf: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in read(pdf).pages).split())


@pytest.mark.parametrize("code", ["en", "ar"])
def test_it_is_one_page_archival_and_accessible(code: str) -> None:
    pdf = printed(some(), language(code))
    assert pdfua.validate(io.BytesIO(pdf)).findings == ()
    assert b"<pdfuaid:part>1</pdfuaid:part>" in pdf
    about = read(pdf).xmp_metadata
    assert about is not None
    assert (about.pdfaid_part, about.pdfaid_conformance) == ("3", "A")
    assert len(read(pdf).pages) == 1
    assert read(pdf).trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert pdf == printed(some(), language(code))


def test_it_says_what_the_json_says() -> None:
    found, shown = some(), text_of(printed(some(), language("en"), is_practice=True))
    told = found.to_dict()
    assert "None of this decides on recognition" in shown
    assert "Practice chain of one data folder. That is a chain for practice" in shown
    assert f"Holder: {told['items'][0]['holders'][0]}" in shown
    for each in [point for item in told["items"] for point in item["open"]] + told["open"]:
        assert each["text"][:60] in shown or HOSTILE[:8] in each["text"]
    assert "<script>" in shown  # as text
    assert "\u202e" not in shown


@pytest.mark.parametrize("code", ["de", "zu"])
def test_it_is_one_page_however_much_there_is(code: str) -> None:
    pdf = printed(of_many(200), language(code))
    assert len(read(pdf).pages) == 1
    assert pdfua.validate(io.BytesIO(pdf)).findings == ()


def test_of_two_hundred_credentials_it_has_the_first_and_says_how_many_it_has_not() -> None:
    (case,) = applied(presented(**course())).cases
    cases = tuple(replace(case, item=replace(case.item, position=at)) for at in range(200))
    pdf = printed(replace(some(), cases=cases), language("en"))
    assert len(read(pdf).pages) == 1
    assert f"Not shown on this page, but in the JSON: {200 - MOST_ROWS} of 200." in text_of(pdf)


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_sheet_is_in_every_language(code: str) -> None:
    sheet = sheet_of(some(), language(code), 2, is_practice=True)
    assert len(sheet["rows"]) == 2
    assert sheet["more"]
    assert {len(row) for row in sheet["rows"]} == {len(sheet["heads"])}


def test_a_sign_that_no_font_has_is_marked() -> None:
    shown = text_of(
        printed(
            applied(presented(achievement=None, credentialSubject={"achievement": {"name": "Ana 🦄"}})), language("en")
        )
    )
    assert "Ana \N{REPLACEMENT CHARACTER}" in shown
