"""A verifier's machine needs the base package alone."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import pytest
from typer.testing import CliRunner

from anchor.cli.app import app
from anchor.settings import Settings
from registry.embedded.chain import EmbeddedChain
from tests.registry.chain.worlds import devnet

REPOSITORY = Path(__file__).parents[2]
# What only the extras and the development tools bring.
WITHOUT = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {
            "eth", "eth_keys", "eth_tester", "rlp", "web3", "py_evm", "requests", "cbor2",
            "fastapi", "multipart", "prometheus_client", "psycopg", "python_multipart", "structlog",
            "httptools", "obstore", "pyarrow", "uvloop", "boto3", "botocore", "pkcs11",
        }:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
from anchor.cli import main
main()
"""
# What the base brings, eth-account among it, without the extra `web3`.
NO_WEB3 = """
import sys
sys.modules["web3"] = None
from anchor.cli import main
main()
"""
# Everything is there: says at the end whether web3 was loaded.
WATCHED = """
import atexit, sys
atexit.register(lambda: print("web3" in sys.modules, file=sys.stderr))
from anchor.cli import main
main()
"""


def run(*arguments: str, folder: Path, program: str = WITHOUT) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_without_the_embedded_chain_a_credential_can_be_verified(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")
    ran = run("verify", "a.json", "--chain", "http://127.0.0.1:1", "--json", folder=tmp_path)
    assert ran.returncode == 2, ran.stderr
    assert json.loads(ran.stdout)["overall"] == "could not be checked"


def does(*words: str) -> str:
    ran = CliRunner().invoke(app, words, catch_exceptions=False)
    assert ran.exit_code == 0, ran.output
    return ran.output


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A folder with a diploma and its receipt, and the URL of the chain that they were anchored on."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "a.json").write_text('{"type": ["VerifiableCredential"], "issuer": "did:web:u.example"}')
    settings = Settings(data_folder=folder / "testamur-data")
    with chdir(folder):
        does("issuer", "register", "--uri", "did:web:u.example")
        (root,) = set(re.findall(r"0x[0-9a-f]{64}", does("anchor", "a.json")))
        does("receipts", root, "-o", ".")
    with EmbeddedChain(settings.data_folder / "chain") as chain, devnet(chain) as url:
        yield folder, url


@pytest.mark.parametrize("program", [WITHOUT, WATCHED], ids=["without web3", "with it"])
def test_a_verdict_needs_no_web3_and_does_not_load_it(served: tuple[Path, str], program: str) -> None:
    folder, url = served
    ran = run("verify", "a.json", "--chain", url, "--trust", "1", "--json", folder=folder, program=program)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert json.loads(ran.stdout)["overall"] == "valid with a warning", "its dates are not stated"
    if program is WATCHED:
        assert ran.stderr.splitlines()[-1] == "False"


def test_whoever_sends_without_web3_is_told_what_to_install(served: tuple[Path, str], tmp_path: Path) -> None:
    words = ("issuer", "register", "--chain", served[1], "--uri", "did:web:b.example", "--json")
    ran = run(*words, folder=tmp_path, program=NO_WEB3)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    error = json.loads(ran.stdout)["error"]
    assert error["code"] == "extra-missing"
    assert "'.[web3]'" in error["remedy"]


def test_the_embedded_chain_says_what_to_install(tmp_path: Path) -> None:
    ran = run("deploy", "--json", folder=tmp_path)
    assert ran.returncode == 1, ran.stderr
    error = json.loads(ran.stdout)["error"]
    assert error["code"] == "embedded-missing"
    assert "'.[embedded]'" in error["remedy"]


def names(lines: list[str]) -> set[str]:
    found = (re.match(r"[a-z0-9-]+", line) for line in lines)
    return {match.group() for match in found if match}


def test_the_package_and_the_lock_ask_for_the_same_libraries() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    asked = names(project["dependencies"] + extras)
    folder = REPOSITORY / "requirements"
    listed = names((folder / "run.in").read_text(encoding="utf-8").splitlines())
    assert listed - {"hatchling", "editables"} <= asked
    lines = project["optional-dependencies"]
    of_few = names(lines["ai"] + lines["ai-multilingual"] + lines["engines"])
    few_need = {"boto3", "python-pkcs11", "rendercv-fonts", *of_few}
    assert asked - few_need <= names((folder / "run.txt").read_text(encoding="utf-8").splitlines())
    assert few_need <= names((folder / "dev.txt").read_text(encoding="utf-8").splitlines())
