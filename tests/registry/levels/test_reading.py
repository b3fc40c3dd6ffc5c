"""A level map is read strictly, and one that contradicts itself is refused with every reason, by entry."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.levels.maps import Kind, LevelMap, Match
from registry.levels.reading import MAX_BYTES, MapRefused, read_map, read_maps
from tests.registry.levels.files import REPORT, SOURCE, eqf, written

GOOD = eqf(1, 2, 3, 4, 5, 6, 7, 8)


def refused(content: bytes) -> list[str]:
    with pytest.raises(MapRefused) as told:
        read_map(content, "xx.toml")
    assert told.value.code == "level-map"
    assert told.value.remedy is not None
    return [f"{each.entry}: {each.reason}" for each in told.value.faults]


def test_a_map_is_read_with_all_it_says() -> None:
    rows = [{"code": "1", "eqf": 1, "name": "First"}, {"code": "2+", "eqf": [2, 3], "match": "close", "checked": False}]
    read = read_map(written(rows, until="2021-02", note="Of one part."), "xx.toml")
    assert (read.framework, read.countries, read.kind, read.against) == ("xx-nqf", ("IE",), Kind.REFERENCED, "eqf")
    assert [(each.code, each.name, each.beside, each.match, each.checked) for each in read.levels] == [
        ("1", "First", (1, 1), Match.EXACT, True),
        ("2+", "", (2, 3), Match.CLOSE, False),
    ]
    assert (read.since, read.until, read.referenced, read.source.read) == ("2010", "2021-02", "2010-06", "2020-01-02")
    assert read.report.to_dict() == REPORT
    assert read.note == "Of one part."


CONTRADICTIONS: dict[str, tuple[bytes, str]] = {
    "one level on two": (
        written([*eqf(1, 2), {"code": "2", "eqf": 3}]),
        "level 2: the code stands there twice, beside different levels; write a range such as [4, 5]",
    ),
    "one code twice": (written([*eqf(1, 2), {"code": "2", "eqf": 2}]), "level 2: the code stands there twice"),
    "an exact range": (
        written([{"code": "1", "eqf": [4, 5]}]),
        "level 1: it stands beside 4 to 5, which is close and not exact",
    ),
    "an order that turns": (written(eqf(1, 3, 2)), "level 3: it stands below level 2, and the order of the levels"),
    "a range that turns": (written([{"code": "1", "eqf": [5, 4], "match": "close"}]), "the lowest level, 5, is above"),
    "outside": (written(eqf(1, 9)), "level 2: eqf is a level from 1 to 8"),
    "zero": (written(eqf(0)), "level 1: eqf is a level from 1 to 8"),
    "no number": (written([{"code": "1", "eqf": True}]), "level 1: eqf is a level from 1 to 8"),
    "three ends": (written([{"code": "1", "eqf": [1, 2, 3]}]), "level 1: eqf is a level from 1 to 8"),
    "beside none, with a level": (written([{"code": "1", "eqf": 1, "match": "none"}]), "it stands beside a level"),
    "ends before it begins": (written(GOOD, until="2009"), "until: it ends on 2009, and begins on 2010"),
    "ends as it begins": (written(GOOD, until="2010-01-01"), "until: it ends on 2010-01-01"),
    "ended before it was referenced": (written(GOOD, until="2010-05"), "until: it ended on 2010-05, before its levels"),
    "referenced after it was read": (written(GOOD, referenced="2021"), "referenced: 2021 is after the day"),
    "a report of later": (written(GOOD, report={**REPORT, "dated": "2022"}), "report.dated: 2022 is after the day"),
    "never referenced": (written(GOOD, referenced=None), "referenced: a map that rests on a report says when"),
    "no report": (written(GOOD, report={}), "report.title: a map that rests on a report names it"),
    "no country": (written(GOOD, countries=[]), "countries: a map of a national framework names its country"),
    "an exact comparison": (written(GOOD, kind="comparison"), "level 1: a map of the kind comparison is never exact"),
    "none, and beside": (
        written(GOOD, kind="none", referenced=None, match="close"),
        "level 1: a map of the kind none puts no level beside another",
    ),
    "a crooked reference": (
        written(eqf(1, 3), kind="reference", referenced=None),
        "levels: each level of a reference framework stands beside itself",
    ),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_what_contradicts_itself_is_refused_by_entry(name: str) -> None:
    content, reason = CONTRADICTIONS[name]
    assert any(reason in each for each in refused(content)), refused(content)


MALFORMED: dict[str, tuple[bytes, str]] = {
    "no TOML": (b"framework = ", "it cannot be read as TOML"),
    "no UTF-8": (b"name = '\xff'", "it is not UTF-8"),
    "too long": (b"#" * (MAX_BYTES + 1), "at most 262,144 are read"),
    "deep": (b"a = " + b"[" * 5_000, "it cannot be read as TOML"),
    "a misspelt member": (written(GOOD, untill="2020"), "there is no member 'untill'"),
    "a misspelt member of a level": (written([{"code": "1", "eqf": 1, "eqv": 2}]), "there is no member 'eqv'"),
    "another reference": (written([{"code": "1", "aqrf": 1}]), "there is no member 'aqrf'"),
    "an unknown reference": (written(GOOD, against="isced"), "against: it is one of eqf, aqrf, sadcqf"),
    "a name with an escape": (written(GOOD, name="A\x1b[31m"), "name is text of at most 500 characters"),
    "a hidden sign": (written(GOOD, name="A\u200bB"), "name"),
    "a name that turns around": (written(GOOD, name="A\u202eB"), "name"),
    "a long name": (written(GOOD, name="A" * 501), "name is text of at most 500 characters"),
    "no name": (written(GOOD, name=" "), "name is missing"),
    "a framework with spaces": (written(GOOD, framework="my own"), "framework: it is written in small letters"),
    "a code that is long": (written([{"code": "1" * 30, "eqf": 1}]), "its code is text of at most 20"),
    "a level that is a number": (written([{"code": 1, "eqf": 1}]), "its code is text of at most 20"),
    "no levels": (written([]), "levels: a map has a list of levels"),
    "many levels": (written([{"code": str(each), "eqf": 1} for each in range(41)]), "at most 40 are read"),
    "an unknown country": (written(GOOD, countries=["ZZ"]), "countries: a list of countries"),
    "a country twice": (written(GOOD, countries=["IE", "IE"]), "a country stands there twice"),
    "a day that is none": (written(GOOD, since="2010-02-30"), "since is written as"),
    "a day of another calendar": (written(GOOD, since="２０１０"), "since is written as"),
    "an unknown kind": (written(GOOD, kind="equivalent"), "kind is one of"),
    "a link that runs": (written(GOOD, source={**SOURCE, "uri": "javascript:alert(1)"}), "uri begins with https://"),
    "no source": (written(GOOD, source={}), "source.name"),
    "a report that is none": (written(GOOD, report=[]), "report: it is a table"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_no_map_is_refused(name: str) -> None:
    content, reason = MALFORMED[name]
    assert any(reason in each for each in refused(content)), refused(content)


def test_all_that_is_wrong_is_told_at_once() -> None:
    rows = [{"code": "1", "eqf": 9}, {"code": "", "eqf": 1}, {"code": "3", "eqf": [2, 1], "match": "close"}]
    assert len(refused(written(rows, name="", until="x"))) == 5


def test_a_kosovan_map_has_the_code_that_the_commission_writes() -> None:
    assert read_map(written(GOOD, countries=["XK"]), "xk.toml").countries == ("XK",)


def test_one_bad_map_keeps_out_no_good_one() -> None:
    good, bad = written(GOOD), written(eqf(2, 1), framework="bad")
    maps, faults = read_maps([("bad.toml", bad), ("good.toml", good)])
    assert [each.framework for each in maps] == ["xx-nqf"]
    assert [(each.file, each.entry) for each in faults] == [("bad.toml", "level 2")]


@pytest.mark.parametrize(
    ("first", "second", "stay"),
    [
        (("2010", None), ("2015", None), 1),
        (("2010", "2015"), ("2015", None), 2),
        (("2010", "2015-01-02"), ("2015", None), 1),
        (("2015", None), ("2010", "2015"), 2),
        (("2010", "2020"), ("2012", "2013"), 1),
    ],
    ids=["both open", "one after the other", "a day in both", "the later one first", "one within the other"],
)
def test_of_two_that_are_about_one_day_the_first_stays_and_both_are_told(
    first: tuple[str, str | None], second: tuple[str, str | None], stay: int
) -> None:
    files = [
        (name, written(GOOD, since=since, until=until, referenced="2010"))
        for name, (since, until) in (("a.toml", first), ("b.toml", second))
    ]
    maps, faults = read_maps(files)
    assert len(maps) == stay
    assert [each.file for each in faults] == ["b.toml"] * (2 - stay)
    assert all("a.toml is about xx-nqf at the same time" in each.reason for each in faults)


CODES = st.sampled_from(["1", "2", "3", "4+", "5.1"])
NUMBERS = st.integers(min_value=0, max_value=9)
ROWS = st.lists(
    st.tuples(CODES, st.one_of(st.none(), NUMBERS, st.tuples(NUMBERS, NUMBERS)), st.sampled_from(["exact", "close"])),
    min_size=1,
    max_size=5,
)
DATES = st.sampled_from(["2009", "2010-01-01", "2010-06", "2015", "2020-01-02", "2020-01-03", "2021"])


def contradictory(rows: list[tuple[str, Any, str]], since: str, until: str | None, referenced: str) -> bool:
    """The slow reference: every pair of levels is looked at, and days are compared as text of one length."""

    def day(text: str) -> str:
        return text + "-01-01"[len(text) - 4 :]

    beside = [(each, each) if isinstance(each, int) else each for _, each, _ in rows if each is not None]
    return (
        len({code for code, _, _ in rows}) < len(rows)
        or any(not 1 <= low <= high <= 8 for low, high in beside)
        or any(low != high and match == "exact" for (low, high), match in _compared(rows))
        or any(later[0] < former[0] or later[1] < former[1] for former, later in _pairs(beside))
        or (until is not None and (day(until) <= day(since) or day(until) <= day(referenced)))
        or day(referenced) > "2020-01-02"
    )


def _compared(rows: list[tuple[str, Any, str]]) -> list[tuple[tuple[int, int], str]]:
    return [((each, each) if isinstance(each, int) else each, match) for _, each, match in rows if each is not None]


def _pairs(beside: list[tuple[int, int]]) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    assert list(pairwise(beside)) == [(beside[at], beside[at + 1]) for at in range(len(beside) - 1)]
    return [(beside[first], beside[second]) for second in range(len(beside)) for first in range(second)]


@given(ROWS, DATES, st.one_of(st.none(), DATES), DATES)
def test_contradictions_are_always_found_and_nothing_else_is_called_one(
    rows: list[tuple[str, Any, str]], since: str, until: str | None, referenced: str
) -> None:
    levels = [
        {"code": code, "match": match} | ({} if beside is None else {"eqf": beside}) for code, beside, match in rows
    ]
    content = written(levels, since=since, until=until, referenced=referenced)
    read: LevelMap | None
    try:
        read = read_map(content, "xx.toml")
    except MapRefused:
        read = None
    assert (read is None) == contradictory(rows, since, until, referenced)


@given(st.binary(max_size=300))
def test_no_bytes_make_it_fail_otherwise(content: bytes) -> None:
    with pytest.raises(MapRefused):
        read_map(content, "xx.toml")
