"""The block of a day: the first one whose time is at or after midnight UTC, so that everybody names the same one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from datetime import time as of_day

from registry.chain.rpc.client import Block, ChainClient
from registry.errors import ChainUnavailable

Ask = Callable[[int], Block]


def day_block(client: ChainClient, day: date, final: int, *, after: Block | None = None) -> Block | None:
    """The first block at or after 00:00:00 UTC of a day, or None where no final block is.

    None, too, of a day before the chain began: its first block is the block of the day that it began on. It is found by
    the times of a few blocks, which never go back.

    Args:
        final: height up to which blocks count.
        after: a block that is not behind the one looked for, such as that of an earlier day: it saves questions.

    Raises:
        ChainUnavailable: no answer; code `no-block` where a block up to that height is not there, `chain-garbage` where
            one of their times goes back.
    """

    def ask(number: int) -> Block:
        block = client.block(number)
        if block is None:
            raise ChainUnavailable(f"the chain has no block {number}", where=client.where, code="no-block")
        return block

    midnight = datetime.combine(day, of_day(), UTC)
    last = ask(final)
    if last.timestamp < midnight:
        return None
    first = ask(0) if after is None else after
    if first.timestamp >= midnight:
        # A chain that stood still for days has one block for them all; before its first one it has none.
        return first if after is not None or first.timestamp.date() == day else None
    return _between(client, ask, first, last, midnight)


def _between(client: ChainClient, ask: Ask, low: Block, high: Block, midnight: datetime) -> Block:
    """The first block that is not before midnight, where `low` is before it and `high` is not."""
    halves = False
    while high.number - low.number > 1:
        # By the pace between the two it is a few questions; halving in turn, never more than twice as many as halving.
        number = (low.number + high.number) // 2 if halves else _by_pace(low, high, midnight)
        halves = not halves
        block = ask(number)
        if not low.timestamp <= block.timestamp <= high.timestamp:
            raise ChainUnavailable(
                f"the time of block {number} is not between those of blocks {low.number} and {high.number}",
                where=client.where,
                remedy="Ask another endpoint.",
                code="chain-garbage",
            )
        if block.timestamp < midnight:
            low = block
        else:
            high = block
    return high


def _by_pace(low: Block, high: Block, midnight: datetime) -> int:
    part = (midnight - low.timestamp) / (high.timestamp - low.timestamp)
    guess = low.number + int(part * (high.number - low.number))
    return min(max(guess, low.number + 1), high.number - 1)
