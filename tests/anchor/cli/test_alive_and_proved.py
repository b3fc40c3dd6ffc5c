"""A node that stands still, and a contract whose creator made up what it stores, on a real node."""

from __future__ import annotations

import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from registry.chain.abi import artifact
from registry.chain.contract import CredentialRegistry
from registry.chain.deployment import DETERMINISTIC_DEPLOYER, create2_address
from registry.chain.editions import second
from registry.chain.rpc.connect import connect
from registry.chain.rpc.hexadecimal import to_hex
from registry.embedded.genesis import PUBLICLY_KNOWN_KEYS
from registry.verifier.facts import FactsReader
from registry.verify.verdict import ChainFacts
from tests.conftest import Run
from tests.registry.chain.worlds import World, anvil

ROOT = sha256(b"a batch").digest()
TWO_DAYS = 2 * 86_400


def test_of_a_node_that_stands_still_nothing_is_said_to_be_in_force(
    run: Run, diplomas: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A revocation of yesterday is not known to a node that stopped two days ago."""
    monkeypatch.setenv("TESTAMUR_KEY", PUBLICLY_KNOWN_KEYS[0])
    with anvil("--slots-in-an-epoch", "1", "--timestamp", str(int(time.time()) - TWO_DAYS)) as url:
        chain = ("--chain", url, "--json")
        for words in (("deploy",), ("issuer", "register", "--uri", "did:web:university.example"), ("anchor", diplomas)):
            assert run(*words, *chain).code == 0
        verified = run("verify", diplomas / "007.json", *chain)
        status = next(check for check in verified.json["checks"] if check["name"] == "status")
        assert (verified.code, status["outcome"], status["code"]) == (2, "unknown", "head-stale")
        assert "The newest block is 1 day old." in status["text"] or "The newest block is 2 days old." in status["text"]
        # Whatever moment dates are judged by, the clock is the real one.
        assert run("verify", diplomas / "007.json", "--at", "2026-01-01T00:00:00Z", *chain).code == 2
        absent = run("absent", "ab" * 32, *chain)
        assert (absent.code, absent.json["code"]) == (2, "head-stale")
        assert run("audit", *chain).code != 0
        # A chain that makes blocks on demand alone has no age.
        monkeypatch.setenv("TESTAMUR_HEAD_AGE_SECONDS", "0")
        assert run("verify", diplomas / "007.json", *chain).code == 0
        monkeypatch.delenv("TESTAMUR_HEAD_AGE_SECONDS")
        # A revocation stays one.
        assert run("revoke", diplomas / "007.json", *chain).code == 0
        assert run("verify", diplomas / "007.json", *chain).code == 1


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """A chain with the contract where its code puts it, a party and its batch."""
    with anvil() as url:
        client = connect(url)
        made = World("anvil", client, url)
        address, _ = made.deploy_registry()
        _use(made, CredentialRegistry(client, address))
        yield made
        client.close()


def _use(world: World, contract: CredentialRegistry) -> None:
    assert world.send(contract.address, contract.register_party_data("did:web:u.example", bytes(32))).succeeded
    assert world.send(contract.address, contract.anchor_data(1, ROOT, 300)).succeeded


def _facts(world: World, address: str, root: bytes = ROOT) -> ChainFacts:
    contract = CredentialRegistry(world.client, address)
    contract.verify_code()
    found = FactsReader(contract).facts(1, root, 0, bytes(32))
    assert isinstance(found, ChainFacts), found
    return found


def test_the_contract_is_proved_where_its_code_puts_it_and_where_its_making_is_seen(world: World) -> None:
    initcode = artifact().initcode
    assert _facts(world, create2_address(initcode)).contract_proved
    salt = sha256(b"another salt").digest()
    assert world.send(DETERMINISTIC_DEPLOYER, salt + initcode).succeeded
    by_hand = world.send(None, initcode).contract_address
    assert by_hand is not None
    for address in (create2_address(initcode, salt), by_hand):
        _use(world, CredentialRegistry(world.client, address))
        found = _facts(world, address)
        assert found.contract_proved
        assert found.batch is not None
        assert found.batch.anchor is not None


def test_code_over_storage_that_its_creator_made_up_is_no_proof(world: World) -> None:
    """The constructor writes a party and a batch, and returns this program's own code."""
    honest = second().address
    address = world.send(None, _made_up(world, honest)).contract_address
    assert address is not None
    found = _facts(world, address)
    assert found.batch is not None
    assert found.party is not None
    assert not found.contract_proved
    assert found.batch.anchor is None
    # Whom it lets anchor is made up, too: an event is not enough.
    contract = CredentialRegistry(world.client, address)
    root = sha256(b"another batch").digest()
    assert world.send(address, contract.anchor_data(1, root, 5)).succeeded
    later = _facts(world, address, root)
    assert later.batch is not None
    assert later.batch.anchor is not None
    assert not later.contract_proved


def _made_up(world: World, honest: str) -> bytes:
    """Code that makes a contract with the honest one's code and a copy of what its answers are read from."""
    functions = artifact().functions
    operator = world.account().address
    questions = [
        functions["partyOf"].encode(1),
        functions["batchOf"].encode(1, ROOT),
        functions["partyCount"].encode(),
        functions["isOperator"].encode(1, operator),
    ]
    writes = b""
    for question in questions:
        listed = world.client.request("eth_createAccessList", [{"to": honest, "data": to_hex(question)}, "latest"])
        for slot in (slot for entry in listed["accessList"] for slot in entry["storageKeys"]):
            value = world.client.request("eth_getStorageAt", [honest, slot, "latest"])
            # PUSH32 value, PUSH32 slot, SSTORE
            writes += b"\x7f" + bytes.fromhex(value[2:]) + b"\x7f" + bytes.fromhex(slot[2:]) + b"\x55"
    code = world.client.code(honest)
    size, start = len(code).to_bytes(2, "big"), (len(writes) + 16).to_bytes(2, "big")
    # PUSH2 size, PUSH2 start, PUSH1 0, CODECOPY, PUSH2 size, PUSH1 0, RETURN
    return writes + b"\x61" + size + b"\x61" + start + b"\x60\x00\x39\x61" + size + b"\x60\x00\xf3" + b"\x00" + code
