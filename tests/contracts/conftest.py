"""One contract for all tests of a module; every test finds it as if it were the first."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contracts.world import World


@pytest.fixture(scope="session")
def shared_world() -> World:
    """The chain with the contract."""
    return World()


@pytest.fixture
def world(shared_world: World) -> Iterator[World]:
    """The contract as it was deployed; what a test does to it is taken back."""
    snapshot = shared_world.tester.take_snapshot()
    yield shared_world
    shared_world.tester.revert_to_snapshot(snapshot)
