"""Verdicts in the language of whoever reads them; what is for programs is English."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Run

NOT_JSON = b"{"
PLAIN = b'{"a": 1}'


@pytest.fixture(autouse=True)
def files(tmp_path: Path) -> None:
    (tmp_path / "plain.json").write_bytes(PLAIN)
    (tmp_path / "broken.json").write_bytes(NOT_JSON)


def test_a_verdict_in_another_language(run: Run) -> None:
    english, french = run("verify", "plain.json"), run("verify", "plain.json", "--language", "fr")
    assert english.code == french.code == 2
    assert "plain.json: could not be checked" in english.out
    assert "plain.json: n’a pas pu être vérifié" in french.out
    assert "  inconnu       intégrité  Il n’y a aucun reçu auquel comparer le document." in french.out
    assert "(no-receipt)" in french.out
    assert "There is no receipt" not in french.out


def test_the_words_of_an_error_stay_as_they_are_behind_a_general_sentence(run: Run) -> None:
    shown = run("verify", "broken.json", "--language", "fr").out
    original = run("verify", "broken.json", "--json").json["checks"][0]["text"].partition(" In this form")[0]
    assert f"Ce n’est pas du JSON bien formé. {original} Sous cette forme" in shown


def test_a_table_in_another_language(run: Run) -> None:
    shown = run("verify", "plain.json", "broken.json", "--language", "fr_FR.UTF-8", "--csv", "rows.csv")
    assert shown.out.split()[:4] == ["fichier", "verdict", "émetteur", "ancré"]
    assert "2 n’a pas pu être vérifié" in shown.out
    assert "could not be checked" in (Path.cwd() / "rows.csv").read_text(encoding="utf-8")


def test_the_environment_chooses_and_json_is_english(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    english = run("verify", "plain.json", "--json").json
    monkeypatch.setenv("LANGUAGE", "tlh:fr:en")
    assert "n’a pas pu être vérifié" in run("verify", "plain.json").out
    assert "could not be checked" in run("verify", "plain.json", "--language", "en").out
    assert run("verify", "plain.json", "--json").json == english


def test_a_language_that_there_is_not(run: Run) -> None:
    failed = run("verify", "plain.json", "--language", "tlh", "--json")
    assert (failed.code, failed.json["error"]["code"]) == (1, "language")
