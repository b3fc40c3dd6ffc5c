"""An upgrade of the database is there as a whole or not at all, whatever ends the process, from every earlier revision.

A killed process leaves the files as they are at that moment. So the files are kept at each statement of each upgrade,
and the journal, which alone is written when a transaction ends, is cut at each of its pages and within each: a database
that is opened from any of these has to be the old one or the new one, and both have to keep every row.
"""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Connection, Engine, MetaData, create_engine, event, insert, inspect, text

from anchor.books import tables as book_tables
from registry.database import engine as database
from registry.database.engine import HEAD, open_database
from registry.errors import StoreError
from registry.index import tables as index_tables
from registry.index.leaf_rows import PARTITIONS, bounds
from registry.index.partitions import name_of
from tests.databases import differences
from tests.postgres import empty_postgres_url as postgres_url
from tests.postgres import postgres_server

__all__ = ["book_tables", "index_tables", "postgres_server", "postgres_url"]

ROWS = 3
CONFIG = Config()
CONFIG.set_main_option("script_location", str(Path(str(database.__file__)).parent / "migrations"))
REVISIONS = [script.revision for script in ScriptDirectory.from_config(CONFIG).walk_revisions()][::-1]
EARLIER = [None, *REVISIONS[:-1]]
WAL_HEADER, FRAME_HEADER = 32, 24

Rows = dict[str, tuple[tuple[str, ...], list[tuple[Any, ...]]]]


class Image(NamedTuple):
    """The files of a database at a moment."""

    main: bytes
    journal: bytes

    def put(self, path: Path) -> Path:
        for name, content in (("", self.main), ("-wal", self.journal)):
            Path(f"{path}{name}").write_bytes(content)
        Path(f"{path}-shm").unlink(missing_ok=True)
        return path

    @classmethod
    def of(cls, path: Path) -> Image:
        journal = Path(f"{path}-wal")
        return cls(path.read_bytes(), journal.read_bytes() if journal.exists() else b"")


# Databases of earlier revisions, each with rows in every table that it had


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> dict[str | None, Path]:
    """By revision, a file with what the programs up to it have written; None: before the first start."""
    folder = tmp_path_factory.mktemp("earlier")
    path = folder / "testamur.db"
    found: dict[str | None, Path] = {None: folder / "none.db"}
    found[None].touch()
    engine = database._engine(f"sqlite:///{path}", 60.0)
    with engine.connect() as connection:
        for revision in REVISIONS[:-1]:
            lead_to(connection, revision)
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            found[revision] = Path(shutil.copy(path, folder / f"{revision}.db"))
    engine.dispose()
    return found


def lead_to(connection: Connection, revision: str) -> None:
    """Bring a database to a revision, and put rows into what that revision added."""
    before = set(inspect(connection).get_table_names())
    CONFIG.attributes["connection"] = connection
    command.upgrade(CONFIG, revision)
    connection.commit()
    tables = MetaData()
    tables.reflect(connection)
    for table in tables.sorted_tables:
        if table.name not in before | {"alembic_version"}:
            rows = [{column.name: value(column, number) for column in table.columns} for number in range(1, ROWS + 1)]
            connection.execute(insert(table), rows)
    connection.commit()


def value(column: Column[Any], number: int) -> Any:
    """What is in a column of a row: what a reference points to, or something else in each row."""
    for key in column.foreign_keys:
        return value(key.column, number)
    name = f"{column.name} {number}"
    return (
        sha256(name.encode()).digest()
        if column.type.python_type is bytes
        else column.type.python_type(name if column.type.python_type is str else number)
    )


def rows_in(connection: Connection) -> Rows:
    """By table, its columns and rows."""
    found: Rows = {}
    for name in inspect(connection).get_table_names():
        if name != "alembic_version":
            result = connection.execute(text(f'SELECT * FROM "{name}"'))
            rows = [tuple(bytes(v) if isinstance(v, memoryview) else v for v in row) for row in result]
            found[name] = (tuple(result.keys()), rows)
    return found


def assert_whole(url: str, kept: Rows) -> None:
    """The database opens, is of this program's revision, and has every row that was there before."""
    engine = open_database(url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == HEAD
        found = rows_in(connection)
    engine.dispose()
    for name, (columns, rows) in kept.items():
        now, rows_now = found[name]
        common = [column for column in columns if column in now]
        assert _columns(rows_now, now, common) == _columns(rows, columns, common), name


def _columns(rows: list[tuple[Any, ...]], of: tuple[str, ...], wanted: list[str]) -> list[tuple[Any, ...]]:
    places = [of.index(column) for column in wanted]
    return sorted((tuple(row[at] for at in places) for row in rows), key=repr)


def assert_of_this_form(url: str) -> None:
    """The database has the tables, columns and keys of this program."""
    engine = open_database(url)
    with engine.connect() as connection:
        assert differences(connection) == []
    engine.dispose()


def rows_of(path: Path) -> Rows:
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        found = rows_in(connection)
    engine.dispose()
    return found


# Every moment of an upgrade


@contextmanager
def at_each_statement(act: Callable[[], None]) -> Iterator[None]:
    """Do something before every statement and every end of a transaction, of any engine."""

    def before(*_: object) -> None:
        act()

    for name in ("before_cursor_execute", "commit"):
        event.listen(Engine, name, before)
    try:
        yield
    finally:
        for name in ("before_cursor_execute", "commit"):
            event.remove(Engine, name, before)


def moments(path: Path) -> list[Image]:
    """What there is on the disk at each moment while a database is opened and brought up to date."""
    seen: list[Image] = []
    with at_each_statement(lambda: seen.append(Image.of(path))):
        engine = open_database(f"sqlite:///{path}")
        seen.append(Image.of(path))
        engine.dispose()
    seen.append(Image.of(path))
    found: dict[Image, None] = dict.fromkeys(seen[:1])
    for before, after in pairwise(seen):
        if before.main == after.main and after.journal.startswith(before.journal):
            found.update((Image(after.main, after.journal[:end]), None) for end in cuts(before, after))
        found[after] = None
    return list(found)


def cuts(before: Image, after: Image) -> Iterator[int]:
    """Where the writing of a journal can have ended: within its header, and at and within each page."""
    size = FRAME_HEADER + int.from_bytes(after.main[16:18] or b"\x10\0", "big")
    for start in (0, *range(WAL_HEADER, len(after.journal), size)):
        for end in (start, start + 11, start + FRAME_HEADER + 100):
            if len(before.journal) < end < len(after.journal):
                yield end


def state_of(path: Path) -> tuple[Any, ...]:
    """Its revision, its tables and how many rows each has."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        tables = connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
        names = [name for name, sql in tables if sql and sql.startswith("CREATE TABLE")]
        counts = [connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names]
        is_old = "alembic_version" not in names
        version = None if is_old else connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return version, tuple(tables), tuple(counts)


@pytest.mark.parametrize("revision", EARLIER)
def test_an_upgrade_that_ends_at_any_moment_is_there_as_a_whole_or_not_at_all(
    earlier: dict[str | None, Path], tmp_path: Path, revision: str | None
) -> None:
    kept = rows_of(earlier[revision])
    assert all(len(rows) == ROWS for _, rows in kept.values())
    images = moments(Path(shutil.copy(earlier[revision], tmp_path / "testamur.db")))
    assert len(images) > 10
    states: dict[tuple[Any, ...], Image] = {}
    for image in images:
        states.setdefault(state_of(image.put(tmp_path / "image.db")), image)
    assert len(states) == 2, "neither the old one nor the new one"
    for image in states.values():
        assert_whole(f"sqlite:///{image.put(tmp_path / 'image.db')}", kept)
    assert_of_this_form(f"sqlite:///{tmp_path / 'image.db'}")


def child(act: Callable[[], None]) -> int:
    """Another process, which does that and nothing else; its number."""
    number = os.fork()
    if not number:
        try:
            act()
        except BaseException:
            os._exit(1)
        os._exit(0)
    return number


def end_of(number: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])


@pytest.mark.parametrize("revision", [None, REVISIONS[0]])
def test_a_process_that_is_killed_in_a_write(
    earlier: dict[str | None, Path], tmp_path: Path, revision: str | None
) -> None:
    path = Path(shutil.copy(earlier[revision], tmp_path / "testamur.db"))
    kept = rows_of(path)

    def opens(bytes_written: int) -> None:
        # The system ends a process that writes beyond it; Python has that ignored.
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_written, resource.RLIM_INFINITY))
        open_database(f"sqlite:///{path}").dispose()

    ends = [end_of(child(partial(opens, most << 10))) for most in (36, 60, 84, 108, 132)]
    assert ends.count(-signal.SIGXFSZ) >= 3
    assert_whole(f"sqlite:///{path}", kept)


def test_processes_that_start_at_once_upgrade_once(earlier: dict[str | None, Path], tmp_path: Path) -> None:
    path = Path(shutil.copy(earlier[REVISIONS[0]], tmp_path / "testamur.db"))
    kept = rows_of(path)
    children = [child(lambda: open_database(f"sqlite:///{path}").dispose()) for _ in range(3)]
    assert [end_of(number) for number in children] == [0, 0, 0]
    assert_whole(f"sqlite:///{path}", kept)


@pytest.mark.parametrize("revision", [None, REVISIONS[0], REVISIONS[-2]])
def test_on_postgresql_an_upgrade_is_one_transaction_too(postgres_url: str, revision: str | None) -> None:
    engine = database._engine(postgres_url, 60.0)
    kept: Rows = {}
    if revision is not None:
        with engine.connect() as connection:
            for each in REVISIONS[: REVISIONS.index(revision) + 1]:
                lead_to(connection, each)
            kept = rows_in(connection)

    def killed_at_the_last_statement(
        connection: Connection, _cursor: object, statement: str, parameters: Any, *_: object
    ) -> None:
        if HEAD in f"{statement} {parameters}" and "alembic_version" in statement:
            pid = connection.connection.dbapi_connection.info.backend_pid  # type: ignore[union-attr]
            with engine.connect() as other:
                other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})

    event.listen(Engine, "before_cursor_execute", killed_at_the_last_statement)
    try:
        with pytest.raises(StoreError, match="cannot be opened"):
            open_database(postgres_url)
    finally:
        event.remove(Engine, "before_cursor_execute", killed_at_the_last_statement)
    with engine.connect() as connection:
        assert database._revision(connection) == revision
    engine.dispose()
    assert_whole(postgres_url, kept)
    assert_of_this_form(postgres_url)


def test_on_postgresql_digests_of_an_earlier_index_are_in_the_partition_of_their_prefix(
    postgres_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """And of a large one it is told how long it takes."""
    engine = database._engine(postgres_url, 60.0)
    prefixes = sorted({end + at for partition in range(PARTITIONS) for end in bounds(partition) for at in (-1, 0)})
    prefixes = [prefix for prefix in prefixes if -(1 << 63) <= prefix < 1 << 63]
    with engine.connect() as connection:
        lead_to(connection, "0020")
        connection.execute(text("DELETE FROM indexed_leaf"))
        rows = [{"prefix": prefix, "place": place} for place, prefix in enumerate(prefixes)]
        connection.execute(text("INSERT INTO indexed_leaf VALUES (:prefix, 1, :place)"), rows)
        connection.commit()
        connection.execute(text("UPDATE pg_class SET reltuples = 9000000 WHERE relname = 'indexed_leaf'"))
        connection.commit()
    engine.dispose()
    opened = open_database(postgres_url)
    with opened.connect() as connection:
        for partition in range(PARTITIONS):
            first, after = bounds(partition)
            found = connection.execute(
                text(f"SELECT prefix, tree, leaf_index FROM {name_of(partition)} ORDER BY prefix")
            )
            here = [(prefix, 1, place) for place, prefix in enumerate(prefixes) if first <= prefix < after]
            assert [tuple(row) for row in found] == here
    opened.dispose()
    assert "about 9,000,000 digests" in caplog.text
