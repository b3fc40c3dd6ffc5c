"""Up to which block the index can speak, and what it may say: read and judged at most so often."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import orjson

from registry.database.engine import DatabaseError
from registry.errors import StoreError, public_sentence
from registry.http.problems import NotHere
from registry.index.reader import Head, Index
from registry.service.reach import Doubt, Reach, reach_of
from registry.timestamps import from_unix, write_timestamp
from registry.verify.freshness import PACE_SAMPLE, AgeLimits, Freshness

T = TypeVar("T")

FRESH_SECONDS: Final = 0.1
READY_LAG: Final = 20
_ASK_AGAIN: Final = "Ask again later, or ask the chain: testamur verify and POST /v1/verify do."


@dataclass(frozen=True, slots=True)
class AsOf:
    """The block up to which an answer is right, and what may be said as of it.

    Attributes:
        json: the same as JSON.
        headers: the same for an answer's head, as they are sent.
        warned: the code of its warning, or nothing.
    """

    head: Head
    reach: Reach
    json: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    warned: bytes = b""

    @property
    def member(self) -> dict[str, orjson.Fragment]:
        """`asOf`, for an answer that is put together elsewhere."""
        return {"asOf": orjson.Fragment(self.json)}

    def require_complete(self) -> None:
        """For an answer that says: these are all the records up to that block.

        Raises:
            NotHere: some may be missing (codes of `registry.service.reach`).
        """
        if self.reach.incomplete is not None:
            raise self._doubted(self.reach.incomplete)

    def require_current(self) -> None:
        """For an answer that follows from something not being there: not found, not revoked, not taken back.

        Raises:
            NotHere: it may be there all the same.
        """
        if (doubt := self.reach.doubt) is not None:
            raise self._doubted(doubt)

    def require_statuses(self, statuses: Iterable[Mapping[str, Any]]) -> None:
        """For an answer about the anchors of a digest, by their statuses: revoked is revoked, whatever is missing.

        Raises:
            NotHere: there is none, or one that is not revoked as far as it is known.
        """
        if self.reach.doubt is not None:
            told = list(statuses)
            if not told or not all(status["revoked"] for status in told):
                self.require_current()

    def _doubted(self, doubt: Doubt) -> NotHere:
        return NotHere(
            f"this could not be checked: {doubt.what}", remedy=_ASK_AGAIN, code=doubt.code, details=self.member
        )

    @classmethod
    def of(cls, head: Head, reach: Reach) -> AsOf:
        """From the head of the index, and what was found of it."""
        cursor = head.cursor
        behind = head.behind
        content: dict[str, Any] = {
            "block": cursor.to_dict(),
            "ageSeconds": int(reach.age.seconds),
            "confirmedBlock": min(head.confirmed, cursor.number),
            "finalBlock": head.final,
            "blocksBehind": behind,
            "chainSeenAt": write_timestamp(from_unix(int(head.seen_at))),
        }
        warned = head.trouble_code or ("" if reach.age.freshness is Freshness.FRESH else reach.age.code)
        if head.trouble_code is not None:
            what = "The index does not follow the chain at this moment"
            why = public_sentence(head.trouble_code, "the chain could not be read")
            content["warning"] = f"{what} ({head.trouble_code}): {why}"
        elif reach.age.freshness is not Freshness.FRESH:
            content["warning"] = f"{reach.age.text} ({reach.age.code})"
        headers = (b"index-block", b"%d" % cursor.number), (b"index-blocks-behind", b"%d" % behind)
        return cls(head, reach, orjson.dumps(content), headers, warned.encode())


class Horizon:
    """The head of the index, for many requests.

    Args:
        lag: blocks that the index may be behind for anything to follow from what it does not have.
        age: when its newest block is late and stale; default: the age is not judged.
        clock: seconds that never go back.
        wall: Unix seconds.
    """

    def __init__(
        self,
        index: Index,
        *,
        lag: int = READY_LAG,
        age: AgeLimits | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ):
        self._index = index
        self._lag = lag
        self._age = age or AgeLimits(late_seconds=None)
        self._clock = clock
        self._wall = wall
        self._read_at = float("-inf")
        self._known: AsOf | None = None

    def now(self) -> AsOf:
        """Up to which block the index is, whatever that is worth: for what was found, and for the operator.

        Raises:
            StoreError: code `no-index` when nothing is indexed yet, `database` when that cannot be read.
        """
        return self.kept() or self.anew()

    def kept(self, *, seconds: float = FRESH_SECONDS) -> AsOf | None:
        """What was read and is no older than this; None where it has to be read."""
        return self._known if self._clock() - self._read_at <= seconds else None

    def anew(self) -> AsOf:
        """`now`, read at this moment; raises as it does."""
        moment = self._clock()
        known = self._read()
        self._known, self._read_at = known, moment
        return known

    def complete(self) -> AsOf:
        """`now`, for records up to a block; raises as `AsOf.require_complete` besides."""
        as_of = self.now()
        as_of.require_complete()
        return as_of

    def current(self) -> AsOf:
        """`now`, for what follows from something not being there; raises as `AsOf.require_current` besides."""
        as_of = self.now()
        as_of.require_current()
        return as_of

    def _read(self) -> AsOf:
        head = guarded(self._index.head)
        if head is None:
            raise StoreError(
                "nothing is indexed yet",
                remedy="Wait until the indexer has begun; `testamur index` runs it.",
                code="no-index",
            )
        return AsOf.of(head, self._reach(head))

    def _reach(self, head: Head) -> Reach:
        """The chain's pace is looked for only where it can excuse the age."""
        now = self._wall()
        reach = reach_of(head, now, lag=self._lag, age=self._age)
        if reach.age.freshness is Freshness.FRESH:
            return reach
        before = guarded(lambda: self._index.mark_before(head.cursor.number - PACE_SAMPLE))
        return reach_of(head, now, lag=self._lag, age=self._age, before=before)


def guarded(work: Callable[[], T]) -> T:
    """What a reading of the index gives; a client is told that it does not answer, and nothing more of it.

    Raises:
        StoreError: the database does not answer (code `database`).
    """
    try:
        return work()
    except DatabaseError:
        raise unreadable() from None


def unreadable() -> StoreError:
    """What is told of a database that does not answer."""
    # What the database says may name hosts and tables: it is for the operator's log.
    return StoreError("the index cannot be read at this moment", remedy="Try again soon.", code="database")
