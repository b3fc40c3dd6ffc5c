"""Days are never guessed: by the format that a row says, or as 2026-01-31, and anything else is told with why."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.quality.dates import FIRST_YEAR, LAST_YEAR, Dated, Undated, assumed_end, last_day_held, read_day
from registry.quality.rows import Reason, Value

DAYS = st.dates(date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 31))
FORMATS = ("%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y%m%d", "%Y/%d/%m")


@given(DAYS, st.sampled_from(FORMATS))
def test_a_format_is_obeyed(day: date, form: str) -> None:
    text = form.replace("%Y", f"{day.year:04d}").replace("%m", f"{day.month:02d}").replace("%d", f"{day.day:02d}")
    found = read_day(text, form)
    assert isinstance(found, Dated)
    assert found.day == day


@given(DAYS, st.sampled_from([form for form in FORMATS if form != "%Y/%d/%m"]))
def test_without_a_format_only_iso_is_taken(day: date, form: str) -> None:
    assert read_day(day.isoformat()) == Dated(day)
    text = form.replace("%Y", f"{day.year:04d}").replace("%m", f"{day.month:02d}").replace("%d", f"{day.day:02d}")
    found = read_day(text)
    if form == "%Y-%m-%d":
        assert found == Dated(day)
    else:
        assert isinstance(found, Undated)
        is_ambiguous = form != "%Y%m%d" and day.day <= 12 and day.day != day.month
        assert (found.reason is Reason.DATE_AMBIGUOUS) == is_ambiguous


def test_five_formats_in_one_column_are_judged_each_by_itself() -> None:
    column: list[Value] = ["2018-07-22", "03/04/2024", "41782.0", "31.12.2015", " 2010-10-10"]
    found = [read_day(each) for each in column]
    assert [each.day if isinstance(each, Dated) else each.reason for each in found] == [
        date(2018, 7, 22),
        Reason.DATE_AMBIGUOUS,
        Reason.DATE_SERIAL,
        Reason.DATE_FORMAT,
        date(2010, 10, 10),
    ]


def test_both_readings_of_an_ambiguous_date_are_told() -> None:
    found = read_day("03/04/2024")
    assert isinstance(found, Undated)
    assert "2024-03-04 or 2024-04-03" in found.what
    two_digits = read_day("03/04/05")
    assert isinstance(two_digits, Undated)
    assert two_digits.reason is Reason.DATE_AMBIGUOUS


@pytest.mark.parametrize("value", [41782, 41782.0, "41782", "41782.0", "41782.5"], ids=str)
def test_a_serial_number_is_refused_with_both_days_that_it_can_be(value: Value) -> None:
    found = read_day(value, "%Y-%m-%d" if isinstance(value, str) else "")
    assert isinstance(found, Undated)
    assert found.reason is Reason.DATE_SERIAL
    assert "2014-05-23" in found.what
    assert "2018-05-24" in found.what


@pytest.mark.parametrize(
    ("value", "form", "reason"),
    [
        ("2015-02-30", "", Reason.DATE_IMPOSSIBLE),
        ("2015-13-01", "", Reason.DATE_IMPOSSIBLE),
        ("30/02/2015", "%d/%m/%Y", Reason.DATE_IMPOSSIBLE),
        ("0215-01-01", "", Reason.DATE_IMPOSSIBLE),
        ("9999-12-31", "", Reason.DATE_IMPOSSIBLE),
        ("31 December 2015", "", Reason.DATE_FORMAT),
        ("2018-07-22T20:44:32", "", Reason.DATE_FORMAT),
        ("01.01.2015", "%d", Reason.DATE_FORMAT),
        ("12/2015", "%m/%Y", Reason.DATE_FORMAT),
        ("01.02.2015", "%d/%m/%Y", Reason.DATE_FORMAT),
        ("2015-01-31", "%Y-%d-%m", Reason.DATE_IMPOSSIBLE),
        (datetime(2015, 1, 31, 8, 30), "", Reason.DATE_FORMAT),
        (time(8, 30), "", Reason.DATE_FORMAT),
        (timedelta(days=1), "", Reason.DATE_FORMAT),
        (True, "", Reason.DATE_FORMAT),
        ("٢٠١٥-٠١-٣١", "", Reason.DATE_FORMAT),
        ("", "", Reason.DATE_FORMAT),
    ],
    ids=str,
)
def test_what_is_no_day_is_told_with_its_reason(value: Value, form: str, reason: Reason) -> None:
    found = read_day(value, form)
    assert isinstance(found, Undated)
    assert found.reason is reason


@pytest.mark.parametrize(
    ("value", "form", "day"),
    [
        (date(2015, 1, 31), "", date(2015, 1, 31)),
        (datetime(2015, 1, 31), "%Y-%d-%m", date(2015, 1, 31)),
        ("2015-01-31 00:00:00", "", date(2015, 1, 31)),
        ("2015-01-31T00:00:00", "%Y-%m-%d", date(2015, 1, 31)),
        ("1/2/2020", "%d/%m/%Y", date(2020, 2, 1)),
        ("1/2/2020", "%-d/%-m/%Y", date(2020, 2, 1)),
        ("04/01/14", "%d/%m/%y", date(2014, 1, 4)),
        ("04/01/85", "%d/%m/%y", date(1985, 1, 4)),
        ("31.01.2015", "DD.MM.YYYY", date(2015, 1, 31)),
    ],
    ids=str,
)
def test_days_are_read_as_they_are_written(value: Value, form: str, day: date) -> None:
    found = read_day(value, form)
    assert isinstance(found, Dated)
    assert found.day == day


def test_iso_is_taken_beside_another_format_and_it_is_said() -> None:
    assert read_day("2015-01-31", "%d/%m/%Y") == Dated(date(2015, 1, 31), otherwise=True)


def test_an_end_is_assumed_after_six_years_and_the_last_day_still_holds() -> None:
    assert assumed_end(date(2015, 1, 15)) == date(2021, 1, 15)
    assert assumed_end(date(2020, 2, 29)) == date(2026, 3, 1)
    assert last_day_held(date(2020, 12, 31)) == date(2021, 1, 1)
    assert last_day_held(date.max) is None


@given(st.text(max_size=30), st.text(max_size=12))
def test_whatever_stands_in_a_cell_is_a_day_or_told(value: str, form: str) -> None:
    found = read_day(value, form)
    assert isinstance(found, Dated) or found.what
