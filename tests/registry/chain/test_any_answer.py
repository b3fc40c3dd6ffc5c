"""Whatever an endpoint answers, of whichever shape: errors of this project come out, and no value of a wrong kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.chain.abi import artifact
from registry.chain.contract import CredentialRegistry
from registry.chain.deployment import Deployment, deployment_seen
from registry.chain.ledger import read_ledger
from registry.chain.rpc.client import Block, ChainClient, Fees, Log, LogRange, MinedTransaction
from registry.chain.rpc.endpoints import Endpoints
from registry.chain.storage import Storage
from registry.database.engine import open_database
from registry.errors import ChainUnavailable, RegistryError
from registry.history import Key
from registry.index.indexer import Indexer
from registry.index.writer import IndexWriter
from registry.verifier.facts import FactsReader
from tests.registry.chain.scripted import Json, Reply, Scripted

ADDRESS = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
HASH = "0x" + "11" * 32
BLOCK: dict[str, Json] = {
    "number": "0x5",
    "hash": HASH,
    "parentHash": HASH,
    "timestamp": "0x65000000",
    "baseFeePerGas": "0x7",
    "logsBloom": "0x" + "ff" * 255 + "00",
    "transactions": [HASH],
}
LOG: dict[str, Json] = {
    "address": ADDRESS,
    "topics": ["0x" + next(iter(artifact().events_by_topic)).hex(), HASH],
    "data": "0x",
    "blockNumber": "0x5",
    "blockHash": HASH,
    "transactionHash": HASH,
    "transactionIndex": "0x0",
    "logIndex": "0x0",
}
RECEIPT: dict[str, Json] = {
    "transactionHash": HASH,
    "blockNumber": "0x5",
    "blockHash": HASH,
    "status": "0x1",
    "gasUsed": "0x5208",
    "logs": [LOG],
    "effectiveGasPrice": "0x1",
    "contractAddress": ADDRESS,
}
HONEST: dict[str, Json] = {
    "eth_chainId": "0x1",
    "eth_blockNumber": "0x5",
    "eth_getBlockByNumber": BLOCK,
    "eth_getLogs": [LOG],
    "eth_getTransactionReceipt": RECEIPT,
    "eth_getBlockReceipts": [RECEIPT],
    "eth_getCode": "0x" + artifact().deployed_code.hex(),
    "eth_call": "0x" + "00" * 31 + "01",
}

SCALARS: st.SearchStrategy[Json] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
    st.sampled_from(
        ["0x", "0x0", "0x05", "0x5", "0xzz", HASH, HASH[:-1], "0x" + "f" * 64, "0x" + "f" * 5_000, "latest"]
    ),
    st.binary(max_size=70).map(lambda some: "0x" + some.hex()),
)
NAMES = st.sampled_from(
    [
        *BLOCK,
        *LOG,
        *RECEIPT,
        "code",
        "message",
        "data",
        "error",
        "result",
        "id",
        "rate",
        "backoff_seconds",
        "input",
        "to",
    ]
)
JSON: st.SearchStrategy[Json] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=12
)


@st.composite
def mutated(draw: st.DrawFn) -> Callable[[Json, str], Json]:
    """Takes an honest result, and gives back one in which some places have something else."""
    whole, members = draw(st.booleans()), draw(st.dictionaries(NAMES, JSON, max_size=3))
    instead, gone, tail = draw(JSON), draw(st.sets(NAMES, max_size=2)), draw(st.lists(JSON, max_size=2))

    def change(value: Json) -> Json:
        if isinstance(value, dict):
            return {key: members.get(key, change(one)) for key, one in value.items() if key not in gone}
        return [*map(change, value), *tail] if isinstance(value, list) else value

    def of(value: Json, _method: str) -> Json:
        return instead if whole else change(value)

    return of


@st.composite
def replies(draw: st.DrawFn) -> Callable[[Json], Reply]:
    """What an endpoint answers: results and errors of any shape, lists and objects where they do not belong."""
    changed = draw(st.dictionaries(st.sampled_from([*HONEST, "other"]), mutated(), max_size=4))
    kind = draw(st.sampled_from(["result"] * 6 + ["error", "error", "body", "bytes", "wrapped", "unwrapped"]))
    anything, status = draw(JSON), draw(st.sampled_from([200] * 5 + [400, 401, 404, 413, 429, 500, 503]))
    headers = draw(st.dictionaries(st.just("Retry-After"), st.sampled_from(["1", "x", "0", "9" * 50])))
    raw = draw(st.binary(max_size=20))

    def one(request: Json) -> Json:
        method = request["method"]
        if kind == "error":
            return {"id": request["id"], "error": anything}
        honest = HONEST.get(method)
        if method == "eth_getBlockByNumber" and request["params"][0].startswith("0x"):
            honest = BLOCK | {"number": request["params"][0]}
        change = changed.get(method if method in HONEST else "other")
        return {"id": request["id"], "result": honest if change is None else change(honest, method)}

    def reply(request: Json) -> Reply:
        if kind in ("body", "bytes"):
            return Reply(anything if kind == "body" else raw, status, headers)
        told = [one(member) for member in request] if isinstance(request, list) else one(request)
        if kind == "wrapped":
            told = [told]
        elif kind == "unwrapped" and isinstance(told, list):
            told = told[0]
        return Reply(told, status, headers)

    return reply


BYTES = bytes.fromhex(HASH[2:])
KEY: Key = (1, BYTES)


def answered(question: Callable[[], Any]) -> tuple[Any, RegistryError | None]:
    """What comes out, or the error; any other exception ends the test."""
    try:
        return question(), None
    except RegistryError as error:
        return None, error


def questions(client: ChainClient) -> list[tuple[Callable[[], Any], Any]]:
    """Everything that is asked of a chain, and the type of what comes back."""
    contract = CredentialRegistry(client, ADDRESS)
    state = Storage(contract, 5, BYTES)
    deployment = Deployment(1, ADDRESS, 5, BYTES, BYTES, BYTES)
    return [
        (client.chain_id, int),
        (client.genesis_hash, bytes),
        (lambda: client.code(ADDRESS), bytes),
        (lambda: client.block(5), Block | None),
        (lambda: client.blocks([5, 6, 7]), tuple),
        (lambda: client.block_by_endpoint(5), dict),
        (lambda: client.finalized(3), Block),
        (client.safe, Block | None),
        (lambda: client.nonce(ADDRESS, pending=True), int),
        (lambda: client.balance(ADDRESS), int),
        (client.fees, Fees),
        (lambda: client.call_at(ADDRESS, b"", 5, BYTES), bytes),
        (lambda: client.estimate_gas(sender=ADDRESS, to=ADDRESS, call_data=b""), int),
        (lambda: client.send_raw(b"\x02"), bytes),
        (lambda: client.mined(BYTES), MinedTransaction | None),
        (lambda: client.logs(ADDRESS, [BYTES]), tuple),
        (lambda: client.logs_with_headers(ADDRESS, 5, 5), LogRange),
        (lambda: [client.all_logs(each) for each in client.filtered_blocks(5, 6)], list),
        (lambda: contract.party(1), object),
        (contract.party_count, int),
        (lambda: contract.batch(1, BYTES), object),
        (lambda: contract.status(1, BYTES, 0, BYTES), object),
        (lambda: contract.digest_statuses(1, [BYTES]), tuple),
        (lambda: contract.anchored_events(issuer=1), tuple),
        (lambda: contract.status_changes(1, BYTES), tuple),
        (lambda: contract.replacements(1, BYTES), dict),
        (lambda: contract.operators(1), tuple),
        (contract.verify_code, object),
        (lambda: state.parties([1, 2]), dict),
        (lambda: state.batches([KEY, KEY]), dict),
        (lambda: state.digests([KEY, KEY]), dict),
        (lambda: state.count("accreditationCount"), int),
        (lambda: state.accreditations([1, 2]), dict),
        (lambda: list(state.words([(1, BYTES, 0, 0, 2)])), list),
        (lambda: read_ledger(contract), object),
        (lambda: FactsReader(contract).facts(1, BYTES, 0, BYTES), object),
        (lambda: deployment.check(client), object),
        (lambda: deployment_seen(client, ADDRESS, b"\x01", 5), bool),
    ]


@settings(max_examples=150, deadline=None)
@given(reply=replies())
def test_only_errors_of_this_project_come_out_of_the_client(reply: Callable[[Json], Reply]) -> None:
    for question, kind in questions(Scripted(reply).client):
        found, error = answered(question)
        assert isinstance(found, kind) if error is None else error.diagnostics()


@settings(max_examples=50, deadline=None)
@given(one=replies(), two=replies())
def test_nor_out_of_several_endpoints(one: Callable[[Json], Reply], two: Callable[[Json], Reply]) -> None:
    client = ChainClient(Endpoints([Scripted(one).transport, Scripted(two).transport], clock=lambda: 0.0))
    try:
        for question in (
            client.chain_id,
            lambda: client.block("latest"),
            lambda: client.block_by_endpoint(5),
            lambda: client.blocks([1, 2]),
            lambda: client.send_raw(b"\x02"),
            lambda: client.logs_with_headers(ADDRESS, 5, 5),
            client.newest_told,
            client.endpoints,
        ):
            _, error = answered(question)
            assert error is None or isinstance(error, ChainUnavailable)
    finally:
        client.close()


@settings(max_examples=50, deadline=None)
@given(reply=replies())
def test_nor_out_of_an_indexer_which_confirms_nothing_by_them(reply: Callable[[Json], Reply]) -> None:
    client = Scripted(reply).client
    writer = IndexWriter(MEMORY, "eip155:1", ADDRESS)
    writer.forget()
    here = Indexer(CredentialRegistry(client, ADDRESS), writer, first_block=1)
    for _ in range(3):
        _, error = answered(here.step)
        assert error is None or error.code != "finality-violated"


MEMORY = open_database("sqlite:///:memory:")


class Provider:
    """A transport of somebody else that answers anything at all, in Python values."""

    def __init__(self, answer: object):
        self._answer = answer

    def make_request(self, _method: str, _params: object) -> object:
        return self._answer

    def make_batch_request(self, _requests: object) -> object:
        return self._answer


@settings(max_examples=50, deadline=None)
@given(answer=JSON | st.lists(st.fixed_dictionaries({"result": JSON}), max_size=4) | st.binary() | st.dates())
def test_nor_out_of_a_transport_of_somebody_else(answer: object) -> None:
    for question, _ in questions(ChainClient(Provider(answer))):
        _, error = answered(question)
        assert error is None or error.code


def test_the_honest_answers_are_understood() -> None:
    """Or else the tests above would be about nothing."""

    def reply(request: Json) -> Reply:
        def one(member: Json) -> Json:
            nothing_beside = member["method"] == "eth_getCode" and member["params"][0] != ADDRESS
            return {"id": member["id"], "result": "0x" if nothing_beside else HONEST[member["method"]]}

        return Reply([one(member) for member in request] if isinstance(request, list) else one(request))

    client = Scripted(reply).client
    assert isinstance(client.logs(ADDRESS)[0], Log)
    assert client.logs_with_headers(ADDRESS, 5, 5).last.number == 5
    assert client.mined(BYTES) is not None
    (filtered,) = client.filtered_blocks(5, 5)
    with pytest.raises(ChainUnavailable) as caught:
        client.all_logs(filtered)
    assert caught.value.code == "no-receipts"
    CredentialRegistry(client, ADDRESS).verify_code()
