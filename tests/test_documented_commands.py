"""Commands of the documentation are commands of the program, and those that need nothing foreign are run as written."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import pytest
import typer

from anchor.cli.app import app
from registry.settings import Settings

REPOSITORY = Path(__file__).parents[1]
PAGES = sorted([REPOSITORY / "README.md", *(REPOSITORY / "docs").rglob("*.md")])
BLOCK = re.compile(r"^( *)```console\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
# The values of a run: digests, times and how many. What is left of a line is the same in every run.
VALUES = re.compile(r"0x[0-9a-fA-F]+|\b[0-9a-f]{8,}(?:…)?|\d{4}-\d\d-\d\dT[\d:]+Z|\d[\d,.]*")
SECONDS = 120


@dataclass(frozen=True)
class Step:
    """A command as it is typed, and what the page shows of its output."""

    command: str
    shown: tuple[str, ...]


def steps(page: Path) -> Iterator[Step]:
    for indent, block in BLOCK.findall(page.read_text(encoding="utf-8")):
        command, shown = "", []
        for line in (line.removeprefix(indent) for line in block.splitlines()):
            if line.startswith("$ "):
                if command:
                    yield Step(command, tuple(shown))
                command, shown = line[2:], []
            elif command.endswith(("\\", "|")) or command.count("'") % 2:
                command += f"\n{line}"
            else:
                shown.append(line)
        if command:
            yield Step(command, tuple(shown))


WITH_COMMANDS = [page for page in PAGES if any(steps(page))]


def name_of(page: Path) -> str:
    return page.relative_to(REPOSITORY).as_posix()


def parsed(words: list[str]) -> None:
    """Parse the words of a command line as the program would; raises where it would refuse them."""
    command: click.Command = typer.main.get_command(app)
    context = click.Context(command)
    while isinstance(command, click.Group):
        if words[0] == "--version":
            return
        found = command.get_command(context, words[0])
        assert found is not None, f"there is no command {words[0]!r}"
        command, words = found, words[1:]
    if "--help" not in words:
        command.make_parser(context).parse_args(args=list(words))


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=name_of)
def test_every_command_of_a_page_is_one(page: Path) -> None:
    for step in steps(page):
        for part in re.split(r"[|;\n]|&&", step.command.replace("\\\n", " ")):
            if (said := re.match(r"\s*(?:\w+=\S+ )*testamur (.*)", part)) is None:
                continue
            line = re.sub(r"<(\w[\w ]*)>", r"\1", said[1])  # what the reader puts in
            words = shlex.split(re.split(r"\s(?:>|2>|<|&)", line)[0], comments=True)
            parsed(["…" if word == "..." else word for word in words])


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=name_of)
def test_no_page_shows_a_traceback(page: Path) -> None:
    for step in steps(page):
        assert not any(line.startswith("Traceback") for line in step.shown), step.command


# Pages


def diploma(folder: Path, name: str, number: int) -> None:
    content = {"type": ["VerifiableCredential"], "id": f"urn:uuid:00000000-0000-4000-8000-{number:012d}"}
    (folder / name).write_text(json.dumps(content))


def three_issuers(run: Callable[[str], None], folder: Path) -> None:
    """A folder with three parties, of which the first and the third have anchored."""
    diploma(folder, "diploma.json", 1)
    diploma(folder, "other.json", 2)
    diploma(folder, "suspicious.json", 3)
    for name in ("one", "two", "three"):
        run(f"testamur issuer register --uri did:web:{name}.example")
    run("testamur anchor diploma.json --issuer 1")
    run("testamur anchor other.json --issuer 3")


def first_issuer(run: Callable[[str], None], folder: Path) -> None:
    """The page speaks of a folder with one issuer."""
    diploma(folder, "diploma.json", 1)
    run("testamur issuer register --uri did:web:one.example")
    run("testamur anchor diploma.json")


def nothing(_run: Callable[[str], None], _folder: Path) -> None:
    """The page begins at the beginning."""


RUN: dict[str, Callable[[Callable[[str], None], Path], None]] = {
    "docs/tutorial/first-batch.md": nothing,
    "docs/how-to/prove-absence.md": three_issuers,
    "docs/how-to/revoke.md": first_issuer,
}
# What a page says of its exit codes; all others are 0.
EXIT_CODES = {"testamur verify better.json": {1}, "testamur verify holders": {1}}
# A credential that is revoked for good cannot be suspended: the page shows three separate commands.
SEPARATE = {"docs/how-to/revoke.md"}
FOREIGN = ("make ", "source ")
NOT_RUN = {
    "README.md": "make, and commands of an operator's own folder and chain",
    "docs/how-to/accredit.md": "an operator's own chain with two bodies",
    "docs/how-to/anchor-a-batch.md": "an operator's own exports",
    "docs/how-to/audit.md": "written by scripts/auditor_session.py from a run on anvil that takes minutes",
    "docs/how-to/deploy.md": "an endpoint of a real chain and its account",
    "docs/how-to/look-up.md": "curl, jq and DuckDB against a running service",
    "docs/how-to/run-the-daemon.md": "systemd and a system user",
    "docs/how-to/run-the-lookup-service.md": "systemd, PostgreSQL and S3-compatible storage",
    "docs/how-to/run-with-docker.md": "Docker",
    "docs/how-to/share-the-embedded-chain.md": "serves until it is ended",
    "docs/how-to/sign.md": "a keystore and its account on a real chain",
    "docs/how-to/verify-over-http.md": "curl and jq against a running service",
    "docs/how-to/verify.md": "an endpoint of a real chain",
}


def test_every_page_with_commands_is_run_or_says_why_not() -> None:
    names = {name_of(page) for page in WITH_COMMANDS}
    assert names == RUN.keys() | NOT_RUN.keys()
    assert not RUN.keys() & NOT_RUN.keys()


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An environment with the program on its path and no settings."""
    programs = tmp_path / "bin"
    programs.mkdir()
    program = programs / "testamur"
    program.write_text(f"#!{sys.executable}\nfrom anchor.cli import main\nmain()\n")
    program.chmod(0o755)
    own = {f"TESTAMUR_{name.upper()}" for name in Settings.model_fields}
    kept = {name: value for name, value in os.environ.items() if name not in own}
    return kept | {"PATH": f"{programs}:{kept['PATH']}", "PYTHONPATH": str(REPOSITORY)}


def shape(text: str) -> set[str]:
    """The lines without what differs from run to run."""
    return {" ".join(VALUES.sub("#", line).split()) for line in text.splitlines()}


@pytest.mark.parametrize("name", sorted(RUN))
def test_the_commands_of_a_page_do_what_it_says(name: str, tmp_path: Path, environment: dict[str, str]) -> None:
    folders = iter(range(100))

    def fresh() -> Path:
        folder = tmp_path / f"reader-{next(folders)}"
        folder.mkdir()
        RUN[name](lambda command: expect(Step(command, ()), folder, {0}), folder)
        return folder

    def expect(step: Step, folder: Path, codes: set[int]) -> None:
        ran = subprocess.run(
            ["bash", "-c", step.command],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        said = f"$ {step.command}\n{ran.stdout}{ran.stderr}"
        assert "Traceback" not in said, said
        assert ran.returncode in codes, said
        missing = shape("\n".join(step.shown)) - shape(ran.stdout)
        assert not missing, f"{said}\nnot there: {missing}"

    here = None if name in SEPARATE else fresh()
    for step in steps(REPOSITORY / name):
        if step.command.startswith(FOREIGN):
            continue
        expect(step, here or fresh(), EXIT_CODES.get(step.command, {0}))
