"""What the audit writes of other people's words and of any numbers."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anchor.audit_charts import Chart, Series, bars, columns, number_text, text
from anchor.audit_csv import cell
from anchor.audit_text import LONGEST, plain

amounts = st.floats(0, 1e18, allow_nan=False)


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("=cmd|'/c calc'!A0", "'=cmd|'/c calc'!A0"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        (" =1", "' =1"),
        ("\t=1", "\ufffd=1"),
        ("\u200b=1", "\ufffd=1"),
        ("＝1", "'＝1"),
        ("did:web:a.example", "did:web:a.example"),
        (-1, -1),
        (None, None),
    ],
)
def test_no_cell_is_a_formula(given: object, written: object) -> None:
    assert cell(given) == written


@given(st.text())
def test_plain_text_is_one_line_that_moves_nothing(given: str) -> None:
    shown = plain(given)
    assert len(shown.splitlines()) <= 1
    assert not re.search("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]", shown)
    assert len(plain(given * 200)) <= LONGEST


@given(st.text(), st.lists(st.tuples(st.text(), amounts, amounts), max_size=30), st.sampled_from([columns, bars]))
def test_a_chart_is_well_formed_and_says_in_its_table_what_it_draws(
    title: str, rows: list[tuple[str, float, float]], draw: object
) -> None:
    labels = tuple(label for label, _, _ in rows)
    series = (Series("First", tuple(one for _, one, _ in rows)), Series(title, tuple(two for _, _, two in rows)))
    drawn = draw(Chart("a-chart", title, title, labels, series, "things", "Label"))  # type: ignore[operator]
    figure = ET.fromstring(drawn)
    svg = "{http://www.w3.org/2000/svg}"
    picture = figure.find(f"{svg}svg")
    assert picture is not None
    names = picture.attrib["aria-labelledby"].split()
    assert [picture[at].attrib["id"] for at in (0, 1)] == names
    body = figure.find(".//tbody")
    assert body is not None
    assert len(body) == len(rows)
    for (_, one, two), row in zip(rows, body, strict=True):
        assert [each.text for each in row[1:]] == [number_text(one), number_text(two)]
    for rectangle in picture.iter(f"{svg}rect"):
        assert float(rectangle.attrib["width"]) >= 0
        assert float(rectangle.attrib["height"]) >= 0
        assert float(rectangle.attrib["x"]) + float(rectangle.attrib["width"]) <= 720.2
        assert float(rectangle.attrib["y"]) + float(rectangle.attrib["height"]) <= float(
            picture.attrib["viewBox"].split()[3]
        )


def test_numbers_and_nothing() -> None:
    assert [text(each) for each in (None, 1234567, 0.5, "<a>")] == [
        "–",
        "1,234,567",
        "0.50",
        "<bdi>&lt;a&gt;</bdi>",
    ]
