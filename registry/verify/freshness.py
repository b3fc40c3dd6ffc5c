"""How old the newest block of a chain may be before what was read from it is doubted.

A node that lost its peers goes on answering, with the state of the day it stopped: what was revoked since is "not
revoked" there. So the time of the newest block is held against the clock of whoever reads, and against the pace at
which the chain makes blocks. Pure: times in, a finding out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from registry.chain_names import PRACTICE_CHAIN
from registry.language.catalogue import english
from registry.language.said import Said, say

DEFAULT_LATE_SECONDS: Final = 600
DEFAULT_EVIDENCE_DAYS: Final = 31
"""Older evidence, as of a receipt printed long ago, shows what was anchored, and not what holds now."""
PACE_MULTIPLE: Final = 10
"""Blocks that a chain may be overdue by its own mean: one that draws lots misses so many once in 20,000 blocks."""
STALE_MULTIPLE: Final = 6
LONGEST_LATE_SECONDS: Final = 86_400
"""No pace excuses more: a pause within the sample makes a chain look slow that is not."""
AHEAD_SECONDS: Final = 60
"""By which clocks may differ; a block's time is its maker's."""
PACE_SAMPLE: Final = 100
"""How many blocks back to look for the pace."""


class Freshness(StrEnum):
    """What the age of the newest block allows: everything, a warning, or no negative answer."""

    FRESH = "fresh"
    LATE = "late"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class AgeLimits:
    """When a newest block is late and stale.

    Attributes:
        late_seconds: its age from which it is late, where the chain's pace does not allow more; None when the age is
            not judged, as of a chain that makes blocks on demand only.
        pace_multiple: times the mean seconds a block that the chain may take.
        stale_multiple: times what is late that is stale.
        ahead_seconds: by which a block may be later than the clock.
    """

    late_seconds: float | None = DEFAULT_LATE_SECONDS
    pace_multiple: float = PACE_MULTIPLE
    stale_multiple: float = STALE_MULTIPLE
    ahead_seconds: float = AHEAD_SECONDS

    @classmethod
    def of(cls, head_age_seconds: float, chain: str | None) -> AgeLimits:
        """Those of the setting `head_age_seconds` for a chain (CAIP-2).

        The practice chain makes a block when a transaction comes and not otherwise, so its newest block may have any
        age; 0 says that of another chain.
        """
        return cls(late_seconds=None if chain == PRACTICE_CHAIN or not head_age_seconds else head_age_seconds)


@dataclass(frozen=True, slots=True)
class HeadAge:
    """What the age of a newest block comes to.

    Attributes:
        code: `head-fresh`, `head-late`, `head-stale`, or `head-ahead` for a block from the future.
        seconds: the age; negative for a block from the future.
        said: sentences for people: the age, and unless it is fresh what that means and what to do.
    """

    freshness: Freshness
    code: str
    seconds: float
    said: tuple[Said, ...]

    @property
    def text(self) -> str:
        """What is said, in English."""
        return english().text(self.said)


def head_age(
    block_time: datetime, now: datetime, *, pace_seconds: float | None = None, limits: AgeLimits | None = None
) -> HeadAge:
    """Judge the newest block of a chain.

    Args:
        block_time: its time, with a time zone.
        now: by the clock of whoever reads, whatever the moment is that a verdict judges dates by.
        pace_seconds: mean seconds a block (`pace`), where it is known.
        limits: default: those of `AgeLimits`.
    """
    limits = limits or AgeLimits()
    age = (now - block_time).total_seconds()
    told = say("age.old" if age >= 0 else "age.ahead", duration=said_duration(abs(age)))
    if limits.late_seconds is None:
        return HeadAge(Freshness.FRESH, "head-fresh", age, (told,))
    late = max(limits.late_seconds, min(limits.pace_multiple * (pace_seconds or 0.0), LONGEST_LATE_SECONDS))
    stale = late * limits.stale_multiple
    if age < -limits.ahead_seconds:
        # Against a clock that is wrong by more than what makes a block stale, no age can be told.
        freshness = Freshness.STALE if -age > stale else Freshness.LATE
        return HeadAge(freshness, "head-ahead", age, (told, say("age.clock")))
    if age <= late:
        return HeadAge(Freshness.FRESH, "head-fresh", age, (told,))
    if age <= stale:
        return HeadAge(Freshness.LATE, "head-late", age, (told, say("age.stalled")))
    return HeadAge(Freshness.STALE, "head-stale", age, (told, say("age.stalled")))


def evidence_age(block_time: datetime, now: datetime, most_days: float) -> HeadAge:
    """Judge the block of evidence that was brought along: it is never the newest one.

    Args:
        block_time: its time, with a time zone.
        now: by the clock of whoever reads.
        most_days: older evidence says nothing of what holds now.
    """
    age = (now - block_time).total_seconds()
    if age < -AHEAD_SECONDS:
        ahead = say("age.evidenceAhead", duration=said_duration(-age))
        return HeadAge(Freshness.STALE, "head-ahead", age, (ahead, say("age.clock")))
    told = say("age.evidence", duration=said_duration(max(age, 0.0)))
    if age <= most_days * 86_400:
        return HeadAge(Freshness.LATE, "status-then", age, (told,))
    days = int(most_days) if most_days == int(most_days) else most_days
    return HeadAge(Freshness.STALE, "status-old", age, (told, say("age.tooOld", days=days), say("age.askNewer")))


def pace(newer: datetime, older: datetime, blocks: int) -> float | None:
    """Mean seconds a block between two of them that are `blocks` apart; None when that says nothing."""
    seconds = (newer - older).total_seconds()
    return seconds / blocks if blocks > 0 and seconds > 0 else None


def duration(seconds: float) -> str:
    """A duration in English, in its largest whole unit: `45 seconds`, `2 hours`, `1 day`; rounded down."""
    return english().text(said_duration(seconds))


def said_duration(seconds: float) -> Said:
    """The same, in any language."""
    key, size = next((each for each in _UNITS if seconds >= each[1]), ("duration.second", 1))
    return say(key, count=int(seconds // size))


_UNITS: Final = (("duration.day", 86_400), ("duration.hour", 3600), ("duration.minute", 60))
