"""The database on SQLite and PostgreSQL: revisions, old folders, jobs claimed once."""

from __future__ import annotations

import socket
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg.pq import Conninfo
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import DBAPIError

from anchor.books.batches import BatchStore, Leaf
from anchor.books.deeds import ByDigest, DeedStore, NewDeed, Word
from anchor.books.jobs import JobStore, Rejected
from anchor.books.keys import KeyStore
from anchor.books.status_jobs import NewStatusJob, StatusJobStore, Way
from anchor.books.tables import JobState
from registry.database import engine as database
from registry.database.engine import HEAD, open_database
from registry.database.metadata import metadata
from registry.errors import SettingsError, StoreError
from registry.index import tables as index_tables
from registry.records import Act
from tests.databases import differences
from tests.postgres import empty_postgres_url as postgres_url
from tests.postgres import postgres_server

__all__ = ["index_tables", "postgres_server", "postgres_url"]

CHAIN, CONTRACT = "eip155:5", "0x5FbDB2315678afecb367f032d93F642f64180aa3"
DIGEST = sha256(b"ada").digest()

# What later revisions added; tables in an order in which they can be dropped.
INDEX = [table.name for table in reversed(metadata.sorted_tables) if table.name.startswith("indexed_")]
STATUSES = ("deed_of_job", "deed_event", "deed", "status_event", "status_target", "status_job")
SINCE_THE_FIRST = (
    *INDEX,
    *STATUSES,
    "list_position",
    "named_list",
    "wallet_offer",
    "issued",
    "issue_run",
    "evidence",
    "act",
    "queued",
    "rejected",
    "job",
    "batch_event",
    "api_key",
    "signer",
    "checkpoint",
)
COLUMNS_SINCE_THE_FIRST = {
    "attempt": ("gas", "max_fee", "tip", "cost", "sends", "sent_block", "first_sent_block"),
    "batch": (
        "sender",
        "nonce",
        "parked_code",
        "parked_why",
        "mined_at",
        "final_at",
        "cancel_requested",
        "without_leaves",
        "bare",
        "counted_at",
    ),
}


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{tmp_path / 'testamur.db'}"


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    opened = open_database(url)
    yield opened
    opened.dispose()


# Revisions


def test_the_revisions_lead_to_the_tables_of_the_program(engine: Engine) -> None:
    with engine.connect() as connection:
        assert differences(connection) == []
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == HEAD


def test_the_program_knows_the_newest_revision() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(str(database.__file__)).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_trees_that_were_loaded_under_their_root_alone_stay_loaded(url: str) -> None:
    """And the tree of another count with the same root has room beside them."""
    engine = _at_revision(url, "0003")
    root, other = sha256(b"root").digest(), sha256(b"other").digest()
    with engine.begin() as connection:
        for number, each in enumerate((root, other), start=1):
            values = {"number": number, "root": each}
            connection.execute(text("INSERT INTO indexed_tree VALUES (:number, :root, 1, 'loaded', 5)"), values)
            connection.execute(text("INSERT INTO indexed_leaf VALUES (:number, :number, 0)"), {"number": number})
    engine.dispose()
    opened = open_database(url)
    with opened.begin() as connection:
        assert differences(connection) == []
        found = connection.execute(text("SELECT id, root, leaf_count, state, loaded_at FROM indexed_tree ORDER BY id"))
        assert [(row[0], bytes(row[1]), *row[2:]) for row in found] == [
            (1, root, 1, "loaded", 5),
            (2, other, 1, "loaded", 5),
        ]
        leaves = connection.execute(text("SELECT prefix, tree, leaf_index FROM indexed_leaf ORDER BY prefix"))
        assert [tuple(row) for row in leaves] == [(1, 1, 0), (2, 2, 0)]
        connection.execute(text("INSERT INTO indexed_tree VALUES (3, :root, 6, 'loaded', 5)"), {"root": root})
        with pytest.raises(DBAPIError), connection.begin_nested():
            connection.execute(text("INSERT INTO indexed_tree VALUES (4, :root, 6, 'loaded', 5)"), {"root": root})
        if not database.is_postgresql(opened):
            with pytest.raises(DBAPIError), connection.begin_nested():
                connection.execute(text("INSERT INTO indexed_leaf VALUES (9, 99, 0)"))
    opened.dispose()


def test_status_jobs_and_deeds_from_before_digests_go_on_as_they_were_promised(url: str) -> None:
    """They are of places alone, and the words that they change are those that were signed."""
    engine = _at_revision(url, "0011")
    root, mask = sha256(b"root").digest(), (6).to_bytes(32, "big")
    with engine.begin() as connection:
        for number, act in enumerate(("revoke", "suspend", "reinstate"), start=1):
            job = {"id": f"{number:024x}", "chain": CHAIN, "contract": CONTRACT, "act": act}
            connection.execute(
                text(
                    "INSERT INTO status_job (id, chain, contract, issuer, act, reason, note, urgent, source, "
                    "created_at, credentials, state, due) VALUES (:id, :chain, :contract, 1, :act, "
                    "'unspecified', '', 0, 'http', 5, 1, 'sealed', 0)"
                ),
                job,
            )
            connection.execute(text("INSERT INTO status_target VALUES (:job, :of)"), {"job": number, "of": DIGEST})
        connection.execute(
            text(
                "INSERT INTO deed (chain, contract, issuer, act, reason, root, word, mask, urgent, state, made_at, "
                "sender, nonce) VALUES (:chain, :contract, 1, 'revoke', 'unspecified', :root, 3, :mask, 0, "
                "'broadcast', 5, '0xAA', 9)"
            ),
            {"chain": CHAIN, "contract": CONTRACT, "root": root, "mask": mask},
        )
        connection.execute(text("INSERT INTO deed_of_job VALUES (1, 1)"))
    engine.dispose()
    opened = open_database(url)
    jobs = StatusJobStore(opened, CHAIN, CONTRACT)
    assert [(job.place_only, job.ways) for job in jobs.open()] == [(True, {Way.PLACE})] * 3
    (row,) = DeedStore(opened, CHAIN, CONTRACT).of_jobs([1])[1]
    assert (row.subjects, row.mask, row.digests, row.nonce) == ((Word(root, 3),), 6, (), 9)
    # Beside them a deed of digests has room.
    new, _ = jobs.add(NewStatusJob(1, Act.REVOKE, "unspecified", "command", (DIGEST,)))
    deed = NewDeed(
        Act.REVOKE, "unspecified", (ByDigest(DIGEST), ByDigest(root)), 0, urgent=True, jobs=frozenset({new.number})
    )
    with opened.begin() as connection:
        jobs.add_deeds(connection, 1, "0xAA", [deed], newest=1)
    (row,) = DeedStore(opened, CHAIN, CONTRACT).of_jobs([new.number])[new.number]
    assert (new.ways, row.digests, row.subjects) == ({Way.DIGEST}, (DIGEST, root), (ByDigest(DIGEST), ByDigest(root)))
    opened.dispose()


def _at_revision(url: str, revision: str) -> Engine:
    engine = database._engine(url, 60.0)
    config = Config()
    config.set_main_option("script_location", str(Path(str(database.__file__)).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    return engine


def test_a_folder_from_before_the_revisions_keeps_what_is_in_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'testamur.db'}"
    first = open_database(url)
    # As the first version of the program left it: its tables, and no word of revisions.
    with first.begin() as connection:
        connection.execute(text("INSERT INTO party VALUES ('eip155:5', '0x1', 7, 1800000000)"))
        for name in (*SINCE_THE_FIRST, "alembic_version"):
            connection.execute(text(f"DROP TABLE {name}"))
        for index in ("attempt_nonce", "batch_state"):
            connection.execute(text(f"DROP INDEX {index}"))
        for table, columns in COLUMNS_SINCE_THE_FIRST.items():
            for column in columns:
                connection.execute(text(f"ALTER TABLE {table} DROP COLUMN {column}"))
        connection.execute(text("PRAGMA user_version = 1"))
    first.dispose()
    again = open_database(url)
    with again.connect() as connection:
        assert differences(connection) == []
        assert connection.execute(text("SELECT party FROM party")).scalar_one() == 7
    again.dispose()


def test_a_database_of_a_newer_program_is_left_alone(engine: Engine, url: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="revision 9999"):
        open_database(url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == "9999"


def test_many_processes_may_open_a_new_database_at_once(url: str) -> None:
    failures: list[BaseException] = []

    def open_it() -> None:
        try:
            open_database(url).dispose()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_new_database_that_somebody_writes_at_that_moment_is_waited_for(tmp_path: Path) -> None:
    # SQLite itself does not wait where a file becomes one with a write-ahead log.
    path = tmp_path / "testamur.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as writer, ThreadPoolExecutor(1) as other:
        writer.execute("BEGIN IMMEDIATE")
        opening = other.submit(open_database, f"sqlite:///{path}")
        with pytest.raises(TimeoutError):
            opening.result(timeout=0.5)
        writer.execute("COMMIT")
        opening.result(timeout=30).dispose()


@pytest.mark.parametrize("wrong", ["mysql://x", "not a URL", ""])
def test_another_database_is_refused_by_name(wrong: str) -> None:
    with pytest.raises(SettingsError):
        open_database(wrong)


@pytest.mark.parametrize(
    ("written", "host", "port"),
    [
        ("a,b", "a,b", ","),
        ("a:5432,b:5433", "a,b", "5432,5433"),
        ("u@10.0.0.1:1,10.0.0.2", "10.0.0.1,10.0.0.2", "1,"),
        ("u:p%2C@[::1]:5432,[fe80::2]", "::1,fe80::2", "5432,"),
    ],
)
def test_several_servers_are_written_as_libpq_has_them(written: str, host: str, port: str) -> None:
    """What the driver is given is what its own parser makes of the same text."""
    url = f"postgresql://{written}/registry?target_session_attrs=read-write"
    engine = database._engine(url, 1.0)
    (_, given) = engine.dialect.create_connect_args(engine.url)
    parsed = Conninfo.parse(url.encode())
    wanted = {each.keyword.decode(): each.val.decode() for each in parsed if each.val is not None}
    assert (given["host"], given["port"]) == (host, port)
    assert wanted["host"] == host
    assert wanted.get("port", ",") == port
    for name in ("user", "password", "dbname", "target_session_attrs"):
        assert given.get(name) == wanted.get(name)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://a,b/registry",
        "postgresql://a:1,b:2/registry?target_session_attrs=any",
        "postgresql://a,b/registry?target_session_attrs=prefer-standby",
        "postgresql://a,b/registry?target_session_attrs=standby",
        "postgresql:///registry?host=a,b",
        "postgresql:///registry?host=a&host=b",
        "postgresql://a,b:5432/registry?load_balance_hosts=random",
    ],
)
def test_servers_that_may_not_be_equally_far_are_not_read_together(url: str) -> None:
    with pytest.raises(SettingsError) as refused:
        open_database(url)
    assert refused.value.code == "several-servers"
    assert "target_session_attrs=read-write" in refused.value.remedy


@pytest.mark.parametrize("wrong", ["postgresql://a:x,b/registry", "postgresql://a,b:1:2/registry?x=1"])
def test_servers_without_a_port_that_is_one_are_refused(wrong: str) -> None:
    with pytest.raises(SettingsError, match="not a URL"):
        open_database(wrong)


def test_a_password_is_not_in_the_error() -> None:
    with pytest.raises(StoreError) as refusal:
        open_database("postgresql://testamur:secret@127.0.0.1:1/none")
    assert "secret" not in str(refusal.value) + str(refusal.value.where)


def test_a_server_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "CONNECT_SECONDS", 2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(StoreError, match="cannot be opened"):
            open_database(f"postgresql://testamur@127.0.0.1:{port}/none")


# Jobs


def test_a_job_is_all_there_or_not_at_all(engine: Engine) -> None:
    jobs = JobStore(engine, CHAIN, CONTRACT)
    made, _ = jobs.begin(1, "http")

    def broken() -> Iterator[Leaf]:
        yield Leaf(DIGEST, 0, 0, "a.json", 0)
        raise ConnectionError("the client has gone")

    with pytest.raises(ConnectionError):
        jobs.accept(made.id, broken(), [])
    found = jobs.get(made.id)
    assert found is not None
    assert (found.state, found.credentials) == (JobState.RECEIVING, 0)
    done = jobs.accept(made.id, [Leaf(DIGEST, 0, 0, "a.json", 0)], [Rejected("b.json", 0, "bad-json", "no")])
    assert (done.state, done.credentials, done.rejected) == (JobState.QUEUED, 1, 1)
    assert list(jobs.rejects(made.id)) == [Rejected("b.json", 0, "bad-json", "no")]


def test_a_key_means_one_job(engine: Engine) -> None:
    jobs = JobStore(engine, CHAIN, CONTRACT)
    first, is_new = jobs.begin(1, "http", idempotency_key="monday")
    again, is_new_again = jobs.begin(1, "http", idempotency_key="monday")
    assert (is_new, is_new_again, again.id) == (True, False, first.id)
    assert jobs.begin(2, "http", idempotency_key="monday")[1]
    jobs.abandon(first.id)
    assert jobs.begin(1, "http", idempotency_key="monday")[1]


def test_two_processes_never_seal_the_same_job(engine: Engine) -> None:
    jobs = JobStore(engine, CHAIN, CONTRACT)
    batches = BatchStore(engine, CHAIN, CONTRACT)
    made, _ = jobs.begin(1, "http")
    jobs.accept(made.id, [Leaf(DIGEST, 0, 0, "a.json", 0)], [])
    claimed: list[int] = []
    barrier = threading.Barrier(4)

    def seal() -> None:
        barrier.wait()
        with jobs.claimed([made.id]) as (connection, found):
            claimed.append(len(found))
            for each in found:
                row = batches.add_within(connection, 1, DIGEST, 1, jobs.credentials(connection, each.id), sealed_at=1)
                jobs.sealed(connection, each.id, row.id, duplicates=0, anchored_before=0)

    threads = [threading.Thread(target=seal) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == [0, 0, 0, 1]
    assert len(batches.all()) == 1


# Keys


def test_a_key_is_known_by_its_hash_alone(engine: Engine) -> None:
    keys = KeyStore(engine, CHAIN, CONTRACT)
    added, text_of_key = keys.add(7, "registry office")
    assert keys.issuer_of(text_of_key) == 7
    assert keys.issuer_of(text_of_key + "x") is None
    with engine.connect() as connection:
        stored = connection.execute(select(metadata.tables["api_key"])).one()
    assert text_of_key.encode() not in b"".join(
        value if isinstance(value, bytes) else str(value).encode() for value in stored
    )
    assert keys.revoke(added.id)
    assert not keys.revoke(added.id)
    assert keys.issuer_of(text_of_key) is None
