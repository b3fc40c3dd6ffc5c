"""`testamur assessment`: as its users type it, from a rubric to a check, and what is refused on the way."""

from __future__ import annotations

import csv
import json
import os
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from registry.proofs.signatures.keys import KeyKind, new_key, write_key
from tests.conftest import Ran, Run
from tests.registry.learning.assessment.made import RESULT, RUBRIC_TOML, statement

MARKS = ("--mark", "structure=proficient", "--mark", "exam=71.5")
Typed = Callable[..., Ran]


@pytest.fixture
def typed(run: Run) -> Typed:
    """Types a command of the group; the files of two assessors are there."""
    Path("rubric.toml").write_text(RUBRIC_TOML)
    Path("report.pdf").write_bytes(b"report")
    for name in ("abele", "kaya"):
        Path(f"{name}.pem").write_text(write_key(new_key(KeyKind.ED25519)))
        Path(f"{name}.pem").chmod(0o600)
    # Half a second each is what signing canonical RDF would take.
    Path("testamur.toml").write_text('issuing_proofs = "jcs"\n')
    return lambda *words: run("assessment", *words)


def by(name: str, key: str, file: str, *more: str) -> tuple[str, ...]:
    return ("--by", name, "--sign-key", f"{key}.pem", "-o", file, *more)


def recorded(typed: Typed) -> dict[str, Any]:
    told = typed(
        *("record", "rubric.toml", "--learner", "did:example:anna", *MARKS, "--evidence", "report.pdf"),
        *by("Ruth Abele", "abele", "record.json", "--json"),
    )
    assert told.code == 0
    return dict(told.json)


def test_from_a_rubric_to_a_decision(typed: Typed) -> None:
    assert typed("rubric", "rubric.toml").code == 0
    made = recorded(typed)
    assert Path("record.json").stat().st_mode & 0o077 == 0
    same = typed("moderate", "record.json", "--agree", *by("Ruth Abele", "abele", "m.json", "--json"))
    assert (same.code, same.json["error"]["code"], Path("m.json").exists()) == (1, "four-eyes", False)
    namesake = typed("moderate", "record.json", "--agree", *by("ruth abele", "kaya", "m.json", "--json"))
    assert namesake.json["error"]["code"] == "four-eyes"
    other = ("--mark", "exam=65", *by("Jan Kaya", "kaya", "m.json"))
    assert "differ in exam" in typed("moderate", "record.json", "--agree", *other).out
    undecided = typed("decide", "record.json", "m.json", "--comment", "x", *by("R", "abele", "d.json", "--json"))
    assert (undecided.json["error"]["code"], "exam" in undecided.json["error"]["what"]) == ("assessment-mark", True)
    why = ("--mark", "exam=68", "--comment", "Talked about it.", *by("Ruth Abele", "abele", "d.json"))
    assert typed("decide", "record.json", "m.json", *why).code == 0
    records = ("d.json", "m.json", "record.json")
    checked = typed("check", *records, "--evidence", "report.pdf", "--json")
    assert checked.code == 0
    assert [each["role"] for each in checked.json["records"]] == ["Assessment", "Moderation", "Decision"]
    assert [each["marks"][1]["mark"] for each in checked.json["records"]] == ["71.5", "65", "68"]
    assert checked.json["records"][0]["digest"] == made["digest"]
    assert typed("check", *records).code == 2, "the evidence is not at hand"
    Path("report.pdf").write_bytes(b"another")
    assert typed("check", *records, "--evidence", ".").code == 1


def test_a_record_that_was_changed_is_not_moderated(typed: Typed) -> None:
    recorded(typed)
    Path("record.json").write_text(Path("record.json").read_text().replace("71.5", "91.5"))
    told = typed("moderate", "record.json", "--agree", *by("Jan Kaya", "kaya", "m.json", "--json"))
    assert told.json["error"]["code"] == "assessment-changed"
    assert typed("check", "record.json").code == 1


def test_what_nobody_signed_is_neither_moderated_nor_decided_about(typed: Typed) -> None:
    recorded(typed)
    moderated = typed("moderate", "record.json", "--agree", *by("Jan Kaya", "kaya", "m.json", "--json"))
    assert moderated.code == 0
    for name in ("record", "m"):
        document = json.loads(Path(f"{name}.json").read_text())
        del document["proof"]
        Path(f"{name}-unsigned.json").write_text(json.dumps(document))
    told = typed("moderate", "record-unsigned.json", "--agree", *by("Jan Kaya", "kaya", "x.json", "--json"))
    assert told.json["error"]["code"] == "assessment-changed"
    why = ("--comment", "x", *by("Ruth Abele", "abele", "x.json", "--json"))
    told = typed("decide", "record.json", "m-unsigned.json", *why)
    assert told.json["error"]["code"] == "assessment-changed"
    assert not Path("x.json").exists()


def test_a_record_that_would_not_be_read_again_is_not_written(typed: Typed) -> None:
    for at in range(9):
        Path(f"{at}.bin").write_bytes(b"x" * 1_000_000)
    files = [word for at in range(9) for word in ("--evidence", f"{at}.bin")]
    told = typed(
        *("record", "rubric.toml", "--learner", "a", *MARKS, *files, "--embed"), *by("R", "abele", "r.json", "--json")
    )
    assert (told.json["error"]["code"], Path("r.json").exists()) == ("too-large", False)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("record", "rubric.toml", "--learner", "", *MARKS, *by("R", "abele", "r.json")), "assessment-people"),
        (("record", "rubric.toml", "--learner", "a", *by("R", "abele", "r.json")), "assessment-mark"),
        (("record", "rubric.toml", "--learner", "a", *MARKS, *by("R", "abele", "report.pdf")), "exists"),
        (("record", "report.pdf", "--learner", "a", *MARKS, *by("R", "abele", "r.json")), "rubric"),
        (
            ("record", "rubric.toml", "--learner", "a", *MARKS, *by("R", "abele", "r.json"), "--evidence", "gone.pdf"),
            "unreadable",
        ),
        (
            ("record", "rubric.toml", "--learner", "a", *MARKS, *by("R", "abele", "r.json"), "--comment", "x" * 5000),
            "too-large",
        ),
        (
            ("record", "rubric.toml", "--learner", "a", *MARKS, *by("R", "abele", "r.json"), "--at", "2999-01-01"),
            "time-to-come",
        ),
        (("moderate", "report.pdf", *by("R", "abele", "r.json")), "assessment-record"),
        (("decide", "record.json", "record.json", "--comment", "c", *by("R", "abele", "r.json")), "other-moderation"),
        (("import", "xapi", "report.pdf", "-o", "a.json"), "no-statements"),
        (("import", "qti", "report.pdf", "-o", "a.json"), "no-results"),
    ],
)
def test_what_is_refused(typed: Typed, words: tuple[str, ...], code: str) -> None:
    recorded(typed)
    told = typed(*words, "--json")
    assert (told.code, told.json["error"]["code"]) == (1, code)
    assert not Path("r.json").exists()


def test_evidence_is_put_in_only_where_that_is_asked_for(typed: Typed) -> None:
    recorded(typed)
    assert "cmVwb3J0" not in Path("record.json").read_text()
    told = typed(
        *("record", "rubric.toml", "--learner", "a", *MARKS, "--evidence", "report.pdf", "--embed"),
        *by("R", "abele", "whole.json"),
    )
    assert told.code == 0
    assert "data:application/pdf;base64,cmVwb3J0" in Path("whole.json").read_text()


def test_statements_are_imported_of_one_person_and_the_rest_is_told(typed: Typed) -> None:
    ben = statement(2, actor={"account": {"homePage": "https://lms.example", "name": "ben"}})
    Path("s.json").write_text(json.dumps([statement(1), ben, {"id": "x"}]))
    strict = typed("import", "xapi", "s.json", "-o", "a.json", "--strict")
    assert (strict.code, Path("a.json").exists()) == (1, False)
    told = typed("import", "xapi", "s.json", "--actor", "ben", "-o", "a.json", "--json")
    assert (told.code, told.json["counts"]["statements"]) == (3, 1)
    with Path("a.refused.csv").open(newline="") as file:
        assert [row["entry"] for row in csv.DictReader(file)] == ["statement no. 3"]
    evidence = json.loads(Path("a.json").read_bytes())
    assert evidence["source"]["sha256"] == sha256(Path("s.json").read_bytes()).hexdigest()
    assert "ben" not in json.dumps(evidence["statements"])
    again = Path("a.json").read_bytes()
    assert typed("import", "xapi", "s.json", "--actor", "ben", "-o", "a.json", "--overwrite").code == 3
    assert Path("a.json").read_bytes() == again


def test_another_account_is_not_the_one_that_was_asked_for(typed: Typed) -> None:
    def of(number: int, name: str) -> dict[str, Any]:
        return statement(number, actor={"account": {"homePage": "https://lms.example", "name": name}})

    Path("s.json").write_text(json.dumps([of(1, "anna"), of(2, "eve anna")]))
    told = typed("import", "xapi", "s.json", "--actor", "anna", "-o", "a.json", "--json")
    assert (told.code, told.json["counts"]["statements"]) == (0, 1)


def test_files_that_are_named_after_people_are_numbered(typed: Typed) -> None:
    with zipfile.ZipFile("q.zip", "w") as archive:
        archive.writestr("anna.vogt.xml", RESULT)
        for name in ("ben.kaya", "x"):
            archive.writestr(f"{name}.xml", RESULT.replace('<context sourcedId="anna@university.example"/>', ""))
    assert typed("import", "qti", "q.zip", "-o", "q.json").code == 0
    written = json.loads(Path("q.json").read_bytes())
    assert [(each["file"], each["person"]) for each in written["results"]] == [
        ("file 1", "person 1"),
        ("file 2", None),
        ("file 3", None),
    ]
    assert not any(name in Path("q.json").read_text() for name in ("anna", "ben"))
    assert typed("import", "qti", "q.zip", "-o", "q.json", "--identities", "--overwrite").code == 0
    named = json.loads(Path("q.json").read_bytes())["results"][0]
    assert (named["file"], named["person"]) == ("anna.vogt.xml", "anna@university.example")


def test_more_outcomes_than_are_read_are_told(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anchor.learning.assessing.MOST_OUTCOMES", 5)
    with zipfile.ZipFile("q.zip", "w") as archive:
        for name in "abc":
            archive.writestr(f"{name}.xml", RESULT)
    told = typed("import", "qti", "q.zip", "-o", "q.json", "--json")
    assert (told.code, told.json["counts"], told.json["leftOut"][0]["entry"]) == (3, {"results": 1}, "b.xml")


def test_a_pipe_in_a_folder_is_no_evidence(typed: Typed) -> None:
    recorded(typed)
    os.mkfifo("pipe")
    assert typed("check", "record.json", "--evidence", ".").code == 0


def test_results_come_in_a_zip_whatever_else_is_in_it(typed: Typed) -> None:
    with zipfile.ZipFile("q.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("one/a.xml", RESULT)
        archive.writestr("imsmanifest.xml", "<manifest/>")
        archive.writestr("../b.xml", RESULT)
        archive.writestr("bomb.xml", b" " * (17 << 20))
        archive.writestr("readme.txt", "no XML")
    told = typed("import", "qti", "q.zip", "-o", "q.json", "--json")
    assert (told.code, told.json["counts"]) == (3, {"results": 1})
    assert {each["entry"]: each["why"][:20] for each in told.json["leftOut"]} == {
        "imsmanifest.xml": "it is XML, and no as",
        "../b.xml": "its name leads out o",
        "bomb.xml": "it unpacks to 17,825",
    }
