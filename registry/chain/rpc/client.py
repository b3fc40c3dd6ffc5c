"""A client that reads one chain and sends bytes somebody else signed.

Every failure comes out as one of the errors of `registry.errors`: `ChainUnavailable` when there is no answer or one
that is not an answer, `RpcRefused` (a `ChainUnavailable`) when the endpoint says no, `ContractReverted` when a contract
does, `WrongChain` when there is no contract to ask. Nothing here retries a send.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple, Protocol, TypeVar

from registry.chain.reverts import revert_data, revert_error
from registry.chain.rpc.bloom import BLOOM_BYTES, FULL_BLOOM, bloom_of, covers
from registry.chain.rpc.hexadecimal import (
    ADDRESS_BYTES,
    HASH_BYTES,
    address_bytes,
    checksummed,
    count,
    data,
    quantity,
    to_hex,
)
from registry.chain.rpc.methods import PROOF, SEND, is_question
from registry.chain.rpc.patience import RATE_LIMITED, Patience
from registry.chain.rpc.refusals import Refusal, asked_pause, refusal_of, words_of
from registry.chain.rpc.remedies import AN_ARCHIVE, CHECK_ENDPOINT, TRY_LATER, WAIT_OR_ANOTHER, WITH_PROOFS
from registry.errors import ChainError, ChainUnavailable, WrongChain
from registry.proofs.evidence import Evidence, Nodes
from registry.proofs.header import header_of
from registry.proofs.storage import MOST_NODES
from registry.records import BlockRef

BlockNumber = int | Literal["latest"]
# Endpoints that take no hashes of blocks (EIP-1898) say that the question is wrong, not that there is no such block.
_WRONG_QUESTION = frozenset({-32600, -32601, -32602})
# The year 9999: what datetime can hold. A block time beyond it is not a block time.
LATEST_TIMESTAMP = 253_402_300_799
MOST_TOGETHER = 100
TIMES_TOGETHER = 3
METHOD_NOT_FOUND = -32601
PROOFS_ELSEWHERE = {Refusal.STATE: AN_ARCHIVE, Refusal.METHOD: WITH_PROOFS}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Block:
    """A block header, as far as it is needed here.

    Attributes:
        number: its height.
        hash: 32 bytes.
        timestamp: UTC, whole seconds.
        parent_hash: 32 bytes.
        base_fee: wei per gas, or None on a chain without EIP-1559.
    """

    number: int
    hash: bytes
    timestamp: datetime
    parent_hash: bytes = b""
    base_fee: int | None = None

    @property
    def reference(self) -> BlockRef:
        """Which block it is."""
        return BlockRef(self.number, self.hash, self.timestamp)


@dataclass(frozen=True, slots=True)
class Log:
    """One event as it came, not decoded. Hashes are 32 bytes, the address is checksummed."""

    address: str
    topics: tuple[bytes, ...]
    data: bytes
    block_number: int
    block_hash: bytes
    transaction_hash: bytes
    transaction_index: int
    log_index: int


@dataclass(frozen=True, slots=True)
class MinedTransaction:
    """What became of a transaction that is in a block.

    Attributes:
        hash, block_hash: 32 bytes.
        succeeded: False when it reverted.
        gas_used: gas.
        effective_gas_price: wei per gas.
        contract_address: of a contract it created, else None.
    """

    hash: bytes
    block_number: int
    block_hash: bytes
    succeeded: bool
    gas_used: int
    logs: tuple[Log, ...]
    effective_gas_price: int = 0
    contract_address: str | None = None


class LogRange(NamedTuple):
    """The events of a contract in a range of blocks, with the headers of its first and its last block."""

    first: Block
    last: Block
    logs: tuple[Log, ...]


class FilteredBlock(NamedTuple):
    """A header with its filter of events (`bloom`), None where there is none, and its transactions."""

    block: Block
    bloom: int | None
    transactions: tuple[bytes, ...]


class Fees(NamedTuple):
    """What a transaction costs now, in wei per gas."""

    base_fee: int
    tip: int


class Question(NamedTuple):
    """One of several requests that are asked together, and how its result is read."""

    method: str
    params: Sequence[object]
    decode: Callable[[Any], Any]


class _MinedEvents(NamedTuple):
    """The events of a transaction that is in a block; hashes are 32 bytes."""

    transaction: bytes
    block: bytes
    logs: tuple[Log, ...]


class RpcRefused(ChainUnavailable):
    """The endpoint answered with an error of its own; whoever sent something has to ask the chain what happened.

    The code is `chain-rate-limited` when the endpoint takes no more requests for now.

    Attributes:
        rpc_code: the JSON-RPC code, such as -32000.
        rpc_message: the message of the node, cut at 500 characters, such as "nonce too low".
        meaning: what it is about.
    """

    default_code = "chain-rpc-error"

    def __init__(self, what: str, *, rpc_code: int, rpc_message: str, where: str | None, remedy: str | None):
        self.rpc_code = rpc_code
        self.rpc_message = rpc_message
        self.meaning = refusal_of(rpc_code, rpc_message)
        super().__init__(what, where=where, remedy=remedy, code=RATE_LIMITED if self.is_limit else None)

    @property
    def is_limit(self) -> bool:
        """Whether the same question may be answered later, so that nothing follows from this refusal."""
        return self.meaning is Refusal.LIMITED


class Transport(Protocol):
    """Whatever carries a JSON-RPC request: `HttpTransport`, the embedded chain, or a web3 provider."""

    def make_request(self, method: Any, params: Any) -> Any:
        """The whole JSON-RPC answer, with `result` or `error`."""


class ChainClient:
    """One chain, through one endpoint.

    Args:
        transport: what carries the requests; a web3 provider will do.
        where: the endpoint as it may be shown to people.
        patience: for how long a question is asked again while the endpoint limits requests; what is sent never is.
    """

    def __init__(self, transport: Transport, *, where: str = "the chain", patience: Patience | None = None):
        self._transport = transport
        self._patience = patience or Patience()
        self._no_block_receipts = False
        self._no_block_hashes = False
        self.where = where

    def close(self) -> None:
        """Close the connections; the client is not used afterwards."""
        close = getattr(self._transport, "close", None)
        if close is not None:
            close()

    def endpoints(self) -> Mapping[str, bool]:
        """The endpoints by their public URLs, and whether each is in use; empty with a single one."""
        health = getattr(self._transport, "health", None)
        return {} if health is None else {each.where: each.ok for each in health()}

    def silent_endpoints(self) -> Mapping[str, str]:
        """Those of several endpoints that gave no answer when last asked, by their public URLs, and why."""
        health = getattr(self._transport, "health", None)
        return {} if health is None else {each.where: each.why for each in health() if each.why is not None}

    def newest_told(self) -> int:
        """Number of the newest block that any of the endpoints has told of; 0 with a single one."""
        newest = getattr(self._transport, "newest_head", None)
        return 0 if newest is None else newest()

    def each_alone(self) -> list[ChainClient]:
        """A client of each of the endpoints by itself, which waits for nothing; of a single one, of that."""
        alone = getattr(self._transport, "alone", None)
        transports = [self._transport] if alone is None else alone()
        return [ChainClient(each, where=getattr(each, "where", self.where)) for each in transports]

    @property
    def patient_seconds(self) -> float:
        """For how long a question is asked again while the endpoint limits requests."""
        return self._patience.seconds

    # Which chain

    def chain_id(self) -> int:
        """The EIP-155 chain id, asked anew each time: an endpoint can be pointed elsewhere."""
        return self._read("eth_chainId", [], quantity)

    def genesis_hash(self) -> bytes:
        """The hash of block 0."""
        genesis = self.block(0)
        if genesis is None:
            raise self._garbage("eth_getBlockByNumber", "there is no block 0")
        return genesis.hash

    def code(self, address: str, at: BlockNumber | bytes = "latest") -> bytes:
        """The code at an address, or b"" where there is none."""
        return self._read("eth_getCode", [address, _block_parameter(at)], data)

    # Blocks

    def block(self, number: BlockNumber) -> Block | None:
        """The block at that height on the canonical chain, or None when the chain is not that long."""
        block = self._block(number if isinstance(number, str) else to_hex(number))
        if block is not None and number != "latest" and block.number != number:
            raise self._garbage("eth_getBlockByNumber", f"asked for block {number}, got {block.number}")
        return block

    def block_by_endpoint(self, number: int) -> dict[str, Block | None]:
        """`block` as each of the endpoints has it, by their public URLs; without those that give no answer."""
        found = self._of_each("eth_getBlockByNumber", [to_hex(number), False], _optional(_block))
        return {where: block for where, block in found.items() if block is None or block.number == number}

    def heads_by_endpoint(self) -> dict[str, Block]:
        """The newest block of each of the endpoints; without those that give no answer."""
        found = self._of_each("eth_getBlockByNumber", ["latest", False], _optional(_block))
        return {where: block for where, block in found.items() if block is not None}

    def chain_ids_by_endpoint(self) -> dict[str, int]:
        """The EIP-155 chain id that each of the endpoints tells; without those that give no answer."""
        return self._of_each("eth_chainId", [], count)

    def finalized_by_endpoint(self) -> dict[str, int]:
        """The number of the newest block that each of the endpoints calls final; without those that name none."""
        found = self._of_each("eth_getBlockByNumber", ["finalized", False], _optional(_block))
        return {where: block.number for where, block in found.items() if block is not None}

    def _of_each(self, method: str, params: Sequence[object], decode: Callable[[Any], T]) -> dict[str, T]:
        """What each of the endpoints answers, by their public URLs; without those that give no answer of that form."""
        ask_each = getattr(self._transport, "each_answer", None)
        if ask_each is None:
            return {self.where: self._read(method, params, decode)}
        found = {}
        for where, answer in ask_each(method, params).items():
            with suppress(ChainUnavailable):
                found[where] = self._decoded(answer, method, decode)
        return found

    def finalized(self, depth_when_no_tag: int | None = None) -> Block:
        """The newest block that cannot be undone.

        Args:
            depth_when_no_tag: for a chain without a `finalized` tag, how many blocks below the head count as final.

        Raises:
            ChainUnavailable: code `no-finality` when the chain does not say and no depth was given.
        """
        block = self._tagged("finalized")
        if block is not None:
            return block
        if depth_when_no_tag is None:
            raise ChainUnavailable(
                "the chain does not say which blocks are final",
                where=self.where,
                remedy="Set how many blocks count as final on this chain (finality depth), or use another endpoint.",
                code="no-finality",
            )
        head = self._existing_block("latest")
        return self._existing_block(max(0, head.number - depth_when_no_tag))

    def safe(self) -> Block | None:
        """The newest block that the chain calls safe; None when it has no such word."""
        return self._tagged("safe")

    # Accounts and fees

    def nonce(self, address: str, *, pending: bool = False, at: BlockNumber = "latest") -> int:
        """How many transactions the account has sent: mined ones, or with `pending` those in the pool as well.

        Where the chain has no pool to ask, those that are mined: whoever sends knows its own besides.
        """
        method = "eth_getTransactionCount"
        if pending:
            try:
                found = self._read(method, [address, "pending"], _optional(count))
            except RpcRefused as refusal:
                if refusal.is_limit:
                    raise
                found = None
            if found is not None:
                return found
        return self._read(method, [address, _block_parameter(at)], count)

    def balance(self, address: str, at: BlockNumber = "latest") -> int:
        """Wei."""
        return self._read("eth_getBalance", [address, _block_parameter(at)], quantity)

    def fees(self) -> Fees:
        """What a transaction costs now: the base fee of the head and the tip the endpoint suggests.

        Raises:
            WrongChain: code `no-base-fee`: no transaction with a fee that is bounded by two caps can be sent there.
        """
        base_fee = self._existing_block("latest").base_fee
        if base_fee is None:
            raise WrongChain(
                "the chain has no base fee (EIP-1559), and nothing is sent to such a chain",
                where=self.where,
                remedy="Use a chain of the Cancun fork or newer; the contract needs one, too.",
                code="no-base-fee",
            )
        try:
            return Fees(base_fee, self._read("eth_maxPriorityFeePerGas", [], quantity))
        except RpcRefused as refusal:
            if refusal.is_limit:
                raise
            # Not every client has that method; what is above the base fee in its gas price is its tip.
            return Fees(base_fee, max(0, self._read("eth_gasPrice", [], quantity) - base_fee))

    # Contracts

    def call_at(self, to: str, call_data: bytes, number: int, block_hash: bytes) -> bytes:
        """`call` as of a block by its hash (EIP-1898), so that no other block of that height can answer for it.

        An endpoint that takes no hashes is asked by the height.
        """
        if not self._no_block_hashes:
            try:
                return self.call(to, call_data, block_hash)
            except RpcRefused as error:
                if error.rpc_code not in _WRONG_QUESTION or error.is_limit:
                    raise
                self._no_block_hashes = True
        return self.call(to, call_data, number)

    def call(
        self, to: str, call_data: bytes, at: BlockNumber | bytes = "latest", *, sender: str | None = None
    ) -> bytes:
        """What the contract answers, without a transaction.

        Args:
            at: number or hash of the block as of which it answers.

        Raises:
            ContractReverted: the contract refused, with its error and arguments.
            WrongChain: code `no-contract`: there is no contract at the address, so an answer would mean nothing.
        """
        request = {"to": to, "data": to_hex(call_data)} | ({"from": sender} if sender else {})
        answer = self._read("eth_call", [request, _block_parameter(at)], data)
        if not answer and not self.code(to, at):
            raise self.no_contract(to)
        return answer

    def estimate_gas(self, *, sender: str, to: str | None, call_data: bytes, value: int = 0) -> int:
        """How much gas the transaction would need.

        Raises:
            ContractReverted: it would revert, and why.
        """
        request = {"from": sender, "data": to_hex(call_data), "value": to_hex(value)} | ({"to": to} if to else {})
        return self._read("eth_estimateGas", [request], count)

    def no_contract(self, address: str) -> WrongChain:
        """The error that says there is no contract at the address."""
        return WrongChain(
            f"there is no contract at {address} on this chain",
            where=self.where,
            remedy="Check the address, and that the endpoint serves the chain the contract was deployed on.",
            code="no-contract",
        )

    # Transactions

    def send_raw(self, raw: bytes) -> bytes:
        """Send a signed transaction once, and return the hash the endpoint gives for it.

        Raises:
            RpcRefused: the endpoint did not take it, or says so; `rpc_message` has its words.
            ChainUnavailable: no usable answer; it may have been taken all the same.
        """
        return self._ask(SEND, [to_hex(raw)], lambda value: data(value, HASH_BYTES))

    def mined(self, transaction_hash: bytes) -> MinedTransaction | None:
        """What became of a transaction, or None while it is not in a block."""
        transaction = self._read("eth_getTransactionReceipt", [to_hex(transaction_hash)], _optional(_mined))
        if transaction is not None and transaction.hash != transaction_hash:
            raise self._garbage("eth_getTransactionReceipt", "the answer is about another transaction")
        return transaction

    def logs(
        self,
        addresses: str | Sequence[str] | None = None,
        topics: Sequence[bytes | Sequence[bytes] | None] = (),
        from_block: BlockNumber = 0,
        to_block: BlockNumber = "latest",
    ) -> tuple[Log, ...]:
        """The events in a range of blocks, both ends included, in the order of the chain.

        Args:
            addresses: of the contract, or of several; None for all.
            topics: one entry a position: 32 bytes, several of them (any), or None (whatever is there).

        Raises:
            ChainUnavailable: no answer, or one with events that were not asked for (code `chain-garbage`).
        """
        wanted: dict[str, object] = {
            "fromBlock": _block_parameter(from_block),
            "toBlock": _block_parameter(to_block),
            "topics": [_topic(topic) for topic in topics],
        }
        if addresses is not None:
            wanted["address"] = _one_or_several(addresses)
        found = self._read("eth_getLogs", [wanted], _logs)
        return self._asked_for(found, addresses, topics, from_block, to_block)

    def _asked_for(
        self,
        found: tuple[Log, ...],
        addresses: str | Sequence[str] | None,
        topics: Sequence[bytes | Sequence[bytes] | None],
        from_block: BlockNumber,
        to_block: BlockNumber,
    ) -> tuple[Log, ...]:
        """The logs in order, when they are what was asked for."""
        those = {address_bytes(each) for each in ([addresses] if isinstance(addresses, str) else addresses or ())}
        if addresses is not None and any(address_bytes(log.address) not in those for log in found):
            raise self._garbage("eth_getLogs", "the answer has events of another contract")
        # An endpoint that ignores the filter would otherwise pass off one batch's events as another's.
        if not all(_has_topics(log, topics) and _within(log, from_block, to_block) for log in found):
            raise self._garbage("eth_getLogs", "the answer has events that were not asked for")
        return tuple(sorted(found, key=lambda log: (log.block_number, log.log_index)))

    def logs_with_headers(self, addresses: str | Sequence[str], from_block: int, to_block: int) -> LogRange:
        """All events of contracts in a range of blocks, read with its ends by one endpoint at once.

        The last header is read before and after the events, so that they are those of the chain it is on.

        Raises:
            ChainUnavailable: no answer; code `chain-moved` when the chain changed in between, `no-block` when it is
                not that long.
        """
        wanted = {
            "fromBlock": to_hex(from_block),
            "toBlock": to_hex(to_block),
            "topics": [],
            "address": _one_or_several(addresses),
        }

        def header(number: int) -> Question:
            return Question("eth_getBlockByNumber", [to_hex(number), False], _optional(_block))

        asked = [header(from_block), header(to_block), Question("eth_getLogs", [wanted], _logs), header(to_block)]
        first, last, logs, again = self._ask_together(asked)
        if first is None or last is None or again is None:
            raise self._no_block(to_block)
        if (first.number, last.number) != (from_block, to_block):
            raise self._garbage("eth_getBlockByNumber", "the answer is about another block")
        if last != again:
            raise self.moved()
        return LogRange(first, last, self._asked_for(logs, addresses, (), from_block, to_block))

    def evidence(self, address: str, slots: Sequence[bytes], number: int) -> Evidence:
        """What a contract stores in some slots at a block, with its header (EIP-1186); nothing of it is proved yet.

        Raises:
            ChainUnavailable: no answer, or one of another form; code `no-block` when the chain is not that long.
            EvidenceError: code `header-shape`: the chain has headers of its own.
        """
        asked = [
            Question("eth_getBlockByNumber", [to_hex(number), False], _optional(_fields)),
            Question(PROOF, [address, [to_hex(slot) for slot in slots], to_hex(number)], _proof),
        ]
        block, (account, found) = self._ask_together(asked)
        if block is None:
            raise self._no_block(number)
        if list(found) != list(dict.fromkeys(slots)):
            raise self._garbage(PROOF, "the answer is about other slots")
        return Evidence(header_of(block).encoded, address_bytes(address), account, found)

    def blocks(self, numbers: Sequence[int]) -> tuple[Block | None, ...]:
        """The blocks at those heights, None where the chain is not that long; a hundred of them at once."""
        found: list[Block | None] = []
        for start in range(0, len(numbers), MOST_TOGETHER):
            some = numbers[start : start + MOST_TOGETHER]
            asked = [Question("eth_getBlockByNumber", [to_hex(each), False], _optional(_block)) for each in some]
            found += self._ask_together(asked)
        if any(block is not None and block.number != number for block, number in zip(found, numbers, strict=True)):
            raise self._garbage("eth_getBlockByNumber", "the answer is about another block")
        return tuple(found)

    def filtered_blocks(self, from_block: int, to_block: int) -> tuple[FilteredBlock, ...]:
        """All blocks of a range, each the child of the one before; a hundred of them are asked for at once.

        Raises:
            ChainUnavailable: no answer; code `no-block` when the chain is not that long, `chain-moved` when they do not
                follow from each other.
        """
        found: list[FilteredBlock] = []
        for start in range(from_block, to_block + 1, MOST_TOGETHER):
            numbers = range(start, min(to_block + 1, start + MOST_TOGETHER))
            asked = [Question("eth_getBlockByNumber", [to_hex(each), False], _optional(_filtered)) for each in numbers]
            for number, answer in zip(numbers, self._ask_together(asked), strict=True):
                if answer is None:
                    raise self._no_block(number)
                if answer.block.number != number:
                    raise self._garbage("eth_getBlockByNumber", "the answer is about another block")
                if found and answer.block.parent_hash != found[-1].block.hash:
                    raise self.moved()
                found.append(answer)
        return tuple(found)

    def all_logs(self, of: FilteredBlock) -> tuple[Log, ...]:
        """Every event of one block, of whichever contract, out of the receipts of all of its transactions.

        Raises:
            ChainUnavailable: no answer; code `no-receipts` when the endpoint has not all of them; `chain-moved` when
                they are of another block.
        """
        mined = self._mined_of(of)
        if any(each.block != of.block.hash for each in mined):
            raise self.moved()
        logs = tuple(log for each in mined for log in each.logs)
        if not {each.transaction for each in mined} >= set(of.transactions):
            raise self._no_receipts(of)
        # What the header's filter holds has to come from somewhere: else some of them are not there.
        told = bloom_of(value for log in logs for value in (address_bytes(log.address), *log.topics))
        if not covers(told, of.bloom or 0):
            raise self._no_receipts(of)
        if len({log.log_index for log in logs}) < len(logs):
            raise self._garbage("eth_getBlockReceipts", f"two events of block {of.block.number} have one number")
        return tuple(sorted(logs, key=lambda log: log.log_index))

    def _mined_of(self, of: FilteredBlock) -> list[_MinedEvents]:
        if not self._no_block_receipts:
            method = "eth_getBlockReceipts"
            try:
                found = self._read(method, [to_hex(of.block.number)], _optional(_all_mined_events))
            except RpcRefused as error:
                if error.is_limit:
                    raise
                self._no_block_receipts = error.rpc_code == METHOD_NOT_FOUND
            else:
                if found is None:
                    raise self._no_receipts(of)
                return found
        method, read = "eth_getTransactionReceipt", _optional(_mined_events)
        asked = [Question(method, [to_hex(each)], read) for each in of.transactions]
        one_by_one: list[_MinedEvents] = []
        for start in range(0, len(asked), MOST_TOGETHER):
            for answer in self._ask_together(asked[start : start + MOST_TOGETHER]):
                if answer is None:
                    raise self._no_receipts(of)
                one_by_one.append(answer)
        return one_by_one

    def _no_receipts(self, of: FilteredBlock) -> ChainUnavailable:
        return ChainUnavailable(
            f"the endpoint does not have all receipts of block {of.block.number}",
            where=self.where,
            remedy=TRY_LATER,
            code="no-receipts",
        )

    def _no_block(self, number: int) -> ChainUnavailable:
        return ChainUnavailable(f"the chain has no block {number}", where=self.where, remedy=TRY_LATER, code="no-block")

    def moved(self) -> ChainUnavailable:
        """The error that says that what was read does not belong together."""
        return ChainUnavailable(
            "the chain reorganised while it was read", where=self.where, remedy=TRY_LATER, code="chain-moved"
        )

    # Asking

    def request(self, method: str, params: Sequence[object] = ()) -> Any:
        """The raw result of any JSON-RPC method, for what has no method of its own here.

        What does more than ask is sent once, whatever comes back.
        """
        ask = self._read if is_question(method) else self._ask
        return ask(method, params, _as_it_is)

    def request_together(self, requests: Sequence[tuple[str, Sequence[object]]]) -> list[Any]:
        """The raw results of several JSON-RPC methods, as few requests as the endpoint allows.

        Where one of them does more than ask, each is sent alone and once, in their order.
        """
        if not all(is_question(method) for method, _ in requests):
            return [self.request(method, params) for method, params in requests]
        return self._ask_together([Question(method, params, _as_it_is) for method, params in requests])

    def _read(self, method: str, params: Sequence[object], decode: Callable[[Any], T]) -> T:
        """Ask; once more if the connection was lost, as a connection kept open may be."""

        def ask() -> T:
            return self._ask(method, params, decode)

        try:
            return self._patience.answer(ask)
        except ChainUnavailable as error:
            if error.code != "chain-connection-lost":
                raise
        return self._patience.answer(ask)

    def _ask(self, method: str, params: Sequence[object], decode: Callable[[Any], T]) -> T:
        answer = self._carried(lambda: self._transport.make_request(method, list(params)))
        return self._decoded(answer, method, decode)

    def _ask_together(self, asked: Sequence[Question]) -> list[Any]:
        """The answers to several questions from one endpoint; one by one through a transport that has no such way."""
        together = getattr(self._transport, "make_batch_request", None)

        def ask() -> list[Any] | None:
            answers = together and self._carried(lambda: together([(each.method, each.params) for each in asked]))
            if not isinstance(answers, list) or len(answers) != len(asked):
                return None
            return [self._decoded(told, each.method, each.decode) for told, each in zip(answers, asked, strict=True)]

        try:
            found = self._patience.answer(ask, most=TIMES_TOGETHER)
        except ChainUnavailable as error:
            if error.code != RATE_LIMITED or len(asked) == 1 or not self._patience.is_left:
                raise
            # So many may be more than the endpoint ever takes in a second; each by itself is waited for.
            found = None
        return [self._read(each.method, each.params, each.decode) for each in asked] if found is None else found

    def _decoded(self, answer: Any, method: str, decode: Callable[[Any], T]) -> T:
        if not isinstance(answer, Mapping):
            raise self._garbage(method, "the answer is not a JSON-RPC answer")
        if answer.get("error") is not None:
            raise self._refusal(method, answer["error"])
        if "result" not in answer:
            raise self._garbage(method, "the answer has no result")
        try:
            return decode(answer["result"])
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
            raise self._garbage(method, str(error)) from None

    def _carried(self, ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except ChainError:
            raise
        except Exception as error:
            # Whatever a provider throws (requests, web3, its JSON reader): no answer came.
            thrown = type(error).__name__
        # Not where it is caught: what was thrown may contain the URL and with it a key.
        raise ChainUnavailable(
            f"the chain could not be read: no usable answer ({thrown})",
            where=self.where,
            remedy=TRY_LATER,
            code="chain-unreachable",
        )

    def _refusal(self, method: str, error: Any) -> Exception:
        reason = error if isinstance(error, Mapping) else {}
        message = words_of(error)
        if method in ("eth_call", "eth_estimateGas") and (thrown := revert_data(reason)) is not None:
            return revert_error(thrown)
        code = reason.get("code")
        refused = RpcRefused(
            f"the chain's endpoint refused {method}: {message}",
            rpc_code=code if isinstance(code, int) else 0,
            rpc_message=message,
            where=self.where,
            remedy="Check that the endpoint offers this method and keeps this much history, or use another one.",
        )
        if refused.is_limit:
            refused.remedy, refused.retry_after = WAIT_OR_ANOTHER, asked_pause(error)
        elif method == PROOF:
            refused.remedy = PROOFS_ELSEWHERE.get(refused.meaning, refused.remedy)
        return refused

    def _garbage(self, method: str, why: str) -> ChainUnavailable:
        # What makes no sense is shown, and an endpoint may have repeated its address in it.
        hide = getattr(self._transport, "hide", str)
        return ChainUnavailable(
            f"the chain's endpoint gave an answer to {method} that makes no sense: {hide(why)}",
            where=self.where,
            remedy=CHECK_ENDPOINT,
            code="chain-garbage",
        )

    def _tagged(self, tag: str) -> Block | None:
        """The block that the chain calls so; None when it has no such word."""
        try:
            return self._block(tag)
        except RpcRefused as refusal:
            if refusal.is_limit:
                raise
            return None

    def _block(self, parameter: str) -> Block | None:
        return self._read("eth_getBlockByNumber", [parameter, False], _optional(_block))

    def _existing_block(self, number: BlockNumber) -> Block:
        block = self.block(number)
        if block is None:
            raise self._garbage("eth_getBlockByNumber", f"there is no block {number}")
        return block


def _as_it_is(value: Any) -> Any:
    return value


def _fields(value: Any) -> Mapping[str, Any]:
    """All fields of a header, whatever they are."""
    if not isinstance(value, Mapping):
        raise TypeError("a block was expected")
    return value


def _proof(value: Any) -> tuple[Nodes, dict[bytes, Nodes]]:
    """The nodes of `eth_getProof`: those of the account, and by slot those of its storage."""
    slots = {quantity(each["key"]).to_bytes(HASH_BYTES, "big"): _nodes(each["proof"]) for each in value["storageProof"]}
    return _nodes(value["accountProof"]), slots


def _nodes(value: Any) -> Nodes:
    if len(value) > MOST_NODES:
        raise ValueError(f"a proof of more than {MOST_NODES} nodes")
    return tuple(data(node) for node in value)


def _optional(decode: Callable[[Any], T]) -> Callable[[Any], T | None]:
    return lambda value: None if value is None else decode(value)


def _block_parameter(number: BlockNumber | bytes) -> object:
    if isinstance(number, bytes):
        return {"blockHash": to_hex(number), "requireCanonical": True}
    return number if isinstance(number, str) else to_hex(number)


def _one_or_several(addresses: str | Sequence[str]) -> str | list[str]:
    """One alone is not in a list: some endpoints filter by their index only then."""
    several = [addresses] if isinstance(addresses, str) else list(addresses)
    return several[0] if len(several) == 1 else several


def _topic(topic: bytes | Sequence[bytes] | None) -> object:
    if topic is None or isinstance(topic, bytes):
        return None if topic is None else to_hex(topic)
    return [to_hex(option) for option in topic]


def _has_topics(log: Log, topics: Sequence[bytes | Sequence[bytes] | None]) -> bool:
    for position, wanted in enumerate(topics):
        options = (wanted,) if isinstance(wanted, bytes) else wanted
        if options and (position >= len(log.topics) or log.topics[position] not in options):
            return False
    return True


def _within(log: Log, from_block: BlockNumber, to_block: BlockNumber) -> bool:
    too_early = isinstance(from_block, int) and log.block_number < from_block
    too_late = isinstance(to_block, int) and log.block_number > to_block
    return not too_early and not too_late


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("a list was expected")
    return value


def _block(value: Any) -> Block:
    seconds = count(value["timestamp"])
    if seconds > LATEST_TIMESTAMP:
        raise ValueError("the block's time is beyond the year 9999; chains that count nanoseconds cannot be read")
    base_fee = value.get("baseFeePerGas")
    return Block(
        number=count(value["number"]),
        hash=data(value["hash"], HASH_BYTES),
        timestamp=datetime.fromtimestamp(seconds, UTC),
        parent_hash=data(value["parentHash"], HASH_BYTES),
        base_fee=None if base_fee is None else quantity(base_fee),
    )


def _filtered(value: Any) -> FilteredBlock:
    bloom = value.get("logsBloom")
    bits = None if bloom is None else int.from_bytes(data(bloom, BLOOM_BYTES), "big")
    return FilteredBlock(
        block=_block(value),
        # Some chains set all bits of every block: that is no filter.
        bloom=None if bits == FULL_BLOOM else bits,
        transactions=tuple(
            data(each["hash"] if isinstance(each, Mapping) else each, HASH_BYTES)
            for each in _list(value["transactions"])
        ),
    )


def _mined_events(value: Any) -> _MinedEvents:
    return _MinedEvents(
        transaction=data(value["transactionHash"], HASH_BYTES),
        block=data(value["blockHash"], HASH_BYTES),
        logs=tuple(_log(entry) for entry in _list(value["logs"])),
    )


def _all_mined_events(value: Any) -> list[_MinedEvents]:
    return [_mined_events(entry) for entry in _list(value)]


def _log(value: Any) -> Log:
    return Log(
        address=checksummed(data(value["address"], ADDRESS_BYTES)),
        topics=tuple(data(topic, HASH_BYTES) for topic in _list(value["topics"])),
        data=data(value["data"]),
        block_number=count(value["blockNumber"]),
        block_hash=data(value["blockHash"], HASH_BYTES),
        transaction_hash=data(value["transactionHash"], HASH_BYTES),
        transaction_index=count(value["transactionIndex"]),
        log_index=count(value["logIndex"]),
    )


def _logs(value: Any) -> tuple[Log, ...]:
    # Some chains say null for none.
    return () if value is None else tuple(_log(entry) for entry in _list(value))


def _mined(value: Any) -> MinedTransaction:
    status = count(value["status"])
    if status not in (0, 1):
        raise ValueError(f"a transaction's status is 0 or 1, not {status}")
    created = value.get("contractAddress")
    return MinedTransaction(
        hash=data(value["transactionHash"], HASH_BYTES),
        block_number=count(value["blockNumber"]),
        block_hash=data(value["blockHash"], HASH_BYTES),
        succeeded=status == 1,
        gas_used=count(value["gasUsed"]),
        logs=tuple(_log(entry) for entry in _list(value["logs"])),
        effective_gas_price=quantity(value.get("effectiveGasPrice") or "0x0"),
        contract_address=None if created is None else checksummed(data(created, ADDRESS_BYTES)),
    )
