"""Positions of named status lists: which are given out, and to which credentials."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from itertools import islice
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Connection, Engine, bindparam, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from anchor.books.tables import list_position, named_list
from registry.database.engine import is_postgresql
from registry.errors import RegistryError
from registry.formats.statuslist import LIST_BITS, NamedPosition
from registry.merkle.positionfile import ListName

MOST_DRAWN: Final = LIST_BITS // 2
"""Positions of a list that are given out: a random one is then free as often as not."""
_A_STATEMENT: Final = 500


class PositionStore:
    """The positions of the named lists of one contract's issuers.

    Args:
        chain: CAIP-2 name.
        contract: checksummed address.
    """

    def __init__(self, engine: Engine, chain: str, contract: str):
        self._engine = engine
        self._key = {"chain": chain, "contract": contract}
        self._dialect = postgresql if is_postgresql(engine) else sqlite

    def draw(self, issuer: int, count: int) -> list[NamedPosition]:
        """Random positions that were never given out, of the issuer's list with room and of new ones."""
        drawn: list[NamedPosition] = []
        with self._engine.begin() as connection:
            while len(drawn) < count:
                name, reserved = self._reserve(connection, issuer, count - len(drawn))
                drawn += [NamedPosition(name, index) for index in self._take(connection, name, reserved)]
        return drawn

    def bind(self, issuer: int, pairs: Iterable[tuple[NamedPosition, bytes]]) -> None:
        """Say which digests have which positions; all of them or, where one cannot have its own, none.

        Raises:
            RegistryError: a position was not given out to this issuer, or is another digest's (code `position-taken`).
        """
        of = list_position.c
        place = (of.list == bindparam("its_list"), of.position == bindparam("its_index"))
        is_free = or_(of.digest.is_(None), of.digest == bindparam("its_digest"))
        is_mine = of.list.in_(select(named_list.c.name).where(*self._of(issuer)))
        statement = update(list_position).where(*place, is_free, is_mine).values(digest=bindparam("its_digest"))
        rows = [
            {"its_list": position.list.bytes, "its_index": position.index, "its_digest": digest}
            for position, digest in pairs
        ]
        if not rows:
            return
        with self._engine.begin() as connection:
            if connection.execute(statement, rows).rowcount != len(rows):
                raise RegistryError(
                    f"the status lists of issuer {issuer} have no such positions for these {len(rows):,} credentials: "
                    "one was not drawn for this issuer, or is another credential's",
                    remedy="Draw a position for each credential, and sign it with that one.",
                    code="position-taken",
                )

    def _of(self, issuer: int) -> list[ColumnElement[bool]]:
        return [named_list.c[name] == value for name, value in {**self._key, "issuer": issuer}.items()]

    def _reserve(self, connection: Connection, issuer: int, count: int) -> tuple[UUID, int]:
        """A list of the issuer that has room, made when there is none, and how many of its positions may be taken."""
        of = named_list.c
        roomiest = select(of.name, of.drawn).where(*self._of(issuer), of.drawn < MOST_DRAWN).order_by(of.drawn).limit(1)
        while (found := connection.execute(roomiest).first()) is not None:
            reserved = min(count, MOST_DRAWN - found.drawn)
            # Somebody else may draw from it at this moment.
            still = (of.name == found.name, of.drawn + reserved <= MOST_DRAWN)
            grown = update(named_list).where(*still).values(drawn=of.drawn + reserved)
            if connection.execute(grown).rowcount == 1:
                return UUID(bytes=found.name), reserved
        name, reserved = uuid4(), min(count, MOST_DRAWN)
        connection.execute(insert(named_list).values(**self._key, name=name.bytes, issuer=issuer, drawn=reserved))
        return name, reserved

    def _take(self, connection: Connection, name: UUID, count: int) -> list[int]:
        """So many positions of the list that were free, and are not any more; in no order."""
        taken: list[int] = []
        while len(taken) < count:
            tried = {secrets.randbelow(LIST_BITS) for _ in range(min(count - len(taken), _A_STATEMENT))}
            rows = [{"list": name.bytes, "position": index} for index in tried]
            statement = self._dialect.insert(list_position).values(rows).on_conflict_do_nothing()
            taken += connection.execute(statement.returning(list_position.c.position)).scalars()
        secrets.SystemRandom().shuffle(taken)
        return taken


def positions_of(engine: Engine, digests: Iterable[bytes]) -> dict[bytes, tuple[ListName, int]]:
    """The lists and the indices of those of the digests that have positions, by whatever issuer and contract.

    A position is part of a document, and so of its digest: whoever anchors it, it is the same.
    """
    of, found = list_position.c, dict[bytes, tuple[ListName, int]]()
    query = select(of.digest, of.list, of.position, named_list.c.issuer).join(named_list)
    with engine.connect() as connection:
        if connection.execute(select(named_list.c.name).limit(1)).first() is None:
            return found
        wanted = iter(digests)
        while some := list(islice(wanted, _A_STATEMENT)):
            for digest, name, index, issuer in connection.execute(query.where(of.digest.in_(some))):
                found[digest] = ListName(UUID(bytes=name), issuer), index
    return found
