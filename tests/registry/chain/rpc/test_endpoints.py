"""Several endpoints as one: broken ones are passed over, what is sent goes to all, another chain is never asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from registry.chain.contract import CredentialRegistry
from registry.chain.rpc.client import ChainClient, RpcRefused
from registry.chain.rpc.connect import connect
from registry.chain.rpc.endpoints import MOST_SENDS_OWED, Endpoints
from registry.errors import ChainUnavailable, SettingsError, WrongChain
from registry.verifier.facts import FactsReader
from registry.verify.verdict import FactsUnavailable
from tests.registry.chain.worlds import BrokenEndpoint, Exchange, devnet

HASH = "0x" + "ab" * 32


class Fake:
    """An endpoint in the process."""

    def __init__(self, name: str, chain_id: str = "0x1", head: int = 10):
        self.where = name
        self.chain_id = chain_id
        self.head = head
        self.branch = chain_id
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
                found = self.chain_id if number == 0 else self.branch
                return {"result": {"hash": found, "number": hex(number), "of": self.where}}
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


@pytest.mark.parametrize("method", ["eth_sendTransaction", "evm_mine", "eth_getFilterChanges", "acme_doIt"])
def test_what_does_more_than_ask_is_asked_of_one_alone(method: str) -> None:
    one, two = Fake("one"), Fake("two")
    endpoints = Endpoints([one, two], clock=Clock())

    def breaks() -> Mapping[str, Any]:
        raise ChainUnavailable("the connection broke", where="one", code="chain-connection-lost")

    one.answers[method] = breaks
    with pytest.raises(ChainUnavailable, match="the connection broke"):
        endpoints.make_request(method, [])
    assert method not in two.asked
    # It rests now: the next such goes to the other.
    assert endpoints.make_request(method, [])["result"] == "two"
    assert [one.asked.count(method), two.asked.count(method)] == [1, 1]


def test_a_connection_that_was_lost_is_no_silence_where_each_is_asked() -> None:
    one, two = Fake("one"), Fake("two")
    endpoints = Endpoints([one, two], clock=Clock())
    lost = iter([True, False, True, True])

    def now_and_then() -> Mapping[str, Any]:
        if next(lost):
            raise ChainUnavailable("the connection broke", where="two", code="chain-connection-lost")
        return {"result": "two"}

    two.answers["eth_gasPrice"] = now_and_then
    assert set(endpoints.each_answer("eth_gasPrice", [])) == {"one", "two"}
    assert [each.ok for each in endpoints.health()] == [True, True]
    # One that goes on so has no answer.
    assert set(endpoints.each_answer("eth_gasPrice", [])) == {"one"}


def test_one_of_another_chain_is_passed_over_by_what_does_more_than_ask() -> None:
    one, other = Fake("one"), Fake("other", chain_id="0x5")
    endpoints = Endpoints([one, other], clock=Clock())
    endpoints.make_request("eth_gasPrice", [])
    one.down = True
    for _ in range(2):
        with pytest.raises(ChainUnavailable):
            endpoints.make_request("evm_mine", [])
    assert "evm_mine" not in other.asked


def test_an_error_is_an_answer_and_a_limit_is_none() -> None:
    one, two = Fake("one"), Fake("two")
    endpoints = Endpoints([one, two])
    one.answers["eth_call"] = lambda: {"error": {"code": 3, "message": "execution reverted"}}
    assert "error" in endpoints.make_request("eth_call", [])
    assert two.asked == []
    one.answers["eth_call"] = lambda: {"error": {"code": -32005, "message": "limit exceeded"}}
    assert endpoints.make_request("eth_call", [])["result"] == "two"


NO_METHOD = {"error": {"code": -32601, "message": "the method eth_getProof does not exist/is not available"}}
NO_STATE = {"error": {"code": -32000, "message": "missing trie node 5f (path ) state 0x5f is not available"}}
UNHEARD_OF = {"error": {"code": -32000, "message": "not today"}}


@pytest.mark.parametrize("refusal", [NO_METHOD, NO_STATE, UNHEARD_OF], ids=["method", "state", "unheard of"])
def test_a_proof_that_one_refuses_is_asked_of_the_next(refusal: Mapping[str, Any]) -> None:
    one, two = Fake("one"), Fake("two")
    endpoints = Endpoints([one, two])
    one.answers["eth_getProof"] = lambda: refusal
    assert endpoints.make_request("eth_getProof", [])["result"] == "two"
    assert endpoints.make_request("eth_gasPrice", [])["result"] == "one"
    assert [each.ok for each in endpoints.health()] == [True, True]
    # One that does not offer it at all is not asked first again.
    endpoints.make_request("eth_getProof", [])
    assert one.asked.count("eth_getProof") == (1 if refusal is NO_METHOD else 2)


def test_where_all_refuse_a_proof_the_one_that_has_newer_ones_is_heard() -> None:
    one, two, three = Fake("one"), Fake("two"), Fake("three")
    endpoints = Endpoints([one, two, three], clock=Clock())
    one.answers["eth_getProof"], two.answers["eth_getProof"] = lambda: NO_METHOD, lambda: NO_STATE
    three.down = True
    assert endpoints.make_request("eth_getProof", []) == NO_STATE
    two.answers["eth_getProof"] = lambda: {"error": {"code": -32005, "message": "rate limit exceeded"}}
    # Over by itself: so it is what has to be told.
    assert "rate limit" in endpoints.make_request("eth_getProof", [])["error"]["message"]


def test_a_header_and_its_proof_come_from_one_endpoint() -> None:
    one, two = (Together(Fake(name)) for name in ("one", "two"))
    endpoints = Endpoints([one, two])
    asked = [("eth_getBlockByNumber", ["0x5", False]), ("eth_getProof", [])]
    one.fake.answers["eth_getProof"] = lambda: NO_STATE
    header, proof = endpoints.make_batch_request(asked)
    assert (header["result"]["of"], proof["result"]) == ("two", "two")


class Together:
    """An endpoint in the process that takes several questions at once."""

    def __init__(self, fake: Fake):
        self.fake, self.where, self.make_request = fake, fake.where, fake.make_request

    def make_batch_request(self, requests: Sequence[tuple[str, Sequence[object]]]) -> list[Mapping[str, Any]]:
        return [self.fake.make_request(*each) for each in requests]

    def hide(self, text: str) -> str:
        return text

    def close(self) -> None:
        self.fake.close()


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


def test_one_that_is_behind_is_named_in_the_log_once(caplog: pytest.LogCaptureFixture) -> None:
    one, two = Fake("one", head=100), Fake("two", head=110)
    endpoints = Endpoints([one, two])
    for _ in range(3):
        assert endpoints.make_request("eth_getBlockByNumber", ["latest", False])["result"]["of"] == "two"
    assert [record.getMessage() for record in caplog.records] == [
        "one is 10 blocks behind another endpoint of this chain"
    ]
    one.head = 110
    assert endpoints.make_request("eth_getBlockByNumber", ["latest", False])["result"]["of"] == "one"


def test_one_on_another_branch_is_not_read_from_until_it_comes_back(caplog: pytest.LogCaptureFixture) -> None:
    """It may even have the newest blocks: the freshest that agrees is asked."""
    one, two, stray = Fake("one", head=110), Fake("two", head=110), Fake("stray", head=120)
    stray.branch, clock = "0x5", Clock()
    endpoints = Endpoints([stray, one, two], clock=clock)
    for _ in range(2):
        assert endpoints.make_request("eth_getBlockByNumber", ["latest", False])["result"]["of"] == "one"
    assert endpoints.make_request("eth_gasPrice", [])["result"] == "one"
    assert [each.ok for each in endpoints.health()] == [False, True, True]
    assert "stray has another block 102 than the other endpoints" in caplog.text
    # It is not asked when the others are away either, but what is sent goes to it.
    one.down = two.down = True
    with pytest.raises(ChainUnavailable):
        endpoints.make_request("eth_gasPrice", [])
    assert endpoints.make_request("eth_sendRawTransaction", ["0x"])["result"] == "stray"
    one.down = two.down = False
    stray.branch = stray.chain_id
    clock.now += 100
    endpoints.make_request("eth_getBlockByNumber", ["latest", False])
    assert endpoints.make_request("eth_getBlockByNumber", ["latest", False])["result"]["of"] == "stray"


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


def test_what_one_took_is_not_held_up_by_another_that_says_nothing() -> None:
    silent, quick, released = Fake("silent"), Fake("quick"), threading.Event()

    def say_nothing() -> Mapping[str, Any]:
        released.wait()
        raise ChainUnavailable("no complete answer", where="silent")

    silent.answers["eth_sendRawTransaction"] = say_nothing
    quick.answers["eth_sendRawTransaction"] = lambda: {"result": HASH}
    endpoints = Endpoints([silent, quick])
    try:
        for _ in range(3 * MOST_SENDS_OWED):
            assert endpoints.make_request("eth_sendRawTransaction", ["0x00"])["result"] == HASH
        # It is not buried under what it does not answer, and the heads still get through.
        assert silent.asked.count("eth_sendRawTransaction") <= MOST_SENDS_OWED
        assert endpoints.make_request("eth_getBlockByNumber", ["latest", False])["result"]["of"] == "silent"
    finally:
        released.set()
        endpoints.close()


def refusing(message: str, code: int = -32000) -> Callable[[], Mapping[str, Any]]:
    return lambda: {"error": {"code": code, "message": message}}


@pytest.mark.parametrize("first", [0, 1, 2])
def test_of_several_refusals_the_most_telling_is_returned(first: int) -> None:
    words = [refusing("insufficient funds for transfer"), refusing("already known"), refusing("slow down", 429)]
    fakes = [Fake(str(number)) for number in range(3)]
    for number, fake in enumerate(fakes):
        fake.answers["eth_sendRawTransaction"] = words[(number + first) % 3]
    answer = Endpoints(fakes).make_request("eth_sendRawTransaction", ["0x00"])
    assert answer["error"]["message"] == "already known"


def test_silence_means_more_than_a_limit() -> None:
    limited, down = Fake("limited"), Fake("down")
    limited.answers["eth_sendRawTransaction"] = refusing("slow down", 429)
    down.down = True
    with pytest.raises(ChainUnavailable, match="nothing answers"):
        Endpoints([limited, down]).make_request("eth_sendRawTransaction", ["0x00"])


def test_a_limited_one_rests_longer_each_time() -> None:
    one, two, clock = Fake("one"), Fake("two"), Clock()
    one.answers["eth_call"] = refusing("daily request count exceeded, request rate limited", -32005)
    endpoints = Endpoints([one, two], clock=clock)
    for pause in (1, 2, 4):
        assert endpoints.make_request("eth_call", [])["result"] == "two"
        asked = one.asked.count("eth_call")
        clock.now += pause - 0.5
        assert endpoints.make_request("eth_call", [])["result"] == "two"
        assert one.asked.count("eth_call") == asked
        clock.now += 1


@pytest.mark.parametrize(
    "words",
    [
        "Transaction gas limit exceeds block gas limit",  # besu
        "Requested range exceeds maximum RPC range limit",  # besu
        "query returned more than 10000 results",  # Infura
    ],
)
def test_a_limit_of_the_request_is_an_answer(words: str) -> None:
    one, two = Fake("one"), Fake("two")
    one.answers["eth_getLogs"] = refusing(words, -32005)
    endpoints = Endpoints([one, two])
    assert endpoints.make_request("eth_getLogs", [{}])["error"]["message"] == words
    assert two.asked == []
    assert endpoints.health()[0].ok


@pytest.mark.parametrize("genesis", ["garbage", None, [], {"hash": None}, {"hash": {}}])
def test_one_that_does_not_say_which_chain_it_serves_is_passed_over(genesis: object) -> None:
    one, two = Fake("one"), Fake("two")
    one.answers["eth_getBlockByNumber"] = lambda: {"result": genesis}
    endpoints = Endpoints([one, two])
    assert endpoints.make_request("eth_call", [])["result"] == "two"
    assert "eth_call" not in one.asked


def test_another_genesis_is_another_chain() -> None:
    one, other = Fake("one"), Fake("other")
    other.answers["eth_getBlockByNumber"] = lambda: {"result": {"hash": HASH}}
    endpoints = Endpoints([one, other], clock=Clock())
    endpoints.make_request("eth_call", [])
    one.down = True
    with pytest.raises(ChainUnavailable) as refusal:
        endpoints.make_request("eth_call", [])
    # The reason is that of the right chain: nobody is told that the chain is wrong.
    assert refusal.value.where == "one"
    assert not isinstance(refusal.value, WrongChain)
    assert "eth_call" not in other.asked


def test_health_tells_how_far_and_how_slow_each_is() -> None:
    clock = Clock()
    near, far = Fake("near", head=20), Fake("far", head=5)

    def slowly() -> Mapping[str, Any]:
        clock.now += 0.25
        return {"result": "near"}

    near.answers["eth_call"] = slowly
    endpoints = Endpoints([near, far], clock=clock)
    endpoints.make_request("eth_getBlockByNumber", ["latest", False])
    endpoints.make_request("eth_call", [])
    first, second = endpoints.health()
    assert (first.head, first.behind, first.latency) == (20, 0, 0.25)
    assert (second.head, second.behind) == (5, 15)


@pytest.mark.parametrize("between", [",", ", ", " ", "\n", " , "])
def test_urls_may_be_apart_in_many_ways(between: str) -> None:
    client = connect(between.join(["http://one.example", "http://user:secret@two.example/key"]))
    assert list(client.endpoints()) == ["http://one.example", "http://two.example/…"]
    client.close()


def test_no_url_at_all_is_said() -> None:
    with pytest.raises(SettingsError):
        connect(" , ")


def test_a_client_takes_several_urls(embedded_url: str) -> None:
    def refuse(exchange: Exchange) -> None:
        exchange.body(b"no", status=503)

    broken = BrokenEndpoint(refuse)
    client = connect(f"{broken.url}, {embedded_url}", timeout=5)
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
    from registry.embedded.chain import EmbeddedChain

    chain = EmbeddedChain(tmp_path / "chain")
    with devnet(chain) as url:
        yield url
    chain.close()


def test_the_newest_block_that_was_shown_is_known_when_its_endpoint_is_silent() -> None:
    good, old, clock = Fake("good", head=100), Fake("old", head=40), Clock()
    client = ChainClient(Endpoints([old, good], clock=clock))
    client.request("eth_getBlockByNumber", ["latest", False])
    good.down = True
    assert client.request("eth_getBlockByNumber", ["latest", False])["of"] == "old"
    assert client.newest_told() == 100
    assert ChainClient(good).newest_told() == 0


@pytest.mark.parametrize(("told", "code"), [(61, "chain-behind"), (60, "chain-garbage")])
def test_no_verdict_is_formed_at_an_endpoint_that_is_far_behind_another(told: int, code: str) -> None:
    class Old(Fake):
        def make_request(self, method: str, params: Sequence[object]) -> Mapping[str, Any]:
            if method != "eth_getBlockByNumber":
                return {"result": None}
            return {"result": {"number": "0x28", "hash": HASH, "parentHash": HASH, "timestamp": "0x1"}}

        def newest_head(self) -> int:
            return told

    contract = CredentialRegistry(ChainClient(Old("old")), "0x" + "11" * 20)
    found = FactsReader(contract).facts(1, bytes(32), 0, bytes(32))
    assert isinstance(found, FactsUnavailable)
    assert found.code == code


# Each by itself


def test_each_by_itself_is_asked_while_it_rests_and_what_it_says_is_known_to_all() -> None:
    one, two, clock = Fake("one"), Fake("two"), Clock()
    endpoints = Endpoints([one, two], clock=clock)
    first, second = endpoints.alone()
    assert [first.where, second.where] == ["one", "two"]
    one.down = True
    for _ in range(2):
        with pytest.raises(ChainUnavailable):
            first.make_request("eth_gasPrice", [])
    # The others' reads pass it over.
    asked = len(one.asked)
    assert endpoints.make_request("eth_gasPrice", [])["result"] == "two"
    assert len(one.asked) == asked
    one.down = False
    assert first.make_request("eth_gasPrice", [])["result"] == "one"
    assert [each.ok for each in endpoints.health()] == [True, True]
    assert second.make_request("eth_gasPrice", [])["result"] == "two"


def test_one_of_another_chain_or_branch_is_not_read_from_by_itself_either() -> None:
    one, other, stray = Fake("one"), Fake("other", chain_id="0x2"), Fake("stray")
    endpoints = Endpoints([one, other, stray], clock=Clock())
    alone = {each.where: each for each in endpoints.alone()}
    assert alone["one"].make_request("eth_gasPrice", [])["result"] == "one"
    with pytest.raises(ChainUnavailable, match="another chain"):
        alone["other"].make_request("eth_gasPrice", [])
    stray.branch = "another"
    one.head = stray.head = 100
    endpoints.make_request("eth_getBlockByNumber", ["latest", False])
    with pytest.raises(ChainUnavailable) as caught:
        alone["stray"].make_request("eth_gasPrice", [])
    assert caught.value.code == "endpoint-strays"
