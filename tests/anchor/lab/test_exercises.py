"""Every exercise from its start to done by the commands of the trainers' notes, and no wrong work called done."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from anchor.lab.exercises import EXERCISES, exercise
from anchor.lab.texts import Texts, languages
from tests.anchor.lab.solutions import TRAINING, Trainee, codes_of, solutions

BY_NAME = {each.exercise: each for each in solutions("en")}


def test_every_exercise_has_its_solution() -> None:
    assert list(BY_NAME) == sorted(each.name for each in EXERCISES)


@pytest.mark.parametrize("language", [each.name for each in TRAINING.iterdir() if (each / "registrars").is_dir()])
def test_solutions_are_the_same_in_every_language(language: str) -> None:
    assert {each.exercise: each for each in solutions(language)} == BY_NAME


def assert_letters_are_translated(name: str, folder: Path) -> None:
    letters = {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in folder.rglob("*.txt")}
    for language in languages()[1:]:
        translated = Texts(language).files(exercise(name))
        assert translated.keys() == letters.keys(), language
        for letter, text in translated.items():
            assert text != letters[letter]
            assert sorted(re.findall(r"\d+", text)) == sorted(re.findall(r"\d+", letters[letter])), letter


@pytest.mark.parametrize("name", [each.name for each in EXERCISES])
def test_the_solution_of_an_exercise_comes_from_start_to_done(name: str, tmp_path: Path) -> None:
    trainee, commands = Trainee(tmp_path / "desk"), BY_NAME[name].commands
    assert commands[0] == f"testamur lab start {name}"
    assert commands[-1] == "testamur lab check"
    for command in commands[:-1]:
        code, told = trainee.types(command)
        assert code in codes_of(name, command), told
        if command.startswith("cd "):
            code, told = trainee.types("testamur lab check --json")
            assert code == 1
            assert not any(step["done"] for step in json.loads(told.partition("\n")[2])["steps"]), told
            assert_letters_are_translated(name, trainee.reader.folder)
    code, told = trainee.types("testamur lab check")
    assert code == 0, told
    assert "All steps are done" in told
    assert "Nothing is left" in trainee.types("testamur lab hint")[1]
