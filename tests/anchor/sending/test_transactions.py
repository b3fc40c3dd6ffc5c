"""Transactions through web3: filled as the sender fills them, refused by name, and sent exactly once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from anchor.sending.accounts import development_signer
from anchor.sending.fees import Offer
from anchor.sending.transactions import GAS_MARGIN_PERCENT, Transactions
from registry.chain.abi import artifact
from registry.chain.contract import CredentialRegistry
from registry.chain.deployment import create2_address
from registry.chain.rpc.classify import SendOutcome, classify
from registry.chain.rpc.client import RpcRefused
from registry.chain.rpc.connect import connect
from registry.embedded.chain import EmbeddedChain
from registry.errors import ChainUnavailable, ContractReverted
from tests.registry.chain.worlds import Behaviour, BrokenEndpoint, World

ROOT = sha256(b"a batch").digest()
OFFER = Offer(10**10, 10**9)
SIGNER = development_signer()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with EmbeddedChain(tmp_path / "chain") as chain:
        yield World("embedded", chain.client())


@pytest.fixture
def transactions(world: World) -> Transactions:
    address, _ = world.deploy(artifact().initcode)
    found = Transactions(world.client, chain_id=world.client.chain_id(), contract=address, sender=SIGNER.address)
    settled(world, found, found.encoded("registerParty", "did:web:university.example", bytes(32)))
    return found


def settled(world: World, transactions: Transactions, call: bytes) -> None:
    transaction = transactions.filled(call, nonce=world.client.nonce(SIGNER.address), offer=OFFER)
    signed = SIGNER.sign(transaction)
    assert transactions.send(signed.raw) == signed.hash
    assert world.settled(signed.hash).succeeded


def test_a_batch_is_anchored(world: World, transactions: Transactions) -> None:
    settled(world, transactions, transactions.encoded("anchor", 1, ROOT, 5))
    (anchored,) = CredentialRegistry(world.client, create2_address(artifact().initcode)).anchored_events(issuer=1)
    told = anchored.arguments
    assert (told["root"], told["leafCount"], told["operator"]) == (ROOT, 5, SIGNER.address.lower())


def test_it_is_filled_as_a_signer_takes_it(world: World, transactions: Transactions) -> None:
    call = transactions.encoded("anchor", 1, ROOT, 5)
    filled = transactions.filled(call, nonce=7, offer=OFFER)
    needed = world.client.estimate_gas(sender=SIGNER.address, to=filled["to"], call_data=call)
    assert filled == {
        "type": 2,
        "chainId": world.client.chain_id(),
        "nonce": 7,
        "to": filled["to"],
        "data": call,
        "value": 0,
        "gas": needed * (100 + GAS_MARGIN_PERCENT) // 100,
        "maxFeePerGas": OFFER.max_fee,
        "maxPriorityFeePerGas": OFFER.tip,
    }
    assert transactions.filled(call, nonce=7, offer=OFFER, gas=99)["gas"] == 99


def test_what_the_contract_refuses_is_named(world: World, transactions: Transactions) -> None:
    call = transactions.encoded("anchor", 1, ROOT, 5)
    settled(world, transactions, call)
    with pytest.raises(ContractReverted) as caught:
        transactions.filled(call, nonce=2, offer=OFFER)
    assert caught.value.error == "AlreadyAnchored"


def test_what_the_node_refuses_is_classified(transactions: Transactions) -> None:
    call = transactions.encoded("anchor", 1, ROOT, 5)
    raw = SIGNER.sign(transactions.filled(call, nonce=0, offer=OFFER)).raw
    with pytest.raises(RpcRefused) as caught:
        transactions.send(raw)
    assert classify(caught.value) is SendOutcome.NONCE_USED


@pytest.fixture
def broken() -> Iterator[Callable[[Behaviour], BrokenEndpoint]]:
    started: list[BrokenEndpoint] = []

    def start(behaviour: Behaviour) -> BrokenEndpoint:
        started.append(BrokenEndpoint(behaviour))
        return started[-1]

    yield start
    for endpoint in started:
        endpoint.close()


@pytest.mark.parametrize("what", ["hang", "hang_up", "drip"])
def test_what_got_no_answer_is_not_sent_again(broken: Callable[[Behaviour], BrokenEndpoint], what: str) -> None:
    endpoint = broken(lambda exchange: getattr(exchange, what)())
    with closing(connect(endpoint.url, timeout=0.5)) as client:
        transactions = Transactions(client, chain_id=1, contract="0x" + "c0" * 20, sender=SIGNER.address)
        raw = SIGNER.sign(transactions.filled(b"", nonce=0, offer=OFFER, gas=21_000)).raw
        with pytest.raises(ChainUnavailable) as caught:
            transactions.send(raw)
        assert classify(caught.value) is SendOutcome.AMBIGUOUS
        assert endpoint.methods == ["eth_sendRawTransaction"]
