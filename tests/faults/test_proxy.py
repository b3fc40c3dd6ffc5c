"""The fault proxy and the harness themselves, on a real node: a fault that does not happen would prove nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import pytest
import urllib3

from registry.chain.contract import CredentialRegistry
from registry.chain.rpc.client import ChainClient, RpcRefused
from registry.chain.rpc.connect import connect
from registry.chain.rpc.hexadecimal import to_hex
from registry.errors import ChainUnavailable
from tests.faults import proxy as faults
from tests.faults.harness import DAEMON, Chain, chain, common_proof, wait_until
from tests.faults.proxy import SEND, Call, FaultProxy, ReplacementRule

SHORT_SECONDS = 0.4


@pytest.fixture(scope="module")
def node() -> Iterator[Chain]:
    """One node for all tests here: each leaves an empty pool and a contract that works."""
    with chain(issuers=2) as made:
        yield made


@pytest.fixture
def proxy(node: Chain) -> Iterator[FaultProxy]:
    with FaultProxy(node.url) as made:
        yield made
    node.drop_all_pending()


@pytest.fixture
def client(proxy: FaultProxy) -> Iterator[ChainClient]:
    made = connect(proxy.url)
    yield made
    made.close()


@pytest.fixture
def hasty(proxy: FaultProxy) -> Iterator[ChainClient]:
    """A client that soon gives up."""
    made = connect(proxy.url, timeout=SHORT_SECONDS)
    yield made
    made.close()


def signed(node: Chain, **fields: int) -> bytes:
    """A transfer of the daemon's account that costs little."""
    return node.world.signed(node.daemon, b"", account=DAEMON, **({"gas": 21_000} | fields))


def code_of(client: ChainClient, raw: bytes) -> str:
    """The error of a send."""
    with pytest.raises(ChainUnavailable) as refusal:
        client.send_raw(raw)
    return refusal.value.code


def test_without_rules_everything_goes_through_and_is_recorded(
    node: Chain, proxy: FaultProxy, client: ChainClient
) -> None:
    raw = signed(node)
    sent = client.send_raw(raw)
    assert node.pending() == [sent]
    (recorded,) = proxy.sent
    nonce = node.client.nonce(node.daemon)
    assert (recorded.hash, recorded.sender, recorded.nonce, recorded.raw) == (sent, node.daemon, nonce, raw)
    assert (recorded.max_fee, recorded.tip) == (10**10, 10**9)
    assert proxy.count(SEND) == 1
    with pytest.raises(RpcRefused, match="already imported"):
        client.send_raw(raw)
    assert (proxy.sends(sent), proxy.duplicate_sends) == (2, 1)
    assert client.chain_id() == node.client.chain_id()


def test_a_batch_is_answered_in_order_and_one_fault_breaks_it_whole(node: Chain, proxy: FaultProxy) -> None:
    raw = signed(node)
    batch = [
        {"jsonrpc": "2.0", "id": "a", "method": "eth_chainId", "params": []},
        {"jsonrpc": "2.0", "id": "b", "method": SEND, "params": [to_hex(raw)]},
    ]
    rule = proxy.rule(SEND, do=faults.lose_reply_by_closed_socket, times=1)
    with pytest.raises(urllib3.exceptions.HTTPError):
        urllib3.request("POST", proxy.url, json=batch, retries=False)
    assert rule.used == 1
    assert len(node.pending()) == 1
    answers = urllib3.request("POST", proxy.url, json=batch, retries=False).json()
    assert [answer["id"] for answer in answers] == ["a", "b"]
    assert "error" in answers[1]


@pytest.mark.parametrize(
    ("do", "code", "reaches_the_node"),
    [
        (faults.lose_reply_by_timeout, "chain-timeout", True),
        (faults.lose_reply_by_closed_socket, "chain-connection-lost", True),
        (faults.drop_by_timeout, "chain-timeout", False),
        (faults.drop_by_closed_socket, "chain-connection-lost", False),
        (faults.garbage(), "chain-garbage", True),
        (faults.garbage(forwarded=False), "chain-garbage", False),
        (faults.truncated_body, "chain-connection-lost", True),
        (faults.wrong_content_length, "chain-garbage", True),
        (faults.http_status(429, retry_after="7"), "chain-rate-limited", False),
        (faults.http_status(503), "chain-http-status", False),
        (faults.http_status(503, forwarded=True), "chain-http-status", True),
    ],
)
def test_a_broken_answer_and_whether_the_node_heard(
    node: Chain,
    proxy: FaultProxy,
    client: ChainClient,
    hasty: ChainClient,
    do: faults.Do,
    code: str,
    reaches_the_node: bool,
) -> None:
    rule = proxy.rule(SEND, do=do, times=1)
    raw = signed(node)
    assert code_of(hasty if code == "chain-timeout" else client, raw) == code
    assert rule.happened.wait(5)
    if reaches_the_node:
        wait_until(node.pending, 5, "the node has the transaction")
    assert len(node.pending()) == int(reaches_the_node)
    # The rule was for one call.
    if not reaches_the_node:
        assert client.send_raw(raw) == proxy.sent[0].hash


def test_retry_after_is_in_the_header_or_not(node: Chain, proxy: FaultProxy) -> None:
    proxy.rule(do=faults.http_status(429), times=1)
    proxy.rule(do=faults.http_status(503, retry_after="7"), times=1)
    request = {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []}
    answers = [urllib3.request("POST", proxy.url, json=request, retries=False) for _ in range(3)]
    assert [answer.status for answer in answers] == [503, 429, 200]
    assert [answer.headers.get("Retry-After") for answer in answers] == ["7", None, None]


def test_what_hangs_ends_by_release_and_when_the_client_goes(
    node: Chain, proxy: FaultProxy, hasty: ChainClient
) -> None:
    proxy.rule("eth_chainId", do=faults.drop_by_timeout)
    patient = connect(proxy.url, timeout=20)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(patient.chain_id)
        with pytest.raises(ChainUnavailable, match="within"):
            hasty.chain_id()
        wait_until(lambda: proxy.hanging == 1, 5, "only the patient one hangs", state=lambda: proxy.hanging)
        proxy.clear()
        # It reads once more by itself, and then no rule is there.
        assert waiting.result(5) == node.client.chain_id()
    patient.close()


def test_a_held_send_reaches_the_node_when_it_is_released(node: Chain, proxy: FaultProxy) -> None:
    rule = proxy.rule(SEND, do=faults.hold, times=1)
    patient = connect(proxy.url, timeout=20)
    with ThreadPoolExecutor() as pool:
        sending = pool.submit(patient.send_raw, signed(node))
        assert rule.happened.wait(5)
        assert node.pending() == []
        wait_until(lambda: proxy.hanging == 1, 5, "the send hangs")
        proxy.release()
        sent = sending.result(5)
    assert node.pending() == [sent]
    patient.close()


def test_a_black_hole_gives_the_right_hash_and_drops_the_transaction(
    node: Chain, proxy: FaultProxy, client: ChainClient
) -> None:
    proxy.rule(SEND, do=faults.black_hole, times=1)
    raw = signed(node)
    promised = client.send_raw(raw)
    assert node.pending() == []
    assert client.send_raw(raw) == promised
    assert node.pending() == [promised]


@pytest.mark.parametrize(
    ("do", "message", "reaches_the_node"),
    [
        (faults.insufficient_funds, "insufficient funds", False),
        (faults.refuse(-32000, "nonce too low"), "nonce too low", False),
        (faults.refuse(-32010, "AlreadyKnown", forwarded=True), "AlreadyKnown", True),
    ],
)
def test_a_refusal_in_any_words(
    node: Chain, proxy: FaultProxy, client: ChainClient, do: faults.Do, message: str, reaches_the_node: bool
) -> None:
    proxy.rule(SEND, do=do, times=1)
    with pytest.raises(RpcRefused, match=message):
        client.send_raw(signed(node))
    assert len(node.pending()) == int(reaches_the_node)


def test_another_chain_id(proxy: FaultProxy, client: ChainClient) -> None:
    rule = proxy.rule(do=faults.wrong_chain_id(1))
    assert (client.chain_id(), client.request("net_version")) == (1, "1")
    assert client.genesis_hash()
    rule.cancel()
    assert client.chain_id() != 1


def test_a_replacement_needs_ten_percent_on_both_fees(node: Chain, proxy: FaultProxy, client: ChainClient) -> None:
    proxy.rule(SEND, do=ReplacementRule())

    def attempt(max_fee: int, tip: int) -> bytes:
        return client.send_raw(signed(node, maxFeePerGas=max_fee, maxPriorityFeePerGas=tip))

    attempt(10**10, 10**9)
    for max_fee, tip in ((11 * 10**9 - 1, 11 * 10**8), (11 * 10**9, 11 * 10**8 - 1), (10**10 + 1, 10**9 + 1)):
        with pytest.raises(RpcRefused, match="replacement transaction underpriced"):
            attempt(max_fee, tip)
    replacing = attempt(11 * 10**9, 11 * 10**8)
    assert node.pending() == [replacing]
    # What the pool has forgotten stands in nobody's way, and what was mined neither.
    node.drop_all_pending()
    attempt(10**10, 10**9)
    node.mine()
    with pytest.raises(RpcRefused, match="nonce too low"):
        client.send_raw(signed(node, nonce=proxy.sent[0].nonce, maxFeePerGas=10**10 + 1))


def test_a_lagging_node_hides_what_is_newer(node: Chain, proxy: FaultProxy, client: ChainClient) -> None:
    contract = CredentialRegistry(client, node.contract.address)
    root = sha256(b"seen late").digest()
    nonce = node.client.nonce(node.world.account(0).address)
    anchored = node.anchor_by_hand(1, root)
    rule = proxy.rule(do=faults.lagging(2))
    head = node.head()

    def seen() -> tuple[Any, ...]:
        transaction = client.request("eth_getTransactionByHash", [to_hex(anchored.hash)])
        return (
            client.mined(anchored.hash) is not None,
            contract.batch(1, root) is not None,
            len(contract.anchored_events(root=root)),
            transaction["blockNumber"] is not None,
            client.nonce(node.world.account(0).address) - nonce,
        )

    assert seen() == (False, False, 0, False, 0)
    newest = client.block("latest")
    assert newest is not None
    assert newest.number == head - 2
    assert client.finalized().number == head - 4
    assert client.block(head) is None
    with pytest.raises(RpcRefused, match="header not found"):
        client.code(node.contract.address, head)
    node.mine(2)
    assert seen() == (True, True, 1, True, 1)
    rule.cancel()
    assert int(client.request("eth_blockNumber"), 16) == head + 2


def test_a_stuck_node_stays_where_it_is(node: Chain, proxy: FaultProxy, client: ChainClient) -> None:
    head = node.head()
    proxy.rule(do=faults.stuck_at(head))
    sent = client.send_raw(signed(node))
    node.mine(3)
    assert int(client.request("eth_blockNumber"), 16) == head
    assert client.mined(sent) is None
    assert node.client.mined(sent) is not None
    assert client.finalized().number == head - 2


def test_rules_lie_around_each_other(node: Chain, proxy: FaultProxy, client: ChainClient) -> None:
    order: list[str] = []

    def noting(name: str) -> faults.Do:
        def do(call: Call) -> faults.Answer:
            order.append(name)
            return call.forward()

        return do

    proxy.rule(do=noting("inner"))
    proxy.rule(SEND, do=faults.black_hole, only=lambda call: call.sent is not None and call.sent.nonce > 10**6)
    proxy.rule(("eth_chainId", SEND), do=noting("outer"), times=2)
    client.chain_id()
    client.send_raw(signed(node))
    client.chain_id()
    assert order == ["outer", "inner", "outer", "inner", "inner"]


def test_many_at_once_use_a_rule_as_often_as_it_says(proxy: FaultProxy, node: Chain) -> None:
    rule = proxy.rule("eth_chainId", do=faults.refuse(-32005, "limit exceeded"), times=7)

    def ask(_: int) -> bool:
        asking = connect(proxy.url)
        try:
            asking.chain_id()
        except RpcRefused:
            return False
        else:
            return True
        finally:
            asking.close()

    with ThreadPoolExecutor(8) as pool:
        answered = list(pool.map(ask, range(40)))
    assert (answered.count(False), rule.used, proxy.count("eth_chainId")) == (7, 7, 40)


def test_after_closing_nothing_answers_and_no_thread_is_left(node: Chain) -> None:
    before = threading.active_count()
    proxy = FaultProxy(node.url)
    proxy.rule("eth_chainId", do=faults.drop_by_timeout)
    client = connect(proxy.url, timeout=20)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(client.chain_id)
        wait_until(lambda: proxy.hanging == 1, 5, "the request hangs")
        proxy.close()
        with pytest.raises(ChainUnavailable):
            waiting.result(5)
    with pytest.raises(ChainUnavailable):
        client.genesis_hash()
    client.close()
    wait_until(lambda: threading.active_count() <= before, 5, "its threads are over", state=threading.enumerate)


# The harness


@dataclass(frozen=True)
class Told:
    """A batch as a daemon would tell of it."""

    issuer: int
    root: bytes
    block_number: int | None
    block_hash: bytes | None
    state: str = "final"


def test_the_common_proof_holds_and_finds_every_lie() -> None:
    roots = [sha256(bytes([number])).digest() for number in range(3)]
    with chain(issuers=2) as node:
        anchors = []
        for issuer, root in ((1, roots[0]), (1, roots[1]), (2, roots[0])):
            call = node.contract.anchor_data(issuer, root, 1)
            anchors.append((issuer, root, node.mined(node.send(node.contract.address, call, account=DAEMON))))
        node.mined(node.use_daemon_key())
        node.anchor_by_hand(2, roots[2])
        told = [Told(issuer, root, one.block_number, one.block_hash) for issuer, root, one in anchors]
        last = node.contract.anchored_events(root=roots[2])[0]
        told.append(Told(2, roots[2], last.block_number, last.block_hash))
        everything = {1: roots[:2], 2: [roots[0], roots[2]]}

        def prove(wanted: dict[int, list[bytes]] = everything, jobs: list[Told] = told, foreign: int = 1) -> Any:
            return common_proof(node, node.daemon, wanted, jobs=jobs, foreign=foreign)

        with pytest.raises(AssertionError, match="is called final in block"):
            prove()
        node.mine(2)
        proof = prove()
        assert (proof.events, proof.anchors, proof.nonce) == (4, 3, 4)
        first = told[0]
        lies: list[tuple[str, dict[str, Any]]] = [
            ("not anchored", {"wanted": {1: roots, 2: [roots[0], roots[2]]}}),
            ("nobody wanted", {"wanted": {1: roots[:1], 2: [roots[0], roots[2]]}}),
            ("4 transactions, 3 are explained", {"foreign": 0}),
            ("is mined", {"jobs": [replace(first, state="mined"), *told[1:]]}),
            ("not canonical", {"jobs": [replace(first, block_hash=bytes(32)), *told[1:]]}),
            ("is not in block", {"jobs": [replace(first, block_number=0), *told[1:]]}),
            ("does not know", {"jobs": told[1:]}),
        ]
        for words, lie in lies:
            with pytest.raises(AssertionError, match=words):
                prove(**lie)


def test_what_the_harness_does_to_a_chain(node: Chain) -> None:
    root = sha256(b"moved").digest()
    raw = node.world.signed(node.contract.address, node.contract.anchor_data(1, root, 1), account=DAEMON, gas=400_000)
    sent = node.client.send_raw(raw)
    before = node.mined(sent)
    node.mine(2)
    node.reorganise(3, [(raw, 1)])
    after = node.client.mined(sent)
    assert after is not None
    assert (after.block_number, after.block_hash != before.block_hash) == (before.block_number + 1, True)
    node.reorganise(2)
    assert node.client.mined(sent) is None
    assert node.pending() == []

    dropped = node.client.send_raw(raw)
    node.drop_transaction(dropped)
    assert node.pending() == []

    node.set_base_fee(10**13)
    node.mine()
    assert node.client.fees().base_fee == 10**13
    node.set_base_fee(10**9)
    node.mine()

    node.set_balance(node.daemon, 5)
    assert node.client.balance(node.daemon) == 5
    node.set_balance(node.daemon, 10**20)

    code = node.remove_contract()
    assert node.client.code(node.contract.address) == b""
    node.restore_contract(code)
    node.contract.verify_code()

    node.set_operator(1, False)
    refused = node.mined(
        node.client.send_raw(
            node.world.signed(node.contract.address, node.contract.anchor_data(1, root, 1), account=DAEMON, gas=400_000)
        )
    )
    assert not refused.succeeded
    node.set_operator(1, True)

    nonce = node.client.nonce(node.daemon)
    node.set_mining("auto")
    node.mined(node.use_daemon_key(nonce=nonce))
    assert node.client.nonce(node.daemon) == nonce + 1
    node.set_mining(1)
    head = node.head()
    wait_until(lambda: node.head() > head, 5, "a block came by itself", state=node.head)
    node.set_mining("auto")
    node.set_mining("manual")
    waiting = node.use_daemon_key()
    assert node.pending() == [waiting]
    node.drop_all_pending()


def test_waiting_in_vain_says_for_what_and_what_is() -> None:
    with pytest.raises(AssertionError, match=r"in vain until it rains; now: 'dry'"):
        wait_until(lambda: False, 0.05, "it rains", state=lambda: "dry")
