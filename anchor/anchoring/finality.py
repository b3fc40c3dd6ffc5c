"""How far a batch is from final, and how long that may take, by the chain's own pace."""

from __future__ import annotations

from dataclasses import dataclass

from registry.chain.rpc.client import ChainClient

PACE_BLOCKS = 50


@dataclass(frozen=True, slots=True)
class Pace:
    """What a chain does as it is now.

    Attributes:
        depth: how many blocks behind its head it calls a block final.
        seconds: from one block to the next, of late.
    """

    depth: int
    seconds: float

    @classmethod
    def of(cls, client: ChainClient, finality_depth: int | None) -> Pace | None:
        """As it is now; None when the chain has too few blocks to tell.

        Raises:
            ChainUnavailable: no answer.
        """
        head = client.block("latest")
        if head is None or head.number == 0:
            return None
        before = client.block(max(0, head.number - PACE_BLOCKS))
        if before is None or before.number == head.number:
            return None
        seconds = (head.timestamp - before.timestamp).total_seconds() / (head.number - before.number)
        return cls(max(0, head.number - client.finalized(finality_depth).number), seconds)


@dataclass(frozen=True, slots=True)
class Way:
    """The way of one block to final: `done` of `blocks`, and a rough estimate of the rest in seconds."""

    done: int
    blocks: int
    seconds: float


def way_to_final(block: int, head: int, pace: Pace) -> Way:
    """How far the block is, with the head where it is now."""
    done = min(max(0, head - block), pace.depth)
    return Way(done, pace.depth, (pace.depth - done) * pace.seconds)
