"""Dates and times as credentials state them: what a stated value may mean, in every reading of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import MAXYEAR, UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

# Clocks of the world are from 12 hours behind UTC to 14 hours ahead of it.
_BEHIND, _AHEAD = timedelta(hours=12), timedelta(hours=14)
_DAY = timedelta(days=1)
_EARLIEST, _LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_LONGEST: Final = 80
_MOST_VALUES: Final = 64

# VC 2.0, VC 1.1, Open Badges and Blockcerts 2, EBSI and the European Learning Model; then attestations in SD-JWT.
# A document that states several has to satisfy all of them.
FROM: Final = ("validFrom", "issuanceDate", "issuedOn", "issued", "validSince")
UNTIL: Final = ("validUntil", "expirationDate", "expires", "expiryDate", "expiry_date", "date_of_expiry")

_ZONE = r"(?P<zone>[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)"
# RFC 3339 and ISO 8601 in the forms found in practice: extended or basic, with a space for the T, without seconds,
# without a time, of a whole month or year; and slashes.
_FORMS: Final = (
    re.compile(
        r"(?P<year>[0-9]{4})(?P<dash>[-/.]?)(?P<month>[0-9]{2})(?P=dash)(?P<day>[0-9]{2})"
        r"(?:[Tt ]\s*(?P<hour>[0-9]{2}):?(?P<minute>[0-9]{2})(?::?(?P<second>[0-9]{2})(?P<fraction>[.,][0-9]{1,30})?)?"
        rf"\s*{_ZONE}?)?"
    ),
    re.compile(r"(?P<year>[0-9]{4})(?:[-/](?P<month>[0-9]{2}))?"),
)
_DAY_FIRST_OR_MONTH_FIRST = re.compile(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})")
_NUMBER = re.compile(r"[0-9]{9,16}(?:\.[0-9]{1,9})?")
# 10**11 seconds are in the year 5138, 10**11 milliseconds in 1973: no credential means the other unit.
_MILLISECONDS_FROM = 1e11


class Span(NamedTuple):
    """The moments that a stated date may mean, in UTC; one, if it has a time zone.

    Attributes:
        is_clear: whether every reader takes it for the same moment: a date and time with a zone, or Unix seconds.
    """

    earliest: datetime
    latest: datetime
    is_clear: bool


class Stated(NamedTuple):
    """A date that a document states: the member's name, and what it may mean; None when that is no date."""

    name: str
    span: Span | None


def stated_dates(members: Mapping[str, Any], names: Iterable[str]) -> Iterator[Stated]:
    """The dates that a document states in members of these names; those that are null are not stated."""
    for name in names:
        for span in stated_spans(members.get(name)):
            yield Stated(name, span)


def stated_spans(value: Any) -> Iterator[Span | None]:
    """What a member that should state one moment may mean; None for each value that is no date.

    Several values, as of a list or of a key that is written twice, are several moments. JSON-LD values are read.
    """
    if value in ([], ""):
        yield None
        return
    pending = [value]
    for _ in range(_MOST_VALUES):
        if not pending:
            return
        item = pending.pop()
        if isinstance(item, list):
            pending.extend(item)
        elif isinstance(item, dict) and "@value" in item:
            pending.append(item["@value"])
        elif item is not None:
            yield read_moment(item)
    if pending:
        yield None


def read_moment(value: object) -> Span | None:
    """What a text or number means as a date, or None when it is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _unix(float(value))
    if not isinstance(value, str) or len(value) > _LONGEST:
        return None
    text = value.strip()
    for form in _FORMS:
        if match := form.fullmatch(text):
            return _calendar(match.groupdict())
    if match := _DAY_FIRST_OR_MONTH_FIRST.fullmatch(text):
        return _either(*map(int, match.groups()))
    if _NUMBER.fullmatch(text):
        span = _unix(float(text))
        return span and span._replace(is_clear=False)
    return None


def _calendar(parts: dict[str, str | None]) -> Span | None:
    try:
        year, month, day = int(parts["year"] or 0), parts.get("month"), parts.get("day")
        if day is None:
            return _days(_first_of(year, int(month or 1)), _first_of(year, int(month) + 1 if month else 13))
        start = datetime(year, int(month or 1), int(day), tzinfo=UTC)
        if parts.get("hour") is None:
            return _days(start, _moved(start, _DAY))
        moment = start + _time_of_day(parts)
        zone = parts.get("zone")
        if zone is None:
            return Span(_moved(moment, -_AHEAD), _moved(moment, _BEHIND), False)
        moment = _moved(moment, -_offset(zone))
        return Span(moment, moment, True)
    except (ValueError, OverflowError):
        return None


def _time_of_day(parts: dict[str, str | None]) -> timedelta:
    """From midnight; 24:00 is the next one, and a leap second is the first of the next minute."""
    hour, minute, second = (int(parts.get(name) or 0) for name in ("hour", "minute", "second"))
    if hour > 24 or minute > 59 or second > 60 or (hour == 24 and (minute or second)):
        raise ValueError("no such time of day")
    # Digits of a second beyond the sixth are cut off: datetime has no room for them.
    micro = int(((parts.get("fraction") or ".")[1:7]).ljust(6, "0"))
    return timedelta(hours=hour, minutes=minute, seconds=second, microseconds=micro)


def _offset(zone: str) -> timedelta:
    if zone in "Zz":
        return timedelta()
    hours, minutes = int(zone[1:3]), int(zone[-2:]) if len(zone) > 3 else 0
    if hours > 23 or minutes > 59:
        raise ValueError("no such time zone")
    ahead = timedelta(hours=hours, minutes=minutes)
    return -ahead if zone[0] == "-" else ahead


def _first_of(year: int, month: int) -> datetime:
    """Midnight of the first day of a month; the thirteenth is the first of the next year."""
    if month == 13:
        return _LATEST if year == MAXYEAR else datetime(year + 1, 1, 1, tzinfo=UTC)
    return datetime(year, month, 1, tzinfo=UTC)


def _days(first: datetime, after: datetime) -> Span:
    """Whole days without a zone: from the midnight of the first to that after the last."""
    return Span(_moved(first, -_AHEAD), _moved(after, _BEHIND), False)


def _either(one: int, other: int, year: int) -> Span | None:
    """A date of which nobody knows whether day or month comes first."""
    days = []
    for day, month in ((one, other), (other, one)):
        try:
            start = datetime(year, month, day, tzinfo=UTC)
        except ValueError:
            continue
        days.append(_days(start, _moved(start, _DAY)))
    return Span(min(days).earliest, max(day.latest for day in days), False) if days else None


def _unix(number: float) -> Span | None:
    """Seconds since 1970; a number too large for that may be milliseconds, and then nobody knows which."""
    if not abs(number) < 1e17:
        return None
    if number < _MILLISECONDS_FROM:
        moment = _since_1970(number)
        return Span(moment, moment, True)
    return Span(_since_1970(number / 1000), _LATEST, False)


def _since_1970(seconds: float) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return _LATEST if seconds > 0 else _EARLIEST


def _moved(moment: datetime, by: timedelta) -> datetime:
    """The moment later or earlier, within the years that there are."""
    try:
        return moment + by
    except OverflowError:
        return _LATEST if by > timedelta() else _EARLIEST
