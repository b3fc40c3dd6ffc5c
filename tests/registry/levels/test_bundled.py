"""The bundled maps: readable, sourced, and about the countries they are to be about."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from registry.levels.bundled import bundled_maps
from registry.levels.card import level_card
from registry.levels.maps import Kind, LevelMap

MAPS = list(bundled_maps())
UNION = (
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"  # of the European Union
    " IS LI NO CH AL ME MK RS TR XK UA GB"
)


def name_of(each: LevelMap) -> str:
    return f"{each.framework} since {each.since}"


def test_the_european_frameworks_are_there() -> None:
    assert [country for country in UNION.split() if not bundled_maps().at(country, None)] == []
    assert len({each.framework for each in MAPS if each.kind is Kind.REFERENCED}) >= 30


@pytest.mark.parametrize("each", MAPS, ids=name_of)
def test_a_map_names_its_source_and_stands_in_a_file_of_its_framework(each: LevelMap) -> None:
    assert each.source.name
    assert each.file.startswith(each.framework)


def test_levels_that_were_read_in_a_source_are_told_from_those_that_were_not() -> None:
    levels = [level for each in MAPS for level in each.levels]
    assert any(level.checked for level in levels)
    assert any(not level.checked for level in levels)
    # What was checked has an address at which it was read.
    assert all(each.source.uri for each in MAPS if any(level.checked for level in each.levels))


@pytest.mark.parametrize(
    ("level", "source", "target", "year", "found"),
    [
        ("8", "IE", "DE", None, ["6"]),
        ("6", "DE", "IE", None, ["7", "8"]),
        ("I", "FR", "DE", 2015, ["7", "8"]),
        ("7", "FR", "DE", 2022, ["7"]),
        ("I", "FR", "DE", 2022, []),
        ("10", "gb-scqf", "gb-rqf", 2018, ["6"]),
        ("8", "NZ", "IE", None, []),
        ("5.2", "IS", "NO", None, ["6.1", "6.2"]),
        ("6", "eqf", "SI", None, ["7"]),
        ("7", "MY", "TH", None, ["7"]),
        ("7", "MY", "DE", None, []),
        ("e-3", "e-cf", "IE", None, ["7", "8"]),
        ("5", "sfia", "IE", None, []),
    ],
)
def test_known_cards(level: str, source: str, target: str, year: int | None, found: list[str]) -> None:
    moment = None if year is None else datetime(year, 1, 1, tzinfo=UTC)
    card = level_card(bundled_maps(), level, source=source, target=target, moment=moment)
    assert [row.here.level.code for row in card.rows] == found
    assert bool(card.unknown) is not bool(found)


def test_after_the_united_kingdom_left_its_levels_are_compared_and_no_longer_exact() -> None:
    then, now = (
        level_card(bundled_maps(), "6", source="gb-rqf", target="IE", moment=datetime(year, 1, 1, tzinfo=UTC))
        for year in (2018, 2025)
    )
    assert {row.match.value for row in then.rows} == {"exact"}
    assert {row.match.value for row in now.rows} == {"close"}


def test_of_sfia_only_the_numbers_are_here() -> None:
    (sfia,) = bundled_maps().of("sfia")
    assert [(each.code, each.name) for each in sfia.levels] == [(str(number), "") for number in range(1, 8)]
    assert "licence" in sfia.note
