"""From digests to a final anchor: what goes into a batch, sealing it, and driving it until nothing can undo it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence

from anchor.batching.as_on_chain import as_on_chain
from anchor.batching.publishing import Publish, publisher_of
from anchor.batching.selection import Selection, contract_selectors, refuse_selector
from anchor.books.attempts import anchor_purpose
from anchor.books.batches import BatchRow, BatchStore, Leaf
from anchor.books.folder import DataFolder
from anchor.books.on_chain import UNSTATED, History, UnknownBatch, named
from anchor.books.tables import ANCHORED_STATES, BatchState
from anchor.intake.files import Intake, digest_of
from anchor.sending.sender import Sender
from anchor.sending.waiting import wait_for
from anchor.workspace import Workspace
from registry.chain.calls import call_data
from registry.chain.contract import CredentialRegistry
from registry.errors import ContractReverted, NotPossible, TransactionUnsettled
from registry.merkle.tree import Tree


class Batches:
    """Seals batches and drives them to finality; each step can be repeated after a crash.

    Args:
        finality_depth: blocks that count as final on a chain that does not say.
        publish: brings a batch's tree to where it is served from, before the batch is signed.

    Attributes:
        unknown: the issuer's batches that this folder did not know when the last one was sealed all the same.
    """

    def __init__(
        self,
        folder: DataFolder,
        store: BatchStore,
        contract: CredentialRegistry,
        sender: Sender,
        *,
        finality_depth: int | None = None,
        publish: Publish = lambda _: None,
    ):
        self._folder = folder
        self._store = store
        self._contract = contract
        self._sender = sender
        self._finality_depth = finality_depth
        self._publish = publish
        self.unknown: Sequence[UnknownBatch] = ()

    @classmethod
    def of(cls, workspace: Workspace, sender: Sender | None = None) -> Batches:
        """The batches of a workspace, sent by its own account or another."""
        return cls(
            workspace.folder,
            workspace.store,
            workspace.contract,
            sender or workspace.sender,
            finality_depth=workspace.settings.finality_depth,
            publish=publisher_of(workspace),
        )

    def seal(
        self,
        intake: Intake,
        selection: Selection,
        issuer: int,
        *,
        selectors: Collection[bytes] | None = None,
        without_history: bool = False,
    ) -> BatchRow:
        """Write the tree and record the batch; from here on its receipts' paths are fixed.

        Args:
            selectors: first four bytes of the calls that the contract knows; by default read from its ABI.
            without_history: seal it although the issuer has batches on chain that this folder does not know.

        Raises:
            IntakeError: the root begins like one of these calls, or the issuer has another batch under it.
            UnknownBatches: the issuer has batches that this folder does not know, and this one is not among them.
            ChainUnavailable: whether it has could not be asked.
        """
        records = selection.records
        with Tree.build(map(digest_of, records)) as tree:
            root, count = tree.root, tree.leaf_count
            refuse_selector(root, contract_selectors() if selectors is None else selectors)
            history = History(self._contract, self._store)
            self.unknown = history.before(issuer, tree.id, without_history=without_history)
            self._folder.keep_tree(tree)
        note = f"sealed without knowing {named(self.unknown)}" if self.unknown else ""
        return self._store.add(issuer, root, count, _leaves(intake, records), sealed_at=int(time.time()), note=note)

    def anchor(self, row: BatchRow) -> BatchRow:
        """See to it that the batch is in a block, and record which; one that is there already is not sent again.

        Raises:
            ContractReverted: the contract does not let the signer anchor for this issuer.
            TransactionUnsettled: sent and not mined in time.
            StoreError: the tree store does not take the tree, and nothing was sent.
            NotPossible: a person put it aside or took it back, and nothing was sent.
        """
        if (seen := self.seen(row)).state in ANCHORED_STATES:
            self._state_count(row)
            return seen
        refuse_put_aside(seen)
        self._publish(row)
        data = self._contract.anchor_data(row.issuer, row.root, row.leaf_count)
        try:
            self._sender.settle(anchor_purpose(row.issuer, row.root), self._contract.address, data)
        except ContractReverted:
            # Somebody may have anchored it between the look and the transaction: then it is where it should be.
            if self.seen(row).state not in ANCHORED_STATES:
                raise
        seen = self.seen(row)
        if seen.state not in ANCHORED_STATES:
            raise TransactionUnsettled(
                f"the anchor of 0x{row.root.hex()} was mined and is not on the chain any more",
                remedy="The chain reorganised. Run `testamur anchor --resume`.",
            )
        return seen

    def seen(self, row: BatchRow) -> BatchRow:
        """The batch as the chain has it now, and the same in the database; what a person decided stays there."""
        found = as_on_chain(self._contract, row, self._finality_depth)
        if found == row:
            return row
        if found.transaction_hash is None and row.transaction_hash is not None:
            # It was in a block, and that block is gone: the same bytes have to be sent again.
            self._sender.reopen(row.transaction_hash)
        return self._store.update(found)

    def _state_count(self, row: BatchRow) -> None:
        """State how many leaves a batch has that was anchored as a bare root."""
        found = self._contract.batch(row.issuer, row.root)
        if found is not None and found.leaf_count == UNSTATED:
            data = call_data("stateLeafCount", row.issuer, row.root, row.leaf_count)
            self._sender.settle(f"count {row.issuer} 0x{row.root.hex()}", self._contract.address, data)

    def wait_until_final(self, row: BatchRow, timeout: float, looked: Callable[[BatchRow], None]) -> BatchRow:
        """Wait until nothing can undo the batch; sends it again if the chain dropped it.

        Args:
            looked: called with the batch as it is, each time it was looked at.

        Raises:
            TransactionUnsettled: it was not final in time.
        """
        current = row

        def probe() -> BatchRow | None:
            nonlocal current
            current = self.anchor(current)
            looked(current)
            return current if current.state is BatchState.FINAL else None

        if wait_for(probe, timeout) is None:
            raise TransactionUnsettled(
                f"batch 0x{row.root.hex()} is {current.state} and not final after {timeout:g} seconds",
                where=self._contract.client.where,
                remedy="Its receipts can be used; they say that it is not final. `testamur status` shows when it is.",
            )
        return current

    def resume(self) -> list[BatchRow]:
        """Take up every batch that is not final and that no person put aside or took back, oldest first."""
        self._sender.resume()
        return [self.anchor(row) for row in self._store.unfinished() if not row.is_put_aside]


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
    for index, record in enumerate(records):
        origin = intake.origin(record)
        yield Leaf(digest_of(record), index, record[32], origin.source, origin.line)
