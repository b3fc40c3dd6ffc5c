"""Courses of faults that nobody thought of: a short form; `python -m scripts.faults` runs as many as you like.

A seed that fails here is run again with `python -m scripts.faults --seed N --minutes M`.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.faults.composed.judge import Act, Job
from tests.faults.composed.place import Order
from tests.faults.composed.plan import CHAIN, ENDPOINT, KINDS, MACHINE, PERSON, Event, compose
from tests.faults.composed.run import Run
from tests.faults.composed.seeds import Databases, run, said

REPOSITORY = Path(__file__).parents[2]
MINUTES = 1.5


@pytest.fixture(scope="module")
def databases() -> Iterator[Databases]:
    with Databases() as made:
        yield made


# One with every setting as it ships, and two others; two on SQLite and one on PostgreSQL.
@pytest.mark.parametrize("seed", [3, 13])
def test_nothing_is_lost_doubled_or_said_falsely(databases: Databases, tmp_path: Path, seed: int) -> None:
    outcome = run(compose(seed, MINUTES), databases, tmp_path)
    print("\n".join(said(outcome)))
    assert not outcome.judgement.faults, "\n".join(said(outcome))
    assert outcome.judgement.promised
    assert outcome.judgement.claims


def test_a_plan_follows_from_its_seed_and_every_event_has_somebody_who_does_it() -> None:
    assert compose(5, 20) == compose(5, 20) != compose(6, 20)
    seen = {event.kind for seed in range(12) for event in compose(seed, 20).events}
    assert seen == KINDS == ENDPOINT.keys() | CHAIN.keys() | MACHINE.keys() | PERSON.keys()
    for kind in seen - ENDPOINT.keys():
        assert hasattr(Run, f"_do_{kind.replace(' ', '_')}"), kind


@pytest.mark.parametrize("module", ["witness", "judge", "plan", "clock"])
def test_the_witness_shares_no_code_with_the_program(module: str) -> None:
    asks = f"import sys, tests.faults.composed.{module}; print(*{{name.split('.')[0] for name in sys.modules}})"
    loaded = subprocess.run([sys.executable, "-c", asks], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    own = set(loaded.stdout.split()) - sys.stdlib_module_names
    assert not own & {"anchor", "registry", "eth_hash", "eth_account", "web3", "sqlalchemy"}, own


@pytest.fixture
def unopened(tmp_path: Path) -> Run:
    """A run of which nothing has begun, at second 200."""
    made = Run(compose(1, 1), tmp_path)
    made.machine = SimpleNamespace(now=200.0)  # type: ignore[assignment]
    made.can_recover = True
    (tmp_path / "data").mkdir()
    sqlite3.connect(made._database_file()).close()
    return made


def test_after_a_backup_is_restored_nobody_counts_on_what_was_accepted_since_it_was_made(unopened: Run) -> None:
    """A job that was there before and accepted only afterwards is as lost as one that was not there yet."""
    jobs = [Job(1, (), (), "http", name, id=name, is_promised=True) for name in ("before", "since")]
    orders = [Order(Act("revoke", 1, bytes(32)), name, is_urgent=False, is_taken=True) for name in ("before", "since")]
    unopened.jobs, unopened.orders = jobs, orders
    jobs[1].is_promised = orders[1].is_taken = False
    unopened._back_up()
    jobs[1].is_promised = orders[1].is_taken = True
    assert unopened._do_backup_restored(Event(0, "backup restored", 0, 0, 0))
    assert [job.is_promised for job in jobs] == [order.is_taken for order in orders] == [True, False]


@pytest.mark.parametrize(
    ("told", "expected"), [(50.0, 50.0), (145.0, 95.0), (180.0, 130.0), (199.0, 149.0), (30.0, 30.0)]
)
def test_what_a_clock_showed_is_taken_for_the_first_time_at_which_it_showed_that(
    unopened: Run, told: float, expected: float
) -> None:
    unopened.clocks += [(100.0, 50.0), (160.0, 0.0)]
    assert unopened._right_time(told) == expected
