"""What the routes of the lookup service work with."""

from __future__ import annotations

import gc
import time
from collections.abc import AsyncIterator, Callable, Hashable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Generic, NamedTuple, ParamSpec, TypeVar

import anyio
import anyio.to_thread
from fastapi import Request

from registry.database.engine import is_postgresql
from registry.http.fairness import Turns
from registry.http.problems import NotHere
from registry.index.leaf_groups import LeafGroups
from registry.index.reader import Index
from registry.recognition.ledger import Ledger
from registry.records import Party
from registry.service.coverage import Coverage, Searched
from registry.service.finding import Finder
from registry.service.horizon import READY_LAG, AsOf, Horizon, guarded
from registry.service.lookup import Found, Gathered, Lookup
from registry.trees.folder import FolderTrees
from registry.trees.s3 import S3Trees
from registry.trees.store import TreeStore
from registry.verify.freshness import AgeLimits

P = ParamSpec("P")
T = TypeVar("T")

THREADS: Final = 16
BULK_THREADS: Final = 2
"""Pieces of large answers that are made at a time: each takes the interpreter from all lookups meanwhile."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a client may ask of the service.

    Attributes:
        rate: requests a second from one address; 0 for no limit.
        body_bytes: of a request, but for uploads to verify.
        ready_lag: blocks that the index may be behind and still be called ready, and answer what follows from something
            not being there.
        stale_seconds: after which a chain that was not read counts as away.
        age: when the newest block is late and stale; None when its age is not judged.
    """

    rate: float = 0.0
    body_bytes: int = 1 << 20
    ready_lag: int = READY_LAG
    stale_seconds: float = 120.0
    age: AgeLimits | None = None


class Service:
    """The index, the trees and what is kept of them for many requests."""

    def __init__(self, index: Index, trees: TreeStore, limits: Limits | None = None):
        self.index = index
        self.trees = trees
        self.limits = limits or Limits()
        self.horizon = Horizon(index, lag=self.limits.ready_lag, age=self.limits.age)
        self.lookup = Lookup(index, trees, self.horizon)
        self.coverage = Coverage(index)
        # SQLite and local trees answer sooner than a thread would take over.
        self._inline = not is_postgresql(index.engine) and isinstance(trees, FolderTrees)
        self._threads: anyio.CapacityLimiter | None = None
        self._bulk_turns = Turns(BULK_THREADS)
        self._bulk_threads: anyio.CapacityLimiter | None = None
        self.finder: Finder | None = None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Lookups of many requests together, where index or trees are remote, as long as this event loop runs."""
        if self._inline or not isinstance(self.trees, FolderTrees | S3Trees):
            yield
            return
        engine = self.index.engine
        async with LeafGroups.opened(engine) if is_postgresql(engine) else nullcontext() as groups:
            self.finder = Finder(self.lookup, self.trees, self.horizon, self.coverage, self.in_thread, groups)
            try:
                yield
            finally:
                self.finder = None

    async def quickly(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do what takes microseconds where nothing is remote, and must not hold up the loop where something is."""
        if self._inline:
            return guarded(partial(work, *args, **kwargs))
        return await self.in_thread(work, *args, **kwargs)

    async def in_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do what may take longer."""
        if self._threads is None:
            self._threads = anyio.CapacityLimiter(THREADS)
        return await anyio.to_thread.run_sync(partial(guarded, partial(work, *args, **kwargs)), limiter=self._threads)

    async def in_turn(self, who: Hashable, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do a piece of an answer that is made in pieces, by turns with those of others, and in threads of its own.

        Args:
            who: a client, of whom no two pieces are done at a time while there is but one more place.
        """
        if self._bulk_threads is None:
            self._bulk_threads = anyio.CapacityLimiter(BULK_THREADS)
        done = partial(guarded, partial(work, *args, **kwargs))
        async with self._bulk_turns.turn(who):
            return await anyio.to_thread.run_sync(done, limiter=self._bulk_threads)

    def party(self, number: int, as_of: AsOf) -> Party:
        """A party; raises NotHere (code `unknown-party`)."""
        found = self.index.party(number)
        if found is None:
            as_of.require_current()
            raise NotHere(
                f"there is no party {number} up to block {as_of.head.cursor.number}",
                remedy="GET /v1/parties lists them.",
                code="unknown-party",
                details=as_of.member,
            )
        return found

    def ledger(self) -> Ledger:
        """All accreditations and recognitions, for a verdict.

        Raises:
            NotHere: the index cannot say that these are all (codes of `registry.service.reach`).
            ChainError: the events cannot be all there are.
            SQLAlchemyError: the database does not answer.
        """
        self.horizon.current()
        return self.index.ledger()

    def searched(self, as_of: AsOf, issuer: int | None = None) -> Searched:
        """What a search that begins now covers, of all batches up to that block at least.

        Ask before the search: a tree that is loaded after it and before this would be called searched.
        """
        return self.coverage.now(as_of, issuer)

    def gathering(self, digests: Sequence[bytes]) -> SearchedFor[Gathered]:
        """Gather what the index says of many digests, and how far each issuer was searched that they may be of.

        As `searching`: what is missing of an issuer was read before the places of the digests, and after the block that
        all of it is told for, so that each of its batches was either searched or is counted.
        """
        as_of = self.horizon.now()
        if self.coverage.missing_ages(as_of):
            # Those who ask for many ask for the same issuers again: counted now, they need not be gathered for twice.
            self.coverage.read_missing(as_of, frozenset())
        return self.searching(lambda: (as_of, self.lookup.gather(digests, as_of)), lambda gathered: gathered.issuers)

    def searching(self, search: Callable[[], tuple[AsOf, T]], issuers: Callable[[T], set[int]]) -> SearchedFor[T]:
        """Search, and say how far the search went for each issuer of what it found.

        Whose batches are of interest is known only after the search, so one whose coverage is younger than it is done
        again: a tree that was loaded in between would be called searched.

        Args:
            issuers: of what was found.
        """
        while True:
            begun = time.monotonic()
            as_of, found = search()
            whose = issuers(found)
            missing = self.coverage.missing(as_of, whose, begun)
            if missing is not None:
                return SearchedFor(as_of, found, missing)
            self.coverage.read_missing(as_of, whose)


class SearchedFor(NamedTuple, Generic[T]):
    """What a search found, and in how many other batches of each issuer of it the digest was not looked for."""

    as_of: AsOf
    found: T
    missing: Mapping[int, int]

    def told(self, found: Iterable[Found]) -> dict[str, dict[str, int]]:
        """For JSON, of these anchors: it may be in those batches too, and revoked there; nothing without any."""
        issuers = sorted({each.batch.issuer for each in found})
        told = {str(issuer): count for issuer in issuers if (count := self.missing.get(issuer))}
        return {"notSearched": told} if told else {}


def service_of(request: Request) -> Service:
    """The service that a request is for."""
    found: Any = request.app.state.service
    if not isinstance(found, Service):
        raise TypeError("the application has no service")
    return found


def spare_collections() -> None:
    """Have Python look for garbage less often, and never in what a server has loaded before its first request.

    A full collection walks over every module and every kept batch and holds all requests up meanwhile: without this,
    one request in a hundred takes three times as long. Most of what requests leave behind needs no collection.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)
