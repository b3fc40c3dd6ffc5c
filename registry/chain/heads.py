"""How old the newest block of a chain is: its time, the clock's, and the pace at which the chain makes blocks."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from registry.chain.rpc.client import Block, ChainClient
from registry.errors import ChainUnavailable
from registry.verify.freshness import PACE_SAMPLE, AgeLimits, Freshness, HeadAge, head_age, pace

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The real time, whatever the moment is that dates are judged by."""
    return datetime.now(UTC)


def age_of_head(
    client: ChainClient,
    chain: str,
    head: Block,
    head_age_seconds: float,
    clock: Clock,
    *,
    block_at: Callable[[int], Block | None] | None = None,
) -> HeadAge:
    """What the age of the newest block comes to; the chain's pace is asked for only where it can excuse that.

    Args:
        chain: CAIP-2.
        head_age_seconds: the setting.
        block_at: tells the block that the pace is taken by; default: as the client says. None, or an error of it,
            excuses nothing.
    """
    limits, now = AgeLimits.of(head_age_seconds, chain), clock()
    found = head_age(head.timestamp, now, limits=limits)
    if found.freshness is Freshness.FRESH or found.seconds < 0 or not head.number:
        return found
    back = min(PACE_SAMPLE, head.number)
    with suppress(ChainUnavailable):
        before = (block_at or client.block)(head.number - back)
        if before is not None:
            mean = pace(head.timestamp, before.timestamp, back)
            return head_age(head.timestamp, now, pace_seconds=mean, limits=limits)
    return found
