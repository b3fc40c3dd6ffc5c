"""Requests are counted as Prometheus' own client counts them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from registry.service.metrics import BUCKETS, ServiceMetrics
from tests.registry.service.conftest import LARGE, Stand, registered

ROUTE = "/v1/credentials/{digest}"
answers = st.tuples(
    st.sampled_from([ROUTE, "/v1", 'a "route"']),
    st.sampled_from([200, 404, 503]),
    st.sampled_from([*BUCKETS, 0.0, 11.0]) | st.floats(0, 20),
)

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples(text: bytes) -> Samples:
    """What a scrape says of requests, but for when counting began."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
        if sample.name.startswith("testamur_request") and not sample.name.endswith("_created")
    }


@given(told=st.lists(answers, max_size=40))
def test_any_answers_are_counted_as_the_client_of_prometheus_counts(
    service: TestClient, told: list[tuple[str, int, float]]
) -> None:
    registry = CollectorRegistry()
    requests = Counter("testamur_requests", "-", ["route", "status"], registry=registry)
    seconds = Histogram("testamur_request_seconds", "-", ["route"], buckets=BUCKETS, registry=registry)
    ours = ServiceMetrics(service.app.state.service)
    for route, status, took in told:
        requests.labels(route, str(status)).inc()
        seconds.labels(route).observe(took)
        ours.count(route, status, took)
    assert samples(ours.exposition()) == samples(generate_latest(registry))


_COUNTING = """
import sys
from types import SimpleNamespace
from registry.service.metrics import ServiceMetrics

metrics = ServiceMetrics(SimpleNamespace(horizon=SimpleNamespace(now=lambda: (_ for _ in ()).throw(OSError()))))
for seconds in map(float, sys.argv[1:]):
    metrics.count("/v1", 200, seconds)
sys.stdout.buffer.write(metrics.exposition())
"""


def test_processes_that_share_a_folder_tell_the_sum_of_all(tmp_path: Path) -> None:
    environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    for took, total, within in (([0.2, 0.3], 2, 0), ([0.004], 3, 1)):
        command = [sys.executable, "-c", _COUNTING, *map(str, took)]
        told = samples(subprocess.run(command, env=environment, capture_output=True, check=True).stdout)
        assert told["testamur_requests_total", frozenset({("route", "/v1"), ("status", "200")})] == total
        assert told["testamur_request_seconds_bucket", frozenset({("route", "/v1"), ("le", "0.005")})] == within


def test_nothing_is_told_of_when_counting_began(service: TestClient) -> None:
    service.get("/v1")
    assert b"testamur_request" in (told := service.get("/metrics").content)
    assert b"testamur_requests_created" not in told


def test_requests_are_counted_by_route_and_status(empty: Stand) -> None:
    empty.mine(registered(1))
    before = samples(empty.client.get("/metrics").content)
    for path, status in ((LARGE[0].hex(), 404), (LARGE[0].hex().upper(), 404), ("nonsense", 400)):
        assert empty.client.get(f"/v1/credentials/{path}").status_code == status
    after = samples(empty.client.get("/metrics").content)
    for status, count in (("404", 2), ("400", 1)):
        key = ("testamur_requests_total", frozenset({("route", ROUTE), ("status", status)}))
        assert after[key] - before.get(key, 0) == count


def test_a_client_that_heads_is_counted_once(service: TestClient) -> None:
    key = ("testamur_request_seconds_count", frozenset({("route", ROUTE)}))
    before = samples(service.get("/metrics").content)
    service.head(f"/v1/credentials/{LARGE[0].hex()}")
    assert samples(service.get("/metrics").content)[key] - before.get(key, 0) == 1
