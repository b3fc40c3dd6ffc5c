"""Times as receipts and verdicts write them: UTC, whole seconds, RFC 3339 with Z."""

from __future__ import annotations

import re
from datetime import UTC, datetime

TIMESTAMP_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"
_WITHOUT_ZONE = len("2026-01-01T00:00:00")
_TIMESTAMP = re.compile(TIMESTAMP_PATTERN[:-1] + r"\Z")


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


def from_unix(seconds: int) -> datetime:
    """The moment, in UTC, of a Unix time."""
    return datetime.fromtimestamp(seconds, UTC)
