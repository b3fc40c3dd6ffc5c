"""What an index may be asked for, from how far it is and how sure of it: the one rule for every answer of the service.

An index that lacks an event does not look any different: a revocation that was not read is *not revoked*. So whatever
follows from something not being there (not revoked, absent, accredited since nothing took it back) is said only where
nothing can be missing. What was found and proved is there, whatever else is missing: an anchor, a revocation.
Pure: the head of an index and a clock in, a doubt out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from registry.index.facts import CHAIN_DISAGREES, FINALITY_VIOLATED
from registry.index.reader import Head
from registry.records import BlockRef
from registry.timestamps import from_unix, write_timestamp
from registry.verify.freshness import AgeLimits, Freshness, HeadAge, head_age, pace

SILENT_SECONDS: Final = 600.0
"""Without a word from the chain, after which nothing is said of now."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why something is not said: a stable code, and a sentence of ours."""

    code: str
    what: str


@dataclass(frozen=True, slots=True)
class Reach:
    """What the answers of an index are worth at a moment.

    Attributes:
        age: of the newest block in it.
        incomplete: why it may lack events of before its block; None when it cannot. Without it, the records up to that
            block are all there are.
        outdated: why its block may be too long ago; None when it is not. Where there is neither, what is not there has
            not happened, as far as anybody can say now.
    """

    age: HeadAge
    incomplete: Doubt | None
    outdated: Doubt | None

    @property
    def doubt(self) -> Doubt | None:
        """Why nothing may follow from what is not there; None when it may."""
        return self.incomplete or self.outdated


def reach_of(
    head: Head, now: float, *, lag: int, age: AgeLimits, before: BlockRef | None = None, silent: float = SILENT_SECONDS
) -> Reach:
    """Judge an index.

    Args:
        now: Unix seconds, by the clock of whoever answers.
        lag: blocks that it may be behind the newest one known.
        before: an earlier block, for the pace of the chain.
        silent: seconds for which the chain may not have been read.
    """
    cursor = head.cursor
    mean = None
    if before is not None:
        mean = pace(cursor.timestamp, before.timestamp, cursor.number - before.number)
    judged = head_age(cursor.timestamp, from_unix(int(now)), pace_seconds=mean, limits=age)
    return Reach(judged, _incomplete(head), _outdated(head, now, judged, lag, silent))


def _incomplete(head: Head) -> Doubt | None:
    if head.trouble_code == FINALITY_VIOLATED:
        return Doubt(FINALITY_VIOLATED, "a block that was final has changed, so nothing here is certain")
    if not head.is_confirmed:
        return Doubt(
            "index-unconfirmed",
            f"the index is at block {head.cursor.number}, and surely whole only up to block {head.confirmed}",
        )
    return None


def _outdated(head: Head, now: float, age: HeadAge, lag: int, silent: float) -> Doubt | None:
    if head.trouble_code == CHAIN_DISAGREES:
        return Doubt(CHAIN_DISAGREES, "an endpoint shows another block in the place of one that was final")
    if head.lags(lag):
        return Doubt("index-behind", f"the index is {head.behind} blocks behind the chain, at {head.cursor.number}")
    if now - head.seen_at > silent:
        read = write_timestamp(from_unix(int(head.seen_at)))
        return Doubt("chain-silent", f"the chain was read last at {read}")
    if age.freshness is Freshness.STALE:
        return Doubt(age.code, age.text)
    return None
