"""What a dry run has to tell: what is taken, what is left out and why, by row, and what the decisions come to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from registry.quality.decision import QualityDecision
from registry.quality.rows import Finding, Reason
from registry.untrusted.text import terminal_text

MOST_KEPT: Final = 1_000
"""Findings that are told one by one; all of them are in the file of rows that were left out."""
UNSAID: Final = "not said"
_LONGEST_NUMBER: Final = 60


@dataclass(slots=True)
class Tally:
    """Counts of one import.

    Attributes:
        rows: with anything in them.
        left_out: reason → rows, each counted by its first one.
        warnings: reason → rows that are taken and to be looked at.
        findings: the first `MOST_KEPT`.
    """

    rows: int = 0
    taken: int = 0
    mended: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)
    rulings: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    subjects: Counter[str] = field(default_factory=Counter)
    countries: Counter[str] = field(default_factory=Counter)
    agencies: Counter[str] = field(default_factory=Counter)
    joint: int = 0
    with_party: int = 0
    findings: list[Finding] = field(default_factory=list)

    def take(self, decision: QualityDecision, findings: Iterable[Finding]) -> None:
        """A row became a decision."""
        self.rows += 1
        self._count(decision, 1)
        self._note(findings)

    def leave_out(self, findings: Iterable[Finding]) -> None:
        """A row is left out."""
        listed = list(findings)
        self.rows += 1
        self.left_out[next(each.reason for each in listed if each.refuses)] += 1
        self._note(listed)

    def repeat(self, decision: QualityDecision, row: int) -> None:
        """A row that was taken says what another one says: it is none of its own."""
        self._count(decision, -1)
        number = terminal_text((decision.number or decision.report)[:_LONGEST_NUMBER])
        what = f"it says the same as another row with the number {number!r}"
        self.left_out[Reason.REPEATED] += 1
        self._note([Finding(row, "", "", Reason.REPEATED, what, "Nothing has to be done: the decision is taken once.")])

    def _count(self, decision: QualityDecision, rows: int) -> None:
        self.taken += rows
        said = decision.obligatory
        self.rulings[decision.ruling.value] += rows
        self.statuses[UNSAID if said is None else "obligatory" if said else "voluntary"] += rows
        self.subjects[decision.subject.value] += rows
        for country in {holder.country or UNSAID for holder in decision.holders}:
            self.countries[country] += rows
        self.agencies[str(decision.agency)] += rows
        self.joint += rows * decision.joint
        self.with_party += rows * any(holder.party is not None for holder in decision.holders)

    def _note(self, findings: Iterable[Finding]) -> None:
        for reason in {each.reason for each in findings if not each.refuses}:
            self.warnings[reason] += 1
        room = MOST_KEPT - len(self.findings)
        if room > 0:
            self.findings += list(findings)[:room]

    def content(self) -> dict[str, Any]:
        """The same for `--json` and for a draft."""
        return {
            "rows": self.rows,
            "taken": self.taken,
            "mended": self.mended,
            "leftOut": _sorted(self.left_out),
            "warnings": _sorted(self.warnings),
            "byRuling": _sorted(self.rulings),
            "byStatus": _sorted(self.statuses),
            "bySubject": _sorted(self.subjects),
            "byCountry": _sorted(self.countries),
            "byAgency": _sorted(self.agencies),
            "joint": self.joint,
            "withParty": self.with_party,
            "findings": [finding_content(each) for each in self.findings],
        }


def finding_content(finding: Finding) -> dict[str, Any]:
    """A finding for `--json`."""
    return {
        "row": finding.row,
        "column": finding.column,
        "cell": finding.cell,
        "reason": finding.reason,
        "what": finding.what,
        "remedy": finding.remedy,
        "leftOut": finding.refuses,
    }


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return {str(name): count for name, count in sorted(counts.items(), key=lambda each: (-each[1], each[0]))}
