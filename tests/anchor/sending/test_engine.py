"""Transactions on the embedded chain, with an endpoint that loses, refuses and repeats: none lost, none sent as two."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine as Database
from sqlalchemy import select, update

from anchor.books.anchoring import AnchorStore
from anchor.books.attempts import AttemptStore
from anchor.books.batches import BatchStore
from anchor.books.folder import DataFolder
from anchor.books.leases import command_lease
from anchor.books.tables import BY_PERSON, BatchState, attempt, batch
from anchor.sending.accounts import development_signer
from anchor.sending.behind import Knowledge
from anchor.sending.driver import Policy
from anchor.sending.engine import Engine
from anchor.sending.fees import GWEI, Offer
from anchor.sending.signed import terms_of, unsigned
from anchor.sending.waiting import wait_for
from anchor.settings import Settings
from anchor.workspace import Workspace
from registry.chain.abi import artifact
from registry.chain.contract import CredentialRegistry
from registry.chain.deployment import DETERMINISTIC_DEPLOYER, SALT, create2_address, deploy_data
from registry.chain.editions import second
from registry.chain.rpc.client import ChainClient
from registry.embedded.chain import EmbeddedChain
from registry.embedded.genesis import CHAIN_ID
from registry.errors import ChainBusy, ChainError, ChainUnavailable, ContractReverted, TransactionUnsettled

CHAIN = f"eip155:{CHAIN_ID}"
CONTRACT = second().address
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
    """A chain, an endpoint in front of it, and a data folder that survives every restart of the program."""

    def __init__(self, folder: Path):
        self.chain = EmbeddedChain(folder / "chain")
        self.endpoint = FaultyEndpoint(self.chain)
        self.folder = DataFolder(folder)
        self.signer = development_signer()

    def sender(self, timeout: float = 0.2) -> Engine:
        """An engine as a new process would make it."""
        return self.sender_of(self.folder, timeout=timeout)

    def sender_of(
        self,
        folder: DataFolder,
        *,
        timeout: float = 1.0,
        ceiling: int | None = None,
    ) -> Engine:
        contract = CredentialRegistry(ChainClient(self.endpoint), CONTRACT)
        lease = command_lease(folder.engine, CHAIN, self.signer.address)
        batches = BatchStore(folder.engine, CHAIN, CONTRACT)
        attempts = AttemptStore(folder.engine, CHAIN, self.signer.address)
        return Engine(
            contract,
            self.signer,
            CHAIN_ID,
            AnchorStore(folder.engine, CHAIN, CONTRACT, lease),
            lease,
            folder.path / "lock",
            timeout,
            policy=Policy(fee_ceiling=ceiling, bump_blocks=Settings().bump_blocks),
            finality_depth=None,
            knowledge=Knowledge(contract, batches, attempts, self.signer.address),
        )

    @property
    def nonce(self) -> int:
        return self.chain.client().nonce(self.signer.address)

    @property
    def engine(self) -> Database:
        return self.folder.engine

    def open(self) -> int:
        """How many nonces are not settled."""
        return len({nonce for nonce, _ in self.unsettled()})

    def unsettled(self) -> list[tuple[int, bytes]]:
        """The nonce and bytes of what is signed and may yet be mined."""
        with self.engine.connect() as connection:
            query = select(attempt.c.nonce, attempt.c.raw).where(attempt.c.settled_at.is_(None))
            return [(nonce, raw) for nonce, raw in connection.execute(query)]


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
            ((_, raw),) = world.unsettled()
            stored_at_send.append("0x" + raw.hex() == params[0])
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
    world.sender().carry([], all_under_way=True)
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
    world.sender_of(elsewhere).settle("x", SOMEBODY, b"\x07")
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
    assert world.sender().settle("one", SOMEBODY, b"").succeeded
    assert (world.nonce, world.open()) == (1, 0)


@pytest.mark.parametrize("words", ["already known", "transaction already imported", "AlreadyKnown"])
def test_a_duplicate_send_is_no_error(world: World, words: str) -> None:
    def say_known(method: str, params: Any, forward: Callable[[], Any]) -> Any:
        answer = forward()
        return {"error": {"code": -32000, "message": words}} if method == "eth_sendRawTransaction" else answer

    world.endpoint.fault = say_known
    assert world.sender().settle("one", SOMEBODY, b"").succeeded
    assert world.nonce == 1


# What pools ask for, and what becomes dear


class Pool:
    """An endpoint whose pool takes what pays enough, and whose chain may have moved on in the meantime.

    Attributes:
        least_tip, base_fee, suggested_tip: wei per gas; the last two as the endpoint tells them.
        swallows: what the pool takes is in no block if it pays less than that.
        mines_from: no block comes before something with that nonce is in the pool.
        blocks: by how many the chain has grown.
        offers: of everything that was sent, by nonce.
    """

    def __init__(self, world: World, *, suggested_tip: int = 3 * GWEI // 2):
        self.least_tip = self.swallows = 0
        self.base_fee, self.suggested_tip = GWEI, suggested_tip
        self.blocks, self.grows = 0, False
        self.offers: list[tuple[int, Offer]] = []
        self.mines_from = 0
        self._waiting: list[Callable[[], Any]] = []
        world.endpoint.fault = self

    def __call__(self, method: str, params: Any, forward: Callable[[], Any]) -> Any:
        if method == "eth_maxPriorityFeePerGas":
            return {"result": hex(self.suggested_tip)}
        if method == "eth_getBlockByNumber":
            found = forward()
            self.blocks += 3 * (self.grows and params[0] == "latest")
            # What is asked for by its number is where it always was.
            shift = self.blocks if params[0] == "latest" else 0
            number = hex(int(found["result"]["number"], 16) + shift)
            return {"result": {**found["result"], "baseFeePerGas": hex(self.base_fee), "number": number}}
        if method == "eth_sendRawTransaction":
            return self._sent(bytes.fromhex(params[0][2:]), forward)
        return forward()

    def _sent(self, raw: bytes, forward: Callable[[], Any]) -> Any:
        offer = terms_of(raw).offer
        self.offers.append((unsigned(raw)["nonce"], offer))
        if offer.max_fee < self.base_fee:
            return _refusal("max fee per gas less than block base fee")
        if offer.tip < self.least_tip:
            return _refusal(f"transaction underpriced: tip needed {self.least_tip}, tip permitted {offer.tip}")
        if offer.max_fee < self.swallows:
            return {"result": "0x" + "11" * 32}
        self._waiting.append(forward)
        if unsigned(raw)["nonce"] < self.mines_from:
            return {"result": "0x" + "11" * 32}
        answers, self._waiting = [each() for each in self._waiting], []
        return answers[-1]


def _refusal(words: str) -> Any:
    return {"error": {"code": -32000, "message": words}}


def test_what_the_pool_takes_is_found_though_the_endpoint_suggests_too_little(world: World) -> None:
    pool = Pool(world)
    pool.least_tip = 25 * GWEI
    assert world.sender().settle("one", SOMEBODY, b"").succeeded
    assert {nonce for nonce, _ in pool.offers} == {0}
    assert len(pool.offers) <= 6
    assert pool.offers[-1][1].tip < 60 * GWEI
    assert (world.nonce, world.open()) == (1, 0)


def test_an_urgent_transaction_is_not_held_up_by_one_that_pays_too_little(world: World) -> None:
    pool = Pool(world)
    pool.least_tip = 1000 * GWEI
    with pytest.raises(ChainError) as refusal:
        world.sender().settle("anchor", SOMEBODY, b"")
    assert refusal.value.code == "fee-ceiling"
    assert "tip needed" in refusal.value.what
    assert (world.nonce, world.open()) == (0, 1)
    # The pool asks for less again, which is more than was offered first.
    pool.least_tip = 25 * GWEI
    assert world.sender().settle("revoke", SOMEBODY, b"\x01").succeeded
    assert (world.nonce, world.open()) == (2, 0)


def test_all_that_is_under_way_is_sent_before_any_of_it_is_waited_for(world: World) -> None:
    pool = Pool(world)
    pool.mines_from = 4
    for number in range(3):
        with pytest.raises(TransactionUnsettled):
            world.sender().settle(f"{number}", SOMEBODY, b"")
    pool.base_fee, pool.mines_from = 90 * GWEI, 3
    assert world.sender().settle("revoke", SOMEBODY, b"\x01").succeeded
    assert (world.nonce, world.open()) == (4, 0)


def test_a_base_fee_that_rises_after_signing_is_paid(world: World) -> None:
    pool = Pool(world)
    pool.swallows = 100 * GWEI
    with pytest.raises(TransactionUnsettled):
        world.sender().settle("anchor", SOMEBODY, b"")
    pool.swallows, pool.base_fee = 0, 90 * GWEI
    assert world.sender().settle("revoke", SOMEBODY, b"\x01").succeeded
    assert (world.nonce, world.open()) == (2, 0)


def test_what_no_block_takes_is_raised_while_it_is_waited_for(world: World) -> None:
    pool = Pool(world)
    pool.grows, pool.swallows = True, 5 * GWEI
    assert world.sender(timeout=20).settle("one", SOMEBODY, b"").succeeded
    tried = [offer.max_fee for _, offer in pool.offers]
    assert tried == sorted(set(tried))
    assert (world.nonce, world.open()) == (1, 0)


def test_nothing_is_signed_above_the_ceiling(world: World) -> None:
    pool = Pool(world)
    with pytest.raises(ChainError) as refusal:
        world.sender_of(world.folder, ceiling=GWEI).settle("one", SOMEBODY, b"")
    assert refusal.value.code == "fee-ceiling"
    assert "2.5" not in refusal.value.what
    assert "1.5" in refusal.value.what
    assert "TESTAMUR_FEE_CEILING_GWEI" in (refusal.value.remedy or "")
    assert (world.open(), pool.offers) == (0, [])


def test_what_was_signed_is_not_raised_above_the_ceiling(world: World) -> None:
    pool = Pool(world)
    pool.least_tip, ceiling = 25 * GWEI, 10 * GWEI
    for purpose in ("anchor", "revoke"):
        with pytest.raises(ChainError) as refusal:
            world.sender_of(world.folder, ceiling=ceiling).settle(purpose, SOMEBODY, b"")
        assert refusal.value.code == "fee-ceiling"
    pool.base_fee = 11 * GWEI
    with pytest.raises(ChainError) as refusal:
        world.sender_of(world.folder, ceiling=ceiling).carry([], all_under_way=True)
    assert refusal.value.code == "fee-ceiling"
    assert max(offer.max_fee for _, offer in pool.offers) <= ceiling
    assert world.sender_of(world.folder, ceiling=60 * GWEI).settle("revoke", SOMEBODY, b"").succeeded
    assert (world.nonce, world.open()) == (2, 0)


def test_what_no_chain_takes_is_given_up_and_holds_nothing_up(world: World) -> None:
    world.endpoint.fault = lambda method, params, forward: (
        _refusal("transaction type not supported") if method == "eth_sendRawTransaction" else forward()
    )
    for _ in range(2):
        with pytest.raises(ChainError) as refusal:
            world.sender().settle("one", SOMEBODY, b"")
        assert refusal.value.code == "transaction-refused"
        assert "type not supported" in refusal.value.what
        assert "EIP-1559" in (refusal.value.remedy or "")
        assert world.open() == 0
    world.endpoint.fault = None
    assert world.sender().settle("one", SOMEBODY, b"").succeeded
    assert world.nonce == 1


@pytest.mark.parametrize(
    "decided", [{"state": BatchState.PARKED, "parked_code": BY_PERSON}, {"cancel_requested": 1}, {"state": "cancelled"}]
)
def test_an_anchor_that_a_person_does_not_want_is_not_sent_again(world: World, decided: dict[str, Any]) -> None:
    world.sender().settle("deploy", DETERMINISTIC_DEPLOYER, deploy_data(artifact().initcode))
    register = CredentialRegistry.register_party_data("did:web:a.example", bytes(32))
    world.sender().settle("register", CONTRACT, register)
    row = BatchStore(world.engine, CHAIN, CONTRACT).add(1, b"\x07" * 32, 1, [], sealed_at=0)
    pool = Pool(world)
    pool.swallows = 1000 * GWEI
    with pytest.raises(TransactionUnsettled):
        world.sender().carry([row])
    with world.engine.begin() as connection:
        connection.execute(update(batch).values(decided))
    anchor, before = pool.offers[-1], world.nonce
    pool.swallows = 0
    world.sender().carry([], all_under_way=True)
    # What was asked back has its nonce used for nothing at once.
    assert world.nonce == before + ("cancel_requested" in decided)
    # What comes after it needs its nonce used; by something that does nothing.
    assert world.sender(timeout=20).settle("revoke", SOMEBODY, b"\x01").succeeded
    assert pool.offers.count(anchor) == 1
    assert (world.nonce, world.open()) == (before + 2, 0)


def test_the_ceiling_of_the_settings_holds_for_commands(tmp_path: Path) -> None:
    with Workspace(Settings(data_folder=tmp_path, fee_ceiling_gwei=1e-9)) as workspace:
        with pytest.raises(ChainError) as refusal:
            workspace.deploy()
        assert refusal.value.code == "fee-ceiling"


def test_nobody_sends_but_those_who_keep_the_ceiling() -> None:
    sources = Path(__file__).parents[3] / "anchor"
    senders = {path.name for path in sources.rglob("*.py") if ".send_raw(" in path.read_text(encoding="utf-8")}
    assert senders == {"driver.py", "line.py"}


def test_what_would_revert_is_not_sent(world: World) -> None:
    target = _deployed(world, bytes.fromhex("5f5ffd"))
    before = world.nonce
    with pytest.raises(ContractReverted):
        world.sender().settle("one", target, b"")
    assert (world.nonce, world.open()) == (before, 0)


def test_what_was_refused_in_its_block_holds_nobody_up(world: World) -> None:
    target = _deployed(world, bytes.fromhex("5f5ffd"))

    def estimated_and_not_final(method: str, params: Any, forward: Callable[[], Any]) -> Any:
        if method == "eth_getBlockByNumber" and params[0] in ("finalized", "safe"):
            return world.chain.make_request(method, ["0x0", False])
        return {"result": hex(100_000)} if method == "eth_estimateGas" else forward()

    world.endpoint.fault = estimated_and_not_final
    with pytest.raises(ContractReverted):
        world.sender().settle("one", target, b"")
    assert world.sender().settle("two", SOMEBODY, b"\x01").succeeded


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
    # PUSHn code, PUSH0 MSTORE, then return its last n bytes.
    size = len(code)
    initcode = bytes([0x5F + size]) + code + bytes.fromhex("5f5260") + bytes([size]) + b"\x60" + bytes([32 - size])
    mined = world.sender().settle("deploy", DETERMINISTIC_DEPLOYER, SALT + initcode + b"\xf3")
    assert mined.succeeded
    address = create2_address(initcode + b"\xf3")
    assert world.chain.client().code(address) == code
    return address
