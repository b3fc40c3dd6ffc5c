"""The built wheel with nothing but what the base asks for: every command runs, or says which extra it needs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
import venv
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import click
import pytest
import typer
from packaging.requirements import Requirement

from anchor.cli.app import app
from anchor.lab.exercises import EXERCISES
from anchor.lab.texts import Texts, languages
from registry.extras import EXTRAS

REPOSITORY = Path(__file__).parents[2]
# What commands want, so that they come as far as they can without a chain.
ARGUMENTS = {
    "anchor": ["a.json"],
    "check": ["a.json"],
    "verify": ["a.json"],
    "absent": ["a.json"],
    "revoke": ["a.json"],
    "suspend": ["a.json"],
    "reinstate": ["a.json"],
    "receipts": ["0x" + "ab" * 32],
    "audit": ["-o", "report"],
    "body": ["1"],
    "recognise": ["1", "--scope", "0613", "--until", "2030-01-01"],
}
EXTRA_OF = {
    "serve": "serve",
    "index": "serve",
    "daemon": "daemon",
    "demo": "embedded",
    "deploy": "embedded",
    "wallet serve": "wallet",
}


def commands(group: click.Group, *above: str) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, *above, name)
        else:
            yield (*above, name)


EVERY = list(commands(typer.main.get_command(app)))  # type: ignore[arg-type]


def of_the_base() -> set[str]:
    """The distributions that the base needs, with all that they need themselves."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    waiting = [Requirement(line) for line in project["dependencies"]]
    found: dict[str, Distribution] = {}
    seen: set[str] = set()
    while waiting:
        wanted = waiting.pop()
        if str(wanted) in seen:
            continue
        seen.add(str(wanted))
        try:
            one = distribution(wanted.name)
        except PackageNotFoundError:
            continue  # for another platform
        found[wanted.name] = one
        for line in one.requires or ():
            needed = Requirement(line)
            extras = wanted.extras or {""}
            if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in extras):
                waiting.append(needed)
    return {str(one.locate_file(file.parts[0])) for one in found.values() for file in one.files or () if file.parts}


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`testamur` of a fresh environment with the wheel and the libraries of the base, taken from this environment."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=REPOSITORY, check=True, capture_output=True)
    (wheel,) = folder.glob("testamur-*.whl")
    venv.create(folder / "venv", with_pip=False, symlinks=True)
    library = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = folder / "venv" / "lib" / library / "site-packages"
    for place in of_the_base():
        source = Path(place)
        if ".." not in source.parts and source.exists() and source.name != "__pycache__":
            (packages / source.name).symlink_to(source)
    install = "import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])"
    subprocess.run([sys.executable, "-c", install, str(wheel), str(packages)], check=True)
    script = folder / "venv" / "bin" / "testamur"
    script.write_text(f"#!{folder / 'venv' / 'bin' / 'python'}\nfrom anchor.cli import main\nmain()\n")
    script.chmod(0o755)
    return script


def run(program: Path, folder: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "TESTAMUR_"))}
    return subprocess.run(
        [str(program), *words], cwd=folder, env=kept | more, capture_output=True, text=True, check=False, timeout=120
    )


def test_the_environment_has_the_base_alone(program: Path, tmp_path: Path) -> None:
    python = program.parent / "python"
    modules = sorted({module for modules in EXTRAS.values() for module in modules})
    script = f"import importlib.util as u; print(*[m for m in {modules!r} if u.find_spec(m)])"
    ran = subprocess.run([str(python), "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert set(ran.stdout.split()) <= {"eth_keys", "rlp"}, ran.stdout


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_no_command_ends_in_a_traceback(program: Path, tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "a.json").write_text('{"type": ["VerifiableCredential"]}')
    ran = run(program, tmp_path, *words, *ARGUMENTS.get(words[0] if len(words) == 1 else "", []))
    said = ran.stdout + ran.stderr
    assert "Traceback" not in said
    assert ran.returncode in (0, 1, 2), said
    extra = EXTRA_OF.get(" ".join(words))
    if extra is not None:
        assert ran.returncode == 1, said
        assert re.search(rf"pip install '\.\[{extra}\]'", said), said
        assert f"whl[{extra}]" in said


def test_the_templates_of_pages_are_in_it(program: Path, tmp_path: Path) -> None:
    python = program.parent / "python"
    script = "from registry.audit.report.as_html import templates; print(templates().list_templates())"
    ran = subprocess.run([str(python), "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path)
    here = REPOSITORY / "registry" / "audit" / "report" / "templates"
    assert ran.stdout.strip() == str(sorted(path.name for path in here.iterdir()))


def test_the_exercises_are_in_it_in_every_language(program: Path, tmp_path: Path) -> None:
    for language in languages():
        told = json.loads(run(program, tmp_path, "lab", "list", "--language", language, "--json").stdout)
        assert [each["title"] for each in told] == [Texts(language).title(each) for each in EXERCISES]


def test_postgresql_and_s3_say_what_they_need(program: Path, tmp_path: Path) -> None:
    (tmp_path / "testamur-data").mkdir()
    ran = run(program, tmp_path, "status", TESTAMUR_DATABASE="postgresql://a@127.0.0.1:1/b")
    assert "Traceback" not in ran.stderr
    assert "[serve]" in ran.stderr
    ran = run(program, tmp_path, "trees", "check", TESTAMUR_TREES="s3://bucket")
    assert "Traceback" not in ran.stderr


def test_the_extras_are_those_of_the_package() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["optional-dependencies"].keys() == EXTRAS.keys()


def test_nothing_tells_to_install_a_package_of_an_index() -> None:
    pages = [REPOSITORY / "README.md", *(REPOSITORY / "docs").rglob("*.md")]
    sources = [*(REPOSITORY / "registry").rglob("*.py"), *(REPOSITORY / "anchor").rglob("*.py")]
    for path in (*pages, *sources):
        assert not re.search(r"pip install [^\n]*(?<![/\w])testamur(?![-\w/])", path.read_text(encoding="utf-8")), path
