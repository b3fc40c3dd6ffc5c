"""The dates a credential states, against the moment of verification."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from registry.timestamps import write_timestamp
from registry.verdict import Check, Code

# VC 2.0, VC 1.1 and Open Badges 2.0. A document that states several has to satisfy all of them.
_FROM = ("validFrom", "issuanceDate", "issuedOn")
_UNTIL = ("validUntil", "expirationDate", "expires")

# RFC 3339 section 5.6, with the two omissions found in practice: no time zone, and no time at all.
_DATE = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[Tt]([0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,30})?([Zz]|[+-][0-9]{2}:[0-9]{2})?)?"
)
# Clocks of the world are from 12 hours behind UTC to 14 hours ahead of it.
_BEHIND, _AHEAD = timedelta(hours=12), timedelta(hours=14)
_DAY = timedelta(days=1)


class _Span(NamedTuple):
    """The moments a stated date may mean: one, if it has a time zone."""

    earliest: datetime
    latest: datetime


def check_dates(claims: Mapping[str, Any] | None, now: datetime) -> Check:
    """Whether the credential is in force at `now` by its own dates; the end is not part of it.

    A date without a time zone warns, unless it is past or to come wherever one is.

    Args:
        claims: the members of the document, or None when they were not read.
    """
    if claims is None:
        return Check.warned(
            "dates",
            Code.DATES_UNREAD,
            "The document was not read, so neither were dates that it may state. Check them in the document.",
        )
    unclear: list[str] = []
    starts = _stated(claims, _FROM, unclear)
    ends = _stated(claims, _UNTIL, unclear)
    for end in ends:
        if end.latest <= now:
            return Check.failed("dates", Code.EXPIRED, f"It expired on {write_timestamp(end.latest)}.")
    for start in starts:
        if start.earliest > now:
            return Check.failed(
                "dates", Code.NOT_YET_VALID, f"It is valid only from {write_timestamp(start.earliest)}."
            )
    if unclear:
        return Check.warned(
            "dates",
            Code.DATE_UNCLEAR,
            f"Not a date and time with a time zone, so readers may differ: {', '.join(unclear)}. "
            "Check the dates in the document.",
        )
    if not starts and not ends:
        return Check.passed("dates", Code.NO_DATES, "It states no dates that a program can read.")
    since = f"from {write_timestamp(max(starts).earliest)}" if starts else "from any time"
    until = f"until {write_timestamp(min(ends).earliest)}" if ends else "without an end"
    return Check.passed("dates", Code.WITHIN_DATES, f"It is valid {since} {until}.")


def _stated(claims: Mapping[str, Any], names: tuple[str, ...], unclear: list[str]) -> list[_Span]:
    spans = []
    for name in names:
        value = claims.get(name)
        if value is None:
            continue
        span = _span(value) if isinstance(value, str) else None
        if span is None or span.earliest != span.latest:
            unclear.append(name)
        if span is not None:
            spans.append(span)
    return spans


def _span(text: str) -> _Span | None:
    """What a stated date means, or None when it is not a date."""
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    day, time, fraction, zone = match.groups()
    try:
        if zone is not None:
            # Digits of a second beyond the sixth are cut off: datetime has no room for them.
            moment = datetime.fromisoformat(f"{day}T{time}{(fraction or '')[:7]}{zone.upper()}")
            moment = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
            return _Span(moment, moment)
        local = datetime.fromisoformat(f"{day}T{time or '00:00:00'}").replace(tzinfo=UTC)
        return _Span(local - _AHEAD, local + _BEHIND + (timedelta() if time else _DAY))
    except (ValueError, OverflowError):
        return None
