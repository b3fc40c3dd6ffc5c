"""Leases: at any time one process may sign and send with an account, and one that lost its lease cannot."""

from __future__ import annotations

import time
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from registry.errors import ChainBusy
from registry.store.database import now
from registry.store.tables import signer


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has the lease of an account: a process, since which epoch, and for how many seconds more."""

    owner: str
    epoch: int
    seconds_left: float


class LeaseLost(ChainBusy):
    """Another process may have taken over: nothing more may be signed or sent under this lease."""

    default_code = "lease-lost"


class Lease:
    """The lease of one signing account for one process.

    Every write about the account's transactions is made in a database transaction that checks `guard` first: the epoch
    goes up when the lease changes hands, so a process that was paused in the meantime finds itself refused.

    Args:
        chain: CAIP-2 name.
        address: the account, checksummed.
        owner: names the process, differently from all others.
        seconds: how long the lease lasts without renewal.
    """

    def __init__(self, engine: Engine, chain: str, address: str, owner: str, seconds: float):
        self._engine = engine
        self._key = (signer.c.chain == chain, signer.c.address == address)
        self._new = {"chain": chain, "address": address}
        self._owner = owner
        self._seconds = seconds
        self._held_until = 0.0
        self.address = address
        self.epoch = 0

    def acquire(self) -> bool:
        """Take the lease if it is free, has run out, or is this process's own; whether it is held now."""
        started = time.monotonic()
        with self._engine.begin() as connection:
            self._make_row(connection)
            free = or_(signer.c.owner.is_(None), signer.c.expires_at <= now(connection))
            taken = connection.execute(
                update(signer)
                .where(*self._key, free)
                .values(owner=self._owner, epoch=signer.c.epoch + 1, expires_at=now(connection) + self._seconds)
                .returning(signer.c.epoch)
            ).scalar_one_or_none()
        if taken is None:
            return self.is_held
        self.epoch = taken
        self._held_until = started + self._seconds
        return True

    def renew(self) -> None:
        """Hold it for another while.

        Raises:
            LeaseLost: it has run out or is another's.
        """
        with self._engine.begin() as connection:
            self.guard(connection)

    def release(self) -> None:
        """Give it back, so that another need not wait; nothing happens if it is not held."""
        self._held_until = 0.0
        with self._engine.begin() as connection:
            mine = (signer.c.owner == self._owner, signer.c.epoch == self.epoch)
            connection.execute(update(signer).where(*self._key, *mine).values(owner=None, expires_at=0.0))

    @property
    def is_held(self) -> bool:
        """Whether it has not run out by this process's own clock, which stands still in no pause."""
        return time.monotonic() < self._held_until

    def check(self) -> None:
        """Make sure that it is held, just before something is sent.

        Raises:
            LeaseLost: it is not.
        """
        if not self.is_held:
            raise self._lost()

    def guard(self, connection: Connection) -> None:
        """Make sure that it is held, hold it for another while, and let no other take it until the transaction ends.

        Raises:
            LeaseLost: it is not.
        """
        mine = (signer.c.owner == self._owner, signer.c.epoch == self.epoch)
        started = time.monotonic()
        self.check()
        # An update, not a look: it locks the row on PostgreSQL and the database on SQLite.
        held = update(signer).where(*self._key, *mine).values(expires_at=now(connection) + self._seconds)
        if connection.execute(held).rowcount != 1:
            raise self._lost()
        self._held_until = started + self._seconds

    def holder(self) -> Holder | None:
        """Who has it now."""
        with self._engine.connect() as connection:
            left = signer.c.expires_at - now(connection)
            found = connection.execute(select(signer.c.owner, signer.c.epoch, left).where(*self._key)).first()
        return None if found is None or found[0] is None or found[2] <= 0 else Holder(*found)

    def _make_row(self, connection: Connection) -> None:
        if connection.execute(select(signer.c.epoch).where(*self._key)).first() is None:
            try:
                with connection.begin_nested():
                    connection.execute(insert(signer).values(**self._new, epoch=0, expires_at=0.0))
            except IntegrityError:
                # Another process made it at the same moment.
                return

    def _lost(self) -> LeaseLost:
        return LeaseLost(
            f"this process no longer holds the lease of {self.address}",
            remedy="Another process has taken over, or this one was paused for too long. It goes on when it is free.",
        )
