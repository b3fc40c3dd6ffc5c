"""From digests to a final anchor while a person waits: sealing a batch, and carrying it until nothing can undo it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from anchor.anchoring.counts import count_call, count_purpose
from anchor.batching.as_on_chain import as_on_chain
from anchor.batching.publishing import publisher_of
from anchor.batching.selection import Selection, contract_selectors, refuse_selector
from anchor.books.batches import BatchRow, Leaf
from anchor.books.on_chain import UNSTATED, History, UnknownBatch, sealed_without
from anchor.books.tables import ANCHORED_STATES, BatchState
from anchor.intake.files import Intake, digest_of
from anchor.sending.kinds import refuse_bare
from anchor.sending.waiting import wait_for
from anchor.workspace import Workspace
from registry.errors import ChainUnavailable, NotPossible, TransactionUnsettled

if TYPE_CHECKING:
    from anchor.sending.signer import Signer


class Now:
    """The engine in this process, for batches: it seals them, and drives them to finality by the daemon's rounds.

    Each step can be repeated after a crash, or by a daemon.

    Args:
        signer: another account than the workspace's.
        reached: told at each of `driver.POINTS`.
        history: what the issuers have on chain; default: as it is, and nothing is brought here.

    Attributes:
        unknown: the issuer's batches that this folder did not know when the last one was sealed all the same.
    """

    def __init__(
        self,
        workspace: Workspace,
        signer: Signer | None = None,
        *,
        reached: Callable[[str], None] = lambda _: None,
        history: History | None = None,
    ):
        self._folder = workspace.folder
        self._store = workspace.store
        self._contract = workspace.contract
        self._finality_depth = workspace.settings.finality_depth
        self._engine = workspace.sender_for(
            signer or workspace.signer, publish=publisher_of(workspace), reached=reached
        )
        self._reached = reached
        self._history = history or History(workspace.contract, workspace.store)
        self.unknown: Sequence[UnknownBatch] = ()

    def alone(self) -> AbstractContextManager[None]:
        """No other process sends with the account until the block ends."""
        return self._engine.alone()

    def seal(
        self,
        intake: Intake,
        selection: Selection,
        issuer: int,
        *,
        selectors: Collection[bytes] | None = None,
        without_history: bool = False,
        bare: bool = False,
    ) -> BatchRow:
        """Write the tree and record the batch; from here on its receipts' paths are fixed.

        Args:
            bare: anchor it by its root and nothing else, as Blockcerts verifiers look for it.
            selectors: first four bytes of the calls that the contract knows; by default read from its ABI.
            without_history: seal it although the issuer has batches on chain that this folder does not know.

        Raises:
            IntakeError: the root begins like one of these calls, or the issuer has another batch under it.
            SignerError: code `bare-roots-off`: bare roots of the account are not anchored for this issuer.
            UnknownBatches: the issuer has batches that this folder does not know, and this one is not among them.
            ChainUnavailable: whether it has could not be asked.
        """
        records = selection.records
        digests, leaves = map(digest_of, records), _leaves(intake, records)
        return self.seal_leaves(
            digests, leaves, issuer, selectors=selectors, without_history=without_history, bare=bare
        )

    def seal_leaves(
        self,
        digests: Iterable[bytes],
        leaves: Iterable[Leaf],
        issuer: int,
        *,
        selectors: Collection[bytes] | None = None,
        without_history: bool = False,
        bare: bool = False,
    ) -> BatchRow:
        """As `seal`, of what is known already to be new.

        Args:
            digests: each once, sorted.
            leaves: the same with where they came from, in the same order.

        Raises:
            IntakeError, UnknownBatches, ChainUnavailable: as `seal`.
        """
        if bare:
            refuse_bare(self._contract, self._engine.address, issuer)
        with self._folder.new_tree(digests) as tree:
            root, count = tree.id
            refuse_selector(root, contract_selectors() if selectors is None else selectors)
            self.unknown = self._history.before(issuer, tree.id, without_history=without_history)
            tree.keep()
        note = sealed_without(self.unknown, self._store.given_up(issuer))
        row = self._store.add(issuer, root, count, leaves, sealed_at=int(time.time()), note=note, bare=bare)
        self._reached("sealed")
        return row

    def anchor(self, row: BatchRow) -> BatchRow:
        """See to it that the batch is in a block, and record which; one that is there already is not sent again.

        Raises:
            ContractReverted: the contract does not let the signer anchor for this issuer.
            TransactionUnsettled: sent and not mined in time.
            StoreError: the tree store does not take the tree, and nothing was sent.
            NotPossible: a person put it aside or took it back, and nothing was sent.
        """
        if (seen := self.seen(row)).state in ANCHORED_STATES:
            self._state_count(seen)
            return seen
        refuse_put_aside(seen)
        self._engine.carry([seen])
        if (done := self._again(seen)).state not in ANCHORED_STATES:
            raise TransactionUnsettled(
                f"batch 0x{row.root.hex()} is {done.state}, and sent by the account {done.sender}",
                remedy="That account goes on with it: run this command, or its daemon, with it.",
            )
        if done.bare:
            self._state_count(done)
        return done

    def seen(self, row: BatchRow) -> BatchRow:
        """The batch as the chain has it now; that it is anchored is taken down, also where a person took it back."""
        found = as_on_chain(self._contract, row, self._finality_depth)
        if found.state not in ANCHORED_STATES or found == row:
            return row if row.state not in ANCHORED_STATES else found
        return self._store.update(found)

    def resume(self) -> list[BatchRow]:
        """Take up every batch that is not final and that no person put aside or took back, and all that was sent.

        The batches are told oldest first.
        """
        rows = [row for row in self._store.unfinished() if not row.is_put_aside]
        with self.alone():
            # What has a nonce is followed by it, whatever became of it.
            self._engine.carry([], all_under_way=True)
            waiting = [row for row in map(self._again, rows) if row.state not in ANCHORED_STATES]
            self._engine.carry([row for row in waiting if self.seen(row).state not in ANCHORED_STATES])
            found = list(map(self._again, rows))
            for row in found:
                if row.state in ANCHORED_STATES:
                    self._state_count(row)
            for row in self._store.uncounted():
                # Killed between the two transactions, it is final by now, and no longer among what is taken up.
                if row.sender == self._engine.address:
                    self._state_count(row)
        return found

    def wait_until_final(self, row: BatchRow, timeout: float, looked: Callable[[BatchRow], None]) -> BatchRow:
        """Wait until nothing can undo the batch; sends it again if the chain dropped it.

        Others may send with the account between two looks; a daemon that does follows the batch as well.

        Args:
            looked: called with the batch as it is, each time it was looked at.

        Raises:
            TransactionUnsettled: it was not final in time.
        """
        current = row

        def probe() -> BatchRow | None:
            nonlocal current
            if self._followed():
                current = self._again(current)
                current = current if current.state in ANCHORED_STATES else self.anchor(current)
            else:
                # Whoever sends with the account writes down what becomes of it.
                current = as_on_chain(self._contract, current, self._finality_depth)
            looked(current)
            return current if current.state is BatchState.FINAL else None

        if wait_for(probe, timeout) is None:
            raise TransactionUnsettled(
                f"batch 0x{row.root.hex()} is {current.state} and not final after {timeout:g} seconds",
                where=self._contract.client.where,
                remedy="Its receipts can be used; they say that it is not final. `testamur status` shows when it is.",
            )
        return current

    def _followed(self) -> bool:
        """Whether this process has followed what the account has sent."""
        try:
            return self._engine.round()
        except ChainUnavailable:
            # Whether there is an answer now shows the next question.
            return False

    def _again(self, row: BatchRow) -> BatchRow:
        return self._store.by_id(row.id) or row

    def _state_count(self, row: BatchRow) -> None:
        """State how many leaves a batch has that was anchored as a bare root."""
        found = self._contract.batch(row.issuer, row.root)
        if found is not None and found.leaf_count == UNSTATED:
            self._engine.settle(count_purpose(row), self._contract.address, count_call(row), is_missing=True)
        elif found is not None and row.bare and row.counted_at is None and row.state is BatchState.FINAL:
            at = self._contract.client.finalized(self._finality_depth).number
            final = self._contract.batch(row.issuer, row.root, at=at)
            if final is not None and final.leaf_count != UNSTATED:
                self._store.counted(row)


def refuse_put_aside(row: BatchRow) -> None:
    """What a person put aside or took back is not sent; that ends by a person's word alone.

    Raises:
        NotPossible: code `put-aside` or `taken-back`.
    """
    if not row.is_put_aside:
        return
    if row.state is BatchState.PARKED:
        raise NotPossible(
            f"batch 0x{row.root.hex()} was put aside by a person ({row.parked_why}); nothing was sent",
            remedy="`testamur jobs retry` lets it go on.",
            code="put-aside",
        )
    raise NotPossible(
        f"batch 0x{row.root.hex()} was taken back by a person; nothing was sent",
        remedy="Anchor the same input again once `testamur jobs show` says that it is cancelled.",
        code="taken-back",
    )


def _leaves(intake: Intake, records: list[bytes]) -> Iterator[Leaf]:
    for index, (digest, method, source, line) in enumerate(intake.located(records)):
        yield Leaf(digest, index, method, source, line)
