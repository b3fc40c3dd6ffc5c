"""What the exercises say is there in every language, with the same commands, and stays in that of the trainee."""

from __future__ import annotations

import json
import re
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from anchor.lab.exercises import EXERCISES, exercise
from anchor.lab.model import missing
from anchor.lab.place import MARK
from anchor.lab.texts import Texts, languages
from tests.anchor.lab.solutions import Trainee

OTHERS = languages()[1:]
# What somebody types, or finds by that name in the folder, or the program puts in.
CODE = re.compile(
    r"testamur [a-z]+|--?[a-z]+(?:-[a-z]+)*(?= )|'[^']+'|\{[a-z]+\}|\b[A-Z]{4,}\b"
    r"|[\w/-]+\.(?:json|csv|toml|txt|key|pdf|example|html)\b|\d[\d-]*"
)


def texts_of(language: str) -> dict[str, dict[str, Any]]:
    file = resources.files("anchor.lab") / "texts" / f"{language}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


@pytest.fixture
def desk(tmp_path: Path) -> Trainee:
    return Trainee(tmp_path / "desk")


def test_there_is_french() -> None:
    assert languages() == ("en", "fr")


@pytest.mark.parametrize("language", languages())
def test_every_text_is_there_in_every_language(language: str) -> None:
    texts = Texts(language)
    for each in EXERCISES:
        assert texts.title(each)
        assert texts.story(each)
        for step in each.steps:
            assert texts.task(each, step)
            assert texts.hint(each, step)


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_has_every_sentence_and_none_besides(language: str) -> None:
    there, translated = texts_of("en"), texts_of(language)
    assert translated.keys() == there.keys()
    for part, sentences in there.items():
        assert translated[part].keys() - {"files"} == sentences.keys(), part


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_has_the_commands_files_and_numbers_of_each_sentence(language: str) -> None:
    translated = texts_of(language)
    for part, sentences in texts_of("en").items():
        for key, text in sentences.items():
            assert set(CODE.findall(text)) <= set(CODE.findall(translated[part][key])), f"{part}.{key}"
            if key.endswith("-hint"):
                assert text.count("testamur ") == translated[part][key].count("testamur "), f"{part}.{key}"


def test_an_exercise_that_was_begun_in_french_goes_on_in_french(desk: Trainee, monkeypatch: pytest.MonkeyPatch) -> None:
    told = desk.types("testamur lab start verifiers-4 --language fr")[1]
    assert "Lire une fiche de niveau" in told
    assert "Première étape\u00a0: Demandez la fiche" in told
    desk.types("cd verifiers-4")
    assert "Irlande\u00a0: niveau 8 du NFQ." in (desk.reader.folder / "applications" / "b.txt").read_text("utf-8")
    code, told = desk.types("testamur lab check")
    assert (code, "Il manque encore ceci\u00a0: il n’y a pas de fiche de niveau" in told) == (1, True), told
    assert "testamur levels card 8 --from IE --to PT la montre" in desk.types("testamur lab hint")[1]
    assert "Ask for" not in told
    assert "Still missing" in desk.types("testamur lab check --language en")[1]
    assert "L’exercice recommence." in desk.types("testamur lab reset --yes")[1]
    assert "Notre formation" in (desk.reader.folder / "rule.txt").read_text("utf-8")


@pytest.mark.parametrize("language", ["tlh", 7, None, "../en"])
def test_a_language_in_a_mark_that_makes_no_sense_is_that_of_the_environment(language: object, desk: Trainee) -> None:
    desk.types("testamur lab start verifiers-4 --language fr")
    desk.types("cd verifiers-4")
    (desk.reader.folder / MARK).write_text(json.dumps({"exercise": "verifiers-4", "language": language}))
    assert "Still missing" in desk.types("testamur lab check")[1]


def test_french_or_english_is_said_when_it_is_asked_for(desk: Trainee) -> None:
    assert "Your first batch" in desk.types("testamur lab list --language en")[1]
    told = desk.types("testamur lab list --language fr")[1]
    assert "Accrédité à ce moment-là\u202f?" in told
    assert "pour les agences qualité" in told
    code, told = desk.types("testamur lab list --language tlh --json")
    assert (code, '"language"' in told) == (1, True)


def test_a_sentence_that_several_exercises_share_is_in_the_same_language() -> None:
    told = Texts("fr").lacks(exercise("registrars-1"), missing("no-table", table="verdicts.csv"))
    assert told == "il n’y a pas de tableau verdicts.csv dans ce dossier."
