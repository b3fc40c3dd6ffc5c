"""The embedded chain, the same over HTTP, and endpoints that misbehave."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from registry.chain.rpc.connect import connect
from tests.registry.chain.worlds import Behaviour, BrokenEndpoint, World, anvil, devnet


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[World]:
    """A fresh embedded chain."""
    from registry.embedded.chain import EmbeddedChain

    with EmbeddedChain(tmp_path / "chain") as chain:
        yield World("embedded", chain.client())


@pytest.fixture(scope="module", params=["embedded", "devnet", "anvil"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The same test on each kind of chain; a module's tests share it, so none may expect it to be empty."""
    if request.param == "anvil":
        with anvil() as url:
            client = connect(url)
            yield World("anvil", client, url)
            client.close()
        return
    from registry.embedded.chain import EmbeddedChain

    with EmbeddedChain(tmp_path_factory.mktemp("world") / "chain") as chain:
        if request.param == "embedded":
            yield World("embedded", chain.client())
            return
        with devnet(chain) as url:
            client = connect(url)
            yield World("devnet", client, url)
            client.close()


@pytest.fixture
def broken() -> Iterator[Callable[[Behaviour], BrokenEndpoint]]:
    """Start endpoints that behave as told; they end with the test."""
    started: list[BrokenEndpoint] = []

    def start(behaviour: Behaviour) -> BrokenEndpoint:
        started.append(BrokenEndpoint(behaviour))
        return started[-1]

    yield start
    for endpoint in started:
        endpoint.close()
