"""A command is loaded when it is called, and the list that stands in for them says what they say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main

from anchor.cli.app import COMMANDS, app

LISTED = [each for listed in COMMANDS.values() for each in listed]
RUN = """
import json, sys
from anchor.cli import main
try:
    main()
except SystemExit as ended:
    code = ended.code
print(json.dumps({"code": code, "loaded": sorted(sys.modules)}), file=sys.stderr)
"""


def run(*words: str) -> tuple[str, set[str]]:
    """What a command prints, and the modules that a process of its own has loaded by then."""
    ran = subprocess.run([sys.executable, "-c", RUN, *words], capture_output=True, text=True, check=True)
    told = json.loads(ran.stderr.splitlines()[-1])
    assert told["code"] == 0, ran.stderr
    return ran.stdout, set(told["loaded"])


def commands_in(loaded: set[str]) -> set[str]:
    return loaded & {f"anchor.cli.{place.partition(':')[0]}" for each in LISTED for place in (each.place, *each.more)}


def test_the_list_says_of_each_command_what_its_module_says() -> None:
    root: Any = typer.main.get_command(app)
    for each in LISTED:
        command = root.commands[each.word]
        assert command.name == each.word
        assert (command.short_help or command.help).partition("\n\n")[0].replace("\n", " ") == each.help


def test_each_command_is_listed_once() -> None:
    words = [each.word for each in LISTED]
    assert sorted(words) == sorted(set(words))


def test_the_help_of_the_whole_loads_no_command() -> None:
    told, loaded = run("--help")
    for heading in COMMANDS:
        assert f" {heading} " in told
    for each in LISTED:
        assert f" {each.word} " in told
    assert commands_in(loaded) == set()
    assert "anchor.settings" not in loaded


def test_digest_loads_what_a_digest_is_made_with_and_nothing_else(tmp_path: Path) -> None:
    diploma = tmp_path / "diploma.json"
    diploma.write_text('{"name": "Ada"}', encoding="utf-8")
    told, loaded = run("digest", str(diploma))
    assert str(diploma) in told
    assert commands_in(loaded) == {"anchor.cli.digests"}
    for unneeded in ("sqlalchemy", "anchor.issuing", "anchor.books", "anchor.workspace", "registry.chain", "typst"):
        assert unneeded not in loaded


@pytest.mark.parametrize("word", ["levels", "template", "accredited", "page"])
def test_a_command_loads_no_other(word: str) -> None:
    _, loaded = run(word, "--help")
    (own,) = (each for each in LISTED if each.word == word)
    assert commands_in(loaded) == {f"anchor.cli.{own.place.partition(':')[0]}"}
