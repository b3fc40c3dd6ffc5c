"""The reference of the commands says what the commands say, no more and no less."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from anchor.cli.app import app
from anchor.cli.session import PANEL

REFERENCE = (Path(__file__).parents[3] / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")


def commands(group: Any, name: str) -> Iterator[tuple[str, Any]]:
    for word, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{name} {word}")
        else:
            yield f"{name} {word}", command


COMMANDS = dict(commands(typer.main.get_command(app), "testamur"))


def section(name: str) -> str:
    """The text under the heading that names the command, with what its whole group has in common."""
    found = re.search(rf"^##+ {name}\b(?!,).*?(?=^##+ |\Z)", REFERENCE, re.MULTILINE | re.DOTALL)
    assert found, f"{name} has no section"
    if found.group().startswith("###"):
        (shared,) = re.findall(r"^## [^\n]*suspend.*?(?=^###)", REFERENCE, re.MULTILINE | re.DOTALL)
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
    headings = re.findall(r"^##+ (testamur [a-z ]+[a-z])", REFERENCE, re.MULTILINE)
    assert set(headings) == {*COMMANDS, "testamur revoke"}
