"""A status job as its issuer sees it: state, times, transactions, and what it waits for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from anchor.books.deeds import DeedRow, DeedStore
from anchor.books.status_jobs import StatusEvent, StatusJob, StatusJobStore
from anchor.books.tables import StatusJobState
from anchor.daemon.jobs_view import moment, public_reason
from registry.database.engine import Engine


@dataclass(frozen=True, slots=True)
class StatusStep:
    """A change that the issuer sees. `at` is Unix seconds."""

    number: int
    state: StatusJobState
    at: float

    def content(self) -> dict[str, Any]:
        """For JSON."""
        return {"number": self.number, "state": self.state, "at": moment(self.at)}


@dataclass(frozen=True, slots=True)
class StatusView:
    """A status job, the deeds that it rests on, and everything that happened to it."""

    job: StatusJob
    deeds: Sequence[DeedRow]
    history: Sequence[StatusEvent] = ()

    @property
    def is_settled(self) -> bool:
        """Nothing more will happen to it."""
        return self.job.is_ended

    def steps(self) -> list[StatusStep]:
        """What the issuer has seen of it, in order; it only ever grows, so that a step keeps its number."""
        changes = [
            event
            for before, event in zip([None, *self.history], self.history, strict=False)
            if before is None or before.state is not event.state
        ]
        return [StatusStep(number, event.state, event.at) for number, event in enumerate(changes, start=1)]

    def content(self, *, public: bool = False) -> dict[str, Any]:
        """For JSON.

        Args:
            public: for whoever has a key of the API: without the words of endpoints, signers and disks.
        """
        job = self.job
        code, why = job.waits_code, job.waits_why
        is_parked = job.state is StatusJobState.PARKED
        reason = None if code is None else {"code": code, "why": public_reason(code, why) if public else why}
        is_there = job.state in (StatusJobState.MINED, StatusJobState.FINAL)
        mined = [deed.mined_at for deed in self.deeds if deed.mined_at is not None]
        return {
            "id": job.id,
            "issuer": job.issuer,
            "act": job.act.word,
            "reason": job.reason,
            "note": job.note,
            "urgent": job.urgent,
            "state": job.state,
            "source": job.source,
            "credentials": job.credentials,
            "overtaken": job.overtaken,
            "batch": None if job.root is None else f"0x{job.root.hex()}",
            "placeOnly": job.place_only,
            "notBefore": moment(job.not_before),
            "acceptedAt": moment(job.created_at),
            "minedAt": moment(max(mined, default=None)) if is_there else None,
            "endedAt": moment(job.ended_at),
            "transactions": [_transaction(deed) for deed in self.deeds],
            "parked": reason if is_parked else None,
            "waiting": None if is_parked or job.is_ended else reason,
        }


class StatusViews:
    """Looks status jobs up as their issuers see them.

    Args:
        chain: CAIP-2 name.
        contract: checksummed address.
    """

    def __init__(self, engine: Engine, chain: str, contract: str):
        self._jobs = StatusJobStore(engine, chain, contract)
        self._deeds = DeedStore(engine, chain, contract)

    def of(self, job: StatusJob) -> StatusView:
        """One job, with its history."""
        return StatusView(job, self._deeds.of_jobs([job.number])[job.number], self._jobs.history(job))

    def of_all(self, jobs: Sequence[StatusJob]) -> list[StatusView]:
        """Many jobs, without their histories."""
        deeds = self._deeds.of_jobs([job.number for job in jobs])
        return [StatusView(job, deeds[job.number]) for job in jobs]


def _transaction(deed: DeedRow) -> dict[str, Any]:
    return {
        "transaction": None if deed.transaction_hash is None else f"0x{deed.transaction_hash.hex()}",
        "state": deed.state,
        "batch": None if deed.digests else f"0x{deed.root.hex()}",
        "digests": len(deed.digests),
        "block": deed.block_number,
        "blockTime": moment(deed.block_time),
    }
