"""Every function, event and error of the interface was met by a test of this folder. Runs last: files run by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry.chain.abi import artifact
from tests.contracts.world import World

# Errors of OpenZeppelin's parts that no call can bring about, and why.
OUT_OF_REACH = {
    "InvalidShortString": "the short strings are the contract's own name and version",
    "StringTooLong": "the same, when it is deployed",
    "AddressEmptyCode": "multicall calls the contract itself, which has code",
    "EIP712DomainChanged": "the domain never changes; the event is part of the standard's interface",
}


def test_every_function_event_and_error_was_met(world: World, request: pytest.FixtureRequest) -> None:
    folder = Path(__file__).parent
    collected = {item.path for item in request.session.items}
    if not collected >= set(folder.glob("test_*.py")):
        pytest.skip("only with all tests of the contract")
    names = {item.name for item in artifact().functions.values()}
    names |= {item.name for item in artifact().events_by_topic.values()}
    names |= {item.name for item in artifact().errors_by_selector.values()}
    assert names - world.seen == set(OUT_OF_REACH)
