"""A registry that is proved says what the contract says, and an endpoint that lies makes it say nothing."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from registry.chain.agreement import agreed_block
from registry.chain.contract import CredentialRegistry
from registry.chain.editions import first, second
from registry.chain.rpc.client import ChainClient
from registry.chain.storage import Storage
from registry.errors import ChainError, ChainUnavailable
from registry.records import Purpose
from registry.verifier.proved import ProvedRegistry
from tests.registry.chain.test_evidence import Registry
from tests.registry.chain.worlds import World

LONG_URI = "did:web:" + "university." * 20 + "example"


@pytest.fixture(params=[first, second], ids=["first edition", "second edition"])
def registry(world: World, request: pytest.FixtureRequest) -> Registry:
    return Registry(world, request.param())


def proved(registry: Registry, client: ChainClient | None = None) -> ProvedRegistry:
    agreed = agreed_block(registry.world.client, 1)
    return ProvedRegistry(client or registry.world.client, registry.contract.address, agreed)


def test_every_answer_is_the_contracts(registry: Registry) -> None:
    registry.call("transferController", registry.party, first().address)
    party, root = registry.party, registry.root
    registry.call("registerParty", LONG_URI, b"\7" * 32)
    registry.call("registerParty", "", bytes(32))
    here = proved(registry)
    at = here.agreed.block.number
    there = CredentialRegistry(registry.world.client, registry.contract.address)
    for number in range(party, party + 4):
        assert here.party(number, at=at) == there.party(number, at=at)
    for each in (root, registry.void, bytes(32)):
        assert here.batch(party, each, at=at) == there.batch(party, each, at=at)
    for purpose in Purpose:
        for each, count in ((root, 2), (registry.void, 1)):
            assert here.status_words(party, each, purpose, 0, count, at=at) == there.status_words(
                party, each, purpose, 0, count, at=at
            )
    assert here.digest_statuses(party, registry.digests, at=at) == there.digest_statuses(party, registry.digests, at=at)


def test_what_no_proof_has_is_not_said(registry: Registry) -> None:
    here = proved(registry)
    for ask in (
        lambda: here.replacements(registry.party, registry.root),
        lambda: here.status(registry.party, registry.root, 0, registry.digests[0]),
        lambda: here.anchored_events(issuer=registry.party),
    ):
        with pytest.raises(ChainUnavailable) as refused:
            ask()
        assert refused.value.code == "not-proved"
    with pytest.raises(ValueError, match="as of block"):
        here.batch(registry.party, registry.root, at=1)


class Liar:
    """An endpoint of a real chain that changes one thing in one of its answers.

    Attributes:
        told: what it changed.
    """

    def __init__(self, client: ChainClient, seed: int):
        self._client, self._random = client, random.Random(seed)
        self.where = client.where
        self.told = ""
        # Which of its answers is changed.
        self._at = self._random.randrange(5)

    def make_request(self, method: str, params: Sequence[Any]) -> Mapping[str, Any]:
        result = self._client.request(method, params)
        if self._at == 0:
            result = self._changed(result, method)
        self._at -= 1
        return {"result": result}

    def hide(self, text: str) -> str:
        return text

    def close(self) -> None:
        pass

    def _changed(self, value: Any, path: str) -> Any:
        if isinstance(value, dict) and value:
            name = self._random.choice(sorted(value))
            return {**value, name: self._changed(value[name], f"{path}.{name}")}
        if isinstance(value, list) and value:
            place = self._random.randrange(len(value))
            if self._random.random() < 0.3:
                self.told = f"{path}[{place}] is left out"
                return [*value[:place], *value[place + 1 :]]
            return [*value[:place], self._changed(value[place], f"{path}[{place}]"), *value[place + 1 :]]
        if isinstance(value, str) and len(value) > 2:
            place = self._random.randrange(2, len(value))
            other = self._random.choice([digit for digit in "0123456789abcdef" if digit != value[place].lower()])
            self.told = f"{path}: digit {place} of {value[:20]}"
            return value[:place] + other + value[place + 1 :]
        return value


@pytest.mark.parametrize("world", ["embedded"], indirect=True)
def test_a_lie_changes_no_answer(world: World) -> None:
    registry = Registry(world, second())
    agreed = agreed_block(world.client, 1)
    at = agreed.block.number

    def told(contract: CredentialRegistry) -> list[Any]:
        return [
            contract.batch(registry.party, registry.root, at=at),
            contract.digest_statuses(registry.party, registry.digests[:3], at=at),
            contract.status_words(registry.party, registry.root, Purpose.REVOCATION, 1, 1, at=at),
            contract.party(registry.party, at=at),
        ]

    truth = told(ProvedRegistry(world.client, registry.contract.address, agreed))
    refused = 0
    for seed in range(300):
        liar = Liar(world.client, seed)
        client = ChainClient(liar, where=liar.where)
        try:
            assert told(ProvedRegistry(client, registry.contract.address, agreed)) == truth, (seed, liar.told)
        except ChainError:
            refused += 1
    assert refused > 150


@pytest.mark.parametrize("world", ["embedded"], indirect=True)
def test_a_strangers_long_uri_and_changes_stop_nobody_elses_proof(world: World) -> None:
    registry = Registry(world, second())
    contract = registry.contract
    for _ in range(3):
        registry.call("registerParty", "did:web:body.example", bytes(32))
    body, stranger = registry.party + 1, registry.party + 2
    scope = (0, 0, 1, 8, 0, 0, bytes(32))

    def offer(by: int, of: int, uri: str) -> None:
        terms = (by, of, 1, 2**48 - 1, 0, scope, bytes(32), bytes(32), uri)
        data = second().accreditations.functions["offerAccreditation"].encode(terms)
        assert world.send(contract.accreditations_address, data, gas=25_000_000).succeeded

    offer(body, registry.party, "https://body.example/" + "a" * 100)
    offer(stranger, registry.party, "a" * 17_000)
    here = proved(registry)
    found = here.ledger([body])
    assert [each.id for each in found.accreditations] == [1]
    (there,) = Storage(contract, here.agreed.block.number).accreditations([1]).values()
    assert there is not None
    assert found[1] == replace(there, evidence_uri="")
    assert len(proved(registry).ledger([body, stranger]).accreditations) == 2

    registry.call("setProfile", registry.party, "a" * 17_000, bytes(32), gas=25_000_000)
    here = proved(registry)
    with pytest.raises(ChainUnavailable):
        here.party(registry.party, at=here.agreed.block.number)
