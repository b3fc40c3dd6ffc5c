"""A level card says what stands beside a common level, by whose report and of when, or why nothing is known."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.levels.card import Gap, LevelCard, level_card
from registry.levels.maps import LevelMap, LevelMaps, Match
from registry.levels.reading import read_map
from tests.registry.levels.files import eqf, written


def at(year: int) -> datetime:
    return datetime(year, 7, 1, tzinfo=UTC)


def national(framework: str, country: str, rows: list[dict[str, Any]], **members: Any) -> LevelMap:
    return read_map(written(rows, framework=framework, countries=[country], **members), f"{framework}.toml")


TEN = national("ie-nfq", "IE", eqf(1, 1, 2, 3, 4, 5, 6, 6, 7, 8))
EIGHT = national("de-dqr", "DE", eqf(1, 2, 3, 4, 5, 6, 7, 8), since="2012", referenced="2012")
BROAD = national("fr-old", "FR", [{"code": "I", "eqf": [7, 8], "match": "close"}], until="2019")
NEW = national("fr-old", "FR", eqf(1, 2, 3, 4, 5, 6, 7, 8), since="2019")
OTHER = national("my-mqf", "MY", [{"code": "7", "aqrf": 7}], against="aqrf")
SILENT = national("za-nqf", "ZA", [{"code": "7"}], kind="none", referenced=None)
MAPS = LevelMaps([TEN, EIGHT, BROAD, NEW, OTHER, SILENT])


def shown(card: LevelCard) -> list[tuple[str, str, str]]:
    return [(row.here.map.framework, row.here.level.code, row.match.value) for row in card.rows]


def test_a_level_is_comparable_with_what_stands_beside_the_same() -> None:
    assert shown(level_card(MAPS, "8", source="IE", target="DE")) == [("de-dqr", "6", "exact")]
    assert shown(level_card(MAPS, "6", source="de-dqr", target="ie-nfq")) == [
        ("ie-nfq", "7", "exact"),
        ("ie-nfq", "8", "exact"),
    ]


def test_of_a_broad_level_nothing_is_exact() -> None:
    card = level_card(MAPS, "I", source="FR", target="DE", moment=at(2015))
    assert shown(card) == [("de-dqr", "7", "close"), ("de-dqr", "8", "close")]


@pytest.mark.parametrize(
    ("level", "year", "found"), [("I", 2015, True), ("I", 2022, False), ("7", 2015, False), ("7", 2022, True)]
)
def test_the_map_of_the_time_asked_for_counts(level: str, year: int, found: bool) -> None:
    assert bool(level_card(MAPS, level, source="FR", target="DE", moment=at(year)).rows) is found


def test_with_no_time_asked_for_the_map_without_an_end_counts() -> None:
    assert level_card(MAPS, "I", source="FR", target="DE").unknown[0].code is Gap.NO_LEVEL


@pytest.mark.parametrize(
    ("asked", "code", "why"),
    [
        (("7", "XX", "DE", None), Gap.NO_FRAMEWORK, "no framework of XX is known here"),
        (("7", "DE", "YY", None), Gap.NO_FRAMEWORK, "no framework of YY is known here"),
        (("6", "DE", "IE", 2005), Gap.NOT_THEN, "the maps of DE are about other times: from 2012"),
        (("11", "IE", "DE", None), Gap.NO_LEVEL, "no framework of IE that is known here has a level 11"),
        (("7", "ZA", "DE", None), Gap.NOT_BESIDE, "no comparison of level 7 of A framework with EQF is on record"),
        (("7", "DE", "ZA", None), Gap.NOT_BESIDE, "no comparison of A framework with EQF is on record"),
        (("7", "DE", "MY", None), Gap.NO_COMMON, "A framework was compared with AQRF, and A framework with EQF"),
        (("1", "DE", "fr-old", 2015), Gap.NO_LEVEL_THERE, "no level of A framework stands beside EQF level 1"),
    ],
    ids=lambda each: each[0] + each[1] + each[2] if isinstance(each, tuple) else None,
)
def test_what_is_not_known_says_why(asked: tuple[str, str, str, int | None], code: Gap, why: str) -> None:
    level, source, target, year = asked
    card = level_card(MAPS, level, source=source, target=target, moment=None if year is None else at(year))
    assert card.rows == ()
    assert (code, why) in [(each.code, each.why) for each in card.unknown]


@pytest.mark.parametrize(
    ("checked", "why"),
    [
        (True, "level 2 of A framework stands beside no level of EQF"),
        (False, "which level of EQF level 2 of A framework stands beside is not known here"),
    ],
)
def test_a_level_beside_none_is_told_from_one_of_which_that_is_not_known(checked: bool, why: str) -> None:
    known = LevelMaps([national("ie-nfq", "IE", [*eqf(1), {"code": "2", "checked": checked}]), EIGHT])
    card = level_card(known, "2", source="IE", target="DE")
    assert [(each.code, each.why) for each in card.unknown] == [(Gap.NOT_BESIDE, why)]


def test_a_card_names_report_source_and_dates_and_never_says_more_than_comparable() -> None:
    told = level_card(MAPS, "8", source="IE", target="DE", moment=at(2020)).to_dict()
    assert (told["type"], told["version"], told["at"]) == ("TestamurLevelCard", 1, "2020-07-01T00:00:00Z")
    (row,) = told["here"]
    assert (row["relation"], row["relationMatch"]) == ("comparable", "exact")
    assert row["to"] == {"framework": "ie-nfq", "level": "8"}
    assert (row["referenced"], row["report"]["title"], row["source"]["read"]) == ("2012", "A report", "2020-01-02")
    assert "equivalen" not in str(told).casefold()


BESIDE = st.tuples(st.integers(1, 8), st.integers(1, 8)).map(lambda ends: (min(ends), max(ends)))


@st.composite
def maps(draw: st.DrawFn, framework: str, country: str) -> LevelMap:
    drawn = draw(st.lists(BESIDE, min_size=1, max_size=6))
    beside = list(zip(sorted(low for low, _ in drawn), sorted(high for _, high in drawn), strict=True))
    rows: list[dict[str, Any]] = []
    for number, (low, high) in enumerate(beside, 1):
        if draw(st.booleans()):
            rows.append({"code": str(number), "eqf": [low, high], "match": "close"})
        elif low == high:
            rows.append({"code": str(number), "eqf": low, "match": "exact"})
        else:
            rows.append({"code": str(number)})
    return national(framework, country, rows)


def relation(known: LevelMaps, source: str, target: str) -> set[tuple[str, str, Match]]:
    """All that cards say, as pairs of a level of IE and one of DE."""
    found = set()
    for level in known.of(source)[0].levels:
        for row in level_card(known, level.code, source=source, target=target).rows:
            pair = (row.there.level.code, row.here.level.code)
            found.add((*(pair if source == "IE" else pair[::-1]), row.match))
    return found


@given(maps("ie-nfq", "IE"), maps("de-dqr", "DE"))
def test_a_card_is_symmetric_and_invents_nothing(one: LevelMap, other: LevelMap) -> None:
    known = LevelMaps([one, other])
    slow = {
        (a.code, b.code, Match.EXACT if a.match is b.match is Match.EXACT else Match.CLOSE)
        for a in one.levels
        for b in other.levels
        if a.beside and b.beside and set(range(a.beside[0], a.beside[1] + 1)) & set(range(b.beside[0], b.beside[1] + 1))
    }
    assert relation(known, "IE", "DE") == slow
    assert relation(known, "DE", "IE") == slow


@given(maps("ie-nfq", "IE"), maps("de-dqr", "DE"), st.sampled_from(["1", "2", "3", "4", "5", "6", "7"]))
def test_a_card_without_rows_always_says_why(one: LevelMap, other: LevelMap, level: str) -> None:
    card = level_card(LevelMaps([one, other]), level, source="IE", target="DE")
    assert card.rows or card.unknown
