"""What the routes of the lookup service work with."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Generic, NamedTuple, ParamSpec, TypeVar

import anyio
import anyio.to_thread
from fastapi import Request

from registry.database.engine import is_postgresql
from registry.http.problems import NotHere
from registry.index.reader import Index
from registry.recognition.ledger import Ledger
from registry.records import Party
from registry.service.horizon import READY_LAG, AsOf, Horizon, guarded
from registry.service.kept import Kept, version_of
from registry.service.lookup import Found, Lookup, Searched
from registry.trees.folder import FolderTrees
from registry.trees.store import TreeStore
from registry.verify.freshness import AgeLimits

P = ParamSpec("P")
T = TypeVar("T")

THREADS: Final = 16
COVERAGE_SECONDS: Final = 2.0
COVERAGES_KEPT: Final = 1000
ISSUERS_NAMED: Final = 20


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
        # SQLite and local trees answer sooner than a thread would take over.
        self._inline = not is_postgresql(index.engine) and isinstance(trees, FolderTrees)
        self._threads: anyio.CapacityLimiter | None = None
        # With the moment of each, of the clock that never goes back.
        self._coverage: Kept[int | None, tuple[float, Searched]] = Kept(COVERAGES_KEPT)

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
        moment, version = time.monotonic(), version_of(as_of.head)
        known = self._coverage.get(version, issuer)
        if known is None or moment - known[0] >= COVERAGE_SECONDS:
            coverage = Searched(*self.index.coverage(issuer, named=ISSUERS_NAMED))
            known = self._coverage.keep(version, issuer, (moment, coverage))
        return known[1]

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
            missing = {issuer: self.searched(as_of, issuer).without_tree for issuer in whose}
            known = (self._coverage.get(version_of(as_of.head), issuer) for issuer in whose)
            if all(each is not None and each[0] < begun for each in known):
                return SearchedFor(as_of, found, missing)


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
