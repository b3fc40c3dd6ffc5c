"""Ranges of blocks, read ahead from several endpoints at once and handed out in their order.

Each endpoint has its own length of a range, its own number of questions at once and its own pauses, learnt from what it
answers and refuses. Whoever is free takes the lowest range that nobody has: one that is limited gives way to the
others, and one that is away is left out until its pause is over. What waits to be taken is bounded by its events.
"""

from __future__ import annotations

import heapq
import random
import time
from collections.abc import Callable, Sequence, Sized
from dataclasses import dataclass
from threading import Condition, Thread
from threading import Event as Flag
from typing import Final, Generic, TypeVar

from registry.chain.rpc.patience import RATE_LIMITED
from registry.chain.rpc.spans import LARGEST_SPAN, Spans, is_behind, is_refused
from registry.errors import ChainError, ChainUnavailable

RANGES_AT_ONCE: Final = 4
"""Of one endpoint, while it does not limit requests."""
MOST_EVENTS: Final = 50_000
"""Of all ranges that wait to be taken, and of those that are read meanwhile as far as can be foreseen: some 50 MB."""
MOST_RANGES: Final = 64
FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 60.0
ANSWERS_TO_ADD: Final = 20
"""In a row, after which an endpoint that limited requests is asked one question more at a time."""
LIMIT_SECONDS: Final = 10.0
"""For which a limit of all endpoints is no trouble, but how reading goes."""
GLANCE_SECONDS: Final = 0.1
"""How soon whoever waits sees that it was told to stop."""

T = TypeVar("T", bound=Sized)


@dataclass(frozen=True, slots=True)
class ReaderState:
    """How one endpoint is read from.

    Attributes:
        where: its URL without secrets.
        at_once: ranges that are asked for at a time, by what it allowed lately.
        blocks: length of the next range.
        rests: seconds until it is asked again; 0 while it is.
        why: the code of what it rests for.
    """

    where: str
    at_once: int
    blocks: int
    rests: float
    why: str | None


class Reader(Generic[T]):
    """One endpoint that ranges are read from, and what was learnt of it; changed by `ReadAhead` alone.

    Args:
        read: what there is from one block to another, both included; called by several threads.
        at_once: ranges at a time, at most.
        largest: blocks of a range, at most.
        jitter: by what part of a pause it is shorter, so that many who were refused together do not come back together.
    """

    def __init__(
        self,
        where: str,
        read: Callable[[int, int], T],
        *,
        at_once: int = RANGES_AT_ONCE,
        largest: int = LARGEST_SPAN,
        jitter: Callable[[float, float], float] = random.uniform,
    ):
        self.where = where
        self.read = read
        self.spans = Spans(largest)
        self.at_once = at_once
        self.running = 0
        self.rests_until = 0.0
        self.why: str | None = None
        self._most = at_once
        self._jitter = jitter
        self._failures = 0
        self._answers = 0

    def worked(self, events: int, blocks: int, now: float) -> None:
        """A range was answered."""
        self.spans.worked(events, blocks)
        if self.rests_until > now:
            # What was asked for before says nothing of what it rests for.
            return
        self._failures, self.why = 0, None
        self._answers += 1
        if self._answers >= ANSWERS_TO_ADD:
            self.at_once, self._answers = min(self._most, self.at_once + 1), 0

    def failed(self, error: ChainError, blocks: int, now: float) -> None:
        """A range was not: a shorter one is asked for at once where that may help, and else it rests."""
        # One that is behind leaves the range to the others, which have it: it is final.
        if isinstance(error, ChainUnavailable) and not is_behind(error):
            is_shorter = self.spans.shorter(error, blocks)
            if is_shorter and is_refused(error):
                return
        self.rest(error, now)

    def rest(self, error: ChainError, now: float) -> None:
        """It is not asked for a while: longer each time, and as long as it asks to."""
        asked = getattr(error, "retry_after", None) or 0.0
        if self.rests_until <= now:
            self._failures += 1
            self._answers = 0
            if error.code == RATE_LIMITED:
                self.at_once = max(1, self.at_once // 2)
            # No larger power than that: a number would grow for as long as an endpoint is away.
            pause = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** min(self._failures - 1, 10))
            self.rests_until = now + pause * self._jitter(0.5, 1.0)
        self.rests_until = max(self.rests_until, now + asked)
        self.why = error.code

    def state(self, now: float) -> ReaderState:
        """How it is read from now."""
        rests = max(0.0, self.rests_until - now)
        return ReaderState(self.where, self.at_once, self.spans.length, rests, self.why if rests else None)


@dataclass(frozen=True, slots=True)
class Piece(Generic[T]):
    """What one endpoint told of a range; both blocks are in it."""

    first: int
    last: int
    found: T
    reader: Reader[T]


class ReadAhead(Generic[T]):
    """Reads one range of blocks piece by piece, by threads that end with it or with the process.

    Args:
        most_events: that wait, about.
        clock: seconds that never go back.
    """

    def __init__(
        self,
        readers: Sequence[Reader[T]],
        *,
        most_events: int = MOST_EVENTS,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._readers = readers
        self._most_events = most_events
        self._clock = clock
        self._changed = Condition()
        # Counts the ranges that were begun: what was read for one that was given up belongs to no other.
        self._job = 0
        self._next, self._last = 0, -1
        # Heap of what nobody reads or has read; what was read, by its first block.
        self._gaps: list[tuple[int, int]] = []
        self._read: dict[int, Piece[T]] = {}
        self._waiting_events = 0
        # Of the ranges that are being read, as many as were in blocks of that number lately.
        self._foreseen = 0.0
        self._density = 0.0
        self._running = 0
        # The latest: what endpoints rest for, whatever they are read for next.
        self._error: ChainError | None = None
        self._fault: BaseException | None = None

    @property
    def next(self) -> int:
        """The first block that was not handed out yet."""
        return self._next

    @property
    def is_done(self) -> bool:
        """Whether all was handed out."""
        return self._next > self._last

    def begin(self, first: int, last: int) -> None:
        """Read these blocks, and nothing else any more."""
        with self._changed:
            self._stop_reading()
            self._next, self._last = first, last
            self._gaps = [(first, last)]
            job = self._job
        for reader in self._readers:
            for number in range(reader.at_once):
                name = f"read {reader.where} {number}"
                # They are not waited for: a question that hangs holds up no end of the process.
                Thread(target=self._work, args=(reader, job), name=name, daemon=True).start()

    def close(self) -> None:
        """Read nothing any more; questions that are under way come to nothing."""
        with self._changed:
            self._stop_reading()

    def pieces(self, most: int, stop: Flag, *, patience: float = LIMIT_SECONDS) -> list[Piece[T]]:
        """The next pieces in order, as many as are there and one at least; none once it was told to stop.

        They are handed out again until `taken`.

        Args:
            patience: seconds for which limits of all endpoints are waited for.

        Raises:
            ChainError: no endpoint can be asked now; `retry_after` says when one can.
        """
        standing_since: float | None = None
        with self._changed:
            while not stop.is_set() and not self.is_done:
                if self._fault is not None:
                    raise self._fault
                if there := self._in_order(most):
                    return there
                now = self._clock()
                pause = self._standstill(now)
                if pause is None:
                    standing_since = None
                else:
                    standing_since = now if standing_since is None else standing_since
                    error = self._error
                    is_soon = now - standing_since + pause <= patience
                    if error is not None and not (error.code == RATE_LIMITED and is_soon):
                        if isinstance(error, ChainUnavailable):
                            error.retry_after = pause
                        raise error
                self._changed.wait(GLANCE_SECONDS)
        return []

    def taken(self, pieces: Sequence[Piece[T]]) -> None:
        """These, the next in order, are not needed any more."""
        with self._changed:
            for piece in pieces:
                self._forget(piece)
                self._next = piece.last + 1
            self._changed.notify_all()

    def refuse(self, piece: Piece[T], error: ChainError) -> None:
        """Have a piece read again: what was told cannot be, and whoever told it rests."""
        with self._changed:
            if self._read.get(piece.first) is piece:
                self._forget(piece)
                heapq.heappush(self._gaps, (piece.first, piece.last))
                piece.reader.rest(error, self._clock())
                self._error = error
            self._changed.notify_all()

    def states(self) -> list[ReaderState]:
        """How each endpoint is read from."""
        with self._changed:
            now = self._clock()
            return [reader.state(now) for reader in self._readers]

    def _stop_reading(self) -> None:
        self._job += 1
        self._gaps, self._read = [], {}
        self._waiting_events, self._foreseen, self._running = 0, 0.0, 0
        self._next, self._last = 0, -1
        self._changed.notify_all()

    def _forget(self, piece: Piece[T]) -> None:
        del self._read[piece.first]
        self._waiting_events -= len(piece.found)

    def _in_order(self, most: int) -> list[Piece[T]]:
        there: list[Piece[T]] = []
        first = self._next
        while len(there) < most and (piece := self._read.get(first)) is not None:
            there.append(piece)
            first = piece.last + 1
        return there

    def _standstill(self, now: float) -> float | None:
        """Seconds until an endpoint may be asked again; None while one is, or may be."""
        if self._running or not self._gaps:
            return None
        pause = min(reader.rests_until for reader in self._readers) - now
        return pause if pause > 0 else None

    # The threads

    def _work(self, reader: Reader[T], job: int) -> None:
        while (asked := self._chosen(reader, job)) is not None:
            first, last, foreseen = asked
            found: T | None = None
            error: BaseException | None = None
            try:
                found = reader.read(first, last)
            except BaseException as thrown:
                error = thrown
            with self._changed:
                reader.running -= 1
                now, blocks = self._clock(), last - first + 1
                if found is not None:
                    reader.worked(len(found), blocks, now)
                elif isinstance(error, ChainError):
                    reader.failed(error, blocks, now)
                if job == self._job:
                    self._running -= 1
                    self._foreseen -= foreseen
                    if found is not None:
                        self._read[first] = Piece(first, last, found, reader)
                        self._waiting_events += len(found)
                        self._density = len(found) / blocks
                    else:
                        heapq.heappush(self._gaps, (first, last))
                        if isinstance(error, ChainError):
                            self._error = error
                        else:
                            self._fault = error
                self._changed.notify_all()

    def _chosen(self, reader: Reader[T], job: int) -> tuple[int, int, float] | None:
        """The range to read next, and the events that may be in it; None when there is no more to read."""
        with self._changed:
            while self._job == job and not self.is_done and self._fault is None:
                pause = reader.rests_until - self._clock()
                if pause <= 0 and self._gaps and reader.running < reader.at_once:
                    first, last = self._gaps[0]
                    end = min(last, first + reader.spans.length - 1)
                    foreseen = self._density * (end - first + 1)
                    if first == self._next or self._has_room(foreseen):
                        heapq.heappop(self._gaps)
                        if end < last:
                            heapq.heappush(self._gaps, (end + 1, last))
                        reader.running += 1
                        self._running += 1
                        self._foreseen += foreseen
                        return first, end, foreseen
                self._changed.wait(pause if pause > 0 else None)
        return None

    def _has_room(self, foreseen: float) -> bool:
        """Whether one range more fits beside those that wait."""
        events = self._waiting_events + self._foreseen + foreseen
        return events <= self._most_events and len(self._read) + self._running < MOST_RANGES
