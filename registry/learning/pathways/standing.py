"""How near an item is to counting: ranks, of which an unknown one is a pair of bounds. Pure.

Ranks are in one line, from done to open, so that *all of* is the worst of its parts, *any of* the best, and *n of* the
n-th best. Where something could not be checked there is a best and a worst that it can come to; what comes out is known
where both are the same, and else it is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Final, NamedTuple

from registry.learning.items import Accredited, Fate, Item
from registry.learning.pathways.matching import Match


class Rank(IntEnum):
    """What stands between a requirement and being done; a higher one hinders more."""

    DONE = 0
    AWAITING = 1
    EXPIRED = 2
    NOT_ACCREDITED = 3
    OPEN = 4


class Reason(StrEnum):
    """Why an item that is what was asked for does not count, or may not."""

    EXPIRED = "expired"
    NOT_YET_VALID = "not yet valid"
    REVOKED = "revoked"
    SUSPENDED = "suspended"
    NOT_VALID = "not valid"
    UNCHECKED = "unchecked"
    UNREAD = "unread"
    NOT_ACCREDITED = "not accredited"
    ACCREDITATION_UNKNOWN = "accreditation unknown"
    ACCREDITATION_NOT_ASKED = "accreditation not asked"
    TOO_OLD = "too old"
    AGE_UNKNOWN = "age unknown"
    PERHAPS_ANOTHER = "perhaps another"
    """Whether it is what was asked for is not known: its level cannot be compared, or its issuer has no number or
    calls itself by an identifier that is not known to be its own."""
    REFUSED = "refused"
    """It is a decision that says no."""
    SERVES_ANOTHER = "serves another step"
    MAY_SERVE_ANOTHER = "may serve another step"


class Bounds(NamedTuple):
    """The best and the worst rank that something can come to."""

    best: int
    worst: int

    @property
    def is_known(self) -> bool:
        """Whether there is one rank that it comes to."""
        return self.best == self.worst


DONE: Final = Bounds(Rank.DONE, Rank.DONE)
OPEN: Final = Bounds(Rank.OPEN, Rank.OPEN)
UNKNOWN: Final = Bounds(Rank.DONE, Rank.OPEN)

_YES: Final = Match.YES
_FATES: Final[dict[Fate, Bounds]] = {
    Fate.GOOD: DONE,
    Fate.EXPIRED: Bounds(Rank.EXPIRED, Rank.EXPIRED),
    Fate.UNCHECKED: UNKNOWN,
    Fate.NOT_YET_VALID: OPEN,
    Fate.REVOKED: OPEN,
    Fate.SUSPENDED: OPEN,
    Fate.NOT_VALID: OPEN,
}
_GRAVEST_LAST: Final = (Fate.EXPIRED, Fate.NOT_YET_VALID, Fate.SUSPENDED, Fate.REVOKED, Fate.NOT_VALID)
_ACCREDITED: Final[dict[Accredited, tuple[Bounds, Reason | None]]] = {
    Accredited.YES: (DONE, None),
    Accredited.NO: (Bounds(Rank.NOT_ACCREDITED, Rank.NOT_ACCREDITED), Reason.NOT_ACCREDITED),
    Accredited.UNKNOWN: (Bounds(Rank.DONE, Rank.NOT_ACCREDITED), Reason.ACCREDITATION_UNKNOWN),
    Accredited.NOT_ASKED: (Bounds(Rank.DONE, Rank.NOT_ACCREDITED), Reason.ACCREDITATION_NOT_ASKED),
}
_OLD: Final = (Bounds(Rank.EXPIRED, Rank.EXPIRED), Reason.TOO_OLD)
_OF_NO_AGE: Final = (Bounds(Rank.DONE, Rank.EXPIRED), Reason.AGE_UNKNOWN)


def grave_fates(items: Iterable[Item]) -> dict[str, Fate]:
    """By digest, the gravest fate of its copies, where one of them is known to be no good: then none of them is.

    That one copy is good says nothing of another: what a holder shows of a credential may differ.
    """
    found: dict[str, Fate] = {}
    for each in items:
        fate, digest = each.checked.fate, each.digest
        if digest and fate in _GRAVEST_LAST:
            known = found.setdefault(digest, fate)
            found[digest] = max(known, fate, key=_GRAVEST_LAST.index)
    return found


def standing(
    item: Item, fate: Fate, match: Match, *, accredited: bool, since: datetime | None
) -> tuple[Bounds, Reason | None]:
    """What an item that is, or perhaps is, what was asked for comes to, and what hinders it most.

    Args:
        fate: of all copies of it.
        accredited: whether its issuer has to be accredited.
        since: from when on it has to be; None for any age. It is as old as the earlier of the time from which it is
            valid, as it states, and the block time of its anchor: neither makes an old achievement a new one.
    """
    bounds = _FATES[fate]
    if bounds is DONE and match is _YES and not accredited and since is None:
        return DONE, None
    best, worst = bounds
    reason = None if bounds is DONE else Reason(fate.value)
    if accredited:
        (low, high), why = _ACCREDITED[item.checked.accredited]
        reason = why if high > worst or reason is None else reason
        best, worst = max(best, low), max(worst, high)
    if since is not None and (found := _age(item, since)) is not None:
        (low, high), why = found
        reason = why if high > worst or reason is None else reason
        best, worst = max(best, low), max(worst, high)
    if match is Match.PERHAPS and worst < Rank.OPEN:
        return Bounds(best, Rank.OPEN), Reason.PERHAPS_ANOTHER
    return Bounds(best, worst), reason


def _age(item: Item, since: datetime) -> tuple[Bounds, Reason] | None:
    anchored = item.checked.anchored_at
    if any(each is not None and each < since for each in (item.valid_from, anchored)):
        return _OLD
    return _OF_NO_AGE if anchored is None else None


def all_of(parts: Iterable[Bounds]) -> Bounds:
    """All of several, at least one."""
    best, worst = zip(*parts, strict=True)
    return Bounds(max(best), max(worst))


def any_of(parts: Iterable[Bounds]) -> Bounds:
    """Any one of several; open where there is none."""
    best = worst = int(Rank.OPEN)
    for each in parts:
        best, worst = min(best, each.best), min(worst, each.worst)
    return Bounds(best, worst)


def at_least(number: int, parts: Sequence[Bounds]) -> Bounds:
    """So many of several; open where there are fewer."""
    if number > len(parts):
        return OPEN
    if number == len(parts):
        return all_of(parts)
    return Bounds(sorted(each.best for each in parts)[number - 1], sorted(each.worst for each in parts)[number - 1])


def months_before(moment: datetime, months: int) -> datetime:
    """The same day and time so many months earlier, or the last day of that month where it has no such day.

    Before the year 1 there is no time, and the first moment of it is the answer.
    """
    years, month = divmod(moment.year * 12 + moment.month - 1 - months, 12)
    if years < 1:
        return moment.replace(year=1, month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
    for day in (moment.day, 30, 29, 28):
        if day <= moment.day:
            try:
                return moment.replace(year=years, month=month + 1, day=day)
            except ValueError:
                continue
    raise AssertionError("every month has a 28th day")
