"""Courses of faults that nobody thought of: a short form; `python -m scripts.faults` runs as many as you like.

A seed that fails here is run again with `python -m scripts.faults --seed N --minutes M`.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.composed.plan import CHAIN, ENDPOINT, KINDS, MACHINE, PERSON, compose
from tests.faults.composed.run import Run
from tests.faults.composed.seeds import Databases, run, said

REPOSITORY = Path(__file__).parents[2]
MINUTES = 1.5


@pytest.fixture(scope="module")
def databases() -> Iterator[Databases]:
    with Databases() as made:
        yield made


# One with every setting as it ships, and two others; two on SQLite and one on PostgreSQL.
@pytest.mark.parametrize("seed", [3, 8, 13])
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
