"""How the service verifies: what each request's verifier works with, and a row for each credential of an upload."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from registry.chain.contract import CredentialRegistry
from registry.document.submitted import Broken, ReadItem
from registry.errors import TRY_AGAIN, RegistryError, public_sentence
from registry.http.buckets import Buckets, OwnBuckets
from registry.http.problems import note, note_text
from registry.levels.bundled import bundled_maps
from registry.levels.maps import LevelMaps
from registry.recognition.ledger import Ledger
from registry.service.readers import Readers, shared_readers
from registry.service.submissions import SubmissionLimits
from registry.verifier.registers import Snapshots
from registry.verifier.verifier import KnownAnchors, Verifier
from registry.verify.freshness import DEFAULT_LATE_SECONDS
from registry.verify.policy import Policy
from registry.verify.rows import Row
from registry.verify.verdict import FactsUnavailable, Overall, Trust, Verdict


@dataclass(frozen=True, slots=True)
class Verifying:
    """What the service verifies with.

    Attributes:
        contract: the contract to ask, known to be the right one; what it raises is why it cannot be asked.
        chain: CAIP-2 name of its chain.
        known: anchors in the index.
        trusted: parties the service believes.
        policy: when a request brings none.
        ledger: reads the accreditations; default: from the chain.
        finality_depth: blocks that count as final on a chain without a `finalized` tag.
        readers: processes that read what is sent.
        head_age_seconds: the setting by which the newest block is late.
        snapshots: of registers that policies name; default: none.
        levels: level maps; default: those that are bundled.
        work: with the processor time that each address has left; default: of this process alone.
    """

    contract: Callable[[], CredentialRegistry]
    chain: str
    known: KnownAnchors
    limits: SubmissionLimits = field(default_factory=SubmissionLimits)
    trusted: frozenset[int] = frozenset()
    policy: Policy | None = None
    ledger: Callable[[], Ledger] | None = None
    finality_depth: int | None = None
    readers: Readers = field(default_factory=shared_readers)
    head_age_seconds: float = DEFAULT_LATE_SECONDS
    snapshots: Snapshots | None = None
    levels: Callable[[], LevelMaps] = bundled_maps
    work: Buckets = field(default_factory=OwnBuckets)

    def verifier(
        self,
        *,
        now: datetime,
        trust: Iterable[int] = (),
        policy: Policy | None = None,
        issuer: int | None = None,
        here: str = "",
    ) -> Verifier:
        """A verifier for one request; it may be used from one thread at a time.

        Args:
            trust: parties that the one who asks believes as well.
            policy: of the one who asks, in place of the service's.
            issuer: receipts are looked for among this party's anchors alone.
            here: country of the one who asks, two letters; "": the jurisdiction of the policy.
        """
        contract: CredentialRegistry | FactsUnavailable
        try:
            contract = self.contract()
        except RegistryError as error:
            # Whatever it is, it is about the settings of whoever runs this, not about what was sent.
            note_text(f"{error.code}: {error}")
            what = public_sentence(error.code, "the chain could not be asked")
            contract = FactsUnavailable(error.code, what, TRY_AGAIN)
        return Verifier(
            contract,
            chain=self.chain,
            known=self.known,
            trust=Trust(self.trusted | frozenset(trust), self.chain),
            now=now,
            issuer=issuer,
            limits=self.limits.document,
            policy=policy or self.policy,
            ledger=self.ledger,
            finality_depth=self.finality_depth,
            head_age_seconds=self.head_age_seconds,
            snapshots=self.snapshots,
            here=here,
            levels=self.levels,
        )


@dataclass(slots=True)
class Summary:
    """How many credentials came out how."""

    counts: Counter[Overall] = field(default_factory=Counter)

    def add(self, row: Row) -> None:
        """Count a row."""
        self.counts[row.overall] += 1

    def content(self) -> dict[str, Any]:
        """For JSON."""
        return {"items": self.counts.total(), "counts": {str(each): self.counts[each] for each in Overall}}


def verdict_on(verifier: Verifier, item: ReadItem) -> Verdict:
    """The verdict on one credential of an upload.

    Raises:
        ReceiptError: a receipt inside the document cannot be read.
        RegistryError: known anchors cannot be looked up.
    """
    verdict = verifier.verify_item(item)
    for check in verdict.checks:
        if check.detail is not None:
            note_text(f"{check.code}: {check.detail}")
    return verdict


def row_of(verifier: Verifier, item: ReadItem | Broken) -> Row:
    """The row of one credential of an upload, whatever it is."""
    if isinstance(item, Broken):
        return Row.of_broken(item)
    try:
        return Row.of(verdict_on(verifier, item))
    except RegistryError as error:
        note(error)
        return Row.of_broken(Broken.of(item.name, error))
