"""Metrics for Prometheus: requests as they come, the index when somebody asks."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from registry.chain.rpc.ahead import ReaderState
from registry.errors import RegistryError
from registry.service.service import Service

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
NO_ROUTE: Final = "none"


class ReadingMetrics(Collector):
    """How the endpoints are read from, in the process that fills the index.

    Args:
        reading: how each of them is read from now; empty while nothing is read ahead.
    """

    def __init__(self, reading: Callable[[], Sequence[ReaderState]]):
        self._reading = reading

    def describe(self) -> Iterator[Metric]:
        return iter(())

    def collect(self) -> Iterator[Metric]:
        rests = GaugeMetricFamily(
            "testamur_index_endpoint_rests", "1 while an endpoint is not asked, and why.", labels=["endpoint", "code"]
        )
        blocks = GaugeMetricFamily(
            "testamur_index_endpoint_blocks", "Blocks in the next range of an endpoint.", labels=["endpoint"]
        )
        ranges = GaugeMetricFamily(
            "testamur_index_endpoint_ranges", "Ranges that an endpoint is asked for at a time.", labels=["endpoint"]
        )
        for state in self._reading():
            blocks.add_metric([state.where], state.blocks)
            ranges.add_metric([state.where], state.at_once)
            if state.why is not None:
                rests.add_metric([state.where, state.why], 1)
        yield from (rests, blocks, ranges)


class ServiceMetrics:
    """All metrics of one process of the service, or of several together, in a registry of its own.

    Args:
        processes: what is told of them; default: of this process.
    """

    def __init__(self, service: Service, processes: Collector | None = None):
        self.registry = CollectorRegistry()
        self.registry.register(processes or ProcessCollector(registry=None))
        self._requests = _Requests()
        self.registry.register(self._requests)
        self.registry.register(_IndexCollector(service))

    def count(self, route: str, status: int, seconds: float) -> None:
        """Count an answer."""
        self._requests.count(route, status, seconds)

    def exposition(self) -> bytes:
        """The text that Prometheus scrapes."""
        return generate_latest(self.registry)


class CountRequests:
    """Counts every request by its route, as plain ASGI."""

    def __init__(self, app: ASGIApp, metrics: ServiceMetrics):
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status = time.perf_counter(), 500

        async def noted(message: Message) -> None:
            nonlocal status, begun
            if message["type"] == "http.response.start":
                status = message["status"]
                begun -= time.perf_counter()
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            # Negative once the answer has begun: the time it took.
            seconds = -begun if begun < 0 else time.perf_counter() - begun
            self._metrics.count(getattr(scope.get("route"), "path", NO_ROUTE), status, seconds)


class _Requests(Collector):
    """Prometheus' own counters; where PROMETHEUS_MULTIPROC_DIR is set, those of all processes that share it."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        # Processes that share a folder tell their sums through it: none of them alone.
        is_shared = "PROMETHEUS_MULTIPROC_DIR" in os.environ
        if is_shared:
            MultiProcessCollector(self._registry)  # type: ignore[no-untyped-call]
        own = None if is_shared else self._registry
        self._answers = Counter("testamur_requests", "Requests by route and status.", ["route", "status"], registry=own)
        self._seconds = Histogram(
            "testamur_request_seconds",
            "Time to the first byte of an answer, by route.",
            ["route"],
            buckets=BUCKETS,
            registry=own,
        )
        # To find them by their labels each time would take longer than to count.
        self._found: dict[tuple[str, int], tuple[Counter, Histogram]] = {}

    def count(self, route: str, status: int, seconds: float) -> None:
        found = self._found.get((route, status))
        if found is None:
            found = self._answers.labels(route, str(status)), self._seconds.labels(route)
            self._found[route, status] = found
        answers, times = found
        answers.inc()
        times.observe(seconds)

    def describe(self) -> Iterator[Metric]:
        return iter(())

    def collect(self) -> Iterator[Metric]:
        for metric in self._registry.collect():
            # When counting began is a series more for each one, and nobody asks.
            metric.samples = [sample for sample in metric.samples if not sample.name.endswith("_created")]
            yield metric


class _IndexCollector(Collector):
    def __init__(self, service: Service):
        self._service = service

    def describe(self) -> Iterator[Metric]:
        return iter(())

    def collect(self) -> Iterator[Metric]:
        try:
            as_of = self._service.horizon.now()
            searched = self._service.searched(as_of)
        except (RegistryError, OSError):
            yield GaugeMetricFamily("testamur_index_up", "Whether the index can be read.", 0)
            return
        yield GaugeMetricFamily("testamur_index_up", "Whether the index can be read.", 1)
        head = as_of.head
        yield GaugeMetricFamily("testamur_index_block", "The newest block in the index.", head.cursor.number)
        if head.final is not None:
            yield GaugeMetricFamily("testamur_index_final_block", "The newest block the chain calls final.", head.final)
        yield GaugeMetricFamily(
            "testamur_index_confirmed_block", "Up to this block nothing is missing in the index.", head.confirmed
        )
        yield GaugeMetricFamily(
            "testamur_index_block_time_seconds",
            "Time of the newest block in the index, Unix time.",
            head.cursor.timestamp.timestamp(),
        )
        behind = head.behind
        yield GaugeMetricFamily("testamur_index_blocks_behind", "Blocks of the chain not yet in the index.", behind)
        yield GaugeMetricFamily("testamur_index_seen_seconds", "When the chain was last read, Unix time.", head.seen_at)
        yield GaugeMetricFamily("testamur_index_reorgs", "Reorganisations followed.", head.reorgs)
        yield GaugeMetricFamily(
            "testamur_index_batches_without_tree", "Batches that cannot be searched.", searched.without_tree
        )
        trouble = GaugeMetricFamily("testamur_index_trouble", "What keeps the index from going on.", labels=["code"])
        if head.trouble_code is not None:
            trouble.add_metric([head.trouble_code], 1)
        yield trouble
