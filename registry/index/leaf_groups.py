"""Looking many digests up at once in PostgreSQL: requests that come together share one question and one round trip.

Nobody waits for others on purpose. What comes while the connections are busy goes along with the next question, so
groups grow with the load: one digest in a quiet service, dozens in a busy one.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator, Hashable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Engine
from sqlalchemy.exc import NoResultFound, OperationalError

from registry.database.engine import connect_past
from registry.http.fairness import Line
from registry.index.facts import prefix_of
from registry.index.leaf_reader import Located
from registry.index.reader import LeafPlace, said_of_digest
from registry.merkle.treefile import TreeId
from registry.records import DigestStatus

if TYPE_CHECKING:
    import psycopg

CONNECTIONS: Final = 2
"""Of a process: one answers while the answers of the other are told."""

GROUP: Final = 64
PATIENCE_SECONDS: Final = 5.0
"""For which a group waits for the database, and a question for a group; then the database counts as away."""

# One statement for both questions: with two, even in one round trip, the driver takes twice as long. Each prefix is
# looked for by itself: where leaves are partitioned, only so is each looked for in its own partition alone.
_ASKED: Final = """
SELECT leaf.prefix, leaf.tree, leaf.leaf_index,
    NULL::bytea, NULL::bigint, NULL::bigint, NULL::bigint, NULL::smallint, NULL::bigint, NULL::smallint
FROM unnest(%s::bigint[]) AS asked (prefix)
CROSS JOIN LATERAL (
    SELECT prefix, tree, leaf_index FROM indexed_leaf WHERE indexed_leaf.prefix = asked.prefix OFFSET 0
) AS leaf
UNION ALL
SELECT NULL, NULL, NULL, digest, source, issuer, revoked_at, revocation_reason, suspended_at, suspension_reason
FROM indexed_digest WHERE source = ANY(%s::bigint[]) AND digest = ANY(%s::bytea[])
"""
_TREES: Final = "SELECT id, root, leaf_count FROM indexed_tree WHERE id = ANY(%s::bigint[])"


@dataclass(slots=True, eq=False)
class _Question:
    source: int
    digest: bytes
    answer: asyncio.Future[Located]
    since: float = field(default_factory=time.monotonic)

    def fail(self, error: Exception) -> None:
        # Nobody waits for the answer of who has gone.
        if not self.answer.done():
            self.answer.set_exception(error)


class _Away(Exception):
    """The database did not answer; what the driver said of it is the cause."""


class LeafGroups:
    """The questions of one event loop; `opened` makes them."""

    def __init__(self, engine: Engine):
        self._engine = engine
        self._line: Line[_Question] = Line()
        self._links = [_Link(engine) for _ in range(CONNECTIONS)]
        self._idle = list(self._links)
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_called = False

    @classmethod
    @asynccontextmanager
    async def opened(cls, engine: Engine) -> AsyncIterator[LeafGroups]:
        """Questions to this PostgreSQL; its connections are closed at the end, and made when they are needed."""
        groups = cls(engine)
        try:
            yield groups
        finally:
            await groups._end()

    async def _end(self) -> None:
        for link in self._links:
            link.hang_up()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for link in self._links:
            await link.close()

    async def ask(self, who: Hashable, source: int, digest: bytes) -> Located:
        """Where a digest may be, and what was said of it.

        Args:
            who: for whom it is asked; each comes in turn.
            source: the number of the registry in the index.

        Raises:
            SQLAlchemyError: the database does not answer.
        """
        loop = asyncio.get_running_loop()
        question = _Question(source, digest, loop.create_future())
        self._line.put(who, question)
        if self._idle and not self._is_called:
            # After all requests that have come with this one.
            self._is_called = True
            loop.call_soon(self._begin)
        try:
            return await question.answer
        except BaseException:
            self._line.leave(who, question)
            raise

    def _begin(self) -> None:
        self._is_called = False
        while self._idle and self._line:
            task = asyncio.create_task(self._work(self._idle.pop(), self._line.take(GROUP)))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _work(self, link: _Link, group: list[_Question]) -> None:
        """Answer one group after the other while there is one."""
        try:
            while group:
                await self._answer(link, group)
                group = self._line.take(GROUP)
        except asyncio.CancelledError:
            for question in group:
                question.answer.cancel()
            raise
        finally:
            self._idle.append(link)

    async def _answer(self, link: _Link, group: list[_Question]) -> None:
        try:
            await self._ask_database(link, group)
        except _Away as away:
            # Who has waited as long in the line has waited for the same.
            late = time.monotonic() - PATIENCE_SECONDS if link.was_stuck else float("-inf")
            for question in [*group, *(each for each in self._line if each.since <= late)]:
                question.fail(OperationalError(_ASKED, None, away.__cause__ or away))
        except Exception as error:
            for question in group:
                question.fail(error)

    async def _ask_database(self, link: _Link, group: list[_Question]) -> None:
        # Whoever has gone, or waited too long, waits for no answer.
        asked = [question for question in group if not question.answer.done()]
        if not asked:
            return
        by_prefix = {prefix_of(question.digest): list[tuple[int, int]]() for question in asked}
        said: dict[tuple[int, bytes], dict[int, DigestStatus]] = {}
        sources, digests = {question.source for question in asked}, {question.digest for question in asked}
        rows, trees = await link.ask(list(by_prefix), list(sources), list(digests))
        for prefix, tree, leaf_index, digest, source, issuer, *status in rows:
            if digest is None:
                by_prefix[prefix].append((tree, leaf_index))
            else:
                said.setdefault((source, digest), {})[issuer] = said_of_digest(*status)
        for question in asked:
            if not question.answer.done():
                places = sorted(by_prefix[prefix_of(question.digest)])
                found = [LeafPlace(trees[tree], leaf_index) for tree, leaf_index in places]
                question.answer.set_result(Located(found, said.get((question.source, question.digest), {})))


class _Link:
    """One connection to PostgreSQL, made anew where it is lost.

    Attributes:
        was_stuck: whether the database said nothing for `PATIENCE_SECONDS` when it was asked last.
    """

    def __init__(self, engine: Engine):
        self._engine = engine
        self._connection: psycopg.AsyncConnection[Any] | None = None
        # By their numbers on the server behind the connection: after a failover another one may number them otherwise.
        self._trees: dict[int, TreeId] = {}
        self.was_stuck = False

    async def ask(
        self, prefixes: Sequence[int], sources: Sequence[int], digests: Sequence[bytes]
    ) -> tuple[list[tuple[Any, ...]], Mapping[int, TreeId]]:
        """The rows of `_ASKED`, and the trees that they name; raises _Away."""
        import psycopg

        self.was_stuck = False
        is_new = self._connection is None
        try:
            return await self._asked(prefixes, sources, digests)
        except psycopg.Error as error:
            await self.close()
            if is_new or self.was_stuck:
                raise _Away from error
        # A server that was restarted has closed the connection: a new one tells whether it is back.
        try:
            return await self._asked(prefixes, sources, digests)
        except psycopg.Error as error:
            await self.close()
            raise _Away from error

    async def _asked(self, *values: Sequence[Any]) -> tuple[list[tuple[Any, ...]], Mapping[int, TreeId]]:
        stuck = asyncio.get_running_loop().call_later(PATIENCE_SECONDS, self.hang_up)
        try:
            if self._connection is None:
                self._connection = await connect_past(self._engine, seconds=int(PATIENCE_SECONDS))
            rows = await _fetched(self._connection, _ASKED, *values)
            named = {row[1] for row in rows if row[1] is not None}
            if unknown := named - self._trees.keys():
                for number, root, leaf_count in await _fetched(self._connection, _TREES, list(unknown)):
                    self._trees[number] = TreeId(root, leaf_count)
            if not named <= self._trees.keys():
                raise NoResultFound("a tree was taken out of the index while its leaves were read")
            return rows, self._trees
        finally:
            stuck.cancel()

    def hang_up(self) -> None:
        """End what waits for a database that says nothing: the driver's own way would ask it for leave to."""
        self.was_stuck = True
        if self._connection is not None and not self._connection.closed:
            with suppress(OSError), socket.socket(fileno=os.dup(self._connection.fileno())) as ours:
                ours.shutdown(socket.SHUT_RDWR)

    async def close(self) -> None:
        """Let go of the connection, if there is one."""
        connection, self._connection = self._connection, None
        self._trees = {}
        if connection is not None:
            await connection.close()


async def _fetched(
    connection: psycopg.AsyncConnection[Any], query: str, *values: Sequence[Any]
) -> list[tuple[Any, ...]]:
    cursor = connection.cursor()
    await cursor.execute(query, values, prepare=True)
    return await cursor.fetchall()
