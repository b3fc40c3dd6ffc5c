"""A data folder on the practice chain with a registered issuer, made once and copied: making it takes longer than most
tests."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from anchor.batching.sealing import QueuePolicy, Sealer
from anchor.books.jobs import JobStore
from anchor.notices.notices import Notices
from anchor.settings import Settings, load_settings
from anchor.workspace import Workspace
from tests.conftest import Run


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("begun") / "data"
    with Workspace(Settings(data_folder=folder)) as here:
        contract = here.ready_to_write()
        here.sender.settle("register", contract.address, contract.register_party_data("did:web:a.example", bytes(32)))
        here.store.add_party(1, registered_at=0)
    return folder


@pytest.fixture
def issuer(run: Run, begun: Path) -> int:
    """Its number."""
    shutil.copytree(begun, load_settings().data_folder)
    return 1


@contextmanager
def working() -> Iterator[Workspace]:
    """The workspace of the settings in force."""
    with Workspace(load_settings()) as workspace:
        yield workspace


def files(folder: str, *names: str) -> Path:
    """A folder of credentials that differ by their names."""
    path = Path(folder)
    path.mkdir(exist_ok=True)
    for name in names:
        (path / f"{name}.json").write_text(json.dumps({"type": ["VerifiableCredential"], "name": name}))
    return path


def sealed_job(run: Run, folder: str, *names: str) -> str:
    """A job that the daemon has sealed before it was stopped."""
    number = str(run("anchor", "--queue", files(folder, *names), "--json").json["id"])
    with working() as here:
        jobs = JobStore(here.folder.engine, here.chain, here.contract_address)
        sealer = Sealer(here.folder, jobs, here.store, here.signer.address, Notices(), QueuePolicy())
        assert sealer.round(lambda _: True) == 1
    return number
