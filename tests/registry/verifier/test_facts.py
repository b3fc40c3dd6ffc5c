"""The facts of a verdict on a real node: finality, one block for all answers, and reorganisations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import pytest

from registry.chain.contract import CredentialRegistry
from registry.chain.deployment import Deployment
from registry.chain.editions import second
from registry.chain.rpc.connect import connect
from registry.errors import WrongChain
from registry.records import Purpose, Reason
from registry.verifier.facts import FactsReader
from registry.verify.verdict import ChainFacts, FactsUnavailable
from tests.registry.chain.worlds import World, anvil

ROOT = sha256(b"a batch").digest()
DIGEST = sha256(b"a credential").digest()


@dataclass
class Node:
    """An anvil that calls final what is two blocks below its newest, with the contract, a party and its batch."""

    world: World
    contract: CredentialRegistry
    anchored: Any
    deployment: Deployment

    def mine(self, blocks: int = 1) -> None:
        self.world.client.request("anvil_mine", [hex(blocks)])

    def reorganise(self, depth: int) -> None:
        """Replace the newest blocks by empty ones."""
        self.world.client.request("anvil_reorg", [depth, []])

    def facts(self, reader: FactsReader | None = None) -> ChainFacts | FactsUnavailable:
        return (reader or FactsReader(self.contract)).facts(1, ROOT, 0, DIGEST)

    def known(self) -> ChainFacts:
        found = self.facts()
        assert isinstance(found, ChainFacts), found
        return found


@pytest.fixture
def node() -> Iterator[Node]:
    with anvil("--slots-in-an-epoch", "1") as url:
        client = connect(url)
        world = World("anvil", client, url)
        address, deployed = world.deploy_registry()
        contract = CredentialRegistry(client, address)
        assert world.send(address, contract.register_party_data("did:web:university.example", bytes(32))).succeeded
        anchored = world.send(address, contract.anchor_data(1, ROOT, 300))
        assert anchored.succeeded
        yield Node(world, contract, anchored, Deployment.found(client, address, deployed.block_number, deployed.hash))
        client.close()


def test_a_batch_is_final_when_the_chain_says_so(node: Node) -> None:
    early = node.known()
    assert early.batch is not None
    assert (early.final, early.batch.block_number) == (False, node.anchored.block_number)
    assert (early.batch.seen.transaction, early.batch.seen.block_hash) == (node.anchored.hash, node.anchored.block_hash)
    assert early.as_of.number == node.anchored.block_number
    node.mine(2)
    late = node.known()
    assert late.final
    assert late.as_of.number == node.anchored.block_number + 2


def test_all_facts_of_a_reader_are_of_one_block(node: Node) -> None:
    reader = FactsReader(node.contract)
    first = node.facts(reader)
    data = node.contract.set_status_data(1, ROOT, Purpose.REVOCATION, 0, 0b11, Reason.ISSUED_IN_ERROR)
    assert node.world.send(node.contract.address, data).succeeded
    second = reader.facts(1, ROOT, 1, DIGEST)
    assert second == first, "leaf 1 is in the word that was read before"
    third = reader.facts(1, ROOT, 256, DIGEST)
    assert isinstance(third, ChainFacts)
    assert isinstance(first, ChainFacts)
    assert third.as_of == first.as_of
    now = node.known()
    assert (now.revoked, now.status_reason) == (True, "issued-in-error")


def test_a_batch_that_a_reorganisation_dropped_is_not_reported(node: Node) -> None:
    assert node.known().batch is not None
    node.reorganise(1)
    after = node.known()
    assert after.as_of.number == node.anchored.block_number
    assert after.as_of.hash != node.anchored.block_hash
    assert after.batch is None
    assert after.party is not None, "it was registered below"


def test_a_reorganisation_between_two_answers_gives_no_facts(node: Node) -> None:
    reader = FactsReader(node.contract)
    assert isinstance(node.facts(reader), ChainFacts)
    node.reorganise(1)
    # What was said of another digest was not read yet: it would come from the other chain.
    moved = reader.facts(1, ROOT, 256, bytes(32))
    assert isinstance(moved, FactsUnavailable)
    assert moved.code == "chain-moved"
    again = reader.facts(1, ROOT, 256, DIGEST)
    assert isinstance(again, ChainFacts)
    assert again.batch is None


def test_the_address_is_the_one_of_the_code_and_another_chain_is_refused(node: Node) -> None:
    assert node.deployment.address == second().address
    node.deployment.check(node.world.client)
    with anvil("--chain-id", "4242") as url:
        other = connect(url)
        with pytest.raises(WrongChain) as refusal:
            node.deployment.check(other)
        assert refusal.value.code == "wrong-chain-id"
        nothing = FactsReader(CredentialRegistry(other, node.deployment.address)).facts(1, ROOT, 0, DIGEST)
        other.close()
    assert isinstance(nothing, FactsUnavailable)
    assert nothing.code == "no-contract"


def test_a_node_that_stopped_gives_no_facts(node: Node) -> None:
    with anvil() as url:
        client = connect(url, timeout=5)
    gone = FactsReader(CredentialRegistry(client, node.deployment.address)).facts(1, ROOT, 0, DIGEST)
    assert isinstance(gone, FactsUnavailable)
    assert gone.code == "chain-unreachable"
    assert gone.remedy
