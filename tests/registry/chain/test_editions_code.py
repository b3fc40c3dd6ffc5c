"""The code of our contracts as a chain has it, told without asking the chain."""

from __future__ import annotations

from eth_hash.auto import keccak

from registry.chain.editions import editions
from tests.registry.chain.worlds import World


def test_the_hash_of_the_code_is_that_of_what_a_chain_runs(world: World) -> None:
    chain_id = world.client.chain_id()
    for edition in editions():
        if not world.client.code(edition.address):
            world.deploy_registry(edition)
        beside = edition.accreditations_address(edition.address)
        assert keccak(world.client.code(edition.address)) == edition.code_hash(chain_id, edition.address)
        assert keccak(world.client.code(beside)) == edition.accreditations_code_hash(chain_id, edition.address)
        assert edition.code_hash(chain_id, edition.address) != edition.code_hash(chain_id + 1, edition.address)
        assert edition.code_hash(chain_id, edition.address) != edition.code_hash(chain_id, beside[:-1] + "0")
