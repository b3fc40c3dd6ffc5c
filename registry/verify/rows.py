"""Verdicts as lines of a table, the same from the command and from the service."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from registry.document.submitted import Broken
from registry.timestamps import write_timestamp
from registry.untrusted.cells import csv_lines
from registry.verify.verdict import Overall, Verdict

COLUMNS: Final = ("name", "overall", "codes", "issuer", "anchored_at", "text")


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
        told = {code: check.text for code, check in verdict.reasons.items()}
        return cls(
            verdict.name,
            verdict.overall,
            tuple(told),
            verdict.issuer,
            verdict.anchored_at,
            " ".join(told.values()) or verdict.check("anchor").text,
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
