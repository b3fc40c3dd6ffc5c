"""What the daemon has to tell: each event has a name, a level and facts, and goes to log, metrics and alerts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much of a person's attention it needs: none, soon, now."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


EVENTS: dict[str, tuple[Level, str]] = {
    "daemon-started": (Level.INFO, "The daemon is up."),
    "daemon-stopped": (Level.INFO, "The daemon was asked to end, and has."),
    "job-accepted": (Level.INFO, "A job is stored as a whole."),
    "job-sealed": (Level.INFO, "A job is in a batch."),
    "batch-state": (Level.INFO, "A batch has come to another state."),
    "batch-parked": (Level.WARNING, "A batch waits for a person, for funds or for lower fees."),
    "batch-failed": (Level.WARNING, "A batch could be taken no further for a reason of its own; the others went on."),
    "batch-final": (Level.INFO, "A batch is final."),
    "evidence-failed": (
        Level.WARNING,
        "Evidence of a final batch could not be read; nothing waits for it, and it is tried again.",
    ),
    "status-job-accepted": (
        Level.INFO,
        "A status job is stored: credentials are to be revoked, suspended or reinstated.",
    ),
    "status-job-state": (Level.INFO, "A status job has come to another state."),
    "status-job-parked": (Level.WARNING, "A status job waits for a person, for funds or for lower fees."),
    "status-job-final": (Level.INFO, "A status job has ended: what it asks for is so in a final block."),
    "deed-state": (Level.INFO, "A transaction of status jobs has come to another state."),
    "act-state": (Level.INFO, "A transaction that a command left under way has come to another state."),
    "reorganised": (Level.WARNING, "The block of an anchor is gone; the same bytes are sent again."),
    "nonce-lost": (Level.CRITICAL, "Somebody else used the key: another transaction has our nonce for good."),
    "fee-ceiling": (Level.WARNING, "A transaction that was sent needs a higher fee than the ceiling allows."),
    "low-funds": (Level.WARNING, "The balance pays for few more anchors."),
    "lease-taken": (Level.INFO, "This process signs and sends for the account from now on."),
    "lease-lost": (Level.WARNING, "This process no longer holds the lease of the account."),
    "no-operator": (Level.WARNING, "A job waits for an issuer for which no account here may anchor."),
    "history-incomplete": (
        Level.WARNING,
        "A job waits: its issuer has batches on chain that this database does not know.",
    ),
    "database-behind": (
        Level.CRITICAL,
        "The account has anchored what the database does not know, or changed statuses: nothing is sealed or sent.",
    ),
    "loop-ended": (Level.CRITICAL, "A loop has ended by a fault, and the daemon with it: it has to be started again."),
    "not-sealed": (Level.WARNING, "A job cannot be sealed and waits; the others go on."),
    "drop-folder": (Level.WARNING, "Something in the drop folder cannot be used; the other issuers' folders go on."),
    "drop-changed": (Level.WARNING, "A file was written on after it was taken: what was added is in no job."),
    "round-failed": (Level.WARNING, "A round of the loop failed; the next one tries again."),
    "chain-behind": (
        Level.WARNING,
        "Nothing is sent: the newest block is below one that was final. The endpoint is behind, or the chain set back.",
    ),
    "head-stuck": (
        Level.WARNING,
        "The endpoint's newest block has not changed for long, or is very old by its own time.",
    ),
    "wrong-chain": (Level.CRITICAL, "The endpoint serves another chain or another contract; nothing is sent."),
    "finality-violated": (Level.CRITICAL, "A block that was final has changed: the daemon has stopped."),
    "intake-refused": (Level.INFO, "A request or file was refused as a whole."),
}
"""Every event there is, with its level and what it means; documented in `docs/reference/daemon.md`."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One event. Facts are texts and numbers."""

    event: str
    level: Level
    facts: dict[str, str | int | float | None]


Listener = Callable[[Notice], None]


class Notices:
    """Hands every event to all listeners. A listener that may fail or wait has to see to that itself."""

    def __init__(self, listeners: Sequence[Listener] = ()):
        self._listeners = list(listeners)

    def add(self, listener: Listener) -> None:
        """From now on, this one as well."""
        self._listeners.append(listener)

    def tell(self, event: str, **facts: str | int | float | None) -> None:
        """Something happened.

        Raises:
            KeyError: there is no such event.
        """
        self.pass_on(Notice(event, EVENTS[event][0], facts))

    def pass_on(self, notice: Notice) -> None:
        """Something happened in another process of this program."""
        for listener in self._listeners:
            listener(notice)
