"""What a person decides about a job: try again, take back, put aside. The daemon acts on it in its next round."""

from __future__ import annotations

from sqlalchemy import Engine, exists, select, update

from anchor.books.batches import BATCH, BatchRow, batch_row, record
from anchor.books.jobs import Job, JobStore
from anchor.books.tables import ANCHORED_STATES, BY_PERSON, SETTLED_STATES, BatchState, JobState, attempt, batch
from registry.errors import NotPossible


def batch_of(engine: Engine, one: Job) -> BatchRow | None:
    """The batch that a job is in."""
    if one.batch is None:
        return None
    with engine.connect() as connection:
        found = connection.execute(select(*BATCH).where(batch.c.id == one.batch)).first()
    return None if found is None else batch_row(found)


def unpark(engine: Engine, one: Job) -> None:
    """Let the daemon go on with the batch of a job.

    Raises:
        NotPossible: it is not parked.
    """
    row = batch_of(engine, one)
    if row is None or row.state is not BatchState.PARKED:
        raise NotPossible(
            f"this job is {one.state if row is None else row.state}, not parked: there is nothing to try again",
            where=one.id,
            remedy="`testamur jobs show` tells what it waits for.",
            code="not-parked",
        )
    signed = exists().where(
        attempt.c.chain == batch.c.chain, attempt.c.sender == batch.c.sender, attempt.c.nonce == batch.c.nonce
    )
    with engine.begin() as connection:
        found = connection.execute(select(batch.c.nonce, signed).where(batch.c.id == row.id)).one()
        # The state says how far it had come, so that the driver goes on from there.
        state = BatchState.SEALED
        if found[0] is not None:
            state = BatchState.BROADCAST if found[1] else BatchState.RESERVED
        values = {"state": state, "parked_code": None, "parked_why": None}
        still = (batch.c.id == row.id, batch.c.state == BatchState.PARKED)
        if connection.execute(update(batch).where(*still).values(**values)).rowcount:
            record(connection, row.id, state, "a person wants it to be tried again")


def park(engine: Engine, one: Job, why: str) -> None:
    """Have the daemon send nothing more for the batch of a job; what was sent may still land.

    Raises:
        NotPossible: it is not sealed yet, or anchored, or cancelled.
    """
    row = batch_of(engine, one)
    if row is None or row.state in (*ANCHORED_STATES, *SETTLED_STATES):
        raise NotPossible(
            f"this job is {one.state if row is None else row.state}: there is nothing to put aside",
            where=one.id,
            remedy="Only a job that is sealed and not in a block yet can be parked.",
            code="cannot-park",
        )
    values = {"state": BatchState.PARKED, "parked_code": BY_PERSON, "parked_why": why}
    # Only if the daemon has not taken it further since it was read.
    unchanged = (batch.c.id == row.id, batch.c.state == row.state)
    with engine.begin() as connection:
        if connection.execute(update(batch).where(*unchanged).values(**values)).rowcount == 0:
            raise NotPossible(
                "the daemon changed the batch of this job at this moment",
                where=one.id,
                remedy="Look at it again with `testamur jobs show`.",
                code="changed",
            )
        record(connection, row.id, BatchState.PARKED, f"{BY_PERSON}: {why}")


def cancel(engine: Engine, jobs: JobStore, one: Job, *, whole_batch: bool = False) -> bool:
    """Take back a job that is not anchored; True: it is done, False: the daemon will do it if it can still be done.

    Args:
        whole_batch: together with the other jobs in its batch.

    Raises:
        NotPossible: it is anchored or settled, or shares its batch with other jobs.
    """
    if one.state is JobState.CANCELLED or jobs.cancel(one.id):
        return True
    # It may have been sealed since it was read.
    one = jobs.get(one.id) or one
    row = batch_of(engine, one)
    if row is None or one.state is not JobState.SEALED or row.state in (*ANCHORED_STATES, *SETTLED_STATES):
        raise NotPossible(
            f"this job is {one.state if row is None else row.state} and cannot be cancelled",
            where=one.id,
            remedy="What is anchored stays so; revoke the credentials instead.",
            code="cannot-cancel",
        )
    others = len(jobs.of_batch(row.id)) - 1
    if others and not whole_batch:
        raise NotPossible(
            f"the batch of this job has {others:,} other jobs in it, which would be cancelled as well",
            where=one.id,
            remedy="Cancel all of them together (--whole-batch), or revoke the credential once it is anchored.",
            code="shared-batch",
        )
    with engine.begin() as connection:
        open_still = (batch.c.id == row.id, batch.c.state.not_in([*ANCHORED_STATES, *SETTLED_STATES]))
        connection.execute(update(batch).where(*open_still).values(cancel_requested=1))
        record(connection, row.id, row.state, "a person wants it to be cancelled")
    return False
