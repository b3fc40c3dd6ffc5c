"""Metrics for Prometheus: requests as they come, the index when somebody asks."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate
from typing import Final

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from registry.errors import RegistryError
from registry.service.service import Service

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
NO_ROUTE: Final = "none"


class ServiceMetrics:
    """All metrics of one process of the service, in a registry of its own."""

    def __init__(self, service: Service):
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = _Requests()
        self.registry.register(self._requests)
        self.registry.register(_IndexCollector(service))

    def count(self, route: str, status: int, seconds: float) -> None:
        """Count an answer; only where requests are answered, in one thread."""
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
    """Numbers that are added up as they come, and put into Prometheus' words when somebody asks.

    Its own counters take a lock for each of three numbers, which is a twentieth of a lookup.
    """

    def __init__(self) -> None:
        self._answers: dict[tuple[str, int], int] = {}
        # By route: answers by the bucket they fall in, the last one for those that took longer; and seconds.
        self._times: dict[str, tuple[list[int], list[float]]] = {}

    def count(self, route: str, status: int, seconds: float) -> None:
        self._answers[route, status] = self._answers.get((route, status), 0) + 1
        times = self._times.get(route)
        if times is None:
            times = self._times[route] = [0] * (len(BUCKETS) + 1), [0.0]
        times[0][bisect_left(BUCKETS, seconds)] += 1
        times[1][0] += seconds

    def describe(self) -> Iterator[Metric]:
        return iter(())

    def collect(self) -> Iterator[Metric]:
        requests = CounterMetricFamily("testamur_requests", "Requests by route and status.", labels=["route", "status"])
        for (route, status), count in list(self._answers.items()):
            requests.add_metric([route, str(status)], count)
        yield requests
        seconds = HistogramMetricFamily(
            "testamur_request_seconds", "Time to the first byte of an answer, by route.", labels=["route"]
        )
        limits = [*map(str, BUCKETS), "+Inf"]
        for route, (counts, total) in list(self._times.items()):
            seconds.add_metric([route], list(zip(limits, accumulate(counts), strict=True)), total[0])
        yield seconds


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
