"""The command as a user runs it, each time anew, in a working folder of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner
from xdist.scheduler import LoadScopeScheduling

from anchor.settings import Settings


@dataclass(frozen=True)
class Ran:
    """What one run of the command printed, and its exit code."""

    code: int
    out: str
    errors: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Ran]


class ByFile(LoadScopeScheduling):  # type: ignore[misc]  # a class of a library without types
    """The tests of a file share a process; so do all of the contract's, of which one counts what the others met."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.split("::")[0]
        return "tests/contracts" if path.startswith("tests/contracts/") else path


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    """Which tests a process gets. Marks of groups do nothing: pytest-xdist 3.8 cannot read them with pytest 9.2."""
    return ByFile(config, log)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"TESTAMUR_{name.upper()}", raising=False)

    def run_command(*arguments: object) -> Ran:
        from anchor.cli.app import app

        result = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
        return Ran(result.exit_code, result.stdout, result.stderr)

    return run_command


@pytest.fixture
def diplomas(tmp_path: Path) -> Path:
    """A folder of 300 credentials: more than fit in one status word."""
    folder = tmp_path / "diplomas"
    folder.mkdir()
    for number in range(300):
        document = {
            "@context": ["https://www.w3.org/ns/credentials/v2"],
            "type": ["VerifiableCredential"],
            "id": f"urn:uuid:00000000-0000-4000-8000-{number:012d}",
            "issuer": "did:web:university.example",
            "validFrom": "2025-01-01T00:00:00Z",
            "credentialSubject": {"name": f"Graduate {number}"},
        }
        (folder / f"{number:03}.json").write_text(json.dumps(document))
    return folder
