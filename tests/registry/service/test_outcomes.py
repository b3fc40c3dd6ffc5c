"""Partnerships, statements and indicators over HTTP: what counts, what does not, and what each figure is out of."""

from __future__ import annotations

import csv
import io
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from registry.database.engine import open_database
from registry.errors import StoreError
from registry.index.documents import (
    MOST_DOCUMENTS,
    Document,
    DocumentLoader,
    document_of,
    documents_in,
    documents_version,
)
from registry.partnerships.definitions import INDICATORS
from registry.partnerships.partnership import partnership_of
from registry.partnerships.statement import statement_of
from registry.partnerships.told import COLUMNS
from registry.untrusted.text import spreadsheet_text
from tests.registry.service.conftest import CHAIN, GENESIS_TIME, Stand, credential, registered, soon

HR, SI = 191, 705
UNIVERSITY, AGENCY, FOREIGN, FOREIGN_UNIVERSITY = 1, 2, 3, 4
DAY = 86_400


def scope(where: int) -> list[int]:
    return [6, 2, 6, 7, 0, where]


def terms(number: int, body: int, where: int) -> dict[str, Any]:
    return {
        "id": number,
        "body": body,
        "scope": scope(where) if where else [0, 0, 1, 8, 0, 0],
        "validFrom": GENESIS_TIME,
        "validUntil": GENESIS_TIME + 1000 * DAY,
        "evidenceHash": bytes(32),
        "evidenceUri": "",
    }


def partnership(name: str = "bridge", **changes: Any) -> Document:
    told = {
        "id": name,
        "title": "A bridge",
        "purpose": {"kinds": ["mutual-recognition"], "text": "Nobody asks twice."},
        "partners": [
            {"kind": "accreditation-body", "name": "Agency", "party": AGENCY},
            {"kind": "accreditation-body", "name": "Foreign agency", "party": FOREIGN},
            {"kind": "ngo", "name": "Students"},
        ],
        "agreements": [{"link": 3}, {"paper": {"uri": "javascript:alert(1)", "sha256": "ab" * 32}, "title": "MoU"}],
        "start": "2026-01-01",
        "reviews": [{"due": "2026-01-01"}, {"due": "2027-01-31"}],
        "targets": [{"indicator": "fields-recognised", "atLeast": 50, "by": "2026-06-30"}],
    }
    return document_of(partnership_of(told | changes))


def statement(name: str = "awards", women: int = 120, issuer: int = UNIVERSITY, **changes: Any) -> Document:
    told = {
        "type": "TestamurOutcomeStatement",
        "version": 1,
        "revision": 1,
        "id": name,
        "issuer": issuer,
        "title": "Awards",
        "measure": "awards",
        "period": {"from": "2026-01-01", "until": "2026-12-31"},
        "tables": [
            {"rows": {"dimension": "language", "categories": ["hr", "en"]}, "cells": [[women], [98]], "total": None}
        ],
    }
    return document_of(statement_of(told | changes))


HOSTILE = "<script>alert(1)</script>\u202e=cmd()"
BRIDGE, NEWER = partnership(), partnership(revision=2, title="A better bridge")
UNANCHORED, STRANGERS = partnership("not-anchored", title=HOSTILE), partnership("strangers", title=HOSTILE)
AWARDS, DIFFERENT = statement(), statement("different", 123, about={"level": 6})


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    folder = tmp_path_factory.mktemp("outcomes")
    engine = open_database(f"sqlite:///{folder / 'testamur.db'}")
    stand = Stand(folder, engine)
    kept = folder / "partnerships"
    kept.mkdir()
    for each in (BRIDGE, NEWER, UNANCHORED, STRANGERS, AWARDS, DIFFERENT):
        (kept / each.file_name).write_bytes(each.content)
    (kept / "broken.json").write_text("{")
    (kept / "linked.json").symlink_to("/etc/passwd")
    stand.mine(*(registered(number) for number in range(1, 7)))
    stand.mine(
        ("AccreditationOffered", {**terms(1, AGENCY, HR), "holder": UNIVERSITY, "kind": 0}),
        ("AccreditationOffered", {**terms(2, FOREIGN, SI), "holder": FOREIGN_UNIVERSITY, "kind": 0}),
    )
    stand.mine(("AccreditationAccepted", {"id": 1}), ("AccreditationAccepted", {"id": 2}))
    stand.mine(stand.anchored(UNIVERSITY, stand.tree(*(credential(number) for number in range(40)))))
    stand.mine(("Recognised", {**terms(3, FOREIGN, 0), "recognised": AGENCY}))
    stand.mine(stand.anchored(UNIVERSITY, stand.tree(*(credential(number) for number in range(100, 160)))))
    stand.mine(stand.anchored(AGENCY, stand.tree(BRIDGE.digest)))
    stand.mine(stand.anchored(FOREIGN, stand.tree(NEWER.digest)))
    stand.mine(stand.anchored(6, stand.tree(STRANGERS.digest)))
    stand.mine(stand.anchored(UNIVERSITY, stand.tree(AWARDS.digest)))
    stand.mine(stand.anchored(UNIVERSITY, stand.tree(DIFFERENT.digest)))
    stand.finalise(10)
    stand.load()
    assert DocumentLoader(engine, kept).step() == 6
    yield stand
    engine.dispose()


def got(stand: Stand, path: str, **query: Any) -> dict[str, Any]:
    answer = stand.client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def page(stand: Stand, path: str, **query: Any) -> str:
    answer = stand.client.get(path, params=query, headers={"Accept": "text/html"})
    assert answer.status_code == 200, answer.text
    return answer.text


AT = "2026-01-01T00:02:12Z"


def test_partnerships_are_listed_with_what_they_are(told: Stand) -> None:
    found = got(told, "/v1/partnerships")
    assert [(each["id"], each["revision"], each["standing"]) for each in found["partnerships"]] == [
        ("bridge", 2, "current"),
        ("not-anchored", 1, "not-anchored"),
        ("strangers", 1, "anchored-by-others"),
    ]
    bridge = found["partnerships"][0]
    assert (bridge["anchoredBy"], bridge["block"]["number"], bridge["problems"]) == (FOREIGN, 8, [])
    assert [(each["link"], each["state"]) for each in bridge["agreements"]] == [(3, "active")]
    first = told.client.get("/v1/partnerships", params={"limit": 1})
    assert (first.json()["next"], 'rel="next"' in first.headers["link"]) == ("bridge", True)
    second = got(told, "/v1/partnerships", limit=5, cursor="bridge")
    assert [each["id"] for each in second["partnerships"]] == ["not-anchored", "strangers"]


def test_all_versions_of_one_are_kept(told: Stand) -> None:
    found = got(told, "/v1/partnerships/bridge")
    assert [(each["revision"], each["standing"]) for each in found["versions"]] == [(1, "replaced"), (2, "current")]
    assert found["current"]["document"]["title"] == "A better bridge"
    assert found["versions"][0]["until"] == found["current"]["block"]["timestamp"]
    answer = told.client.get("/v1/partnerships/nowhere")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown-partnership")
    assert told.client.get("/v1/partnerships/..%2f..%2fetc").status_code in (404, 422)


def test_a_statement_that_gives_a_small_group_away_beside_another_is_not_told(told: Stand) -> None:
    """Of one level three more than of all: whoever anchored it second is left out."""
    found = got(told, "/v1/statements")["statements"]
    assert [(each["id"], each["standing"], each["issuer"]) for each in found] == [("awards", "current", UNIVERSITY)]


def test_statements_come_in_pages(told: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes = told.client.app.state.outcomes  # type: ignore[attr-defined]
    recorded = outcomes.recorded()
    (only,) = recorded.statements
    several = tuple(replace(only, digest=bytes([number]) * 32) for number in range(5))
    monkeypatch.setattr(outcomes, "recorded", lambda: recorded._replace(statements=several))
    answer = told.client.get("/v1/statements", params={"limit": 2})
    assert 'rel="next"' in answer.headers["link"]
    found, cursor = list[str](), answer.json()["next"]
    assert len(answer.json()["statements"]) == 2
    while cursor:
        told_of = got(told, "/v1/statements", limit=2, cursor=cursor)
        found += [each["digest"] for each in told_of["statements"]]
        cursor = told_of["next"]
    assert found == [each.digest.hex() for each in several[2:]]
    refused = told.client.get("/v1/statements", params={"cursor": "ff" * 32})
    assert (refused.status_code, refused.json()["code"]) == (400, "cursor")


def test_who_asks_for_many_figures_leaves_threads_for_all_others(told: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    """While as many as may wait are waiting, a further one is told to come again, and what is known is told."""
    known = got(told, "/v1/indicators", period="2025", at=AT)
    outcomes = told.client.app.state.outcomes  # type: ignore[attr-defined]
    monkeypatch.setattr(outcomes, "_waiting", threading.Semaphore(0))
    refused = told.client.get("/v1/indicators", params={"period": "2023", "at": AT})
    assert (refused.status_code, refused.json()["code"]) == (503, "busy")
    assert got(told, "/v1/indicators", period="2025", at=AT) == known
    monkeypatch.setattr(outcomes, "_waiting", threading.Semaphore(1))
    for year in ("2021", "2022"):
        got(told, "/v1/indicators", period=year, at=AT)


def test_figures_say_what_they_are_out_of_and_from_which_blocks(told: Stand) -> None:
    found = got(told, "/v1/indicators", period="2026", at=AT)
    assert [each["id"] for each in found["indicators"]] == [each.id for each in INDICATORS]
    by_id = {each["id"]: each["of"] for each in found["indicators"]}
    recognised = by_id["credentials-recognised-abroad"]
    # Forty before the recognition, sixty and two statements after it, and three documents of others.
    assert (recognised["numerator"], recognised["denominator"]) == (62, 105)
    assert by_id["partnerships-in-force"]["numerator"] == 1
    assert (by_id["languages-stated"]["value"], len(by_id["languages-stated"]["parts"])) == (2.0, 2)
    assert (by_id["fields-recognised"]["numerator"], by_id["fields-recognised"]["denominator"]) == (1, 1)
    assert found["blocks"] == {"from": 1, "to": 11}
    assert [(each["partnership"], each["state"]) for each in found["targets"]] == [("bridge", "no-data")]


def test_figures_are_filtered(told: Stand) -> None:
    def counted(**query: Any) -> int:
        found = got(told, "/v1/indicators", period="2026", at=AT, **query)
        total: int = found["indicators"][0]["of"]["denominator"]
        return total

    assert counted(country="HR") == 102
    assert counted(country="hr", field="0613", level="7") == 102
    assert counted(country="SI") == counted(field="09") == counted(level=5) == 0
    assert counted(partnership="bridge") == 2
    assert counted(country="", field="", level="", partnership="") == 105


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"period": "26"}, 400, "period"),
        ({"period": "2026-Q9"}, 400, "period"),
        ({"country": "XX"}, 400, "scope"),
        ({"field": "six"}, 422, "parameter"),
        ({"level": "9"}, 422, "parameter"),
        ({"by": "week"}, 422, "parameter"),
        ({"partnership": "nowhere"}, 404, "unknown-partnership"),
        ({"partnership": "../x"}, 422, "parameter"),
        ({"at": "2999-01-01"}, 400, "time-to-come"),
    ],
)
def test_what_makes_no_sense_is_refused(told: Stand, query: dict[str, str], status: int, code: str) -> None:
    answer = told.client.get("/v1/indicators", params=query)
    assert (answer.status_code in (status, 400, 422), answer.json()["code"]) == (True, code), answer.text


def test_every_figure_is_in_the_table(told: Stand) -> None:
    answer = told.client.get("/v1/indicators", params={"format": "csv", "at": AT})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert rows[0] == list(COLUMNS)
    figures = [row for row in rows if row[0] == "figure"]
    assert [row[1] for row in figures] == [each.id for each in INDICATORS]
    assert all(
        row[9:] == ["1", "11", spreadsheet_text(each.cannot_show)]
        for row, each in zip(figures, INDICATORS, strict=True)
    )
    # A browser that asks for the table gets the table.
    browser = told.client.get("/v1/indicators", params={"format": "csv", "at": AT}, headers={"Accept": "text/html"})
    assert browser.headers["content-type"] == "text/csv; charset=utf-8"


def test_insights_are_a_table_too(told: Stand) -> None:
    answer = told.client.get("/v1/insights", params={"format": "csv", "at": AT}, headers={"Accept": "text/html"})
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert rows[0] == ["section", "name", "value", "out_of", "limits"]
    plain = got(told, "/v1/insights", at=AT)
    assert ["partners", "total", "6"] in [row[:3] for row in rows]
    assert {row[0] for row in rows[1:]} >= {name for name, value in plain.items() if isinstance(value, dict)} - {"asOf"}


@pytest.mark.parametrize("path", ["/partnerships", "/partnerships/bridge", "/partnerships/strangers", "/indicators"])
def test_pages_tell_the_same_and_run_nothing(told: Stand, path: str) -> None:
    shown = page(told, path)
    assert "<script" not in shown
    assert "javascript:" not in shown or 'href="javascript:' not in shown
    assert "\u202e" not in shown
    assert len(shown.encode()) < 120_000
    assert page(told, f"/v1{path}") == shown


def test_the_page_of_a_partnership_says_what_is_overdue_and_what_does_not_count(told: Stand) -> None:
    bridge = page(told, "/partnerships/bridge")
    assert "A better bridge" in bridge
    assert "not on this chain" in bridge
    assert "to come" in bridge
    assert "This document does not count: anchored by others" in page(told, "/partnerships/strangers")


def test_the_page_of_indicators_has_a_definition_and_a_limit_for_each(told: Stand) -> None:
    shown = page(told, "/indicators", period="2026", at=AT)
    for each in INDICATORS:
        assert f'id="{each.id}"' in shown
    assert shown.count("Cannot show.") == len(INDICATORS)
    assert "no data" in shown
    assert 'value="2026"' in shown


def test_figures_are_worked_out_once_for_each_state_of_the_index(told: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {"period": "2026-01", "at": AT}
    first = told.client.get("/v1/indicators", params=asked)
    monkeypatch.setattr("registry.service.outcomes.Measuring", None)
    again = told.client.get("/v1/indicators", params=asked)
    assert (again.status_code, again.headers["etag"]) == (200, first.headers["etag"])


# The folder


def test_the_folder_is_what_counts(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'testamur.db'}")
    kept = tmp_path / "kept"
    loader = DocumentLoader(engine, kept)
    assert loader.step() == 0
    kept.mkdir()
    (kept / BRIDGE.file_name).write_bytes(BRIDGE.content)
    assert loader.step() == 1
    before = documents_version(engine)
    assert loader.step() == 0
    # The same document in another form is the same document.
    (kept / BRIDGE.file_name).write_text(json.dumps(BRIDGE.value.to_dict(), indent=2))
    (kept / AWARDS.file_name).write_bytes(AWARDS.content)
    assert loader.step() == 1
    assert documents_version(engine) != before
    (kept / AWARDS.file_name).unlink()
    assert loader.step() == 1
    assert documents_version(engine) == before
    engine.dispose()


def test_a_folder_of_too_many_files_is_refused(tmp_path: Path) -> None:
    for number in range(MOST_DOCUMENTS + 1):
        (tmp_path / f"{number}.json").touch()
    with pytest.raises(StoreError, match="more than"):
        documents_in(tmp_path)


def test_an_anchor_that_is_undone_or_withdrawn_counts_no_more(empty: Stand, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / BRIDGE.file_name).write_bytes(BRIDGE.content)
    DocumentLoader(empty.engine, kept).step()
    empty.mine(*(registered(number) for number in range(1, 5)))

    def standing() -> str:
        soon(empty)
        found = empty.client.get("/v1/partnerships").json()["partnerships"]
        word: str = found[0]["standing"]
        return word

    assert standing() == "not-anchored"
    root = empty.tree(BRIDGE.digest)
    empty.mine(empty.anchored(AGENCY, root))
    empty.load()
    assert standing() == "current"
    empty.mine(("BatchVoided", {"issuer": AGENCY, "root": root, "reason": 1}))
    assert standing() == "withdrawn"
    assert empty.index.chain == CHAIN
