"""The reference of the commands says what the commands say, no more and no less."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main
from typer.testing import CliRunner

from anchor.cli.app import app
from anchor.cli.examples import EXAMPLES
from anchor.cli.session import PANEL

REFERENCE = (Path(__file__).parents[3] / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")


def commands(group: Any, name: str) -> Iterator[tuple[str, Any]]:
    for word, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{name} {word}")
        else:
            yield f"{name} {word}", command


ROOT: Any = typer.main.get_command(app)
COMMANDS = dict(commands(ROOT, "testamur"))
SCREEN = 80


def section(name: str) -> str:
    """The text under the heading that names the command, with what its whole group has in common."""
    found = re.search(rf"^###+ {name}\b(?!,).*?(?=^##+ |\Z)", REFERENCE, re.MULTILINE | re.DOTALL)
    assert found, f"{name} has no section"
    if found.group().startswith("####"):
        (shared,) = re.findall(r"^### [^\n]*suspend.*?(?=^####)", REFERENCE, re.MULTILINE | re.DOTALL)
        return found.group() + str(shared)
    return found.group()


def options(command: Any, *, common: bool) -> set[str]:
    return {
        name
        for parameter in command.params
        if parameter.param_type_name == "option" and (parameter.rich_help_panel == PANEL) is common
        for name in (*parameter.opts, *parameter.secondary_opts)
        if name.startswith("--")
    }


def test_every_command_and_option_is_documented() -> None:
    for name, command in COMMANDS.items():
        documented = set(re.findall(r"`(--[a-z-]+)", section(name).split("\n", 1)[1])) - {"--issuer", "--help"}
        assert options(command, common=False) - {"--help"} == documented, name


def test_every_command_has_the_common_options() -> None:
    table = set(re.findall(r"^\| `(--[a-z-]+)", REFERENCE, re.MULTILINE)) - {"--help"}
    for name, command in COMMANDS.items():
        assert options(command, common=True) == table, name


def test_no_section_is_about_a_command_that_is_not_there() -> None:
    headings = re.findall(r"^##+ (testamur [a-z -]+[a-z])", REFERENCE, re.MULTILINE)
    assert set(headings) == {*COMMANDS, "testamur revoke"}


def test_the_help_lists_every_command_under_the_heading_that_the_reference_has_it_under() -> None:
    listed: dict[str, set[str]] = {}
    for word, command in ROOT.commands.items():
        listed.setdefault(str(command.rich_help_panel), set()).add(word)
    for heading, text in re.findall(r"^## (.*?)$(.*?)(?=^## |\Z)", REFERENCE, re.MULTILINE | re.DOTALL):
        named = re.findall(r"^### testamur (.*)", text, re.MULTILINE)
        words = {word for line in named for word in (line.split(", ") if ", " in line else line.split()[:1])}
        assert listed.pop(heading) == words
    assert not listed


def test_every_command_has_examples_that_are_commands_and_fit_a_screen() -> None:
    assert {f"testamur {name}" for name in EXAMPLES} == set(COMMANDS)
    for name, examples in EXAMPLES.items():
        command, length = COMMANDS[f"testamur {name}"], 1 + len(name.split())
        for example in examples:
            assert f"$ {example}" in command.epilog.splitlines()
            assert len(f" $ {example} ") <= SCREEN
            words = shlex.split(example)
            assert words[:length] == ["testamur", *name.split()]
            command.make_context(name, words[length:])


def test_the_help_of_a_command_ends_with_its_examples_each_in_a_line() -> None:
    told = CliRunner().invoke(app, ["verify", "--help"], env={"COLUMNS": str(SCREEN)}, catch_exceptions=False)
    lines = [line.strip() for line in told.stdout.rstrip().splitlines()]
    assert lines[-3:] == ["Examples:", *(f"$ {example}" for example in EXAMPLES["verify"])]
