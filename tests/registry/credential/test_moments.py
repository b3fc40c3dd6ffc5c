"""Dates in every form that issuers write, and that what is past is never taken for anything else."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.credential.digest import hazards
from registry.credential.moments import read_moment, stated_spans
from registry.document.reading import read_document
from registry.verify.dates import check_dates
from registry.verify.verdict import Outcome

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
END = datetime(2016, 3, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2016-03-31T00:00:00Z", END),
        ("2016-03-31t00:00:00z", END),
        ("2016-03-31T00:00Z", END),
        ("2016-03-31T00Z", None),
        ("2016-03-31 00:00:00Z", END),
        ("2016-03-31 00:00:00 +0000", END),
        ("2016-03-31T00:00:00+0000", END),
        ("2016-03-31T00:00:00+00", END),
        ("2016-03-31T02:00:00+02:00", END),
        ("20160331T000000Z", END),
        ("2016-03-30T24:00:00Z", END),
        ("2016-03-30T23:59:60Z", END),
        ("2016/03/31 00:00:00Z", END),
        ("2016-03-31T00:00:00.0000000Z", END),
        ("2016-03-31T00:00:00,000Z", END),
        ("2016-03-31T00:00:00.123456789Z", END + timedelta(microseconds=123456)),
        (1459382400, END),
        (1459382400.0, END),
        ("0001-01-01T00:00:00+14:00", datetime.min.replace(tzinfo=UTC)),
        ("9999-12-31T23:59:59-14:00", datetime.max.replace(tzinfo=UTC)),
    ],
)
def test_one_moment(written: object, moment: datetime | None) -> None:
    span = read_moment(written)
    if moment is None:
        assert span is None
    else:
        assert span == (moment, moment, True)


@pytest.mark.parametrize(
    ("written", "first", "last"),
    [
        ("2016-03-31", "2016-03-30T10", "2016-04-01T12"),
        ("20160331", "2016-03-30T10", "2016-04-01T12"),
        ("2016/03/31", "2016-03-30T10", "2016-04-01T12"),
        ("31.03.2016", "2016-03-30T10", "2016-04-01T12"),
        ("03/31/2016", "2016-03-30T10", "2016-04-01T12"),
        ("03/04/2016", "2016-03-03T10", "2016-04-04T12"),
        ("2016-03-31T00:00:00", "2016-03-30T10", "2016-03-31T12"),
        ("2016-03", "2016-02-29T10", "2016-04-01T12"),
        ("2016-12", "2016-11-30T10", "2017-01-01T12"),
        ("2016", "2015-12-31T10", "2017-01-01T12"),
        ("1459382400", "2016-03-31T00", "2016-03-31T00"),
    ],
)
def test_a_date_without_a_zone_is_every_moment_it_may_be(written: str, first: str, last: str) -> None:
    span = read_moment(written)
    assert span == (*(datetime.fromisoformat(f"{each}:00:00+00:00") for each in (first, last)), False)


@pytest.mark.parametrize(
    "written",
    ["", "soon", "2016-02-30", "2016-03-31T25:00:00Z", "2016-03-31T24:00:01Z", "2016-03-31T00:60:00Z", "16-03-31",
     "2016-03-31T00:00:00+24:00", "٢٠١٦-٠٣-٣١", "99/99/2016", True, {}, {"value": "x"}, 1e18, "2016-03-31T00:00:00Z!"],
)  # fmt: skip
def test_what_is_no_date(written: object) -> None:
    assert read_moment(written) is None


def test_several_values_are_several_moments() -> None:
    value = [{"@value": "2016-03-31T00:00:00Z", "@type": "xsd:dateTime"}, "soon", None]
    assert sorted(span is None for span in stated_spans(value)) == [False, True]
    assert list(stated_spans(["2016-03-31T00:00:00Z"] * 100))[-1] is None
    assert list(stated_spans(None)) == []
    assert list(stated_spans([])) == [None]


PAST: list[Any] = [
    "2016-03-31T00:00Z", "2016-03-31T00:00:00+0000", "2016-03-31T00:00:00+00", "2016-03-31", "20161231T000000Z",
    1422289910, 1422289910.5, -1, "1422289910", "2016-03-31T00:00:00.1234567Z", "2016-03-31 00:00:00", "2016/03/31",
    "2016-03-31T24:00:00Z", "2016-06-30T23:59:60Z", {"@value": "2016-03-31T00:00:00Z"}, ["2016-03-31T00:00:00Z"],
    ["2066-03-31T00:00:00Z", "2016-03-31T00:00:00Z"], "31/03/2016", "2016-03", "2016",
]  # fmt: skip
UNCLEAR: list[Any] = [
    1483142400000, "1483142400000", "March 31, 2016", "Thu, 31 Mar 2016 00:00:00 GMT", "2016-W13-4", {"value": "2016"},
    ["2016-03-31T00:00:00Z!"], True, "2026-03-01", "2016-02-30", [],
]  # fmt: skip


@pytest.mark.parametrize("name", ["validUntil", "expirationDate", "expires", "expiryDate"])
@pytest.mark.parametrize("written", [*PAST, *UNCLEAR], ids=str)
def test_what_is_past_is_expired_or_could_not_be_checked(written: object, name: str) -> None:
    """`testamur check` and verdicts read dates alike."""
    document = {"type": "VerifiableCredential", name: written}
    check = check_dates(read_document(_json(document), "a.json"), NOW)
    is_past = written in PAST and written is not True
    assert (check.outcome, check.code) == (
        (Outcome.FAIL, "expired") if is_past else (Outcome.UNKNOWN, "date-unclear")
    ), check.text
    told = [hazard.code for hazard in hazards(document, at=NOW)]
    assert ("expired" in told) == is_past
    assert is_past or "unclear-date" in told


@given(
    st.datetimes(min_value=datetime(1000, 1, 1), max_value=datetime(9998, 1, 1), timezones=st.just(UTC)),
    st.integers(-14 * 60, 14 * 60),
    st.sampled_from(["T", " ", "t"]),
    st.sampled_from(["-", "", "/"]),
    st.sampled_from([":", ""]),
)
def test_every_form_of_a_moment_is_it(moment: datetime, offset: int, between: str, dash: str, colon: str) -> None:
    moment = moment.replace(microsecond=0)
    local = moment + timedelta(minutes=offset)
    zone = f"{'-' if offset < 0 else '+'}{abs(offset) // 60:02}{colon}{abs(offset) % 60:02}"
    written = local.strftime(f"%m{dash}%d{between}%H:%M:%S{zone}")
    assert read_moment(f"{local.year:04}{dash}{written}") == (moment, moment, True)


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode()
