"""Evidence of batches that are final: read while the endpoint still has it, and kept with them.

Most endpoints prove what was so in the last 128 blocks, and no longer. So it is read as soon as a batch is final, and
once more as of the first block of the day after, which lists of witnesses name. What goes wrong is told and tried
again; it neither fails nor holds up the anchoring.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from anchor.books.batches import BatchRow, BatchStore
from anchor.books.evidence import MOST_LEAVES, EvidenceStore
from anchor.notices.notices import Notices
from anchor.workspace import Workspace
from registry.chain.contract import CredentialRegistry
from registry.chain.rpc.client import Block
from registry.database.engine import DatabaseError
from registry.errors import ChainError, ChainUnavailable, RegistryError, StoreError
from registry.proofs.evidence import Evidence
from registry.verifier.gathering import Leaves, gather, gathering
from registry.verifier.moments import Moments, is_too_old, midnight_of

BATCHES_A_ROUND: Final = 4
SECONDS_A_ROUND: Final = 1.0
"""After which nothing more is asked in a round: what is under way goes on in the next one."""
LOOK_SECONDS: Final = 10.0
"""Between two looks at the books where nothing was left to do, unless something more is final."""
FIRST_PAUSE_SECONDS: Final = 30.0
LONGEST_PAUSE_SECONDS: Final = 3600.0

FAILURES: Final = (RegistryError, DatabaseError, OSError)


@dataclass(slots=True)
class _Reading:
    """A batch whose evidence comes in, a request at a time."""

    row: BatchRow
    block: Block
    is_of_day: bool
    coming: Iterator[Evidence]
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True)
class _Failed:
    """What went wrong with a batch the last time, how often in a row, and until when it is left alone."""

    code: str
    times: int
    until: float


class EvidenceKeeper:
    """Reads and keeps evidence of the batches of one contract.

    Nothing of its memory is needed: what was not kept is read from the start by another process.

    Args:
        clock: seconds that never go back.
        most_leaves: of a batch with more credentials, that of the batch and its issuer alone is kept.
    """

    def __init__(
        self,
        contract: CredentialRegistry,
        chain_id: int,
        batches: BatchStore,
        store: EvidenceStore,
        notices: Notices,
        *,
        clock: Callable[[], float] = time.monotonic,
        most_leaves: int = MOST_LEAVES,
    ):
        self._contract = contract
        self._chain_id = chain_id
        self._batches = batches
        self._store = store
        self._notices = notices
        self._clock = clock
        self._most_leaves = most_leaves
        self._reading: _Reading | None = None
        self._moments: Moments | None = None
        # The first block of today, where the endpoint has no proofs of it any more.
        self._gone: bytes | None = None
        # The final block at which nothing was left to do, and until when that is believed.
        self._done_at, self._done_until = b"", 0.0
        self._failed: dict[int, _Failed] = {}
        self._failures = 0
        self._rests_until = 0.0
        self._told: str | None = None

    def round(self, final: Block) -> None:
        """A few requests for what is final and has no evidence yet; what goes wrong is told.

        Args:
            final: the newest final block.
        """
        began = self._clock()
        if began < self._rests_until:
            return
        for _ in range(BATCHES_A_ROUND):
            if not self._step(final, began + SECONDS_A_ROUND):
                return

    def _step(self, final: Block, until: float) -> bool:
        """Go on with one batch; whether there is time for another."""
        row, block = None, final
        try:
            reading = self._reading or self._next(final)
            self._reading = reading
            if reading is None:
                return False
            row, block = reading.row, reading.block
            for evidence in reading.coming:
                reading.evidence = evidence
                if self._clock() >= until:
                    return False
            if reading.evidence is not None:
                self._store.keep(row, block.reference, reading.evidence, is_of_day=reading.is_of_day)
        except FAILURES as error:
            is_of_day = self._reading is not None and self._reading.is_of_day
            self._reading = None
            if is_of_day and isinstance(error, ChainError) and is_too_old(error):
                # As of a newer one it may be had, and as of the first block of tomorrow.
                self._gone = block.hash
                self._tell(row, block, error, has_been_told=self._told == error.code)
                self._told = error.code
                return True
            self._note(row, block, error)
            return False
        self._reading = None
        self._failed.pop(row.id, None)
        self._failures, self._told = 0, None
        return self._clock() < until

    def _next(self, final: Block) -> _Reading | None:
        """What is to be read next; None where nothing is left, or nothing can be done at this moment."""
        now = self._clock()
        if self._done_at == final.hash and now < self._done_until:
            return None
        midnight = midnight_of(final)
        if self._moments is not None and midnight_of(self._moments.final) != midnight:
            self._gone = None
        before = midnight if self._gone is None else None
        waiting = [number for number, failed in self._failed.items() if failed.until > now]
        # One that fails each time comes after all others.
        missing = self._store.missing(1, before=before, skip=list(self._failed))
        missing = missing or self._store.missing(1, before=before, skip=waiting)
        reading = self._of(*missing[0], final) if missing else None
        if reading is None:
            self._done_at, self._done_until = final.hash, now + LOOK_SECONDS
        return reading

    def _of(self, row: BatchRow, has_some: bool, final: Block) -> _Reading | None:
        """The reading of a batch as of the first block of the day, if it was anchored before that, or as of now."""
        block, is_of_day = final, False
        if self._gone is None and (row.block_time or 0) < midnight_of(final).timestamp():
            self._moments = Moments.of(self._contract.client, final, before=self._moments)
            day = self._moments.day
            if day is not None and (row.block_number or 0) <= day.number:
                block, is_of_day = day, True
        if has_some and not is_of_day:
            return None
        leaves = leaves_of(self._batches, row, self._most_leaves)
        return _Reading(row, block, is_of_day, gathering(self._contract, self._chain_id, leaves, block))

    def _note(self, row: BatchRow | None, block: Block, error: Exception) -> None:
        """Leave the batch alone for longer each time, and the endpoint too, as long as nothing works."""
        now, code = self._clock(), _code_of(error)
        self._failures += 1
        asked = error.retry_after if isinstance(error, ChainUnavailable) else None
        self._rests_until = now + max(_pause(self._failures), asked or 0.0)
        before = None if row is None else self._failed.get(row.id)
        self._tell(row, block, error, has_been_told=code in (self._told, before and before.code))
        self._told = code
        if row is not None:
            times = 1 if before is None else before.times + 1
            self._failed[row.id] = _Failed(code, times, now + _pause(times))

    def _tell(self, row: BatchRow | None, block: Block, error: Exception, *, has_been_told: bool) -> None:
        if has_been_told:
            return
        facts: dict[str, str | int] = {"block": block.number, "code": _code_of(error), "why": _words_of(error)}
        if row is not None:
            facts |= {"issuer": row.issuer, "root": f"0x{row.root.hex()}"}
        self._notices.tell("evidence-failed", **facts)


def keeper_of(workspace: Workspace, contract: CredentialRegistry, notices: Notices) -> EvidenceKeeper | None:
    """What the daemon keeps evidence with; None where the settings want none."""
    if not workspace.settings.evidence:
        return None
    store = EvidenceStore(workspace.folder.engine, workspace.chain, contract.address)
    return EvidenceKeeper(contract, workspace.chain_id, workspace.store, store, notices)


def keep_evidence(workspace: Workspace, row: BatchRow) -> RegistryError | None:
    """Read evidence of a final batch now and keep it, unless there is some; why that was not possible.

    The receipts of a batch are as good without: nobody has to stop for it.
    """
    if not workspace.settings.evidence:
        return None
    try:
        contract = workspace.contract
        store = EvidenceStore(workspace.folder.engine, workspace.chain, contract.address)
        if store.of(row.issuer, row.root) is not None:
            return None
        final = contract.client.finalized(workspace.settings.finality_depth)
        found = gather(contract, workspace.chain_id, leaves_of(workspace.store, row, MOST_LEAVES), final)
        store.keep(row, final.reference, found, is_of_day=False)
    except RegistryError as error:
        return error
    except (DatabaseError, OSError) as error:
        return StoreError(_words_of(error))
    return None


def leaves_of(batches: BatchStore, row: BatchRow, most: int) -> Leaves:
    """What evidence is read of: the credentials of a batch, or of a larger one the batch alone."""
    listed = batches.leaves(row) if row.leaf_count <= most else ()
    return Leaves(row.issuer, row.root, {leaf.leaf_index: leaf.digest for leaf in listed})


def _code_of(error: Exception) -> str:
    return error.code if isinstance(error, RegistryError) else type(error).__name__


def _words_of(error: Exception) -> str:
    words = error.what if isinstance(error, RegistryError) else str(error)
    return (words.splitlines() or [""])[0]


def _pause(times: int) -> float:
    # No larger power than that: a number would grow for as long as an endpoint refuses.
    return min(FIRST_PAUSE_SECONDS * 2.0 ** min(times - 1, 10), LONGEST_PAUSE_SECONDS)
