"""The dates a credential states, against the moment of verification."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from registry.credential.moments import FROM, UNTIL, Stated, stated_dates
from registry.document.reading import Part, Reading
from registry.timestamps import write_timestamp
from registry.verify.same_document import missed
from registry.verify.verdict import Check, Code

# Claims of a token (RFC 7519 section 4.1) say the same in their own words.
_TOKEN_FROM, _TOKEN_UNTIL = ("nbf",), ("exp",)
_MOST_TOLD: Final = 6


def check_dates(reading: Reading | None, now: datetime) -> Check:
    """Whether all that the document holds is in force at `now` by its own dates; the end is not part of it.

    Past or to come in every reading fails. An end that may be past in some reading, a start that is no date, and what
    certainly states something and could not be read, is unknown. What else is unclear warns.
    """
    if reading is None or not reading.is_at_hand:
        return Check.warned(
            "dates",
            Code.DATES_UNREAD,
            "The document was not read, so neither were dates that it may state. Check them in the document.",
        )
    starts = [stated for part in reading.parts for stated in _of_part(part, FROM, _TOKEN_FROM)]
    ends = [stated for part in reading.parts for stated in _of_part(part, UNTIL, _TOKEN_UNTIL)]
    for stated in ends:
        if stated.span is not None and stated.span.latest <= now:
            when = write_timestamp(stated.span.latest)
            return Check.failed("dates", Code.EXPIRED, f"It expired on {when}{_place(stated)}.")
    for stated in starts:
        if stated.span is not None and stated.span.earliest > now:
            when = write_timestamp(stated.span.earliest)
            return Check.failed("dates", Code.NOT_YET_VALID, f"It is valid only from {when}{_place(stated)}.")
    return _unclear(reading, starts, ends, now) or _within(reading, starts, ends)


def _unclear(reading: Reading, starts: list[Stated], ends: list[Stated], now: datetime) -> Check | None:
    """The check where something is not clear, the worst first."""
    if any(unread.is_statement for unread in reading.unread):
        return Check.unknown(
            "dates",
            Code.DATES_UNREAD,
            f"What it states has no single reading ({missed(reading)}), so neither have its dates. "
            "Ask for the credential as the issuer made it.",
        )
    perhaps_past = [stated.name for stated in ends if stated.span is None or stated.span.earliest <= now]
    if perhaps_past:
        return Check.unknown(
            "dates",
            Code.DATE_UNCLEAR,
            f"It may have expired: {_told(perhaps_past)} is not a date and time that has one meaning. "
            "Ask the issuer until when it is valid.",
        )
    # A day without a time zone leaves hours in doubt; of what is no date nobody knows whether it has come.
    perhaps_to_come = [stated.name for stated in starts if stated.span is None]
    if perhaps_to_come:
        return Check.unknown(
            "dates",
            Code.DATE_UNCLEAR,
            f"It may not be valid yet: {_told(perhaps_to_come)} is not a date that can be read. "
            "Ask the issuer from when it is valid.",
        )
    if reading.unread:
        return Check.warned(
            "dates",
            Code.DATES_UNREAD,
            f"Not all of it was read ({missed(reading)}), so neither were dates in there. Check them in the document.",
        )
    unclear = [stated.name for stated in (*starts, *ends) if stated.span is None or not stated.span.is_clear]
    if unclear:
        return Check.warned(
            "dates",
            Code.DATE_UNCLEAR,
            f"Not a date and time with a time zone, so readers may differ: {_told(unclear)}. "
            "Check the dates in the document.",
        )
    return None


def _within(reading: Reading, starts: list[Stated], ends: list[Stated]) -> Check:
    if not starts and not ends:
        return Check.passed("dates", Code.NO_DATES, "It states no dates that a program can read.")
    first = max((stated.span.earliest for stated in starts if stated.span), default=None)
    last = min((stated.span.earliest for stated in ends if stated.span), default=None)
    since = "from any time" if first is None else f"from {write_timestamp(first)}"
    until = "without an end" if last is None else f"until {write_timestamp(last)}"
    several = f" The dates of all {len(reading.parts)} parts of it were read." if len(reading.parts) > 1 else ""
    return Check.passed("dates", Code.WITHIN_DATES, f"It is valid {since} {until}.{several}")


def _of_part(part: Part, names: tuple[str, ...], token_names: tuple[str, ...]) -> Iterator[Stated]:
    for stated in stated_dates(part.members, names + token_names if part.is_token else names):
        yield stated._replace(name=f"{part.where}, {stated.name}") if part.where else stated


def _place(stated: Stated) -> str:
    """Where the date is, when it is not in the document itself."""
    return f" ({stated.name})" if ", " in stated.name else ""


def _told(names: list[str]) -> str:
    named = list(dict.fromkeys(names))
    return ", ".join(named[:_MOST_TOLD]) + (f" and {len(named) - _MOST_TOLD} more" if len(named) > _MOST_TOLD else "")
