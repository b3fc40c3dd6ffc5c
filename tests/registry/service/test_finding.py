"""Lookups of many requests together: the same answers as one by one, and never more waiting than can be answered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import obstore
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import URL, Engine, create_engine, text
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient

from registry.database.engine import open_database
from registry.index import leaf_groups
from registry.index.leaf_groups import LeafGroups
from registry.index.reader import Index
from registry.service import finding
from registry.service.app import create_app
from registry.service.finding import Finder
from registry.service.service import Service
from registry.trees.open import open_trees
from tests.postgres import TEMPLATE, fresh_database
from tests.registry.service.conftest import (
    ACCOUNT,
    CHAIN,
    CONTRACT,
    LARGE,
    SECOND,
    VOIDED,
    Stand,
    credential,
    told,
)
from tests.s3 import S3Server, s3_server

UNKNOWN = [credential(3000), *(credential(4000 + number) for number in range(3))]
ASKED = [*LARGE[:30], *SECOND, *VOIDED, *UNKNOWN]
QUERIES = ["", "?issuer=1", "?issuer=2", "?issuer=9", "?method=jcs", "?issuer=none"]
QUESTIONS = st.lists(st.tuples(st.sampled_from(ASKED), st.sampled_from(QUERIES)), min_size=1, max_size=80)


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory, postgres_server: URL) -> Iterator[Stand]:
    """The history on PostgreSQL, of which every answer is as of one moment; some is said of digests by themselves."""
    with fresh_database(postgres_server, TEMPLATE) as url:
        engine = open_database(url)
        yield _known(tmp_path_factory.mktemp("known"), engine)
        engine.dispose()


def _known(folder: Path, engine: Engine) -> Stand:
    stand, _ = told(folder, engine)
    for name, digest, issuer in (
        ("DigestRevoked", LARGE[3], 1),
        ("DigestSuspended", LARGE[4], 1),
        ("DigestRevoked", LARGE[5], 2),
        ("DigestRevoked", UNKNOWN[1], 1),
    ):
        stand.mine((name, {"issuer": issuer, "digest": digest, "reason": 4, "controller": ACCOUNT}))
    return stand


@asynccontextmanager
async def running(service: Service) -> AsyncIterator[tuple[Finder, Callable[[str], httpx.AsyncClient]]]:
    """The service as it runs in a server, and whoever asks it from an address."""
    app = create_app(service)

    def client(address: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(address, 1))
        return httpx.AsyncClient(transport=transport, base_url="http://lookup.example")

    async with service.opened():
        assert service.finder is not None
        yield service.finder, client


@contextmanager
def stuck(stand: Stand) -> Iterator[None]:
    """Nobody can read where digests are: who asks waits."""
    with stand.engine.begin() as connection:
        connection.execute(text("LOCK TABLE indexed_leaf IN ACCESS EXCLUSIVE MODE"))
        yield


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.005)


def path_of(digest: bytes, query: str = "") -> str:
    return f"/v1/credentials/{digest.hex()}{query}"


def said(answer: httpx.Response) -> tuple[int, list[tuple[str, str]], bytes]:
    return answer.status_code, answer.headers.multi_items(), answer.content


def test_a_server_has_it_open_as_long_as_it_runs(known: Stand) -> None:
    service = Service(known.index, known.trees)
    with TestClient(create_app(service)) as client:
        assert service.finder is not None
        assert client.get(path_of(LARGE[0])).status_code == 200
    assert service.finder is None


@given(questions=QUESTIONS)
def test_answers_are_those_of_one_lookup_after_the_other(known: Stand, questions: list[tuple[bytes, str]]) -> None:
    service = Service(known.index, known.trees)
    service.horizon._clock = lambda: 0.0

    async def asked() -> list[httpx.Response]:
        async with running(service) as (finder, client):
            of = [client(f"10.0.0.{number}") for number in range(3)]
            answers = [of[at % 3].get(path_of(*question)) for at, question in enumerate(questions)]
            told = await asyncio.gather(*answers)
            assert (finder._places.taken, bool(finder._groups and finder._groups._line)) == (0, False)
            return told

    # Known at one moment for both; neither is the first to read what is kept.
    service.horizon._known, service.horizon._read_at = service.horizon.now(), 0.0
    together = asyncio.run(asked())
    alone = TestClient(create_app(service), raise_server_exceptions=False)
    assert service.finder is None
    assert list(map(said, together)) == [said(alone.get(path_of(*question))) for question in questions]


def test_a_stuck_database_fills_the_queue_which_is_refused_at_once_and_drains(
    known: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "MOST_LOOKUPS", 16)
    service = Service(known.index, known.trees)

    async def asked() -> None:
        async with running(service) as (finder, client):
            assert (await client("10.0.0.9").get(path_of(LARGE[0]))).status_code == 200
            with stuck(known):
                flood = [asyncio.create_task(client("10.0.0.1").get(path_of(LARGE[at]))) for at in range(40)]
                await until(lambda: sum(task.done() for task in flood) >= 34)
                # Whoever holds most is refused; there is room for the others.
                refused = [task.result() for task in flood if task.done()]
                assert {(each.status_code, each.json()["code"]) for each in refused} == {(503, "busy")}
                assert {int(each.headers["retry-after"]) > 0 for each in refused} == {True}
                others = [asyncio.create_task(client(f"10.0.1.{at}").get(path_of(LARGE[at]))) for at in range(10)]
                await until(lambda: finder._places.taken == 16)
                assert not any(task.done() for task in others)
                late = await client("10.0.2.1").get(path_of(LARGE[0]))
                assert (late.status_code, late.json()["code"]) == (503, "busy")
            answers = await asyncio.gather(*others, *(task for task in flood if not task.done()))
            assert {each.status_code for each in answers} == {200}
            assert finder._places.taken == 0
            assert (await client("10.0.0.1").get(path_of(LARGE[1]))).status_code == 200

    asyncio.run(asked())


def test_who_waits_for_a_database_that_says_nothing_is_told_and_it_is_used_again(
    known: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaf_groups, "GROUP", 2)
    service = Service(known.index, known.trees)

    async def asked() -> None:
        async with running(service) as (finder, client):
            assert (await client("10.0.0.1").get(path_of(LARGE[1]))).status_code == 200
            groups = finder._groups
            assert groups is not None
            with stuck(known):
                waiting = [asyncio.create_task(client("10.0.0.1").get(path_of(LARGE[at]))) for at in range(12)]
                await until(lambda: not groups._idle and len(list(groups._line)) == 12 - 2 * leaf_groups.CONNECTIONS)
                # As if all of them had waited long.
                monkeypatch.setattr(leaf_groups, "PATIENCE_SECONDS", 0.0)
                for link in groups._links:
                    link.hang_up()
                answers = await asyncio.gather(*waiting)
                assert {(each.status_code, each.json()["code"]) for each in answers} == {(503, "database")}
                monkeypatch.undo()
            assert finder._places.taken == 0
            assert (await client("10.0.0.1").get(path_of(LARGE[1]))).status_code == 200

    asyncio.run(asked())


def test_a_database_is_waited_for_so_long(known: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    async def asked() -> None:
        async with LeafGroups.opened(known.engine) as groups:
            await groups.ask("one", known.index.source, LARGE[0])
            monkeypatch.setattr(leaf_groups, "PATIENCE_SECONDS", 0.01)
            with stuck(known), pytest.raises(OperationalError):
                await groups.ask("one", known.index.source, LARGE[0])

    asyncio.run(asked())


def test_the_numbers_of_trees_are_those_of_the_server_that_answers(known: Stand) -> None:
    source = known.index.source

    async def asked() -> None:
        async with LeafGroups.opened(known.engine) as groups:
            groups._idle = groups._links = groups._links[:1]
            before = await groups.ask("one", source, LARGE[0])
            # As on a standby that was promoted, and numbers trees otherwise than the server that is lost.
            (link,) = groups._links
            link._trees = dict.fromkeys(link._trees, before.places[0].tree._replace(leaf_count=1))
            link.hang_up()
            assert await groups.ask("one", source, LARGE[0]) == before

    asyncio.run(asked())


def test_what_is_known_of_trees_is_read_at_once_for_all_who_wait(known: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service(known.index, known.trees)
    learned: list[int] = []
    learn = service.lookup.learn

    def counted(hints: Any, as_of: Any) -> None:
        learned.append(len(hints))
        learn(hints, as_of)

    monkeypatch.setattr(service.lookup, "learn", counted)

    async def asked() -> None:
        async with running(service) as (_, client):
            digests = [*LARGE[:20], *SECOND, *VOIDED]
            answers = await asyncio.gather(*(client("10.0.0.1").get(path_of(digest)) for digest in digests))
            assert {each.status_code for each in answers} == {200}

    asyncio.run(asked())
    assert len(learned) <= 3


def test_who_goes_leaves_nothing_behind(known: Stand) -> None:
    service = Service(known.index, known.trees)

    async def asked() -> None:
        async with running(service) as (finder, client):
            with stuck(known):
                gone = [asyncio.create_task(client("10.0.0.1").get(path_of(LARGE[at]))) for at in range(100)]
                await until(lambda: finder._places.taken == 100)
                for task in gone:
                    task.cancel()
                await asyncio.gather(*gone, return_exceptions=True)
                assert finder._places.taken == 0
                assert finder._groups is not None
                assert not finder._groups._line
            assert (await client("10.0.0.1").get(path_of(LARGE[1]))).status_code == 200

    asyncio.run(asked())


def test_a_flood_goes_behind_everybody_else(known: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaf_groups, "GROUP", 4)

    async def asked() -> None:
        answered: list[str] = []
        source = known.index.source

        async def ask(who: str, digest: bytes) -> None:
            await groups.ask(who, source, digest)
            answered.append(who)

        async with LeafGroups.opened(known.engine) as groups:
            with stuck(known):
                flood = [asyncio.create_task(ask("flood", LARGE[at])) for at in range(60)]
                await until(lambda: not groups._idle)
                one = asyncio.create_task(ask("one", LARGE[0]))
                await asyncio.sleep(0)
            await asyncio.gather(one, *flood)
        # Those that were asked before it came, and those that are answered beside it.
        assert answered.index("one") < 4 * (leaf_groups.CONNECTIONS + 2)

    asyncio.run(asked())


def test_a_database_that_was_restarted_is_used_again(known: Stand) -> None:
    service = Service(known.index, known.trees)
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    admin = create_engine(known.engine.url, isolation_level="AUTOCOMMIT")

    async def asked() -> None:
        async with running(service) as (_, client):
            for _ in range(3):
                answer = await client("10.0.0.1").get(path_of(LARGE[0]))
                assert answer.status_code == 200
                with admin.connect() as connection:
                    connection.execute(text(f"{others} AND pid <> pg_backend_pid()"))

    asyncio.run(asked())
    admin.dispose()


def test_a_database_that_is_away_is_said_and_nothing_more(known: Stand) -> None:
    service = Service(known.index, known.trees)

    def renamed(before: str, after: str) -> None:
        with known.engine.begin() as connection:
            connection.execute(text(f"ALTER TABLE {before} RENAME TO {after}"))

    async def asked() -> None:
        async with running(service) as (_, client):
            renamed("indexed_leaf", "away")
            try:
                answer = await client("10.0.0.1").get(path_of(LARGE[0]))
            finally:
                renamed("away", "indexed_leaf")
            assert (answer.status_code, answer.json()["code"]) == (503, "database")
            assert "indexed" not in answer.text
            assert (await client("10.0.0.1").get(path_of(LARGE[0]))).status_code == 200

    asyncio.run(asked())


def test_a_database_that_cannot_be_reached_is_an_error_of_the_database(tmp_path: Path) -> None:
    async def asked() -> None:
        nowhere = create_engine(f"postgresql+psycopg://nobody@/none?host={tmp_path}")
        async with LeafGroups.opened(nowhere) as groups:
            with pytest.raises(OperationalError):
                await groups.ask("one", 1, bytes(32))

    asyncio.run(asked())


# Trees on S3


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    with s3_server() as server:
        server.use(monkeypatch)
        yield server


@pytest.fixture
def at_home(tmp_path: Path) -> Iterator[Stand]:
    engine = open_database(f"sqlite:///{tmp_path / 'testamur.db'}")
    yield _known(tmp_path, engine)
    engine.dispose()


def test_trees_on_s3_are_read_once_for_all_who_ask_and_prove_the_same(
    s3: S3Server, at_home: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    for tree in at_home.trees.ids():
        s3.put(tree.name, at_home.trees.path(tree).read_bytes())
    service = Service(Index(at_home.engine, CHAIN, CONTRACT), open_trees("s3://registry"))
    reads: list[tuple[str, int]] = []
    read_ranges = obstore.get_ranges_async

    async def counted(*args: Any, **kwargs: Any) -> Any:
        reads.extend((args[1], start) for start in kwargs["starts"])
        return await read_ranges(*args, **kwargs)

    monkeypatch.setattr(obstore, "get_ranges_async", counted)

    async def asked() -> list[httpx.Response]:
        async with running(service) as (_, client):
            return await asyncio.gather(*(client("10.0.0.1").get(path_of(digest)) for digest in ASKED * 2))

    service.horizon._clock = at_home.service.horizon._clock = lambda: 0.0
    first = asyncio.run(asked())
    at_home.service.horizon._known = service.horizon._known
    at_home.service.horizon._read_at = 0.0
    local = [at_home.client.get(path_of(digest)) for digest in ASKED * 2]
    assert list(map(said, first)) == list(map(said, local))
    assert len({name for name, _ in reads}) == 3
    assert len(set(reads)) == len(reads)
    s3.stop()
    asked_before = len(reads)
    assert list(map(said, asyncio.run(asked()))) == list(map(said, local))
    assert len(reads) == asked_before


def test_trees_on_s3_that_are_gone_or_damaged_are_said(s3: S3Server, at_home: Stand) -> None:
    (large,) = [tree for tree in at_home.trees.ids() if tree.leaf_count == len(LARGE)]
    content = at_home.trees.path(large).read_bytes()
    service = Service(Index(at_home.engine, CHAIN, CONTRACT), open_trees("s3://registry", cache_bytes=0))

    async def code_of(digest: bytes) -> str:
        async with running(service) as (finder, client):
            answer = await client("10.0.0.1").get(path_of(digest))
            assert (finder._places.taken, len(service.trees._coming)) == (0, 0)
            return answer.json().get("code", str(answer.status_code))

    assert asyncio.run(code_of(LARGE[0])) == "tree-missing"
    s3.put(large.name, content)
    assert asyncio.run(code_of(LARGE[0])) == "200"
    s3.put(large.name, content[:64] + bytes(len(content) - 64))
    assert asyncio.run(code_of(LARGE[0])) == "tree-damaged"
    s3.put(large.name, content)
    assert asyncio.run(code_of(LARGE[0])) == "200"
    s3.delete(large.name)
    assert asyncio.run(code_of(LARGE[0])) == "tree-missing"
    s3.stop()
    assert asyncio.run(code_of(LARGE[0])) == "trees-unavailable"
