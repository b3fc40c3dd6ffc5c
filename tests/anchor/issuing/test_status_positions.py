"""Positions in named lists: random, given out once, also to two at a time, and bound to one credential each."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

import anchor.books.status_positions as books
from anchor.books.status_positions import PositionStore, positions_of
from anchor.issuing.status_positions import Positions
from registry.database.engine import open_database
from registry.errors import RegistryError
from registry.formats.statuslist import LIST_BITS, Purpose
from registry.merkle.positionfile import ListName
from tests.postgres import empty_postgres_url as postgres_url
from tests.postgres import postgres_server

__all__ = ["postgres_server", "postgres_url"]

CHAIN, CONTRACT = "eip155:5", "0x5FbDB2315678afecb367f032d93F642f64180aa3"
PUBLIC = "https://registry.example/"


def digest(number: int) -> bytes:
    return sha256(number.to_bytes(4, "big")).digest()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{tmp_path / 'testamur.db'}"


@pytest.fixture
def engine(url: str) -> Iterator[Any]:
    opened = open_database(url)
    yield opened
    opened.dispose()


@pytest.fixture
def positions(engine: Any) -> Positions:
    return Positions(engine, CHAIN, CONTRACT, 7, PUBLIC)


def test_positions_are_random_and_drawn_once(positions: Positions) -> None:
    drawn = positions.draw(1200) + positions.draw(300)
    assert len(set(drawn)) == 1500
    assert {position.list for position in drawn} == {drawn[0].list}
    assert all(0 <= position.index < LIST_BITS for position in drawn)
    # As they come they are in no order, so the order of the documents cannot be told from them.
    indices = [position.index for position in drawn]
    rises = sum(a < b for a, b in pairwise(indices))
    assert 600 < rises < 900
    assert positions.draw(0) == []


def test_a_full_list_is_followed_by_another(positions: Positions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(books, "MOST_DRAWN", 5)
    drawn = positions.draw(3) + positions.draw(9)
    by_list: dict[UUID, set[int]] = {}
    for position in drawn:
        by_list.setdefault(position.list, set()).add(position.index)
    assert [len(indices) for indices in by_list.values()] == [5, 5, 2]


def test_positions_are_given_out_once_where_nearly_all_are_taken(
    positions: Positions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(books, "LIST_BITS", 64)
    monkeypatch.setattr(books, "MOST_DRAWN", 64)
    assert {position.index for position in positions.draw(40) + positions.draw(24)} == set(range(64))


def test_two_processes_never_draw_the_same(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(books, "LIST_BITS", 256)
    monkeypatch.setattr(books, "MOST_DRAWN", 128)
    open_database(url).dispose()

    def draw(_: int) -> list[Any]:
        engine = open_database(url)
        try:
            return [each for _ in range(8) for each in PositionStore(engine, CHAIN, CONTRACT).draw(7, 8)]
        finally:
            engine.dispose()

    with ThreadPoolExecutor(4) as pool:
        drawn = [each for some in pool.map(draw, range(4)) for each in some]
    assert len(set(drawn)) == len(drawn) == 256


def test_a_position_is_one_credentials(engine: Any, positions: Positions) -> None:
    first, second, third = positions.draw(3)
    positions.bind([(first, digest(1)), (second, digest(2))])
    positions.bind([(first, digest(1))])
    mine = ListName(first.list, 7)
    known = {digest(1): (mine, first.index), digest(2): (mine, second.index)}
    assert positions_of(engine, [digest(1), digest(2), digest(3)]) == known
    # All or nothing: the third is not given out beside a position that is taken.
    with pytest.raises(RegistryError) as refused:
        positions.bind([(third, digest(3)), (first, digest(4))])
    assert refused.value.code == "position-taken"
    assert positions_of(engine, [digest(3), digest(4)]) == {}


@pytest.mark.parametrize("foreign", [(8, CHAIN, CONTRACT), (7, "eip155:1", CONTRACT), (7, CHAIN, "0x" + "11" * 20)])
def test_positions_of_others_are_refused(engine: Any, positions: Positions, foreign: tuple[int, str, str]) -> None:
    issuer, chain, contract = foreign
    other = Positions(engine, chain, contract, issuer, PUBLIC)
    [drawn] = positions.draw(1)
    with pytest.raises(RegistryError):
        other.bind([(drawn, digest(1))])
    assert positions_of(engine, [digest(1)]) == {}
    assert other.draw(1)[0].list != drawn.list


@pytest.mark.parametrize("purposes", [["revocation"], ["suspension"], ["revocation", "suspension"]])
def test_the_entries_of_a_credential(engine: Any, purposes: list[str]) -> None:
    positions = Positions(engine, CHAIN, CONTRACT, 7, PUBLIC, purposes=[*map(Purpose, purposes)])
    [drawn] = positions.draw(1)
    base = f"https://registry.example/v1/status-lists/7/named/{drawn.list}"
    assert positions.entries(drawn) == [
        {
            "id": f"{base}/{purpose}#{drawn.index}",
            "type": "BitstringStatusListEntry",
            "statusPurpose": purpose,
            "statusListIndex": str(drawn.index),
            "statusListCredential": f"{base}/{purpose}",
        }
        for purpose in purposes
    ]


def test_it_is_of_revocation_where_nothing_else_is_said(positions: Positions) -> None:
    [entry] = positions.entries(positions.draw(1)[0])
    assert entry["statusPurpose"] == "revocation"
