"""A whole chain inside the process, kept in a folder: no node, no account, no network.

It is for trying things out, for tests and for closed pilots. It has one writer, its accounts' keys are publicly known,
and nobody else witnesses it; what is anchored here is worth as much as the folder it is in.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.chain.rpc.client import ChainClient
from registry.embedded.journal import Journal
from registry.errors import ChainBusy, ChainError, RegistryError, StoreError
from registry.extras import how_to_install
from registry.privatefiles import FILE_MODE, make_private_file, make_private_folder

try:
    import rlp
    from filelock import FileLock, Timeout

    from registry.embedded.evm import Evm, encoded_receipts
    from registry.embedded.methods import REFUSED, EthereumRpc, RpcError
except ImportError as missing:
    if missing.name is None or missing.name.split(".")[0] not in ("eth", "eth_utils", "eth_keys", "filelock", "rlp"):
        raise
    raise RegistryError(
        "the embedded chain needs an Ethereum virtual machine, which is not installed",
        remedy=how_to_install("embedded"),
        code="embedded-missing",
    ) from missing

if TYPE_CHECKING:
    from eth.abc import ReceiptAPI, SignedTransactionAPI

JOURNAL_NAME = "blocks.journal"
LOCK_NAME = "chain.lock"
HOLDER_NAME = "chain.pid"


class EmbeddedChain:
    """The chain of one folder, held by this process until it is closed. Threads may share it.

    Args:
        folder: where the journal is, such as `<data folder>/chain`; created when it is not there.
        clock: Unix time of a block that is made, for a history of earlier days; default: the time there is.

    Raises:
        ChainBusy: another process holds it; names its process id.
        StoreError: the journal is damaged, or the folder cannot be used; names file and offset.
    """

    def __init__(self, folder: Path, *, clock: Callable[[], float] | None = None):
        self._folder = folder
        self._guard = threading.RLock()
        self._receipts: list[Sequence[bytes]] = [()]
        self._sizes: list[int] = [0]
        self._closed = False
        self._hold = self._taken()
        try:
            self.evm = Evm(clock)
            self._journal = Journal(folder / JOURNAL_NAME, self.evm.head().hash)
            self._replay()
        except BaseException:
            self._let_go()
            raise
        self._rpc = EthereumRpc(self)

    def __enter__(self) -> EmbeddedChain:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def client(self) -> ChainClient:
        """A client of this chain, the same as for any other; it answers as long as the chain is open."""
        return ChainClient(self, where=f"the embedded chain in {self._folder}")

    def make_request(self, method: str, params: Sequence[object]) -> dict[str, Any]:
        """Answer one JSON-RPC request."""
        with self._guard:
            if self._closed:
                return {"error": RpcError(REFUSED, "the embedded chain is closed").body()}
            return self._rpc.answer(method, params)

    def make_batch_request(self, requests: Sequence[tuple[str, Sequence[object]]]) -> list[dict[str, Any]]:
        """Answer several JSON-RPC requests with no block in between."""
        with self._guard:
            return [self.make_request(method, params) for method, params in requests]

    def send_raw(self, raw: bytes) -> bytes:
        """Mine a signed transaction in a block of its own; the block is on the disk when this returns.

        Returns:
            The transaction's hash, 32 bytes.

        Raises:
            ChainError: the transaction cannot be in a block; worded as geth words it.
            StoreError: the block could not be written; it is not on the chain then.
        """
        with self._guard:
            transaction = self._acceptable(raw)
            try:
                made = self.evm.make_block(transaction)
            except Exception as error:  # py-evm has no common error for what a block may not hold
                raise ChainError(f"invalid transaction: {error}", code="transaction-refused") from error
            receipts = encoded_receipts(made.receipts)
            block = rlp.encode(made.block)
            try:
                self._journal.append(rlp.encode([block, receipts, list(made.written.items())]))
            except BaseException:
                self.evm.take_back()
                raise
            self._receipts.append(receipts)
            self._sizes.append(len(block))
            return bytes(transaction.hash)

    def receipts(self, number: int) -> list[ReceiptAPI]:
        """The receipts of a block, in order."""
        return [self.evm.decode_receipt(encoded) for encoded in self._receipts[number]]

    def block_size(self, number: int) -> int:
        """The bytes of a block; 0 for block 0, which was never written."""
        return self._sizes[number]

    def close(self) -> None:
        """Let the folder go; closing twice does nothing."""
        with self._guard:
            if not self._closed:
                self._closed = True
                self._journal.close()
                self._let_go()

    def _acceptable(self, raw: bytes) -> SignedTransactionAPI:
        """The transaction, once it is clear that it can be mined now."""
        try:
            transaction = self.evm.decode_transaction(raw)
            sender = transaction.sender
        except Exception as error:  # py-evm, rlp and eth_keys each raise their own
            raise ChainError(f"the bytes are not a signed transaction: {error}", code="transaction-refused") from error
        if self.evm.place_of(transaction.hash) is not None:
            raise ChainError("already known", code="transaction-refused")
        chain_id = getattr(transaction, "chain_id", None)
        expected_chain_id = self.evm.chain.chain_id
        if chain_id != expected_chain_id:
            raise ChainError(
                f"invalid chain id for signer: have {chain_id} want {expected_chain_id}", code="transaction-refused"
            )
        state = self.evm.state(self.evm.head())
        expected = state.get_nonce(sender)
        if transaction.nonce != expected:
            relation = "low" if transaction.nonce < expected else "high"
            raise ChainError(
                f"nonce too {relation}: next nonce {expected}, tx nonce {transaction.nonce}", code="transaction-refused"
            )
        cost = transaction.gas * transaction.max_fee_per_gas + transaction.value
        if (balance := state.get_balance(sender)) < cost:
            raise ChainError(
                f"insufficient funds for gas * price + value: have {balance} want {cost}", code="transaction-refused"
            )
        return transaction

    def _replay(self) -> None:
        """Put the journaled blocks back on the chain, checking that each follows the one before."""
        for position, record in enumerate(self._journal.records(), start=1):
            try:
                block, receipts, written = rlp.decode(record)
                self.evm.replay(written)
            except (rlp.DecodingError, ValueError, TypeError) as error:
                raise self._unreadable(position) from error
            header = self.evm.head()
            if header.block_number != position or rlp.encode(header) != _header_of(block):
                raise self._unreadable(position)
            self._receipts.append(receipts)
            self._sizes.append(len(block))

    def _unreadable(self, number: int) -> StoreError:
        return StoreError(
            f"the record of block {number} is whole but does not hold the block that follows block {number - 1}",
            where=str(self._folder / JOURNAL_NAME),
            remedy="Restore the file from a backup. Nothing was changed.",
            code="journal-damaged",
        )

    def _taken(self) -> FileLock:
        try:
            make_private_folder(self._folder)
            hold = FileLock(self._folder / LOCK_NAME, timeout=0, thread_local=False, mode=FILE_MODE)
            hold.acquire()
            make_private_file(self._folder / HOLDER_NAME)
            (self._folder / HOLDER_NAME).write_text(f"{os.getpid()}\n")
        except Timeout:
            raise self._busy() from None
        except OSError as error:
            raise StoreError(f"the folder cannot be used: {error.strerror}", where=str(self._folder)) from error
        return hold

    def _busy(self) -> ChainBusy:
        try:
            holder = f"process {int((self._folder / HOLDER_NAME).read_text())}"
        except (OSError, ValueError):
            holder = "another process"
        return ChainBusy(
            f"the embedded chain is in use by {holder}",
            where=str(self._folder),
            remedy="Wait until it has ended, or run `testamur devnet` and let all processes use its address.",
        )

    def _let_go(self) -> None:
        self._hold.release()


def _header_of(block: bytes) -> bytes:
    """The encoded header within an encoded block."""
    return bytes(rlp.encode(rlp.decode(block)[0]))
