"""A JSON-RPC proxy in front of a node that breaks on purpose, as a test tells it to.

A rule says what happens to the calls of a method. Rules lie around each other: the newest is outermost, and what it
forwards goes through the older ones before it reaches the node. What no rule is about goes through untouched.
"""

from __future__ import annotations

import json
import select
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import rlp
import urllib3
from eth_account import Account
from eth_hash.auto import keccak

from registry.chain.rpc.hexadecimal import checksummed, data, to_hex

SEND = "eth_sendRawTransaction"
# A test that forgot to release what hangs ends all the same.
LONGEST_HANG_SECONDS = 60.0
# How soon a hanging request notices that its client has gone.
GLANCE_SECONDS = 0.05
UPSTREAM_TIMEOUT_SECONDS = 30.0
# geth's --txpool.pricebump: both fees of a replacement have to be this much higher.
PRICE_BUMP_PERCENT = 10
SERVER_ERROR = -32000

Answer = dict[str, Any]
Do = Callable[["Call"], Answer]


@dataclass(frozen=True)
class SentTransaction:
    """One raw transaction as it reached the proxy. `sender` is checksummed; fees are in wei per gas."""

    hash: bytes
    sender: str
    nonce: int
    max_fee: int
    tip: int
    raw: bytes

    @classmethod
    def decoded(cls, raw: bytes) -> SentTransaction:
        """Read signed bytes of the types 0, 1 and 2.

        Raises:
            ValueError: they are none of these.
        """
        try:
            typed = raw[:1] in (b"\x01", b"\x02")
            fields = rlp.decode(raw[1:] if typed else raw)
            numbers = [int.from_bytes(value, "big") for value in fields[:4]]
            nonce = numbers[1] if typed else numbers[0]
            tip, max_fee = {b"\x01": (numbers[2], numbers[2]), b"\x02": (numbers[2], numbers[3])}.get(
                raw[:1], (numbers[1], numbers[1])
            )
            sender = Account.recover_transaction(raw)
        except Exception as error:
            raise ValueError(f"not a signed transaction: {error}") from error
        return cls(keccak(raw), checksummed(sender), nonce, max_fee, tip, raw)


class WireFault(Exception):
    """What happens on the connection instead of an answer; a whole batch shares it."""

    ends_connection = True

    def play(self, handler: BaseHTTPRequestHandler, proxy: FaultProxy) -> None:
        """Do it."""
        raise NotImplementedError


class HangUp(WireFault):
    """The connection is closed without a word."""

    def play(self, handler: BaseHTTPRequestHandler, proxy: FaultProxy) -> None:
        handler.connection.shutdown(socket.SHUT_RDWR)


class Hang(WireFault):
    """Nothing comes, until the proxy is released or the client gives up; then the connection is closed."""

    def play(self, handler: BaseHTTPRequestHandler, proxy: FaultProxy) -> None:
        proxy.wait_for_release(handler.connection)
        handler.connection.shutdown(socket.SHUT_RDWR)


class Bytes(WireFault):
    """Any bytes with any status; `claimed` is the length it says it has."""

    def __init__(
        self, body: bytes, *, status: int = 200, headers: Mapping[str, str] | None = None, claimed: int | None = None
    ):
        super().__init__()
        self.body = body
        self.status = status
        self.headers = dict(headers or {})
        self.claimed = len(body) if claimed is None else claimed
        self.ends_connection = self.claimed != len(body)

    def play(self, handler: BaseHTTPRequestHandler, proxy: FaultProxy) -> None:
        handler.send_response(self.status)
        for name, value in self.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(self.claimed))
        handler.end_headers()
        handler.wfile.write(self.body)


class _CutBody(WireFault):
    """The answer, with a body that is not as long as the header says."""

    def __init__(self, answer: Answer, *, sent_part: float, claimed_part: float):
        super().__init__()
        whole = json.dumps(answer).encode()
        self.body = whole[: int(len(whole) * sent_part)]
        self.claimed = int(len(whole) * claimed_part)

    def play(self, handler: BaseHTTPRequestHandler, proxy: FaultProxy) -> None:
        Bytes(self.body, claimed=self.claimed).play(handler, proxy)


@dataclass
class Rule:
    """What happens to some calls.

    Attributes:
        methods: which; None for all.
        do: makes the answer, or raises a `WireFault`.
        left: how many times it still applies; None for ever.
        only: a further condition.
        used: how many times it applied; `happened` is set from the first on.
    """

    methods: Collection[str] | None
    do: Do
    left: int | None
    only: Callable[[Call], bool] | None
    used: int = 0
    happened: threading.Event = field(default_factory=threading.Event)

    def cancel(self) -> None:
        """It applies no more."""
        self.left = 0


@dataclass(frozen=True)
class Call:
    """One request on its way through the rules. `sent` is the transaction when it sends one that can be read."""

    proxy: FaultProxy
    connection: socket.socket
    id: Any
    method: str
    params: list[Any]
    sent: SentTransaction | None
    outer_rules: tuple[Rule, ...]

    def forward(self, params: Sequence[Any] | None = None) -> Answer:
        """What the rules further in make of it, and in the end the node."""
        call = self if params is None else replace(self, params=list(params))
        return self.proxy._through(call)

    def ask(self, method: str, *params: Any) -> Any:
        """The node's own answer to another question, past all rules; None when it refuses."""
        return self.proxy.upstream(method, list(params)).get("result")

    def result(self, value: Any) -> Answer:
        """A well-formed answer."""
        return {"jsonrpc": "2.0", "id": self.id, "result": value}

    def error(self, code: int, message: str) -> Answer:
        """A well-formed refusal."""
        return {"jsonrpc": "2.0", "id": self.id, "error": {"code": code, "message": message}}

    def wait_for_release(self) -> None:
        """Stand still until `FaultProxy.release`."""
        self.proxy.wait_for_release(self.connection)


class FaultProxy:
    """A local HTTP server that forwards JSON-RPC, single and batched, to a node.

    Attributes:
        url: where it listens.
        sent: every transaction it was given that can be read, in order, repeated ones too.
    """

    def __init__(self, upstream_url: str):
        self._upstream_url = upstream_url
        self._pool = urllib3.PoolManager(maxsize=16, timeout=UPSTREAM_TIMEOUT_SECONDS, retries=False)
        self._lock = threading.Lock()
        self._rules: list[Rule] = []
        self._methods: Counter[str] = Counter()
        self._released = threading.Event()
        self._closed = False
        self._hanging = 0
        self._connections: set[socket.socket] = set()
        self.sent: list[SentTransaction] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler_class())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, name="fault proxy", daemon=True
        )
        self._thread.start()

    def __enter__(self) -> FaultProxy:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # What a test tells it

    def rule(
        self,
        method: str | Collection[str] | None = None,
        *,
        do: Do,
        times: int | None = None,
        only: Callable[[Call], bool] | None = None,
    ) -> Rule:
        """From now on, do that with the calls of a method, several methods, or all (None)."""
        made = Rule((method,) if isinstance(method, str) else method, do, times, only)
        with self._lock:
            self._rules.append(made)
        return made

    def clear(self) -> None:
        """Cancel all rules and release what hangs."""
        with self._lock:
            for rule in self._rules:
                rule.cancel()
            self._rules.clear()
        self.release()

    def release(self) -> None:
        """End all that hangs now; what hangs later hangs anew."""
        with self._lock:
            released, self._released = self._released, threading.Event()
        released.set()

    def close(self) -> None:
        """Stop, and break every connection."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            connections = list(self._connections)
        self.release()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._pool.clear()

    # What a test learns from it

    def count(self, method: str) -> int:
        """How many times the method was called."""
        with self._lock:
            return self._methods[method]

    @property
    def hanging(self) -> int:
        """How many requests hang now."""
        with self._lock:
            return self._hanging

    def sends(self, transaction_hash: bytes) -> int:
        """How many times that transaction was sent."""
        with self._lock:
            return sum(one.hash == transaction_hash for one in self.sent)

    @property
    def duplicate_sends(self) -> int:
        """How many sends repeated bytes that were sent before."""
        with self._lock:
            return len(self.sent) - len({one.hash for one in self.sent})

    # How it works

    def upstream(self, method: str, params: Sequence[Any]) -> Answer:
        """The node's answer, past all rules.

        Raises:
            HangUp: the node did not answer.
        """
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)})
        try:
            response = self._pool.request(
                "POST", self._upstream_url, body=body, headers={"Content-Type": "application/json"}
            )
            answer = json.loads(response.data)
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise HangUp from error
        return dict(answer)

    def wait_for_release(self, connection: socket.socket) -> None:
        """Stand still until released, closed, or left by the client."""
        with self._lock:
            if self._closed:
                return
            released = self._released
            self._hanging += 1
        end = time.monotonic() + LONGEST_HANG_SECONDS
        try:
            while not released.wait(GLANCE_SECONDS) and time.monotonic() < end:
                if _client_has_gone(connection):
                    return
        finally:
            with self._lock:
                self._hanging -= 1

    def _through(self, call: Call) -> Answer:
        for place, rule in enumerate(call.outer_rules):
            if self._takes(rule, call):
                return rule.do(replace(call, outer_rules=call.outer_rules[place + 1 :]))
        return {**self.upstream(call.method, call.params), "id": call.id}

    def _takes(self, rule: Rule, call: Call) -> bool:
        if rule.methods is not None and call.method not in rule.methods:
            return False
        if rule.only is not None and not rule.only(call):
            return False
        with self._lock:
            if rule.left == 0:
                return False
            if rule.left is not None:
                rule.left -= 1
            rule.used += 1
        rule.happened.set()
        return True

    def _answered(self, request: Mapping[str, Any], connection: socket.socket) -> Answer:
        method, params = str(request["method"]), list(request.get("params") or [])
        sent = None
        if method == SEND:
            with suppress(ValueError, IndexError):
                sent = SentTransaction.decoded(data(params[0]))
        with self._lock:
            self._methods[method] += 1
            if sent is not None:
                self.sent.append(sent)
            rules = tuple(reversed(self._rules))
        return self._through(Call(self, connection, request.get("id"), method, params, sent, rules))

    def _reply(self, body: bytes, connection: socket.socket) -> bytes:
        """The answer to a single request, or the answers to a batch; one broken member breaks the whole reply."""
        try:
            asked = json.loads(body)
            single = isinstance(asked, Mapping)
            requests = [asked] if single else list(asked)
            answers, fault = [], None
            for request in requests:
                # A batch that loses its reply has been carried out as a whole.
                try:
                    answers.append(self._answered(request, connection))
                except WireFault as broken:
                    fault = fault or broken
        except (ValueError, TypeError, KeyError):
            error = {"code": -32700, "message": "parse error"}
            return json.dumps({"jsonrpc": "2.0", "id": None, "error": error}).encode()
        if fault is not None:
            raise fault
        return json.dumps(answers[0] if single else answers).encode()

    def _handler_class(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self) -> None:
                super().setup()
                with proxy._lock:
                    proxy._connections.add(self.connection)

            def finish(self) -> None:
                with proxy._lock:
                    proxy._connections.discard(self.connection)
                with suppress(OSError):
                    super().finish()

            def handle(self) -> None:
                with suppress(OSError):  # the client may go first
                    super().handle()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                try:
                    Bytes(proxy._reply(body, self.connection), headers={"Content-Type": "application/json"}).play(
                        self, proxy
                    )
                except WireFault as fault:
                    self.close_connection = fault.ends_connection
                    fault.play(self, proxy)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        return Handler


def _client_has_gone(connection: socket.socket) -> bool:
    try:
        readable, _, _ = select.select([connection], [], [], 0)
        return bool(readable) and connection.recv(1, socket.MSG_PEEK) == b""
    except (OSError, ValueError):
        return True


# What a rule may do


def lose_reply_by_timeout(call: Call) -> Answer:
    """The node does it, and the answer never comes."""
    call.forward()
    raise Hang


def lose_reply_by_closed_socket(call: Call) -> Answer:
    """The node does it, and the connection breaks before the answer."""
    call.forward()
    raise HangUp


def drop_by_timeout(call: Call) -> Answer:
    """The node never hears of it, and no answer comes."""
    raise Hang


def drop_by_closed_socket(call: Call) -> Answer:
    """The node never hears of it, and the connection breaks."""
    raise HangUp


def hold(call: Call) -> Answer:
    """The request is on its way until released; only then the node hears of it."""
    call.wait_for_release()
    return call.forward()


def black_hole(call: Call) -> Answer:
    """A send is answered with the right hash, and the node never hears of it."""
    return call.result(to_hex(keccak(data(call.params[0]))))


def http_status(status: int, *, retry_after: str | None = None, forwarded: bool = False) -> Do:
    """HTTP 429, 503… with or without Retry-After; `forwarded` when the node did it all the same."""

    def do(call: Call) -> Answer:
        if forwarded:
            call.forward()
        headers = {} if retry_after is None else {"Retry-After": retry_after}
        raise Bytes(b"<html>no</html>", status=status, headers=headers)

    return do


def garbage(body: bytes = b"<html>\xff\x00 not JSON", *, forwarded: bool = True) -> Do:
    """Status 200 with bytes that are no answer; `forwarded` when the node did it all the same."""

    def do(call: Call) -> Answer:
        if forwarded:
            call.forward()
        raise Bytes(body)

    return do


def truncated_body(call: Call) -> Answer:
    """The node does it, and the connection breaks in the middle of the answer."""
    raise _CutBody(call.forward(), sent_part=0.5, claimed_part=1)


def wrong_content_length(call: Call) -> Answer:
    """The node does it, and the header says that the answer is half as long as it is."""
    raise _CutBody(call.forward(), sent_part=1, claimed_part=0.5)


def refuse(code: int, message: str, *, forwarded: bool = False) -> Do:
    """An error answer in the words of any client; `forwarded` when the node did it all the same."""

    def do(call: Call) -> Answer:
        if forwarded:
            call.forward()
        return call.error(code, message)

    return do


def pruned(kept: int) -> Do:
    """A node that has thrown away the state of all but its newest blocks; headers, receipts and events stay."""
    place = {"eth_call": 1, "eth_getBalance": 1, "eth_getTransactionCount": 1, "eth_getCode": 1, "eth_getStorageAt": 2}

    def do(call: Call) -> Answer:
        at = call.params[place[call.method]] if len(call.params) > place.get(call.method, 99) else "latest"
        head = int(call.ask("eth_blockNumber"), 16)
        if at in ("latest", "pending"):
            return call.forward()
        if not isinstance(at, str) or not at.startswith("0x"):
            at = call.ask("eth_getBlockByHash" if isinstance(at, dict) else "eth_getBlockByNumber", _hash_of(at), False)
            at = at["number"]
        if int(at, 16) > head - kept:
            return call.forward()
        return call.error(SERVER_ERROR, "missing trie node 4c9 (path ) state 0x4c9 is not available, not found")

    return do


def _hash_of(at: Any) -> Any:
    return at.get("blockHash") if isinstance(at, dict) else at


def insufficient_funds(call: Call) -> Answer:
    """geth's words for an account that cannot pay."""
    return call.error(SERVER_ERROR, "insufficient funds for gas * price + value: balance 0, tx cost 1, overshot 1")


def wrong_chain_id(chain_id: int) -> Do:
    """Another chain's id to `eth_chainId` and `net_version`; everything else as it is."""

    def do(call: Call) -> Answer:
        if call.method == "eth_chainId":
            return call.result(hex(chain_id))
        return call.result(str(chain_id)) if call.method == "net_version" else call.forward()

    return do


class ReplacementRule:
    """geth's rule for sends: a replacement whose two fees are not both 10 % higher is refused.

    What was mined or dropped from the pool is replaced by nothing, so it is no obstacle.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pending: dict[tuple[str, int], SentTransaction] = {}

    def __call__(self, call: Call) -> Answer:
        new = call.sent
        if new is None:
            return call.forward()
        with self._lock:
            old = self._pending.get((new.sender, new.nonce))
            if old is not None and old.hash != new.hash and not _outbids(new, old) and _in_pool(call, old):
                return call.error(SERVER_ERROR, "replacement transaction underpriced")
            answer = call.forward()
            if "result" in answer:
                self._pending[new.sender, new.nonce] = new
        return answer


def _outbids(new: SentTransaction, old: SentTransaction) -> bool:
    percent = 100 + PRICE_BUMP_PERCENT
    return new.max_fee * 100 >= old.max_fee * percent and new.tip * 100 >= old.tip * percent


def _in_pool(call: Call, one: SentTransaction) -> bool:
    found = call.ask("eth_getTransactionByHash", to_hex(one.hash))
    return found is not None and found.get("blockNumber") is None


# Where the block is among the parameters, for methods that read at a block.
_BLOCK_PARAMETER = {
    "eth_call": 1,
    "eth_estimateGas": 1,
    "eth_feeHistory": 1,
    "eth_getBalance": 1,
    "eth_getBlockByNumber": 0,
    "eth_getBlockReceipts": 0,
    "eth_getCode": 1,
    "eth_getStorageAt": 2,
    "eth_getTransactionCount": 1,
}


class OldView:
    """The chain as a node sees it that has not got the newest blocks. Sends still reach the pool.

    A node that is stuck keeps its height, not its blocks: below that height it follows a reorganisation.

    Args:
        head: from the height of the real chain to the height that this node has.
    """

    def __init__(self, head: Callable[[int], int]):
        self._head = head

    def __call__(self, call: Call) -> Answer:
        real_head = int(call.ask("eth_blockNumber"), 16)
        head = max(0, min(self._head(real_head), real_head))
        if call.method == "eth_blockNumber":
            return call.result(hex(head))
        if call.method == "eth_getLogs":
            return self._logs(call, head, real_head)
        if call.method in _BLOCK_PARAMETER:
            return self._at_block(call, _BLOCK_PARAMETER[call.method], head, real_head)
        answer = call.forward()
        found = answer.get("result")
        if call.method in ("eth_getTransactionReceipt", "eth_getBlockByHash") and _is_newer(found, head):
            return call.result(None)
        if call.method == "eth_getTransactionByHash" and _is_newer(found, head):
            unmined = {"blockNumber": None, "blockHash": None, "transactionIndex": None}
            return call.result({**answer["result"], **unmined})
        return answer

    def _at_block(self, call: Call, place: int, head: int, real_head: int) -> Answer:
        given = call.params[place] if len(call.params) > place else "latest"
        if not isinstance(given, str):  # {"blockHash": …}
            return call.forward()
        number = _number(call, given, head, real_head)
        if number > head:
            if call.method.startswith("eth_getBlock"):
                return call.result(None)
            return call.error(SERVER_ERROR, "header not found")
        rest = call.params[place + 1 :]
        return call.forward([*call.params[:place], hex(number), *rest])

    def _logs(self, call: Call, head: int, real_head: int) -> Answer:
        wanted = dict(call.params[0])
        if "blockHash" not in wanted:
            first = _number(call, wanted.get("fromBlock", "latest"), head, real_head)
            last = min(head, _number(call, wanted.get("toBlock", "latest"), head, real_head))
            if first > last:
                return call.result([])
            wanted |= {"fromBlock": hex(first), "toBlock": hex(last)}
        answer = call.forward([wanted])
        if "result" in answer:
            answer["result"] = [log for log in answer["result"] if not _is_newer(log, head)]
        return answer


def lagging(blocks: int) -> Do:
    """A node that is always so many blocks behind."""
    return OldView(lambda real_head: real_head - blocks)


def stuck_at(number: int) -> Do:
    """A node whose newest block is that one for ever."""
    return OldView(lambda _: number)


def _number(call: Call, tag: str, head: int, real_head: int) -> int:
    if tag in ("latest", "pending"):
        return head
    if tag == "earliest":
        return 0
    if tag in ("safe", "finalized"):
        # As far below this node's head as the real one is below the real head.
        real = call.ask("eth_getBlockByNumber", tag, False)
        return max(0, head - (real_head - int(real["number"], 16)))
    return int(tag, 16)


def _is_newer(found: Mapping[str, Any] | None, head: int) -> bool:
    if found is None:
        return False
    number = found.get("number", found.get("blockNumber"))
    return number is not None and int(number, 16) > head
