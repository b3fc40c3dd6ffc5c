"""Looking one digest up for a request, where the index or the trees are remote: together with other requests.

The event loop waits for nothing: digests are looked for in groups, blocks of trees are read ahead, and what follows
from that is `Lookup`'s own rule, over what is in memory. What is not is read in a thread, and is in memory then.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Set
from typing import Any, Final, NamedTuple, TypeVar

from registry.database.engine import DatabaseError
from registry.errors import IntakeError
from registry.http.fairness import Places
from registry.index.leaf_groups import LeafGroups
from registry.index.leaf_reader import Located
from registry.index.reader import LeafPlace
from registry.merkle.treefile import TreeId
from registry.service.coverage import Coverage, Searched
from registry.service.horizon import FRESH_SECONDS, AsOf, Horizon, unreadable
from registry.service.kept import version_of
from registry.service.lookup import Found, Lookup
from registry.trees.s3 import S3Trees
from registry.trees.store import NotHeld, TreeStore

T = TypeVar("T")

MOST_LOOKUPS: Final = 1024
"""At a time, of all clients together: what a process answers in a quarter of a second."""

_HEAD: Final = "head"
_TREES: Final = "trees"
_MISSING: Final = "missing"


class Sought(NamedTuple):
    """What was found of a digest, and what the search covered.

    Attributes:
        missing: how many batches of each issuer of it were not searched, and of other issuers.
        searched: where nothing was found, of the issuer that was asked for.
    """

    as_of: AsOf
    found: list[Found]
    missing: Mapping[int, int] = {}
    searched: Searched | None = None


class Finder:
    """Lookups of one event loop.

    Args:
        in_thread: does what has to be waited for.
        groups: what locates digests in PostgreSQL; None where the lookup itself does it soon enough.
    """

    def __init__(
        self,
        lookup: Lookup,
        trees: TreeStore,
        horizon: Horizon,
        coverage: Coverage,
        in_thread: Callable[[Callable[[], Any]], Awaitable[Any]],
        groups: LeafGroups | None,
    ):
        self._lookup = lookup
        self._held = lookup.held()
        self._remote = trees if isinstance(trees, S3Trees) else None
        self._horizon = horizon
        self._coverage = coverage
        self._in_thread = in_thread
        self._groups = groups
        self._places = Places(MOST_LOOKUPS)
        self._reading: dict[Hashable, asyncio.Task[Any]] = {}
        # Trees that the next reading of what is known of them is for, and the leaves that are looked for in each.
        self._unknown: dict[TreeId, list[int]] = {}
        # Issuers that the next reading of what was not searched is for.
        self._issuers: set[int] = set()

    async def find(self, who: Hashable, digest: bytes, issuer: int | None) -> Sought:
        """Every anchor of a digest, oldest first; by one issuer where given.

        Args:
            who: asks; nobody may ask for so much at a time that others get no answer.

        Raises:
            IntakeError: so many wait that there is no place, or none for this one (code `busy`).
            StoreError: a tree that holds it is damaged or cannot be read, or the index cannot.
        """
        if self._places.take(who) is not None:
            raise IntakeError(
                "too many lookups wait for an answer at this moment",
                remedy="Try again after the seconds in Retry-After; POST /v1/lookup asks for 10,000 digests at once.",
                code="busy",
            )
        try:
            return await self._find(who, digest, issuer)
        except DatabaseError:
            raise unreadable() from None
        finally:
            self._places.give_back(who)

    async def _find(self, who: Hashable, digest: bytes, issuer: int | None) -> Sought:
        while True:
            as_of = await self._as_of()
            begun = time.monotonic()
            located = await self._located(who, digest, as_of)
            found = await self._found(digest, located, as_of, issuer)
            # Searched again where it is not known: a tree that was loaded meanwhile would be called searched.
            if found:
                issuers = {each.batch.issuer for each in found}
                if self._coverage.missing_ages(as_of):
                    self._reading_missing(as_of, issuers)
                missing = self._coverage.missing(as_of, issuers, begun)
                if missing is not None:
                    return Sought(as_of, found, missing=missing)
                await asyncio.shield(self._reading_missing(as_of, issuers))
            else:
                if self._coverage.ages(as_of, issuer):
                    self._reading_coverage(as_of, issuer)
                searched = self._coverage.before(as_of, issuer, begun)
                if searched is not None:
                    return Sought(as_of, found, searched=searched)
                await asyncio.shield(self._reading_coverage(as_of, issuer))

    async def _as_of(self) -> AsOf:
        if (fresh := self._horizon.kept(seconds=FRESH_SECONDS / 2)) is not None:
            return fresh
        # Read before it is too old: nobody waits for it in a service that is asked all the time.
        reading, kept = self._once(_HEAD, self._horizon.anew), self._horizon.kept()
        return await asyncio.shield(reading) if kept is None else kept

    async def _located(self, who: Hashable, digest: bytes, as_of: AsOf) -> Located:
        if self._groups is None:
            return self._lookup.located(digest, as_of)
        return await self._groups.ask(who, as_of.head.source, digest)

    async def _found(self, digest: bytes, located: Located, as_of: AsOf, issuer: int | None) -> list[Found]:
        if self._remote is not None:
            for tree, leaf_index in located.places:
                await self._remote.read_ahead(tree, leaf_index)
        try:
            return self._held.found(digest, located, as_of, issuer=issuer)
        except NotHeld:
            await self._learn(located.places, as_of)
        try:
            return self._held.found(digest, located, as_of, issuer=issuer)
        except NotHeld:
            found: list[Found] = await self._in_thread(
                lambda: self._lookup.found(digest, located, as_of, issuer=issuer)
            )
            return found

    async def _learn(self, places: Iterable[LeafPlace], as_of: AsOf) -> None:
        """What the index knows of trees is read for all who wait at once: after each block it is read of all anew."""
        if not (unknown := self._lookup.unknown(places, as_of)):
            return
        for tree, leaf_index in unknown:
            self._unknown.setdefault(tree, []).append(leaf_index)
        if (before := self._reading.get(_TREES)) is not None:
            # It has begun without these.
            await asyncio.wait([before])
        if _TREES not in self._reading:
            hints, self._unknown = self._unknown, {}
            self._once(_TREES, lambda: self._lookup.learn(hints, as_of))
        await asyncio.shield(self._reading[_TREES])

    def _reading_coverage(self, as_of: AsOf, issuer: int | None) -> asyncio.Task[Searched]:
        return self._once((*version_of(as_of.head), issuer), lambda: self._coverage.anew(as_of, issuer))

    def _reading_missing(self, as_of: AsOf, issuers: Set[int]) -> asyncio.Task[None]:
        self._issuers |= issuers
        if _MISSING in self._reading:
            # It has begun without these, which the next one is for.
            return self._reading[_MISSING]
        wanted, self._issuers = self._issuers, set()
        return self._once(_MISSING, lambda: self._coverage.read_missing(as_of, wanted))

    def _once(self, key: Hashable, work: Callable[[], T]) -> asyncio.Task[T]:
        """What many wait for is done once, in a thread; who goes takes it from nobody."""
        if (task := self._reading.get(key)) is None:
            task = self._reading[key] = asyncio.create_task(self._done(work))
            task.add_done_callback(lambda done: self._was_done(key, done))
        return task

    async def _done(self, work: Callable[[], T]) -> T:
        done: T = await self._in_thread(work)
        return done

    def _was_done(self, key: Hashable, task: asyncio.Task[Any]) -> None:
        del self._reading[key]
        # Taken note of, also where nobody waits: the next one who needs it is told.
        _ = task.cancelled() or task.exception()
