"""What the database says about the daemon's work, added up in it: a scrape reads sums, never rows."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Engine, Float, and_, case, cast, func, select

from anchor.books.tables import (
    ENDED_STATES,
    SETTLED_STATES,
    BatchState,
    JobState,
    StatusJobState,
    attempt,
    batch,
    job,
    status_job,
)

FINAL_BUCKETS: Final = (15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1200.0, 1800.0, 3600.0, 7200.0, 21600.0, 86400.0)
"""Seconds from intake to final. Ethereum takes about 900; more than an hour needs an explanation."""
PURPOSES: Final = ("anchor", "status", "cancel", "fill")
"""First words of `attempt.purpose`; what else the account sends (deploying, commands) is `other`."""
WEI_PER_ETHER: Final = 10**18


@dataclass(frozen=True, slots=True)
class Figures:
    """The sums of one contract. Times are Unix seconds.

    Attributes:
        jobs, batches, status_jobs: how many are in each state; every state is there.
        oldest_job: when the oldest accepted job came in that is neither final nor cancelled.
        oldest_status_job: when the oldest status job came in that has not ended, and that is not for later.
        oldest_batch: when the oldest batch was sealed that is neither final nor cancelled.
        attempts: how many final batches needed how many transactions.
        fees: ether spent, by purpose.
        to_final: for each of `FINAL_BUCKETS`, how many jobs took at most so long from intake to final.
        final_jobs, final_seconds: how many jobs are final, and how long they took together.
    """

    jobs: dict[str, int]
    batches: dict[str, int]
    status_jobs: dict[str, int]
    oldest_job: float | None
    oldest_status_job: float | None
    oldest_batch: float | None
    attempts: dict[int, int]
    fees: dict[str, float]
    to_final: tuple[int, ...]
    final_jobs: int
    final_seconds: float


def read_figures(engine: Engine, chain: str, contract: str) -> Figures:
    """The sums as they are now.

    Args:
        chain: CAIP-2 name.
        contract: checksummed address.

    Raises:
        SQLAlchemyError: the database does not answer.
    """
    jobs = (job.c.chain == chain, job.c.contract == contract)
    batches = (batch.c.chain == chain, batch.c.contract == contract)
    changes = (status_job.c.chain == chain, status_job.c.contract == contract)
    with engine.connect() as connection:
        final_jobs, final_seconds, to_final = _to_final(connection, jobs)
        return Figures(
            jobs=dict.fromkeys(JobState, 0) | _counts(connection, job.c.state, jobs),
            batches=dict.fromkeys(BatchState, 0) | _counts(connection, batch.c.state, batches),
            status_jobs=dict.fromkeys(StatusJobState, 0) | _counts(connection, status_job.c.state, changes),
            oldest_job=_oldest_job(connection, jobs),
            oldest_status_job=_oldest_status_job(connection, changes),
            oldest_batch=connection.execute(
                select(func.min(batch.c.sealed_at)).where(*batches, batch.c.state.not_in(SETTLED_STATES))
            ).scalar_one(),
            attempts=_attempts(connection, batches),
            fees=_fees(connection, chain),
            to_final=to_final,
            final_jobs=final_jobs,
            final_seconds=final_seconds,
        )


def _counts(connection: Connection, state: Any, mine: tuple[Any, ...]) -> dict[str, int]:
    query = select(state, func.count()).where(*mine).group_by(state)
    return {str(name): int(count) for name, count in connection.execute(query)}


def _oldest_job(connection: Connection, mine: tuple[Any, ...]) -> float | None:
    waiting = select(func.min(job.c.queued_at)).where(*mine, job.c.state == JobState.QUEUED)
    under_way = (
        select(func.min(job.c.queued_at))
        .join(batch, batch.c.id == job.c.batch)
        .where(*mine, job.c.state == JobState.SEALED, batch.c.state.not_in(SETTLED_STATES))
    )
    found = [connection.execute(query).scalar_one() for query in (waiting, under_way)]
    return min((float(moment) for moment in found if moment is not None), default=None)


def _oldest_status_job(connection: Connection, mine: tuple[Any, ...]) -> float | None:
    since = func.coalesce(status_job.c.not_before, status_job.c.created_at)
    query = select(func.min(since)).where(*mine, status_job.c.state.not_in(ENDED_STATES), since <= time.time())
    found: float | None = connection.execute(query).scalar_one()
    return found


def _attempts(connection: Connection, mine: tuple[Any, ...]) -> dict[int, int]:
    # Only of final batches, so that no number ever goes down again.
    of_batch = and_(
        attempt.c.chain == batch.c.chain, attempt.c.sender == batch.c.sender, attempt.c.nonce == batch.c.nonce
    )
    needed = (
        select(func.count().label("number"))
        .select_from(batch)
        .join(attempt, of_batch)
        .where(*mine, batch.c.state == BatchState.FINAL)
        .group_by(batch.c.id)
        .subquery()
    )
    query = select(needed.c.number, func.count()).group_by(needed.c.number)
    return {int(number): int(count) for number, count in connection.execute(query)}


def _fees(connection: Connection, chain: str) -> dict[str, float]:
    purpose = case(*((attempt.c.purpose.like(f"{word} %"), word) for word in PURPOSES), else_="other").label("word")
    # As a float: the sum in wei does not fit the integers of SQLite.
    query = (
        select(purpose, func.sum(cast(attempt.c.cost, Float)))
        .where(attempt.c.chain == chain, attempt.c.cost.is_not(None))
        .group_by(purpose)
    )
    spent = {str(word): float(wei) / WEI_PER_ETHER for word, wei in connection.execute(query)}
    return {word: spent.get(word, 0.0) for word in (*PURPOSES, "other")}


def _to_final(connection: Connection, mine: tuple[Any, ...]) -> tuple[int, float, tuple[int, ...]]:
    took = cast(batch.c.final_at, Float) - job.c.queued_at
    # `final_at` has whole seconds alone, so a job that was quick may seem to be final before it came in.
    seconds = case((took < 0, 0.0), else_=took)
    within = (func.coalesce(func.sum(case((seconds <= bound, 1), else_=0)), 0) for bound in FINAL_BUCKETS)
    query = (
        select(func.count(), func.coalesce(func.sum(seconds), 0.0), *within)
        .select_from(job)
        .join(batch, batch.c.id == job.c.batch)
        .where(*mine, batch.c.state == BatchState.FINAL, batch.c.final_at.is_not(None), job.c.queued_at.is_not(None))
    )
    count, total, *counts = connection.execute(query).one()
    return int(count), float(total), tuple(int(number) for number in counts)
