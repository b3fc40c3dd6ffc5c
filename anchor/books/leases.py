"""Leases: at any time one process may sign and send with an account, and one that lost its lease cannot.

No clock of the day has a part in it. Each renewal counts up a *beat* in the database. Who waits for the lease watches
the beat, and takes it when it has seen no new one for as long as the holder may go without, by a clock of its own that
only goes forward. A clock that is set back or ahead, here or there, changes nothing.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Connection, Engine, and_, insert, or_, select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from anchor.books.tables import signer
from registry.errors import ChainBusy

LOOKS_A_LEASE: Final = 8
LONGEST_PAUSE_SECONDS: Final = 1.0
# It is renewed all the time, so that a command that was killed does not keep others out for long.
COMMAND_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has the lease of an account: a process, since which epoch; how often it was renewed; for how long it may be
    silent, in seconds."""

    owner: str
    epoch: int
    beat: int
    seconds: float


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
        clock: seconds that never go back, of this process alone.
    """

    def __init__(
        self,
        engine: Engine,
        chain: str,
        address: str,
        owner: str,
        seconds: float,
        *,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._engine = engine
        self._key = (signer.c.chain == chain, signer.c.address == address)
        self._new = {"chain": chain, "address": address}
        self._owner = owner
        self._seconds = seconds
        self._clock = clock
        self._held_until = float("-inf")
        self._watched: Holder | None = None
        self._unchanged_since = 0.0
        self._lives = False
        self.address = address
        self.epoch = 0

    def acquire(self) -> bool:
        """Take the lease if it is free, this process's own, or has been silent for too long; whether it is held now."""
        started = self._clock()
        with self._engine.begin() as connection:
            self._make_row(connection)
            free = or_(signer.c.owner.is_(None), signer.c.owner == self._owner, *self._given_up(connection, started))
            values = {"owner": self._owner, "epoch": signer.c.epoch + 1, "beat": 0, "seconds": self._seconds}
            taken = connection.execute(
                update(signer).where(*self._key, free).values(**values).returning(signer.c.epoch)
            ).scalar_one_or_none()
        if taken is None:
            return False
        self._watched = None
        self.epoch = taken
        self._held_until = started + self._seconds
        return True

    def acquire_unless_held(self, patience: float = 0.0) -> bool:
        """As `acquire`, waiting until it is clear whether the holder lives; for a command, which looks only once.

        Args:
            patience: seconds in which a holder that lives may give it back.
        """
        until = self._clock() + patience
        while not self.acquire():
            if self._lives and self._clock() >= until:
                return False
            lasts = self._seconds if self._watched is None else self._watched.seconds
            time.sleep(min(LONGEST_PAUSE_SECONDS, lasts / LOOKS_A_LEASE))
        return True

    @property
    def silence(self) -> float | None:
        """For how many seconds its holder has given no sign, as far as it was watched; None while nobody has it."""
        return None if self._watched is None else self._clock() - self._unchanged_since

    def _given_up(self, connection: Connection, moment: float) -> list[ColumnElement[bool]]:
        """What holds of the row if its holder was watched for long enough without a beat."""
        found = self._holder(connection)
        if found is None or found != self._watched:
            # Only a change that was watched is a sign of life: what was there before may be long ago.
            self._lives = self._lives or (found is not None and self._watched is not None)
            # The time after the look, so that no beat is older than it is taken for.
            self._watched, self._unchanged_since = found, self._clock()
            return []
        if moment - self._unchanged_since < found.seconds:
            return []
        return [and_(signer.c.owner == found.owner, signer.c.epoch == found.epoch, signer.c.beat == found.beat)]

    def renew(self) -> None:
        """Hold it for another while.

        Raises:
            LeaseLost: it has run out or is another's.
        """
        with self._engine.begin() as connection:
            self.guard(connection)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """It is renewed as long as the block lasts, whatever the block waits for; and given back at its end."""
        stop = threading.Event()

        def beat() -> None:
            while not stop.wait(self._seconds / LOOKS_A_LEASE):
                try:
                    self.renew()
                except LeaseLost:
                    return
                except SQLAlchemyError:
                    # The next beat may get through.
                    continue

        thread = threading.Thread(target=beat, name="lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            self.release()

    def release(self) -> None:
        """Give it back, so that another need not wait; nothing happens if it is not held."""
        self._held_until = float("-inf")
        with self._engine.begin() as connection:
            mine = (signer.c.owner == self._owner, signer.c.epoch == self.epoch)
            connection.execute(update(signer).where(*self._key, *mine).values(owner=None))

    @property
    def is_held(self) -> bool:
        """Whether it has not run out by this process's own clock."""
        return self._clock() < self._held_until

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
        started = self._clock()
        self.check()
        # An update, not a look: it locks the row on PostgreSQL and the database on SQLite.
        held = update(signer).where(*self._key, *mine).values(beat=signer.c.beat + 1)
        if connection.execute(held).rowcount != 1:
            raise self._lost()
        self._held_until = started + self._seconds

    def holder(self) -> Holder | None:
        """Who has it, alive or not."""
        with self._engine.connect() as connection:
            return self._holder(connection)

    def _holder(self, connection: Connection) -> Holder | None:
        columns = (signer.c.owner, signer.c.epoch, signer.c.beat, signer.c.seconds)
        found = connection.execute(select(*columns).where(*self._key)).first()
        return None if found is None or found.owner is None else Holder(*found)

    def _make_row(self, connection: Connection) -> None:
        if connection.execute(select(signer.c.epoch).where(*self._key)).first() is None:
            try:
                with connection.begin_nested():
                    connection.execute(insert(signer).values(**self._new, epoch=0))
            except IntegrityError:
                # Another process made it at the same moment.
                return

    def _lost(self) -> LeaseLost:
        return LeaseLost(
            f"this process no longer holds the lease of {self.address}",
            remedy="Another process has taken over, or this one was paused for too long. It goes on when it is free.",
        )


def command_lease(engine: Engine, chain: str, account: str) -> Lease:
    """The lease of an account for a command of this process.

    Args:
        chain: CAIP-2 name.
        account: checksummed.
    """
    return Lease(engine, chain, account, f"command {os.getpid()} {secrets.token_hex(4)}", COMMAND_SECONDS)
