"""Receipts with evidence: read now where the endpoint has it, else what was kept with the batch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final, Protocol

from anchor.books.batches import BatchRow, Leaf
from anchor.books.evidence import MOST_KEPT_SLOTS, EvidenceStore, KeptEvidence
from anchor.workspace import Workspace
from registry.chain.contract import CredentialRegistry
from registry.chain.editions import Edition
from registry.chain.layout import slots_of
from registry.chain.rpc.client import Block
from registry.errors import ChainError, NotPossible, WrongChain
from registry.proofs.evidence import Evidence
from registry.receipt.model import Receipt
from registry.records import BlockRef, Purpose
from registry.verifier.gathering import Leaves, gather, part_of
from registry.verifier.moments import Moments, is_too_old

LEAVES_A_TIME: Final = 10_000
"""Whose evidence is in memory at one time."""

Gathered = tuple[Evidence, Mapping[bytes, int]]
"""Evidence, and what it shows to be in its slots."""


class Source(Protocol):
    """Where the evidence of a batch comes from.

    Attributes:
        edition: of the registry that it is about.
        block: as of which it is.
        is_of_day: whether that is the first block of a day (UTC).
        why_kept: why it is what was kept, and not of now; None where it was read now.
    """

    @property
    def edition(self) -> Edition: ...

    @property
    def block(self) -> BlockRef: ...

    @property
    def is_of_day(self) -> bool: ...

    @property
    def why_kept(self) -> str | None: ...

    def of(self, leaves: Leaves) -> Gathered: ...


@dataclass(frozen=True, slots=True)
class ReadNow:
    """Evidence from the endpoint, as of a final block."""

    contract: CredentialRegistry
    chain_id: int
    at: Block
    is_of_day: bool
    why_kept: None = None

    @property
    def edition(self) -> Edition:
        return self.contract.edition

    @property
    def block(self) -> BlockRef:
        return self.at.reference

    def of(self, leaves: Leaves) -> Gathered:
        """That of some leaves; raises as `gather`."""
        found = gather(self.contract, self.chain_id, leaves, self.at)
        return found, found.proved(self.at.hash, most_slots=len(found.slots)).values


@dataclass(frozen=True, slots=True)
class Kept:
    """Evidence that was kept with the batch."""

    edition: Edition
    kept: KeptEvidence
    values: Mapping[bytes, int]
    why_kept: str

    @property
    def block(self) -> BlockRef:
        return self.kept.block

    @property
    def is_of_day(self) -> bool:
        return self.kept.is_of_day

    def of(self, _leaves: Leaves) -> Gathered:
        """All of it."""
        return self.kept.evidence, self.values


def evidence_of(workspace: Workspace, row: BatchRow) -> Source:
    """The newest evidence of a batch that the endpoint has, as of the first block of the day if it has that, else what
    was kept.

    Raises:
        NotPossible: code `not-final`: there is none before the batch is final; `no-evidence-kept`: the endpoint has
            none, and none was kept of its credentials.
        WrongChain: the chain is another one.
    """
    try:
        return _read_now(workspace, row)
    except WrongChain:
        raise
    except ChainError as error:
        contract = CredentialRegistry(workspace.client, workspace.contract_address)
        edition = contract.edition
        kept = EvidenceStore(workspace.folder.engine, workspace.chain, contract.address).of(row.issuer, row.root)
        if kept is None:
            raise _none(row, "none was kept", error) from None
        if slots_of(edition).word(row.issuer, row.root, Purpose.REVOCATION, 0) not in kept.evidence.slots:
            raise _none(row, f"of its {row.leaf_count:,} credentials none was kept", error) from None
        proved = kept.evidence.proved(kept.block.hash, most_slots=MOST_KEPT_SLOTS)
        return Kept(edition, kept, proved.values, error.what)


def with_evidence(
    found: Iterable[tuple[Leaf, Receipt]], row: BatchRow, source: Source
) -> Iterator[tuple[Leaf, Receipt]]:
    """The same receipts, each with the part of the evidence that is about it.

    Raises:
        ChainError: the endpoint does not answer any more, or proves nothing.
        EvidenceError: code `evidence-missing`: what was kept is about others.
        ReceiptError: code `evidence-size`: there is more of it than a receipt may have.
    """
    receipts = iter(found)
    while some := list(islice(receipts, LEAVES_A_TIME)):
        evidence, values = source.of(Leaves(row.issuer, row.root, {leaf.leaf_index: leaf.digest for leaf, _ in some}))
        for leaf, receipt in some:
            part = part_of(
                evidence, values, source.edition, Leaves(row.issuer, row.root, {leaf.leaf_index: leaf.digest})
            )
            yield leaf, receipt.with_evidence(part)


def _read_now(workspace: Workspace, row: BatchRow) -> ReadNow:
    """As of the newest block that the endpoint has proofs of, which is asked for those of the batch."""
    contract, chain_id = workspace.contract, workspace.chain_id
    moments = Moments.of(contract.client, contract.client.finalized(workspace.settings.finality_depth))
    blocks = () if row.block_number is None else moments.since(row.block_number)
    for block in blocks:
        source = ReadNow(contract, chain_id, block, is_of_day=block == moments.day)
        try:
            _, values = source.of(Leaves(row.issuer, row.root, {}))
        except ChainError as error:
            if block == blocks[-1] or not is_too_old(error):
                raise
            continue
        if values[slots_of(contract.edition).batch(row.issuer, row.root)]:
            return source
    raise NotPossible(
        f"batch 0x{row.root.hex()} is not final yet, and evidence is of final blocks",
        remedy="Wait until `testamur status` says that it is final (`testamur anchor --resume --wait` waits for it), "
        "or write the receipts without evidence.",
        code="not-final",
    )


def _none(row: BatchRow, kept: str, error: ChainError) -> NotPossible:
    return NotPossible(
        f"there is no evidence of batch 0x{row.root.hex()}: {kept}, and {error.what}",
        where=error.where,
        remedy=f"{error.remedy or 'Try again later.'} Without --evidence the receipts can be written, and "
        "need an endpoint to be verified.",
        code="no-evidence-kept",
    )
