"""The dates a credential states, against the moment of verification."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from registry.credential.moments import FROM, UNTIL, Stated, stated_dates
from registry.document.reading import Part, Reading
from registry.language.said import Said, Value, listed, say
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
        return Check.warned("dates", Code.DATES_UNREAD, say("dates.notAtHand"))
    starts = [stated for part in reading.parts for stated in _of_part(part, FROM, _TOKEN_FROM)]
    ends = [stated for part in reading.parts for stated in _of_part(part, UNTIL, _TOKEN_UNTIL)]
    for stated in ends:
        if stated.span is not None and stated.span.latest <= now:
            said = _placed("dates.expired", "dates.expiredAt", stated, stated.span.latest)
            return Check.failed("dates", Code.EXPIRED, said)
    for stated in starts:
        if stated.span is not None and stated.span.earliest > now:
            said = _placed("dates.notYet", "dates.notYetAt", stated, stated.span.earliest)
            return Check.failed("dates", Code.NOT_YET_VALID, said)
    return _unclear(reading, starts, ends, now) or _within(reading, starts, ends)


def _unclear(reading: Reading, starts: list[Stated], ends: list[Stated], now: datetime) -> Check | None:
    """The check where something is not clear, the worst first."""
    if any(unread.is_statement for unread in reading.unread):
        return Check.unknown("dates", Code.DATES_UNREAD, say("dates.noSingleReading", what=missed(reading)))
    perhaps_past = [stated.name for stated in ends if stated.span is None or stated.span.earliest <= now]
    if perhaps_past:
        return Check.unknown("dates", Code.DATE_UNCLEAR, say("dates.perhapsPast", names=_told(perhaps_past)))
    # A day without a time zone leaves hours in doubt; of what is no date nobody knows whether it has come.
    perhaps_to_come = [stated.name for stated in starts if stated.span is None]
    if perhaps_to_come:
        return Check.unknown("dates", Code.DATE_UNCLEAR, say("dates.perhapsToCome", names=_told(perhaps_to_come)))
    if reading.unread:
        return Check.warned("dates", Code.DATES_UNREAD, say("dates.partsUnread", what=missed(reading)))
    unclear = [stated.name for stated in (*starts, *ends) if stated.span is None or not stated.span.is_clear]
    if unclear:
        return Check.warned("dates", Code.DATE_UNCLEAR, say("dates.unclear", names=_told(unclear)))
    return None


def _within(reading: Reading, starts: list[Stated], ends: list[Stated]) -> Check:
    if not starts and not ends:
        return Check.passed("dates", Code.NO_DATES, say("dates.none"))
    first = max((stated.span.earliest for stated in starts if stated.span), default=None)
    last = min((stated.span.earliest for stated in ends if stated.span), default=None)
    several = [say("dates.allParts", count=len(reading.parts))] if len(reading.parts) > 1 else []
    return Check.passed("dates", Code.WITHIN_DATES, _span(first, last), *several)


def _span(first: datetime | None, last: datetime | None) -> Said:
    if first is None:
        return say("dates.always") if last is None else say("dates.until", until=last)
    return say("dates.since", since=first) if last is None else say("dates.between", since=first, until=last)


def _of_part(part: Part, names: tuple[str, ...], token_names: tuple[str, ...]) -> Iterator[Stated]:
    for stated in stated_dates(part.members, names + token_names if part.is_token else names):
        yield stated._replace(name=f"{part.where}, {stated.name}") if part.where else stated


def _placed(key: str, key_inside: str, stated: Stated, when: datetime) -> Said:
    """With where the date is, when it is not in the document itself."""
    return say(key_inside, when=when, place=stated.name) if ", " in stated.name else say(key, when=when)


def _told(names: list[str]) -> Value:
    named = list(dict.fromkeys(names))
    told = listed(named[:_MOST_TOLD])
    return told if len(named) <= _MOST_TOLD else say("list.more", items=told, count=len(named) - _MOST_TOLD)
