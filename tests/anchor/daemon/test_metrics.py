"""The metrics say what the database and the loops say, on SQLite and PostgreSQL, and survive that they are away."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine

from anchor.anchoring.loop_state import Status
from anchor.books.figures import FINAL_BUCKETS
from anchor.books.tables import BatchState, JobState
from anchor.daemon.metrics import ATTEMPT_BUCKETS, Metrics
from anchor.notices.notices import EVENTS, Notices
from registry.database.engine import open_database
from tests.anchor.ledger import ACCOUNT, CHAIN, CONTRACT, T0, Ledger
from tests.postgres import postgres_server, postgres_url

__all__ = ["postgres_server", "postgres_url"]
NOW = T0 + 5000.0


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    url = f"sqlite:///{tmp_path / 'd.sqlite'}" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    engine = open_database(url)
    yield Ledger(engine)
    engine.dispose()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = open_database(f"sqlite:///{tmp_path / 'd.sqlite'}")
    yield opened
    opened.dispose()


def metrics_of(engine: Engine, *statuses: Status, **options: Any) -> Metrics:
    return Metrics(engine, CHAIN, CONTRACT, statuses, **{"fresh_seconds": 0.0, "clock": lambda: NOW, **options})


def read(metrics: Metrics) -> dict[tuple[str, ...], float]:
    """Each sample by its name and the values of its labels."""
    families = text_string_to_metric_families(metrics.exposition().decode())
    return {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}


def test_jobs_and_batches_are_counted_by_state(ledger: Ledger) -> None:
    rng = random.Random(1)
    batches = {state: rng.randrange(4) for state in BatchState}
    jobs = {state: rng.randrange(4) for state in JobState}
    for state, count in batches.items():
        for _ in range(count):
            ledger.batch(state)
    for job_state, count in jobs.items():
        for _ in range(count):
            ledger.job(job_state)
    # Another contract's are not ours.
    ledger.job(JobState.QUEUED, contract="0x" + "00" * 20, queued_at=1.0)
    ledger.batch(BatchState.SEALED, contract="0x" + "00" * 20, sealed_at=1)
    found = read(metrics_of(ledger.engine))
    assert {state: found["testamur_batches", state] for state in BatchState} == batches
    assert {state: found["testamur_jobs", state] for state in JobState} == jobs


def test_the_oldest_unfinished_job_is_waiting_or_in_a_batch_under_way(ledger: Ledger) -> None:
    age = ("testamur_oldest_unfinished_job_age_seconds",)
    assert read(metrics_of(ledger.engine))[age] == 0
    for state in (JobState.UNCHANGED, JobState.CANCELLED, JobState.BROKEN):
        ledger.job(state)
    ledger.job(JobState.RECEIVING, queued_at=None)
    ledger.job(JobState.SEALED, batch=ledger.batch(BatchState.FINAL, final_at=T0))
    ledger.job(JobState.SEALED, batch=ledger.batch(BatchState.CANCELLED))
    assert read(metrics_of(ledger.engine))[age] == 0
    ledger.job(JobState.QUEUED, queued_at=T0 + 4000.0)
    assert read(metrics_of(ledger.engine))[age] == 1000
    ledger.job(JobState.SEALED, batch=ledger.batch(BatchState.PARKED, sealed_at=T0 + 3500), queued_at=T0 + 3000.5)
    found = read(metrics_of(ledger.engine))
    assert found[age] == 1999.5
    assert found["testamur_oldest_unfinished_batch_age_seconds",] == 1500


def test_an_age_is_never_negative(engine: Engine) -> None:
    Ledger(engine).job(JobState.QUEUED, queued_at=NOW + 50)
    assert read(metrics_of(engine))["testamur_oldest_unfinished_job_age_seconds",] == 0


def test_the_histograms_agree_with_a_slow_count(ledger: Ledger) -> None:
    rng = random.Random(2)
    needed, took = [], []
    for nonce in range(30):
        seconds = rng.choice([-0.5, 0.0, 14.25, 15.0, 500.5, 90_000.0])
        attempts = rng.randrange(1, 25)
        number = ledger.batch(BatchState.FINAL, nonce=nonce, final_at=T0 + 100)
        for _ in range(attempts):
            ledger.attempt(nonce)
        for _ in range(2):
            ledger.job(JobState.SEALED, batch=number, queued_at=T0 + 100 - seconds)
        needed.append(attempts)
        took += [max(0.0, seconds)] * 2
    # Not final yet, or anchored by the command line: not counted.
    ledger.job(JobState.SEALED, batch=ledger.batch(BatchState.SAFE, nonce=100))
    ledger.attempt(100)
    ledger.batch(BatchState.FINAL, final_at=T0)
    found = read(metrics_of(ledger.engine))
    for name, values, bounds in (
        ("testamur_attempts_per_batch", needed, ATTEMPT_BUCKETS),
        ("testamur_intake_to_final_seconds", took, FINAL_BUCKETS),
    ):
        for bound in bounds:
            assert found[f"{name}_bucket", str(float(bound))] == sum(value <= bound for value in values)
        assert found[f"{name}_bucket", "+Inf"] == found[f"{name}_count",] == len(values)
        assert found[f"{name}_sum",] == sum(values)


def test_fees_are_added_up_beyond_64_bits(ledger: Ledger) -> None:
    for nonce in range(3):
        ledger.attempt(nonce, cost=9 * 10**18)
    ledger.attempt(3, "cancel 1 0x00", cost=10**15)
    ledger.attempt(4, "fill 4", cost=10**14)
    ledger.attempt(5, "deploy", cost=10**13)
    ledger.attempt(6)
    found = read(metrics_of(ledger.engine))
    spent = {purpose: found["testamur_fees_ether_total", purpose] for purpose in ("anchor", "cancel", "fill", "other")}
    assert spent == {"anchor": 27.0, "cancel": 0.001, "fill": 0.0001, "other": pytest.approx(0.00001)}


def test_a_loop_tells_how_it_is(engine: Engine) -> None:
    status = Status(
        account=ACCOUNT,
        ticked_at=NOW - 2,
        succeeded_at=NOW - 60,
        lease_held=True,
        epoch=4,
        head=120,
        head_at=NOW - 11,
        head_time=NOW - 13.5,
        final=56,
        balance=5 * 10**17,
        anchor_cost=10**15,
    )
    found = read(metrics_of(engine, status))
    expected = {
        "testamur_loop_age_seconds": 2,
        "testamur_loop_success_age_seconds": 60,
        "testamur_loop_stopped": 0,
        "testamur_lease_held": 1,
        "testamur_lease_epoch": 4,
        "testamur_head_number": 120,
        "testamur_final_number": 56,
        "testamur_head_age_seconds": 13.5,
        "testamur_head_unchanged_seconds": 11,
        "testamur_balance_ether": 0.5,
        "testamur_anchor_cost_ether": 0.001,
        "testamur_anchors_left": 500,
    }
    assert {name: found[name, ACCOUNT] for name in expected} == expected


def test_who_waits_for_the_lease_says_nothing_of_the_chain(engine: Engine) -> None:
    held = Status(account="0x1", lease_held=True, head=9, balance=1, anchor_cost=0)
    waiting = Status(account="0x2", started_at=NOW - 7, head=5, balance=1, anchor_cost=1, stopped="x")
    found = read(metrics_of(engine, held, waiting))
    assert found["testamur_head_number", "0x1"] == 9
    assert ("testamur_head_number", "0x2") not in found
    assert ("testamur_balance_ether", "0x2") not in found
    assert found["testamur_lease_held", "0x2"] == 0
    assert found["testamur_loop_age_seconds", "0x2"] == 7
    assert found["testamur_loop_stopped", "0x2"] == 1
    # Nothing is known, or an anchor costs nothing: no number rather than a wrong one.
    assert ("testamur_anchors_left", "0x1") not in found
    assert ("testamur_head_age_seconds", "0x1") not in found


def test_events_are_counted_and_every_event_is_there_from_the_start(engine: Engine) -> None:
    metrics = metrics_of(engine)
    notices = Notices([metrics])
    found = read(metrics)
    assert {key[1:] for key in found if key[0] == "testamur_events_total"} == {
        (event, str(level)) for event, (level, _) in EVENTS.items()
    }
    for _ in range(3):
        notices.tell("reorganised", root="0x")
    metrics.count_alert("failed")
    found = read(metrics)
    assert found["testamur_events_total", "reorganised", "warning"] == 3
    assert found["testamur_reorgs_total",] == 3
    assert found["testamur_alerts_total", "failed"] == 1
    assert found["testamur_alerts_total", "dropped"] == 0


def test_endpoints(engine: Engine) -> None:
    found = read(metrics_of(engine, endpoints=lambda: {"https://a.example": True, "https://b.example": False}))
    assert found["testamur_endpoint_up", "https://a.example"] == 1
    assert found["testamur_endpoint_up", "https://b.example"] == 0


def test_without_the_database_the_loops_still_speak(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'd.sqlite'}")
    metrics = metrics_of(engine, Status(account=ACCOUNT))
    assert read(metrics)["testamur_database_up",] == 1
    engine.dispose()
    for path in tmp_path.glob("d.sqlite*"):
        path.unlink()
    found = read(metrics)
    assert found["testamur_database_up",] == 0
    assert ("testamur_loop_age_seconds", ACCOUNT) in found
    assert not [key for key in found if key[0] == "testamur_jobs"]


def test_many_scrapes_read_the_database_once(engine: Engine) -> None:
    metrics = metrics_of(engine, fresh_seconds=3600.0)
    key = ("testamur_jobs", JobState.QUEUED)
    assert read(metrics)[key] == 0
    Ledger(engine).job(JobState.QUEUED)
    assert read(metrics)[key] == 0
    assert read(metrics_of(engine))[key] == 1


def test_two_in_one_process_do_not_meet(engine: Engine) -> None:
    one, other = metrics_of(engine), metrics_of(engine)
    Notices([one]).tell("nonce-lost")
    assert read(other)["testamur_events_total", "nonce-lost", "critical"] == 0
