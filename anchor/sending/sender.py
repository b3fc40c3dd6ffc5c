"""Sending transactions so that none is lost or sent as two: save, sign, save, send.

What is sent is on the disk first. After a crash the same bytes are sent again, or the same transaction at a higher
price and with the same nonce, until the chain shows what became of it.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from filelock import FileLock, Timeout
from sqlalchemy import Engine

from anchor.books.attempts import Attempt, AttemptStore
from anchor.books.leases import Lease
from anchor.sending.fees import Offer, bumped, dearest, first_offer, is_hopeless, too_dear
from anchor.sending.line import fill_purpose, transfer_of_nothing
from anchor.sending.signed import offering, terms_of
from anchor.sending.waiting import wait_for
from registry.chain.rpc.classify import SendOutcome, classify
from registry.chain.rpc.client import ChainClient, Fees, MinedTransaction, RpcRefused
from registry.errors import ChainBusy, ChainError, ChainUnavailable, ContractReverted, TransactionUnsettled
from registry.privatefiles import FILE_MODE

if TYPE_CHECKING:
    from anchor.sending.signer import Signer

# An estimate is for the head of now; the state the transaction meets may need a little more.
GAS_MARGIN_PERCENT = 20
# It is renewed all the time, so that a command that was killed does not keep others out for long.
LEASE_SECONDS = 30.0
# A chain without the word `finalized`; also how old a state is that every node still has.
FINAL_DEPTH = 64
# Doubled so often, what was offered is a thousand times as much.
MOST_PRICES = 10
TAKEN = frozenset({SendOutcome.ACCEPTED, SendOutcome.KNOWN, SendOutcome.NONCE_USED})
TOO_CHEAP = frozenset({SendOutcome.FEE_TOO_LOW, SendOutcome.UNDERPRICED})


class _Refused(ChainError):
    """The endpoint says that a transaction can never be mined, whatever it pays: it is given up."""

    default_code = "transaction-refused"

    def __init__(self, words: str, where: str | None):
        super().__init__(
            f"the chain takes no such transaction: {words}",
            where=where,
            remedy="All transactions here are of type 2 (EIP-1559), and a chain may limit their gas and size. Nothing "
            "of it is kept; once the reason is gone, run the command again.",
        )


class _Landed(NamedTuple):
    attempt: Attempt
    mined: MinedTransaction


class _Market(NamedTuple):
    """The newest block and what a transaction costs."""

    head: int
    fees: Fees


class Sender:
    """Sends the transactions of one account, one after the other.

    Args:
        chain: CAIP-2 name.
        lock: file that keeps a second process of the same folder out while transactions are under way.
        timeout: seconds to wait for a transaction to be mined.
        ceiling: wei per gas that are never exceeded; None for no limit.
        bump_blocks: blocks without inclusion after which more is offered.
        may_send: asked before anything is sent; raises when nothing may be.
    """

    def __init__(
        self,
        client: ChainClient,
        engine: Engine,
        chain: str,
        signer: Signer,
        lock: Path,
        timeout: float,
        *,
        ceiling: int | None,
        bump_blocks: int,
        may_send: Callable[[], None] = lambda: None,
    ):
        self._client = client
        self._signer = signer
        self._attempts = AttemptStore(engine, chain, signer.address)
        self._lock = FileLock(lock, timeout=timeout, mode=FILE_MODE)
        owner = f"command {os.getpid()} {secrets.token_hex(4)}"
        self._lease = Lease(engine, chain, signer.address, owner, LEASE_SECONDS)
        self._timeout = timeout
        self._ceiling = ceiling
        self._bump_blocks = bump_blocks
        self._may_send = may_send
        self._chain_id = int(chain.removeprefix("eip155:"))

    @property
    def address(self) -> str:
        """The account, checksummed."""
        return self._signer.address

    def settle(self, purpose: str, to: str, call_data: bytes) -> MinedTransaction:
        """Send a transaction and wait until it is mined; one for the same purpose that is under way is taken up again.

        What is under way with an earlier nonce comes first, at a price at which it can be mined now.

        Raises:
            ContractReverted: the contract refuses; nothing was sent, or it was mined without effect.
            TransactionUnsettled: it was sent, or may have been, and is not mined yet; `resume` takes it up.
            ChainError: the chain did not take it; code `fee-ceiling` when that would cost more than may be paid.
        """
        with self._alone():
            if (mined := self._finish_open(before_more=True).get(purpose)) is not None and mined.succeeded:
                return mined
            nonce = self._saved(purpose, to, call_data).nonce
            landed = self._awaited(nonce) if self._begun(nonce) else None
            if landed is None or landed.attempt.purpose != purpose or not landed.mined.succeeded:
                raise ContractReverted(
                    "the transaction had no effect: the state changed between the estimate and the block",
                    remedy="Run the command again.",
                )
            return landed.mined

    def resume(self) -> dict[str, MinedTransaction]:
        """Take up what is under way, lowest nonce first; what became of it by purpose.

        Raises:
            TransactionUnsettled: one is not mined yet.
            ChainError: the chain did not take one.
        """
        with self._alone():
            return self._finish_open()

    def open_count(self) -> int:
        """How many transactions are under way."""
        return len({one.nonce for one in self._attempts.open()})

    def reopen(self, transaction_hash: bytes) -> None:
        """A reorganisation took this transaction off the chain: take it up again."""
        self._attempts.reopen(transaction_hash)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        try:
            with self._lock:
                if not self._lease.acquire_unless_held():
                    raise self._daemon_sends()
                with self._lease.kept():
                    self._may_send()
                    yield
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

    # Signing

    def _saved(self, purpose: str, to: str, call_data: bytes) -> Attempt:
        gas = self._client.estimate_gas(sender=self.address, to=to, call_data=call_data)
        nonce = self._client.nonce(self.address, pending=True)
        fees = self._client.fees()
        offer = first_offer(fees, self._ceiling)
        if offer is None:
            raise self._too_dear(fees, "Nothing was sent")
        transaction = {
            "type": 2,
            "chainId": self._chain_id,
            "nonce": nonce,
            "to": to,
            "data": call_data,
            "value": 0,
            "gas": gas * (100 + GAS_MARGIN_PERCENT) // 100,
            "maxFeePerGas": offer.max_fee,
            "maxPriorityFeePerGas": offer.tip,
        }
        return self._signed(purpose, transaction)

    def _repriced(self, nonce: int, fees: Fees, *, too_cheap: bool = False) -> Attempt | None:
        """The newest attempt with a nonce at a price that outbids all of them; None when that is more than allowed."""
        open_ = self._open_at(nonce)
        offer = bumped(_dearest(open_), fees, self._ceiling, too_cheap=too_cheap)
        return None if offer is None else self._signed(open_[-1].purpose, offering(open_[-1].raw, offer))

    def _fill(self, nonce: int) -> None:
        """Sign a transaction that does nothing, with a nonce that is needed for nothing else."""
        fees = self._client.fees()
        offer = bumped(_dearest(self._attempts.at_nonce(nonce)), fees, self._ceiling)
        if offer is None:
            raise self._too_dear(fees, f"A transaction that does nothing is needed for nonce {nonce}")
        self._signed(fill_purpose(nonce), transfer_of_nothing(self._chain_id, self.address, nonce, offer))

    def _signed(self, purpose: str, transaction: dict[str, Any]) -> Attempt:
        self._lease.renew()
        signed = self._signer.sign(transaction)
        return self._attempts.add(
            nonce=transaction["nonce"],
            purpose=purpose,
            transaction_hash=signed.hash,
            raw=signed.raw,
            gas=transaction["gas"],
            max_fee=transaction["maxFeePerGas"],
            tip=transaction["maxPriorityFeePerGas"],
        )

    # Sending

    def _finish_open(self, *, before_more: bool = False) -> dict[str, MinedTransaction]:
        """See what is under way into blocks.

        Args:
            before_more: another transaction is to be sent after these.
        """
        open_, withheld = self._attempts.open(), self._attempts.withheld()
        wanted = {one.nonce for one in open_ if one.purpose not in withheld}
        under_way = []
        # All of them are sent before any is waited for: one block may take them all.
        for nonce in sorted({one.nonce for one in open_}):
            if nonce not in wanted and not before_more and nonce > max(wanted, default=-1):
                # Nothing waits for it.
                continue
            # What no chain takes is given up, so that it keeps nothing else from going on.
            with suppress(_Refused):
                if self._begun(nonce, is_wanted=nonce in wanted):
                    under_way.append(nonce)
        landed = [self._awaited(nonce) for nonce in under_way]
        return {each.attempt.purpose: each.mined for each in landed}

    def _begun(self, nonce: int, *, is_wanted: bool = True) -> bool:
        """Have what is signed with a nonce on its way, or in a block; False when it never can be in one.

        Args:
            is_wanted: otherwise something that does nothing is sent with it.

        Raises:
            ChainError: the endpoint does not take it.
        """
        self._lease.renew()
        if self._landed(nonce) is not None:
            return True
        if self._is_lost(nonce):
            self._attempts.settle_nonce(nonce)
            return False
        if not is_wanted:
            self._fill(nonce)
        self._hand_over(nonce)
        return True

    def _awaited(self, nonce: int) -> _Landed:
        """What was in a block in the end.

        Raises:
            TransactionUnsettled: nothing was in time.
        """
        self._lease.renew()
        landed = wait_for(lambda: self._looked(nonce), self._timeout)
        if landed is None:
            hash_ = self._attempts.at_nonce(nonce)[-1].hash.hex()
            raise TransactionUnsettled(
                f"transaction 0x{hash_} was not mined within {self._timeout:g} seconds",
                where=self._client.where,
                remedy="It is stored and may still be mined: run `testamur anchor --resume` later.",
            )
        self._attempts.settle_nonce(nonce, landed.attempt, succeeded=landed.mined.succeeded)
        return landed

    def _hand_over(self, nonce: int) -> None:
        """Have the endpoint take what is signed with a nonce, at a higher price if need be.

        Raises:
            ChainError: the endpoint does not take it.
        """
        market, words = self._market(), "it can never be mined"
        if market is not None and self._is_hopeless(nonce, market) and self._repriced(nonce, market.fees) is None:
            self._sent(self._open_at(nonce)[-1], market)
            raise self._too_dear(market.fees, "What was signed before is sent and waits for lower fees")
        for _ in range(MOST_PRICES):
            open_ = self._open_at(nonce)
            if not open_:
                self._attempts.settle_nonce(nonce)
                raise _Refused(words, self._client.where)
            outcome, words = self._sent(open_[-1], market)
            if outcome in TAKEN or not words:
                return
            if outcome in TOO_CHEAP:
                market = market or self._market()
                if market is None:
                    return
                if self._repriced(nonce, market.fees, too_cheap=True) is None:
                    raise self._too_dear(market.fees, f"The endpoint says: {words}. The transaction is stored")
            elif outcome is not SendOutcome.REFUSED:
                break
        raise self._not_taken(words)

    def _looked(self, nonce: int) -> _Landed | None:
        """What landed; otherwise more is offered for what no block has taken for long, and for what that waits for."""
        if (landed := self._landed(nonce)) is not None:
            return landed
        market = self._market()
        if market is None:
            return None
        with suppress(ChainUnavailable):
            following = self._client.nonce(self.address)
            if following < nonce:
                self._take_up(following)
                self._push(following, market)
        self._push(nonce, market)
        return None

    def _take_up(self, nonce: int) -> None:
        """Have something signed with the account's next nonce, for which later ones wait.

        What a block had that is gone is sent again; where nothing was ever signed, such as for a batch whose signer was
        away, something that does nothing takes its place.
        """
        if self._open_at(nonce):
            return
        withheld = self._attempts.withheld()
        mined = [one for one in self._attempts.mined_at(nonce) if one.purpose not in withheld]
        if mined:
            self._attempts.reopen(mined[-1].hash)
        else:
            self._fill(nonce)

    def _push(self, nonce: int, market: _Market) -> None:
        """Send what was not sent, or what no block has taken for long, for more if that is allowed."""
        open_ = self._open_at(nonce)
        if not open_:
            return
        last = open_[-1]
        if last.sent_block is None or last.first_sent_block is None:
            self._sent(last, market)
        elif market.head - last.first_sent_block >= self._bump_blocks:
            dearer = self._repriced(nonce, market.fees)
            if dearer is not None or market.head - last.sent_block >= self._bump_blocks:
                self._sent(dearer or last, market)

    def _sent(self, attempt: Attempt, market: _Market | None) -> tuple[SendOutcome, str]:
        """What the endpoint says to an attempt, and in which words; none when there was no answer."""
        self._attempts.sent(attempt, None if market is None else market.head)
        try:
            self._client.send_raw(attempt.raw)
        except RpcRefused as refusal:
            outcome = classify(refusal)
            if outcome is SendOutcome.REFUSED:
                self._attempts.give_up(attempt)
            return outcome, refusal.rpc_message or "nothing"
        except ChainUnavailable:
            # It may have arrived all the same: the chain is asked, and the bytes are kept.
            return SendOutcome.AMBIGUOUS, ""
        return SendOutcome.ACCEPTED, ""

    # Looking

    def _open_at(self, nonce: int) -> list[Attempt]:
        """What is signed with a nonce and may be mined, oldest first."""
        found = self._attempts.at_nonce(nonce)
        return [one for one in found if not one.settled and terms_of(one.raw).can_be_mined]

    def _landed(self, nonce: int) -> _Landed | None:
        for attempt in self._attempts.at_nonce(nonce):
            # An endpoint that is away for a moment says nothing about the transaction.
            with suppress(ChainUnavailable):
                if (mined := self._client.mined(attempt.hash)) is not None:
                    return _Landed(attempt, mined)
        return None

    def _is_hopeless(self, nonce: int, market: _Market) -> bool:
        open_ = self._open_at(nonce)
        return bool(open_) and is_hopeless(terms_of(open_[-1].raw).offer, market.fees)

    def _market(self) -> _Market | None:
        """None when there is no answer for the moment."""
        try:
            head = self._client.block("latest")
            return None if head is None else _Market(head.number, self._client.fees())
        except ChainUnavailable:
            return None

    def _is_lost(self, nonce: int) -> bool:
        """Whether another transaction has the nonce in a block that cannot be undone."""
        try:
            if self._client.nonce(self.address) <= nonce:
                return False
            final = self._client.finalized(FINAL_DEPTH).number
            try:
                used = self._client.nonce(self.address, at=final)
            except RpcRefused:
                # The node has thrown that state away.
                head = self._client.block("latest")
                used = 0 if head is None else self._client.nonce(self.address, at=max(final, head.number - FINAL_DEPTH))
            return used > nonce and self._landed(nonce) is None
        except ChainUnavailable:
            return False

    # Saying

    def _not_taken(self, words: str) -> ChainError:
        return ChainError(
            f"the chain did not take the transaction: {words}",
            where=self._client.where,
            remedy=f"Check the balance of {self.address} and the endpoint, then run the command again.",
            code="transaction-refused",
        )

    def _too_dear(self, fees: Fees, what: str) -> ChainError:
        if self._ceiling is None:
            remedy = "Set fee_ceiling_gwei to what it may cost,"
        else:
            remedy = "Wait for lower fees, or raise fee_ceiling_gwei,"
        return ChainError(
            f"{too_dear(fees, self._ceiling)}. {what}",
            where=self._client.where,
            remedy=f"{remedy} for one command with TESTAMUR_FEE_CEILING_GWEI, and run the command again.",
            code="fee-ceiling",
        )


def _dearest(attempts: Sequence[Attempt]) -> Offer:
    return dearest(terms_of(one.raw).offer for one in attempts)
