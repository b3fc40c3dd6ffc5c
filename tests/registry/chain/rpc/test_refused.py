"""Refusals of every kind and form: each leads to what helps, with the endpoint's words and without its key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from registry.chain.rpc import request_batches as batching
from registry.chain.rpc.client import ChainClient, RpcRefused
from registry.chain.rpc.endpoints import Endpoints
from registry.chain.rpc.refusals import Refusal
from registry.chain.rpc.request_batches import Batches
from registry.errors import ChainUnavailable, ContractReverted
from tests.registry.chain.scripted import KEY, Json, Reply, Script, Scripted, each, error

HASH = "0x" + "11" * 32
NOWHERE = "0x00000000000000000000000000000000000000aa"


def block(number: int) -> Json:
    return {
        "number": hex(number),
        "hash": "0x" + number.to_bytes(32, "big").hex(),
        "parentHash": "0x" + max(0, number - 1).to_bytes(32, "big").hex(),
        "timestamp": "0x65000000",
        "transactions": [],
    }


def chain(method: str, params: list[Any]) -> Json:
    """A chain of a hundred blocks without an event; it has no word for its final block, and no pool."""
    match method, params:
        case "eth_getBlockByNumber", ["latest", _]:
            return block(100)
        case "eth_getBlockByNumber", [str(at), _] if at.startswith("0x"):
            return block(int(at, 16)) if int(at, 16) <= 100 else None
        case "eth_getBlockByNumber", _:
            return error(-32602, "Invalid block parameter")
        case "eth_getTransactionCount", [_, "pending"]:
            return error(-32602, "unknown block tag pending")
        case "eth_getTransactionCount", _:
            return "0x7"
        case "eth_getLogs", _:
            return None
    return error(-32601, "the method does not exist")


def with_status(script: Script, status: int, **headers: str) -> Script:
    """The same answers, but errors come with another HTTP status."""

    def answer(request: Json) -> Reply:
        reply = script(request)
        if isinstance(reply.content, dict) and "error" in reply.content:
            return Reply(reply.content, status, headers)
        return reply

    return answer


# Errors of JSON-RPC with any HTTP status


@pytest.mark.parametrize("status", [200, 400, 404, 422, 500])
def test_a_tag_that_is_refused_with_any_status_is_none(status: int) -> None:
    client = Scripted(with_status(each(chain), status)).client
    assert client.finalized(12).number == 88
    assert client.safe() is None
    assert client.nonce(NOWHERE, pending=True) == 7
    with pytest.raises(ChainUnavailable) as caught:
        client.finalized(None)
    assert caught.value.code == "no-finality"


@pytest.mark.parametrize("missing", ["finalized", "safe", "pending"])
def test_a_tag_that_is_answered_with_null_is_none(missing: str) -> None:
    def script(method: str, params: list[Any]) -> Json:
        return None if missing in params else chain(method, ["latest", *params[1:]] if "safe" in params else params)

    client = Scripted(each(script)).client
    assert client.finalized(3).number == 97
    assert (client.safe() is None) == (missing == "safe")
    assert client.nonce(NOWHERE, pending=True) == 7


@pytest.mark.parametrize(
    ("status", "said"),
    [(200, error(-32005, "rate limit exceeded")), (429, error(-32602, "no")), (402, error(-32005, "daily quota"))],
)
def test_nothing_follows_from_a_limit(status: int, said: Json) -> None:
    """That no more is answered now does not mean that there is no such block, tag or pool."""
    client = Scripted(with_status(each(lambda method, params: said), status)).client
    questions = (
        lambda: client.finalized(12),
        client.safe,
        lambda: client.nonce(NOWHERE, pending=True),
        client.chain_id,
    )
    for question in questions:
        with pytest.raises(ChainUnavailable) as caught:
            question()
        assert caught.value.code == "chain-rate-limited"


def test_a_revert_with_an_error_status_is_one() -> None:
    script = with_status(each(lambda *_: error(3, "execution reverted", data="0x")), 500)
    with pytest.raises(ContractReverted):
        Scripted(script).client.call(NOWHERE, b"")


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_gateway_says_nothing_about_a_transaction(status: int) -> None:
    said = error(-32000, "nonce too low")
    with pytest.raises(ChainUnavailable, match="nonce too low") as caught:
        Scripted(with_status(each(lambda *_: said), status)).client.send_raw(b"\x02")
    assert (type(caught.value), caught.value.code) == (ChainUnavailable, "chain-http-status")


def test_a_refused_transaction_with_status_400_is_refused() -> None:
    said = error(-32000, "nonce too low")
    with pytest.raises(RpcRefused) as caught:
        Scripted(with_status(each(lambda *_: said), 400)).client.send_raw(b"\x02")
    assert caught.value.rpc_message == "nonce too low"


@pytest.mark.parametrize(
    "content", [{"error": "no route"}, {"error": None}, [], [1], "x", b"<html>", {"id": 1, "result": "0x1"}, {}]
)
def test_what_is_no_error_of_json_rpc_is_a_status(content: Json) -> None:
    with pytest.raises(ChainUnavailable) as caught:
        Scripted(lambda _: Reply(content, 404)).client.finalized(12)
    assert caught.value.code == "chain-http-status"


def test_a_result_that_makes_no_sense_is_shown_without_the_key() -> None:
    one = Scripted(each(lambda *_: {"jsonrpc": "2.0", "id": 1, "result": {"a": f"at http://node.example/v3/{KEY}"}}))
    with pytest.raises(ChainUnavailable) as caught:
        one.client.chain_id()
    assert "makes no sense" in caught.value.what
    assert KEY not in caught.value.diagnostics()
    assert KEY not in Endpoints([one.transport, one.transport]).hide(f"v3/{KEY} again")


@pytest.mark.parametrize(
    ("status", "code"),
    [(200, "chain-rpc-error"), (400, "chain-rpc-error"), (403, "chain-access-refused"), (429, "chain-rate-limited")],
)
def test_words_of_an_endpoint_are_shown_without_the_key_and_in_one_line(status: int, code: str) -> None:
    said = error(-32600, f"no access\n\x1b[31mto http://node.example/v3/{KEY} " + "x" * 9999)
    with pytest.raises(ChainUnavailable) as caught:
        Scripted(with_status(each(lambda *_: said), status)).client.chain_id()
    text = caught.value.diagnostics()
    assert caught.value.code == code
    assert "no access" in text
    assert KEY not in text
    assert "\x1b" not in text
    assert len(text) < 900


@pytest.mark.parametrize(
    ("reply", "seconds"),
    [
        (Reply({}, 429, {"Retry-After": "7"}), 7.0),
        (Reply({}, 503, {"Retry-After": "9"}), 9.0),
        (Reply({}, 429, {"Retry-After": "Thu, 01 Jan 1970 00:00:00 GMT"}), 0.0),
        (Reply({}, 429), None),
        (Reply({"id": 1} | error(-32005, "slow", data={"rate": {"backoff_seconds": 30}}), 429), 30.0),
        (Reply({"id": 1} | error(-32005, "slow", data={"rate": {"backoff_seconds": 30}})), 30.0),
    ],
)
def test_when_to_ask_again_is_known(reply: Reply, seconds: float | None) -> None:
    with pytest.raises(ChainUnavailable) as caught:
        Scripted(lambda _: reply).client.chain_id()
    assert caught.value.retry_after == seconds


def test_no_logs_may_be_null() -> None:
    client = Scripted(each(chain)).client
    assert client.logs(NOWHERE) == ()
    assert client.logs_with_headers(NOWHERE, 3, 9).logs == ()


# Several questions at once


def asks(client: ChainClient) -> int:
    return len(client.blocks(range(100)))


def refusing(most: int, refuse: Script) -> Script:
    """Answers no more than so many at once."""

    def script(request: Json) -> Reply:
        return refuse(request) if isinstance(request, list) and len(request) > most else each(chain)(request)

    return script


def one_error_each(code: int, words: str) -> Script:
    return lambda requests: Reply([{"id": request["id"]} | error(code, words) for request in requests])


REFUSED: dict[str, Script] = {
    "one error in a list": lambda requests: Reply([{"id": requests[0]["id"]} | error(-32600, "batch too large")]),
    "one error in a list, without id": lambda _: Reply([{"id": None} | error(-32000, "no")]),
    "an error each": one_error_each(31, "Batch of more than 3 requests are not allowed on free tier"),
    "an error": lambda _: Reply({"id": None} | error(-32600, "Invalid Request")),
    "an error with 400": lambda _: Reply({"id": None} | error(-32600, "Invalid Request"), 400),
    "413 with words": lambda _: Reply({"id": None} | error(-32600, "batch size is larger than 10"), 413),
    "a list with 400": lambda requests: Reply([{"id": 1} | error(-32600, "batch too large")], 400),
}


@pytest.mark.parametrize("how", REFUSED)
@pytest.mark.parametrize("most", [0, 10])
def test_an_endpoint_that_takes_fewer_at_once_is_asked_for_fewer(how: str, most: int) -> None:
    endpoint = Scripted(refusing(most, REFUSED[how]))
    assert asks(endpoint.client) == 100
    refusals = [length for length in endpoint.lengths if length > most]
    assert refusals == [100, 50, 25, 12] + ([6, 3] if most == 0 else [])
    endpoint.asked.clear()
    # It is remembered.
    assert asks(endpoint.client) == 100
    assert max(endpoint.lengths) <= most


BROKEN: dict[str, Script] = {
    "400": lambda _: Reply(b"Bad Request", 400),
    "405": lambda _: Reply({}, 405),
    "500": lambda _: Reply(b"", 500),
    "html": lambda _: Reply(b"<html>"),
    "an error each, of any words": one_error_each(-32600, "not supported"),
    "nothing": lambda _: Reply([]),
}


@pytest.mark.parametrize("how", BROKEN)
def test_what_has_no_answer_together_is_asked_one_by_one(how: str) -> None:
    endpoint = Scripted(refusing(0, BROKEN[how]))
    # An accident is not remembered, what comes back is.
    for _ in range(5):
        assert asks(endpoint.client) == 100
    assert [length for length in endpoint.lengths if length][:4] == [100, 100, 50, 50]
    endpoint.asked.clear()
    assert asks(endpoint.client) == 100
    assert max(endpoint.lengths) == 0


def test_what_no_question_has_an_answer_to_says_nothing_of_batches() -> None:
    endpoint = Scripted(each(lambda *_: error(-32000, "missing trie node")))
    for _ in range(3):
        with pytest.raises(RpcRefused, match="missing trie node"):
            asks(endpoint.client)
    assert [length for length in endpoint.lengths if length] == [100, 100, 100]


@pytest.mark.parametrize(
    "limit",
    [
        lambda _: Reply([{"id": None} | error(-32005, "rate limit exceeded")]),
        lambda _: Reply({"id": None} | error(-32005, "rate limit exceeded")),
        one_error_each(429, "too many requests"),
        lambda _: Reply(b"", 429),
    ],
)
def test_a_limit_of_requests_is_none_of_batches(limit: Script) -> None:
    endpoint = Scripted(limit)
    with pytest.raises(ChainUnavailable) as caught:
        asks(endpoint.client)
    assert caught.value.code == "chain-rate-limited"
    assert endpoint.lengths == [100]


def test_all_questions_are_tried_together_again_after_a_while() -> None:
    now = [0.0]
    batches = Batches(100, clock=lambda: now[0])
    batches.refused(100)
    batches.failed(50)
    assert batches.most == 50
    batches.failed(50)
    assert batches.most == 25
    batches.refused(1)
    assert batches.most == 1
    now[0] += batching.AGAIN_SECONDS + 1
    assert batches.most == 100
    batches.failed(100)
    batches.worked()
    batches.failed(100)
    assert batches.most == 100


def test_of_several_endpoints_one_that_takes_no_batches_is_asked_all_the_same() -> None:
    def script(method: str, params: list[Any]) -> Json:
        return "0x1" if method == "eth_chainId" else "0x64" if method == "eth_blockNumber" else chain(method, params)

    def single(request: Json) -> Reply:
        return REFUSED["an error"](request) if isinstance(request, list) else each(script)(request)

    one, two = Scripted(single), Scripted(each(script))
    client = ChainClient(Endpoints([one.transport, two.transport]))
    assert asks(client) == 100
    assert two.asked == []
    assert next(iter(client.endpoints().values()))
    client.close()


def test_a_limit_of_one_endpoint_is_told_when_the_other_is_silent() -> None:
    def hangs(_: Json) -> Reply:
        raise ConnectionResetError

    limited, away = Scripted(lambda _: Reply({}, 429, {"Retry-After": "20"})), Scripted(hangs)
    client = ChainClient(Endpoints([limited.transport, away.transport], clock=lambda: 0.0))
    with pytest.raises(ChainUnavailable) as caught:
        client.chain_id()
    assert (caught.value.code, caught.value.retry_after) == ("chain-rate-limited", 20)
    client.close()


class Foreign:
    """A provider of somebody else, with a way of its own to ask several questions."""

    def __init__(self, together: object):
        self.together = together

    def make_request(self, method: str, params: list[Any]) -> Json:
        return {"result": chain(method, params)}

    def make_batch_request(self, _requests: Sequence[object]) -> object:
        if isinstance(self.together, Exception):
            raise self.together
        return self.together


@pytest.mark.parametrize("together", [None, {}, [], [{"result": None}], "x", {"error": {"code": 1}}])
def test_a_way_to_ask_several_that_is_none_is_not_used(together: object) -> None:
    assert ChainClient(Foreign(together)).blocks([1, 2])[1] is not None


def test_exceptions_of_a_foreign_way_stay_inside() -> None:
    with pytest.raises(ChainUnavailable, match="RuntimeError"):
        ChainClient(Foreign(RuntimeError("https://key@host"))).blocks([1, 2])


def test_a_refusal_knows_what_it_is_about() -> None:
    def refused(code: int, words: str) -> RpcRefused:
        return RpcRefused("no", rpc_code=code, rpc_message=words, where=None, remedy=None)

    assert refused(-32005, "query returned more than 10000 results").meaning is Refusal.TOO_MUCH
    assert refused(-32005, "limit exceeded").code == "chain-rate-limited"
    assert refused(-32000, "header not found").code == "chain-rpc-error"
