"""`testamur suggest review`, `decisions`, `check`, `state`: who decides is asked, and nothing is written before."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from registry.learning.suggest.decisions import suggestion_id
from registry.learning.suggest.wire import suggestion_in
from tests.conftest import Ran, Run
from tests.registry.learning.suggest.suggested import members, suggested

EXAMPLES = Path(__file__).parents[3] / "docs/how-to/frameworks"
PROGRAMME, LOG = Path("northport.toml"), Path("northport.toml.decisions.jsonl")
INTO = ("suggest", "review", "suggestions.json", "--into", PROGRAMME)
ANA = ("--by", "Ana Lima", "--role", "Programme director")


@pytest.fixture(autouse=True)
def files(run: Run) -> None:
    for path in EXAMPLES.glob("*.toml"):
        shutil.copy(path, path.name)
    Path("suggestions.json").write_text(json.dumps({"suggestions": [members(number) for number in (1, 2, 3)]}))


def typed(monkeypatch: pytest.MonkeyPatch, text: str, *arguments: object) -> Ran:
    """The command with a person at the terminal who types."""
    from anchor.cli.app import app

    for module in ("suggest_asking", "suggest_compare"):
        monkeypatch.setattr(f"anchor.cli.{module}.at_a_terminal", lambda: True)
    result = CliRunner().invoke(app, [str(each) for each in arguments], input=text, catch_exceptions=False)
    return Ran(result.exit_code, result.stdout, result.stderr)


def decisions(*said: dict[str, Any], **other: Any) -> Path:
    path = Path("decisions.json")
    content = {"type": "TestamurReview", "version": 1, "decidedBy": {"name": "Ana Lima", "role": "Dean"}, **other}
    path.write_text(json.dumps({**content, "decisions": list(said)}))
    return path


def about(number: int, **said: Any) -> dict[str, Any]:
    return {"suggestion": suggestion_id(suggested(number)), **said}


def covers() -> list[str]:
    return [line for line in PROGRAMME.read_text().splitlines() if line.startswith("covers")]


def test_a_person_at_the_terminal_accepts_rejects_and_chooses_another(
    monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    before = covers()
    answers = "\n7\n1 3\nn\n1,3\ny\nn\n\nn\nToo general.\ny\no Z.9\no C.2\nIt is examined on.\ny\n"
    ran = typed(monkeypatch, answers, *INTO, *ANA)
    assert ran.code == 0, ran
    assert ran.out.count("Nothing is decided: that is none of the answers.") == 2
    assert "Nothing is decided: a reason is needed." in ran.out
    assert "'Z.9' is no item of this framework" in ran.out
    assert "3 decisions; 0 suggestions left." in ran.out
    assert covers()[0] == 'covers = ["A.1", "C.1", "B.1"]'
    assert covers()[1:] == before[1:]
    entries = [json.loads(line)["decision"] for line in LOG.read_text().splitlines()]
    assert [each["ruling"] for each in entries] == ["accepted", "rejected", "changed"]
    assert {each["decidedBy"]["name"] for each in entries} == {"Ana Lima"}
    assert entries[1]["rejected"] == ["A.1", "A.2", "B.1", "B.2", "B.3"]
    assert entries[2]["chosen"][0]["origin"] == "framework"
    told = run("suggest", "decisions", PROGRAMME, "--json").json
    assert (len(told["entries"]), told["faults"], told["head"]) == (3, [], told["entries"][-1]["hash"])


@pytest.mark.parametrize(
    "text", ["", "\n" * 5, "y\n" * 5, "q\n", "s\ns\ns\n", "1\n", "1\n\n", "1\nn\nq\n", "o C.2\nWhy\n\n"]
)
def test_without_an_answer_nothing_is_decided(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    before = PROGRAMME.read_bytes()
    assert typed(monkeypatch, text, *INTO, *ANA).code == 0
    assert (LOG.exists(), PROGRAMME.read_bytes()) == (False, before)


def test_who_decides_is_asked_for_and_has_no_default(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    for text, code in (("\n\n1\ny\n", 1), ("Ana Lima\n\n1\ny\n", 1), ("Ana Lima\nDean\n1\ny\nq\n", 0)):
        assert typed(monkeypatch, text, *INTO).code == code
        assert LOG.exists() == (code == 0)
    assert json.loads(LOG.read_text())["decision"]["decidedBy"] == {"name": "Ana Lima", "role": "Dean"}
    assert run(*INTO, "--json").json["error"]["code"] == "review-way"


def test_a_file_of_decisions_is_taken_in_whole_and_once(run: Run) -> None:
    path = decisions(
        about(1, accept=["B.1"]), about(2, reject=True, reason="Too general."), decidedAt="2026-03-02T09:30:00Z"
    )
    told = run(*INTO, "--decisions", path, "--json").json
    assert [(each["ruling"], each["knownBefore"]) for each in told["decided"]] == [
        ("accepted", False),
        ("rejected", False),
    ]
    assert told["waiting"] == 1
    kept = LOG.read_bytes(), PROGRAMME.read_bytes()
    again = run(*INTO, "--decisions", path, "--json").json
    assert [each["knownBefore"] for each in again["decided"]] == [True, True]
    assert (LOG.read_bytes(), PROGRAMME.read_bytes()) == kept
    # The alignment that was lost, as by a fault between the two steps, is written again without a second decision.
    PROGRAMME.write_text(PROGRAMME.read_text().replace(', "B.1"]', "]", 1))
    assert run(*INTO, "--decisions", path).code == 0
    assert (LOG.read_bytes(), PROGRAMME.read_bytes()) == kept
    # Another decision about the same is written down beside the first.
    run(*INTO, "--decisions", decisions(about(1, reject=True, reason="On reflection, no.")))
    assert LOG.read_bytes().startswith(kept[0])
    assert len(LOG.read_text().splitlines()) == 3


@pytest.mark.parametrize(
    ("said", "other", "code"),
    [
        ([about(1, accept=["B.1"]), about(2)], {}, "review-choice"),
        ([about(1, accept=["B.1"]), about(2, reject=True)], {}, "review-choice"),
        ([about(1, accept=["B.1"]), about(2, other=[{"code": "Z.9"}], reason="x")], {}, "review-choice"),
        ([about(1, accept=["B.1"]), about(9, accept=["B.1"])], {}, "review-choice"),
        ([about(1, accept=["B.1"])], {"decidedBy": {"name": "", "role": "Dean"}}, "review-file"),
        ([about(1, accept=["B.1"])], {"decidedBy": {"name": "42", "role": "Dean"}}, "no-decider"),
        ([about(1, accept=["B.1"])], {"decidedAt": "2999-01-01T00:00:00Z"}, "time-to-come"),
        ([about(1, accept=["B.1"])], {"accepted": True}, "review-file"),
        ([{"suggestion": "x", "accept": ["B.1"]}], {}, "review-file"),
        (
            [about(1, other=[{"name": "X", "framework": "Y", "url": "https://y.example"}], reason="x")],
            {},
            "other-framework",
        ),
    ],
)
def test_where_one_decision_makes_no_sense_none_is_taken_in(
    run: Run, said: list[dict[str, Any]], other: dict[str, Any], code: str
) -> None:
    before = PROGRAMME.read_bytes()
    ran = run(*INTO, "--decisions", decisions(*said, **other), "--json")
    assert (ran.code, ran.json["error"]["code"]) == (1, code)
    assert (LOG.exists(), PROGRAMME.read_bytes()) == (False, before)


def test_a_log_that_was_changed_is_told_and_nothing_is_added_to_it(run: Run) -> None:
    run(*INTO, "--decisions", decisions(about(1, accept=["B.1"]), about(2, reject=True, reason="Too general.")))
    head = run("suggest", "decisions", PROGRAMME, "--json").json["head"]
    whole = LOG.read_bytes()
    LOG.write_bytes(whole.replace(b"Too general.", b"Too special.") + whole.splitlines(keepends=True)[0])
    ran = run("suggest", "decisions", LOG)
    assert ran.code == 1
    assert "damaged line 3: it says that it is entry 1" in ran.out
    before = PROGRAMME.read_bytes()
    ran = run(*INTO, "--decisions", decisions(about(3, accept=["B.3"])), "--json")
    assert (ran.json["error"]["code"], PROGRAMME.read_bytes()) == ("decision-log", before)
    # Of a log whose end is gone the chain holds: a hash that was kept tells.
    LOG.write_bytes(whole.splitlines(keepends=True)[0])
    assert run("suggest", "decisions", LOG).code == 0
    ran = run("suggest", "decisions", LOG, "--head", head)
    assert (ran.code, "the log was cut off, or is another" in ran.out) == (1, True)


def test_an_alignment_without_a_decision_is_told_until_somebody_stands_behind_it(run: Run) -> None:
    ran = run("suggest", "check", PROGRAMME)
    assert ran.code == 1
    assert ran.out.count("no decision of a named person says so") == 8
    for place, item in (
        line.split()
        for line in [
            "IS501 A.1",
            "IS501 C.1",
            "IS502 B.1",
            "IS502 B.2",
            "IS503 C.2",
            "IS503 A.2",
            "IS504 C.3",
            "IS505 D",
        ]
    ):
        stated = run(
            "suggest", "state", PROGRAMME, "--place", f"part {place}", "--item", item, *ANA, "--reason", "Examined."
        )
        assert stated.code == 0, stated
    ran = run("suggest", "check", PROGRAMME)
    assert (ran.code, "every alignment was decided by a named person" in ran.out) == (0, True)
    run("suggest", "state", PROGRAMME, "--place", "part IS506", "--item", "B.3", *ANA, "--reason", "Examined.")
    PROGRAMME.write_text(PROGRAMME.read_text().replace('covers = ["B.3"]', ""))
    found = run("suggest", "check", PROGRAMME, "--json").json["findings"]
    assert [(each["kind"], each["place"], each["item"]) for each in found] == [("unwritten", "part IS506", "B.3")]
    refused = run(
        "suggest", "state", PROGRAMME, "--place", "part IS506", "--item", "B.3", *ANA, "--reason", "", "--json"
    )
    assert refused.json["error"]["code"] == "review-choice"


@pytest.mark.parametrize("written", ["e-cf", "e-CF"])
def test_a_programme_of_a_framework_that_comes_along_is_reviewed_stated_and_checked_by_its_name(
    run: Run, written: str
) -> None:
    path = Path("short.toml")
    path.write_text(
        f'[programme]\nid = "https://p.example/a"\ntitle = "A"\ninstitution = "I"\nframework = "{written}"\n'
        '[[parts]]\ncode = "IS501"\ntitle = "Risks"\nects = 5\n'
    )
    about_it = members(1, framework={"id": "e-CF", "title": "e-CF", "version": "4.0"})
    about_it["candidates"][0]["code"] = "E.3"
    Path("suggestions.json").write_text(json.dumps({"suggestions": [about_it]}))
    said = decisions({"suggestion": suggestion_id(suggestion_in(about_it, "here")), "accept": ["E.3"]})
    taken = run("suggest", "review", "suggestions.json", "--into", path, "--decisions", said)
    assert taken.code == 0, taken
    stated = run("suggest", "state", path, "--place", "part IS501", "--item", "E.8", *ANA, "--reason", "Examined.")
    assert stated.code == 0, stated
    assert 'covers = ["E.3", "E.8"]' in path.read_text()
    assert run("suggest", "check", path).code == 0
    gaps = run("suggest", "gaps", path, "--json").json
    assert (gaps["framework"]["id"], len(gaps["gaps"])) == ("e-CF", 39)


def test_suggestions_of_another_framework_are_refused_before_anybody_reads_them(run: Run) -> None:
    other = members(1, framework={"id": "e-CF", "title": "e-CF", "version": "4.0"})
    Path("suggestions.json").write_text(json.dumps({"suggestions": [other]}))
    assert run(*INTO, "--page", "review.html", "--json").json["error"]["code"] == "other-framework"
    assert not Path("review.html").exists()


def test_of_a_framework_whose_licence_wants_it_codes_alone_are_written_down(run: Run) -> None:
    for path in (PROGRAMME, Path("information-systems.toml")):
        path.write_text(path.read_text().replace("example-information-systems", "SFIA-9"))
    assert (
        run("suggest", "state", PROGRAMME, "--place", "part IS506", "--item", "C.2", *ANA, "--reason", "Fits.").code
        == 0
    )
    assert "architecture" not in LOG.read_text().casefold()
    assert json.loads(LOG.read_text())["decision"]["chosen"][0]["alignment"]["targetName"] == "C.2"
    Path("suggestions.json").write_text(json.dumps([members(framework={"id": "SFIA-9", "title": "SFIA"})]))
    assert run(*INTO, "--page", "review.html").code == 0
    assert "architecture" not in Path("review.html").read_text().casefold()


def test_hostile_text_is_shown_as_it_is_at_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "Good.\x1b[2J\x1b]0;title\x07\u202e[bold]x[/bold]"
    candidates = [{**each, "name": text, "sentence": text} for each in members()["candidates"]]
    Path("suggestions.json").write_text(json.dumps([members(1, text=text, name=text, candidates=candidates)]))
    ran = typed(monkeypatch, "1\ny\n", *INTO, *ANA)
    assert ran.code == 0
    assert not [each for each in ("\x1b]0", "\x07", "\u202e", "\x1b[2J") if each in ran.out]
    assert "[bold]x[/bold]" in ran.out


def test_a_record_is_anchored_and_read_back_after_it_was_verified(run: Run) -> None:
    run(*INTO, "--decisions", decisions(about(1, accept=["B.1"]), about(2, reject=True, reason="Too general.")))
    told = run("suggest", "decisions", PROGRAMME, "--export", "kept", "--json").json
    digests = [line.split()[:2] for line in run("digest", *sorted(Path("kept").iterdir())).out.splitlines()]
    assert digests == [[each["hash"], "json-jcs"] for each in told["entries"]]
    run("issuer", "register", "--uri", "did:web:northport.example")
    root = run("anchor", "kept", "--json").json["batches"][0]["root"]
    run("receipts", root, "-o", "kept")
    ran = run("verify", "kept/decision-00001.json", "--json")
    assert ran.code == 0, ran
    entry = json.loads(Path("kept/decision-00001.json").read_text())
    assert entry["decision"]["decidedBy"]["name"] == "Ana Lima"
    Path("kept/decision-00001.json").write_text(json.dumps(entry).replace("Ana Lima", "Eva Lima"))
    assert run("verify", "kept/decision-00001.json", "--json").code == 1


def test_a_page_is_written_of_what_waits_and_not_over_a_file(run: Run) -> None:
    assert run(*INTO, "--page", "review.html", "--json").json == {"page": "review.html", "waiting": 3}
    assert run(*INTO, "--page", "review.html", "--json").json["error"]["code"] == "exists"
    run(*INTO, "--decisions", decisions(*(about(number, accept=["B.1"]) for number in (1, 2, 3))))
    ran = run(*INTO, "--page", "review.html", "--overwrite", "--json")
    assert ran.json["error"]["code"] == "nothing-to-decide"
    for more in (
        ("--page", "x.html", "--decisions", "decisions.json"),
        ("--decisions", "decisions.json", "--by", "Ana"),
    ):
        assert run(*INTO, *more, "--json").json["error"]["code"] == "review-way"
    (Path("suggestions.json")).write_text("[]")
    assert run(*INTO, "--page", "x.html", "--json").json["error"]["code"] == "suggestions"
