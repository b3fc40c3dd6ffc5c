"""Faults of an endpoint, as rules of the proxy before the node."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from random import Random
from typing import Any, Final

from tests.faults.proxy import (
    SEND,
    Answer,
    Bytes,
    Call,
    Do,
    FaultProxy,
    HangUp,
    OldView,
    ReplacementRule,
    Rule,
    black_hole,
    http_status,
    lagging,
    lose_reply_by_closed_socket,
)

MOST_LAG: Final = 25
RECEIPTS: Final = ("eth_getTransactionReceipt", "eth_getBlockReceipts")
# Answers in which one wrong field is seen, since others have to agree with it. What `eth_call` gives is the endpoint's
# word alone, and is not among them.
WITH_FIELDS: Final = (
    "eth_getTransactionReceipt",
    "eth_getTransactionByHash",
    "eth_getBlockByNumber",
    "eth_getBlockByHash",
    "eth_getLogs",
    "eth_blockNumber",
    "eth_feeHistory",
)
_AT_BLOCK: Final = {
    "eth_call": 1,
    "eth_getBalance": 1,
    "eth_getCode": 1,
    "eth_getTransactionCount": 1,
    "eth_getStorageAt": 2,
    "eth_estimateGas": 1,
}
# Not all requests: then it would be an outage, in which nothing can go wrong.
SHARE: Final = 0.5


def lag_of(kind: str, size: float) -> int:
    """By how many blocks a lagging endpoint is behind."""
    return 1 + int(size * size * MOST_LAG) if kind in ("heads lag", "logs lag") else 0


def begin(kind: str, proxy: FaultProxy, random: Random, size: float, kept: int) -> Rule:
    """Begin a fault; it ends by `cancel`."""
    return _FAULTS[kind](proxy, random, size, kept)


def without_finalized(proxy: FaultProxy) -> Rule:
    """An endpoint of a chain, or of a provider, that does not know the tags `finalized` and `safe`."""
    return proxy.rule(do=_badly_asked, only=lambda call: any(each in ("finalized", "safe") for each in call.params))


def _some(random: Random) -> Callable[[Call], bool]:
    return lambda call: random.random() < SHARE


def _refusing(do: Do) -> Callable[[FaultProxy, Random, float, int], Rule]:
    return lambda proxy, random, size, kept: proxy.rule(do=do, only=_some(random))


def _heads_lag(proxy: FaultProxy, random: Random, size: float, kept: int) -> Rule:
    return proxy.rule(do=lagging(lag_of("heads lag", size)))


def _logs_lag(proxy: FaultProxy, random: Random, size: float, kept: int) -> Rule:
    behind = lag_of("logs lag", size)
    view = OldView(lambda head: head - behind)
    return proxy.rule("eth_getLogs", do=lambda call: _old_by_hash(call, behind) or view(call))


def _old_by_hash(call: Call, behind: int) -> Answer | None:
    """What a backend says of a block that it has not got; None when another question is asked."""
    wanted = dict(call.params[0])
    if "blockHash" not in wanted:
        return None
    block, head = call.ask("eth_getBlockByHash", wanted["blockHash"], False), int(call.ask("eth_blockNumber"), 16)
    has_it = block is not None and int(block["number"], 16) <= head - behind
    return call.forward() if has_it else call.error(-32000, "unknown block")


def _log_left_out(proxy: FaultProxy, random: Random, size: float, kept: int) -> Rule:
    def do(call: Call) -> Answer:
        answer = call.forward()
        logs = answer.get("result")
        if isinstance(logs, list) and logs:
            del logs[random.randrange(len(logs))]
        return answer

    return proxy.rule("eth_getLogs", do=do, only=_some(random))


def _field_wrong(proxy: FaultProxy, random: Random, size: float, kept: int) -> Rule:
    def do(call: Call) -> Answer:
        answer = call.forward()
        found = answer.get("result")
        if isinstance(found, list) and found:
            found = random.choice(found)
        if isinstance(found, dict) and found:
            name = random.choice(sorted(found))
            found[name] = _wrong(found[name], random)
        elif isinstance(found, str):
            answer["result"] = _wrong(found, random)
        return answer

    return proxy.rule(WITH_FIELDS, do=do, only=lambda call: random.random() < 0.2)


def _wrong(value: Any, random: Random) -> Any:
    """Another value: of another type, missing, or a little different."""
    if isinstance(value, str) and value.startswith("0x") and len(value) > 2 and random.random() < 0.6:
        digits = value[2:]
        place = random.randrange(len(digits))
        return "0x" + digits[:place] + format((int(digits[place], 16) + 1) % 16, "x") + digits[place + 1 :]
    return random.choice([None, "", "0x", 7, [], {}, "0x" + "ff" * 32, True])


def _badly_asked(call: Call) -> Answer:
    error = {"jsonrpc": "2.0", "id": call.id, "error": {"code": -32602, "message": "invalid argument"}}
    raise Bytes(json.dumps(error).encode(), status=400, headers={"Content-Type": "application/json"})


def _request_lost(call: Call) -> Answer:
    time.sleep(0.05)
    raise HangUp


def _receipts_null(proxy: FaultProxy, random: Random, size: float, kept: int) -> Rule:
    return proxy.rule(RECEIPTS, do=lambda call: call.result(None), only=_some(random))


def _pruned(proxy: FaultProxy, random: Random, size: float, kept: int) -> Rule:
    def is_old(call: Call) -> bool:
        place = _AT_BLOCK[call.method]
        given = call.params[place] if len(call.params) > place else "latest"
        if isinstance(given, dict):
            block = call.ask("eth_getBlockByHash", given.get("blockHash"), False)
            given = given.get("blockNumber") if block is None else block["number"]
        if not isinstance(given, str) or not given.startswith("0x"):
            return False
        return int(given, 16) < int(call.ask("eth_blockNumber"), 16) - kept

    refused: Do = lambda call: call.error(-32000, "missing trie node 0xd8a7 (path ) state 0xd8a7 is not available")  # noqa: E731
    return proxy.rule(tuple(_AT_BLOCK), do=refused, only=is_old)


def _swallowed(proxy: FaultProxy, random: Random, size: float, kept: int) -> Rule:
    return proxy.rule(SEND, do=black_hole, only=_some(random))


def _underpriced(proxy: FaultProxy, random: Random, size: float, kept: int) -> Rule:
    return proxy.rule(SEND, do=ReplacementRule())


_FAULTS: Final[Mapping[str, Callable[[FaultProxy, Random, float, int], Rule]]] = {
    "heads lag": _heads_lag,
    "logs lag": _logs_lag,
    "a log left out": _log_left_out,
    "a field wrong": _field_wrong,
    "429": _refusing(http_status(429)),
    "429 with Retry-After": _refusing(http_status(429, retry_after="3")),
    "400 with a JSON body": _refusing(_badly_asked),
    "answers lost": _refusing(lose_reply_by_closed_socket),
    "requests lost": _refusing(_request_lost),
    "503": _refusing(http_status(503)),
    "receipts null": _receipts_null,
    "pruned": _pruned,
    "sends swallowed": _swallowed,
    "replacements underpriced": _underpriced,
}
