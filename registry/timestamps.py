"""Times as receipts and verdicts write them: UTC, whole seconds, RFC 3339 with Z; and as people ask for them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from registry.errors import SettingsError

TIMESTAMP_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"
_WITHOUT_ZONE = len("2026-01-01T00:00:00")
_TIMESTAMP = re.compile(TIMESTAMP_PATTERN[:-1] + r"\Z")
_ASKED = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[Tt]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2}))?",
    re.A,
)
LONGEST_SHOWN = 80


def write_timestamp(moment: datetime) -> str:
    """`2026-01-01T00:00:00Z`; fractions of a second are cut off.

    Raises:
        ValueError: the moment has no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError("the moment has no time zone")
    moment = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return moment.isoformat(timespec="seconds")[:_WITHOUT_ZONE] + "Z"


def read_timestamp(text: str) -> datetime:
    """The moment in UTC that `write_timestamp` wrote; there is one way to write each.

    Raises:
        ValueError: the text is in another form, or no such time exists.
    """
    if not _TIMESTAMP.match(text):
        raise ValueError("a time is written as 2026-01-01T00:00:00Z")
    return datetime.fromisoformat(text)


def asked_moment(text: str, where: str) -> datetime:
    """The moment that a person asks about, in UTC: a day, which begins at midnight UTC, or a time with its zone.

    Fractions of a second are cut off: blocks have none.

    Args:
        where: the option or parameter that it came in.

    Raises:
        SettingsError: it is neither (code `time`).
    """
    match = _ASKED.fullmatch(text)
    try:
        if match is None:
            raise ValueError(text)
        day, time, zone = match.groups()
        return datetime.fromisoformat(f"{day}T{time or '00:00:00'}{zone or 'Z'}".upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise SettingsError(
            f"{text[:LONGEST_SHOWN]!r} is neither a day nor a moment",
            where=where,
            remedy="Write 2026-01-31 or 2026-01-31T12:00:00Z.",
            code="time",
        ) from None


def asked_end(text: str, where: str) -> datetime:
    """The moment until which a person means something: of a day its last second.

    Raises:
        SettingsError: as `asked_moment`.
    """
    moment, match = asked_moment(text, where), _ASKED.fullmatch(text)
    is_day = match is not None and match[2] is None
    return moment.replace(hour=23, minute=59, second=59) if is_day else moment


def past_moment(text: str | None, where: str, now: datetime) -> datetime | None:
    """A time that has passed, where one is given; as `asked_moment`.

    Raises:
        SettingsError: it is neither a day nor a moment (`time`), or still to come (`time-to-come`).
    """
    if text is None:
        return None
    moment = asked_moment(text, where)
    if moment > now:
        raise SettingsError(
            f"{text} is still to come, and what holds then is not on record",
            where=where,
            remedy="Ask for a time that has passed, or for none.",
            code="time-to-come",
        )
    return moment


def from_unix(seconds: int) -> datetime:
    """The moment, in UTC, of a Unix time."""
    return datetime.fromtimestamp(seconds, UTC)
