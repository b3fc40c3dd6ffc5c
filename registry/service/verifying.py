"""How the service verifies: what each request's verifier works with, and a row for each credential of an upload."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from registry.accreditation import Ledger
from registry.chain.contract import CredentialRegistry
from registry.chain.verification import KnownAnchors, Verifier, unavailable
from registry.errors import RegistryError
from registry.freshness import DEFAULT_LATE_SECONDS
from registry.policy import Policy
from registry.service.submissions import Broken, Item, SubmissionLimits, Submitted
from registry.spreadsheet import csv_lines
from registry.timestamps import write_timestamp
from registry.verdict import FactsUnavailable, Overall, Trust, Verdict

COLUMNS: Final = ("name", "overall", "codes", "issuer", "anchored_at", "text")


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
        head_age_seconds: the setting by which the newest block is late.
    """

    contract: Callable[[], CredentialRegistry]
    chain: str
    known: KnownAnchors
    limits: SubmissionLimits = field(default_factory=SubmissionLimits)
    trusted: frozenset[int] = frozenset()
    policy: Policy | None = None
    ledger: Callable[[], Ledger] | None = None
    finality_depth: int | None = None
    head_age_seconds: float = DEFAULT_LATE_SECONDS

    def verifier(
        self, *, now: datetime, trust: Iterable[int] = (), policy: Policy | None = None, issuer: int | None = None
    ) -> Verifier:
        """A verifier for one request; it may be used from one thread at a time.

        Args:
            trust: parties that the one who asks believes as well.
            policy: of the one who asks, in place of the service's.
            issuer: receipts are looked for among this party's anchors alone.
        """
        contract: CredentialRegistry | FactsUnavailable
        try:
            contract = self.contract()
        except RegistryError as error:
            contract = unavailable(error)
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
        )


@dataclass(frozen=True, slots=True)
class Row:
    """What came of one credential, on a line of a table.

    Attributes:
        codes: of the checks that decided, each once; none of a valid one.
        text: what they say; of a valid one, when it was anchored.
    """

    name: str
    overall: Overall
    codes: tuple[str, ...]
    issuer: int | None
    anchored_at: datetime | None
    text: str

    @classmethod
    def of(cls, verdict: Verdict) -> Row:
        """The row of a verdict."""
        told = {check.code: check.text for check in reversed(verdict.deciding)}  # the first check of each code
        return cls(
            verdict.name,
            verdict.overall,
            tuple(reversed(told)),
            verdict.issuer,
            verdict.anchored_at,
            " ".join(reversed(told.values())) or verdict.check("anchor").text,
        )

    @classmethod
    def of_broken(cls, broken: Broken) -> Row:
        """The row of what could not be read; that says nothing about the credential."""
        return cls(broken.name, Overall.COULD_NOT_BE_CHECKED, (broken.code,), None, None, broken.reason)

    def content(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "name": self.name,
            "overall": str(self.overall),
            "codes": list(self.codes),
            "issuer": self.issuer,
            "anchoredAt": self.anchored_at and write_timestamp(self.anchored_at),
            "text": self.text,
        }

    def line(self) -> bytes:
        """For CSV (RFC 4180)."""
        anchored = "" if self.anchored_at is None else write_timestamp(self.anchored_at)
        issuer = "" if self.issuer is None else str(self.issuer)
        return csv_lines([(self.name, str(self.overall), " ".join(self.codes), issuer, anchored, self.text)])


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


def verdict_on(verifier: Verifier, item: Submitted) -> Verdict:
    """The verdict on one credential of an upload.

    Raises:
        ReceiptError: a receipt inside the document cannot be read.
        RegistryError: known anchors cannot be looked up.
    """
    if item.document is not None:
        return verifier.verify_bytes(item.document, item.name, item.receipt)
    if item.receipt is not None:
        return verifier.verify_receipt(item.receipt, item.name)
    raise ValueError("neither a document nor a receipt")


def row_of(verifier: Verifier, item: Item) -> Row:
    """The row of one credential of an upload, whatever it is."""
    if isinstance(item, Broken):
        return Row.of_broken(item)
    try:
        return Row.of(verdict_on(verifier, item))
    except RegistryError as error:
        return Row.of_broken(Broken.of(item.name, error))
