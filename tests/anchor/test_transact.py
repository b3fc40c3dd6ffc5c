"""Transactions on the embedded chain, with an endpoint that loses, refuses and repeats: none lost, none sent as two."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from anchor.signer import KeySigner, development_signer
from anchor.transact import Sender
from anchor.waiting import wait_for
from registry.chain.client import ChainClient
from registry.chain.embedded import EmbeddedChain
from registry.chain.genesis import CHAIN_ID
from registry.errors import ChainBusy, ChainError, ChainUnavailable, ContractReverted, TransactionUnsettled
from registry.store.attempts import AttemptStore
from registry.store.folder import DataFolder

CHAIN = f"eip155:{CHAIN_ID}"
SOMEBODY = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
# PUSH0 PUSH0 REVERT as the code of a new contract: every call to `create` with it fails.
REVERTING = bytes.fromhex("5f5ffd")

Fault = Callable[[str, Any, Callable[[], Any]], Any]


class FaultyEndpoint:
    """The embedded chain behind an endpoint that a test can break."""

    def __init__(self, chain: EmbeddedChain):
        self.chain = chain
        self.fault: Fault | None = None
        self.sent = 0

    def make_request(self, method: Any, params: Any) -> Any:
        def forward() -> Any:
            self.sent += method == "eth_sendRawTransaction"
            return self.chain.make_request(method, params)

        return forward() if self.fault is None else self.fault(method, params, forward)


class World:
    """A chain, an endpoint in front of it, and a data folder that survives every restart of the sender."""

    def __init__(self, folder: Path):
        self.chain = EmbeddedChain(folder / "chain")
        self.endpoint = FaultyEndpoint(self.chain)
        self.folder = DataFolder(folder)
        self.signer = development_signer()

    def sender(self, signer: KeySigner | None = None, timeout: float = 0.2) -> Sender:
        """A sender as a new process would make it."""
        client = ChainClient(self.endpoint)
        return Sender(client, self.folder.engine, CHAIN, signer or self.signer, self.folder.path / "lock", timeout)

    @property
    def nonce(self) -> int:
        return self.chain.client().nonce(self.signer.address)

    @property
    def engine(self) -> Engine:
        return self.folder.engine

    def open(self) -> int:
        return len(AttemptStore(self.engine, CHAIN, self.signer.address).open())


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.chain.close()
    made.folder.close()


def test_a_transaction_is_mined_and_settled(world: World) -> None:
    mined = world.sender().settle("one", SOMEBODY, b"")
    assert mined.succeeded
    assert world.nonce == 1
    assert world.open() == 0


def test_bytes_are_stored_before_they_are_sent(world: World) -> None:
    stored_at_send = []

    def watch(method: str, params: Any, forward: Callable[[], Any]) -> Any:
        if method == "eth_sendRawTransaction":
            (attempt,) = AttemptStore(world.engine, CHAIN, world.signer.address).open()
            stored_at_send.append("0x" + attempt.raw.hex() == params[0])
        return forward()

    world.endpoint.fault = watch
    world.sender().settle("one", SOMEBODY, b"")
    assert stored_at_send == [True]


def test_a_lost_reply_does_not_send_a_second_transaction(world: World) -> None:
    def lose_reply(method: str, params: Any, forward: Callable[[], Any]) -> Any:
        answer = forward()
        if method == "eth_sendRawTransaction":
            raise ChainUnavailable("the connection was closed", code="chain-connection-lost")
        return answer

    world.endpoint.fault = lose_reply
    assert world.sender().settle("one", SOMEBODY, b"").succeeded
    assert (world.nonce, world.endpoint.sent, world.open()) == (1, 1, 0)


def test_after_a_crash_the_same_bytes_are_sent_again(world: World) -> None:
    swallowed = []

    def black_hole(method: str, params: Any, forward: Callable[[], Any]) -> Any:
        if method == "eth_sendRawTransaction":
            swallowed.append(params[0])
            return {"result": "0x" + "11" * 32}
        return forward()

    world.endpoint.fault = black_hole
    with pytest.raises(TransactionUnsettled):
        world.sender().settle("one", SOMEBODY, b"")
    assert (world.nonce, world.open()) == (0, 1)

    resent = []

    def record(method: str, params: Any, forward: Callable[[], Any]) -> Any:
        if method == "eth_sendRawTransaction":
            resent.append(params[0])
        return forward()

    world.endpoint.fault = record
    finished = world.sender().resume()
    assert finished["one"].succeeded
    assert resent == swallowed
    assert (world.nonce, world.open()) == (1, 0)


def test_a_repeated_request_takes_up_the_one_under_way(world: World) -> None:
    def fail_to_answer(method: str, params: Any, forward: Callable[[], Any]) -> Any:
        if method == "eth_getTransactionReceipt":
            raise ChainUnavailable("no answer")
        return forward()

    world.endpoint.fault = fail_to_answer
    with pytest.raises(TransactionUnsettled):
        world.sender().settle("one", SOMEBODY, b"")
    world.endpoint.fault = None
    world.sender().settle("one", SOMEBODY, b"")
    assert (world.nonce, world.open()) == (1, 0)


def test_another_request_waits_for_the_one_under_way(world: World) -> None:
    world.endpoint.fault = lambda method, params, forward: (
        {"result": "0x" + "11" * 32} if method == "eth_sendRawTransaction" else forward()
    )
    with pytest.raises(TransactionUnsettled):
        world.sender().settle("one", SOMEBODY, b"")
    world.endpoint.fault = None
    world.sender().settle("two", SOMEBODY, b"\x01")
    assert (world.nonce, world.open()) == (2, 0)


def test_a_nonce_that_another_transaction_took_for_good_is_given_up(world: World) -> None:
    world.endpoint.fault = lambda method, params, forward: (
        {"result": "0x" + "11" * 32} if method == "eth_sendRawTransaction" else forward()
    )
    with pytest.raises(TransactionUnsettled):
        world.sender().settle("one", SOMEBODY, b"")
    world.endpoint.fault = None
    elsewhere = DataFolder(world.folder.path / "elsewhere")
    client = ChainClient(world.endpoint)
    Sender(client, elsewhere.engine, CHAIN, world.signer, elsewhere.path / "lock", 1.0).settle("x", SOMEBODY, b"\x07")
    elsewhere.close()

    assert world.sender().settle("one", SOMEBODY, b"").succeeded
    assert (world.nonce, world.open()) == (2, 0)


def test_a_refusal_keeps_the_bytes_and_says_what_to_do(world: World) -> None:
    world.endpoint.fault = lambda method, params, forward: (
        {"error": {"code": -32000, "message": "insufficient funds for gas * price + value"}}
        if method == "eth_sendRawTransaction"
        else forward()
    )
    with pytest.raises(ChainError) as refusal:
        world.sender().settle("one", SOMEBODY, b"")
    assert refusal.value.code == "transaction-refused"
    assert "insufficient funds" in refusal.value.what
    assert world.signer.address in (refusal.value.remedy or "")
    assert world.open() == 1
    world.endpoint.fault = None
    world.sender().resume()
    assert (world.nonce, world.open()) == (1, 0)


@pytest.mark.parametrize("words", ["already known", "transaction already imported", "AlreadyKnown"])
def test_a_duplicate_send_is_no_error(world: World, words: str) -> None:
    def say_known(method: str, params: Any, forward: Callable[[], Any]) -> Any:
        answer = forward()
        return {"error": {"code": -32000, "message": words}} if method == "eth_sendRawTransaction" else answer

    world.endpoint.fault = say_known
    assert world.sender().settle("one", SOMEBODY, b"").succeeded
    assert world.nonce == 1


def test_what_would_revert_is_not_sent(world: World) -> None:
    target = _deployed(world, bytes.fromhex("5f5ffd"))
    before = world.nonce
    with pytest.raises(ContractReverted):
        world.sender().settle("one", target, b"")
    assert (world.nonce, world.open()) == (before, 0)


def test_a_second_process_of_the_folder_waits_and_says_so(world: World) -> None:
    first = world.sender()
    blocked: list[str] = []

    def second_process(method: str, params: Any, forward: Callable[[], Any]) -> Any:
        if method == "eth_sendRawTransaction":
            world.endpoint.fault = None
            with pytest.raises(ChainBusy) as refusal:
                world.sender().settle("two", SOMEBODY, b"")
            blocked.append(refusal.value.code)
        return forward()

    world.endpoint.fault = second_process
    first.settle("one", SOMEBODY, b"")
    assert blocked == ["sender-busy"]
    assert world.nonce == 1


def test_waiting_ends_at_its_deadline() -> None:
    asked = []
    assert wait_for(lambda: asked.append(1), 0.0) is None
    assert len(asked) == 1
    assert wait_for(lambda: "there", 0.0) == "there"


def _deployed(world: World, code: bytes) -> str:
    """The address of a contract with that code."""
    from registry.chain.deployment import SALT
    from registry.chain.genesis import DETERMINISTIC_DEPLOYER

    # PUSHn code, PUSH0 MSTORE, then return its last n bytes.
    size = len(code)
    initcode = bytes([0x5F + size]) + code + bytes.fromhex("5f5260") + bytes([size]) + b"\x60" + bytes([32 - size])
    mined = world.sender().settle("deploy", DETERMINISTIC_DEPLOYER, SALT + initcode + b"\xf3")
    assert mined.succeeded
    from registry.chain.deployment import create2_address

    address = create2_address(initcode + b"\xf3")
    assert world.chain.client().code(address) == code
    return address
