"""A log of decisions: one entry a line, each with the hash of the one before it.

An entry that was changed, moved or taken out from among others is found by whoever reads the log. That the last ones
were cut off is found by whoever knows a later entry's hash: entries can be anchored as they stand, and the hash in the
chain is the digest by which they are. Source of the form: RFC 6962's idea of a log, in the simplest form that does it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from registry.credential.strictjson import Limits, canonical_json, canonicalize
from registry.errors import CredentialError, IntakeError
from registry.learning.suggest.decisions import faults_of, part_hash
from registry.learning.suggest.wire import EntryPart, SamenessDecision, SuggestionDecision, entry_in, members_of

MOST_BYTES: Final = 256 << 20
MOST_ENTRIES: Final = 100_000
_LINE: Final = Limits(max_bytes=1 << 20, max_depth=12)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a line; counted from 1, 0 means the file as a whole."""

    line: int
    reason: str

    def __str__(self) -> str:
        """`line 3: …`."""
        return f"line {self.line}: {self.reason}" if self.line else self.reason


@dataclass(frozen=True, slots=True)
class Log:
    """The decisions of a log, in their order.

    Attributes:
        hashes: of each entry, 64 hex digits; the last one stands for all of them.
        faults: while there are any, nothing is added to the log.
    """

    entries: tuple[EntryPart, ...] = ()
    hashes: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = field(default=())

    @property
    def head(self) -> str | None:
        """The hash of its last entry; None of an empty log."""
        return self.hashes[-1] if self.hashes else None

    def after(self, decision: SuggestionDecision | SamenessDecision) -> tuple[EntryPart, bytes]:
        """The entry for a decision, and its line."""
        entry = EntryPart(number=len(self.entries) + 1, previous=self.head, decision=decision)
        return entry, canonicalize(members_of(entry)) + b"\n"

    def with_entry(self, entry: EntryPart) -> Log:
        """The log with one entry more."""
        return Log((*self.entries, entry), (*self.hashes, part_hash(members_of(entry))), self.faults)

    def of_suggestion(self, identifier: str) -> EntryPart | None:
        """The last decision about a suggestion."""
        return next(
            (
                each
                for each in reversed(self.entries)
                if isinstance(each.decision, SuggestionDecision) and each.decision.suggestion == identifier
            ),
            None,
        )

    def of_pair(self, identifier: str) -> EntryPart | None:
        """The last decision about a pair of achievements."""
        return next(
            (
                each
                for each in reversed(self.entries)
                if isinstance(each.decision, SamenessDecision) and each.decision.pair == identifier
            ),
            None,
        )


def read_log(content: bytes) -> Log:
    """A log, with all that is wrong with it."""
    if len(content) > MOST_BYTES or content.count(b"\n") > MOST_ENTRIES:
        return Log(faults=(Fault(0, f"it has more than {MOST_BYTES >> 20} MiB or {MOST_ENTRIES:,} entries"),))
    lines = content.split(b"\n")
    faults = [] if not lines[-1] else [Fault(len(lines), "it is not ended: it was cut off while it was written")]
    entries: list[EntryPart] = []
    hashes: list[str] = []
    for number, line in enumerate(lines[:-1], 1):
        try:
            members, canonical = canonical_json(line, _LINE)
            entry = entry_in(members, f"line {number}")
        except (CredentialError, IntakeError) as error:
            faults.append(Fault(number, f"it is no entry: {error.what}"))
            # What follows cannot be compared with it.
            return Log(tuple(entries), tuple(hashes), tuple(faults))
        if canonical != line:
            faults.append(Fault(number, "it is not in its one form (RFC 8785)"))
        if entry.number != number:
            faults.append(Fault(number, f"it says that it is entry {entry.number:,}: some are missing or moved"))
        if entry.previous != (hashes[-1] if hashes else None):
            faults.append(Fault(number, "the entry before it is not the one after which it was written"))
        faults += [Fault(number, why) for why in faults_of(entry.decision)]
        entries.append(entry)
        hashes.append(sha256(canonical).hexdigest())
    return Log(tuple(entries), tuple(hashes), tuple(faults))
