"""A verifier's machine needs the base package alone."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

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


def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-c", WITHOUT, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_without_the_embedded_chain_a_credential_can_be_verified(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")
    ran = run("verify", "a.json", "--chain", "http://127.0.0.1:1", "--json", folder=tmp_path)
    assert ran.returncode == 2, ran.stderr
    assert json.loads(ran.stdout)["overall"] == "could not be checked"


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
    in_hardware = {"boto3", "python-pkcs11"}
    assert asked - in_hardware <= names((folder / "run.txt").read_text(encoding="utf-8").splitlines())
    assert in_hardware <= names((folder / "dev.txt").read_text(encoding="utf-8").splitlines())
