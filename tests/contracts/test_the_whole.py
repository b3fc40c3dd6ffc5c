"""Every function, event and error of both interfaces was met by a test of this folder. Runs last: files run by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry.chain.abi import ACCREDITATIONS, REGISTRY, artifact
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
    names: set[str] = set()
    for contract in (artifact(REGISTRY), artifact(ACCREDITATIONS)):
        for items in (contract.functions, contract.events_by_topic, contract.errors_by_selector):
            names |= {item.name for item in items.values()}
    assert names - world.seen == set(OUT_OF_REACH)
