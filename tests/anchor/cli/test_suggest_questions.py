"""`testamur suggest duplicates`, `gaps`, `anomalies`: questions with what they rest on, and persons who answer."""

from __future__ import annotations

import csv
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from anchor.books.issued import Run as IssueRun
from anchor.books.tables import RunState
from anchor.issuing.templates.model import Kind
from anchor.issuing.templates.writing import template_text
from anchor.learning.acts import acts_of_runs
from registry.learning.suggest.anomalies import Act
from registry.proofs.signatures.keys import KeyKind, new_key, write_key
from tests.anchor.cli.test_suggest_review import ANA, typed
from tests.conftest import Run

EXAMPLES = Path(__file__).parents[3] / "docs/how-to/frameworks"
SAME = "Students design relational databases and query them with SQL."
ALIKE = ("suggest", "duplicates", "north", "south", "--language", "en", "--threshold", "0.6")


def credential(name: str, issuer: str, text: str, language: str = "en") -> dict[str, Any]:
    achievement = {"id": f"https://{issuer}/{name}", "type": ["Achievement"], "name": name, "inLanguage": language}
    achievement |= {"description": text, "criteria": {"narrative": ""}}
    return {
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
        ],
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "id": f"https://{issuer}/credentials/{name}",
        "issuer": {"id": f"https://{issuer}", "type": ["Profile"], "name": issuer},
        "validFrom": "2026-01-01T00:00:00Z",
        "credentialSubject": {"type": ["AchievementSubject"], "achievement": achievement},
    }


@pytest.fixture
def folders(run: Run) -> None:
    for folder, issuer in (("north", "north.example"), ("south", "south.example")):
        Path(folder).mkdir()
        for name, text in (
            ("databases", SAME),
            (folder, "Law of contracts." if folder == "north" else "Keeping bees."),
            ("german", "Nur Deutsch."),
        ):
            language = "de" if name == "german" else "en"
            said = text if issuer == "north.example" else text.replace("Students design", "To design")
            Path(folder, f"{name}.json").write_text(json.dumps(credential(name, issuer, said, language)))
        # The same achievement in another credential is no pair, nor one of the same institution.
        shutil.copy(Path(folder, "databases.json"), Path(folder, "databases2.json"))
    Path("south/broken.toml").write_text("[x")


@pytest.mark.usefixtures("folders")
def test_achievements_that_are_said_alike_are_shown_and_a_person_decides(
    monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    ran = run(*ALIKE, "--json")
    assert ran.code == 3, "a file could not be read"
    (pair,) = ran.json["pairs"]
    assert {pair["first"]["institution"], pair["second"]["institution"]} == {"north.example", "south.example"}
    assert (pair["decided"], pair["score"] > 0.6, pair["first"]["text"]) == (False, True, f"databases\n{SAME}")
    assert [line.split(":")[0] for line in ran.json["leftOut"]] == [
        "north/german.json",
        "south/broken.toml",
        "south/german.json",
    ]
    log = Path("duplicates.decisions.jsonl")
    assert typed(monkeypatch, "\nx\nq\n", *ALIKE, "--ask", *ANA).code == 3
    assert not log.exists()
    assert typed(monkeypatch, "n Other credits.\n", *ALIKE, "--ask", *ANA).code == 3
    decision = json.loads(log.read_text())["decision"]
    assert (decision["ruling"], decision["reason"], decision["pair"]) == ("not-sure", "Other credits.", pair["pair"])
    assert decision["decidedBy"] == {"name": "Ana Lima", "role": "Programme director"}
    review = {"type": "TestamurSamenessReview", "version": 1, "decidedBy": {"name": "Ana Lima", "role": "Dean"}}
    Path("d.json").write_text(json.dumps({**review, "decisions": [{"pair": pair["pair"], "ruling": "same"}]}))
    assert len(run(*ALIKE, "--decisions", "d.json", "--json").json["written"]) == 1
    assert run(*ALIKE, "--decisions", "d.json", "--json").json["written"] == []
    assert [json.loads(line)["decision"]["ruling"] for line in log.read_text().splitlines()] == ["not-sure", "same"]
    assert run("suggest", "decisions", log).code == 0
    for wrong, code in (({"ruling": "alike"}, "review-file"), ({"pair": "0" * 64}, "review-choice")):
        entry = {"pair": pair["pair"], "ruling": "same", **wrong}
        Path("d.json").write_text(json.dumps({**review, "decisions": [entry]}))
        assert run(*ALIKE, "--decisions", "d.json", "--json").json["error"]["code"] == code


def test_programmes_and_templates_are_compared_too(run: Run) -> None:
    shutil.copy(EXAMPLES / "northport.toml", ".")
    Path("bachelor.toml").write_text(template_text(Kind.BACHELOR, ("en",)))
    ran = run(
        "suggest", "duplicates", "northport.toml", "bachelor.toml", "--language", "en", "--threshold", "0.05", "--json"
    )
    places = {each[side]["place"] for each in ran.json["pairs"] for side in ("first", "second")}
    assert {"part IS502", "course databases"} <= places
    assert run("suggest", "duplicates", "gone", "--language", "en", "--json").json["error"]["code"] == "unreadable"


def test_gaps_are_listed_and_what_is_near_is_asked_for(run: Run) -> None:
    for path in EXAMPLES.glob("*.toml"):
        shutil.copy(path, path.name)
    plain = run("suggest", "gaps", "northport.toml", "--json").json
    assert [(each["code"], each["nearest"]) for each in plain["gaps"]] == [("B.3", [])]
    assert plain["model"] is None
    near = run("suggest", "gaps", "northport.toml", "--nearest", "--json").json
    assert [len(each["nearest"]) for each in near["gaps"]] == [3]
    assert near["model"]["name"] == "likeness"
    ran = run("suggest", "gaps", "northport.toml", "--nearest")
    assert "is it covered somewhere, or is it missing?" in ran.out
    assert run("suggest", "gaps", "northport.toml", "--nearest", "--language", "sw", "--json").json["error"][
        "code"
    ] == ("suggest-language")


def table(name: str, rows: list[list[Any]], columns: str = "by,at,mark,evidence,record,learner") -> Path:
    with Path(name).open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([columns.split(","), *rows])
    return Path(name)


def acts(busy: int = 60) -> list[list[Any]]:
    return [
        [
            f"Assessor {person}",
            f"2026-03-{day:02d}",
            "2",
            "0x" + "ab" * 32 if (person, day) in ((1, 1), (2, 2)) else "",
            f"r{person}-{day}-{number}",
            "Secret",
        ]
        for person in range(12)
        for day in range(1, 21)
        for number in range(busy if person == 3 else 3)
    ]


def test_unusual_acts_are_questions_without_names_unless_they_are_wanted(run: Run) -> None:
    path = table("acts.csv", acts())
    told = run("suggest", "anomalies", path, "--json").json
    assert [(each["kind"], each["found"]) for each in told["questions"]] == [("rate", 1200), ("evidence", 6)]
    assert (told["columnsNotRead"], told["people"]) == (["learner"], 12)
    ran = run("suggest", "anomalies", path)
    assert ran.code == 0
    assert not {"Assessor", "Secret"} & set(ran.out.split())
    assert "must not be used to grade, rank, pay or discipline anybody" in ran.out
    assert "Assessor 3" in run("suggest", "anomalies", path, "--names").out
    few = run("suggest", "anomalies", path, "--since", "2026-03-01", "--until", "2026-03-03", "--json").json
    assert any("bursts" in each for each in few["notComputed"])


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (["", "2026-03-01", "", "", "", ""], "it does not say by whom"),
        (["A", "yesterday", "", "", "", ""], "neither a day nor a moment"),
        (["x" * 501, "2026-03-01", "", "", "", ""], "more than 500 characters"),
        (["A"], "neither a day nor a moment"),
    ],
)
def test_a_row_that_cannot_be_read_is_left_out_and_told(run: Run, row: list[str], why: str) -> None:
    ran = run("suggest", "anomalies", table("acts.csv", [*acts(3), row]), "--json")
    assert (ran.code, len(ran.json["leftOut"])) == (3, 1)
    assert why in ran.json["leftOut"][0]
    assert ran.json["acts"] == 720


def test_what_is_no_table_of_acts_is_refused(run: Run) -> None:
    Path("bad.csv").write_bytes(b"by,when\nA,2026-03-01\n")
    Path("utf16.csv").write_text("by,at\n", encoding="utf-16")
    Path("quotes.csv").write_bytes(b'by,at\n"A"x,2026-03-01\n')
    for name in ("bad.csv", "utf16.csv", "quotes.csv"):
        assert run("suggest", "anomalies", name, "--json").json["error"]["code"] == "acts"
    for more in ((), ("bad.csv", "--issued")):
        assert run("suggest", "anomalies", *more, "--json").json["error"]["code"] == "no-acts"


def test_records_of_assessments_are_looked_at_and_no_learner_is_named(run: Run) -> None:
    Path("records").mkdir()
    rubric = EXAMPLES.parent / "assessment/rubric.toml"
    for name in ("ann", "bob"):
        Path(f"{name}.pem").write_text(write_key(new_key(KeyKind.ED25519)))
        Path(f"{name}.pem").chmod(0o600)
    Path("work.pdf").write_bytes(b"the same work")
    marks = ("--mark", "structure=proficient", "--mark", "exam=71.5")
    for name in ("ann", "bob"):
        told = (
            "--learner",
            f"Secret {name}",
            "--by",
            name.title(),
            "--sign-key",
            f"{name}.pem",
            "--evidence",
            "work.pdf",
        )
        ran = run("assessment", "record", rubric, *marks, *told, "-o", f"records/{name}.json")
        assert ran.code == 0, ran
    Path("records/other.json").write_text("{}")
    told = run("suggest", "anomalies", "records", "--names", "--json").json
    assert (told["acts"], told["people"]) == (2, 2)
    assert told["leftOut"] == ["records, other.json: it is no record of an assessment"]
    assert [(each["kind"], each["found"]) for each in told["questions"]] == [("evidence", 2)]
    assert "Secret" not in json.dumps(told)


def test_who_confirmed_what_was_issued_here_is_looked_at(run: Run) -> None:
    assert run("suggest", "anomalies", "--issued", "--json").json["error"]["code"] == "store"
    new = {"issuer": 1, "template": "urn:uuid:1", "template_path": "", "template_text": b"", "source": "r.csv"}
    new |= {"made_by": "a@b", "made_as": "Ruth Abele", "made_at": 0, "root": bytes(32), "confirmed_by": "c@d"}
    runs = [
        IssueRun(**new, number=number, state=state, credentials=7, confirmed_as="Jan Kaya", confirmed_at=at)
        for number, (state, at) in enumerate(
            ((RunState.CONFIRMED, 1_772_442_000), (RunState.MADE, None), (RunState.DISCARDED, 1_772_442_000)), 1
        )
    ]
    assert acts_of_runs(runs).acts == (Act("Jan Kaya", datetime(2026, 3, 2, 9, tzinfo=UTC), count=7, record="run 1"),)
