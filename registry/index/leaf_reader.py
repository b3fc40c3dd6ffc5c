"""Looking up one digest after the other as fast as the database answers: prepared statements, nothing around them.

SQLAlchemy's way from a statement to its rows costs more than SQLite's whole search; these are the queries that run for
every lookup.
"""

from __future__ import annotations

import threading
from typing import Any, Final, NamedTuple

from sqlalchemy import Engine, select
from sqlalchemy.exc import OperationalError

from registry.database.engine import is_postgresql, on_connection
from registry.index.facts import prefix_of
from registry.index.reader import TREE, LeafPlace, said_of_digest
from registry.index.tables import indexed_tree
from registry.merkle.treefile import TreeId
from registry.records import DigestStatus

MAPPED_BYTES: Final = 2 << 30

_STATUSES: Final = """
SELECT issuer, revoked_at, revocation_reason, suspended_at, suspension_reason
FROM indexed_digest WHERE source = {mark} AND digest = {mark}
"""
# One statement for both questions: each by itself begins and ends a reading, which takes as long as the search.
_LOCATED: Final = """
SELECT tree, leaf_index, NULL, NULL, NULL, NULL, NULL FROM indexed_leaf WHERE prefix = {mark}
UNION ALL
SELECT NULL, NULL, issuer, revoked_at, revocation_reason, suspended_at, suspension_reason
FROM indexed_digest WHERE source = {mark} AND digest = {mark}
"""


class Located(NamedTuple):
    """The trees that may hold a digest, and what issuers said of it, by issuer."""

    places: list[LeafPlace]
    said: dict[int, DigestStatus]


class LeafReader:
    """Where digests may be, and what issuers said of them: `Index.places` and `Index.digest_statuses`.

    Each thread has a connection of its own.
    """

    def __init__(self, engine: Engine):
        self._engine = engine
        mark = "%s" if is_postgresql(engine) else "?"
        self._located, self._statuses = _LOCATED.format(mark=mark), _STATUSES.format(mark=mark)
        self._local = threading.local()
        # The number of a tree never changes its meaning on one server. A standby that lacked the last trees when it was
        # promoted gives their numbers to others.
        self._trees: dict[int, TreeId] = {}
        on_connection(engine, self._trees.clear)

    def located(self, source: int, digest: bytes) -> Located:
        """The trees that may hold a digest, whatever its leaves say, and what issuers said of it.

        Args:
            source: the number of the registry in the index.

        Raises:
            SQLAlchemyError: the database does not answer.
        """
        places, said = list[tuple[int, int]](), dict[int, DigestStatus]()
        for tree, leaf_index, issuer, *status in self._rows(self._located, prefix_of(digest), source, digest):
            if issuer is None:
                places.append((tree, leaf_index))
            else:
                said[issuer] = said_of_digest(*status)
        places.sort()
        return Located([LeafPlace(self._tree(tree), leaf_index) for tree, leaf_index in places], said)

    def statuses(self, source: int, digest: bytes) -> dict[int, DigestStatus]:
        """What issuers said of a credential by its digest, by issuer; arguments and errors as of `located`."""
        return {issuer: said_of_digest(*said) for issuer, *said in self._rows(self._statuses, source, digest)}

    def _rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        cursor = getattr(self._local, "cursor", None)
        if cursor is not None:
            try:
                return self._fetched(cursor, query, values)
            except self._engine.dialect.loaded_dbapi.Error:
                # A server that was restarted has closed the connection: a new one tells whether it is back.
                self._local.cursor = None
        try:
            cursor = self._connected()
            rows = self._fetched(cursor, query, values)
        except self._engine.dialect.loaded_dbapi.Error as error:
            raise OperationalError(query, None, error) from error
        self._local.cursor = cursor
        return rows

    def _fetched(self, cursor: Any, query: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        cursor.execute(query, values)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found

    def _connected(self) -> Any:
        connection = self._engine.raw_connection()
        driver: Any = connection.driver_connection
        # Taken out of the pool for good: it reads in no transaction, so it holds nothing up.
        connection.detach()
        if is_postgresql(self._engine):
            driver.autocommit = True
        else:
            # Pages are read where they are, without a copy of each: digests fall all over the table.
            driver.execute(f"PRAGMA mmap_size={MAPPED_BYTES}")
        self._local.connection = connection
        return driver.cursor()

    def _tree(self, number: int) -> TreeId:
        if number not in self._trees:
            with self._engine.connect() as connection:
                query = select(*TREE).where(indexed_tree.c.id == number)
                self._trees[number] = TreeId(*connection.execute(query).one())
        return self._trees[number]
