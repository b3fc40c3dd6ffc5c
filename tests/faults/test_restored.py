"""A database out of a backup under a daemon, and what a person accepts: on a real node, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import delete, insert, select

from anchor.anchoring.loop_state import Status
from anchor.anchoring.now import Now
from anchor.batching.as_on_chain import as_on_chain
from anchor.books import control
from anchor.books.batches import BatchRow
from anchor.books.leases import Lease
from anchor.books.status_jobs import NewStatusJob, StatusJob, StatusJobStore
from anchor.books.tables import BatchState, JobState, StatusJobState
from anchor.daemon.health import Health
from anchor.restoring.recovery import Recovered, Recovery
from anchor.settings import Settings
from anchor.workspace import Workspace
from registry.database.metadata import metadata
from registry.errors import StoreError
from registry.records import Act
from tests.faults.site import Site

TABLES = [table for table in metadata.sorted_tables if not table.name.startswith("indexed_")]


def backup(here: Site) -> list[list[dict[str, Any]]]:
    with here.data.engine.connect() as connection:
        return [[dict(row._mapping) for row in connection.execute(select(table))] for table in TABLES]


def restore(here: Site, rows: list[list[dict[str, Any]]]) -> None:
    with here.data.engine.begin() as connection:
        for table in reversed(TABLES):
            connection.execute(delete(table))
        for table, found in zip(TABLES, rows, strict=True):
            if found:
                connection.execute(insert(table), found)


@contextmanager
def workspace(here: Site) -> Iterator[Workspace]:
    database = here.data.engine.url.render_as_string(hide_password=False)
    given = {"data_folder": here.data.path, "database": database, "chain": here.proxy.url, "transaction_timeout": 5}
    with Workspace(Settings.model_validate(given | {"key": here.chain.daemon_key})) as made:
        yield made


def recover(here: Site) -> Recovered:
    with workspace(here) as made:
        lease = Lease(here.data.engine, made.chain, made.signer.address, "recover", 30.0)
        # The daemon that found the database behind has given it back.
        assert lease.acquire_unless_held()
        done = Recovery(made, made.signer.address).run()
        lease.release()
    return done


def no_room(_: BatchRow) -> None:
    raise StoreError("the tree store is full", code="trees-unavailable")


def test_a_restored_database_stops_the_daemon_until_it_is_brought_up_to_date(here: Site) -> None:
    status = Status()
    worker = here.worker(status=status)
    here.to_the_end(worker, here.job("ada"))
    worker.end()
    lost_later = here.job("bob", "cyd")
    rows = backup(here)
    here.to_the_end(worker, lost_later, here.job("dan", issuer=2))
    worker.end()
    events = len(here.chain.contract.anchored_events())
    restore(here, rows)

    worker = here.worker(status=status)
    health = Health(here.data.engine, [status], loop_timeout=120.0)
    here.rounds(worker, 3)
    (told,) = here.events("database-behind")
    assert (told.facts["batches"], told.level) == (2, "critical")
    answer = health.ready()
    assert not answer.ok
    assert "testamur recover" in str(answer.content()["checks"][f"records {status.account}"])
    # An open job is not even sealed: it may be on the chain.
    assert here.again(lost_later).state is JobState.QUEUED
    assert len(here.chain.contract.anchored_events()) == events

    done = recover(here)
    assert sorted(row.issuer for row in done.added) == [1, 2]
    assert [job.id for job, _ in done.jobs] == [lost_later.id]
    new = here.job("eve")
    here.to_the_end(worker, lost_later, new)
    assert health.ready().ok
    assert len(here.chain.contract.anchored_events()) == events + 1
    assert {row.sequence for row in here.batches.all(1)} == {1, 2, 3}
    assert here.events("database-behind") == [told]


def test_what_was_taken_over_before_it_was_final_is_followed(here: Site) -> None:
    # Its lease is in the backup, as if it were still alive.
    worker = here.worker(lease_seconds=1.0)
    here.to_the_end(worker, here.job("ada"))
    rows = backup(here)
    job = here.job("bob")
    here.rounds(worker)
    worker.round()
    mined = here.batch(job)
    assert mined.state is BatchState.MINED
    worker.end()
    restore(here, rows)
    (row,) = recover(here).added
    assert (row.state, row.nonce, row.sender) == (BatchState.MINED, mined.nonce, here.signer.address)
    # Its block goes: the bytes that were taken over are sent again.
    here.chain.reorganise(1)
    for _ in range(8):
        here.rounds(here.worker())
    found = here.batches.by_id(row.id)
    assert isinstance(found, BatchRow)
    assert (found.state, found.transaction_hash) == (BatchState.FINAL, mined.transaction_hash)


@pytest.mark.parametrize("place_only", [False, True], ids=["digest", "place"])
@pytest.mark.parametrize("under_way", [False, True], ids=["waits", "signed"])
def test_a_change_of_the_backup_undoes_no_later_one_that_the_backup_does_not_know(
    here: Site, under_way: bool, place_only: bool
) -> None:
    jobs = StatusJobStore(here.data.engine, f"eip155:{here.chain.deployment.chain_id}", here.contract.address)

    def ask(act: Act, name: str) -> StatusJob:
        reason = "resolved" if act is Act.REINSTATE else "under-review"
        reason = "unspecified" if act is Act.REVOKE else reason
        digests = (sha256(name.encode()).digest(),)
        return jobs.add(NewStatusJob(1, act, reason, "command", digests, place_only=place_only))[0]

    def now(job: StatusJob) -> StatusJob:
        found = jobs.get(job.id)
        assert found is not None
        return found

    def end(*asked: StatusJob) -> None:
        for _ in range(20):
            here.rounds(worker)
            if all(now(job).is_ended for job in asked):
                return
        raise AssertionError([now(job) for job in asked])

    def is_suspended(index: int) -> bool:
        return here.chain.contract.status(1, here.batch(job).root, index, sha256(b"ada").digest()).suspended

    worker = here.worker()
    job = here.job("ada", "bob")
    here.to_the_end(worker, job)
    places = {leaf.source: leaf.leaf_index for leaf in here.batches.leaves(here.batch(job))}
    end(ask(Act.SUSPEND, "ada"), ask(Act.SUSPEND, "bob"))
    lifted, still_wanted = ask(Act.REINSTATE, "ada"), ask(Act.REINSTATE, "bob")
    if under_way:
        # It has its nonce in the backup, and the bytes that are mined have a higher fee than those.
        here.rounds(worker, mine=False)
    worker.end()
    rows = backup(here)
    if under_way:
        signed = next(found for table, found in zip(TABLES, rows, strict=True) if table.name == "attempt")
        signed.pop()
    end(lifted, still_wanted)
    end(ask(Act.SUSPEND, "ada"))
    worker.end()
    restore(here, rows)

    worker = here.worker()
    here.rounds(worker, 4)
    assert here.events("database-behind")
    assert is_suspended(places["ada"])
    done = recover(here)
    assert [held.id for held in done.held] == [lifted.id]
    end(still_wanted)
    end(ask(Act.REVOKE, "bob"))
    assert is_suspended(places["ada"])
    assert (now(lifted).state, now(lifted).is_by_person) == (StatusJobState.PARKED, True)
    assert now(still_wanted).state in (StatusJobState.FINAL, StatusJobState.UNCHANGED)


def test_a_cancelled_batch_that_landed_all_the_same_is_known_by_the_next_round(here: Site) -> None:
    worker, job = here.worker(), here.job("ada")
    here.worker(publish=no_room).round()
    here.cancel(job)
    worker.round()
    assert here.again(job).state is JobState.CANCELLED
    row = here.batch(job)
    here.chain.anchor_by_hand(1, row.root, row.leaf_count)
    here.to_the_end(worker, here.job("bob"))
    here.to_the_end(worker, job)
    assert here.again(job).state is JobState.SEALED
    assert "anchored all the same" in " ".join(event.detail for event in here.history(job))
    # Its credential is left out of what comes later.
    again = here.job("ada")
    here.rounds(worker)
    assert here.again(again).state is JobState.UNCHANGED


@pytest.mark.parametrize("sent", [False, True])
def test_a_park_and_a_cancellation_outlive_the_commands(here: Site, sent: bool) -> None:
    """`status`, `anchor --resume` and `anchor` beside a daemon that is stopped."""
    other, parked, cancelled = here.job("cyd"), here.job("ada"), here.job("bob", issuer=2)
    worker = here.worker() if sent else here.worker(publish=no_room)
    worker.round()
    worker.end()
    here.chain.drop_all_pending()
    control.park(here.data.engine, here.again(parked), "wrong export")
    control.cancel(here.data.engine, here.jobs, here.again(cancelled))
    here.chain.set_mining("auto")
    with workspace(here) as made:
        for row in made.store.all():
            as_on_chain(made.contract, row, None)
        assert [row.root for row in Now(made).resume()] == [here.batch(other).root]
    events = here.chain.contract.anchored_events()
    assert [event.root for event in events] == [here.batch(other).root]
    assert here.batch(parked).state is BatchState.PARKED
    here.chain.set_mining("manual")
    control.unpark(here.data.engine, here.again(parked))
    here.to_the_end(here.worker(), parked)
    assert here.again(cancelled).state is JobState.CANCELLED
