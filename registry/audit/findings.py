"""What an audit was asked, and what it found: the values that its report is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from registry.anchors import AnchorPlace
from registry.audit.compare import FolderBatch
from registry.audit.kinds import Difference
from registry.history import RegistryState
from registry.recognition.ledger import Accreditation
from registry.records import Batch, BlockRef, DigestKey, Key


@dataclass(frozen=True, slots=True)
class Asked:
    """What an audit is about.

    Attributes:
        issuer: the only one that is looked at, or None for all.
        since: the block from which on batches are compared and counted.
    """

    issuer: int | None = None
    since: int = 0

    def about(self, *parties: int | None) -> bool:
        """Whether something is looked at that is about these parties; None is for all."""
        return self.issuer is None or None in parties or self.issuer in parties

    def counts(self, party: int, block_number: int) -> bool:
        """Whether what a party did in a block is looked at."""
        return self.about(party) and block_number >= self.since


EVERYTHING: Final = Asked()


@dataclass(frozen=True, slots=True)
class Unchecked:
    """Something that could not be checked: what, and why."""

    subject: str
    why: str


@dataclass(slots=True)
class Spent:
    """What the transactions of a party took: their number, gas and wei."""

    transactions: int = 0
    gas: int = 0
    wei: int = 0


@dataclass(slots=True)
class Counts:
    """How much was compared; `trees_elsewhere` are those of batches that the folder does not claim to hold."""

    transactions: int = 0
    events: int = 0
    parties: int = 0
    batches: int = 0
    credentials: int = 0
    status_words: int = 0
    digests: int = 0
    accreditations: int = 0
    index_batches: int = 0
    folder_batches: int = 0
    trees: int = 0
    leaves: int = 0
    trees_elsewhere: int = 0


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit found.

    Attributes:
        contract: the registry's address.
        edition: of the registry, 1 or 2.
        accreditations_contract: the address that its accreditations are at, or would be; in the first edition its own.
        deployed_in: the first block that was read.
        block: the one everything was compared at.
        folder: the data folder, or None when the chain alone was audited.
        unchecked: what should have been compared and could not be.
        notes: what there was nothing to compare with, and why.
        spent: by party; of transactions since `asked.since` only.
        rows: the database's batches that were looked at.
        revoked_elsewhere: how many credentials of a batch are revoked by their digests or by another batch alone.
        places: where the credentials are that issuers spoke of by their digests; those that are in no batch whose tree
            was read are not there.
        ordered: leaf counts of the batches whose trees were read as a whole and found to be theirs: as many leaves as
            the chain says, which lead to the root and ascend strictly.
    """

    chain: str
    contract: str
    edition: int
    accreditations_contract: str
    deployed_in: int
    block: BlockRef
    asked: Asked
    folder: Path | None
    state: RegistryState
    differences: tuple[Difference, ...]
    unchecked: tuple[Unchecked, ...]
    notes: tuple[str, ...]
    checked: Counts
    spent: Mapping[int, Spent] = field(default_factory=dict)
    rows: tuple[FolderBatch, ...] = ()
    revoked_elsewhere: Mapping[Key, int] = field(default_factory=dict)
    places: Mapping[DigestKey, tuple[AnchorPlace, ...]] = field(default_factory=dict)
    ordered: Mapping[Key, int] = field(default_factory=dict)

    def batches(self) -> dict[Key, Batch]:
        """The batches that were looked at, in the order of the chain."""
        return batches_asked_for(self.state, self.asked)

    def accreditations(self) -> list[Accreditation]:
        """The accreditations and recognitions that were looked at; none when their events do not fit together."""
        ledger = self.state.ledger
        every = () if ledger is None else ledger.accreditations
        return [each for each in every if self.asked.about(each.body, each.holder)]


def batches_asked_for(state: RegistryState, asked: Asked) -> dict[Key, Batch]:
    """The batches that an audit looks at, in the order of the chain."""
    return {key: batch for key, batch in state.batches.items() if asked.counts(key[0], batch.block_number)}
