"""As of which blocks evidence is read: the newest final one, and the one that lists of witnesses name of its day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time

from registry.chain.days import day_block
from registry.chain.rpc.client import Block, ChainClient, RpcRefused
from registry.chain.rpc.refusals import Refusal
from registry.errors import ChainError


@dataclass(frozen=True, slots=True)
class Moments:
    """Two final blocks.

    Attributes:
        final: the newest.
        day: the first one at or after 00:00 UTC of the day on which that was made; None where the chain has none.
    """

    final: Block
    day: Block | None

    @classmethod
    def of(cls, client: ChainClient, final: Block, *, before: Moments | None = None) -> Moments:
        """Those that there are now.

        Args:
            before: what was found earlier: of the same day nothing is asked.

        Raises:
            ChainUnavailable: as `day_block`.
        """
        earlier = None if before is None else before.day
        midnight = midnight_of(final)
        if before is not None and midnight_of(before.final) == midnight:
            return cls(final, earlier)
        return cls(final, day_block(client, midnight.date(), final.number, after=earlier))

    def since(self, number: int) -> tuple[Block, ...]:
        """Those that have in them what was anchored in a block, the day's first: more people know its hash."""
        blocks = dict.fromkeys(block for block in (self.day, self.final) if block is not None)
        return tuple(block for block in blocks if block.number >= number)


def midnight_of(block: Block) -> datetime:
    """When the day began (UTC) on which a block was made."""
    return datetime.combine(block.timestamp.date(), time(), UTC)


def is_too_old(error: ChainError) -> bool:
    """Whether the endpoint has no proofs of that block any more, and may have those of a newer one."""
    return isinstance(error, RpcRefused) and error.meaning is Refusal.STATE
