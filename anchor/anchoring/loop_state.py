"""What the daemon's loop knows of itself, for whoever asks how it is."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from anchor.notices.troubles import Troubles


@dataclass(slots=True)
class Status:
    """The state of one account's loop. Written by the loop alone; times are Unix seconds, money is wei.

    Attributes:
        ticked_at: when the loop last came round, whatever happened in it.
        succeeded_at: when it last came round without an error.
        trouble: code and words of what the last round failed with.
        holder_silence: seconds for which the process that holds the lease has given no sign, while it is another.
        head, head_at: the newest block and when its number last went up.
        head_is_stale: its own time is so long ago that the node behind the endpoint has stopped.
        final: the newest final block.
        balance: of the account that pays.
        anchor_cost: what an anchor costs at the fees of now.
        failing: batches, by root, that the last round could take no further: the code, and since when.
        behind: what the chain knows of the account and the database does not: nothing is sealed or sent.
        stopped: the loop ended for good, and why.
        troubles: what does not go on while the loop does.
    """

    account: str = ""
    started_at: float = field(default_factory=time.time)
    ticked_at: float | None = None
    succeeded_at: float | None = None
    trouble: tuple[str, str] | None = None
    lease_held: bool = False
    epoch: int = 0
    holder_silence: float | None = None
    head: int | None = None
    head_at: float | None = None
    head_time: float | None = None
    head_is_stale: bool = False
    final: int | None = None
    balance: int | None = None
    anchor_cost: int | None = None
    failing: dict[str, tuple[str, float]] = field(default_factory=dict)
    behind: str | None = None
    stopped: str | None = None
    troubles: Troubles = field(default_factory=Troubles)

    @property
    def anchors_left(self) -> int | None:
        """How many anchors the balance pays for."""
        if self.balance is None or not self.anchor_cost:
            return None
        return self.balance // self.anchor_cost
