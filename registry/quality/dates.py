"""Days as registers write them, never guessed: by the format that a row says, or as 2026-01-31.

Of five formats in one column each row is judged by itself. What has two readings is refused with both; a number that
spreadsheets keep for a day is refused, because which day it is depends on the program that wrote it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Final

from registry.quality.rows import Reason, Value, shown

FIRST_YEAR: Final = 1800
LAST_YEAR: Final = 2999
ASSUMED_YEARS: Final = 6
"""DEQAR takes a report without an end to hold for so long (deqar-docs, report data, "Validity")."""

_ISO: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ]00:00(?::00(?:\.0+)?)?)?", re.ASCII)
_SERIAL: Final = re.compile(r"[0-9]{4,6}(?:\.[0-9]+)?", re.ASCII)
_THREE: Final = re.compile(r"([0-9]{1,4})([./\- ])([0-9]{1,2})\2([0-9]{1,4})", re.ASCII)
_SIGNS: Final = re.compile(r"%-?[a-zA-Z]")
_WORDS: Final = (("yyyy", "%Y"), ("yy", "%y"), ("mm", "%m"), ("dd", "%d"))
_DIGITS: Final = {"d": "([0-9]{1,2})", "m": "([0-9]{1,2})", "Y": "([0-9]{4})", "y": "([0-9]{2})"}
# As POSIX has it for %y, and DEQAR after it.
_CENTURY: Final = 69
_EPOCH_1900: Final = date(1899, 12, 30)
_EPOCH_1904: Final = date(1904, 1, 1)
_WRITE_ISO: Final = "Write the date as text, year-month-day, such as 2026-01-31."
_SAY_FORMAT: Final = f"{_WRITE_ISO} Or say the format in the column date_format, such as %d/%m/%Y."


@dataclass(frozen=True, slots=True)
class Undated:
    """Why a cell is no day."""

    reason: Reason
    what: str
    remedy: str = _WRITE_ISO


@dataclass(frozen=True, slots=True)
class Dated:
    """A day; `otherwise` where it was read as 2026-01-31 although the row says another format."""

    day: date
    otherwise: bool = False


def read_day(value: Value, form: str = "") -> Dated | Undated:
    """The day in a cell.

    Args:
        value: text, or what a workbook has for a cell.
        form: what the row says of its dates: `%d/%m/%Y`, or `dd/mm/yyyy`; "" where it says nothing.
    """
    if isinstance(value, datetime | date):
        is_midnight = not isinstance(value, datetime) or value.time() == time()
        if not is_midnight:
            return Undated(Reason.DATE_FORMAT, f"{shown(str(value))} is a moment, not a day")
        return _within(Dated(value.date() if isinstance(value, datetime) else value))
    if isinstance(value, bool | time | timedelta):
        return Undated(Reason.DATE_FORMAT, f"{shown(str(value))} is no day")
    if isinstance(value, int | float):
        return _serial(float(value))
    text = value.strip()
    iso = _ISO.fullmatch(text)
    if form:
        found = _by_format(text, form)
        is_serial = isinstance(found, Undated) and _SERIAL.fullmatch(text) is not None
        if isinstance(found, Dated) or found.reason is Reason.DATE_IMPOSSIBLE or not (iso or is_serial):
            return found
    if iso is not None:
        found = _day(int(iso[1]), int(iso[2]), int(iso[3]), text)
        return Dated(found.day, otherwise=bool(form)) if isinstance(found, Dated) else found
    if _SERIAL.fullmatch(text):
        return _serial(float(text))
    return _without_format(text)


def last_day_held(day: date) -> date | None:
    """The first day on which nothing holds any more whose last day is the one that is given; None past all dates."""
    return None if day == date.max else day + timedelta(days=1)


def assumed_end(start: date) -> date:
    """The first day on which a decision without an end is taken to hold no more."""
    year = start.year + ASSUMED_YEARS
    try:
        return start.replace(year=year)
    except ValueError:  # 29 February, in a year that has none
        return date(year, 3, 1)


@lru_cache(maxsize=256)
def _pattern(form: str) -> tuple[re.Pattern[str], tuple[str, ...]] | None:
    """How a text of that format looks, and what its parts are; None for what is no format of a day."""
    plain = form.strip()
    if "%" not in plain:
        plain = plain.lower()
        for word, sign in _WORDS:
            plain = plain.replace(word, sign)
    parts, pattern, at = [], "", 0
    for found in _SIGNS.finditer(plain):
        kind = found[0][-1]
        if kind not in _DIGITS:
            return None
        pattern += re.escape(plain[at : found.start()]) + _DIGITS[kind]
        parts.append(kind)
        at = found.end()
    if sorted(each.lower() for each in parts) != ["d", "m", "y"] or "%" in plain[at:]:
        return None
    return re.compile(pattern + re.escape(plain[at:]), re.ASCII), tuple(parts)


def _by_format(text: str, form: str) -> Dated | Undated:
    known = _pattern(form)
    if known is None:
        return Undated(
            Reason.DATE_FORMAT,
            f"{shown(form)} is no format with one day, one month and one year",
            "Write date_format with %d, %m and %Y, such as %Y-%m-%d.",
        )
    pattern, parts = known
    match = pattern.fullmatch(text)
    if match is None:
        return Undated(
            Reason.DATE_FORMAT, f"{shown(text)} is not written as the row's date_format {shown(form)} says", _SAY_FORMAT
        )
    said = dict(zip((each.lower() for each in parts), map(int, match.groups()), strict=True))
    if "y" in parts:
        said["y"] += 1900 if said["y"] >= _CENTURY else 2000
    return _day(said["y"], said["m"], said["d"], text)


def _day(year: int, month: int, day: int, text: str) -> Dated | Undated:
    try:
        return _within(Dated(date(year, month, day)))
    except ValueError:
        return Undated(Reason.DATE_IMPOSSIBLE, f"there is no day {shown(text)}", "Look it up in the decision.")


def _within(found: Dated) -> Dated | Undated:
    if FIRST_YEAR <= found.day.year <= LAST_YEAR:
        return found
    return Undated(
        Reason.DATE_IMPOSSIBLE,
        f"the year {found.day.year} is no year of a decision",
        f"Write a year from {FIRST_YEAR} to {LAST_YEAR}; leave the cell empty where there is no end.",
    )


def _serial(number: float) -> Undated:
    readings = []
    if 1 <= number < 2_958_466:
        days = timedelta(days=int(number))
        readings = [(_EPOCH_1900 + days).isoformat(), (_EPOCH_1904 + days).isoformat()]
    told = f": {readings[0]} in most spreadsheets, {readings[1]} in those that count from 1904" if readings else ""
    return Undated(Reason.DATE_SERIAL, f"{number:g} is a number that a spreadsheet keeps for a day{told}")


def _without_format(text: str) -> Undated:
    """Why a text is no day where its row does not say how it is written."""
    match = _THREE.fullmatch(text)
    readings = set() if match is None else _readings(match[1], match[3], match[4])
    if len(readings) > 1:
        both = " or ".join(each.isoformat() for each in sorted(readings))
        return Undated(Reason.DATE_AMBIGUOUS, f"{shown(text)} can be {both}", _SAY_FORMAT)
    told = f" (it can only be {next(iter(readings)).isoformat()})" if readings else ""
    return Undated(
        Reason.DATE_FORMAT,
        f"{shown(text)} is not written as 2026-01-31, and no date_format says how{told}",
        _SAY_FORMAT,
    )


def _readings(first: str, second: str, third: str) -> set[date]:
    """The days that three numbers can be: year first or last, and day and month in either order."""
    found = set()
    if len(first) > 2:
        orders = [(first, second, third), (first, third, second)]
    elif len(third) > 2:
        orders = [(third, second, first), (third, first, second)]
    else:
        centuries = [str(century + int(each)) for each in (first, third) for century in (1900, 2000)]
        orders = [(centuries[0], second, third), (centuries[1], second, third)]
        orders += [(year, *rest) for year in centuries[2:] for rest in ((second, first), (first, second))]
    for year, month, day in orders:
        try:
            found.add(date(int(year), int(month), int(day)))
        except ValueError:
            continue
    return {each for each in found if FIRST_YEAR <= each.year <= LAST_YEAR}
