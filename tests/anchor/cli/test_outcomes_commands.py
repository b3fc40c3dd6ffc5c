"""`testamur partnership`, `statement` and `insights` on a practice chain, from a file to figures."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from registry.partnerships.definitions import INDICATORS
from tests.conftest import Ran, Run

PARTNERSHIP: dict[str, Any] = {
    "type": "TestamurPartnership",
    "version": 1,
    "revision": 1,
    "id": "bridge",
    "title": "A bridge",
    "purpose": {"kinds": ["mutual-recognition"]},
    "partners": [
        {"kind": "university", "name": "U", "party": 1},
        {"kind": "accreditation-body", "name": "A", "party": 2},
    ],
    "agreements": [{"link": 1}],
    "start": "2020-01-01",
    "targets": [{"indicator": "partnerships-in-force", "atLeast": 1, "by": "2099-12-31"}],
}
COUNTS = "gender,count\nwomen,120\nmen,98\nother,3\n"
STATED = ("--id", "awards", "--title", "Awards", "--from", "2026-01-01", "--until", "2026-12-31", "--issuer", "1")


@pytest.fixture
def folder(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("university", "agency", "others"):
        assert run("issuer", "register", "--uri", f"did:web:{name}.example").code == 0
    assert run("accredit", "offer", "1", "--issuer", "2", "--until", "2099-01-01", "--jurisdiction", "HR").code == 0
    assert run("accredit", "accept", "1", "--issuer", "1").code == 0
    return tmp_path


def written(name: str = "bridge.json", **changes: Any) -> str:
    Path(name).write_text(json.dumps(PARTNERSHIP | changes))
    return name


def code(ran: Ran) -> str:
    told: str = ran.json["error"]["code"]
    return told


def test_a_partnership_is_checked_recorded_replaced_and_counted(run: Run, folder: Path) -> None:
    file = written()
    assert run("partnership", "check", file, "--json").json["problems"] == []
    assert not (folder / "testamur-data/partnerships").exists()
    done = run("partnership", "record", file, "--issuer", "1", "--json").json
    assert (done["new"], Path(done["file"]).is_file()) == (True, True)
    again = run("partnership", "record", file, "--issuer", "1", "--json").json
    assert (again["new"], again["root"]) == (False, done["root"])
    assert run("index", "--once").code == 0
    (listed,) = run("partnership", "list", "--json").json["partnerships"]
    assert (listed["standing"], listed["anchoredBy"]) == ("current", 1)
    newer = written("newer.json", revision=2, title="A better bridge")
    assert run("partnership", "record", newer, "--issuer", "2").code == 0
    assert run("index", "--once").code == 0
    shown = run("partnership", "show", "bridge", "--json").json
    assert [each["standing"] for each in shown["versions"]] == ["replaced", "current"]
    assert shown["current"]["document"]["title"] == "A better bridge"
    told = run("insights", "show", "--json").json
    assert [each["id"] for each in told["indicators"]] == [each.id for each in INDICATORS]
    assert [each["state"] for each in told["targets"]] == ["met"]
    assert run("revoke", "newer.json", "--issuer", "2", "--yes").code == 0
    assert run("index", "--once").code == 0
    after = run("partnership", "show", "bridge", "--json").json
    assert [each["standing"] for each in after["versions"]] == ["current", "withdrawn"]


@pytest.mark.parametrize(
    ("changes", "issuer", "expected"),
    [
        ({"agreements": [{"link": 7}]}, "1", "partnership-disagrees"),
        (
            {"partners": [*PARTNERSHIP["partners"], {"kind": "ngo", "name": "N", "party": 9}]},
            "1",
            "partnership-disagrees",
        ),
        ({}, "3", "partnership-party"),
        ({"end": "2019-01-01"}, "1", "partnership"),
        ({"targets": [{"indicator": "happiness", "atLeast": 1, "by": "2026-01-01"}]}, "1", "partnership"),
    ],
    ids=["no-such-link", "no-such-party", "no-partner", "backwards", "no-such-indicator"],
)
def test_what_does_not_agree_is_not_recorded(
    run: Run, folder: Path, changes: dict[str, Any], issuer: str, expected: str
) -> None:
    ran = run("partnership", "record", written(**changes), "--issuer", issuer, "--json")
    assert (ran.code, code(ran)) == (1, expected)
    assert not (folder / "testamur-data/partnerships").exists()


def test_a_link_between_others_is_told_by_the_check(run: Run, folder: Path) -> None:
    partners = [PARTNERSHIP["partners"][0], {"kind": "university", "name": "O", "party": 3}]
    ran = run("partnership", "check", written(partners=partners), "--json")
    assert ran.code == 1
    assert [each["code"] for each in ran.json["problems"]] == ["agreement-of-others"]


def test_versions_that_overlap_are_refused(run: Run, folder: Path) -> None:
    assert run("partnership", "record", written(), "--issuer", "1").code == 0
    ran = run("partnership", "check", written("other.json", title="Another"), "--json")
    assert (ran.code, code(ran)) == (1, "partnership-version")


def test_counts_become_a_statement_that_is_counted(run: Run, folder: Path) -> None:
    Path("awards.csv").write_text(COUNTS)
    checked = run("statement", "check", "awards.csv", *STATED, "--json").json
    (table,) = checked["document"]["tables"]
    assert table["cells"] == [[120], [None], [None]]
    assert run("statement", "record", "awards.csv", *STATED).code == 0
    assert run("index", "--once").code == 0
    told = run("insights", "show", "--period", "2026", "--csv", "figures.csv", "--json").json
    with Path("figures.csv").open() as file:
        assert len(list(csv.reader(file))) > len(INDICATORS)
    assert told["blocks"]["from"] >= 1
    again = (*STATED[:3], "Awards again", *STATED[4:])
    Path("more.csv").write_text("gender,count\nwomen,123\nmen,98\nother,40\n")
    ran = run("statement", "check", "more.csv", "--id", "more", *again[2:], "--json")
    assert (ran.code, code(ran)) == (1, "small-cell")


@pytest.mark.parametrize(
    ("data", "options", "expected"),
    [
        ("name,count\nAda,1\n", STATED, "personal-data"),
        ("email,count\na@b.example,1\n", STATED, "personal-data"),
        (COUNTS, ("--issuer", "1"), "statement-options"),
        ("gender,count\nf,4\nm,3\n", STATED, "small-cell"),
        ("gender,count\nf,9007199254740993\nm,30\n", STATED, "statement"),
    ],
    ids=["names", "e-mails", "nothing-said", "few", "too-large"],
)
def test_what_is_no_table_of_counts_is_refused(
    run: Run, folder: Path, data: str, options: tuple[str, ...], expected: str
) -> None:
    Path("c.csv").write_text(data)
    ran = run("statement", "record", "c.csv", *options, "--json")
    assert (ran.code, code(ran)) == (1, expected)
    assert not (folder / "testamur-data/partnerships").exists()


def test_only_its_issuer_records_a_statement(run: Run, folder: Path) -> None:
    Path("awards.csv").write_text(COUNTS)
    document = run("statement", "check", "awards.csv", *STATED, "--json").json["document"]
    Path("awards.json").write_text(json.dumps(document))
    ran = run("statement", "record", "awards.json", "--issuer", "2", "--json")
    assert (ran.code, code(ran)) == (1, "statement-party")


def test_without_an_index_it_is_said_what_to_do(run: Run, folder: Path) -> None:
    ran = run("insights", "show", "--json")
    assert (ran.code, code(ran)) == (1, "no-index")
    assert "testamur index --once" in ran.json["error"]["remedy"]


def test_a_report_is_written_of_a_year_that_has_begun(run: Run, folder: Path) -> None:
    assert run("index", "--once").code == 0
    told = run("insights", "show", "--json").json
    year = told["period"]["name"]
    ran = run("insights", "report", "--year", year, "-o", "out.pdf", "--language", "fr", "--json")
    assert [Path(each).is_file() for each in ran.json["files"]] == [True] * 5
    ran = run("insights", "report", "--year", str(int(year) + 2), "--json")
    assert (ran.code, code(ran)) == (1, "report-year")
