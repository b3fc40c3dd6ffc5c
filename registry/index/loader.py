"""Loading trees into the index: those that were checked from their leaves to their root."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from threading import Event as Flag
from typing import Final, Protocol

from sqlalchemy import Connection, Engine, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from registry.database.engine import is_postgresql, on_connection
from registry.errors import StoreError, TreeError
from registry.index.facts import prefix_of
from registry.index.partitions import partitioned_pile
from registry.index.reader import Index
from registry.index.states import TreeState
from registry.index.tables import indexed_tree
from registry.merkle.tree import Tree
from registry.merkle.treefile import TreeId
from registry.trees.store import DAMAGED, MISSING, TreeStore

# Digests fall all over the index: the more of them come in one transaction, the fewer pages are written for each.
ROWS_A_COMMIT: Final = 250_000
# Of PostgreSQL, in as many transactions as there are partitions.
ROWS_A_PART: Final = 1_000_000
TREES_A_PAGE: Final = 500
FIRST_RETRY_SECONDS: Final = 2.0
LONGEST_RETRY_SECONDS: Final = 600.0
# Of these nothing is left to load.
_THERE: Final = frozenset({TreeState.LOADED, TreeState.BESIDE})

_log = logging.getLogger(__name__)

Place = tuple[int, int]
Row = tuple[int, int, int]


class Pile(Protocol):
    """Leaves on their way into the database; a tree is loaded when its last leaf is there.

    Attributes:
        loaded: how many trees are all there.
    """

    loaded: int

    def add(self, tree: Tree) -> None:
        """Add the leaves of a tree that was checked."""

    def settle(self) -> None:
        """Write what there is, when more is to come another time."""

    def finish(self) -> None:
        """Write what there is, when nothing more is to come."""


class TreeLoader:
    """Puts the digests of anchored batches into the index, as soon as their trees are in the store.

    Rows are written in pieces: others write to the same database. A tree that was cut off is loaded again.

    Args:
        clock: seconds that never go back.
    """

    def __init__(self, index: Index, trees: TreeStore, *, clock: Callable[[], float] = time.monotonic):
        self._index = index
        self._engine = index.engine
        self._trees = trees
        self._clock = clock
        # Trees that were not there, or not sound: when each is looked at again, and after how long the next time.
        self._waiting: dict[TreeId, tuple[float, float]] = {}
        # The state of the index in which all others were found loaded, and how many connections there had been: behind
        # the next one may be a standby that was promoted, which can lack trees that were loaded, whatever is indexed.
        self._looked_at: tuple[int, int, int] | None = None
        self._connections = 0
        on_connection(index.engine, self._connected)

    def run(self, stop: Flag, seconds: float) -> None:
        """Load what can be loaded until told to stop, with a pause after each round."""
        while not stop.is_set():
            try:
                self.step(stop)
            except (StoreError, SQLAlchemyError) as error:
                _log.warning("trees wait: %s", error, extra={"code": getattr(error, "code", "database")})
            stop.wait(seconds)

    def step(self, stop: Flag | None = None) -> int:
        """Load every tree that can be loaded now; returns how many.

        Raises:
            StoreError: code `trees-unavailable`: the store does not answer.
        """
        connections = self._connections
        head, moment = self._index.head(), self._clock()
        state = None if head is None else (head.source, head.version, connections)
        if state == self._looked_at and all(moment < next_try for next_try, _ in self._waiting.values()):
            return 0
        with self._pile(stop or Flag()) as pile:
            if pile is None:
                return 0
            if self._try_all(pile, stop) and head is not None:
                # Connections that were made meanwhile lead to the same server: the session that loads has lived on.
                self._looked_at = (head.source, head.version, self._connections)
            return pile.loaded

    def _pile(self, stop: Flag) -> AbstractContextManager[Pile | None]:
        if is_postgresql(self._engine):
            return partitioned_pile(self._engine, ROWS_A_PART, stop)
        return nullcontext(_Pile(self._engine))

    def _try_all(self, pile: Pile, stop: Flag | None) -> bool:
        """Put whatever can be loaded onto the pile; whether all was looked at."""
        after = None
        while wanted := self._index.without_tree(after=after, limit=TREES_A_PAGE):
            after = wanted[-1]
            known = self._index.trees(wanted)
            for which in wanted:
                if stop is not None and stop.is_set():
                    pile.settle()
                    return False
                if which not in known or known[which].state not in _THERE:
                    self._try(which, pile)
        pile.finish()
        return True

    def _connected(self) -> None:
        self._connections += 1

    def _try(self, which: TreeId, pile: Pile) -> None:
        next_try, pause = self._waiting.get(which, (0.0, FIRST_RETRY_SECONDS))
        if self._clock() < next_try:
            return
        try:
            is_loaded = self._try_one(which, pile) if which.leaf_count else self._try_all_of(which.root, pile)
        except (StoreError, SQLAlchemyError):
            raise
        except Exception:
            # Of this tree, whatever it is: the others are loaded, and it is tried again as if it were not there.
            _log.exception("the tree %s cannot be loaded", which)
            is_loaded = False
        if is_loaded:
            self._waiting.pop(which, None)
        else:
            self._waiting[which] = (self._clock() + pause, min(LONGEST_RETRY_SECONDS, pause * 2))

    def _try_all_of(self, root: bytes, pile: Pile) -> bool:
        """For a batch that does not state its count: any tree with its root may be the one; never known to be."""
        of_root = [TreeId(root, count) for count in self._trees.counts(root)]
        known = self._index.trees(of_root)
        for which in of_root:
            if which not in known or known[which].state not in _THERE:
                self._try_one(which, pile)
        return False

    def _try_one(self, which: TreeId, pile: Pile) -> bool:
        """Load a tree if it is there and sound; whether it was."""
        state = TreeState.DAMAGED
        try:
            with self._trees.open_whole(which) as tree:
                state = self._checked(tree)
                if state is TreeState.LOADED:
                    pile.add(tree)
                else:
                    with self._engine.begin() as connection:
                        _set(connection, which, state)
        except StoreError as error:
            if error.code not in (MISSING, DAMAGED):
                raise
            # It may have been cut off after it was checked: what is in the index of it is not all.
            state = TreeState.DAMAGED
        return state is TreeState.LOADED

    def _checked(self, tree: Tree) -> TreeState:
        try:
            tree.check()
        except TreeError as error:
            _log.warning("the tree %s is not loaded: %s", tree.id, error, extra={"code": error.code})
            return TreeState.UNSORTED if error.code == "leaf-order" else TreeState.DAMAGED
        return TreeState.LOADED


class _Pile:
    """Leaves of one or more trees on their way into the database; a tree is loaded when its last leaf is there."""

    def __init__(self, engine: Engine):
        self.loaded = 0
        self._engine = engine
        self._size = 0
        self._parts: list[tuple[TreeId, TreeState, list[Place]]] = []

    def add(self, tree: Tree) -> None:
        """Add the leaves of a tree that was checked."""
        places: list[Place] = []
        for place in _places(tree.leaves()):
            places.append(place)
            if self._size + len(places) >= ROWS_A_COMMIT:
                self._part(tree.id, TreeState.LOADING, places)
                self.write()
                places = []
        self._part(tree.id, TreeState.LOADED, places)

    def _part(self, which: TreeId, state: TreeState, places: list[Place]) -> None:
        self._parts.append((which, state, places))
        self._size += len(places)

    def settle(self) -> None:
        """Write what there is."""
        self.write()

    finish = settle

    def write(self) -> None:
        """Write what there is, in one transaction."""
        if not self._parts:
            return
        with self._engine.begin() as connection:
            rows: list[Row] = []
            for which, state, places in self._parts:
                number = _set(connection, which, state)
                rows += [(prefix, number, leaf_index) for prefix, leaf_index in places]
            if rows:
                rows.sort()
                _add(connection, rows)
        self.loaded += sum(state is TreeState.LOADED for _, state, _ in self._parts)
        self._parts.clear()
        self._size = 0


def _set(connection: Connection, which: TreeId, state: TreeState) -> int:
    """Write what is known of a tree; returns its number."""
    values = {"state": state, "loaded_at": int(time.time())}
    dialect = postgresql if is_postgresql(connection.engine) else sqlite
    of = indexed_tree.c
    connection.execute(dialect.insert(indexed_tree).values(**which._asdict(), **values).on_conflict_do_nothing())
    this = update(indexed_tree).where(of.root == which.root, of.leaf_count == which.leaf_count)
    number: int = connection.execute(this.values(**values).returning(of.id)).scalar_one()
    return number


def _places(leaves: Iterable[bytes]) -> Iterator[Place]:
    """One for all leaves with the same first bytes; they come sorted."""
    last = None
    for leaf_index, digest in enumerate(leaves):
        prefix = prefix_of(digest)
        if prefix != last:
            yield prefix, leaf_index
            last = prefix


def _add(connection: Connection, rows: list[Row]) -> None:
    """Add rows; those that are there already, from a load that was cut off, stay."""
    statement = "INSERT OR IGNORE INTO indexed_leaf (prefix, tree, leaf_index) VALUES (?, ?, ?)"
    connection.exec_driver_sql(statement, rows)
