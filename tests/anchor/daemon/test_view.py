"""What an issuer sees of a job, and what a person may decide about it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from anchor.books import control
from anchor.books.jobs import Job
from anchor.books.tables import BatchState, JobState, attempt, batch, job
from anchor.daemon.jobs_view import IssuerState, JobView, JobViews
from anchor.intake.desk import Desk, Kind, Order
from anchor.intake.streams import IntakeLimits
from registry.errors import StoreError
from tests.anchor.issuer import CHAIN, CONTRACT, Site, credential


def accepted(site: Site, *numbers: int, is_open: bool = False) -> Job:
    incoming = Desk(site.jobs, IntakeLimits()).receive(Order(1, "http", is_open=is_open), Kind.LINES)
    incoming.feed(b"\n".join(map(credential, numbers)))
    return incoming.finish().job


def seen(site: Site, number: str) -> JobView:
    found = site.jobs.get(number)
    assert found is not None
    return JobViews(site.engine, CHAIN, CONTRACT).of(found)


def now(site: Site, one: Job) -> Job:
    return seen(site, one.id).job


def states(view: JobView) -> list[str]:
    return [step.state.value for step in view.steps()]


@pytest.mark.parametrize("state", list(BatchState))
def test_every_state_of_a_batch_has_a_word_for_the_issuer(site: Site, state: BatchState) -> None:
    one = accepted(site, 1)
    site.seal()
    site.happens(state, parked_code="no-funds", parked_why="nothing there")
    view = seen(site, one.id)
    expected = {"parked": "parked", "mined": "mined", "safe": "mined", "final": "final", "cancelled": "cancelled"}
    assert view.state == expected.get(state, "sealed")
    assert (view.content()["parked"] is not None) == (state is BatchState.PARKED)


@pytest.mark.parametrize("state", list(JobState))
def test_every_state_of_a_job_has_a_word(site: Site, state: JobState) -> None:
    one = accepted(site, 1)
    with site.engine.begin() as connection:
        connection.execute(update(job).values(state=state))
    view = seen(site, one.id)
    assert view.is_settled == (state in (JobState.UNCHANGED, JobState.CANCELLED, JobState.BROKEN))
    assert states(view)[-1] == view.state


def test_steps_only_grow(site: Site) -> None:
    """Whoever follows a job and comes back finds the steps that they saw, with the same numbers."""
    one = accepted(site, 1)
    last = seen(site, one.id).steps()
    site.seal()
    for state in (
        "reserved",
        "broadcast",
        "mined",
        "reorged",
        "broadcast",
        "parked",
        "broadcast",
        "mined",
        "safe",
        "final",
    ):
        site.happens(BatchState(state))
        steps = seen(site, one.id).steps()
        assert [(step.number, step.state) for step in steps[: len(last)]] == [
            (step.number, step.state) for step in last
        ]
        last = steps
    words = ["receiving", "pending", "sealed", "mined", "sealed", "parked", "sealed", "mined", "final"]
    assert [step.state for step in last] == words


def test_a_root_that_is_sealed_again_has_two_lives(site: Site) -> None:
    first = accepted(site, 1)
    site.seal()
    site.happens(BatchState.PARKED)
    site.happens(BatchState.CANCELLED)
    with site.engine.begin() as connection:
        connection.execute(update(job).values(state=JobState.CANCELLED))
        connection.exec_driver_sql("DELETE FROM leaf")
    second = accepted(site, 1)
    site.seal()
    site.mined(state=BatchState.FINAL)
    assert states(seen(site, second.id)) == ["receiving", "pending", "sealed", "final"]
    assert states(seen(site, first.id)) == ["receiving", "pending", "sealed", "parked", "cancelled"]


def test_estimate(site: Site) -> None:
    """The median of the last 20 that were final; nothing when there are none."""
    one = accepted(site, 1)
    assert seen(site, one.id).final_estimate is None
    with site.engine.begin() as connection:
        for number in range(30):
            took = 10_000 if number < 10 else number
            values = {"chain": CHAIN, "contract": CONTRACT, "issuer": 9, "leaf_count": 1, "state": BatchState.FINAL}
            row = values | {"root": bytes([number] * 32), "sealed_at": 10**6 + number * 100_000}
            connection.execute(insert(batch).values(**row, final_at=row["sealed_at"] + took))
    assert JobViews(site.engine, CHAIN, CONTRACT).usual_seconds() == 19.5
    site.seal()
    view = seen(site, one.id)
    assert view.batch is not None
    assert view.final_estimate == pytest.approx(view.batch.sealed_at + 19.5, abs=1.5)
    with site.engine.begin() as connection:
        connection.execute(update(batch).where(batch.c.id == view.batch.id).values(sealed_at=5))
    # What is late is not said to be over.
    assert (seen(site, one.id).final_estimate or 0) >= time.time() - 5
    assert seen(site, accepted(site, 2, is_open=True).id).final_estimate is None


class TestDecisions:
    def test_park_and_retry(self, site: Site) -> None:
        one = accepted(site, 1)
        with pytest.raises(StoreError, match="put aside"):
            control.park(site.engine, one, "later")
        site.seal()
        one = now(site, one)
        control.park(site.engine, one, "later")
        view = seen(site, one.id)
        assert view.state is IssuerState.PARKED
        assert view.content()["parked"] == {"code": "by-person", "why": "later"}
        control.unpark(site.engine, one)
        view = seen(site, one.id)
        assert view.batch is not None
        assert (view.batch.state, view.batch.parked_code) == (BatchState.SEALED, None)
        with pytest.raises(StoreError, match="not parked"):
            control.unpark(site.engine, one)
        assert states(view) == ["receiving", "pending", "sealed", "parked", "sealed"]

    @pytest.mark.parametrize(("signed", "state"), [(False, BatchState.RESERVED), (True, BatchState.BROADCAST)])
    def test_retry_goes_on_where_it_was(self, site: Site, signed: bool, state: BatchState) -> None:
        one = accepted(site, 1)
        site.seal()
        sender = "0x" + "Aa" * 20
        site.happens(BatchState.PARKED, nonce=7, sender=sender)
        if signed:
            values = {
                "chain": CHAIN,
                "sender": sender,
                "nonce": 7,
                "purpose": "x",
                "hash": b"1" * 32,
                "raw": b"",
                "signed_at": 1,
            }
            with site.engine.begin() as connection:
                connection.execute(insert(attempt).values(**values))
        control.unpark(site.engine, now(site, one))
        view = seen(site, one.id)
        assert view.batch is not None
        assert (view.batch.state, view.batch.nonce) == (state, 7)

    def test_cancel(self, site: Site) -> None:
        waiting = accepted(site, 1)
        assert control.cancel(site.engine, site.jobs, waiting)
        one, other = accepted(site, 2, is_open=True), accepted(site, 3, is_open=True)
        site.seal()
        # Read before it was sealed: what is there now counts.
        with pytest.raises(StoreError, match="other jobs"):
            control.cancel(site.engine, site.jobs, one)
        assert not control.cancel(site.engine, site.jobs, one, whole_batch=True)
        assert seen(site, other.id).content()["cancelRequested"]
        site.mined()
        with pytest.raises(StoreError, match="cannot be cancelled"):
            control.cancel(site.engine, site.jobs, now(site, one))
        with pytest.raises(StoreError, match="put aside"):
            control.park(site.engine, now(site, one), "x")

    def test_a_batch_that_went_on_is_not_parked(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        """The daemon was faster: its state is not overwritten."""
        one = accepted(site, 1)
        site.seal()
        stale = control.batch_of(site.engine, now(site, one))
        site.mined()
        monkeypatch.setattr(control, "batch_of", lambda *_: stale)
        with pytest.raises(StoreError, match="changed the batch"):
            control.park(site.engine, now(site, one), "x")
        assert seen(site, one.id).state is IssuerState.MINED


def test_unchanged(site: Site, tmp_path: Path) -> None:
    accepted(site, 1)
    site.seal()
    again = accepted(site, 1)
    site.seal()
    # What it rests on is not on chain yet.
    view = seen(site, again.id)
    assert (view.state, view.job.waits_code) == (IssuerState.PENDING, "earlier-batch")
    site.mined()
    site.seal()
    view = seen(site, again.id)
    assert (view.state, view.job.anchored_before) == (IssuerState.UNCHANGED, 1)
    assert states(view)[-1] == "unchanged"
