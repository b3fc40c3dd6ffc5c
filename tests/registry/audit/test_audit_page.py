"""What the audit writes of other people's words and of any numbers."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.audit.findings import Asked, Audit, Counts, Unchecked
from registry.audit.kinds import MEANINGS, Difference, DifferenceKind
from registry.audit.report import folder
from registry.audit.report.as_csv import cell
from registry.audit.report.as_html import page, templates
from registry.audit.report.as_json import content
from registry.audit.report.charts import Chart, Drawing, Series, bars, columns, number_text
from registry.audit.report.folder import JSON_FILE, NAME, name_of, write_report
from registry.audit.report.tables import COLUMNS
from registry.errors import StoreError
from registry.history import rebuild
from registry.records import BlockRef
from registry.untrusted.text import LONGEST, marked, terminal_text

# The first page of a process waits for its templates to be read.
UNHURRIED = settings(deadline=None)
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


@UNHURRIED
@given(st.text(), st.lists(st.tuples(st.text(), amounts, amounts), max_size=30), st.sampled_from([columns, bars]))
def test_a_chart_is_well_formed_and_says_in_its_table_what_it_draws(
    title: str, rows: list[tuple[str, float, float]], draw: Callable[[Chart], Drawing]
) -> None:
    labels = tuple(label for label, _, _ in rows)
    series = (Series("First", tuple(one for _, one, _ in rows)), Series(title, tuple(two for _, _, two in rows)))
    drawing = draw(Chart("a-chart", title, title, labels, series, "things", "Label"))
    figure = ET.fromstring(templates().get_template("chart.html").module.figure(drawing))  # type: ignore[attr-defined]
    svg = "{http://www.w3.org/2000/svg}"
    picture = figure.find(f".//{svg}svg")
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
    shown = templates().get_template("parts.html").module.shown  # type: ignore[attr-defined]
    assert [str(shown(each)) for each in (None, 1234567, 0.5, "<a>")] == [
        "–",
        "1,234,567",
        "0.50",
        "<bdi>&lt;a&gt;</bdi>",
    ]


@pytest.mark.parametrize("count", [1, 3, 4, 40])
def test_few_columns_are_bars_which_take_no_more_room_than_they_need(count: int) -> None:
    labels = tuple(f"2026-{number:02}" for number in range(count))
    chart = Chart("a-chart", "Title", "What", labels, (Series("Things", (5.0,) * count),), "things", "Month")
    drawing = columns(chart)
    assert len(drawing.rectangles) == count
    if count < 4:
        assert drawing == bars(chart)
        assert drawing.height < 50 + 30 * count
    else:
        assert drawing.lines


@UNHURRIED
@given(st.integers(0, 10**15))
def test_a_scale_has_no_part_of_what_is_whole(most: int) -> None:
    labels, values = ("a", "b", "c", "d"), (float(most), 0.0, 0.0, 0.0)
    drawing = columns(Chart("a-chart", "Title", "What", labels, (Series("Things", values),), "things", "Month"))
    scale = [float(each.text.replace(",", "")) for each in drawing.labels if each.anchor == "end"]
    assert all(each.is_integer() for each in scale)
    assert most <= scale[-1] <= max(4, 2 * most)


# The reference

REFERENCE = (Path(__file__).parents[3] / "docs" / "reference" / "audit.md").read_text(encoding="utf-8")


def rows(heading: str) -> dict[str, str]:
    """The table of a section: its first column by the word in it, and the rest."""
    section = REFERENCE.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    found = re.findall(r"^\| (`.*?) \| (.*) \|$", section, re.MULTILINE)
    return {word: rest for words, rest in found for word in re.findall(r"`(\w[\w-]*)`", words)}


def test_every_kind_of_difference_is_in_the_reference_with_its_meaning() -> None:
    assert rows("Differences") == {kind.value: meaning for kind, meaning in MEANINGS.items()}


def test_every_column_is_in_the_reference() -> None:
    assert {name: tuple(re.findall(r"`(\w+)`", rest)) for name, rest in rows("Tables").items()} == dict(COLUMNS)


def test_every_member_is_in_the_reference() -> None:
    told = rows("JSON")
    members = json.loads(json.dumps(content(AUDIT), default=str))
    assert set(told) == set(members)
    assert re.findall(r"`(\w+)`", told["checked"]) == list(members["checked"])


AUDIT = Audit(
    chain="eip155:1",
    contract="0x" + "11" * 20,
    edition=2,
    accreditations_contract="0x" + "22" * 20,
    deployed_in=1,
    block=BlockRef(5, bytes(32), datetime(2026, 1, 1, tzinfo=UTC)),
    asked=Asked(),
    folder=None,
    state=rebuild([]),
    differences=(),
    unchecked=(),
    notes=(),
    checked=Counts(),
)


class Tags(HTMLParser):
    """The tags of a page with their attributes, in order, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[object] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append((tag, attrs))

    def handle_data(self, data: str) -> None:
        self.text += data


def told(said: str) -> Audit:
    """An audit in which strangers say that wherever they can."""
    differences = (Difference(DifferenceKind.TREE_MISSING, said, said, 1),)
    return replace(AUDIT, differences=differences, unchecked=(Unchecked(said, said),), notes=(said,), folder=Path(said))


@UNHURRIED
@given(st.text())
def test_whatever_strangers_say_is_text_of_the_page_and_hides_nothing(said: str) -> None:
    written = page(told(said))
    found = Tags(written)
    assert found.tags == Tags(page(told("plain"))).tags
    assert found.text.count(terminal_text(marked(said), LONGEST)) >= 5
    for line in written.split("\n"):
        assert line == terminal_text(line)


def test_an_audit_of_nothing_is_a_page_too() -> None:
    assert "Everything that was compared agrees" in page(AUDIT)


def test_what_could_not_be_checked_never_looks_clean() -> None:
    unsure = replace(AUDIT, unchecked=(Unchecked("the index", "it <moves>"),))
    assert "Could not be checked." in page(unsure)
    assert "it &lt;moves&gt;" in page(unsure)
    assert content(unsure)["outcome"] == "could not be checked"
    both = replace(unsure, differences=(Difference(DifferenceKind.TREE_MISSING, "issuer 1", "gone", 1),))
    assert content(both)["outcome"] == "differences"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "Everything was checked."),
        ({"notes": ("There is no data folder.",)}, "what there was not, the notes say"),
        ({"checked": Counts(batches=7, trees=5)}, "Of 2 of 7 batches no tree was read"),
        ({"unchecked": (Unchecked("the index", "it moves"),)}, "What could not be checked: 1."),
    ],
)
def test_everything_was_checked_is_said_only_where_nothing_was_missing(given: dict[str, Any], said: str) -> None:
    text = Tags(page(replace(AUDIT, **given))).text
    assert said in text
    assert ("Everything was checked" in text) is (given == {})


def test_batches_without_a_tree_are_said_beside_the_outcome() -> None:
    head = page(replace(AUDIT, checked=Counts(batches=7, trees=5))).partition("<main>")[0]
    assert "Everything that was compared agrees. Of 2 of 7 batches no tree was read" in head


def test_the_heading_says_whom_and_when_and_the_chain_is_in_words() -> None:
    assert "<title>Audit of all parties, 2026-01-01</title>" in page(AUDIT)
    one = Tags(page(replace(AUDIT, asked=Asked(issuer=17, since=3)))).text
    assert "Audit of party 17, 2026-01-01" in one
    assert "As of block 5, 2026-01-01T00:00:00Z, of Ethereum (eip155:1)" in re.sub(r"\s+", " ", one)
    assert "batches from block 3 on" in one


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        (Asked(), "20260101T000000Z-5"),
        (Asked(issuer=17), "20260101T000000Z-5-issuer-17"),
        (Asked(issuer=17, since=3), "20260101T000000Z-5-issuer-17-from-3"),
        (Asked(since=3), "20260101T000000Z-5-from-3"),
    ],
)
def test_a_kept_report_is_named_by_its_block_and_what_was_asked(asked: Asked, name: str) -> None:
    assert name_of(replace(AUDIT, asked=asked)) == name
    assert NAME.fullmatch(name)


def test_a_report_that_breaks_off_is_not_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_report(AUDIT, tmp_path)
    whole = tmp_path / name_of(AUDIT) / JSON_FILE
    assert json.loads(whole.read_bytes()) == json.loads(json.dumps(content(AUDIT)))

    def fails(*_: object) -> NoReturn:
        raise StoreError("no room", code="unwritable")

    monkeypatch.setattr(folder, "write_html", fails)
    with pytest.raises(StoreError):
        write_report(AUDIT, tmp_path)
    assert not whole.exists()
