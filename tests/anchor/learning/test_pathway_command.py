"""`testamur pathway`: what a learner has done by credentials that are anchored, and how far many have come."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from anchor.learning.pathways import TEMPLATE
from anchor.settings import load_settings
from registry.learning.pathways.files import look_at_pathway
from registry.learning.pathways.surroundings import Surroundings
from registry.levels import bundled_maps
from tests.anchor.begun import begun
from tests.anchor.learning.test_portfolio_command import badge
from tests.conftest import Run, commands_in, write_diplomas
from tests.registry.learning.pathways.test_imports import component, graph

__all__ = ["begun"]

COURSES = "https://a.example/bachelor#"
DECISION = "https://a.example/decisions/second"
PATHWAY = f"""
[pathway]
id = "https://a.example/pathway"
title = {{ en = "A <b>pathway</b>", fr = "Un parcours" }}
issuer = "University A"

[[steps]]
id = "first"
title = "First"
requires = {{ achievements = ["{COURSES}first"] }}

[[steps]]
id = "second"
title = "Second"
after = ["first"]
requires = {{ achievements = ["{COURSES}second"] }}

[steps.recognition]
achievements = ["{DECISION}"]
issuers = ["did:web:a.example"]
results = ["granted"]
evidence = {{ achievements = ["{COURSES}work"] }}

[[steps]]
id = "third"
title = "Third"
after = ["second"]
requires = {{ achievements = ["{COURSES}third"] }}
"""


def documents() -> dict[str, dict[str, Any]]:
    names = ("first", "work", "third")
    made = {
        name: badge(f"urn:uuid:33333333-0000-4000-8000-00000000000{number}", "", name)
        for number, name in enumerate((*names, "decision"))
    }
    for name in names:
        made[name]["credentialSubject"]["achievement"]["id"] = COURSES + name
    made["third"]["validUntil"] = "2025-06-01T00:00:00Z"
    subject = made["decision"]["credentialSubject"]
    subject["achievement"]["id"] = DECISION
    subject["result"] = [{"type": ["Result"], "value": "granted"}]
    subject["id"] = "did:example:somebody-else"
    return made


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, begun: Path) -> Iterator[Run]:
    """One folder for all tests, each of which writes files of other names."""
    with commands_in(tmp_path_factory.mktemp("pathways")) as command:
        shutil.copytree(begun, load_settings().data_folder)
        Path("pathway.toml").write_text(PATHWAY, encoding="utf-8")
        yield command


@pytest.fixture(scope="module")
def held(run: Run) -> Path:
    """Four credentials of one batch, each with its receipt in it."""
    folder = Path("plain")
    folder.mkdir()
    for name, document in documents().items():
        (folder / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")
    write_diplomas(Path("others"), 60)
    for each in Path("others").iterdir():
        each.rename(folder / f"other-{each.name}")
    root = run("anchor", folder, "--wait", "--json").json["batches"][0]["root"]
    assert run("receipts", root, "--embed", folder, "-o", "held").code == 0
    for each in Path("held").glob("other-*"):
        each.unlink()
    return Path("held")


def learner(held: Path, folder: str, *names: str) -> Path:
    path = Path(folder)
    path.mkdir(parents=True)
    for name in names:
        shutil.copy(held / f"{name}.json", path)
    return path


def rows_in(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(Path(name).read_text(encoding="utf-8"))))


def outcomes(content: Any) -> list[str]:
    return [each["outcome"] for each in content["steps"]]


def test_what_is_done_rests_on_verdicts_and_the_next_step_is_told(run: Run, held: Path) -> None:
    path = learner(held, "ana", "first", "work", "third")
    ran = run("pathway", "check", path, "pathway.toml", "--json", "--csv", "steps.csv")
    assert (ran.code, outcomes(ran.json)) == (1, ["done", "awaiting a person", "expired"])
    first, second, third = ran.json["steps"]
    items = {each["position"]: each for each in ran.json["items"]}
    (rests,) = first["items"]
    assert (items[rests["position"]]["name"], items[rests["position"]]["fate"]) == ("first.json", "good")
    assert rests["digest"] == items[rests["position"]]["digest"]
    assert (second["available"], third["available"], ran.json["complete"]) == ("yes", "no", "no")
    assert [(each["step"], each["opens"]) for each in ran.json["next"]] == [("second", ["third"])]
    row = rows_in("steps.csv")[0]
    assert (row["step"], row["outcome"], row["digests"]) == ("first", "done", rests["digest"])
    said = run("pathway", "check", path, "pathway.toml", "--language", "fr").out
    assert "Un parcours" in said
    assert "The pathway is not complete." in said
    assert "Next: Second: opens Third" in said


def test_a_decision_is_an_item_and_is_named(run: Run, held: Path) -> None:
    path = learner(held, "ben", "first", "work", "decision")
    assert run("portfolio", "make", path, "-o", "ben.json").code == 0
    ran = run("pathway", "check", "ben.json", "pathway.toml", "--json")
    assert outcomes(ran.json) == ["done", "done", "open"]
    decided = ran.json["steps"][1]["decided"]
    assert ran.json["items"][decided]["name"] == "decision.json"
    told = run("pathway", "check", "ben.json", "pathway.toml")
    assert "(a decision)" in told.out
    # Credentials of two holders are told, whoever they are.
    assert ran.json["subjects"] == 2
    assert "name their holder by 2 identifiers: whether that is one person is not checked" in told.errors


def test_what_could_not_be_checked_is_unknown(run: Run, held: Path) -> None:
    path = Path("cleo")
    path.mkdir()
    document = badge("urn:uuid:44444444-0000-4000-8000-000000000001", "", "first")
    document["credentialSubject"]["achievement"]["id"] = COURSES + "first"
    (path / "never-anchored.json").write_text(json.dumps(document), encoding="utf-8")
    only_first = Path("only.toml")
    only_first.write_text(PATHWAY.split('[[steps]]\nid = "second"')[0], encoding="utf-8")
    ran = run("pathway", "check", path, only_first, "--json", "--chain", "http://127.0.0.1:9")
    assert (ran.code, outcomes(ran.json), ran.json["complete"]) == (2, ["unknown"], "unknown")
    assert ran.json["steps"][0]["hindered"] == [{"position": 0, "reason": "unchecked"}]
    assert run("pathway", "check", held, only_first, "--json").code == 0


def test_a_cohort_is_told_in_counts_and_what_cannot_be_read_is_left_out(run: Run, held: Path) -> None:
    for number in range(11):
        learner(held, f"cohort/both-{number}", "first", "work", "decision")
        learner(held, f"cohort/first-{number}", "first")
    (Path("cohort") / "Dana Novak.json").write_bytes(b"{")
    Path("cohort/empty").mkdir()
    command = ("pathway", "cohort", "cohort", "pathway.toml")
    ran = run(*command, "--json", "--csv", "counts.csv", "--left-out", "left-out.csv")
    assert ran.code == 3
    assert ran.json["learners"] == 22
    first, second, _ = ran.json["steps"]
    done = {tuple(each["outcomes"]): each["count"] for each in second["all"]}
    assert (done["done",], second["stopped"]) == (11, None)
    assert first["all"] == []
    assert [each["file"] for each in rows_in("left-out.csv")] == ["Dana Novak.json", "empty"]
    for told in (ran.out, Path("counts.csv").read_text(encoding="utf-8"), run(*command).out):
        assert "Novak" not in told
        assert "both-1" not in told
    shutil.rmtree("cohort")
    learner(held, "cohort/alone", "first")
    few = run(*command, "--json")
    assert (few.code, few.json["error"]["code"]) == (1, "small-cell")


def test_pathways_come_and_go_and_are_looked_at(run: Run) -> None:
    assert look_at_pathway(TEMPLATE.encode(), "t", Surroundings(bundled_maps()))[1] == ()
    assert run("pathway", "template", "-o", "made.toml").code == 0
    assert run("pathway", "template", "-o", "made.toml").code == 1
    assert run("pathway", "faults", "made.toml", "--json").json == {
        "file": "made.toml", "valid": True, "steps": 3, "faults": [],
    }  # fmt: skip
    shown = run("pathway", "show", "made.toml").out
    assert "30 ECTS" in shown
    assert "or recognised by a decision of did:web:university.example" in shown
    assert run("pathway", "export", "json", "made.toml").code == 0
    assert json.loads(Path("made.json").read_text(encoding="utf-8"))["type"] == "TestamurPathway"
    lossy = run("pathway", "export", "ctdl", "made.toml", "--json")
    assert lossy.code == 3
    assert any("sums of credits" in each["reason"] for each in lossy.json["faults"])
    given = {"name": {"en": "Grade"}}
    needed = {"@type": "ceterms:ComponentCondition", "ceterms:targetComponent": [], "ceterms:hasConstraint": [given]}
    Path("theirs.jsonld").write_bytes(graph(component("a", proxyFor="u:a", hasCondition=needed)))
    strict = run("pathway", "import", "ctdl", "theirs.jsonld", "--strict", "--json")
    assert (strict.code, strict.json["written"], Path("theirs.toml").exists()) == (1, None, False)
    assert run("pathway", "import", "ctdl", "theirs.jsonld").code == 3
    assert run("pathway", "faults", "theirs.toml").code == 0
    broken = Path("broken.toml")
    broken.write_text(PATHWAY.replace('after = ["first"]', 'after = ["third"]'), encoding="utf-8")
    wrong = run("pathway", "faults", broken)
    assert (wrong.code, "it waits for itself: second → third → second" in wrong.out) == (1, True)
    refused = run("pathway", "show", broken, "--json")
    assert (refused.code, refused.json["error"]["code"]) == (1, "pathway")
