"""The daemon's rounds in this process, until what a command asked for is in a block.

What a command sends is a row in the database first, as what the daemon sends is, and the same driver carries it: after
a crash or a timeout the next command or daemon goes on from there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from anchor.books.acts import ActRow, Same
from anchor.books.anchoring import AnchorStore, Carried
from anchor.books.batches import BatchRow
from anchor.books.leases import Lease
from anchor.books.tables import ANCHORED_STATES, BatchState
from anchor.notices.notices import Notices
from anchor.sending.behind import Knowledge
from anchor.sending.driver import Driver, Failure, Policy, is_under_way
from anchor.sending.kinds import Publish
from anchor.sending.outlook import Outlook, checked
from anchor.sending.waiting import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS
from registry.chain.contract import CredentialRegistry
from registry.chain.finality import Evidence
from registry.chain.rpc.client import MinedTransaction
from registry.errors import (
    ChainBusy,
    ChainUnavailable,
    ContractReverted,
    RegistryError,
    StoreError,
    TransactionUnsettled,
)
from registry.privatefiles import FILE_MODE

if TYPE_CHECKING:
    from anchor.sending.signer import Signer


class Engine:
    """Carries the transactions of one account while a person waits.

    Args:
        contract: need not be there yet: what is sent may be what makes it.
        store: of the account's lease.
        lock: file that keeps a second process of the same folder out while transactions are under way.
        timeout: seconds to wait for a transaction to be mined.
        policy: made eager, for somebody waits.
        knowledge: what the database knows of the account, beside the chain.
        publish: brings a batch's tree to where it is served from, before the batch is signed.
        reached: told at each of `driver.POINTS`.
        evidence: of another block in the place of a final one; the usual amount of it.
    """

    def __init__(
        self,
        contract: CredentialRegistry,
        signer: Signer,
        chain_id: int,
        store: AnchorStore,
        lease: Lease,
        lock: Path,
        timeout: float,
        *,
        policy: Policy,
        finality_depth: int | None,
        knowledge: Knowledge,
        notices: Notices | None = None,
        publish: Publish = lambda _: None,
        reached: Callable[[str], None] = lambda _: None,
        evidence: Evidence | None = None,
    ):
        self._contract = contract
        self._client = contract.client
        self._chain_id = chain_id
        self._store = store
        self._lease = lease
        self._lock = FileLock(lock, timeout=timeout, mode=FILE_MODE)
        self._timeout = timeout
        self._finality_depth = finality_depth
        self._knowledge = knowledge
        self._driver = Driver(
            contract,
            signer,
            chain_id,
            store,
            lease,
            notices or Notices(),
            policy=replace(policy, eager=True),
            publish=publish,
            reached=reached,
        )
        self._evidence = evidence or Evidence()
        self._is_alone = False
        # As the last round saw it.
        self._next_nonce = 0

    @property
    def address(self) -> str:
        """The account, checksummed."""
        return self._lease.address

    # What commands ask for

    def follow(self) -> None:
        """Wait until the chain shows what acts and deeds come to that were left under way.

        Whoever looks at the chain before that takes for undone what comes later, and for done what is undone.

        Raises:
            RegistryError: as `carry`.
        """
        rows = [row for row in self._store.open() if not isinstance(row, BatchRow) and is_under_way(row)]
        if not rows:
            return
        with self.alone():
            for row in rows:
                if row.nonce is not None and self._client.nonce(self.address) <= row.nonce:
                    # That it was refused in its block is an answer, too: nothing more comes of it.
                    with suppress(ContractReverted):
                        self.carry([row])

    def settle(
        self, purpose: str, to: str, call_data: bytes, *, is_missing: bool = False, same: Same | None = None
    ) -> MinedTransaction:
        """Send a transaction and wait until it is mined; one for the same purpose that is under way is taken up again.

        What is under way with an earlier nonce comes first, at a price at which it can be mined now.

        Args:
            is_missing: the chain was asked and does not have what this brings about. What is in a block already is no
                answer then, though nobody was told of it: it was undone since.
            same: whether the data of a transaction under way is what is asked for; default: when it is this data.

        Raises:
            ContractReverted: the contract refuses; nothing was sent, or it was mined without effect.
            TransactionUnsettled: it was sent, or may have been, and is not mined yet; `carry` takes it up.
            ChainError: the chain did not take it; code `fee-ceiling` when that would cost more than may be paid.
        """
        with self.alone():
            while True:
                row = self._store.act(purpose, to, call_data, same)
                self.carry([row])
                done = self._store.again(row)
                if is_missing and row.is_anchored and done.block_hash == row.block_hash:
                    self._store.answered(done)
                    continue
                if done.state is not BatchState.CANCELLED:
                    mined = self._mined(done)
                    self._store.answered(done)
                    return mined
                if (error := self._driver.why(done)) is not None:
                    raise error
                # Somebody else's transaction has its nonce for good: it gets another one.

    def carry(self, rows: Sequence[Carried], *, all_under_way: bool = False) -> None:
        """Rounds until each of these rows is in a block, or was given up.

        What waited for something goes on, unless a person put it aside. A batch for which another account has a nonce
        is left to that one.

        Args:
            all_under_way: and everything else that the account has sent.

        Raises:
            RegistryError: one of them does not go on, or what has an earlier nonce; what was signed is kept.
            TransactionUnsettled: nothing of them came into a block for too long.
        """
        with self.alone():
            wanted = self._ready(rows)
            if not wanted and not (all_under_way and self._store.open()):
                return
            pause = until = 0.0
            left = None
            while True:
                trouble = self._round_for(wanted)
                missing = self._missing(wanted, all_under_way=all_under_way)
                self._refuse(missing, trouble)
                if not missing:
                    return
                if len(missing) != left:
                    left, pause, until = len(missing), 0.0, time.monotonic() + self._timeout
                elif time.monotonic() >= until:
                    raise self._unsettled(missing)
                time.sleep(max(0.0, min(pause, until - time.monotonic())))
                # What was just sent may be in a block already.
                pause = min(max(2 * pause, FIRST_PAUSE_SECONDS), LONGEST_PAUSE_SECONDS)

    def round(self, rows: Sequence[Carried] = ()) -> bool:
        """One round for all that the account has sent, unless another process sends with it; whether there was one.

        Args:
            rows: are begun as well.

        Raises:
            RegistryError: the chain could not be asked, or is not the one that it was.
        """
        if self._is_alone:
            self._round(self._ready(rows))
            return True
        try:
            with self._lock.acquire(timeout=0):
                if not self._lease.acquire():
                    return False
                try:
                    self._round(self._ready(rows))
                finally:
                    self._lease.release()
        except Timeout:
            return False
        return True

    def open_count(self) -> int:
        """How many transactions are under way."""
        return sum(row.nonce is not None and row.state not in ANCHORED_STATES for row in self._store.open())

    @contextmanager
    def alone(self) -> Iterator[None]:
        """No other process sends with the account until the block ends; it may be entered again within.

        Raises:
            ChainBusy: another process does, and goes on.
            DatabaseBehind: the chain knows more of the account than the database.
        """
        if self._is_alone:
            yield
            return
        try:
            with self._lock:
                if not self._lease.acquire_unless_held():
                    raise self._daemon_sends()
                with self._lease.kept():
                    self._is_alone = True
                    try:
                        self._knowledge.refuse_behind()
                        yield
                    finally:
                        self._is_alone = False
        except Timeout:
            raise ChainBusy(
                "another process of this data folder has been sending transactions all the time",
                where=self._lock.lock_file,
                remedy="Wait until it has ended, and run the command again.",
                code="sender-busy",
            ) from None

    # Rounds

    def _ready(self, rows: Sequence[Carried]) -> set[_Key]:
        """Those of the rows that this account may send: what waited may go on."""
        ready = set()
        for row in rows:
            mine = row
            if isinstance(row, BatchRow) and row.sender not in (None, self.address):
                if row.nonce is not None:
                    continue
                mine = self._store.take_over(row)
            self._store.let_go_on(mine, "a command goes on with it")
            ready.add(_key(row))
        return ready

    def _round_for(self, wanted: Collection[_Key]) -> list[Failure] | ChainUnavailable:
        """One round; what went wrong in it for single rows, or for all."""
        try:
            return self._round(wanted)
        except ChainUnavailable as error:
            return error

    def _round(self, wanted: Collection[_Key]) -> list[Failure]:
        outlook = Outlook.of(self._client, self.address, self._finality_depth)
        self._next_nonce = outlook.nonce
        known = self._store.checkpoint()
        if known is not None or self._client.code(self._contract.address):
            seen = checked(self._contract, self._chain_id, outlook, known, self._evidence)
            if seen != known:
                self._store.save_checkpoint(seen)
        return self._driver.round(outlook, lambda row: _key(row) in wanted)

    def _missing(self, wanted: Collection[_Key], *, all_under_way: bool) -> list[Carried]:
        """What is not in a block yet of what is waited for."""
        return [
            row
            for row in self._store.open()
            if row.state not in ANCHORED_STATES and (_key(row) in wanted or (all_under_way and is_under_way(row)))
        ]

    def _refuse(self, missing: Sequence[Carried], trouble: list[Failure] | ChainUnavailable) -> None:
        """Give up where waiting is no use: for one of these, or for what has an earlier nonce.

        Raises:
            RegistryError: why.
        """
        if not missing:
            if isinstance(trouble, ChainUnavailable):
                # Whether all of it still is where it was could not be asked.
                raise trouble
            return
        last = max((row.nonce for row in missing if row.nonce is not None), default=-1)
        for before, why in self._driver.stopped():
            # What was refused in its block has used its nonce: it holds nobody up.
            if before.nonce is not None and self._next_nonce <= before.nonce < last:
                raise why
        for row in missing:
            error = self._driver.why(row) or self._trouble_of(row, trouble)
            if error is not None:
                if isinstance(row, ActRow) and row.nonce is None:
                    # Nothing was signed: nothing of it is left.
                    self._store.cancelled(row, error.what)
                raise error

    @staticmethod
    def _trouble_of(row: Carried, trouble: list[Failure] | ChainUnavailable) -> RegistryError | None:
        """What keeps a row back; what was sent can wait for an endpoint that gives no answer for a while."""
        if isinstance(trouble, ChainUnavailable):
            return trouble if row.nonce is None else None
        for one in trouble:
            if _key(one.row) == _key(row) and isinstance(one.error, RegistryError):
                return one.error if row.nonce is None or isinstance(one.error, StoreError) else None
        return None

    def _mined(self, row: ActRow) -> MinedTransaction:
        """What the chain says of an act that is in a block."""
        if row.transaction_hash is None:
            raise ValueError(f"{row} has no transaction")
        mined = self._driver.landed(row.transaction_hash) or self._client.mined(row.transaction_hash)
        if mined is None:
            raise self._unsettled([row])
        return mined

    # Saying

    def _unsettled(self, missing: Sequence[Carried]) -> TransactionUnsettled:
        signed = [one for row in missing if row.nonce is not None for one in self._store.attempts(row.nonce)]
        what = f"transaction 0x{signed[-1].hash.hex()}" if signed else "what is to be sent"
        return TransactionUnsettled(
            f"{what} was not mined within {self._timeout:g} seconds",
            where=self._client.where,
            remedy="It is stored and may still be mined: run `testamur anchor --resume` later.",
        )

    def _daemon_sends(self) -> ChainBusy:
        holder = self._lease.holder()
        return ChainBusy(
            f"another process signs with {self.address}" + (f" ({holder.owner})" if holder else ""),
            remedy="A daemon is running: give it what is to be done with --queue (anchor, revoke, suspend, reinstate, "
            "void). For anything else use the account of another operator of the issuer, or stop the daemon first.",
            code="sender-busy",
        )


_Key = tuple[type, int]


def _key(row: Carried) -> _Key:
    return type(row), row.id
