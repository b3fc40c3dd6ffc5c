"""The solutions in the trainers' notes, and somebody who types them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.docs.reader import REPOSITORY, Reader

TRAINING = REPOSITORY / "docs" / "training"
_SECTION = re.compile(r"^### ([a-z]+-\d+)$(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
_ROOT = re.compile(r"0x[0-9a-f]{64}")
# Commands that end otherwise than well, by the exercise and how they begin, with the codes that they may end with.
CODES = {
    ("registrars-2", "testamur roster check"): (3,),
    ("registrars-5", "testamur verify claims"): (2,),
    ("registrars-6", "testamur verify earlier --csv during.csv"): (2,),
    ("verifiers-1", "testamur verify papers"): (1,),
    ("verifiers-2", "testamur verify applications"): (1,),
    ("verifiers-3", "testamur verify papers"): (2,),
    ("verifiers-4", "testamur levels card 6 --from US"): (2,),
    ("agencies-4", "testamur register import"): (0, 3),
    ("agencies-2", "testamur verify diplomas"): (2,),
}


def codes_of(exercise: str, command: str) -> tuple[int, ...]:
    """With which codes a command of a solution may end."""
    found = (codes for (name, begins), codes in CODES.items() if name == exercise and command.startswith(begins))
    return next(found, (0,))


@dataclass(frozen=True)
class Solution:
    """The commands of an exercise, the first of which begins it and the last of which checks it."""

    exercise: str
    commands: tuple[str, ...]


def solutions(language: str) -> Iterator[Solution]:
    """All of a language, in the order of the notes."""
    for page in sorted((TRAINING / language).glob("*/trainer.md")):
        for name, text in _SECTION.findall(page.read_text(encoding="utf-8")):
            (block,) = _BLOCK.findall(text)
            lines = block.replace("\\\n", " ").splitlines()
            yield Solution(name, tuple(line.removeprefix("$ ") for line in lines))


class Trainee:
    """Types commands; `ROOT` is the last root that one of them printed, and `cd` goes into a folder."""

    def __init__(self, folder: Path):
        self.reader = Reader(folder)

    def types(self, command: str) -> tuple[int, str]:
        """The exit code, and what was printed."""
        if command.startswith("cd "):
            self.reader.folder = self.reader.folder / command.removeprefix("cd ")
            return 0, ""
        told = self.reader.types(command)
        assert "Traceback" not in told.out + told.errors, told
        if roots := _ROOT.findall(told.out):
            self.reader.stands_for["ROOT"] = roots[-1]
        return told.code, f"$ {command}\n{told.out}{told.errors}"


class Desks:
    """Trainees who have typed the first commands of a solution: what one has typed, nobody types again.

    Args:
        folder: where a copy of each desk is kept.
    """

    def __init__(self, folder: Path, commands: Mapping[str, tuple[str, ...]]):
        self._folder = folder
        self._commands = commands
        self._kept: dict[str, dict[int, tuple[Path, dict[str, str]]]] = {}

    def after(self, exercise: str, count: int, folder: Path) -> Trainee:
        """Somebody in a folder of their own who has typed so many commands of a solution."""
        kept = self._kept.setdefault(exercise, {})
        typed = max((each for each in kept if each <= count), default=0)
        if typed:
            shutil.copytree(kept[typed][0], folder / "desk")
        trainee = Trainee(folder / "desk")
        if typed:
            trainee.reader.folder /= exercise
            trainee.reader.stands_for |= kept[typed][1]
        for command in self._commands[exercise][typed:count]:
            code, told = trainee.types(command)
            assert code in codes_of(exercise, command), told
        # The first two begin the exercise, and go into its folder.
        if count >= 2 and count != typed:
            copy = self._folder / f"{exercise}-{count}"
            shutil.copytree(folder / "desk", copy)
            kept[count] = copy, dict(trainee.reader.stands_for)
        return trainee
