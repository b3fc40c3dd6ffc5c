"""ARCHITECTURE.md names what is there, and every room."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
PAGE = (REPOSITORY / "ARCHITECTURE.md").read_text(encoding="utf-8")
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
PATH = re.compile(r"`([\w.-]+/[\w./-]*|[\w.-]+\.(?:py|toml|md))`")


def floors(package: str) -> set[str]:
    """The rooms that the import rules know."""
    contracts = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    layers = next(each["layers"] for each in contracts if each.get("containers") == [package])
    return {room.strip("() ") for layer in layers for room in re.split(r"[|:]", layer)}


def test_every_path_that_is_named_is_there() -> None:
    named = PATH.findall(PAGE)
    assert len(named) > 100
    assert [path for path in named if not (REPOSITORY / path).exists()] == []


@pytest.mark.parametrize("package", ["registry", "anchor"])
def test_every_room_has_a_caption(package: str) -> None:
    captioned = {path for line in PAGE.splitlines() if line.startswith("|") for path in PATH.findall(line)}
    rooms = {
        path.relative_to(REPOSITORY).as_posix() + ("/" if path.is_dir() else "")
        for path in (REPOSITORY / package).iterdir()
        if (path.suffix == ".py" and path.name != "__init__.py") or (path / "__init__.py").exists()
    }
    assert rooms - captioned == set()
    assert {Path(room).stem for room in rooms} == floors(package)


def test_the_rooms_stand_in_the_order_of_the_floors() -> None:
    for package in ("registry", "anchor"):
        contracts = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
            "contracts"
        ]
        layers = next(each["layers"] for each in contracts if each.get("containers") == [package])
        floor = {room.strip("() "): -number for number, layer in enumerate(layers) for room in re.split(r"[|:]", layer)}
        section = PAGE.partition(f"## The rooms of `{package}`")[2].partition("\n## ")[0]
        rows = re.findall(rf"^\| `{package}/(\w+)", section, re.M)
        assert [floor[room] for room in rows] == sorted(floor[room] for room in rows), package


def test_no_walk_comes_back_up_more_than_twice() -> None:
    walks = re.split(r"\n\*\*From ", PAGE.partition("## Six walks")[2].partition("## Sixteen changes")[0])[1:]
    assert len(walks) == 6
    for walk in walks:
        assert walk.count("↑") <= 2
        assert len(PATH.findall(walk)) >= 10


def test_there_are_sixteen_changes_and_each_names_its_rooms() -> None:
    changes = re.split(r"\n\n\*\*", PAGE.partition("## Sixteen changes")[2])[1:]
    assert len(changes) == 16
    assert all(len(PATH.findall(change)) >= 3 for change in changes)


def test_the_tree_of_the_readme_is_there() -> None:
    tree = README.partition("```text\n")[2].partition("```")[0]
    folder = Path()
    for line in tree.splitlines():
        depth, name = (len(line) - len(line.lstrip())) // 2, line.split()[0]
        folder = Path(*folder.parts[:depth]) / name
        assert (REPOSITORY / folder).exists(), line
    assert len(tree.splitlines()) > 20
