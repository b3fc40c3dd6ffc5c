"""`testamur suggest ask`, `figures` and `measure`, as a person or a program runs them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from registry.learning.suggest.figures import BAR, published
from registry.learning.suggest.wire import suggestion_in
from tests.conftest import Run

EXAMPLES = Path(__file__).parents[3] / "docs/how-to/frameworks"
TEXT = "Designs a relational schema. Interviews departments about their needs."


@pytest.fixture(autouse=True)
def examples(run: Run) -> None:
    for path in EXAMPLES.glob("*.toml"):
        shutil.copy(path, ".")


def test_five_are_suggested_with_what_they_rest_on_and_how_often_that_is_right(run: Run) -> None:
    ran = run("suggest", "ask", "--text", TEXT, "--language", "en")
    assert ran.code == 0, ran.errors
    assert "A.6" in ran.out
    assert "Interviews departments about their needs." in ran.out
    (figure,) = (
        each
        for each in published()
        if (each.framework, each.language) == ("e-CF", "en") and each.model.name == "hybrid"
    )
    assert f"en: a right item was among 5 for {figure.among} of {figure.sentences} sentences" in ran.out
    assert "no text has left this machine" in ran.out


def test_a_single_sentence_is_not_said_again_beside_each_item(run: Run) -> None:
    for text, said in (("Data  management", False), ("Data management. It is examined in writing.", True)):
        ran = run("suggest", "ask", "--text", text, "--language", "en")
        assert (ran.code, "rests on" in ran.out) == (0, said)


def test_what_is_written_is_what_a_review_reads_and_the_same_each_time(run: Run) -> None:
    words = ("suggest", "ask", "northport.toml", "--language", "en", "--framework", "e-cf", "--json")
    ran = run(*words)
    assert ran.code == 0, ran.errors
    listed = ran.json["suggestions"]
    assert [each["where"] for each in listed][:2] == ["part IS501", "part IS502"]
    for each in listed:
        assert len(suggestion_in(each, "").candidates) == 5
    assert run(*words).out == ran.out


def test_a_text_whose_language_nobody_states_is_left_out_and_told(run: Run) -> None:
    ran = run("suggest", "ask", "--text", TEXT)
    assert (ran.code, ran.out) == (1, "")
    assert "not guessed" in ran.errors
    assert run("suggest", "ask", "--text", TEXT, "--json").json["error"]["code"] == "suggest-language"


def test_a_framework_that_nobody_measured_is_suggested_from_only_where_a_person_says_so(run: Run) -> None:
    ran = run("suggest", "ask", "northport.toml", "--language", "en", "--json")
    assert ran.json["error"]["code"] == "suggest-unmeasured"
    ran = run("suggest", "ask", "northport.toml", "--language", "en", "--unmeasured")
    assert ran.code == 0, ran.errors
    assert "nobody has measured" in ran.out


def test_what_is_below_the_bar_stays_refused(run: Run) -> None:
    refused = [each for each in published() if each.low < BAR]
    assert {each.framework for each in refused} >= {"ESCO"}
    rows = ["text,language,codes", *(f"Bakes bread number {number}.,en,B.1" for number in range(12))]
    Path("s.csv").write_text("\n".join(rows))
    ran = run("suggest", "measure", "s.csv", "--framework", "information-systems.toml", "-o", "own.json")
    assert ran.code == 0, ran.errors
    assert "Below the bar" in ran.out
    words = ("suggest", "ask", "northport.toml", "--language", "en", "--figures", "own.json", "--unmeasured", "--json")
    assert run(*words).json["error"]["code"] == "suggest-below-bar"


def test_what_was_measured_here_and_passes_is_suggested(run: Run) -> None:
    rows = ["text,language,codes", *(f"Designs a relational database and queries it {n}.,en,B.1" for n in range(12))]
    Path("s.csv").write_text("\n".join([*rows, "No code.,en,"]))
    ran = run("suggest", "measure", "s.csv", "--framework", "information-systems.toml", "-o", "own.json")
    assert ran.code == 3
    assert "line 14" in ran.errors
    assert run("suggest", "measure", "s.csv", "-o", "own.json", "--json").json["error"]["code"] == "exists"
    ran = run("suggest", "ask", "northport.toml", "--language", "en", "--figures", "own.json", "--json")
    assert ran.code == 0, ran.errors
    assert {each["figure"]["sentences"] for each in ran.json["suggestions"]} == {12}
    assert run("suggest", "figures", "--figures", "own.json", "--json").json["figures"][-1]["suggested"]


def test_what_cannot_be_suggested_is_told_beside_what_can(run: Run) -> None:
    Path("a.txt").write_text("Tests software.\n12 34\n")
    ran = run("suggest", "ask", "a.txt", "--language", "en", "--json")
    assert ran.code == 3
    assert len(ran.json["suggestions"]) == 1
    assert [(each["where"], each["code"]) for each in ran.json["refused"]] == [("line 2", "suggest-text")]


def test_without_a_text_nothing_is_asked(run: Run) -> None:
    assert run("suggest", "ask", "--json").json["error"]["code"] == "suggest-text"
    assert json.loads(run("suggest", "figures", "--json").out)["bar"] == BAR
