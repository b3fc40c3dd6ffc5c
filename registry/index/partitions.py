"""Leaves on their way into PostgreSQL: into the partitions of `indexed_leaf`, several at once.

One loader at a time, of all processes on a database: two would do the same work and wait for each other's rows. What is
loaded into an empty index goes into tables beside it, which get their key when all is there and then become the
partitions: a key that is made at once costs a fraction of one that grows with each row. Afterwards rows go into the
partitions, in order.

A tree is `loading` while rows of it are written, in as many transactions as there are partitions; only when all of them
are there its state is another one. So whatever ends a loader, its trees are loaded again, by rows that are left alone
where they are there.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event as Flag
from typing import Any, Final, NamedTuple, Self

from sqlalchemy import ColumnElement, Connection, Engine, func, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from registry.index.facts import PREFIX_BYTES
from registry.index.leaf_rows import COPY_BEGINS, COPY_ENDS, PARTITIONS, Leaves, bounds, in_order
from registry.index.reader import VALUES_A_STATEMENT
from registry.index.states import TreeState
from registry.index.tables import indexed_tree
from registry.merkle.proof import NODE_SIZE
from registry.merkle.tree import Tree
from registry.merkle.treefile import TreeId

WRITERS: Final = 2
LOOK_SECONDS: Final = 0.5
# A statement that waits for all readers keeps all later ones waiting behind it.
LOCK_SECONDS: Final = 5
# Any number, the same in every process: who holds it loads trees.
_LOADERS_LOCK = 0x6C6F61646572
_TAKEN = "23505"  # of PostgreSQL: a row with that key is there


@contextmanager
def partitioned_pile(engine: Engine, rows: int, stop: Flag) -> Iterator[PartitionedPile | None]:
    """What is loaded goes onto this, once no other process loads; None if told to stop before that.

    Args:
        rows: as for `PartitionedPile`.
    """
    with engine.connect() as connection:
        while not _asked(connection, func.pg_try_advisory_lock(_LOADERS_LOCK)):
            if stop.wait(LOOK_SECONDS):
                yield None
                return
        try:
            with PartitionedPile(engine, connection, rows) as pile:
                yield pile
        finally:
            try:
                _asked(connection, func.pg_advisory_unlock(_LOADERS_LOCK))
            except SQLAlchemyError:
                # The lock is the session's, and ends with it.
                connection.invalidate()


def _asked(connection: Connection, question: ColumnElement[bool]) -> bool:
    with connection.begin():
        return connection.execute(select(question)).scalar_one()


class _Part(NamedTuple):
    which: TreeId
    state: TreeState
    leaves: Leaves


class PartitionedPile:
    """Leaves of one or more trees on their way into the partitions.

    Args:
        connection: whose session is the one that loads.
        rows: written at once, at most: 60 bytes of memory each, twice.
    """

    def __init__(self, engine: Engine, connection: Connection, rows: int):
        self.loaded = 0
        self._engine = engine
        self._connection = connection
        self._rows = rows
        self._size = 0
        self._parts: list[_Part] = []
        # Trees of this pile that are written in part, all that are on it, and those of an earlier load.
        self._begun: set[TreeId] = set()
        self._added: set[TreeId] = set()
        self._again: set[TreeId] = set()
        self._writers = ThreadPoolExecutor(WRITERS, "leaves")
        self._under_way: list[Future[None]] = []
        self._states: dict[TreeState, list[int]] = {}
        self._beside = BesideTables(engine)
        self._is_beside = self._beside.are_there(connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._writers.shutdown(cancel_futures=True)

    def add(self, tree: Tree) -> None:
        """Add the leaves of a tree that was checked; nothing, if it was added before."""
        if tree.id in self._added:
            return
        leaves, first, before = Leaves(), 0, b""
        for digests in tree.leaf_blocks():
            leaves.add(digests, first, before)
            first += len(digests) // NODE_SIZE
            before = bytes(digests[-NODE_SIZE:][:PREFIX_BYTES])
            if self._size + len(leaves) >= self._rows:
                self._part(tree.id, TreeState.LOADING, leaves)
                self.write()
                leaves = Leaves()
        self._part(tree.id, TreeState.LOADED, leaves)
        self._added.add(tree.id)

    def write(self) -> None:
        """Have written what there is; what was to be written before is there then."""
        self._settle()
        if not self._parts:
            return
        if not self._is_beside and self._size >= self._rows:
            self._is_beside = self._beside.make(self._connection)
        fresh, known = self._numbered({part.which for part in self._parts})
        again = known.keys() - self._begun
        self._again |= again
        if self._is_beside:
            self._beside.remove(self._connection, [known[which] for which in again])
        rows: defaultdict[tuple[int, bool], list[memoryview]] = defaultdict(list)
        for part in self._parts:
            number = fresh.get(part.which) or known[part.which]
            may_be_there = part.which in self._again and not self._is_beside
            for partition, some in part.leaves.rows(number):
                rows[partition, may_be_there].append(some)
            if part.state is TreeState.LOADED:
                state = TreeState.BESIDE if self._is_beside else TreeState.LOADED
                self._states.setdefault(state, []).append(number)
                self._begun.discard(part.which)
            else:
                self._begun.add(part.which)
        self._under_way = [
            self._writers.submit(self._write, partition, some, may_be_there)
            for (partition, may_be_there), some in sorted(rows.items(), key=lambda each: each[0])
        ]
        self._parts.clear()
        self._size = 0

    def finish(self) -> None:
        """Have written what there is, to the end: nothing more comes."""
        self.write()
        self._settle()
        if not self._is_beside:
            return
        try:
            list(self._writers.map(self._beside.make_key, range(PARTITIONS)))
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) == _TAKEN:
                # A row is there twice: somebody took the lock away from a loader that was at work.
                self._beside.drop(self._connection)
            raise
        self._beside.take_place(self._connection)
        self._is_beside = False

    def settle(self) -> None:
        """Have written what there is, when no more is to be loaded now but there is more."""
        self.write()
        self._settle()

    def _part(self, which: TreeId, state: TreeState, leaves: Leaves) -> None:
        self._parts.append(_Part(which, state, leaves))
        self._size += len(leaves)

    def _settle(self) -> None:
        under_way, self._under_way = self._under_way, []
        for each in under_way:
            each.result()
        states, self._states = self._states, {}
        if not states:
            return
        # In the session that holds the lock: one that has lost it says of no tree that it is loaded.
        with self._connection.begin():
            for state, numbers in states.items():
                these = text("UPDATE indexed_tree SET state = :state WHERE id = ANY(:numbers)")
                self._connection.execute(these, {"state": state, "numbers": numbers})
        self.loaded += sum(map(len, states.values()))

    def _numbered(self, wanted: Collection[TreeId]) -> tuple[dict[TreeId, int], dict[TreeId, int]]:
        """The numbers of trees, all of them `loading` from here on: of those that were not there before, and others."""
        of = indexed_tree.c
        columns = (of.root, of.leaf_count, of.id)
        fresh: dict[TreeId, int] = {}
        known: dict[TreeId, int] = {}
        trees = sorted(wanted)
        with self._connection.begin():
            for start in range(0, len(trees), VALUES_A_STATEMENT):
                some = trees[start : start + VALUES_A_STATEMENT]
                values = {"state": TreeState.LOADING, "loaded_at": int(time.time())}
                new = insert(indexed_tree).values([{**which._asdict(), **values} for which in some])
                made = self._connection.execute(new.on_conflict_do_nothing().returning(*columns))
                fresh |= {TreeId(root, count): number for root, count, number in made}
                others = [which for which in some if which not in fresh]
                if others:
                    these = tuple_(of.root, of.leaf_count).in_(others)
                    found = self._connection.execute(
                        update(indexed_tree).where(these).values(values).returning(*columns)
                    )
                    known |= {TreeId(root, count): number for root, count, number in found}
        return fresh, known

    def _write(self, partition: int, rows: list[memoryview], may_be_there: bool) -> None:
        """Write rows into a partition, in a transaction and on a connection of their own."""
        if self._is_beside:
            with self._engine.begin() as connection:
                _copy(connection, beside_name(partition), rows)
            return
        ordered = [in_order(rows)] if len(rows) > 1 else rows
        if not may_be_there:
            try:
                with self._engine.begin() as connection:
                    _copy(connection, name_of(partition), ordered)
                return
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) != _TAKEN:
                    raise
        with self._engine.begin() as connection:
            connection.execute(text(f"CREATE TEMP TABLE new_leaf (LIKE {name_of(partition)}) ON COMMIT DROP"))
            _copy(connection, "new_leaf", ordered)
            connection.execute(text(_adding("new_leaf", name_of(partition))))


class BesideTables:
    """Tables without a key that take the place of the partitions of an index that has no leaf yet."""

    def __init__(self, engine: Engine):
        self._engine = engine

    def are_there(self, connection: Connection) -> bool:
        """Whether a loader has begun to fill them."""
        return _asked(connection, func.to_regclass(beside_name(0)).is_not(None))

    def make(self, connection: Connection) -> bool:
        """Make them, if the index has no leaf; whether they are there."""
        with connection.begin():
            if connection.execute(text("SELECT EXISTS (SELECT FROM indexed_leaf)")).scalar_one():
                return False
            self._start_over(connection)
            for partition in range(PARTITIONS):
                # With the bounds said of it, a partition is not read through when it takes its place.
                columns = f"LIKE indexed_leaf INCLUDING COMMENTS, CONSTRAINT within CHECK ({_within(partition)})"
                connection.execute(text(f"CREATE TABLE {beside_name(partition)} ({columns})"))
        return True

    def drop(self, connection: Connection) -> None:
        """Remove them; what was in them is loaded again."""
        with connection.begin():
            for partition in range(PARTITIONS):
                connection.execute(text(f"DROP TABLE {beside_name(partition)}"))
            self._start_over(connection)

    def _start_over(self, connection: Connection) -> None:
        beside = indexed_tree.c.state == TreeState.BESIDE
        connection.execute(update(indexed_tree).where(beside).values(state=TreeState.LOADING))

    def remove(self, connection: Connection, trees: Sequence[int]) -> None:
        """Remove rows of trees, which are written again."""
        if not trees:
            return
        with connection.begin():
            for partition in range(PARTITIONS):
                gone = text(f"DELETE FROM {beside_name(partition)} WHERE tree = ANY(:trees)")  # noqa: S608
                connection.execute(gone, {"trees": list(trees)})

    def make_key(self, partition: int) -> None:
        """Give one of them its key, unless it has it; on a connection of its own."""
        name = beside_name(partition)
        has_key = text("SELECT EXISTS (SELECT FROM pg_index WHERE indrelid = to_regclass(:name) AND indisprimary)")
        with self._engine.begin() as connection:
            if not connection.execute(has_key, {"name": name}).scalar_one():
                connection.execute(text(f"ALTER TABLE {name} ADD PRIMARY KEY (prefix, tree)"))

    def take_place(self, connection: Connection) -> None:
        """Have them be the partitions, and their trees loaded, from one moment to the next."""
        with connection.begin():
            connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'"))
            connection.execute(text("LOCK TABLE indexed_leaf"))
            for partition in range(PARTITIONS):
                name, beside = name_of(partition), beside_name(partition)
                for statement in (
                    f"ALTER TABLE indexed_leaf DETACH PARTITION {name}",
                    # None, unless an older program has gone on loading meanwhile.
                    _adding(name, beside),
                    f"DROP TABLE {name}",
                    f"ALTER TABLE {beside} RENAME TO {name}",
                    f"ALTER INDEX {beside}_pkey RENAME TO {name}_pkey",
                    f"ALTER TABLE indexed_leaf ATTACH PARTITION {name} {_values(partition)}",
                    f"ALTER TABLE {name} DROP CONSTRAINT within",
                ):
                    connection.execute(text(statement))
            waiting = indexed_tree.c.state == TreeState.BESIDE
            connection.execute(update(indexed_tree).where(waiting).values(state=TreeState.LOADED))
        with connection.begin():
            connection.execute(text("ANALYZE indexed_leaf"))


def name_of(partition: int) -> str:
    """The table of a partition."""
    return f"indexed_leaf_{partition:x}"


def beside_name(partition: int) -> str:
    """The table that may take its place."""
    return f"new_leaf_{partition:x}"


def _adding(rows_of: str, to: str) -> str:
    return f"INSERT INTO {to} SELECT * FROM {rows_of} ON CONFLICT DO NOTHING"  # noqa: S608


def _values(partition: int) -> str:
    first, after = bounds(partition)
    begin = "MINVALUE" if partition == 0 else str(first)
    end = "MAXVALUE" if partition == PARTITIONS - 1 else str(after)
    return f"FOR VALUES FROM ({begin}) TO ({end})"


def _within(partition: int) -> str:
    first, after = bounds(partition)
    begin = [] if partition == 0 else [f"prefix >= {first}"]
    end = [] if partition == PARTITIONS - 1 else [f"prefix < {after}"]
    return " AND ".join([*begin, *end])


def _copy(connection: Connection, table: str, rows: Iterable[bytes | memoryview]) -> None:
    driver: Any = connection.connection.driver_connection
    statement = f"COPY {table} (prefix, tree, leaf_index) FROM STDIN (FORMAT binary)"
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(COPY_BEGINS)
            for some in rows:
                copy.write(some)
            copy.write(COPY_ENDS)
    except connection.dialect.loaded_dbapi.Error as error:
        raise OperationalError(statement, None, error) from error
