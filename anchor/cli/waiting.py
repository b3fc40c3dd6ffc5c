"""What a person sees while batches are on their way: one line that is kept up to date, or a line at each change."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from anchor.anchoring.evidence import keep_evidence
from anchor.anchoring.finality import Pace, way_to_final
from anchor.anchoring.now import Now
from anchor.books.batches import BatchRow
from anchor.books.tables import BatchState
from anchor.cli.console import Styled
from anchor.cli.session import Session
from anchor.cli.wording import duration
from anchor.workspace import Workspace
from registry.chain.rpc.client import ChainClient
from registry.errors import ChainUnavailable

LOOK_SECONDS: Final = 1.0
"""The head is not asked for more often than this."""


def waited_for(session: Session, workspace: Workspace, row: BatchRow) -> BatchRow:
    """A batch once it is final, with its evidence kept; meanwhile a person sees how far it is."""
    settings = session.settings
    with session.live(f"waiting for batch 0x{row.root.hex()}") as live:
        watch = Watch(workspace.client, settings.finality_depth, live=live, say=session.say)
        final = Now(workspace).wait_until_final(row, settings.finality_timeout, watch)
        trouble = keep_evidence(workspace, final)
    if trouble is not None:
        session.say("  ", Styled("no evidence kept", "yellow"), f": {trouble.what}")
    return final


class Watch:
    """Tells how far a batch is, each time it was looked at.

    Args:
        live: shows a line in place of the one before; None where there is no terminal.
        say: prints a line that stays.
    """

    def __init__(
        self,
        client: ChainClient,
        finality_depth: int | None,
        *,
        live: Callable[[str], None] | None,
        say: Callable[[str], None],
    ):
        self._client = client
        self._finality_depth = finality_depth
        self._live = live
        self._say = say
        self._pace: Pace | None = None
        self._looked_at = 0.0
        self._told: BatchState | None = None

    def __call__(self, row: BatchRow) -> None:
        """Tell it; the end is left to whoever prints the result."""
        changed = row.state is not self._told
        self._told = row.state
        if row.state is BatchState.FINAL or (self._live is None and not changed):
            return
        now = time.monotonic()
        if not changed and now - self._looked_at < LOOK_SECONDS:
            return
        self._looked_at = now
        (self._live or self._say)(self._line(row))

    def _line(self, row: BatchRow) -> str:
        batch = f"batch 0x{row.root.hex()}"
        if row.block_number is None:
            return f"sent, and not in a block yet: {batch}"
        mined = f"mined in block {row.block_number:,}"
        try:
            self._pace = self._pace or Pace.of(self._client, self._finality_depth)
            head = self._client.block("latest")
        except ChainUnavailable:
            return f"{mined}, the chain does not answer at the moment: {batch}"
        if self._pace is None or head is None:
            return f"{mined}, not final yet: {batch}"
        way = way_to_final(row.block_number, head.number, self._pace)
        if way.done == way.blocks:
            return f"{mined}, final as soon as the chain says so: {batch}"
        return f"{mined}, {way.done} of {way.blocks} blocks to final, about {duration(way.seconds)}: {batch}"
