"""The endpoints for operators answer what the checks say, also while the database hangs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine
from starlette.applications import Starlette
from starlette.testclient import TestClient

from anchor.anchoring.loop_state import Status
from anchor.daemon.health import Answer, Health
from anchor.daemon.metrics import Metrics
from anchor.daemon.operations import operations_routes
from registry.database.engine import open_database
from tests.anchor.ledger import ACCOUNT, CHAIN, CONTRACT

STOPPED = (
    "stopped for good: finality-violated: a block that was final has changed, and what follows the chain has stopped"
)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = open_database(f"sqlite:///{tmp_path / 'd.sqlite'}")
    yield opened
    opened.dispose()


@pytest.fixture
def status() -> Status:
    return Status(account=ACCOUNT)


@pytest.fixture
def client(engine: Engine, status: Status) -> Iterator[TestClient]:
    health = Health(engine, [status], loop_timeout=60.0)
    with TestClient(Starlette(routes=operations_routes(health, Metrics(engine, CHAIN, CONTRACT, [status])))) as opened:
        yield opened


def test_health(client: TestClient, status: Status) -> None:
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    status.stopped = "block 8 has changed"
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json() == {
        "ok": False,
        "state": "dead",
        "checks": {f"loop {ACCOUNT}": {"ok": False, "why": STOPPED}},
    }


def test_readiness(client: TestClient, status: Status) -> None:
    assert client.get("/readyz").status_code == 503
    status.ticked_at = status.succeeded_at = status.started_at
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["state"]) == (200, "standby")
    status.lease_held, status.head, status.final = True, 5, 3
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["state"]) == (200, "ready")


def test_metrics(client: TestClient) -> None:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    names = {family.name for family in text_string_to_metric_families(answer.text)}
    assert {"testamur_jobs", "testamur_events", "testamur_loop_age_seconds"} <= names


def test_nothing_but_reading(client: TestClient) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        assert client.post(path).status_code == 405
        assert client.head(path).status_code in (200, 503)


def test_they_fit_into_an_application_with_others(engine: Engine) -> None:
    app = FastAPI()
    app.router.routes.extend(operations_routes(Health(engine, [], loop_timeout=60.0), Metrics(engine, CHAIN, CONTRACT)))
    with TestClient(app) as client:
        assert client.get("/readyz").json()["state"] == "ready"


class Hanging(Health):
    """As if the database never answered."""

    def __init__(self, engine: Engine):
        super().__init__(engine, [], loop_timeout=60.0)
        self.release = threading.Event()
        self.asked = 0

    def ready(self) -> Answer:
        self.asked += 1
        self.release.wait(30)
        return super().ready()


def test_a_database_that_hangs_makes_no_answer_wait(engine: Engine) -> None:
    hanging = Hanging(engine)
    # Enough for the answers that do come, on a machine that is busy as well.
    routes = operations_routes(hanging, Metrics(engine, CHAIN, CONTRACT), answer_seconds=0.5)
    app = FastAPI()
    app.router.routes.extend(routes)
    try:
        with TestClient(app) as client:
            for _ in range(3):
                answer = client.get("/readyz")
                assert answer.status_code == 503
                assert answer.json()["checks"] == {"answer": {"ok": False, "why": "not in time"}}
            # No thread is left behind for each of them, and the others answer.
            assert hanging.asked == 1
            assert client.get("/healthz").status_code == 200
            assert client.get("/metrics").status_code == 200
    finally:
        hanging.release.set()


def test_a_check_that_fails_in_an_unforeseen_way_is_no_good_answer(engine: Engine) -> None:
    def broken() -> str | None:
        raise RuntimeError("unforeseen")

    health = Health(engine, [], loop_timeout=60.0, intake=broken)
    app = Starlette(routes=operations_routes(health, Metrics(engine, CHAIN, CONTRACT)))
    with TestClient(app, raise_server_exceptions=False) as client:
        for _ in range(2):
            assert client.get("/readyz").status_code == 500
