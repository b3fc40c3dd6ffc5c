"""What a search covers: how many batches there are, and which of them could not be searched; kept for seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from typing import Any, Final, Generic, NamedTuple, TypeVar

from registry.index.reader import Index
from registry.service.horizon import AsOf
from registry.service.kept import Kept, version_of

T = TypeVar("T")

COVERAGE_SECONDS: Final = 2.0
COVERAGES_KEPT: Final = 1000
ISSUERS_KEPT: Final = 10_000
ISSUERS_NAMED: Final = 20


@dataclass(frozen=True, slots=True)
class Searched:
    """What was searched, for an answer that says "not found".

    Attributes:
        batches: that are indexed; of one issuer when it was asked about one.
        without_tree: how many of them could not be searched.
        issuers: whose they are, the first few.
    """

    batches: int
    without_tree: int
    issuers: tuple[int, ...]

    def content(self) -> dict[str, Any]:
        """For JSON."""
        return {"batches": self.batches, "batchesWithoutTree": self.without_tree, "issuers": list(self.issuers)}


class _Read(NamedTuple, Generic[T]):
    """What was read, the moment at which it was asked for, and what was read before."""

    moment: float
    what: T
    before: _Read[T] | None


class Coverage:
    """What searches of an index cover, by issuer.

    Args:
        clock: seconds that never go back.
    """

    def __init__(self, index: Index, clock: Callable[[], float] = time.monotonic):
        self._index = index
        self._clock = clock
        self._kept: Kept[int | None, _Read[Searched]] = Kept(COVERAGES_KEPT)
        # Of issuers of what was found, all read at once: how many of their batches could not be searched.
        self._missing: Kept[None, _Read[Mapping[int, int]]] = Kept(1)

    def now(self, as_of: AsOf, issuer: int | None) -> Searched:
        """What a search that begins now covers.

        Raises:
            SQLAlchemyError: the database does not answer.
        """
        return self.before(as_of, issuer, self._clock()) or self.anew(as_of, issuer)

    def anew(self, as_of: AsOf, issuer: int | None) -> Searched:
        """`now`, read at this moment; raises as it does."""
        version, moment = version_of(as_of.head), self._clock()
        searched = Searched(*self._index.coverage(issuer, named=ISSUERS_NAMED))
        last = self._kept.get(version, issuer)
        return self._kept.keep(version, issuer, _Read(moment, searched, last and last._replace(before=None))).what

    def before(self, as_of: AsOf, issuer: int | None, moment: float) -> Searched | None:
        """What a search covered that began at a moment: the newest that was read before it, and not too long before.

        However long the search took: if it were too long for what was read, it would be begun again for ever.
        """
        return _before(self._kept.get(version_of(as_of.head), issuer), moment)

    def missing(self, as_of: AsOf, issuers: Set[int], moment: float) -> Mapping[int, int] | None:
        """How many batches of each issuer a search did not cover that began at a moment, and of others, too.

        None where it is not known of all of them; see `before`.
        """
        read = _before(self._missing.get(version_of(as_of.head), None), moment)
        return read if read is not None and read.keys() >= issuers else None

    def read_missing(self, as_of: AsOf, issuers: Set[int]) -> None:
        """Read what `missing` tells, of these issuers and those it was asked for of late; raises as `now`."""
        version, moment = version_of(as_of.head), self._clock()
        last = self._missing.get(version, None)
        of_late = last.what.keys() if last is not None and len(last.what) < ISSUERS_KEPT else set[int]()
        wanted = issuers | of_late
        missing = self._index.missing_of(wanted)
        self._missing.keep(version, None, _Read(moment, missing, last and last._replace(before=None)))

    def ages(self, as_of: AsOf, issuer: int | None) -> bool:
        """Whether it is time to read it again, so that nobody has to wait for it."""
        return self._is_old(self._kept.get(version_of(as_of.head), issuer))

    def missing_ages(self, as_of: AsOf) -> bool:
        """The same of what `missing` tells."""
        return self._is_old(self._missing.get(version_of(as_of.head), None))

    def _is_old(self, read: _Read[Any] | None) -> bool:
        return read is None or self._clock() - read.moment >= COVERAGE_SECONDS / 2


def _before(read: _Read[T] | None, moment: float) -> T | None:
    while read is not None and read.moment >= moment:
        read = read.before
    return None if read is None or moment - read.moment >= COVERAGE_SECONDS else read.what
