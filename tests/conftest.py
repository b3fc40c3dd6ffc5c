"""What all tests share: the command as a user runs it, marks by what a test uses, and how processes divide the work."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from typer.testing import CliRunner
from xdist.scheduler import LoadScopeScheduling

from anchor.settings import Settings
from registry.keccak import for_others
from tests.databases import Upgrade, copied
from tests.kinds import cost_of, kinds_of

for_others()

# For every change, a third of the examples of a property that does not say itself how many; `make test-deep` has all.
settings.register_profile("deep", settings(), deadline=None)
settings.register_profile("change", settings(), max_examples=25, deadline=None)
settings.load_profile("change")


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


def scope_of(nodeid: str) -> str:
    """What shares a process: a file; and all tests of the contract, of which one counts what the others met."""
    path = nodeid.split("::")[0]
    return "tests/contracts" if path.startswith("tests/contracts/") else path


class ByFile(LoadScopeScheduling):  # type: ignore[misc]  # a class of a library without types
    """Files go to the processes in the order in which they were collected."""

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    """Which tests a process gets. Marks of groups do nothing: pytest-xdist 3.8 cannot read them with pytest 9.2."""
    config.option.loadscopereorder = False
    return ByFile(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Marks; and where processes share the work, what takes longest comes first, so that none is left with it alone."""
    for item in items:
        if isinstance(item, pytest.Function):
            for kind in kinds_of(item):
                item.add_marker(kind)
    if hasattr(config, "workerinput"):
        tests = Counter(scope_of(item.nodeid) for item in items)
        costs = {scope: cost_of(scope, count) for scope, count in tests.items()}
        items.sort(key=lambda item: -costs[scope_of(item.nodeid)])


@pytest.fixture(scope="session", autouse=True)
def new_databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upgrade]:
    """New databases are copies; how the program makes one."""
    with copied(tmp_path_factory.mktemp("databases")) as upgrade:
        yield upgrade


@contextmanager
def commands_in(folder: Path) -> Iterator[Run]:
    """The command for somebody who stands in a folder, reads English, and has no settings in the environment."""

    def run_command(*arguments: object) -> Ran:
        from anchor.cli.app import app

        result = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
        return Ran(result.exit_code, result.stdout, result.stderr)

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name in Settings.model_fields:
            patch.delenv(f"TESTAMUR_{name.upper()}", raising=False)
        for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
            patch.delenv(name, raising=False)
        yield run_command


def write_diplomas(folder: Path, count: int = 300) -> Path:
    """A folder of credentials: more than fit in one status word, if nobody says how many."""
    folder.mkdir()
    for number in range(count):
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


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    with commands_in(tmp_path) as command:
        yield command


@pytest.fixture
def diplomas(tmp_path: Path) -> Path:
    return write_diplomas(tmp_path / "diplomas")
