"""The indexer on a real node that reorganises, and on the embedded chain with everything the contract can do."""

from __future__ import annotations

import random
import threading
from collections.abc import Collection, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from registry.chain.contract import CredentialRegistry, Purpose, Reason
from registry.chain.finality import Evidence
from registry.chain.ledger import read_ledger
from registry.chain.rpc.client import ChainClient
from registry.chain.rpc.connect import connect
from registry.chain.rpc.endpoints import Endpoints
from registry.chain.rpc.spans import Spans
from registry.chain.storage import Storage
from registry.database.engine import open_database
from registry.errors import ChainError
from registry.index import indexer as indexing
from registry.index.indexer import Indexer, Step
from registry.index.reader import Index
from registry.index.writer import IndexWriter
from registry.recognition.ledger import State
from registry.recognition.scope import Scope
from registry.records import NOTHING_SAID
from tests.faults import proxy as faults
from tests.faults.harness import Chain, chain, wait_until
from tests.faults.proxy import FaultProxy
from tests.registry.chain.worlds import World
from tests.registry.conftest import embedded

__all__ = ["embedded"]

NAME = "eip155:31337"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = open_database(f"sqlite:///{tmp_path / 'testamur.db'}")
    yield opened
    opened.dispose()


@pytest.fixture(scope="module")
def node() -> Iterator[Chain]:
    with chain(issuers=2) as started:
        yield started


def follow(node: Chain, engine: Engine, name: str = NAME, **options: Any) -> Indexer:
    writer = IndexWriter(engine, name, node.contract.address)
    return Indexer(node.contract, writer, first_block=node.deployment.block_number, **options)


def indexed_roots(node: Chain, engine: Engine, name: str = NAME) -> list[tuple[int, int, bytes]]:
    """Block, issuer and root of every indexed batch."""
    batches = Index(engine, name, node.contract.address).all_batches()
    return [(batch.block.number, batch.issuer, batch.root) for batch in batches]


def roots_on_chain(node: Chain) -> list[tuple[int, int, bytes]]:
    return [(event.block_number, *event.key) for event in node.contract.anchored_events()]


def root_of(*words: object) -> bytes:
    return sha256(repr(words).encode()).digest()


def test_a_batch_whose_block_is_dropped_is_gone(node: Chain, engine: Engine) -> None:
    indexer = follow(node, engine)
    anchored = node.anchor_by_hand(1, root_of("dropped"))
    indexer.catch_up()
    assert indexed_roots(node, engine)[-1] == (anchored.block_number, 1, root_of("dropped"))
    node.reorganise(1)
    assert indexer.step() is Step.ROLLED_BACK
    indexer.catch_up()
    assert indexed_roots(node, engine) == roots_on_chain(node)
    assert root_of("dropped") not in {root for *_, root in indexed_roots(node, engine)}


def test_a_batch_that_moves_is_at_its_new_block(node: Chain, engine: Engine) -> None:
    indexer = follow(node, engine)
    data = node.contract.anchor_data(2, root_of("moved"), 5)
    raw = node.world.signed(node.contract.address, data, account=0, gas=400_000)
    mined = node.mined(node.client.send_raw(raw))
    node.mine()
    indexer.catch_up()
    node.reorganise(2, [(raw, 1)])
    indexer.catch_up()
    assert indexed_roots(node, engine) == roots_on_chain(node)
    assert indexed_roots(node, engine)[-1][0] == mined.block_number + 1
    assert node.contract.batch(2, root_of("moved")) is not None


def test_a_reorganisation_while_the_indexer_is_down(node: Chain, engine: Engine) -> None:
    node.anchor_by_hand(1, root_of("while down"))
    follow(node, engine).catch_up()
    node.reorganise(1)
    node.anchor_by_hand(1, root_of("while down, another"))
    head = follow(node, engine).catch_up()
    assert head.reorgs == 1
    assert indexed_roots(node, engine) == roots_on_chain(node)


def test_blocks_reorganised_while_they_are_indexed(node: Chain, engine: Engine) -> None:
    chance = random.Random(11)
    stop = threading.Event()
    index = Index(engine, NAME, node.contract.address)
    thread = threading.Thread(target=follow(node, engine).run, args=(stop, 0.001))

    def caught_up() -> bool:
        head = index.head()
        newest = node.client.block("latest")
        return head is not None and newest is not None and head.cursor.hash == newest.hash

    thread.start()
    seen = 0
    try:
        for number in range(40):
            node.anchor_by_hand(chance.choice((1, 2)), root_of("busy", number))
            if chance.random() < 0.4:
                if number % 3 == 0:
                    wait_until(caught_up, 20, "the index has what is about to be undone")
                    seen += 1
                node.reorganise(chance.choice((1, 2)))
        node.mine(3)
        wait_until(caught_up, 20, "the index is at the head")
    finally:
        stop.set()
        thread.join()
    assert indexed_roots(node, engine) == roots_on_chain(node)
    follow(node, engine, "eip155:1").catch_up()
    assert indexed_roots(node, engine) == indexed_roots(node, engine, "eip155:1")
    head = index.head()
    assert head is not None
    assert head.reorgs >= seen > 3


def test_a_reorganisation_below_the_final_block_stops_it(engine: Engine) -> None:
    # A node of its own: it is of no use afterwards.
    with chain() as node:
        node.anchor_by_hand(1, root_of("final"))
        node.mine(5)
        follow(node, engine).catch_up()
        kept = indexed_roots(node, engine)
        node.reorganise(6)
        node.mine(4)
        with pytest.raises(ChainError) as caught:
            follow(node, engine, evidence=Evidence(looks=1, seconds=0)).catch_up()
        assert caught.value.code == "finality-violated"
        assert indexed_roots(node, engine) == kept
        with pytest.raises(ChainError, match="was final"):
            follow(node, engine).run(threading.Event(), 0.01)


@pytest.mark.parametrize(("behind", "beside"), [(3, False), (20, False), (20, True)])
def test_machines_behind_one_address_that_are_behind_stop_nothing(
    node: Chain, tmp_path: Path, behind: int, beside: bool
) -> None:
    """A backend three blocks behind for one second stopped the index for good: it has no such block."""
    engine, random_one = open_database(f"sqlite:///{tmp_path / 'index.db'}"), random.Random(behind)
    node.mine(2 * behind)
    with FaultProxy(node.url) as proxy:
        # Or beside an endpoint that follows the chain.
        client = connect(f"{proxy.url} {node.url}" if beside else proxy.url)
        writer = IndexWriter(engine, NAME, node.contract.address)
        here = Indexer(
            CredentialRegistry(client, node.contract.address),
            writer,
            first_block=node.deployment.block_number,
            evidence=Evidence(looks=1, seconds=0),
        )
        here.catch_up()
        rule = proxy.rule(do=faults.lagging(behind), only=lambda _: random_one.random() < 0.4)
        codes = []
        for number in range(40):
            if number % 8 == 0:
                node.anchor_by_hand(1, root_of(behind, beside, number))
                node.mine(2)
            try:
                here.step()
            except ChainError as error:
                codes.append(error.code)
        rule.cancel()
        assert set(codes) & {"chain-behind", "no-block"}
        assert not set(codes) & {"finality-violated", "chain-disagrees"}
        assert here.catch_up().trouble_code is None
        assert indexed_roots(node, engine) == roots_on_chain(node)
        client.close()
    engine.dispose()


def test_everything_the_contract_does_is_in_the_index(embedded: World, engine: Engine) -> None:
    address, deployed = embedded.deploy_registry()
    contract = CredentialRegistry(embedded.client, address)
    owner, other = (embedded.account(number).address for number in (0, 1))
    one, two, three = (root_of(number) for number in range(3))
    now = int(deployed_time(embedded))
    scope = Scope("06", (6, 7), jurisdiction="PT", programme=root_of("programme")).to_numbers()
    terms = (1, 2, now - 10, now + 10**6, 0, scope, root_of("condition"), bytes(32), "0x" * 33)
    ada, bob, eve = (root_of(name) for name in ("ada", "bob", "eve"))
    accreditations = contract.accreditations_address
    calls = [
        (0, contract.register_party_data("did:web:one.example", root_of("profile"))),
        (0, contract.register_party_data("https://two.example/ \U0001f393", bytes(32))),
        (0, contract.set_profile_data(1, "did:web:new.example", bytes(32))),
        (0, contract.set_operator_data(1, other, True)),
        (1, contract.anchor_data(1, one, 600)),
        (1, contract.anchor_many_data(1, [two, three], [1, 3])),
        (0, contract.anchor_data(2, one, 600)),
        (0, contract.set_status_data(1, one, Purpose.REVOCATION, 0, 0b1011, Reason.ISSUED_IN_ERROR)),
        (0, contract.set_status_data(1, one, Purpose.REVOCATION, 1, 1 << 255, Reason.ISSUED_IN_ERROR)),
        (0, contract.set_status_data(1, one, Purpose.SUSPENSION, 0, 0b111, Reason.UNDER_REVIEW)),
        (0, contract.clear_suspension_data(1, one, 0, 0b010, Reason.RESOLVED)),
        (0, contract.set_status_data(2, one, Purpose.SUSPENSION, 2, 1, Reason.UNDER_REVIEW)),
        (0, contract.clear_suspension_data(2, one, 2, 1, Reason.RESOLVED)),
        (0, contract.void_batch_data(1, two, Reason.ISSUED_IN_ERROR)),
        (0, contract.supersede_data(1, one, 0, three, 2)),
        (0, contract.suspend_digests_data(1, [ada, bob, eve], Reason.UNDER_REVIEW)),
        (0, contract.revoke_digests_data(1, [ada, bob], Reason.OBTAINED_BY_FRAUD)),
        (0, contract.reinstate_digests_data(1, [bob, eve], Reason.RESOLVED)),
        (0, contract.revoke_digests_data(2, [eve], Reason.HOLDER_REQUEST)),
        (0, contract.offer_accreditation_data(terms)),
        (0, contract.accept_accreditation_data(1)),
        (0, contract.suspend_accreditation_data(1, now, Reason.UNDER_REVIEW)),
        (0, contract.recognise_data((*terms[:4], 2, *terms[5:]))),
        (0, contract.transfer_controller_data(2, other)),
        (1, contract.accept_controller_data(2)),
        (0, contract.transfer_controller_data(1, other)),
        (1, contract.retire_data(2)),
    ]
    for account, data in calls:
        is_beside = data[:4] in {each.selector for each in contract.edition.accreditations.functions.values()}
        assert embedded.send(accreditations if is_beside else address, data, account=account).succeeded

    writer = IndexWriter(engine, NAME, address)
    head = Indexer(contract, writer, first_block=deployed.block_number).catch_up()
    index = Index(engine, NAME, address)
    assert head.final == head.cursor.number

    for party in index.parties():
        there = contract.party(party.id)
        assert there is not None
        assert (party.uri, party.profile_hash, party.sequence) == (there.uri, there.profile_hash, there.sequence)
        assert party.controller.lower() == there.controller.lower()
        assert (party.pending_controller or "").lower() == (there.pending_controller or "").lower()
        assert party.retired_at == there.retired_at
    for batch in index.all_batches():
        stored = contract.batch(batch.issuer, batch.root)
        assert stored is not None
        assert (batch.leaf_count, batch.sequence) == (stored.leaf_count, stored.sequence)
        assert (batch.block.number, batch.anchored_at) == (stored.block_number, stored.anchored_at)
        assert batch.voided_at == stored.voided_at
        assert batch.void_reason == stored.void_reason
        if batch.voided_at is None:
            for purpose, count in ((Purpose.REVOCATION, batch.revoked), (Purpose.SUSPENSION, batch.suspended)):
                words = contract.status_words(batch.issuer, batch.root, purpose, 0, (batch.leaf_count + 255) // 256)
                told = index.status_words(batch.key, purpose)
                assert {number: word for number, word in enumerate(words) if word} == told
                assert sum(word.bit_count() for word in words) == count
    assert index.status_words((2, one), Purpose.SUSPENSION) == {}
    digests = [ada, bob, eve]
    for issuer in (1, 2):
        there = dict(zip(digests, contract.digest_statuses(issuer, digests), strict=True))
        assert index.digest_statuses_of(issuer) == {each: it for each, it in there.items() if it != NOTHING_SAID}
    assert index.digest_statuses(digests).keys() == {(1, ada), (1, bob), (2, eve)}
    assert Storage(contract, head.cursor.number).digests(list(index.digest_status_page(limit=9))) == (
        index.digest_status_page(limit=9)
    )
    events = len(embedded.client.logs(contract.addresses))
    assert index.counts() == {
        "parties": 2,
        "batches": 4,
        "credentials": 1204,
        "events": events,
        "digestStatuses": 3,
        "trees": 0,
    }
    assert index.ledger().accreditations == read_ledger(contract).accreditations
    assert index.ledger()[1].state is State.SUSPENDED
    assert (index.batches_of([one])[0].issuer, index.batches_of([one])[1].issuer) == (1, 2)
    assert owner.lower() in {batch.seen.operator.lower() for batch in index.all_batches()}


class Forgetful:
    """A transport whose search for events leaves some out; its headers, receipts and state are as they are."""

    def __init__(self, transport: Any, hidden: Collection[int] = ()):
        self._transport = transport
        self.hidden = set(hidden)

    def make_request(self, method: Any, params: Any) -> Any:
        answer = self._transport.make_request(method, params)
        if method != "eth_getLogs" or "result" not in answer:
            return answer
        return {**answer, "result": [log for log in answer["result"] if int(log["blockNumber"], 16) not in self.hidden]}


@pytest.mark.parametrize("way", ["near", "headers", "state"])
def test_a_revocation_that_a_search_leaves_out_is_found(
    embedded: World, engine: Engine, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    address, deployed = embedded.deploy_registry()
    contract = CredentialRegistry(embedded.client, address)
    root = root_of("left out")
    calls = [
        contract.register_party_data("did:web:one.example", bytes(32)),
        contract.set_operator_data(1, embedded.account(1).address, True),
        contract.anchor_data(1, root, 600),
        contract.set_status_data(1, root, Purpose.REVOCATION, 1, 0b1011, Reason.ISSUED_IN_ERROR),
        contract.set_operator_data(1, embedded.account(1).address, False),
    ]
    mined = [embedded.send(address, data) for data in calls]
    assert all(each.succeeded for each in mined)
    for _ in range(4 if way == "state" else 0):
        # Blocks without events, so that the state is less to ask.
        embedded.send(embedded.account(1).address, b"")
    transport = Forgetful(embedded.client._transport, {mined[3].block_number})
    told = CredentialRegistry(ChainClient(transport), address)
    if way == "state":
        monkeypatch.setattr(indexing, "HEADERS_A_STEP", 1)
    writer = IndexWriter(engine, NAME, address)
    indexer = Indexer(told, writer, first_block=deployed.block_number, near=1000 if way == "near" else 0)
    indexer.step()
    index = Index(engine, NAME, address)
    assert (writer.head().is_confirmed, index.status_words((1, root), 0)) == (  # type: ignore[union-attr]
        (True, {1: 0b1011}) if way == "near" else (False, {})
    )
    assert indexer.catch_up().is_confirmed
    assert index.status_words((1, root), 0) == {1: 0b1011}
    assert len(list(index.all_events())) == len(embedded.client.logs(address))


def deployed_time(world: World) -> float:
    newest = world.client.block("latest")
    assert newest is not None
    return newest.timestamp.timestamp()


class Hired(Forgetful):
    """An endpoint that answers for few blocks at a time and says so, and counts who asked for what."""

    def __init__(self, transport: Any, where: str, blocks: int, hidden: Collection[int] = ()):
        super().__init__(transport, hidden)
        self.where = where
        self.blocks = blocks
        self.answered: list[int] = []

    def make_request(self, method: Any, params: Any) -> Any:
        if method == "eth_getLogs" and "fromBlock" in params[0] and params[0]["toBlock"] != "latest":
            length = int(params[0]["toBlock"], 16) - int(params[0]["fromBlock"], 16) + 1
            if length > self.blocks:
                return {"error": {"code": -32614, "message": f"eth_getLogs is limited to a {self.blocks} range"}}
            self.answered.append(length)
        return super().make_request(method, params)

    def make_batch_request(self, requests: Any) -> list[Any]:
        return [self.make_request(method, params) for method, params in requests]

    def hide(self, text: str) -> str:
        return text

    def close(self) -> None:
        pass


def test_several_endpoints_with_limits_of_their_own_and_one_that_leaves_out(embedded: World, engine: Engine) -> None:
    address, deployed = embedded.deploy_registry()
    mined = [embedded.send(address, CredentialRegistry(embedded.client, address).register_party_data("a", bytes(32)))]
    for number in range(14):
        data = CredentialRegistry(embedded.client, address).anchor_data(1, root_of("hired", number), 5)
        mined.append(embedded.send(address, data))
    assert all(each.succeeded for each in mined)
    inner = embedded.client._transport
    one = Hired(inner, "https://one.example", 3)
    two = Hired(inner, "https://two.example", 2, {each.block_number for each in mined[4:8]})
    endpoints = Endpoints([one, two])
    contract = CredentialRegistry(ChainClient(endpoints, where=endpoints.where), address)
    writer = IndexWriter(engine, NAME, address)
    here = Indexer(contract, writer, first_block=deployed.block_number, near=0, spans=Spans(5), ranges=2)
    for _ in range(200):
        try:
            if here.step() is Step.NOTHING_NEW:
                break
        except ChainError as error:
            assert error.code in ("events-missing", "chain-rpc-error")  # noqa: PT017
    here.close()
    assert {each.where for each in here.reading()} == {"https://one.example", "https://two.example"}
    assert max(one.answered) <= 3
    head = writer.head()
    assert head is not None
    assert head.is_confirmed
    assert [(event.block_number, event.log_index) for event in Index(engine, NAME, address).all_events()] == [
        (log.block_number, log.log_index) for log in embedded.client.logs(contract.addresses)
    ]
    endpoints.close()
