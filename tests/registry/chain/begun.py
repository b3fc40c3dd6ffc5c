"""A registry of either edition with batches and words on them, made once for a module and copied for each test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.chain.editions import first, second
from registry.embedded.chain import EmbeddedChain
from tests.registry.chain.test_evidence import Registry
from tests.registry.chain.worlds import World


@pytest.fixture(scope="module", params=[first, second], ids=["first edition", "second edition"])
def begun(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> tuple[Path, Registry]:
    """The folder of its chain, and the registry."""
    folder = tmp_path_factory.mktemp("begun") / "chain"
    with EmbeddedChain(folder) as chain:
        return folder, Registry(World("embedded", chain.client()), request.param())


@pytest.fixture
def copied(tmp_path: Path, begun: tuple[Path, Registry]) -> Iterator[Registry]:
    """The registry on a copy of the chain, which is the test's own."""
    folder, registry = begun
    shutil.copytree(folder, tmp_path / "chain")
    with EmbeddedChain(tmp_path / "chain") as chain:
        yield registry.on(World("embedded", chain.client()))
