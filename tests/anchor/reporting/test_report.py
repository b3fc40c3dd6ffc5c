"""The yearly report: accessible, archival, the same bytes for the same facts, and nothing of a stranger steers it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pdfua
import pypdf
import pytest

from anchor.reporting.charts import trend_picture
from anchor.reporting.figures import Local, filter_of, local
from anchor.reporting.french import FRENCH_INDICATORS
from anchor.reporting.report import (
    Asked,
    Content,
    content_of,
    first_page,
    printed,
    refuse_future,
    tables_of,
    write_report,
)
from anchor.reporting.words import ENGLISH, FRENCH, indicator_texts
from registry.database.engine import open_database
from registry.errors import IntakeError, SettingsError
from registry.index.documents import Document, document_of
from registry.index.reader import Index
from registry.partnerships.definitions import INDICATORS
from registry.partnerships.partnership import partnership_of
from registry.partnerships.periods import read_period
from registry.partnerships.statement import statement_of
from registry.partnerships.told import COLUMNS
from registry.quality.snapshot import lines_of, read_snapshot
from registry.trees.folder import FolderTrees
from tests.registry.quality.decisions import decision
from tests.registry.quality.test_snapshot import file_of
from tests.registry.service.conftest import CHAIN, CONTRACT, GENESIS_TIME, Stand, credential, registered

HOSTILE = '#panic("x") $x$ \\ <script> = + - *bold* _it_ @label \u202eabc "quotes'
YEAR = read_period("2026")


def documents() -> list[Document]:
    partners = [
        {"kind": "university", "name": HOSTILE, "party": 1},
        {"kind": "accreditation-body", "name": "Agence de la vallée", "party": 2},
        {"kind": "ngo", "name": "Students"},
    ]
    partnership = {
        "id": "bridge",
        "title": HOSTILE,
        "purpose": {"kinds": ["equity"], "text": HOSTILE},
        "partners": partners,
        "agreements": [{"link": 1}, {"link": 9}],
        "start": "2026-01-01",
        "reviews": [{"due": "2026-01-01", "held": "2026-01-01", "outcome": "continued"}, {"due": "2027-01-01"}],
        "targets": [{"indicator": "reviews-overdue", "atMost": 0, "by": "2026-12-31"}],
    }
    crossed = {
        "rows": {"dimension": "gender", "categories": ["women", HOSTILE]},
        "columns": {"dimension": "region", "categories": ["rural", "urban"]},
        "cells": [[None, 40], [None, 50]],
        "rowTotals": [None, None],
        "columnTotals": [40, 90],
        "total": 130,
    }
    statement = {
        "type": "TestamurOutcomeStatement",
        "version": 1,
        "revision": 1,
        "id": "awards",
        "issuer": 1,
        "title": "Awards",
        "measure": "awards",
        "period": {"from": "2026-01-01", "until": "2026-01-31"},
        "tables": [
            {"rows": {"dimension": "language", "categories": ["hr", "en"]}, "cells": [[90], [40]], "total": 130},
            crossed,
        ],
    }
    return [document_of(partnership_of(partnership)), document_of(statement_of(statement))]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    folder = tmp_path_factory.mktemp("report")
    engine = open_database(f"sqlite:///{folder / 'testamur.db'}")
    stand, kept = Stand(folder, engine), documents()
    terms = {
        "id": 1,
        "body": 2,
        "holder": 1,
        "kind": 0,
        "scope": [6, 2, 6, 7, 0, 191],
        "validFrom": GENESIS_TIME,
        "validUntil": GENESIS_TIME + 86_400_000,
        "evidenceHash": bytes(32),
        "evidenceUri": "",
    }
    stand.mine(*(registered(number) for number in range(1, 4)))
    stand.mine(("AccreditationOffered", terms))
    stand.mine(("AccreditationAccepted", {"id": 1}))
    stand.mine(stand.anchored(1, stand.tree(*(credential(number) for number in range(40)))))
    for each in kept:
        stand.mine(stand.anchored(1, stand.tree(each.digest)))
    stand.finalise(6)
    stand.load()
    yield local(Index(engine, CHAIN, CONTRACT), FolderTrees(folder), lambda: kept)
    engine.dispose()


def asked(language: str = "en", **wanted: Any) -> Asked:
    return Asked(YEAR, filter_of(wanted.get("country"), None, None, None), language, "Ministry of Education")


def text_of(pdf: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages).split())


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_report_is_archival_and_accessible_in_each_language(found: Local, language: str) -> None:
    pdf = printed(content_of(found, asked(language), CONTRACT), asked(language))
    report = pdfua.validate(io.BytesIO(pdf))
    assert report.findings == ()
    about = pypdf.PdfReader(io.BytesIO(pdf)).xmp_metadata
    assert about is not None
    assert (about.pdfaid_part, about.pdfaid_conformance) == ("3", "A") if hasattr(about, "pdfaid_part") else True
    assert b"<pdfuaid:part>1</pdfuaid:part>" in pdf
    shown = text_of(pdf)
    for each in indicator_texts(language).values():
        assert " ".join(each["title"].split()) in shown
    assert {"en": "Cannot show", "fr": "Ne peut pas montrer"}[language] in shown
    assert CONTRACT in shown.replace(" ", "")


def test_equal_facts_give_equal_bytes(found: Local) -> None:
    first, second = (printed(content_of(found, asked(), CONTRACT), asked()) for _ in range(2))
    assert first == second
    assert first != printed(content_of(found, asked(country="HR"), CONTRACT), asked(country="HR"))


def test_what_partners_write_is_text_and_nothing_else(found: Local) -> None:
    shown = text_of(printed(content_of(found, asked(), CONTRACT), asked()))
    assert '#panic("x") $x$' in shown
    assert "\u202e" not in shown
    assert "not both are partners" in shown or "There is no accreditation or recognition 9" in shown
    assert "left out" in shown
    assert "This chain" in shown or "practice" not in shown


def test_every_table_is_beside_it_without_a_formula(found: Local, tmp_path: Path) -> None:
    output = tmp_path / "report.pdf"
    written = write_report(content_of(found, asked(), CONTRACT), asked(), output)
    assert [each.name for each in written] == [
        *("report.pdf", "report-figures.csv", "report-partners.csv", "report-reviews.csv", "report-statements.csv"),
    ]
    rows = {each.stem: list(csv.reader(io.StringIO(each.read_text()))) for each in written[1:]}
    assert rows["report-figures"][0] == list(COLUMNS)
    assert len(rows["report-partners"]) == 4
    assert [row[1:4] for row in rows["report-reviews"][1:]] == [
        ["2026-01-01", "2026-01-01", "continued"],
        ["2027-01-01", "", ""],
    ]
    assert [row[-1] for row in rows["report-statements"][1:]] == ["90", "40", "", "40", "", "50"]
    assert all(not cell.startswith(("=", "+", "@")) for table in rows.values() for row in table for cell in row)
    assert tables_of(content_of(found, asked(), CONTRACT)).keys() == {"figures", "partners", "reviews", "statements"}


def test_snapshots_of_registers_are_left_out_and_told_of(tmp_path: Path) -> None:
    """The report counts the credentials of an issuer, and not the decisions that a mirror anchored beside them."""
    engine = open_database(f"sqlite:///{tmp_path / 'testamur.db'}")
    stand = Stand(tmp_path, engine)
    registers = tmp_path / "registers"
    registers.mkdir()
    data = b"".join(file_of([decision("1"), decision("2")], chain=CHAIN, contract=CONTRACT.lower(), party=2))
    (registers / "a.register").write_bytes(data)
    snapshot = read_snapshot(lines_of(io.BytesIO(data)))
    stand.mine(*(registered(number) for number in range(1, 3)))
    stand.mine(stand.anchored(1, stand.tree(*(credential(number) for number in range(40)))))
    stand.mine(stand.anchored(2, snapshot.root, count=snapshot.leaf_count))
    stand.finalise(3)
    stand.load()

    def content(folder: Path | None) -> Content:
        return content_of(local(Index(engine, CHAIN, CONTRACT), FolderTrees(tmp_path), list, folder), asked(), CONTRACT)

    def anchored(told: dict[str, Any]) -> int:
        (found,) = (each["of"]["numerator"] for each in told["indicators"] if each["id"] == "credentials-growth")
        return int(found)

    known, unknown = content(registers), content(None)
    assert (anchored(known.told), anchored(unknown.told)) == (40, 40 + snapshot.leaf_count)
    assert known.told["registerSnapshots"] == {"batches": 1, "leaves": snapshot.leaf_count}
    assert f"no credentials: 1, with {snapshot.leaf_count} leaves." in text_of(printed(known, asked()))
    assert f"pas des titres : 1, avec {snapshot.leaf_count} feuilles." in text_of(printed(known, asked("fr")))
    assert "no credentials: 0, with 0 leaves." in text_of(printed(unknown, asked()))
    engine.dispose()


def test_a_country_that_nobody_is_in_has_no_data(found: Local) -> None:
    content = content_of(found, asked(country="FR"), CONTRACT)
    assert {each["of"]["value"] for each in content.told["indicators"]} == {None}
    assert content.statements == []
    assert "no data" in text_of(printed(content, asked(country="FR")))


def test_the_first_page_is_a_picture(found: Local) -> None:
    assert first_page(content_of(found, asked(), CONTRACT), asked(), 20.0).startswith(b"\x89PNG")


def test_a_publisher_that_no_font_has_is_refused(found: Local) -> None:
    odd = Asked(YEAR, filter_of(None, None, None, None), "en", "\U00013000")
    with pytest.raises(IntakeError) as refused:
        printed(content_of(found, odd, CONTRACT), odd)
    assert refused.value.code == "no-glyph"


def test_a_year_that_has_not_begun_is_refused(found: Local) -> None:
    refuse_future(YEAR, found.now)
    with pytest.raises(SettingsError) as refused:
        refuse_future(read_period("2027"), found.now)
    assert refused.value.code == "report-year"


def test_without_an_index_there_are_no_figures(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'testamur.db'}")
    with pytest.raises(SettingsError) as refused:
        local(Index(engine, CHAIN, CONTRACT), FolderTrees(tmp_path), list)
    assert refused.value.code == "no-index"
    engine.dispose()


@pytest.mark.parametrize(("country", "field"), [("XX", None), (None, "six"), (None, "6"), (None, "06131")])
def test_a_part_that_is_none_is_refused(country: str | None, field: str | None) -> None:
    with pytest.raises(SettingsError) as refused:
        filter_of(country, field, None, None)
    assert refused.value.code == "scope"


def test_both_languages_say_all() -> None:
    assert ENGLISH.keys() == FRENCH.keys()
    assert list(FRENCH_INDICATORS) == [each.id for each in INDICATORS]
    for name in ENGLISH:
        assert set(_fields(ENGLISH[name])) == set(_fields(FRENCH[name])), name
    assert all(text.strip() for texts in indicator_texts("fr").values() for text in texts.values())


def _fields(text: str) -> list[str]:
    return [each.partition("}")[0] for each in text.split("{")[1:]]


def test_a_trend_is_drawn_where_columns_can_show_it() -> None:
    def points(*values: float | None) -> list[dict[str, Any]]:
        return [{"period": f"2026-Q{number}", "value": value} for number, value in enumerate(values, 1)]

    drawn = trend_picture("x", "T <b>", points(1.0, None, 3.0, 4.0, 5.0), "%")
    assert drawn is not None
    assert drawn.count("<rect") == 4
    assert "<b>" not in drawn
    assert trend_picture("x", "T", points(1.0, None), "%") is None
    assert trend_picture("x", "T", points(1.0, -3.0), "%") is None
