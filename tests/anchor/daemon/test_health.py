"""Alive means that the loop comes round; ready means that jobs can be taken in and worked on; both say why not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine

from anchor.anchoring.loop_state import Status
from anchor.daemon.health import Answer, Health
from anchor.notices.troubles import Cause, Trouble, Troubles
from registry.database.engine import open_database

NOW = 1_700_000_000.0
TIMEOUT = 120.0


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = open_database(f"sqlite:///{tmp_path / 'd.sqlite'}")
    yield opened
    opened.dispose()


def status_of(**values: Any) -> Status:
    """Of a loop that is well."""
    well: dict[str, Any] = {
        "account": "0xA",
        "started_at": NOW - 1000,
        "ticked_at": NOW - 1,
        "succeeded_at": NOW - 1,
        "lease_held": True,
        "head": 10,
        "final": 8,
    }
    return Status(**(well | values))


def health_of(engine: Engine, *statuses: Status, **options: Any) -> Health:
    return Health(engine, statuses, loop_timeout=TIMEOUT, clock=lambda: NOW, **options)


def failed(answer: Answer) -> dict[str, str]:
    return {check.name: check.why for check in answer.checks if not check.ok}


def test_a_loop_that_is_well(engine: Engine) -> None:
    health = health_of(engine, status_of())
    assert health.alive().ok
    ready = health.ready()
    assert (ready.ok, ready.state) == (True, "ready")
    assert ready.content()["checks"]["chain 0xA"] == {"ok": True, "why": "block 10, final 8"}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"ticked_at": NOW - TIMEOUT}, "not come round for 120 s"),
        ({"ticked_at": None}, "not come round for 1000 s"),
        ({"stopped": "block 8 has changed"}, "stopped for good: finality-violated"),
        # A stopped loop is dead however lately it came round, and a silent one also while it waits for the lease.
        ({"ticked_at": NOW - 500, "lease_held": False}, "not come round for 500 s"),
    ],
)
def test_a_dead_loop_is_neither_alive_nor_ready(engine: Engine, values: dict[str, Any], words: str) -> None:
    health = health_of(engine, status_of(), status_of(account="0xB", **values))
    answer = health.alive()
    assert (answer.ok, answer.state) == (False, "dead")
    assert list(failed(answer)) == ["loop 0xB"]
    assert words in failed(answer)["loop 0xB"]
    assert health.ready().state == "not-ready"


def test_a_process_that_starts_is_alive_and_not_ready(engine: Engine) -> None:
    health = health_of(engine, Status(account="0xA", started_at=NOW - 3))
    assert health.alive().ok
    assert failed(health.ready()) == {"chain 0xA": "the loop has not come round yet"}


def test_who_waits_for_the_lease_is_alive_and_on_standby(engine: Engine) -> None:
    health = health_of(engine, status_of(lease_held=False, head=None, succeeded_at=NOW - 1))
    assert health.alive().ok
    ready = health.ready()
    assert (ready.ok, ready.state) == (True, "standby")


def test_a_process_with_one_lease_of_two_is_ready(engine: Engine) -> None:
    health = health_of(engine, status_of(), status_of(account="0xB", lease_held=False))
    assert health.ready().state == "ready"


@pytest.mark.parametrize("succeeded_at", [None, NOW - TIMEOUT])
def test_a_chain_that_is_away_makes_it_alive_and_not_ready(engine: Engine, succeeded_at: float | None) -> None:
    status = status_of(succeeded_at=succeeded_at, trouble=("chain-timeout", "no answer in 10 s"))
    health = health_of(engine, status)
    assert health.alive().ok
    why = failed(health.ready())["chain 0xA"]
    assert "chain-timeout" in why
    assert "10 s" not in why, "whoever reaches the port may ask: the words of the endpoint are for the log"


def test_a_node_that_stands_still_makes_it_alive_and_not_ready(engine: Engine) -> None:
    health = health_of(engine, status_of(head_is_stale=True))
    assert health.alive().ok
    assert failed(health.ready()) == {"chain 0xA": "block 10 is old: the endpoint does not follow its chain"}


def test_one_failed_round_is_no_reason(engine: Engine) -> None:
    status = status_of(succeeded_at=NOW - 20, trouble=("chain-timeout", "no answer in 10 s"))
    assert health_of(engine, status).ready().ok


def test_who_cannot_even_ask_for_the_lease_is_not_on_standby(engine: Engine) -> None:
    status = status_of(lease_held=False, succeeded_at=NOW - 300, trouble=("OperationalError", "disk full"))
    why = failed(health_of(engine, status).ready())["chain 0xA"]
    assert "OperationalError" in why
    assert "disk full" not in why


def test_a_database_that_is_away(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'missing' / 'private' / 'd.sqlite'}")
    health = health_of(engine, status_of())
    assert health.alive().ok
    assert failed(health.ready()) == {"database": "does not answer (OperationalError)"}


def test_an_intake_that_refuses(engine: Engine) -> None:
    assert health_of(engine, status_of(), intake=lambda: None).ready().ok
    answer = health_of(engine, status_of(), intake=lambda: "the disk is full").ready()
    assert failed(answer) == {"intake": "the disk is full"}


def test_a_process_without_loops_only_takes_in(engine: Engine) -> None:
    health = health_of(engine, intake=lambda: None)
    assert health.alive().ok
    assert health.ready().state == "ready"


@pytest.mark.parametrize(
    ("cause", "seconds", "ok"),
    [(Cause.MACHINE, 0, False), (Cause.ISSUER, 9000, True), (Cause.CHAIN, 1, True), (Cause.CHAIN, TIMEOUT, False)],
)
def test_what_does_not_go_on_is_said_and_no_issuer_alone_makes_it_not_ready(
    engine: Engine, cause: Cause, seconds: float, ok: bool
) -> None:
    status = status_of(troubles=Troubles(lambda: NOW - seconds))
    for _ in range(2):
        status.troubles.found("sealing", {7: Trouble("no-room", "/secret/path is full", "there is no room", cause)})
    answer = health_of(engine, status).ready()
    assert answer.ok is ok
    assert failed(answer) == {"sealing of issuer 7": "no-room: there is no room"}
    assert health_of(engine, status).alive().ok
    status.troubles.found("sealing", {})
    assert failed(health_of(engine, status).ready()) == {}


def test_of_many_troubles_those_that_decide_are_said_first(engine: Engine) -> None:
    status = status_of()
    troubles: dict[int | None, Trouble] = {number: Trouble("no-operator", "x", "x") for number in range(1, 40)}
    status.troubles.found("sealing", troubles | {40: Trouble("unwritable", "x", "x", Cause.MACHINE)})
    status.troubles.found("drop folder", {None: Trouble("unreadable", "x", "x")})
    answer = health_of(engine, status).ready()
    assert not answer.ok
    found = failed(answer)
    assert (len(found), found["more"], found["drop folder"]) == (21, "21 more", "unreadable: x")
    assert "sealing of issuer 40" in found
