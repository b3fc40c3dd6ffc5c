"""The contract through the binding, and the facts of a verdict: on the embedded chain, over HTTP and on anvil."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from registry.chain.abi import source_bundle
from registry.chain.contract import CredentialRegistry
from registry.chain.deployment import Beside, Deployment
from registry.chain.editions import second
from registry.chain.rpc.client import ChainClient
from registry.embedded.genesis import DEVELOPMENT_ACCOUNTS
from registry.errors import ChainUnavailable, ContractReverted, StoreError, WrongChain
from registry.merkle.tree import Tree
from registry.records import Purpose, Reason
from registry.verifier.facts import FactsReader
from registry.verify.verdict import ChainFacts, FactsUnavailable
from tests.registry.chain.worlds import Behaviour, BrokenEndpoint, Exchange, World

REASON = Reason.ISSUED_IN_ERROR
DIGESTS = [sha256(bytes([number])).digest() for number in range(5)]


class Registered:
    """A world with the contract, one party and one batch of five."""

    def __init__(self, world: World):
        self.world = world
        address = second().address
        if not world.client.code(address):
            address, self.deployed = world.deploy_registry()
        self.contract = CredentialRegistry(world.client, address)
        mined = self.send(self.contract.register_party_data("did:web:university.example", bytes(32)))
        (event,) = (each for each in self.contract.decode_events(mined.logs) if each.name == "PartyRegistered")
        self.party = int(event.arguments["party"])
        self.tree = Tree.build(DIGESTS)
        self.root = self.tree.root
        self.anchored = self.send(self.contract.anchor_data(self.party, self.root, 5))

    def send(self, data: bytes, **fields: Any) -> Any:
        mined = self.world.send(self.contract.address, data, **fields)
        assert mined.succeeded
        return mined

    def facts(self, index: int = 0) -> ChainFacts:
        found = FactsReader(self.contract).facts(self.party, self.root, index, self.tree.leaf(index))
        assert isinstance(found, ChainFacts), found
        return found


@pytest.fixture
def registered(world: World) -> Registered:
    return Registered(world)


@pytest.mark.parametrize("most", [1, 3])
def test_events_are_found_where_an_endpoint_limits_the_range(
    registered: Registered, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract, client = registered.contract, registered.contract.client
    registered.send(contract.set_status_data(registered.party, registered.root, Purpose.REVOCATION, 0, 1, REASON))
    whole = (
        contract.anchored_events(issuer=registered.party),
        contract.status_changes(registered.party, registered.root),
        contract.operators(registered.party),
    )
    logs = client.logs

    def limited(address: str, topics: Any, first: Any = 0, last: Any = "latest") -> Any:
        if last == "latest" or last - first + 1 > most:
            raise ChainUnavailable("at most so many blocks", code="chain-rpc-error")
        return logs(address, topics, first, last)

    monkeypatch.setattr(client, "logs", limited)
    assert whole[0]
    assert whole == (
        contract.anchored_events(issuer=registered.party),
        contract.status_changes(registered.party, registered.root),
        contract.operators(registered.party),
    )
    assert contract.replacements(registered.party, registered.root) == {}


def test_the_contract_is_the_one_that_was_built(registered: Registered) -> None:
    registered.contract.verify_code()
    with pytest.raises(WrongChain) as refusal:
        CredentialRegistry(registered.world.client, DEVELOPMENT_ACCOUNTS[3]).verify_code()
    assert refusal.value.code == "no-contract"
    other, _ = registered.world.deploy(bytes.fromhex("6001600c60003960016000f300"))
    with pytest.raises(WrongChain) as refusal:
        CredentialRegistry(registered.world.client, other).verify_code()
    assert refusal.value.code == "wrong-code"


def test_its_address_is_the_same_on_every_chain(registered: Registered) -> None:
    assert registered.contract.address == second().address


def test_party_and_batch_are_read_as_they_are(registered: Registered) -> None:
    party = registered.contract.party(registered.party)
    assert party is not None
    assert (party.uri, party.controller, party.sequence) == ("did:web:university.example", DEVELOPMENT_ACCOUNTS[0], 1)
    assert registered.contract.party(10_000) is None
    batch = registered.contract.batch(registered.party, registered.root)
    assert batch is not None
    assert (batch.leaf_count, batch.sequence, batch.block_number) == (5, 1, registered.anchored.block_number)
    assert registered.contract.batch(registered.party, bytes(32)) is None
    (event,) = registered.contract.anchored_events(issuer=registered.party)
    assert (event.key, event.arguments["sequence"]) == ((registered.party, registered.root), 1)
    assert event.arguments["operator"] == DEVELOPMENT_ACCOUNTS[0].lower()


def test_the_contract_agrees_with_the_trees_proofs(registered: Registered) -> None:
    contract, tree = registered.contract, registered.tree
    for index in range(5):
        path = tree.inclusion(index).path
        assert contract.includes(registered.party, registered.root, index, tree.leaf(index), path)
        assert not contract.includes(registered.party, registered.root, index, bytes(32), path)
    for digest in (bytes(32), b"\xff" * 32, sha256(b"other").digest()):
        assert contract.excludes(registered.party, registered.root, digest, tree.absence(digest))
    assert not contract.excludes(
        registered.party, registered.root, tree.leaf(2), tree.absence(sha256(b"other").digest())
    )


def test_a_refusal_names_its_reason(registered: Registered) -> None:
    with pytest.raises(ContractReverted) as refusal:
        registered.world.client.estimate_gas(
            sender=DEVELOPMENT_ACCOUNTS[0],
            to=registered.contract.address,
            call_data=registered.contract.anchor_data(registered.party, registered.root, 5),
        )
    assert refusal.value.error == "AlreadyAnchored"
    assert refusal.value.arguments["issuer"] == registered.party
    assert registered.root.hex() in refusal.value.what


def test_facts_follow_the_status(registered: Registered) -> None:
    contract, party, root = registered.contract, registered.party, registered.root
    fresh = registered.facts()
    assert (fresh.revoked, fresh.suspended, fresh.status_reason) == (False, False, None)
    assert fresh.batch is not None
    assert fresh.batch.seen.transaction == registered.anchored.hash
    assert fresh.batch.seen.block_hash == registered.anchored.block_hash
    assert fresh.party is not None
    assert fresh.chain == f"eip155:{registered.world.client.chain_id()}"
    registered.send(contract.set_status_data(party, root, Purpose.SUSPENSION, 0, 0b11, Reason.UNDER_REVIEW))
    suspended = registered.facts(1)
    assert (suspended.revoked, suspended.suspended, suspended.status_reason) == (False, True, "under-review")
    registered.send(contract.clear_suspension_data(party, root, 0, 0b10, Reason.RESOLVED))
    assert not registered.facts(1).suspended
    registered.send(contract.set_status_data(party, root, Purpose.REVOCATION, 0, 0b01, Reason.OBTAINED_BY_FRAUD))
    revoked = registered.facts(0)
    assert (revoked.revoked, revoked.status_reason) == (True, "obtained-by-fraud")
    registered.send(contract.void_batch_data(party, root, Reason.KEY_COMPROMISE))
    voided = registered.facts(2)
    assert voided.batch is not None
    assert (voided.revoked, voided.batch.void_reason) == (False, Reason.KEY_COMPROMISE)


def test_what_is_not_on_the_chain_is_none_and_not_an_error(registered: Registered) -> None:
    reader = FactsReader(registered.contract)
    nobody = reader.facts(10_000, registered.root, 0, DIGESTS[0])
    assert isinstance(nobody, ChainFacts)
    assert (nobody.party, nobody.batch) == (None, None)
    beyond = reader.facts(registered.party, registered.root, 5, DIGESTS[0])
    assert isinstance(beyond, ChainFacts)
    assert not beyond.revoked


def test_facts_are_read_as_of_one_block(registered: Registered) -> None:
    reader = FactsReader(registered.contract)
    before = reader.facts(registered.party, registered.root, 0, DIGESTS[0])
    registered.send(
        registered.contract.set_status_data(
            registered.party, registered.root, Purpose.REVOCATION, 0, 1, Reason.UNSPECIFIED
        )
    )
    after = reader.facts(registered.party, registered.root, 0, DIGESTS[0])
    assert before == after
    assert registered.facts().revoked


Fault = Callable[[str, Any, Callable[[], Any]], Any]


class FaultyTransport:
    """The embedded chain, until a test breaks it."""

    def __init__(self, client: ChainClient):
        self._transport = client._transport
        self.fault: Fault = lambda method, params, forward: forward()

    def everything(self, address: str) -> list[Any]:
        """All events of a contract, as an endpoint gives them that ignores what was asked for."""
        wanted = {"address": address, "fromBlock": "0x0", "toBlock": "latest"}
        found: list[Any] = self._transport.make_request("eth_getLogs", [wanted])["result"]
        return found

    def make_request(self, method: Any, params: Any) -> Any:
        return self.fault(method, params, lambda: self._transport.make_request(method, params))


@pytest.fixture
def faulty(embedded: World) -> tuple[Registered, FaultyTransport, CredentialRegistry]:
    made = Registered(embedded)
    transport = FaultyTransport(embedded.client)
    return made, transport, CredentialRegistry(ChainClient(transport), made.contract.address)


@pytest.mark.parametrize("method", ["eth_chainId", "eth_call", "eth_getBlockByNumber"])
@pytest.mark.parametrize(
    "answer", [None, {"result": None}, {"result": "0x"}, {"error": {"code": 1, "message": "no"}}, []]
)
def test_an_answer_that_is_none_gives_no_fact(faulty: Any, method: str, answer: Any) -> None:
    made, transport, contract = faulty

    def fault(asked: str, params: Any, forward: Callable[[], Any]) -> Any:
        return answer if asked == method else forward()

    transport.fault = fault
    found = FactsReader(contract).facts(made.party, made.root, 0, DIGESTS[0])
    assert isinstance(found, FactsUnavailable)
    assert found.what
    assert found.remedy


def test_a_chain_that_moves_while_it_is_read_gives_no_fact(faulty: Any) -> None:
    made, transport, contract = faulty
    asked = []

    def fault(method: str, params: Any, forward: Callable[[], Any]) -> Any:
        answer = forward()
        if method == "eth_getBlockByNumber" and params[0] not in ("latest", "finalized"):
            asked.append(params[0])
            answer["result"] = {**answer["result"], "hash": "0x" + "77" * 32}
        return answer

    transport.fault = fault
    reader = FactsReader(contract)
    found = reader.facts(made.party, made.root, 0, DIGESTS[0])
    assert isinstance(found, FactsUnavailable)
    assert (found.code, len(asked)) == ("chain-moved", 1)
    transport.fault = lambda method, params, forward: forward()
    assert isinstance(reader.facts(made.party, made.root, 0, DIGESTS[0]), ChainFacts)


def test_without_logs_the_status_is_known_and_its_reason_is_not(faulty: Any) -> None:
    made, transport, contract = faulty
    made.send(contract.set_status_data(made.party, made.root, Purpose.REVOCATION, 0, 1, Reason.HOLDER_REQUEST))
    transport.fault = lambda method, params, forward: (
        {"error": {"code": -32005, "message": "range too large"}} if method == "eth_getLogs" else forward()
    )
    found = FactsReader(contract).facts(made.party, made.root, 0, DIGESTS[0])
    assert isinstance(found, ChainFacts)
    assert (found.revoked, found.status_reason) == (True, None)


LOGS_LIES = {
    "every event of the contract": lambda log, wanted: True,
    "the events of other batches, too": lambda log, wanted: log["topics"][0] in wanted["topics"][0],
}


@pytest.mark.parametrize("lie", LOGS_LIES)
def test_another_batchs_events_are_never_taken_for_this_ones(faulty: Any, lie: str) -> None:
    made, transport, contract = faulty
    root = sha256(b"the batch").digest()
    made.send(contract.anchor_data(made.party, root, 5))
    made.send(contract.set_status_data(made.party, root, Purpose.REVOCATION, 0, 1, Reason.HOLDER_REQUEST))
    made.send(contract.set_status_data(made.party, made.root, Purpose.REVOCATION, 0, 1, Reason.KEY_COMPROMISE))

    def fault(method: str, params: Any, forward: Callable[[], Any]) -> Any:
        if method != "eth_getLogs":
            return forward()
        everything = transport.everything(contract.address)
        return {"result": [log for log in everything if LOGS_LIES[lie](log, params[0])]}

    honest = FactsReader(contract).facts(made.party, root, 0, DIGESTS[0])
    assert isinstance(honest, ChainFacts)
    assert honest.status_reason == "holder-request"
    transport.fault = fault
    found = FactsReader(contract).facts(made.party, root, 0, DIGESTS[0])
    assert isinstance(found, FactsUnavailable), found
    assert found.code == "chain-garbage"


def test_a_reason_the_contract_does_not_have_gives_no_fact(faulty: Any) -> None:
    made, transport, contract = faulty
    made.send(contract.set_status_data(made.party, made.root, Purpose.REVOCATION, 0, 1, Reason.HOLDER_REQUEST))

    def fault(method: str, params: Any, forward: Callable[[], Any]) -> Any:
        answer = forward()
        for log in answer["result"] if method == "eth_getLogs" and len(params[0]["topics"]) else []:
            words = [log["data"][2:][at : at + 64] for at in range(0, len(log["data"]) - 2, 64)]
            if len(words) == 5:  # StatusSet: purpose, word, changed, reason, operator
                log["data"] = "0x" + "".join([*words[:3], f"{200:064x}", words[4]])
        return answer

    transport.fault = fault
    found = FactsReader(contract).facts(made.party, made.root, 0, DIGESTS[0])
    assert isinstance(found, FactsUnavailable)
    assert found.code == "chain-garbage"


FAULTS: dict[str, Behaviour] = {
    "429": lambda exchange: exchange.body(b"", 429),
    "503": lambda exchange: exchange.body(b"{}", 503),
    "garbage": lambda exchange: exchange.body(b"<html>"),
    "null": lambda exchange: exchange.answer(None),
    "zeros": lambda exchange: exchange.answer("0x" + "00" * 512),
    "refusal": lambda exchange: exchange.error({"code": -32005, "message": "limit exceeded"}),
    "hangs up": Exchange.hang_up,
    "hangs": Exchange.hang,
    "huge": lambda exchange: exchange.body(b" " * 200_000),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_whichever_answer_fails_no_fact_is_wrong(
    embedded: World, broken: Callable[[Behaviour], BrokenEndpoint], fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over HTTP, with each of the requests failing in turn: the truth, the truth with less in it, or no facts."""
    monkeypatch.setattr("registry.chain.rpc.transport.MAXIMUM_ANSWER_BYTES", 100_000)
    made = Registered(embedded)
    contract = made.contract
    made.send(contract.set_status_data(made.party, made.root, Purpose.SUSPENSION, 0, 1, Reason.UNDER_REVIEW))
    truth = made.facts()
    assert truth.batch is not None
    asked: list[str] = []
    failing = -1

    def behaviour(exchange: Exchange) -> None:
        asked.append(exchange.method)
        if len(asked) - 1 == failing or (fault == "hangs up" and len(asked) - 2 == failing >= 0):
            FAULTS[fault](exchange)
            return
        answer = embedded.client._transport.make_request(exchange.method, exchange.request["params"])
        exchange.answer(answer["result"]) if "result" in answer else exchange.error(answer["error"])

    endpoint = broken(behaviour)
    patient = CredentialRegistry(endpoint.client(30), contract.address)
    same = FactsReader(patient).facts(made.party, made.root, 0, DIGESTS[0])
    assert same == truth
    assert same.batch.anchor == truth.batch.anchor
    methods = list(asked)
    assert {"eth_getLogs", "eth_call", "eth_chainId", "eth_getBlockByNumber"} <= set(methods)
    over_http = CredentialRegistry(endpoint.client(0.2), contract.address) if fault == "hangs" else patient
    for position in range(len(methods)):
        failing = position
        asked.clear()
        found = FactsReader(over_http).facts(made.party, made.root, 0, DIGESTS[0])
        if isinstance(found, FactsUnavailable):
            assert found.what
            assert found.remedy
            continue
        assert found.batch is not None
        assert replace(found, status_reason=truth.status_reason, final=truth.final) == truth
        assert found.batch.anchor in (truth.batch.anchor, None)
        assert found.status_reason in (truth.status_reason, None)
        assert found.final <= truth.final


def test_finality_that_the_chain_does_not_tell_is_not_assumed(faulty: Any) -> None:
    made, transport, contract = faulty

    def no_tag(method: str, params: Any, forward: Callable[[], Any]) -> Any:
        if method == "eth_getBlockByNumber" and params[0] == "finalized":
            return {"error": {"code": -32602, "message": "unknown block tag"}}
        return forward()

    transport.fault = no_tag
    unknown = FactsReader(contract).facts(made.party, made.root, 0, DIGESTS[0])
    counted = FactsReader(contract, finality_depth=0).facts(made.party, made.root, 0, DIGESTS[0])
    assert isinstance(unknown, ChainFacts)
    assert isinstance(counted, ChainFacts)
    assert (unknown.final, counted.final) == (False, True)


def test_a_deployment_notices_another_chain(embedded: World, tmp_path: Path) -> None:
    made = Registered(embedded)
    address = made.contract.address
    beside = made.contract.accreditations_address
    deployment = Deployment.found(
        embedded.client, address, made.deployed.block_number, made.deployed.hash, (beside, bytes(32))
    )
    deployment.save(tmp_path)
    loaded = Deployment.load(tmp_path, deployment.chain_id)
    assert loaded == deployment
    assert (tmp_path / f"{deployment.chain_id}.standard-input.json").read_text() == source_bundle()
    assert Deployment.load(tmp_path, 1) is None
    loaded.check(embedded.client)
    for change, code in (
        ({"chain_id": 1}, "wrong-chain-id"),
        ({"genesis_hash": bytes(32)}, "wrong-genesis"),
        ({"code_hash": bytes(32)}, "wrong-code"),
        ({"address": DEVELOPMENT_ACCOUNTS[1]}, "no-contract"),
        ({"accreditations": Beside(beside, bytes(32), bytes(32))}, "wrong-code"),
        ({"accreditations": Beside(DEVELOPMENT_ACCOUNTS[1], bytes(32), bytes(32))}, "no-contract"),
    ):
        with pytest.raises(WrongChain) as refusal:
            Deployment(**{**{name: getattr(deployment, name) for name in Deployment.__slots__}, **change}).check(
                embedded.client
            )
        assert refusal.value.code == code


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"chainId": true}', "\x00"])
def test_a_deployment_file_that_is_none_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "5.json"
    path.write_text(content)
    with pytest.raises(StoreError) as refusal:
        Deployment.load(tmp_path, 5)
    assert refusal.value.where == str(path)


@pytest.mark.parametrize("beside", [None, {}, [], "0x", {"address": "0x1"}], ids=repr)
def test_what_a_deployment_file_says_of_accreditations_is_read_or_named(
    embedded: World, tmp_path: Path, beside: Any
) -> None:
    """None at all is that of a registry which has them in itself."""
    made = Registered(embedded)
    deployment = Deployment.found(embedded.client, made.contract.address, 1, bytes(32))
    path = deployment.save(tmp_path)
    content = json.loads(path.read_text())
    assert "accreditations" not in content
    path.write_text(json.dumps(content | {"accreditations": beside}))
    if beside is None:
        assert Deployment.load(tmp_path, deployment.chain_id) == deployment
        return
    with pytest.raises(StoreError) as refusal:
        Deployment.load(tmp_path, deployment.chain_id)
    assert refusal.value.where == str(path)
