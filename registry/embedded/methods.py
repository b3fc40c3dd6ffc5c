"""Ethereum's JSON-RPC methods, answered by the embedded chain: for `ChainClient` in the process and for the devnet.

Results are the JSON values of the Ethereum execution API (https://github.com/ethereum/execution-apis). There is no
pool: a transaction is mined when it is sent or refused, so "pending" is "latest", and so are "safe" and "finalized".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from eth.abc import LogAPI, ReceiptAPI, SignedTransactionAPI
from eth.exceptions import Revert
from eth_utils.exceptions import ValidationError

from registry.chain.rpc.hexadecimal import ADDRESS_BYTES, HASH_BYTES, data, quantity, to_hex
from registry.embedded.evm import ZERO_ADDRESS, Evm, Header
from registry.embedded.proofs import proof_of
from registry.errors import ChainError, StoreError
from registry.proofs.evidence import MOST_SLOTS

INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
REFUSED = -32000
REVERTED = 3

TIP_WEI = 1_000_000_000
NEWEST_TAGS = frozenset({"latest", "pending", "safe", "finalized"})
# What the block's gas limit allows at the most, so that a filter cannot be made to cost more than that.
MAXIMUM_FEE_HISTORY_BLOCKS = 1024
# EIP-150 lets a call pass on 63/64 of the gas, so the gas a transaction needs is more than what it uses.
GAS_STIPEND = 2300


class RpcError(Exception):
    """An error answer: JSON-RPC code, message, and the bytes a contract threw, if any."""

    def __init__(self, code: int, message: str, thrown: bytes | None = None):
        super().__init__(message)
        self.code = code
        self.message = message
        self.thrown = thrown

    def body(self) -> dict[str, object]:
        """The `error` member of the answer."""
        error: dict[str, object] = {"code": self.code, "message": self.message}
        return error if self.thrown is None else error | {"data": to_hex(self.thrown)}


class Blocks(Protocol):
    """A chain whose state the methods read, and that mines what they are sent."""

    @property
    def evm(self) -> Evm:
        """What executes, and holds the blocks."""

    def receipts(self, number: int) -> list[ReceiptAPI]:
        """The receipts of a block, in order."""

    def block_size(self, number: int) -> int:
        """The bytes of a block."""

    def send_raw(self, raw: bytes) -> bytes:
        """Mine a signed transaction; its hash, 32 bytes.

        Raises:
            ChainError: the transaction cannot be in a block.
            StoreError: the block could not be written.
        """


class EthereumRpc:
    """The methods of one chain; the chain serialises the calls."""

    def __init__(self, chain: Blocks):
        self._chain = chain
        self._evm = chain.evm
        self._methods: dict[str, Callable[..., object]] = {
            "eth_accounts": list,
            "eth_blockNumber": lambda: to_hex(self._head().block_number),
            "eth_call": self._call,
            "eth_chainId": lambda: to_hex(self._evm.chain.chain_id),
            "eth_estimateGas": self._estimate_gas,
            "eth_feeHistory": self._fee_history,
            "eth_gasPrice": lambda: to_hex(self._head().base_fee_per_gas + TIP_WEI),
            "eth_getBalance": lambda address, at="latest": to_hex(self._state(at).get_balance(_address(address))),
            "eth_getBlockByHash": self._block_by_hash,
            "eth_getBlockByNumber": self._block_by_number,
            "eth_getBlockReceipts": self._block_receipts,
            "eth_getCode": lambda address, at="latest": to_hex(self._state(at).get_code(_address(address))),
            "eth_getLogs": self._logs,
            "eth_getProof": self._proof,
            "eth_getStorageAt": self._storage,
            "eth_getTransactionByHash": self._transaction,
            "eth_getTransactionCount": lambda address, at="latest": to_hex(
                self._state(at).get_nonce(_address(address))
            ),
            "eth_getTransactionReceipt": self._receipt,
            "eth_maxPriorityFeePerGas": lambda: to_hex(TIP_WEI),
            "eth_sendRawTransaction": self._send_raw,
            "eth_syncing": lambda: False,
            "net_listening": lambda: False,
            "net_version": lambda: str(self._evm.chain.chain_id),
            "web3_clientVersion": lambda: "testamur/embedded",
        }

    def answer(self, method: object, params: object) -> dict[str, object]:
        """`{"result": …}` or `{"error": …}`; never raises."""
        try:
            return {"result": self._result(method, params)}
        except RpcError as error:
            return {"error": error.body()}
        except StoreError as error:
            return {"error": RpcError(INTERNAL_ERROR, error.diagnostics()).body()}
        except ChainError as error:
            return {"error": RpcError(REFUSED, error.diagnostics()).body()}

    def _result(self, method: object, params: object) -> object:
        answer = self._methods.get(method) if isinstance(method, str) else None
        if answer is None:
            raise RpcError(METHOD_NOT_FOUND, f"the method {str(method)[:60]} does not exist here")
        if not isinstance(params, Sequence) or isinstance(params, str):
            raise RpcError(INVALID_PARAMS, "params has to be a list")
        try:
            return answer(*params)
        except (TypeError, ValueError, AttributeError, KeyError) as error:
            raise RpcError(INVALID_PARAMS, f"invalid parameters for {method}: {error}") from error

    # Blocks

    def _head(self) -> Header:
        return self._evm.head()

    def _header(self, at: object) -> Header | None:
        """The header for a tag, a number, or an EIP-1898 object."""
        if isinstance(at, Mapping):
            if "blockHash" in at:
                return self._evm.header_of(data(at["blockHash"], HASH_BYTES))
            at = at["blockNumber"]
        if at in NEWEST_TAGS:
            return self._head()
        return self._evm.header(0 if at == "earliest" else quantity(at))

    def _existing_header(self, at: object) -> Header:
        header = self._header(at)
        if header is None:
            raise RpcError(REFUSED, "header not found")
        return header

    def _state(self, at: object) -> Any:
        return self._evm.state(self._existing_header(at))

    def _block_by_number(self, at: object, full: bool = False) -> object:
        header = self._header(at)
        return None if header is None else self._block_json(header, full)

    def _block_by_hash(self, block_hash: object, full: bool = False) -> object:
        header = self._evm.header_of(data(block_hash, HASH_BYTES))
        return None if header is None else self._block_json(header, full)

    def _block_json(self, header: Header, full: bool) -> dict[str, object]:
        transactions = self._evm.block(header).transactions
        return {
            "number": to_hex(header.block_number),
            "hash": to_hex(header.hash),
            "parentHash": to_hex(header.parent_hash),
            "nonce": to_hex(header.nonce),
            "sha3Uncles": to_hex(header.uncles_hash),
            "logsBloom": to_hex(header.bloom.to_bytes(256, "big")),
            "transactionsRoot": to_hex(header.transaction_root),
            "stateRoot": to_hex(header.state_root),
            "receiptsRoot": to_hex(header.receipt_root),
            "miner": to_hex(header.coinbase),
            "difficulty": to_hex(header.difficulty),
            "mixHash": to_hex(header.mix_hash),
            "extraData": to_hex(header.extra_data),
            "size": to_hex(self._chain.block_size(header.block_number)),
            "gasLimit": to_hex(header.gas_limit),
            "gasUsed": to_hex(header.gas_used),
            "timestamp": to_hex(header.timestamp),
            "baseFeePerGas": to_hex(header.base_fee_per_gas),
            "withdrawalsRoot": to_hex(header.withdrawals_root),
            "withdrawals": [],
            "blobGasUsed": to_hex(header.blob_gas_used),
            "excessBlobGas": to_hex(header.excess_blob_gas),
            "parentBeaconBlockRoot": to_hex(header.parent_beacon_block_root),
            "requestsHash": to_hex(header.requests_hash),
            "uncles": [],
            "transactions": [
                _transaction_json(header, transaction, index) if full else to_hex(transaction.hash)
                for index, transaction in enumerate(transactions)
            ],
        }

    # Fees

    def _fee_history(self, count: object, newest: object, percentiles: Sequence[float] | None = None) -> object:
        wanted = count if isinstance(count, int) else quantity(count)
        last = self._existing_header(newest)
        first = max(0, last.block_number - min(wanted, MAXIMUM_FEE_HISTORY_BLOCKS) + 1)
        headers = [self._existing_header(to_hex(number)) for number in range(first, last.block_number + 1)]
        coming = self._evm.chain.create_header_from_parent(last, gas_limit=last.gas_limit).base_fee_per_gas
        history: dict[str, object] = {
            "oldestBlock": to_hex(first),
            "baseFeePerGas": [*(to_hex(header.base_fee_per_gas) for header in headers), to_hex(coming)],
            "gasUsedRatio": [header.gas_used / header.gas_limit for header in headers],
        }
        if percentiles:
            history["reward"] = [[to_hex(TIP_WEI)] * len(percentiles) for _ in headers]
        return history

    # Contracts

    def _storage(self, address: object, slot: object, at: object = "latest") -> str:
        value = self._state(at).get_storage(_address(address), quantity(slot))
        return to_hex(int(value).to_bytes(32, "big"))

    def _proof(self, address: object, slots: Sequence[object], at: object = "latest") -> dict[str, object]:
        if isinstance(slots, str) or len(slots) > MOST_SLOTS:
            raise ValueError(f"a list of up to {MOST_SLOTS} slots was expected")
        numbers = [quantity(slot).to_bytes(HASH_BYTES, "big") for slot in slots]
        root = self._existing_header(at).state_root
        return proof_of(self._evm.chain.chaindb.db, root, _address(address), numbers)

    def _call(self, message: Mapping[str, object], at: object = "latest", *_overrides: object) -> str:
        computation = self._executed(message, self._existing_header(at))
        _raise_if_reverted(computation)
        return to_hex(computation.output)

    def _estimate_gas(self, message: Mapping[str, object], at: object = "latest", *_overrides: object) -> str:
        """One run with all the gas there is, one with what it used and the 1/64 each call keeps back.

        At the time of a block that would be made now: there is none before a transaction comes, so the newest may be
        of long ago, and what a contract allows from today on it would refuse.
        """
        header = self._evm.coming(self._existing_header(at))
        unbounded = self._executed({**message, "gas": to_hex(header.gas_limit)}, header)
        _raise_if_reverted(unbounded)
        message_gas = unbounded.get_gas_used() + unbounded.get_gas_refund()
        needed = self._intrinsic_gas(message) + message_gas
        gas = min(header.gas_limit, needed + needed // 63 + GAS_STIPEND)
        while gas < header.gas_limit and self._executed({**message, "gas": to_hex(gas)}, header).is_error:
            gas = min(header.gas_limit, gas * 3 // 2)
        return to_hex(gas)

    def _intrinsic_gas(self, message: Mapping[str, object]) -> int:
        """What a transaction costs before its first instruction, or its calldata floor (EIP-7623)."""
        payload = _payload(message)
        zeros = payload.count(0)
        tokens = zeros + 4 * (len(payload) - zeros)
        creation = 32_000 + 2 * ((len(payload) + 31) // 32) if not message.get("to") else 0
        return 21_000 + max(4 * tokens + creation, 10 * tokens)

    def _executed(self, message: Mapping[str, object], header: Header) -> Any:
        to = message.get("to")
        sender = message.get("from")
        try:
            return self._evm.execute(
                header,
                sender=ZERO_ADDRESS if sender is None else _address(sender),
                to=b"" if to is None else _address(to),
                data=_payload(message),
                value=quantity(message.get("value") or "0x0"),
                gas=None if message.get("gas") is None else min(quantity(message["gas"]), header.gas_limit),
            )
        except ValidationError as error:
            raise RpcError(REFUSED, str(error)) from error

    # Transactions

    def _send_raw(self, raw: object) -> str:
        return to_hex(self._chain.send_raw(data(raw)))

    def _transaction(self, transaction_hash: object) -> object:
        place = self._evm.place_of(data(transaction_hash, HASH_BYTES))
        if place is None:
            return None
        number, index = place
        header = self._existing_header(to_hex(number))
        return _transaction_json(header, self._evm.block(header).transactions[index], index)

    def _receipt(self, transaction_hash: object) -> object:
        place = self._evm.place_of(data(transaction_hash, HASH_BYTES))
        if place is None:
            return None
        number, index = place
        header = self._existing_header(to_hex(number))
        transaction = self._evm.block(header).transactions[index]
        receipts = self._chain.receipts(number)
        return _receipt_json(header, transaction, receipts, index)

    def _block_receipts(self, at: object) -> object:
        header = self._header(at)
        if header is None:
            return None
        receipts, transactions = self._chain.receipts(int(header.block_number)), self._evm.block(header).transactions
        return [_receipt_json(header, each, receipts, index) for index, each in enumerate(transactions)]

    def _logs(self, wanted: Mapping[str, object]) -> list[object]:
        if "blockHash" in wanted:
            header = self._evm.header_of(data(wanted["blockHash"], HASH_BYTES))
            if header is None:
                raise RpcError(REFUSED, "unknown block")
            first = last = int(header.block_number)
        else:
            first = self._number_of(wanted.get("fromBlock") or "latest")
            last = min(self._number_of(wanted.get("toBlock") or "latest"), self._head().block_number)
            if first > last and wanted.get("toBlock") not in (None, *NEWEST_TAGS):
                raise RpcError(INVALID_PARAMS, "invalid block range params")
        matches = _filter(wanted)
        found: list[object] = []
        for number in range(max(first, 1), last + 1):
            found += self._matching_logs(number, matches)
        return found

    def _matching_logs(self, number: int, matches: Callable[[LogAPI], bool]) -> list[object]:
        numbered = [
            (transaction_index, log)
            for transaction_index, receipt in enumerate(self._chain.receipts(number))
            for log in receipt.logs
        ]
        if not any(matches(log) for _, log in numbered):
            return []
        header = self._existing_header(to_hex(number))
        transactions = self._evm.block(header).transactions
        return [
            _log_json(header, transactions[transaction_index], transaction_index, log, log_index)
            for log_index, (transaction_index, log) in enumerate(numbered)
            if matches(log)
        ]

    def _number_of(self, at: object) -> int:
        if at in NEWEST_TAGS:
            return int(self._head().block_number)
        return 0 if at == "earliest" else quantity(at)


def _address(value: object) -> bytes:
    return data(value, ADDRESS_BYTES)


def _payload(message: Mapping[str, object]) -> bytes:
    return data(message.get("input") or message.get("data") or "0x")


def _raise_if_reverted(computation: Any) -> None:
    if not computation.is_error:
        return
    if isinstance(computation.error, Revert):
        raise RpcError(REVERTED, "execution reverted", bytes(computation.output))
    raise RpcError(REFUSED, f"{type(computation.error).__name__}: {computation.error}"[:300])


def _topic(number: int) -> bytes:
    return number.to_bytes(32, "big")


def _filter(wanted: Mapping[str, object]) -> Callable[[LogAPI], bool]:
    """The test an event has to pass: its address, and at each topic position one of the values named."""
    address = wanted.get("address")
    addresses = {_address(entry) for entry in _several(address)}
    positions = [{data(option, HASH_BYTES) for option in _several(topic)} for topic in _several(wanted.get("topics"))]

    def matches(log: LogAPI) -> bool:
        if addresses and log.address not in addresses:
            return False
        if len(log.topics) < len(positions):
            return False
        return all(
            not options or _topic(topic) in options for topic, options in zip(log.topics, positions, strict=False)
        )

    return matches


def _several(value: object) -> Sequence[object]:
    if value is None:
        return ()
    return value if isinstance(value, list | tuple) else (value,)


def _effective_gas_price(header: Header, transaction: SignedTransactionAPI) -> int:
    base_fee = int(header.base_fee_per_gas)
    return min(int(transaction.max_fee_per_gas), base_fee + int(transaction.max_priority_fee_per_gas))


def _type_of(transaction: SignedTransactionAPI) -> int:
    return int(getattr(transaction, "type_id", None) or 0)


def _transaction_json(header: Header, transaction: SignedTransactionAPI, index: int) -> dict[str, object]:
    kind = _type_of(transaction)
    fields: dict[str, object] = {
        "type": to_hex(kind),
        "hash": to_hex(transaction.hash),
        "blockHash": to_hex(header.hash),
        "blockNumber": to_hex(header.block_number),
        "transactionIndex": to_hex(index),
        "from": to_hex(transaction.sender),
        "to": to_hex(transaction.to) if transaction.to else None,
        "nonce": to_hex(transaction.nonce),
        "gas": to_hex(transaction.gas),
        "gasPrice": to_hex(_effective_gas_price(header, transaction)),
        "value": to_hex(transaction.value),
        "input": to_hex(transaction.data),
        "r": to_hex(transaction.r),
        "s": to_hex(transaction.s),
    }
    if kind == 0:
        return fields | {"v": to_hex(transaction.v)}  # type: ignore[attr-defined]
    fields |= {
        "chainId": to_hex(transaction.chain_id or 0),
        "v": to_hex(transaction.y_parity),
        "yParity": to_hex(transaction.y_parity),
        "accessList": [
            {"address": to_hex(address), "storageKeys": [to_hex(_topic(slot)) for slot in slots]}
            for address, slots in transaction.access_list
        ],
    }
    if kind == 1:
        return fields
    return fields | {
        "maxFeePerGas": to_hex(transaction.max_fee_per_gas),
        "maxPriorityFeePerGas": to_hex(transaction.max_priority_fee_per_gas),
    }


def _receipt_json(
    header: Header, transaction: SignedTransactionAPI, receipts: Sequence[ReceiptAPI], index: int
) -> dict[str, object]:
    receipt = receipts[index]
    before = receipts[index - 1].gas_used if index else 0
    first_log = sum(len(earlier.logs) for earlier in receipts[:index])
    return {
        "type": to_hex(_type_of(transaction)),
        "transactionHash": to_hex(transaction.hash),
        "transactionIndex": to_hex(index),
        "blockHash": to_hex(header.hash),
        "blockNumber": to_hex(header.block_number),
        "from": to_hex(transaction.sender),
        "to": to_hex(transaction.to) if transaction.to else None,
        "contractAddress": None if transaction.to else to_hex(_created_address(transaction)),
        "cumulativeGasUsed": to_hex(receipt.gas_used),
        "gasUsed": to_hex(receipt.gas_used - before),
        "effectiveGasPrice": to_hex(_effective_gas_price(header, transaction)),
        "logs": [
            _log_json(header, transaction, index, log, first_log + position)
            for position, log in enumerate(receipt.logs)
        ],
        "logsBloom": to_hex(receipt.bloom.to_bytes(256, "big")),
        "status": "0x1" if receipt.state_root == b"\x01" else "0x0",
    }


def _created_address(transaction: SignedTransactionAPI) -> bytes:
    from eth._utils.address import generate_contract_address

    return bytes(generate_contract_address(transaction.sender, transaction.nonce))


def _log_json(
    header: Header, transaction: SignedTransactionAPI, transaction_index: int, log: LogAPI, log_index: int
) -> dict[str, object]:
    return {
        "address": to_hex(log.address),
        "topics": [to_hex(_topic(topic)) for topic in log.topics],
        "data": to_hex(log.data),
        "blockNumber": to_hex(header.block_number),
        "blockHash": to_hex(header.hash),
        "transactionHash": to_hex(transaction.hash),
        "transactionIndex": to_hex(transaction_index),
        "logIndex": to_hex(log_index),
        "removed": False,
    }
