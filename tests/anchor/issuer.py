"""What the tests of the intake have in common: databases, a folder, and batches that come as far as a test wants."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from sqlalchemy import insert, update

from anchor.batching.sealing import QueuePolicy, Sealer
from anchor.books.batches import BatchStore
from anchor.books.folder import DataFolder
from anchor.books.jobs import JobStore
from anchor.books.tables import BatchState, batch, batch_event
from anchor.notices.notices import Notice, Notices

CHAIN, CONTRACT = "eip155:31337", "0x" + "Cc" * 20


def credential(number: int) -> bytes:
    return b'{"type":["VerifiableCredential"],"credentialSubject":{"number":%d}}' % number


class Site:
    """A data folder with its stores, and a stand-in for the loop that anchors."""

    def __init__(self, path: Path, database: str | None = None):
        self.folder = DataFolder(path, database=database)
        self.engine = self.folder.engine
        self.jobs = JobStore(self.engine, CHAIN, CONTRACT)
        self.batches = BatchStore(self.engine, CHAIN, CONTRACT)
        self.told: list[Notice] = []
        self.notices = Notices([self.told.append])

    def seal(self, *, queue_seconds: float = 0.0) -> int:
        policy = QueuePolicy(1000, queue_seconds)
        sealer = Sealer(self.folder, self.jobs, self.batches, "0x" + "Aa" * 20, self.notices, policy)
        return sealer.round(lambda _: True)

    def happens(self, state: BatchState, *, at: float | None = None, **values: Any) -> None:
        """Every batch comes to that state."""
        with self.engine.begin() as connection:
            for row in self.batches.all():
                connection.execute(update(batch).where(batch.c.id == row.id).values(state=state, **values))
                event = {"batch": row.id, "at": at or time.time(), "state": state, "detail": "test"}
                connection.execute(insert(batch_event).values(**event))

    def mined(self, *, state: BatchState = BatchState.MINED) -> None:
        values = {"sequence": 1, "transaction_hash": bytes(32), "block_number": 5, "block_hash": bytes(32)}
        final = {"final_at": int(time.time())} if state is BatchState.FINAL else {}
        self.happens(state, block_time=1_700_000_000, mined_at=int(time.time()), **values, **final)

    def digests(self) -> list[bytes]:
        """What waits in the database, sorted."""
        with self.engine.begin() as connection:
            return sorted(
                leaf.digest for job in self.jobs.waiting() for leaf in self.jobs.credentials(connection, job.id)
            )
