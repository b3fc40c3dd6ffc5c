"""What accreditations, TRQP and insights are answered from: facts of the index as a whole, kept until it changes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Final, Generic, NamedTuple, TypeVar

import orjson
from fastapi import Request

from registry.errors import ChainUnavailable
from registry.index.reader import Head, Index
from registry.index.repeats import revoked_besides
from registry.recognition.insights import insights
from registry.recognition.ledger import Ledger
from registry.records import Batch, BlockRef, Key, Party
from registry.service.horizon import Horizon
from registry.service.kept import Kept, version_of
from registry.service.registers import registers_of
from registry.service.service import service_of
from registry.timestamps import from_unix
from registry.trees.store import TreeStore

T = TypeVar("T")

STALE_SECONDS: Final = 600
"""Seconds without a word from the chain after which nothing is said of that time: what happened in it is not known."""
FIGURES_KEPT: Final = 16
_TRIES: Final = 10
_PAGE: Final = 1000


class Counted(NamedTuple):
    """What is counted besides the ledger.

    Attributes:
        batches: of credentials; `revoked` has those revoked by digest, too.
        snapshots: batches that are snapshots of registers; none of `batches`.
    """

    batches: tuple[Batch, ...]
    parties: tuple[Party, ...]
    snapshots: tuple[Batch, ...]


class IndexedFacts:
    """The ledger and the countable facts of one index; each is read once for every change of the index.

    Args:
        trees: in which credentials that are in several batches, or were spoken of by their digests, are found.
        horizon: what the index may say.
        snapshots: the batches that are known as snapshots of registers, and hold no credentials; default: none.
    """

    def __init__(
        self,
        index: Index,
        trees: TreeStore,
        horizon: Horizon | None = None,
        snapshots: Callable[[], frozenset[Key]] = frozenset,
    ):
        self._index = index
        self.snapshots = snapshots
        self._horizon = horizon or Horizon(index)
        self._ledger = Whole(index, Index.ledger)
        self._counted = Whole(index, partial(_counted, trees, snapshots), self._besides)
        self._as_of: Kept[BlockRef, Ledger] = Kept(1)
        self._figuring = threading.Lock()
        self._figures: Kept[tuple[datetime, int], bytes] = Kept(FIGURES_KEPT)

    def _besides(self, index: Index) -> int:
        return hash((index.loaded(), self.snapshots()))

    def counted(self) -> Read[Counted]:
        """All batches and parties; raises as `insights` does."""
        return self._counted.get()

    @property
    def chain(self) -> str:
        """CAIP-2 name."""
        return self._index.chain

    @property
    def contract(self) -> str:
        """Its checksummed address."""
        return self._index.contract

    def is_registered(self, party: int) -> bool:
        """Whether there is a party with that number; raises as `ledger` does where it may be missing."""
        if self._index.party(party) is not None:
            return True
        self._horizon.current()
        return False

    def head(self) -> Head:
        """How far the index is.

        Raises:
            ChainUnavailable: it is not there yet (code `not-yet-read`).
            SQLAlchemyError: the database does not answer.
        """
        return _head(self._index)

    def ledger(self, moment: datetime | None = None) -> Ledger:
        """All accreditations and recognitions, as of the cursor of the index.

        Args:
            moment: for which they are wanted; None for whenever.

        Raises:
            NotHere: some may be missing, or have come since (codes of `registry.service.reach`).
            ChainUnavailable: the chain was not read up to that time (code `not-yet-read`), or the index changes faster
                than it is read.
            SQLAlchemyError: the database does not answer.
            ChainError: the events cannot be all there are.
        """
        self._horizon.current()
        head = self.head()
        if (
            moment is not None
            and moment.timestamp() > max(head.seen_at, head.cursor.timestamp.timestamp()) + STALE_SECONDS
        ):
            raise _not_yet_read(f"; it was read last at {from_unix(int(head.seen_at)):%Y-%m-%dT%H:%M:%SZ}")
        if moment is not None and head.seen > head.cursor.number and moment > head.cursor.timestamp:
            raise _not_yet_read(f": block {head.cursor.number} of {head.seen}")
        return self._ledger_as_of()

    def _ledger_as_of(self) -> Ledger:
        """The ledger with the newest block by which nothing of it has changed."""
        read = self._ledger.get()
        cursor = read.head.cursor
        return self._as_of.of(read.version, cursor, lambda: replace(read.value, as_of=cursor))

    def insights(self, moment: datetime, review_days: int) -> bytes:
        """The figures for a moment as JSON; raises as `ledger` does.

        One request works them out at a time, and what was worked out last is kept: they take in every batch there is.
        """
        ledger = self.ledger(moment)
        with self._figuring:
            counted = self._counted.get()

            def figured() -> bytes:
                batches, parties, snapshots = counted.value
                found = insights(ledger, batches, parties, moment, review_days=review_days, snapshots=snapshots)
                return orjson.dumps(found.to_dict())

            return self._figures.of((counted.version, ledger.as_of), (moment, review_days), figured)


class Read(NamedTuple, Generic[T]):
    """A value, the version of what it was read from, and a head of the index by which it has not changed."""

    head: Head
    version: tuple[int, int, int]
    value: T


class Whole(Generic[T]):
    """A value that takes in all of the index: read by one request at a time, and at one version of it.

    Args:
        besides: what else it depends on.
    """

    def __init__(self, index: Index, read: Callable[[Index], T], besides: Callable[[Index], int] = lambda _index: 0):
        self._index = index
        self._read = read
        self._besides = besides
        self._lock = threading.Lock()
        self._kept: Kept[None, T] = Kept(1)

    def get(self) -> Read[T]:
        """The value as it is now."""
        with self._lock:
            for _ in range(_TRIES):
                head = _head(self._index)
                version = (*version_of(head), self._besides(self._index))
                if (kept := self._kept.get(version, None)) is not None:
                    return Read(head, version, kept)
                value = self._read(self._index)
                if version_of(_head(self._index)) == version[:2]:
                    return Read(head, version, self._kept.keep(version, None, value))
        raise ChainUnavailable(
            "the index changed each time while it was read", remedy="Ask again soon.", code="index-changing"
        )


def _counted(trees: TreeStore, snapshots: Callable[[], frozenset[Key]], index: Index) -> Counted:
    by_issuer: dict[int, list[Batch]] = {}
    known = snapshots()
    left_out: list[Batch] = []
    every: list[Batch] = []
    for batch in index.all_batches():
        (left_out if batch.key in known else every).append(batch)
    for batch in every:
        by_issuer.setdefault(batch.issuer, []).append(batch)
    besides = {issuer: revoked_besides(index, trees, issuer, mine) for issuer, mine in by_issuer.items()}
    batches = tuple(replace(batch, revoked=batch.revoked + besides[batch.issuer].get(batch.root, 0)) for batch in every)
    parties: list[Party] = []
    while page := index.parties(after=parties[-1].id if parties else 0, limit=_PAGE):
        parties += page
    return Counted(batches, tuple(parties), tuple(left_out))


def _head(index: Index) -> Head:
    head = index.head()
    if head is None:
        raise _not_yet_read("")
    return head


def _not_yet_read(how_far: str) -> ChainUnavailable:
    return ChainUnavailable(
        f"the chain has not been read up to that time{how_far}, so nothing can be said of it",
        remedy="Ask again soon, or for an earlier time.",
        code="not-yet-read",
    )


def facts_of(request: Request) -> IndexedFacts:
    """The facts that a request is answered from; made when they are first asked for."""
    state = request.app.state
    if getattr(state, "facts", None) is None:
        service = service_of(request)
        state.facts = IndexedFacts(
            service.index, service.trees, service.horizon, registers_of(request).anchored_batches
        )
    found: IndexedFacts = state.facts
    return found
