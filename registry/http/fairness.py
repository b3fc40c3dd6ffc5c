"""What several who do not know each other may have of one thing: places, turns, processor time, and tries.

One rule for jobs, uploads, threads and connections. Nothing here reads or writes anything.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Hashable, Iterable, Iterator
from contextlib import asynccontextmanager
from enum import StrEnum
from itertools import chain
from typing import Final, Generic, TypeVar

from registry.errors import IntakeError
from registry.http.buckets import Bucket, Buckets, OwnBuckets

T = TypeVar("T")

# With less a document of some size would cost a process, which costs more than it had.
LEAST_SECONDS: Final = 0.2


class Refusal(StrEnum):
    """Why there is no place: none is free, or the one who asks holds the most that it may."""

    FULL = "full"
    SHARE = "share"


class Places:
    """Places of which nobody may hold more than are still free, and a quarter of which is for those who hold none.

    So one alone gets three eighths of them, and there is a place for the next one until many hold some: to fill 64
    places takes 22 parties.

    Args:
        count: places in all.
        most: that one may hold, however many are free.
    """

    def __init__(self, count: int, *, most: int | None = None):
        self.count = count
        self._most = count if most is None else most
        self._reserve = count // 4
        self._held: Counter[Hashable] = Counter()
        self._taken = 0

    @property
    def taken(self) -> int:
        """How many are held."""
        return self._taken

    def held(self, who: Hashable) -> int:
        """How many one holds."""
        return self._held[who]

    def refusal(self, who: Hashable) -> Refusal | None:
        """Why one does not get a place now; None if it does."""
        free, held = self.count - self._taken, self._held[who]
        if free <= 0:
            return Refusal.FULL
        return Refusal.SHARE if held and held >= min(free - self._reserve, self._most) else None

    def take(self, who: Hashable) -> Refusal | None:
        """Take a place; None when it was there, else why not."""
        if (refusal := self.refusal(who)) is None:
            self.keep(who)
        return refusal

    def keep(self, who: Hashable) -> None:
        """Take the place of an own one that was given back, or one that is known to be there."""
        self._held[who] += 1
        self._taken += 1

    def give_back(self, who: Hashable) -> None:
        """One place less for this one."""
        self._taken -= 1
        self._held[who] -= 1
        if self._held[who] <= 0:
            del self._held[who]

    def greediest(self, among: Iterable[Hashable]) -> Hashable:
        """Which of some holds most."""
        return max(among, key=lambda who: self._held[who])


class Amounts:
    """So much of something, had in pieces of any size; in several pieces nobody has more than half of it.

    What is larger than three quarters of it counts as that, so that there is something left for others beside it.

    Args:
        whole: of it there is.
    """

    def __init__(self, whole: int):
        self._whole = whole
        self._held: Counter[Hashable] = Counter()

    @property
    def taken(self) -> int:
        """How much is had, as it counts."""
        return self._held.total()

    def take(self, who: Hashable, amount: int) -> Refusal | None:
        """Take a piece; None when it was there, else why not."""
        amount, held = self._counted(amount), self._held[who]
        if held and held + amount > self._whole // 2:
            return Refusal.SHARE
        if self.taken + amount > self._whole:
            return Refusal.FULL
        self._held[who] += amount
        return None

    def give_back(self, who: Hashable, amount: int) -> None:
        """A piece of that size is free again."""
        self._held[who] -= self._counted(amount)
        if self._held[who] <= 0:
            del self._held[who]

    def _counted(self, amount: int) -> int:
        return min(amount, self._whole - self._whole // 4)


class Turn:
    """A turn at something; `pass_on` lets others go first where they wait."""

    def __init__(self, turns: Turns, who: Hashable):
        self._turns = turns
        self._who = who
        self._is_held = False

    @property
    def is_waited_for(self) -> bool:
        """Whether others wait; may be asked from any thread."""
        return self._turns.waiting > 0

    async def begin(self) -> None:
        """Wait for it."""
        await self._turns.wait(self._who)
        self._is_held = True

    def end(self) -> None:
        """Let the next one go."""
        if self._is_held:
            self._is_held = False
            self._turns.done(self._who)

    async def pass_on(self) -> None:
        """Let whoever waits go first, and wait for another turn."""
        self.end()
        await self.begin()


class Turns:
    """Turns at something that few can do at a time, such as work in threads: who has least of it comes next.

    Args:
        count: that can do it at a time; nobody gets more of that than `Places` gives.
    """

    def __init__(self, count: int):
        self._places = Places(count)
        # Who waits, the one whose last turn is longest ago first.
        self._waiting: OrderedDict[Hashable, deque[asyncio.Future[None]]] = OrderedDict()

    @property
    def waiting(self) -> int:
        """How many parties wait."""
        return len(self._waiting)

    @asynccontextmanager
    async def turn(self, who: Hashable) -> AsyncIterator[Turn]:
        """A turn for one, when it comes."""
        turn = Turn(self, who)
        await turn.begin()
        try:
            yield turn
        finally:
            turn.end()

    async def wait(self, who: Hashable) -> None:
        """Wait for a turn; `done` ends it."""
        if who not in self._waiting and self._places.take(who) is None:
            return
        mine = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(who, deque()).append(mine)
        try:
            await mine
        except asyncio.CancelledError:
            if mine.cancelled():
                self._forget(who, mine)
            else:
                # It was given at the very moment.
                self.done(who)
            raise

    def done(self, who: Hashable) -> None:
        """A turn is over."""
        self._places.give_back(who)
        self._serve()

    def _serve(self) -> None:
        while ready := [who for who in self._waiting if self._places.refusal(who) is None]:
            who = min(ready, key=self._places.held)
            mine = self._waiting[who][0]
            self._forget(who, mine)
            if not mine.done():
                self._places.take(who)
                mine.set_result(None)

    def _forget(self, who: Hashable, mine: asyncio.Future[None]) -> None:
        if mine in (queue := self._waiting.pop(who, deque())):
            queue.remove(mine)
        if queue:
            # Behind the others, who wait for their first turn since.
            self._waiting[who] = queue


class Line(Generic[T]):
    """What waits to be done together with others, taken in turn from each party: a flood goes behind everybody else."""

    def __init__(self) -> None:
        # The party whose turn is longest ago first.
        self._waiting: OrderedDict[Hashable, deque[T]] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def __iter__(self) -> Iterator[T]:
        return chain.from_iterable(self._waiting.values())

    def put(self, who: Hashable, what: T) -> None:
        """Have something of a party wait."""
        self._waiting.setdefault(who, deque()).append(what)

    def take(self, most: int) -> list[T]:
        """What is done next; it waits no longer."""
        taken: list[T] = []
        while self._waiting and len(taken) < most:
            who, mine = self._waiting.popitem(last=False)
            taken.append(mine.popleft())
            if mine:
                self._waiting[who] = mine
        return taken

    def leave(self, who: Hashable, what: T) -> None:
        """Have it wait no longer, if it still does."""
        mine = self._waiting.get(who)
        if mine is not None and what in mine:
            mine.remove(what)
            if not mine:
                del self._waiting[who]


class Shares:
    """Uploads and seconds of processor time, by address.

    Args:
        uploads: that one address may have verified at once.
        uploads_of_all: that all together may.
        seconds: of processor time that an address may have spent at once.
        rate: seconds of processor time that come back to it each second.
        clock: seconds that never go back.
        work: with the seconds that each address has left; default: of this process alone.
    """

    def __init__(
        self,
        *,
        uploads: int,
        uploads_of_all: int,
        seconds: float,
        rate: float,
        clock: Callable[[], float] = time.monotonic,
        work: Buckets | None = None,
    ):
        self._places = Places(uploads_of_all, most=uploads)
        self._work = Allowance(seconds, rate, clock, work)

    def begin(self, address: str) -> None:
        """An upload of this address begins.

        Raises:
            IntakeError: code `busy` when too many are verified, `work-limit` when the address has none left.
        """
        if self._places.refusal(address) is None and self.left(address) < LEAST_SECONDS:
            raise IntakeError(
                "what was sent from this address took all the processor time that it is given for now",
                remedy="Wait a minute, or verify on your own machine with `testamur verify`.",
                code="work-limit",
            )
        match self._places.take(address):
            case Refusal.FULL:
                raise IntakeError("too many uploads are verified at this moment", remedy="Try again soon.", code="busy")
            case Refusal.SHARE:
                raise IntakeError(
                    f"{self._places.held(address)} uploads from this address are verified at this moment, the most at "
                    "once while so many others are",
                    remedy="Send the next one when one of them is answered.",
                    code="work-limit",
                )

    def end(self, address: str) -> None:
        """An upload of this address is answered."""
        self._places.give_back(address)

    def left(self, address: str) -> float:
        """Seconds of processor time that the address may still have now."""
        return self._work.left(address)

    def spend(self, address: str, seconds: float) -> None:
        """So much was spent on what the address sent."""
        self._work.spend(address, seconds)


class Allowance:
    """An amount of something for each party, which comes back with time.

    Args:
        most: that one may have at once.
        rate: that comes back each second.
        clock: seconds that never go back, the same for all who share the buckets.
        buckets: with what each has left; default: of this process alone.
    """

    def __init__(
        self,
        most: float,
        rate: float,
        clock: Callable[[], float] = time.monotonic,
        buckets: Buckets | None = None,
    ):
        self._most = most
        self._rate = rate
        self._clock = clock
        self._buckets = OwnBuckets() if buckets is None else buckets

    def left(self, who: Hashable) -> float:
        """What one may still have now."""
        return self._counted(self._buckets.get(who), self._clock())

    def spend(self, who: Hashable, amount: float) -> None:
        """So much was had, also when it was more than was left."""
        now = self._clock()
        self._buckets.change(who, lambda known: (self._counted(known, now) - amount, now))

    def take(self, who: Hashable) -> bool:
        """Have one, if there is one; whether there was."""
        now, had = self._clock(), False

        def taken(known: Bucket | None) -> Bucket:
            nonlocal had
            left = self._counted(known, now)
            had = left >= 1
            return left - had, now

        self._buckets.change(who, taken)
        return had

    def seconds_until(self, who: Hashable, amount: float) -> float:
        """After how long one may have so much; 0 if it may now."""
        return max(0.0, (min(amount, self._most) - self.left(who)) / self._rate)

    def _counted(self, known: Bucket | None, now: float) -> float:
        if known is None:
            return self._most
        left, counted_at = known
        # Another process may have counted a moment later.
        return min(self._most, left + max(0.0, now - counted_at) * self._rate)
