"""The daemon's metrics for Prometheus: events as they happen, everything else read when somebody asks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Counter, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from anchor.anchoring.loop_state import Status
from anchor.books.figures import FINAL_BUCKETS, WEI_PER_ETHER, Figures, read_figures
from anchor.notices.notices import EVENTS, Notice
from registry.database.engine import DatabaseError, Engine

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
ATTEMPT_BUCKETS: Final = (1, 2, 3, 5, 10, 20)
ALERT_OUTCOMES: Final = ("sent", "failed", "dropped")

Endpoints = Callable[[], Mapping[str, bool]]


class Metrics:
    """All metrics of one process, in a registry of its own; a listener of `Notices`.

    Args:
        engine, chain, contract: whose jobs and batches are counted.
        statuses: of the loops of this process, one an account; none in a process that only takes jobs in.
        of_process: tell what this process costs; several are told of together by whoever started them.
        endpoints: the endpoints by a name without secrets, and whether each is in use.
        fresh_seconds: how long the sums of the database are kept, so that many scrapes cost no more than one.
    """

    def __init__(
        self,
        engine: Engine,
        chain: str,
        contract: str,
        statuses: Sequence[Status] = (),
        *,
        of_process: bool = True,
        endpoints: Endpoints | None = None,
        fresh_seconds: float = 5.0,
        clock: Callable[[], float] = time.time,
    ):
        self.registry = CollectorRegistry()
        if of_process:
            ProcessCollector(registry=self.registry)
        self._events = Counter(
            "testamur_events", "Events by name and level.", ["event", "level"], registry=self.registry
        )
        self._reorgs = Counter(
            "testamur_reorgs", "Anchors whose block was taken off the chain.", registry=self.registry
        )
        self._alerts = Counter("testamur_alerts", "Alerts to webhooks by outcome.", ["outcome"], registry=self.registry)
        # A series that begins at its first event hides that event from `increase()`.
        for event, (level, _) in EVENTS.items():
            self._events.labels(event, level)
        for outcome in ALERT_OUTCOMES:
            self._alerts.labels(outcome)
        figures = _Kept(lambda: read_figures(engine, chain, contract), fresh_seconds)
        self.registry.register(_Scrape(figures, statuses, endpoints, clock))

    def __call__(self, notice: Notice) -> None:
        """Count the event."""
        self._events.labels(notice.event, notice.level).inc()
        if notice.event == "reorganised":
            self._reorgs.inc()

    def count_alert(self, outcome: str) -> None:
        """Count an alert that was `sent`, `failed` after all attempts, or `dropped` because too many were waiting."""
        self._alerts.labels(outcome).inc()

    def exposition(self) -> bytes:
        """What Prometheus reads (`CONTENT_TYPE`)."""
        return generate_latest(self.registry)


class _Kept:
    """The sums of the database, read again when they are too old; one reader at a time."""

    def __init__(self, read: Callable[[], Figures], fresh_seconds: float):
        self._read = read
        self._fresh_seconds = fresh_seconds
        self._lock = threading.Lock()
        self._kept: tuple[float, Figures] | None = None

    def __call__(self) -> Figures:
        with self._lock:
            moment = time.monotonic()
            if self._kept is None or moment - self._kept[0] >= self._fresh_seconds:
                self._kept = (moment, self._read())
            return self._kept[1]


class _Scrape(Collector):
    def __init__(
        self,
        figures: Callable[[], Figures],
        statuses: Sequence[Status],
        endpoints: Endpoints | None,
        clock: Callable[[], float],
    ):
        self._figures = figures
        self._statuses = statuses
        self._endpoints = endpoints
        self._clock = clock

    def collect(self) -> Iterable[Metric]:
        now = self._clock()
        try:
            figures = self._figures()
        except (DatabaseError, OSError):
            # The loops still have something to say, and that the database is away is news itself.
            yield _gauge("testamur_database_up", DATABASE_UP, 0)
        else:
            yield _gauge("testamur_database_up", DATABASE_UP, 1)
            yield from _of_database(figures, now)
        yield from _of_loops(self._statuses, now)
        if self._endpoints is not None:
            up = GaugeMetricFamily("testamur_endpoint_up", "1 if the chain's endpoint is in use.", labels=["endpoint"])
            for name, healthy in sorted(self._endpoints().items()):
                up.add_metric([name], float(healthy))
            yield up


DATABASE_UP = "1 if the database answered this scrape."


def _of_database(figures: Figures, now: float) -> Iterator[Metric]:
    for name, words, counts in (
        ("testamur_jobs", "Jobs by state.", figures.jobs),
        ("testamur_batches", "Batches by state.", figures.batches),
        ("testamur_status_jobs", "Status jobs by state.", figures.status_jobs),
    ):
        family = GaugeMetricFamily(name, words, labels=["state"])
        for state, count in counts.items():
            family.add_metric([state], count)
        yield family
    yield _gauge(
        "testamur_oldest_unfinished_job_age_seconds",
        "Age of the oldest accepted job that is neither final nor cancelled; 0 if there is none.",
        _age(figures.oldest_job, now),
    )
    yield _gauge(
        "testamur_oldest_unfinished_batch_age_seconds",
        "Age of the oldest sealed batch that is neither final nor cancelled; 0 if there is none.",
        _age(figures.oldest_batch, now),
    )
    yield _gauge(
        "testamur_oldest_unfinished_status_job_age_seconds",
        "Age of the oldest status job that has not ended; 0 if there is none.",
        _age(figures.oldest_status_job, now),
    )
    yield HistogramMetricFamily(
        "testamur_attempts_per_batch",
        "Transactions that a final batch, and so each job in it, needed.",
        buckets=_cumulative(
            ATTEMPT_BUCKETS,
            [sum(n for needed, n in figures.attempts.items() if needed <= bound) for bound in ATTEMPT_BUCKETS],
            sum(figures.attempts.values()),
        ),
        sum_value=sum(needed * number for needed, number in figures.attempts.items()),
    )
    yield HistogramMetricFamily(
        "testamur_intake_to_final_seconds",
        "Time from the acceptance of a job until its batch was final.",
        buckets=_cumulative(FINAL_BUCKETS, figures.to_final, figures.final_jobs),
        sum_value=figures.final_seconds,
    )
    fees = CounterMetricFamily("testamur_fees_ether", "Ether spent on fees, by purpose.", labels=["purpose"])
    for purpose, ether in figures.fees.items():
        fees.add_metric([purpose], ether)
    yield fees


# Name, help, and the value of a loop at a time; None where there is nothing to say.
_LOOP: Final[tuple[tuple[str, str, Callable[[Status, float], float | None]], ...]] = (
    (
        "testamur_loop_age_seconds",
        "Time since the loop last came round.",
        lambda status, now: _age(status.ticked_at or status.started_at, now),
    ),
    (
        "testamur_loop_success_age_seconds",
        "Time since the loop last came round without an error.",
        lambda status, now: _age(status.succeeded_at or status.started_at, now),
    ),
    (
        "testamur_loop_stopped",
        "1 if the loop has ended for good.",
        lambda status, _: float(status.stopped is not None),
    ),
    ("testamur_lease_held", "1 if this process holds the account's lease.", lambda status, _: float(status.lease_held)),
    ("testamur_lease_epoch", "Epoch of the lease when this process last took it.", lambda status, _: status.epoch),
)
# These are old news in a process that does not hold the lease: another one looks at the chain.
_LEASED: Final[tuple[tuple[str, str, Callable[[Status, float], float | None]], ...]] = (
    ("testamur_head_number", "Newest block.", lambda status, _: status.head),
    ("testamur_final_number", "Newest final block.", lambda status, _: status.final),
    (
        "testamur_head_age_seconds",
        "Age of the newest block by its own time: how far the endpoint is behind.",
        lambda status, now: None if status.head_time is None else _age(status.head_time, now),
    ),
    (
        "testamur_head_unchanged_seconds",
        "Time since the number of the newest block last went up.",
        lambda status, now: None if status.head_at is None else _age(status.head_at, now),
    ),
    (
        "testamur_balance_ether",
        "Balance of the account that pays.",
        lambda status, _: None if status.balance is None else status.balance / WEI_PER_ETHER,
    ),
    (
        "testamur_anchor_cost_ether",
        "Cost of one anchor at the fees of now.",
        lambda status, _: None if status.anchor_cost is None else status.anchor_cost / WEI_PER_ETHER,
    ),
    ("testamur_anchors_left", "Anchors that the balance pays for.", lambda status, _: status.anchors_left),
)


def _of_loops(statuses: Sequence[Status], now: float) -> Iterator[Metric]:
    for metrics, shown in (
        (_LOOP, list(statuses)),
        (_LEASED, [status for status in statuses if status.lease_held]),
    ):
        for name, words, value in metrics:
            family = GaugeMetricFamily(name, words, labels=["account"])
            for status in shown:
                if (found := value(status, now)) is not None:
                    family.add_metric([status.account], found)
            yield family


def _gauge(name: str, words: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, words, value=value)


def _age(since: float | None, now: float) -> float:
    return 0.0 if since is None else max(0.0, now - since)


def _cumulative(bounds: Sequence[float], counts: Sequence[int], total: int) -> list[tuple[str, float]]:
    named = [(str(float(bound)), float(count)) for bound, count in zip(bounds, counts, strict=True)]
    return [*named, ("+Inf", float(total))]
