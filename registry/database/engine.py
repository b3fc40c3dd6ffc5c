"""Opening the database: SQLite in the data folder, or PostgreSQL; brought to its present form when it is older."""

from __future__ import annotations

import os
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from filelock import FileLock
from sqlalchemy import (
    URL,
    ColumnElement,
    Float,
    cast,
    create_engine,
    event,
    func,
    inspect,
    literal,
    make_url,
    select,
    text,
)
from sqlalchemy import Connection as Connection
from sqlalchemy import Engine as Engine
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError, SQLAlchemyError

from registry.errors import SettingsError, StoreError
from registry.extras import needs
from registry.privatefiles import FILE_MODE, make_private_file

if TYPE_CHECKING:
    import psycopg

DatabaseError: TypeAlias = SQLAlchemyError
"""Whatever goes wrong with the database, by the name that it has where no SQL is said."""
ROW_REFUSED: Final = (IntegrityError, DataError)
"""What the database does not take of one row, whatever it takes of others; for `except`."""

HEAD: Final = "0021"
"""The revision this program works with; a test compares it with `migrations`."""
FIRST: Final = "0001"
CONNECT_SECONDS: Final = 10
# A server or network that is gone without a word is noticed within a minute, not when the system gives up hours later.
_ALIVE: Final = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
# Longer than the largest batch takes to be hashed between two statements.
IDLE_SECONDS: Final = 60.0
BUSY_SECONDS: Final = 10
BUSY_PAUSE_SECONDS: Final = 0.01
# For another process that brings the database up to date at this moment.
UPGRADE_SECONDS: Final = 600.0

_MIGRATIONS = Path(__file__).parent / "migrations"
# Any number, the same in every process: who holds it brings the database up to date.
_UPGRADE_LOCK = 0x7465737461
_DISK_FULL = "53100"  # of PostgreSQL
# As libpq writes several servers, which SQLAlchemy does not read: user, servers, and what follows.
_SERVERS: Final = re.compile(r"(postgres(?:ql)?(?:\+\w+)?://(?:[^@/?#]*@)?)([^@/?#]*,[^@/?#]*)(.*)", re.DOTALL)
_SERVER: Final = re.compile(r"(\[[^\]]+\]|[^:\[\]]*)(?::(\d*))?")
# Of several servers one at most can be written.
_ONE_OF_SEVERAL: Final = frozenset({"read-write", "primary"})


def open_database(url: str, *, idle_seconds: float = IDLE_SECONDS) -> Engine:
    """The database, in its present form.

    Args:
        url: `sqlite:///<file>` or `postgresql://…`; as libpq has it, also of several servers of which one is written.
        idle_seconds: PostgreSQL ends a transaction in which nothing has happened for so long: a process that is stopped
            in the middle of one must not keep its locks.

    Raises:
        SettingsError: the URL is neither, or its servers may be read from at the same time.
        StoreError: it cannot be opened, a newer version of the program wrote it, or it is a copy in an older form.
    """
    engine = _engine(url, idle_seconds)
    try:
        with engine.connect() as connection:
            revision = _revision(connection)
        if revision != HEAD:
            _upgrade(engine)
    except (SQLAlchemyError, OSError) as error:
        reason = getattr(error, "orig", None) or error
        raise StoreError(
            f"the database cannot be opened: {reason}",
            where=_shown(engine),
            remedy="Check that it is there, its permissions and free space, or restore it from a backup.",
        ) from None
    return engine


def is_postgresql(engine: Engine) -> bool:
    """Whether rows can be locked one by one there."""
    return engine.dialect.name == "postgresql"


def on_connection(engine: Engine, told: Callable[[], None]) -> None:
    """Tell of each new connection: the server behind it may be another one, that has less or numbers it otherwise."""
    event.listen(engine, "connect", lambda *_: told())


async def connect_past(engine: Engine, *, seconds: int) -> psycopg.AsyncConnection[Any]:
    """A connection to the same PostgreSQL that waits on the running event loop; past the engine, in no transaction.

    Args:
        seconds: in which it must be there.

    Raises:
        psycopg.Error: the database does not answer.
    """
    import psycopg

    _, where = engine.dialect.create_connect_args(engine.url)
    return await psycopg.AsyncConnection.connect(**{**_ALIVE, **where, "connect_timeout": seconds}, autocommit=True)


def silence(engine: Engine) -> str | None:
    """Why nothing can be asked of the database now; None when it answers.

    The kind of the error and not its text, which has the address of the server in it.
    """
    try:
        with engine.connect() as connection:
            connection.execute(select(1))
    except (SQLAlchemyError, OSError) as error:
        return type(getattr(error, "orig", None) or error).__name__
    return None


def is_full(error: BaseException) -> bool:
    """Whether a statement failed since there is no room for what it writes."""
    if not isinstance(error, DBAPIError):
        return False
    if isinstance(error.orig, sqlite3.Error):
        return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL
    return getattr(error.orig, "sqlstate", None) == _DISK_FULL


@contextmanager
def readable(what: str) -> Iterator[None]:
    """Reading of rows that somebody may have changed by hand.

    Raises:
        StoreError: `what` cannot be read, or what is in it makes no sense (code `unreadable`).
    """
    try:
        yield
    except (SQLAlchemyError, ValueError, TypeError) as error:
        raise StoreError(f"{what} cannot be read: {getattr(error, 'orig', None) or error}", code="unreadable") from None


def now(connection: Connection) -> ColumnElement[float]:
    """The database's own clock, in Unix seconds, for use in a statement: the one clock that several machines share."""
    if connection.dialect.name == "postgresql":
        return cast(func.extract("epoch", func.clock_timestamp()), Float)
    return literal(time.time())


def _engine(url: str, idle_seconds: float) -> Engine:
    parsed = _parsed(url)
    if parsed.drivername == "sqlite":
        _make_private(parsed.database)
        engine = create_engine(parsed)
        event.listen(engine, "connect", _prepare)
        return engine
    if parsed.get_backend_name() != "postgresql":
        raise SettingsError(
            f"there is no support for {parsed.get_backend_name()} databases", remedy="Use SQLite or PostgreSQL."
        )
    _refuse_several(parsed)
    # A connection that the server closed in the meantime is replaced before it is used.
    options = f"-c idle_in_transaction_session_timeout={int(idle_seconds * 1000)}"
    connecting = {"options": options, "connect_timeout": CONNECT_SECONDS, **_ALIVE}
    with needs("serve"):
        return create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True, connect_args=connecting)


def _parsed(url: str) -> URL:
    several = _SERVERS.fullmatch(url)
    try:
        if several is None:
            return make_url(url)
        begin, servers, end = several.groups()
        places = [_SERVER.fullmatch(server) for server in servers.split(",")]
        if not all(places):
            raise ArgumentError
        hosts, ports = zip(*(place.groups("") for place in places if place is not None), strict=True)
        named = {"host": ",".join(host.strip("[]") for host in hosts), "port": ",".join(ports)}
        return make_url(f"{begin}{end}").update_query_dict(named)
    except (ArgumentError, ValueError):
        raise SettingsError("the setting database is not a URL", remedy="Write postgresql://user@host/name.") from None


def _refuse_several(url: URL) -> None:
    """Servers that copy from each other are not equally far, and each statement of a process may go to another one.

    The block of an answer is read first and what is up to it afterwards: from a server that lags behind the first one,
    what is not there yet would be "not found" up to that block.
    """
    asked = url.query.get("target_session_attrs")
    hosts = url.query.get("host", ())
    is_several = len(hosts) > 1 if isinstance(hosts, tuple) else "," in hosts
    if (is_several or "," in (url.host or "")) and asked not in _ONE_OF_SEVERAL:
        raise SettingsError(
            "the setting database names several servers, and a process that reads from two may believe the slower one",
            remedy="Add ?target_session_attrs=read-write for the one that is written, or name one server.",
            code="several-servers",
        )


def _make_private(database: str | None) -> None:
    """SQLite gives the files it makes beside the database (`-wal`, `-shm`) the rights of the database's own."""
    if database in (None, "", ":memory:"):
        return
    # What cannot be made or changed here, SQLite tells of.
    with suppress(OSError):
        make_private_file(Path(database))


def _prepare(connection: sqlite3.Connection, _: Any) -> None:
    cursor = connection.cursor()
    # FULL: a committed batch or signed transaction has to survive a power cut, not only a crash of the program.
    # 32 MiB of pages: digests fall all over their table.
    for pragma in (
        f"busy_timeout={BUSY_SECONDS * 1000}",
        "synchronous=FULL",
        "foreign_keys=ON",
        "cache_size=-32768",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    _write_ahead(cursor)
    cursor.close()


def _write_ahead(cursor: sqlite3.Cursor) -> None:
    # The busy timeout does not hold here: whoever writes to a new file would make this fail at once.
    end = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(BUSY_PAUSE_SECONDS)


def _revision(connection: Connection) -> str | None:
    known = inspect(connection)
    if known.has_table("alembic_version"):
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    # Written before there were revisions.
    return FIRST if known.has_table("batch") else None


def _upgrade(engine: Engine) -> None:
    """Bring the database to its present form in one transaction: whatever ends it, there is the old or the new one."""
    # Alembic takes a while to import, and most openings do not need it.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", os.fspath(_MIGRATIONS))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    with _alone(engine) as connection:
        revision = _revision(connection)
        if revision is not None and revision not in known:
            raise StoreError(
                f"the database has revision {revision}, this program knows up to {HEAD}",
                where=_shown(engine),
                remedy="Use the newer version of testamur that wrote it.",
            )
        if is_postgresql(engine) and connection.execute(select(func.pg_is_in_recovery())).scalar_one():
            raise StoreError(
                f"the database is a copy of another server's, in revision {revision}; this program reads {HEAD}",
                where=_shown(engine),
                remedy="Start `testamur index` of this version on the server that it is copied from, or wait.",
                code="read-only-copy",
            )
        config.attributes["connection"] = connection
        if revision == FIRST and not inspect(connection).has_table("alembic_version"):
            command.stamp(config, FIRST)
        command.upgrade(config, HEAD)


@contextmanager
def _alone(engine: Engine) -> Iterator[Connection]:
    """A transaction in which nobody else brings the database up to date."""
    if is_postgresql(engine):
        with engine.begin() as connection:
            connection.execute(select(func.pg_advisory_xact_lock(_UPGRADE_LOCK)))
            yield connection
        return
    with _upgrade_lock(engine), engine.connect() as connection:
        # Outside of the transaction, where alone it has an effect: a table that others refer to is changed by copying
        # it, and what it refers to is looked at when all is done.
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        connection.commit()
        try:
            # Said by us: Python's driver begins no transaction before it changes tables, and then each change counts
            # by itself.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection
            if connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
                raise StoreError(
                    "the database has rows that refer to what is not there, so that it is left as it was",
                    where=_shown(engine),
                    remedy="Restore it from a backup, or ask whoever changed it by hand.",
                )
            connection.commit()
        finally:
            connection.rollback()
            connection.exec_driver_sql("PRAGMA foreign_keys=ON")


def _upgrade_lock(engine: Engine) -> AbstractContextManager[Any]:
    """SQLite itself waits for seconds; bringing a large index up to date takes minutes."""
    if engine.url.database in (None, "", ":memory:"):
        return nullcontext()
    return FileLock(f"{engine.url.database}.upgrade.lock", timeout=UPGRADE_SECONDS, mode=FILE_MODE)


def _shown(engine: Engine) -> str:
    url = engine.url
    return os.fspath(url.database or "") if url.drivername == "sqlite" else url.render_as_string(hide_password=True)
