"""The client reads every kind of chain alike, and no endpoint, however broken, gets a wrong answer or a bare exception
through it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from registry.chain.deployment import DETERMINISTIC_DEPLOYER, create2_address
from registry.chain.rpc.client import ChainClient, RpcRefused
from registry.chain.rpc.connect import connect
from registry.chain.rpc.transport import public_url
from registry.embedded.genesis import DETERMINISTIC_DEPLOYER_CODE, DEVELOPMENT_ACCOUNTS
from registry.errors import ChainUnavailable, ContractReverted, RegistryError, SettingsError, WrongChain
from tests.registry.chain.worlds import (
    ECHO_INITCODE,
    ECHO_RUNTIME,
    ECHO_TOPIC,
    Behaviour,
    BrokenEndpoint,
    Exchange,
    World,
    unused_port,
)

Start = Callable[[Behaviour], BrokenEndpoint]
NOWHERE = "0x00000000000000000000000000000000000000aa"
HASH = "0x" + "11" * 32
REVERT_TEXT = bytes.fromhex("08c379a0") + (32).to_bytes(32, "big") + (5).to_bytes(32, "big") + b"no!!!".ljust(32, b"\0")


# The same on every kind of chain


@pytest.fixture(scope="module")
def echo(world: World) -> str:
    """A contract that emits without calldata and reverts with it."""
    if not world.client.code(create2_address(ECHO_INITCODE)):
        world.deploy(ECHO_INITCODE)
    return create2_address(ECHO_INITCODE)


def test_a_chain_has_an_id_and_a_genesis(world: World) -> None:
    genesis = world.client.block(0)
    assert genesis is not None
    assert genesis.number == 0
    assert genesis.parent_hash == bytes(32)
    assert world.client.genesis_hash() == genesis.hash
    assert world.client.chain_id() > 0


def test_a_transaction_is_mined_with_its_cost_and_its_place(world: World) -> None:
    before = world.client.balance(NOWHERE)
    mined = world.send(NOWHERE, value=5)
    block = world.client.block(mined.block_number)
    assert mined.succeeded
    assert mined.gas_used == 21_000
    assert mined.logs == ()
    assert mined.effective_gas_price > 0
    assert block is not None
    assert block.hash == mined.block_hash
    assert abs((datetime.now(UTC) - block.timestamp).total_seconds()) < 30
    assert world.client.balance(NOWHERE) == before + 5


def test_blocks_link_to_their_parents_and_latest_is_the_last(world: World) -> None:
    mined = world.send(NOWHERE)
    child, parent = world.client.block("latest"), world.client.block(mined.block_number - 1)
    assert child is not None
    assert parent is not None
    assert child.number == mined.block_number
    assert child.parent_hash == parent.hash
    assert child.timestamp >= parent.timestamp


def test_a_block_that_is_not_there_is_none(world: World) -> None:
    assert world.client.block(10**9) is None


def test_a_transaction_that_is_not_there_is_none(world: World) -> None:
    assert world.client.mined(bytes(31) + b"\x01") is None


def test_finalized_is_a_block_of_the_chain(world: World) -> None:
    finalized = world.client.finalized(None)
    assert finalized == world.client.block(finalized.number)


def test_nonce_balance_and_state_can_be_read_at_a_block(world: World) -> None:
    sender = DEVELOPMENT_ACCOUNTS[3]
    before, block = world.client.nonce(sender), world.client.block("latest")
    world.send(NOWHERE, account=3, value=1)
    assert block is not None
    assert world.client.nonce(sender) == world.client.nonce(sender, pending=True) == before + 1
    assert world.client.nonce(sender, at=block.number) == before
    assert world.client.balance(NOWHERE, at=block.number) == world.client.balance(NOWHERE) - 1


def test_fees_are_enough_for_the_next_transaction(world: World) -> None:
    base_fee, tip = world.client.fees()
    mined = world.send(NOWHERE, maxFeePerGas=2 * base_fee + tip, maxPriorityFeePerGas=tip)
    assert mined.succeeded


def test_the_deterministic_deployer_is_there_and_gives_the_address_computed(world: World, echo: str) -> None:
    assert world.client.code(DETERMINISTIC_DEPLOYER) == DETERMINISTIC_DEPLOYER_CODE
    assert world.client.code(echo) == ECHO_RUNTIME


def test_events_come_back_from_the_transaction_and_from_the_log(world: World, echo: str) -> None:
    mined = world.send(echo)
    (log,) = mined.logs
    assert (log.address, log.topics, int.from_bytes(log.data, "big")) == (echo, (ECHO_TOPIC,), 42)
    assert world.client.logs(echo, [ECHO_TOPIC], mined.block_number, mined.block_number) == (log,)
    assert world.client.logs(echo, [[bytes(32), ECHO_TOPIC]], mined.block_number) == (log,)
    assert world.client.logs(echo, [None], mined.block_number) == (log,)
    assert world.client.logs(echo, [bytes(32)]) == ()
    if world.name != "anvil":  # anvil 1.7.1 lets a topic that is not there match "any"
        assert world.client.logs(echo, [ECHO_TOPIC, None]) == ()
    assert world.client.logs(NOWHERE, [ECHO_TOPIC]) == ()


def test_a_reverted_transaction_is_mined_and_did_not_succeed(world: World, echo: str) -> None:
    mined = world.send(echo, REVERT_TEXT)
    assert not mined.succeeded
    assert mined.logs == ()


def test_a_revert_becomes_the_contracts_own_words(world: World, echo: str) -> None:
    for refused in (
        lambda: world.client.call(echo, REVERT_TEXT),
        lambda: world.client.estimate_gas(sender=DEVELOPMENT_ACCOUNTS[0], to=echo, call_data=REVERT_TEXT),
    ):
        with pytest.raises(ContractReverted, match="the contract refused: no!!!") as caught:
            refused()
        assert caught.value.error == "Error"
        assert caught.value.arguments == {"message": "no!!!"}


def test_an_unknown_error_of_a_contract_is_shown_as_it_came(world: World, echo: str) -> None:
    with pytest.raises(ContractReverted, match="0xdeadbeef") as caught:
        world.client.call(echo, bytes.fromhex("deadbeef"))
    assert caught.value.error == ""


def test_an_address_without_code_is_no_contract(world: World) -> None:
    with pytest.raises(WrongChain, match="there is no contract at") as caught:
        world.client.call(NOWHERE, b"\x01\x02\x03\x04")
    assert caught.value.code == "no-contract"
    assert caught.value.remedy


def test_estimated_gas_suffices(world: World, echo: str) -> None:
    for to, data, value in ((NOWHERE, b"", 1), (NOWHERE, b"\0\x01" * 500, 0), (echo, b"", 0)):
        gas = world.client.estimate_gas(sender=DEVELOPMENT_ACCOUNTS[0], to=to, call_data=data, value=value)
        mined = world.send(to, data, gas=gas, value=value)
        assert mined.succeeded
        assert mined.gas_used <= gas < 2 * mined.gas_used


def test_a_refused_transaction_says_what_the_node_said(world: World) -> None:
    raw = world.signed(NOWHERE)
    world.settled(world.client.send_raw(raw))
    with pytest.raises(RpcRefused) as caught:
        world.client.send_raw(world.signed(NOWHERE, nonce=0))
    assert "nonce too low" in caught.value.rpc_message.lower()
    with pytest.raises(RpcRefused):
        world.client.send_raw(b"\x02garbage")
    with pytest.raises(RpcRefused, match=r"(?i)insufficient funds"):
        world.client.send_raw(world.signed(NOWHERE, value=10**30))


def test_an_unknown_method_is_refused_with_its_code(world: World) -> None:
    with pytest.raises(RpcRefused) as caught:
        world.client.request("eth_nonsense")
    assert caught.value.rpc_code == -32601


# Endpoints that are broken or lie


def bodies() -> dict[str, Behaviour]:
    def with_body(content: bytes) -> Behaviour:
        return lambda exchange: exchange.body(content)

    def other_id(exchange: Exchange) -> None:
        exchange.request["id"] = 999
        exchange.answer("0x1")

    return {
        "html": with_body(b"<html>welcome</html>"),
        "nothing": with_body(b""),
        "half of the JSON": with_body(b'{"jsonrpc":"2.0","id":1,"res'),
        "not an object": with_body(b"[]"),
        "a number": with_body(b"7"),
        "neither result nor error": with_body(b'{"jsonrpc":"2.0","id":1}'),
        "nested without end": with_body(b"[" * 200_000),
        "not UTF-8": with_body(b'{"id":1,"result":"\xff\xfe"}'),
        "another request's answer": other_id,
        "null": lambda exchange: exchange.answer(None),
        "a number instead of hexadecimal": lambda exchange: exchange.answer(31337),
        "hexadecimal without 0x": lambda exchange: exchange.answer("7a69"),
        "an empty quantity": lambda exchange: exchange.answer("0x"),
        "an object": lambda exchange: exchange.answer({"a": 1}),
        "digits that are none": lambda exchange: exchange.answer("0xzz"),
        "a quantity beyond 256 bits": lambda exchange: exchange.answer("0x" + "f" * 5000),
    }


@pytest.mark.parametrize("name", bodies())
def test_garbage_is_unavailable_and_says_where(broken: Start, name: str) -> None:
    endpoint = broken(bodies()[name])
    with pytest.raises(ChainUnavailable) as caught:
        endpoint.client().chain_id()
    assert caught.value.code == "chain-garbage"
    assert caught.value.where == endpoint.url
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("status", "headers", "code", "said"),
    [
        (429, {"Retry_After": "7"}, "chain-rate-limited", "in 7 seconds"),
        (429, {"Retry_After": "<script>"}, "chain-rate-limited", "Wait"),
        (503, {}, "chain-http-status", "503"),
        (401, {}, "chain-access-refused", "key"),
        (301, {"Location": "http://127.0.0.1:1/"}, "chain-http-status", "301"),
    ],
)
def test_an_http_status_is_unavailable(
    broken: Start, status: int, headers: dict[str, str], code: str, said: str
) -> None:
    endpoint = broken(lambda exchange: exchange.body(b'{"id":1,"result":"0x1"}', status, **headers))
    with pytest.raises(ChainUnavailable) as caught:
        endpoint.client().chain_id()
    assert caught.value.code == code
    assert said in caught.value.diagnostics()
    assert endpoint.methods == ["eth_chainId"], "a status is an answer: it is not asked again"


def test_nothing_listening_is_unavailable() -> None:
    with pytest.raises(ChainUnavailable, match="nothing answers there") as caught:
        connect(f"http://127.0.0.1:{unused_port()}").chain_id()
    assert caught.value.code == "chain-unreachable"


def test_a_host_without_address_is_unavailable() -> None:
    with pytest.raises(ChainUnavailable) as caught:
        connect("http://chain.invalid", timeout=5).chain_id()
    assert caught.value.code == "chain-unreachable"


@pytest.mark.parametrize(
    "behaviour",
    [
        Exchange.hang,
        Exchange.drip,
        lambda exchange: exchange.drip(b"", b"H"),
        lambda exchange: exchange.drip(b"HTTP/1.1 200 OK\r\nX: ", b"x"),
        lambda exchange: exchange.drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        lambda exchange: exchange.drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"),
        lambda exchange: exchange.drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    ],
    ids=["hangs", "body", "status line", "header", "continue for ever", "length of a chunk", "chunks"],
)
def test_an_endless_answer_ends_at_the_timeout(broken: Start, behaviour: Behaviour) -> None:
    with pytest.raises(ChainUnavailable, match=r"within 0\.3 seconds") as caught:
        broken(behaviour).client(timeout=0.3).chain_id()
    assert caught.value.code == "chain-timeout"


def test_a_refusal_whose_body_does_not_end_is_one_all_the_same(broken: Start) -> None:
    endless = broken(
        lambda exchange: exchange.drip(b"HTTP/1.1 429 Slow\r\nRetry-After: 9\r\nContent-Length: 999\r\n\r\n")
    )
    with pytest.raises(ChainUnavailable) as caught:
        endless.client(timeout=0.3).chain_id()
    assert (caught.value.code, caught.value.retry_after) == ("chain-rate-limited", 9)


def test_a_lost_connection_is_asked_once_more_for_a_read(broken: Start) -> None:
    def first_lost(exchange: Exchange) -> None:
        exchange.hang_up() if len(endpoint.methods) == 1 else exchange.answer("0x7a69")

    endpoint = broken(first_lost)
    assert endpoint.client().chain_id() == 31337
    endpoint.behaviour = Exchange.hang_up
    with pytest.raises(ChainUnavailable) as caught:
        endpoint.client().chain_id()
    assert caught.value.code == "chain-connection-lost"
    assert len(endpoint.methods) == 4


@pytest.mark.parametrize("behaviour", [Exchange.hang_up, lambda e: e.body(b"", 503)], ids=["hangs up", "503"])
def test_a_send_is_never_repeated(broken: Start, behaviour: Behaviour) -> None:
    endpoint = broken(behaviour)
    with pytest.raises(ChainUnavailable):
        endpoint.client().send_raw(b"\x02raw")
    assert endpoint.methods == ["eth_sendRawTransaction"]


def test_an_answer_cut_short_is_unavailable(broken: Start) -> None:
    whole = b'{"jsonrpc":"2.0","id":1,"result":"0x1"}'
    with pytest.raises(ChainUnavailable) as caught:
        broken(lambda exchange: exchange.body(whole, claimed=len(whole) + 10)).client().chain_id()
    assert caught.value.code == "chain-connection-lost"


def test_an_answer_without_end_in_size_is_refused(broken: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("registry.chain.rpc.transport.MAXIMUM_ANSWER_BYTES", 10_000)
    with pytest.raises(ChainUnavailable, match="larger than 10000 bytes"):
        broken(lambda exchange: exchange.body(b" " * 100_000)).client().chain_id()


BLOCK = {"number": "0x5", "hash": HASH, "parentHash": HASH, "timestamp": "0x65000000", "baseFeePerGas": "0x7"}
RECEIPT = {
    "transactionHash": HASH,
    "blockNumber": "0x5",
    "blockHash": HASH,
    "status": "0x1",
    "gasUsed": "0x5208",
    "logs": [],
    "effectiveGasPrice": "0x1",
    "contractAddress": None,
}
LOG = {
    "address": NOWHERE,
    "topics": [HASH],
    "data": "0x",
    "blockNumber": "0x5",
    "blockHash": HASH,
    "transactionHash": HASH,
    "transactionIndex": "0x0",
    "logIndex": "0x0",
}


def test_a_newest_block_beyond_all_databases_is_garbage(broken: Start) -> None:
    for number, is_sound in (("0x7fffffffffffffff", True), ("0x8000000000000000", False), ("0x" + "ff" * 32, False)):
        client = broken(lambda exchange, number=number: exchange.answer(BLOCK | {"number": number})).client()
        if is_sound:
            assert client.block("latest")
            continue
        with pytest.raises(ChainUnavailable) as caught:
            client.block("latest")
        assert caught.value.code == "chain-garbage"


@pytest.mark.parametrize(
    "changes",
    [
        {"hash": None},
        {"hash": "0x1234"},
        {"number": "0x6"},
        {"timestamp": "0x" + "f" * 16},
        {"parentHash": 5},
        {"number": None},
        {"baseFeePerGas": "seven"},
    ],
    ids=str,
)
def test_a_block_that_makes_no_sense_is_garbage(broken: Start, changes: dict[str, object]) -> None:
    with pytest.raises(ChainUnavailable) as caught:
        broken(lambda exchange: exchange.answer(BLOCK | changes)).client().block(5)
    assert caught.value.code == "chain-garbage"


@pytest.mark.parametrize("changes", [{"status": "0x2"}, {"status": None}, {"logs": None}, {"logs": [{}]}], ids=str)
def test_a_mined_transaction_that_makes_no_sense_is_garbage(broken: Start, changes: dict[str, object]) -> None:
    with pytest.raises(ChainUnavailable) as caught:
        broken(lambda exchange: exchange.answer(RECEIPT | changes)).client().mined(bytes.fromhex(HASH[2:]))
    assert caught.value.code == "chain-garbage"


def test_an_answer_about_another_transaction_is_garbage(broken: Start) -> None:
    with pytest.raises(ChainUnavailable, match="another transaction"):
        broken(lambda exchange: exchange.answer(RECEIPT)).client().mined(bytes(32))


def test_events_of_another_contract_are_garbage(broken: Start) -> None:
    endpoint = broken(lambda exchange: exchange.answer([LOG]))
    assert len(endpoint.client().logs(NOWHERE)) == 1
    with pytest.raises(ChainUnavailable, match="another contract"):
        endpoint.client().logs(DETERMINISTIC_DEPLOYER)


OTHER = bytes(31) + b"\x02"


@pytest.mark.parametrize(
    ("topics", "blocks"),
    [
        ([OTHER], (0, "latest")),
        ([None, OTHER], (0, "latest")),
        ([[OTHER, bytes(32)]], (0, "latest")),
        ([], (6, "latest")),
        ([], (0, 4)),
    ],
)
def test_events_that_were_not_asked_for_are_garbage(
    broken: Start, topics: list[bytes], blocks: tuple[int, int]
) -> None:
    """An endpoint that ignores the filter must not pass one batch's events off as another's."""
    client = broken(lambda exchange: exchange.answer([LOG])).client()
    wanted = bytes.fromhex(HASH[2:])
    assert len(client.logs(NOWHERE, [wanted], 5, 5)) == len(client.logs(NOWHERE, [[OTHER, wanted], None])) == 1
    with pytest.raises(ChainUnavailable, match="not asked for") as caught:
        client.logs(NOWHERE, topics, *blocks)
    assert caught.value.code == "chain-garbage"


@pytest.mark.parametrize(
    "error",
    [
        {"code": 3, "message": "execution reverted", "data": "0x" + REVERT_TEXT.hex()},
        {"code": -32000, "message": "Execution reverted", "data": "0x" + REVERT_TEXT.hex()},
        {"code": -32015, "message": "VM execution error.", "data": "Reverted 0x" + REVERT_TEXT.hex()},
        {"code": -32603, "message": "revert", "data": {"data": "0x" + REVERT_TEXT.hex()}},
    ],
    ids=["geth", "besu", "nethermind", "nested"],
)
def test_every_clients_way_to_say_reverted_is_understood(broken: Start, error: dict[str, object]) -> None:
    with pytest.raises(ContractReverted, match="no!!!"):
        broken(lambda exchange: exchange.error(error)).client().call(NOWHERE, b"")


@pytest.mark.parametrize(
    "thrown",
    ["", "0x", "0x08c379a0", "0x08c379a0" + "ff" * 64, "0x4e487b71" + "00" * 31 + "11", "0x0102", "0xnothex", 7, None],
)
def test_whatever_a_revert_carries_becomes_a_sentence(broken: Start, thrown: object) -> None:
    error = {"code": 3, "message": "execution reverted", "data": thrown}
    with pytest.raises(ContractReverted, match=r"the contract refused: ."):
        broken(lambda exchange: exchange.error(error)).client().call(NOWHERE, b"")


@pytest.mark.parametrize(
    "error", ["a text", 7, [], {"code": "x"}, {"message": None}, {"code": -32005, "message": "x" * 9999}]
)
def test_any_error_answer_is_unavailable_and_bounded(broken: Start, error: object) -> None:
    with pytest.raises(RpcRefused) as caught:
        broken(lambda exchange: exchange.error(error)).client().call(NOWHERE, b"")
    assert len(str(caught.value)) < 800


def test_finality_is_never_guessed(broken: Start) -> None:
    def without_tag(exchange: Exchange) -> None:
        at = exchange.request["params"][0]
        if at == "finalized":
            exchange.error({"code": -39001, "message": "Unknown block"})
        else:
            exchange.answer(BLOCK | {"number": "0x64" if at == "latest" else at})

    client = broken(without_tag).client()
    with pytest.raises(ChainUnavailable) as caught:
        client.finalized(None)
    assert caught.value.code == "no-finality"
    assert client.finalized(12).number == 100 - 12
    assert client.finalized(1000).number == 0


def test_a_chain_without_base_fee_is_told_so(broken: Start) -> None:
    def legacy(exchange: Exchange) -> None:
        exchange.answer({k: v for k, v in BLOCK.items() if "Fee" not in k})

    with pytest.raises(WrongChain, match="EIP-1559") as caught:
        broken(legacy).client().fees()
    assert caught.value.code == "no-base-fee"


def test_any_provider_will_do_and_its_exceptions_stay_inside() -> None:
    class Provider:
        def make_request(self, method: str, params: object) -> object:
            raise RuntimeError("https://secret@host/key")

    with pytest.raises(ChainUnavailable, match="RuntimeError") as caught:
        ChainClient(Provider()).chain_id()
    assert "secret" not in caught.value.diagnostics()
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.parametrize("world", ["devnet", "anvil"], indirect=True)
def test_a_web3_provider_will_do(world: World) -> None:
    from web3 import HTTPProvider

    client = ChainClient(HTTPProvider(world.url, exception_retry_configuration=None))
    assert client.block(0) == world.client.block(0)


# What people see


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:secret@rpc.example:8443/v3/key?apikey=1", "https://rpc.example:8443/…"),
        ("http://127.0.0.1:8545", "http://127.0.0.1:8545"),
        ("http://[::1]:8545/", "http://[::1]:8545"),
    ],
)
def test_keys_in_a_url_are_not_shown(url: str, shown: str) -> None:
    assert public_url(url) == shown


def test_user_and_password_are_sent_and_not_shown(broken: Start) -> None:
    seen: list[str | None] = []

    def record(exchange: Exchange) -> None:
        seen.append(exchange.handler.headers.get("Authorization"))
        exchange.body(b"", 403)

    endpoint = broken(record)
    client = connect(endpoint.url.replace("http://", "http://user:secret@"))
    with pytest.raises(ChainUnavailable) as caught:
        client.chain_id()
    assert seen == ["Basic dXNlcjpzZWNyZXQ="]
    assert "secret" not in caught.value.diagnostics()
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:8545", "ws://127.0.0.1", "http://", "http://host:99999", "file:///etc/x"]
)
def test_a_url_that_is_none_is_a_setting_to_correct(url: str) -> None:
    with pytest.raises(SettingsError):
        connect(url)


def test_every_error_here_is_one_a_command_catches() -> None:
    assert issubclass(RpcRefused, ChainUnavailable)
    assert issubclass(ChainUnavailable, RegistryError)


def test_importing_the_client_is_cheap() -> None:
    heavy = ("web3", "eth", "eth_tester", "eth_abi", "eth_account", "urllib3", "requests", "starlette")
    program = f"import sys, registry.chain.rpc.client; print([m for m in {heavy} if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout.strip() == "[]"
