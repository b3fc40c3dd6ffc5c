"""The py-evm chain behind the embedded chain: executing, and committing one block a transaction.

py-evm keeps its state in a dictionary of bytes. `Ledger` records which entries a block writes, so that the block can be
taken back when it cannot be made durable, and replayed from a journal without being executed again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypeAlias

from eth.abc import BlockAPI, ComputationAPI, ReceiptAPI, SignedTransactionAPI
from eth.chains.base import Chain
from eth.db.atomic import AtomicDB
from eth.db.backends.memory import MemoryDB
from eth.exceptions import HeaderNotFound, TransactionNotFound
from eth.vm.forks.prague import PragueVM
from eth.vm.spoof import SpoofTransaction
from eth_typing import BlockNumber

from registry.chain.deployment import DETERMINISTIC_DEPLOYER
from registry.chain.rpc.hexadecimal import address_bytes
from registry.embedded import genesis

ZERO_ADDRESS = bytes(20)
# eth.abc.BlockHeaderAPI, whose types do not follow the newer forks: every field that Prague has is "optional" there.
Header: TypeAlias = Any


class Ledger(MemoryDB):
    """The dictionary with all state, and what was written to it since `begin`."""

    def __init__(self) -> None:
        super().__init__()
        self.written: dict[bytes, bytes] = {}
        self._before: dict[bytes, bytes | None] = {}

    def begin(self) -> None:
        """Forget what was written so far: it stays."""
        self.written = {}
        self._before = {}

    def take_back(self) -> None:
        """Undo everything since `begin`."""
        for key, value in self._before.items():
            if value is None:
                self.kv_store.pop(key, None)
            else:
                self.kv_store[key] = value
        self.begin()

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self._before.setdefault(key, self.kv_store.get(key))
        self.written[key] = value
        self.kv_store[key] = value

    def __delitem__(self, key: bytes) -> None:
        # Nothing that py-evm deletes is needed to read the chain again, so deletions are not recorded.
        self._before.setdefault(key, self.kv_store.get(key))
        self.written.pop(key, None)
        del self.kv_store[key]


class SameSecondVM(PragueVM):
    """Prague, but blocks may carry the same second: there is one a transaction, and no clock may run ahead."""

    @classmethod
    def validate_header(cls, header: Header, parent_header: Header) -> None:
        """The usual rules against a parent one second older."""
        super().validate_header(header, parent_header.copy(timestamp=parent_header.timestamp - 1))


class TestamurChain(Chain):
    """The chain's constants."""

    chain_id = genesis.CHAIN_ID
    vm_configuration = ((BlockNumber(0), SameSecondVM),)


@dataclass(frozen=True, slots=True)
class MadeBlock:
    """A block that is in the ledger and not yet durable, with what it wrote."""

    block: BlockAPI
    receipts: tuple[ReceiptAPI, ...]
    written: Mapping[bytes, bytes]


class Evm:
    """Executes transactions on a chain in memory. Not for several threads at once.

    Args:
        clock: Unix time of a block that is made; default: the time there is.
    """

    def __init__(self, clock: Callable[[], float] | None = None) -> None:
        self._clock = clock
        self._ledger = Ledger()
        database = AtomicDB(self._ledger)
        parameters: Any = {"difficulty": 0, "gas_limit": genesis.GAS_LIMIT, "timestamp": genesis.GENESIS_TIMESTAMP}
        self.chain: Any = TestamurChain.from_genesis(database, parameters, _genesis_state())
        self._ledger.begin()

    # Blocks

    def head(self) -> Header:
        """The newest header."""
        return self.chain.get_canonical_head()

    def header(self, number: int) -> Header | None:
        """The header at that height, or None above the head."""
        try:
            return self.chain.get_canonical_block_header_by_number(number)
        except HeaderNotFound:
            return None

    def header_of(self, block_hash: bytes) -> Header | None:
        """The header with that hash, or None."""
        try:
            return self.chain.get_block_header_by_hash(block_hash)
        except HeaderNotFound:
            return None

    def block(self, header: Header) -> BlockAPI:
        """The whole block of a header."""
        block: BlockAPI = self.chain.get_block_by_header(header)
        return block

    def place_of(self, transaction_hash: bytes) -> tuple[int, int] | None:
        """Block number and index of a transaction, or None."""
        try:
            number, index = self.chain.get_canonical_transaction_index(transaction_hash)
        except TransactionNotFound:
            return None
        return int(number), int(index)

    def decode_transaction(self, raw: bytes) -> SignedTransactionAPI:
        """The transaction in signed bytes; py-evm and rlp raise many things when there is none."""
        transaction: SignedTransactionAPI = self.chain.get_vm().get_transaction_builder().decode(raw)
        return transaction

    def decode_receipt(self, encoded: bytes) -> ReceiptAPI:
        """A receipt from `receipt.encode()`."""
        receipt: ReceiptAPI = self.chain.get_vm().get_receipt_builder().decode(encoded)
        return receipt

    def make_block(self, transaction: SignedTransactionAPI) -> MadeBlock:
        """Execute the transaction in a block of its own and put that on the chain, in memory.

        Raises:
            Exception: py-evm's, when the transaction cannot be in a block; nothing is changed then.
        """
        self._ledger.begin()
        try:
            parent = self.head()
            header = self.chain.create_header_from_parent(
                parent, gas_limit=parent.gas_limit, timestamp=self._after(parent)
            )
            vm = self.chain.get_vm(header)
            after, receipts, _ = vm.apply_all_transactions([transaction], header)
            filled = vm.set_block_transactions_and_withdrawals(vm.get_block(), after, [transaction], receipts)
            block = vm.mine_block(filled, mix_hash=sha256(parent.hash).digest()).block
            self.chain.persist_block(block)
        except BaseException:
            self._ledger.take_back()
            raise
        return MadeBlock(block, receipts, dict(self._ledger.written))

    def take_back(self) -> None:
        """Undo the block made last."""
        self._ledger.take_back()

    def replay(self, written: Iterable[tuple[bytes, bytes]]) -> None:
        """Put a block on the chain by what it wrote, without executing it."""
        self._ledger.kv_store.update(written)

    def coming(self, header: Header) -> Header:
        """The header, with the time that a block on top of it would have if it were made now."""
        return header.copy(timestamp=self._after(header))

    def _after(self, parent: Header) -> int:
        """By the clock, and never before the parent."""
        now = time.time() if self._clock is None else self._clock()
        return max(int(now), int(parent.timestamp))

    # State

    def state(self, header: Header) -> Any:
        """The state after a block, as a contract sees it in that block."""
        return self.chain.get_vm(header).state

    def execute(
        self, header: Header, *, sender: bytes, to: bytes, data: bytes, value: int, gas: int | None = None
    ) -> ComputationAPI:
        """What a message would do on top of a block, free of charge; nothing stays of it."""
        vm = self.chain.get_vm(header)
        free_header = header.copy(base_fee_per_gas=0, gas_used=0)
        state = vm.build_state(self.chain.chaindb.db, free_header, vm.chain_context, vm.previous_hashes)
        unsigned = vm.create_unsigned_transaction(
            nonce=state.get_nonce(sender), gas_price=0, gas=gas or header.gas_limit, to=to, value=value, data=data
        )
        computation: ComputationAPI = state.apply_transaction(SpoofTransaction(unsigned, from_=sender))
        return computation


def _genesis_state() -> Any:
    def account(balance: int, code: bytes = b"", nonce: int = 0) -> dict[str, object]:
        return {"balance": balance, "nonce": nonce, "code": code, "storage": {}}

    accounts = {address_bytes(a): account(genesis.DEVELOPMENT_BALANCE_WEI) for a in genesis.DEVELOPMENT_ACCOUNTS}
    deployer = account(0, genesis.DETERMINISTIC_DEPLOYER_CODE, nonce=1)
    return accounts | {address_bytes(DETERMINISTIC_DEPLOYER): deployer}


def encoded_receipts(receipts: Sequence[ReceiptAPI]) -> list[bytes]:
    """Receipts as bytes, in order."""
    return [receipt.encode() for receipt in receipts]
