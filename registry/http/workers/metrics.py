"""What a supervisor and its workers cost together, for Prometheus."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from typing import Final, Protocol

from prometheus_client import ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

_OF_EACH: Final = "process_start_time_seconds"
_TIME: Final = "process_cpu_seconds"


class Running(Protocol):
    """What runs workers, as far as it is told."""

    replaced: int

    def answering(self) -> int:
        """How many answer."""

    @property
    def processes(self) -> list[int]:
        """The numbers of the processes that run."""


class WorkersMetrics(Collector):
    """The usual `process_*` as sums over all processes, and how many workers there are.

    The start is the supervisor's. The processor time of workers that have died is in it: it never goes down.
    """

    def __init__(self, running: Running):
        self._running = running

    def describe(self) -> Iterator[Metric]:
        return iter(())

    def collect(self) -> Iterator[Metric]:
        own = {family.name: family for family in ProcessCollector(registry=None).collect()}
        sums: defaultdict[str, float] = defaultdict(float)
        for number in self._running.processes:
            for family in ProcessCollector(pid=partial(int, number), registry=None).collect():
                sums[family.name] += family.samples[0].value
        sums[_TIME] += _of_those_that_ended()
        for name, family in own.items():
            value = family.samples[0].value + (0.0 if name == _OF_EACH else sums[name])
            kind = CounterMetricFamily if family.type == "counter" else GaugeMetricFamily
            yield kind(name, family.documentation, value)
        yield GaugeMetricFamily("testamur_workers", "Worker processes that answer.", self._running.answering())
        replaced = "Worker processes that were started in the place of others."
        yield CounterMetricFamily("testamur_workers_replaced", replaced, self._running.replaced)


def _of_those_that_ended() -> float:
    import resource  # not on Windows, where there are no workers

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
