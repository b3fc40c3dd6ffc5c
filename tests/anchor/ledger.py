"""A database with jobs, batches and attempts in every state, written row by row, for tests that only read it."""

from __future__ import annotations

from sqlalchemy import Engine, insert

from anchor.books.tables import BatchState, JobState, attempt, batch, job

CHAIN, CONTRACT, ACCOUNT = "eip155:31337", "0x" + "Cc" * 20, "0x" + "Aa" * 20
T0 = 1_700_000_000


class Ledger:
    """Adds rows; what a test does not name does not matter to it."""

    def __init__(self, engine: Engine):
        self.engine = engine
        self._number = 0

    def batch(
        self,
        state: BatchState,
        *,
        sealed_at: int = T0,
        final_at: int | None = None,
        nonce: int | None = None,
        contract: str = CONTRACT,
    ) -> int:
        self._number += 1
        values = {
            "chain": CHAIN,
            "contract": contract,
            "issuer": 1,
            "root": self._number.to_bytes(32, "big"),
            "leaf_count": 1,
            "state": state,
            "sealed_at": sealed_at,
            "final_at": final_at,
            "nonce": nonce,
            "sender": None if nonce is None else ACCOUNT,
        }
        with self.engine.begin() as connection:
            found: int = connection.execute(insert(batch).values(values).returning(batch.c.id)).scalar_one()
        return found

    def job(
        self,
        state: JobState,
        *,
        queued_at: float | None = T0,
        batch: int | None = None,
        contract: str = CONTRACT,
    ) -> None:
        self._number += 1
        values = {
            "id": f"job-{self._number}",
            "chain": CHAIN,
            "contract": contract,
            "issuer": 1,
            "state": state,
            "is_open": 0,
            "reissue": 0,
            "source": "http",
            "created_at": T0,
            "queued_at": queued_at,
            "batch": batch,
        }
        with self.engine.begin() as connection:
            connection.execute(insert(job).values(values))

    def attempt(self, nonce: int, purpose: str = "anchor 1 0x00", *, cost: int | None = None) -> None:
        self._number += 1
        values = {
            "chain": CHAIN,
            "sender": ACCOUNT,
            "nonce": nonce,
            "purpose": purpose,
            "hash": self._number.to_bytes(32, "big"),
            "raw": b"",
            "signed_at": T0,
            "cost": None if cost is None else str(cost),
        }
        with self.engine.begin() as connection:
            connection.execute(insert(attempt).values(values))
