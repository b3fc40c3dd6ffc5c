"""A job as its issuer sees it: one state for all that happens behind it, with times and an estimate of the end."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from anchor.books.anchoring import BatchEvent, history
from anchor.books.batches import BatchRow, Leaf
from anchor.books.jobs import Job
from anchor.books.tables import BY_PERSON, BatchState, JobState
from anchor.books.views import leaves_from, rows_of, seconds_to_final
from registry.database.engine import Engine
from registry.errors import public_sentence

ESTIMATED_FROM: Final = 20
ESTIMATE_SECONDS: Final = 5.0


class IssuerState(StrEnum):
    """How far a job has come.

    RECEIVING: it comes in; nothing is promised yet. BROKEN: it did not come in whole, nothing of it counts. PENDING:
    it is stored. SEALED: its batch is fixed; receipts can be had. MINED: in a block. FINAL: nothing can undo it.
    PARKED: it waits for the operator of the daemon. CANCELLED: it will not be anchored. UNCHANGED: all of it was
    anchored before, or rejected.
    """

    RECEIVING = "receiving"
    BROKEN = "broken"
    PENDING = "pending"
    SEALED = "sealed"
    MINED = "mined"
    FINAL = "final"
    PARKED = "parked"
    CANCELLED = "cancelled"
    UNCHANGED = "unchanged"


SETTLED: Final = (IssuerState.FINAL, IssuerState.CANCELLED, IssuerState.UNCHANGED, IssuerState.BROKEN)
_OF_JOB = {
    JobState.RECEIVING: IssuerState.RECEIVING,
    JobState.QUEUED: IssuerState.PENDING,
    JobState.SEALED: IssuerState.SEALED,
    JobState.UNCHANGED: IssuerState.UNCHANGED,
    JobState.CANCELLED: IssuerState.CANCELLED,
    JobState.BROKEN: IssuerState.BROKEN,
}
_OF_BATCH = {
    BatchState.PARKED: IssuerState.PARKED,
    BatchState.MINED: IssuerState.MINED,
    BatchState.SAFE: IssuerState.MINED,
    BatchState.FINAL: IssuerState.FINAL,
    BatchState.CANCELLED: IssuerState.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class Step:
    """A change that the issuer sees. `at` is Unix seconds, None where nobody took it down."""

    number: int
    state: IssuerState
    at: float | None

    def content(self) -> dict[str, Any]:
        """For JSON."""
        return {"number": self.number, "state": self.state, "at": moment(self.at)}


@dataclass(frozen=True, slots=True)
class JobView:
    """A job and its batch.

    Attributes:
        final_estimate: Unix seconds; None when nothing was final here yet, or nobody can know.
        history: everything that happened to its batch while the job was in it, in the daemon's own states.
    """

    job: Job
    batch: BatchRow | None
    state: IssuerState
    final_estimate: float | None
    history: Sequence[BatchEvent]

    @property
    def is_settled(self) -> bool:
        """Nothing more will happen to it."""
        return self.state in SETTLED

    def steps(self) -> list[Step]:
        """What the issuer has seen of it, in order; it only ever grows, so that a step keeps its number."""
        seen: list[tuple[IssuerState, float | None]] = [(IssuerState.RECEIVING, self.job.created_at)]
        if self.job.queued_at is not None and self.state is not IssuerState.UNCHANGED:
            seen.append((IssuerState.PENDING, self.job.queued_at))
        if self.batch is not None:
            seen.append((IssuerState.SEALED, float(self.batch.sealed_at)))
            seen += [(_OF_BATCH.get(event.state, IssuerState.SEALED), event.at) for event in self.history]
        # Some ends have no event of their own.
        seen.append((self.state, None))
        changes = [
            one for before, one in zip([None, *seen], seen, strict=False) if before is None or before[0] != one[0]
        ]
        return [Step(number, state, at) for number, (state, at) in enumerate(changes, start=1)]

    def content(self, *, public: bool = False) -> dict[str, Any]:
        """For JSON.

        Args:
            public: for whoever has a key of the API: without the words of endpoints, signers and disks.
        """
        job, row = self.job, self.batch
        return {
            "id": job.id,
            "issuer": job.issuer,
            "state": self.state,
            "source": job.source,
            "open": job.is_open,
            "reissue": job.reissue,
            "withoutHistory": job.without_history,
            "bare": job.bare,
            "credentials": job.credentials,
            "rejected": job.rejected,
            "duplicates": job.duplicates,
            "anchoredBefore": job.anchored_before,
            "revoked": job.revoked,
            "acceptedAt": moment(job.queued_at),
            "sealedAt": None if row is None else moment(row.sealed_at),
            "minedAt": None if row is None else moment(row.mined_at),
            "finalAt": None if row is None else moment(row.final_at),
            "finalEstimate": moment(self.final_estimate),
            "batch": None if row is None else _batch_content(row),
            "parked": None
            if self.state is not IssuerState.PARKED or row is None
            else {
                "code": row.parked_code,
                "why": public_reason(row.parked_code, row.parked_why) if public else row.parked_why,
            },
            "waiting": None
            if self.state is not IssuerState.PENDING or job.waits_code is None
            else {"code": job.waits_code, "why": job.waits_why},
            "cancelRequested": row is not None and row.cancel_requested,
        }


REASONS: Final = {
    "fee-ceiling": "transactions cost more now than the operator pays",
    "no-funds": "the operator's account has too little to pay for it",
    "not-operator": "the operator's account may not act for this issuer",
    "not-controller": "the operator's account does not control this issuer",
    "refused": "the chain's endpoint refused the transaction",
    "reverted": "the contract refused the transaction",
    "count-differs": "its root is anchored with another number of credentials",
}
"""By code, why a batch waits, as it is told to whoever sent a job."""
TOLD_AS_IT_IS: Final = frozenset({BY_PERSON, "revoked", "not-anchored", "earlier-batch", "earlier-change", "overtaken"})


def public_reason(code: str | None, why: str | None) -> str | None:
    """Why something waits, as it is told to whoever sent it.

    Args:
        why: the words that the operator sees.
    """
    # What a person wrote is meant to be read, and so is what we say of the issuer's own credentials.
    if code in TOLD_AS_IT_IS:
        return why
    return REASONS.get(code or "") or public_sentence(code or "", "it waits for the operator")


class JobViews:
    """Looks jobs up as their issuers see them.

    Args:
        chain: CAIP-2 name.
        contract: checksummed address.
    """

    def __init__(self, engine: Engine, chain: str, contract: str):
        self._engine = engine
        self._chain = chain
        self._contract = contract
        self._usual: tuple[float, float | None] = (float("-inf"), None)

    def of(self, one: Job) -> JobView:
        """One job, with its history."""
        (view,) = self._views([one])
        if one.batch is None:
            return view
        lived = _life_of(one, history(self._engine, one.batch))
        return JobView(view.job, view.batch, view.state, view.final_estimate, lived)

    def of_all(self, jobs: Sequence[Job]) -> list[JobView]:
        """Many jobs, without their histories."""
        return self._views(jobs)

    def usual_seconds(self) -> float | None:
        """How long batches took from sealed to final of late: the median of the last 20."""
        return seconds_to_final(self._engine, self._chain, self._contract, of=ESTIMATED_FROM)

    def _usual_of_late(self) -> float | None:
        """As `usual_seconds`, a few seconds old: an estimate does not need more."""
        asked_at, usual = self._usual
        if time.monotonic() - asked_at >= ESTIMATE_SECONDS:
            usual = self.usual_seconds()
            self._usual = (time.monotonic(), usual)
        return usual

    def leaves(self, view: JobView) -> Iterator[Leaf]:
        """The leaves of a job's batch that are its own; all of them when it shares a credential with another job.

        No connection is held while the caller is busy with them.
        """
        row, job = view.batch, view.job
        if row is None:
            return
        prefix = f"{job.id}/" if job.is_open else ""
        own = job.credentials - job.duplicates - job.anchored_before - job.revoked
        if prefix and sum(1 for _ in leaves_from(self._engine, row, prefix)) < own:
            prefix = ""
        yield from leaves_from(self._engine, row, prefix)

    def _views(self, jobs: Sequence[Job]) -> list[JobView]:
        rows = rows_of(self._engine, {one.batch for one in jobs if one.batch is not None})
        usual = self._usual_of_late()
        return [_view(one, None if one.batch is None else rows.get(one.batch), usual) for one in jobs]


def moment(seconds: float | None) -> str | None:
    """Unix seconds as RFC 3339."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _view(one: Job, row: BatchRow | None, usual: float | None) -> JobView:
    state = _OF_JOB[one.state]
    if row is not None and one.state is JobState.SEALED:
        state = _OF_BATCH.get(row.state, IssuerState.SEALED)
    return JobView(one, row, state, _estimate(one, row, state, usual), ())


def _estimate(one: Job, row: BatchRow | None, state: IssuerState, usual: float | None) -> float | None:
    if usual is None:
        return None
    if state is IssuerState.PENDING and not one.is_open and one.queued_at is not None:
        return max(one.queued_at + usual, time.time())
    if state in (IssuerState.SEALED, IssuerState.MINED) and row is not None:
        return max(row.sealed_at + usual, time.time())
    return None


def _life_of(one: Job, events: Sequence[BatchEvent]) -> Sequence[BatchEvent]:
    """The events of a batch while the job was in it: the same root may be sealed again after it was cancelled."""
    queued_at = one.queued_at or one.created_at
    ends = [number for number, event in enumerate(events) if event.state is BatchState.CANCELLED]
    start = max((number + 1 for number in ends if events[number].at < queued_at), default=0)
    end = min((number + 1 for number in ends if number >= start), default=len(events))
    return events[start:end]


def _batch_content(row: BatchRow) -> dict[str, Any]:
    return {
        "root": f"0x{row.root.hex()}",
        "leafCount": row.leaf_count,
        "sequence": row.sequence,
        "transaction": None if row.transaction_hash is None else f"0x{row.transaction_hash.hex()}",
        "block": row.block_number,
        "anchoredAt": moment(row.block_time),
    }
