"""Sending transactions so that none is lost or sent as two: save, sign, save, send.

What is sent is on the disk first. After a crash the same bytes are sent again, never new ones in their place, until
the chain shows what became of them.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout
from sqlalchemy import Engine

from anchor.daemon.classify import SendOutcome, classify
from anchor.waiting import wait_for
from registry.chain.client import ChainClient, MinedTransaction, RpcRefused
from registry.errors import ChainBusy, ChainError, ChainUnavailable, ContractReverted, TransactionUnsettled
from registry.privatefiles import FILE_MODE
from registry.store.attempts import Attempt, AttemptStore
from registry.store.leases import Lease

if TYPE_CHECKING:
    from anchor.signer import Signer

# An estimate is for the head of now; the state the transaction meets may need a little more.
GAS_MARGIN_PERCENT = 20
LEASE_MARGIN_SECONDS = 60.0


class Sender:
    """Sends the transactions of one account, one after the other.

    Args:
        chain: CAIP-2 name.
        lock: file that keeps a second process of the same folder out while transactions are under way.
        timeout: seconds to wait for a transaction to be mined.
    """

    def __init__(self, client: ChainClient, engine: Engine, chain: str, signer: Signer, lock: Path, timeout: float):
        self._client = client
        self._signer = signer
        self._attempts = AttemptStore(engine, chain, signer.address)
        self._lock = FileLock(lock, timeout=timeout, mode=FILE_MODE)
        # Held longer than a transaction is waited for, so that no daemon takes over in the middle of one.
        owner = f"command {os.getpid()} {secrets.token_hex(4)}"
        self._lease = Lease(engine, chain, signer.address, owner, timeout + LEASE_MARGIN_SECONDS)
        self._timeout = timeout
        self._chain_id = int(chain.removeprefix("eip155:"))

    @property
    def address(self) -> str:
        """The account, checksummed."""
        return self._signer.address

    def settle(self, purpose: str, to: str, call_data: bytes) -> MinedTransaction:
        """Send a transaction and wait until it is mined; one for the same purpose that is under way is taken up again.

        Raises:
            ContractReverted: the contract refuses; nothing was sent, or it was mined without effect.
            TransactionUnsettled: it was sent, or may have been, and is not mined yet; `resume` takes it up.
            ChainError: the chain did not take it.
        """
        with self._alone():
            if (mined := self._finish_open().get(purpose)) is not None and mined.succeeded:
                return mined
            mined = self._finish(self._saved(purpose, to, call_data))
            if mined is None or not mined.succeeded:
                raise ContractReverted(
                    "the transaction had no effect: the state changed between the estimate and the block",
                    remedy="Run the command again.",
                )
            return mined

    def resume(self) -> dict[str, MinedTransaction]:
        """Take up what is under way, lowest nonce first; what became of it by purpose.

        Raises:
            TransactionUnsettled: one is not mined yet.
        """
        with self._alone():
            return self._finish_open()

    def open_count(self) -> int:
        """How many transactions are under way."""
        return len(self._attempts.open())

    def reopen(self, transaction_hash: bytes) -> None:
        """A reorganisation took this transaction off the chain: take it up again."""
        self._attempts.reopen(transaction_hash)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        try:
            with self._lock:
                if not self._lease.acquire():
                    raise self._daemon_sends()
                try:
                    yield
                finally:
                    self._lease.release()
        except Timeout:
            raise ChainBusy(
                "another process of this data folder has been sending transactions all the time",
                where=self._lock.lock_file,
                remedy="Wait until it has ended, and run the command again.",
                code="sender-busy",
            ) from None

    def _daemon_sends(self) -> ChainBusy:
        holder = self._lease.holder()
        return ChainBusy(
            f"another process signs with {self.address}" + (f" ({holder.owner})" if holder else ""),
            remedy="A daemon is running: give it what is to be done with --queue (anchor, revoke, suspend, reinstate, "
            "void). For anything else use the account of another operator of the issuer, or stop the daemon first.",
            code="sender-busy",
        )

    def _finish_open(self) -> dict[str, MinedTransaction]:
        finished = {}
        for attempt in self._attempts.open():
            if (mined := self._finish(attempt)) is not None:
                finished[attempt.purpose] = mined
        return finished

    def _saved(self, purpose: str, to: str, call_data: bytes) -> Attempt:
        gas = self._client.estimate_gas(sender=self.address, to=to, call_data=call_data)
        nonce = self._client.nonce(self.address, pending=True)
        fees = self._client.fees()
        transaction = {
            "type": 2,
            "chainId": self._chain_id,
            "nonce": nonce,
            "to": to,
            "data": call_data,
            "value": 0,
            "gas": gas * (100 + GAS_MARGIN_PERCENT) // 100,
            "maxFeePerGas": 2 * fees.base_fee + fees.tip,
            "maxPriorityFeePerGas": fees.tip,
        }
        signed = self._signer.sign(transaction)
        return self._attempts.add(nonce=nonce, purpose=purpose, transaction_hash=signed.hash, raw=signed.raw)

    def _finish(self, attempt: Attempt) -> MinedTransaction | None:
        """Send it and wait; None when another transaction took its nonce for good."""
        mined = self._mined(attempt)
        if mined is None:
            if self._is_lost(attempt):
                self._attempts.settle(attempt, succeeded=False)
                return None
            self._send(attempt)
            mined = wait_for(lambda: self._mined(attempt), self._timeout)
        if mined is None:
            raise TransactionUnsettled(
                f"transaction 0x{attempt.hash.hex()} was not mined within {self._timeout:g} seconds",
                where=self._client.where,
                remedy="It is stored and may still be mined: run `testamur anchor --resume` later.",
            )
        self._attempts.settle(attempt, succeeded=mined.succeeded)
        return mined

    def _mined(self, attempt: Attempt) -> MinedTransaction | None:
        try:
            return self._client.mined(attempt.hash)
        except ChainUnavailable:
            # An endpoint that is away for a moment says nothing about the transaction.
            return None

    def _send(self, attempt: Attempt) -> None:
        try:
            self._client.send_raw(attempt.raw)
        except RpcRefused as refusal:
            if classify(refusal) in (SendOutcome.ACCEPTED, SendOutcome.KNOWN, SendOutcome.NONCE_USED):
                return
            raise ChainError(
                f"the chain did not take the transaction: {refusal.rpc_message}",
                where=self._client.where,
                remedy=f"Check the balance of {self.address} and the fees, then run the command again.",
                code="transaction-refused",
            ) from None
        except ChainUnavailable:
            # It may have arrived all the same: the chain is asked, and the bytes are kept.
            return

    def _is_lost(self, attempt: Attempt) -> bool:
        """Whether another transaction has the nonce in a block that cannot be undone."""
        try:
            final = self._client.finalized(depth_when_no_tag=64)
            return self._client.nonce(self.address, at=final.number) > attempt.nonce and self._mined(attempt) is None
        except ChainUnavailable:
            return False
