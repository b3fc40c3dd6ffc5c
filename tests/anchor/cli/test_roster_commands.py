"""From a template to a roster that is checked: what a registrar types, and what is never written over."""

from __future__ import annotations

import csv
import os
import stat
from pathlib import Path

import pytest

from anchor.issuing.roster.columns import columns_of
from anchor.issuing.templates.files import read_template
from tests.anchor.issuing.roster.files import write_csv
from tests.conftest import Run

ROW = {
    "person_id": "0001",
    "name": "Ana Müller",
    "birth_date": "2001-02-03",
    "awarded_on": "2026-07-31",
    "result.final": "1.7",
}


@pytest.fixture
def begun(run: Run) -> Run:
    assert run("template", "new", "--kind", "bachelor", "--language", "de").code == 0
    assert run("roster", "new", "bachelor.toml", "--csv").code == 0
    return run


def fill(*rows: dict[str, str], path: str = "bachelor.csv") -> None:
    """Add rows to an empty roster."""
    with Path(path).open(encoding="utf-8-sig", newline="") as file:
        head = list(csv.reader(file))
    write_csv(Path(path), [*head, *([row.get(key, "") for key in head[0]] for row in rows)])


def test_a_registrar_goes_from_a_template_to_a_checked_roster(begun: Run) -> None:
    fill(ROW, {**ROW, "person_id": "0002", "name": "Ben Okafor", "result.final": "9"})
    told = begun("roster", "check", "bachelor.csv", "--json")
    assert told.code == 3
    assert (told.json["rows"], told.json["ready"], told.json["refused"]) == (2, 1, 1)
    (finding,) = told.json["findings"]
    assert (finding["rule"], finding["row"], finding["column"]) == ("out-of-bounds", 5, "result.final")
    assert told.json["refusedFile"] == "bachelor.refused.xlsx"
    assert len(told.json["notChecked"]) == 2
    again = begun("roster", "check", "bachelor.refused.xlsx", "--json").json
    assert [each["rule"] for each in again["findings"]] == ["out-of-bounds"]
    # A file that somebody may be mending is not written over, and one with the same bytes is it.
    assert again["refusedFile"] == "bachelor.refused-2.xlsx"
    assert begun("roster", "check", "bachelor.csv", "--json").json["refusedFile"] == "bachelor.refused.xlsx"


def test_strictly_one_fault_is_a_failure(begun: Run) -> None:
    fill(ROW)
    assert begun("roster", "check", "bachelor.csv", "--strict").code == 0
    fill({**ROW, "person_id": "0002", "name": ""})
    told = begun("roster", "check", "bachelor.csv", "--strict", "--json")
    assert (told.code, told.json["ready"]) == (1, 0)


def test_more_findings_than_a_screen_has_are_in_the_file_and_in_json(begun: Run) -> None:
    fill(*({**ROW, "person_id": f"{number:04}", "name": "", "birth_date": ""} for number in range(120)))
    told = begun("roster", "check", "bachelor.csv")
    assert "and 140 more" in told.out
    assert len(begun("roster", "check", "bachelor.csv", "--json").json["findings"]) == 240


def test_files_are_never_written_over_and_are_for_their_owner_alone(begun: Run) -> None:
    for arguments in (
        ("template", "new", "--kind", "bachelor"),
        ("roster", "new", "bachelor.toml", "--csv"),
        ("roster", "new", "bachelor.toml", "-o", "bachelor.toml"),
    ):
        assert begun(*arguments, "--json").json["error"]["code"] == "exists"
    assert begun("roster", "new", "bachelor.toml", "-o", "no/r.xlsx", "--json").json["error"]["code"] == "unwritable"
    fill({**ROW, "name": ""})
    Path("mine.xlsx").write_text("mine")
    told = begun("roster", "check", "bachelor.csv", "--refused", "mine.xlsx", "--json")
    assert told.json["error"]["code"] == "exists"
    assert Path("mine.xlsx").read_text() == "mine"
    begun("roster", "check", "bachelor.csv")
    if os.name == "posix":
        assert stat.S_IMODE(Path("bachelor.refused.xlsx").stat().st_mode) == 0o600


def test_the_template_is_found_beside_the_roster_or_named(begun: Run) -> None:
    fill(ROW)
    Path("bachelor.toml").rename("elsewhere.toml.txt")
    (Path("sub")).mkdir()
    assert begun("roster", "check", "bachelor.csv", "--json").json["error"]["code"] == "template-not-found"
    assert begun("roster", "check", "bachelor.csv", "--template", "elsewhere.toml.txt").code == 0
    for name in ("one.toml", "two.toml"):
        Path(name).write_bytes(Path("elsewhere.toml.txt").read_bytes())
    assert "2 templates" in begun("roster", "check", "bachelor.csv", "--json").json["error"]["what"]
    keys = [column.key for column in columns_of(read_template(Path("one.toml")))]
    write_csv(Path("own.csv"), [keys, [ROW.get(key, "") for key in keys]])
    assert begun("roster", "check", "own.csv", "--json").json["error"]["code"] == "template-not-found"
    assert begun("roster", "check", "own.csv", "--template", "one.toml").code == 0


def test_a_template_with_faults_is_told_whole_by_check_and_its_first_fault_by_others(begun: Run) -> None:
    text = Path("bachelor.toml").read_text(encoding="utf-8")
    Path("bad.toml").write_text(
        text.replace("level = 6", "level = 9").replace("granular", "granluar"), encoding="utf-8"
    )
    told = begun("template", "check", "bad.toml", "--json")
    assert told.code == 1
    assert {each["key"] for each in told.json["faults"]} == {"achievement.level", "granluar"}
    error = begun("roster", "new", "bad.toml", "--json").json["error"]
    assert error["code"] == "template"
    assert "1 more" in error["what"]
    assert not Path("bad.xlsx").exists()
    good = begun("template", "check", "bachelor.toml", "--json").json
    assert good["valid"]
    assert good["samples"] == ["issuer.name", "description", "criteria"]


def test_a_text_of_ones_own_is_no_sample_any_more(begun: Run) -> None:
    template = Path("bachelor.toml")
    template.write_text(template.read_text("utf-8").replace("Beispiel-Universität", "Hochschule Neckartal"), "utf-8")
    assert begun("template", "check", "bachelor.toml", "--json").json["samples"] == ["description", "criteria"]


def test_only_a_rule_that_a_person_may_accept_is_accepted(begun: Run) -> None:
    fill(ROW)
    told = begun("roster", "check", "bachelor.csv", "--accept", "missing", "--json")
    assert told.json["error"]["code"] == "unknown-rule"
    assert begun("roster", "check", "bachelor.csv", "--accept", "outside-scope").code == 0


def test_an_award_outside_of_the_accreditation_on_chain_stops_the_file_until_it_is_accepted(begun: Run) -> None:
    fill(ROW)
    begun("issuer", "register", "--uri", "did:web:university.example")
    begun("issuer", "register", "--uri", "did:web:agency.example")
    offer = ("accredit", "offer", "1", "--issuer", "2", "--until", "2040-01-01", "--field", "07", "--json")
    number = begun(*offer).json["id"]
    begun("accredit", "accept", number, "--issuer", "1")
    told = begun("roster", "check", "bachelor.csv", "--issuer", "1", "--json")
    assert told.code == 3
    assert told.json["notChecked"] == []
    assert [(each["rule"], each["row"]) for each in told.json["findings"]] == [("outside-scope", None)]
    assert (told.json["ready"], told.json["scope"]["coverage"]) == (0, "outside")
    accepted = ("roster", "check", "bachelor.csv", "--issuer", "1", "--accept", "outside-scope", "--json")
    assert begun(*accepted).json["ready"] == 1


def test_a_file_named_csv_is_csv(run: Run) -> None:
    assert run("template", "new", "--kind", "bachelor").code == 0
    assert run("roster", "new", "bachelor.toml", "-o", "mine.CSV").code == 0
    fill(ROW, path="mine.CSV")
