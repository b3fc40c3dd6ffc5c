"""Several endpoints as one: broken ones are passed over, what is sent goes to all, another chain is never asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from registry.chain.client import ChainClient, RpcRefused
from registry.chain.endpoints import Endpoints
from registry.errors import ChainUnavailable
from tests.chain.worlds import BrokenEndpoint, Exchange, devnet

HASH = "0x" + "ab" * 32


class Fake:
    """An endpoint in the process."""

    def __init__(self, name: str, chain_id: str = "0x1", head: int = 10):
        self.where = name
        self.chain_id = chain_id
        self.head = head
        self.down = False
        self.asked: list[str] = []
        self.answers: dict[str, Callable[[], Mapping[str, Any]]] = {}

    def make_request(self, method: str, params: Sequence[object]) -> Mapping[str, Any]:
        self.asked.append(method)
        if self.down:
            raise ChainUnavailable("nothing answers there", where=self.where)
        if method in self.answers:
            return self.answers[method]()
        match method:
            case "eth_chainId":
                return {"result": self.chain_id}
            case "eth_blockNumber":
                return {"result": hex(self.head)}
            case "eth_getBlockByNumber":
                number = 0 if params[0] == "0x0" else self.head
                return {"result": {"hash": self.chain_id, "number": hex(number), "of": self.where}}
        return {"result": self.where}

    def close(self) -> None:
        self.asked.append("close")


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_preferred_one_is_asked_while_it_answers() -> None:
    one, two = Fake("one"), Fake("two")
    endpoints = Endpoints([one, two])
    assert endpoints.make_request("eth_gasPrice", [])["result"] == "one"
    assert two.asked == []


def test_a_failing_one_rests_longer_each_time_and_comes_back() -> None:
    one, two, clock = Fake("one"), Fake("two"), Clock()
    endpoints = Endpoints([one, two], clock=clock)
    one.down = True
    assert endpoints.make_request("eth_gasPrice", [])["result"] == "two"
    for pause in (1, 2, 4, 8, 16, 32, 60, 60):
        asked = len(one.asked)
        clock.now += pause - 0.5
        assert endpoints.make_request("eth_gasPrice", [])["result"] == "two"
        assert len(one.asked) == asked
        clock.now += 1
        assert endpoints.make_request("eth_gasPrice", [])["result"] == "two"
        assert len(one.asked) == asked + 1
    assert [each.ok for each in endpoints.health()] == [False, True]
    one.down = False
    clock.now += 61
    assert endpoints.make_request("eth_gasPrice", [])["result"] == "one"
    assert [each.ok for each in endpoints.health()] == [True, True]


def test_when_all_fail_the_reason_is_told_and_the_next_call_tries_again() -> None:
    one, two = Fake("one"), Fake("two")
    endpoints = Endpoints([one, two], clock=Clock())
    one.down = two.down = True
    for _ in range(2):
        with pytest.raises(ChainUnavailable):
            endpoints.make_request("eth_gasPrice", [])
    one.down = two.down = False
    assert endpoints.make_request("eth_gasPrice", [])["result"] in ("one", "two")


def test_an_error_is_an_answer_and_a_limit_is_none() -> None:
    one, two = Fake("one"), Fake("two")
    endpoints = Endpoints([one, two])
    one.answers["eth_call"] = lambda: {"error": {"code": 3, "message": "execution reverted"}}
    assert "error" in endpoints.make_request("eth_call", [])
    assert two.asked == []
    one.answers["eth_call"] = lambda: {"error": {"code": -32005, "message": "limit exceeded"}}
    assert endpoints.make_request("eth_call", [])["result"] == "two"


def test_another_chain_is_never_asked() -> None:
    one, other = Fake("one"), Fake("other", chain_id="0x5")
    endpoints = Endpoints([one, other], clock=Clock())
    endpoints.make_request("eth_gasPrice", [])
    one.down = True
    with pytest.raises(ChainUnavailable):
        endpoints.make_request("eth_gasPrice", [])
    assert "eth_gasPrice" not in other.asked
    health = endpoints.health()[1]
    assert (health.ok, health.why) == (False, "it serves another chain (0x5)")


def test_reads_follow_the_newest_head() -> None:
    behind, ahead = Fake("behind", head=5), Fake("ahead", head=20)
    endpoints = Endpoints([behind, ahead])
    assert endpoints.make_request("eth_getBlockByNumber", ["latest", False])["result"]["of"] == "ahead"
    assert endpoints.make_request("eth_call", [])["result"] == "ahead"
    behind.head = 19
    assert endpoints.make_request("eth_getBlockByNumber", ["latest", False])["result"]["of"] == "behind"


def test_what_is_sent_goes_to_all_and_is_taken_when_one_takes_it() -> None:
    one, two, three = Fake("one"), Fake("two"), Fake("three")
    one.down = True
    two.answers["eth_sendRawTransaction"] = lambda: {"error": {"code": -32000, "message": "already known"}}
    three.answers["eth_sendRawTransaction"] = lambda: {"result": HASH}
    endpoints = Endpoints([one, two, three])
    assert endpoints.make_request("eth_sendRawTransaction", ["0x00"])["result"] == HASH
    assert "eth_sendRawTransaction" in two.asked


def test_a_refusal_of_one_tells_more_than_the_silence_of_another() -> None:
    one, two = Fake("one"), Fake("two")
    one.down = True
    two.answers["eth_sendRawTransaction"] = lambda: {"error": {"code": -32000, "message": "nonce too low"}}
    answer = Endpoints([one, two]).make_request("eth_sendRawTransaction", ["0x00"])
    # Silence may mean that it was taken, so the caller has to ask the chain: both say so.
    assert answer["error"]["message"] == "nonce too low"


def test_a_client_takes_several_urls(embedded_url: str) -> None:
    def refuse(exchange: Exchange) -> None:
        exchange.body(b"no", status=503)

    broken = BrokenEndpoint(refuse)
    client = ChainClient.connect(f"{broken.url}, {embedded_url}", timeout=5)
    try:
        assert client.chain_id() > 0
        assert client.block("latest") is not None
        assert list(client.endpoints().values()) == [False, True]
        with pytest.raises(RpcRefused):
            client.send_raw(b"\x01")
    finally:
        client.close()
        broken.close()


@pytest.fixture
def embedded_url(tmp_path: Any) -> Any:
    from registry.chain.embedded import EmbeddedChain

    chain = EmbeddedChain(tmp_path / "chain")
    with devnet(chain) as url:
        yield url
    chain.close()
