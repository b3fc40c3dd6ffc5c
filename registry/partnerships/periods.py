"""Months, quarters and years (UTC) as periods, and those that a trend is made of."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

from registry.errors import SettingsError
from registry.timestamps import write_timestamp

MOST_PERIODS: Final = 48
"""Of a trend."""
FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 9998
_NAME: Final = re.compile(r"([0-9]{4})(?:-(?:Q([1-4])|(0[1-9]|1[0-2])))?", re.ASCII)


class By(StrEnum):
    """How long the periods of a trend are."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"

    @property
    def months(self) -> int:
        """1, 3 or 12."""
        return {By.MONTH: 1, By.QUARTER: 3, By.YEAR: 12}[self]


class Period(NamedTuple):
    """A time from its first moment up to, and without, its end."""

    name: str
    begins: datetime
    ends: datetime

    def __contains__(self, moment: object) -> bool:
        return isinstance(moment, datetime) and self.begins <= moment < self.ends

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"name": self.name, "from": write_timestamp(self.begins), "until": write_timestamp(self.ends)}

    @property
    def before(self) -> Period:
        """The one of equal length before it; as much of the month, quarter or year before those."""
        length = self.ends - self.begins
        found = _NAME.fullmatch(self.name)
        if found is None:
            return Period(f"before {self.name}", self.begins - length, self.begins)
        by = By.QUARTER if found[2] else By.MONTH if found[3] else By.YEAR
        earlier = period_of(self.begins, by, -1)
        is_whole = self.ends == period_of(self.begins, by).ends
        return earlier if is_whole else earlier.up_to(earlier.begins + length)

    def up_to(self, moment: datetime) -> Period:
        """The part of it that has passed."""
        return self if moment >= self.ends else Period(self.name, self.begins, max(self.begins, moment))


def period_of(moment: datetime, by: By, later: int = 0) -> Period:
    """The month, quarter or year that a moment is in, or one so many later."""
    size = by.months
    number = (moment.year * 12 + moment.month - 1) // size + later
    begins, ends = _month(number * size), _month((number + 1) * size)
    if by is By.YEAR:
        name = f"{begins.year:04d}"
    elif by is By.QUARTER:
        name = f"{begins.year:04d}-Q{(begins.month - 1) // 3 + 1}"
    else:
        name = f"{begins.year:04d}-{begins.month:02d}"
    return Period(name, begins, ends)


def _month(number: int) -> datetime:
    return datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)


def read_period(text: str) -> Period:
    """The period of a name: 2026, 2026-Q3 or 2026-09.

    Raises:
        SettingsError: it is none (code `period`).
    """
    found = _NAME.fullmatch(text)
    if found is None or not FIRST_YEAR <= int(found[1]) <= LAST_YEAR:
        raise SettingsError(
            f"{text[:40]!r} is no year, quarter or month", remedy="Write 2026, 2026-Q3 or 2026-09.", code="period"
        )
    month = int(found[3] or 3 * int(found[2] or 1) - 2)
    by = By.QUARTER if found[2] else By.MONTH if found[3] else By.YEAR
    return period_of(datetime(int(found[1]), month, 1, tzinfo=UTC), by)


def periods_until(moment: datetime, by: By, first: datetime | None) -> tuple[Period, ...]:
    """The periods from that of the first fact to that of a moment, no more than `MOST_PERIODS` of them."""
    last = period_of(moment, by)
    told = [last]
    while first is not None and told[-1].begins > first and len(told) < MOST_PERIODS:
        told.append(told[-1].before)
    return tuple(reversed(told))
