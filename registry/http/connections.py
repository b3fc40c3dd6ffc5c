"""How many connections a server has, whose they are, and which gives way: what comes in never takes all descriptors."""

from __future__ import annotations

import collections
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final, Protocol

from prometheus_client import Counter, Gauge
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from registry.http.fairness import Places

MOST_CONNECTIONS: Final = 1000
MOST_BACKLOG: Final = 2048
# More descriptors than anything here can use, where the system would grant millions.
MOST_DESCRIPTORS: Final = 1 << 16
REASONS: Final = ("address", "all", "descriptors")
"""Why a connection is refused: its address has its share, all are taken, or descriptors run out."""


@dataclass(frozen=True, slots=True)
class Room:
    """How many connections a process has room for.

    Half of its descriptors are for what comes in: sockets, with a file for each, and what the system hands over at a
    time before anybody looks at it. The other half is for the database, the chain, the trees and the key.

    Attributes:
        connections: at a time.
        backlog: that may wait to be accepted.
        highest: number of a descriptor from which on none is given to a connection.
    """

    connections: int = MOST_CONNECTIONS
    backlog: int = MOST_BACKLOG
    highest: int = MOST_DESCRIPTORS

    @classmethod
    def of(cls, descriptors: int) -> Room:
        """Of a process that may have so many descriptors."""
        backlog = max(1, min(MOST_BACKLOG, descriptors // 8))
        connections = max(1, min(MOST_CONNECTIONS, (descriptors // 2 - backlog) // 2))
        return cls(connections, backlog, descriptors - descriptors // 4)

    def shared_by(self, count: int) -> Room:
        """That of one of so many processes that have as many connections together as one alone would."""
        return replace(self, connections=max(1, self.connections // count))


def raise_descriptors() -> int:
    """Let this process have as many descriptors as it may; how many that are."""
    try:
        import resource
    except ImportError:  # Windows counts them otherwise
        return MOST_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MOST_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_DESCRIPTORS if soft == resource.RLIM_INFINITY else min(soft, MOST_DESCRIPTORS)


# Names and help.
_TAKEN: Final = ("testamur_connections", "Connections of clients.")
_REFUSED: Final = (
    "testamur_connections_refused",
    "Connections that were refused, by reason: address, all or descriptors.",
)
_GAVE_WAY: Final = ("testamur_connections_gave_way", "Connections without a request that were closed for new ones.")


class Connection(Protocol):
    """A connection, as far as it is counted."""

    @property
    def address(self) -> str:
        """Whose it is."""

    @property
    def descriptor(self) -> int:
        """Its number."""

    @property
    def is_waiting(self) -> bool:
        """Whether it has no request that is being answered."""

    def give_way(self) -> None:
        """Close it, for one that has more to say."""


class Connections:
    """The connections of one server. Only the thread of its loop uses it, but for `taken` and `refused`.

    When there is no place for a new one, the one that has waited longest gives way: of the same address when that has
    its share, else of the address that has most. So connections that never send a request keep nobody out.

    Args:
        is_proxy: whether an address is that of a proxy in front, which brings many clients: each of its connections
            counts by itself.
    """

    def __init__(self, room: Room | None = None, *, is_proxy: Callable[[str], bool] = lambda _: False):
        self._highest = (room or Room()).highest
        self._places = Places((room or Room()).connections)
        self._is_proxy = is_proxy
        # The one that was used longest ago first, and whose it is.
        self._open: OrderedDict[Connection, object] = OrderedDict()
        self.refused: collections.Counter[str] = collections.Counter()
        self.gave_way = 0
        self._changed: Callable[[], None] = lambda: None

    def on_change(self, changed: Callable[[], None]) -> None:
        """Have this called whenever one has come, is gone or was refused."""
        self._changed = changed

    @property
    def taken(self) -> int:
        """How many there are."""
        return self._places.taken

    def come(self, connection: Connection) -> str | None:
        """A new connection; None when it may stay, else one of `REASONS`."""
        address = connection.address
        who: object = connection if self._is_proxy(address) else address
        reason = None
        if self._places.refusal(who) is not None:
            # Who has some takes the place of an own one: nobody's gives way for somebody who has his share.
            has_some = self._places.held(who) > 0
            if not self._make_room(who if has_some else None):
                reason = "address" if has_some else "all"
        if connection.descriptor >= self._highest:
            reason = "descriptors"
        if reason is not None:
            self.refused[reason] += 1
        else:
            self._places.keep(who)
            self._open[connection] = who
        self._changed()
        return reason

    def used(self, connection: Connection) -> None:
        """A request came on it."""
        if connection in self._open:
            self._open.move_to_end(connection)

    def gone(self, connection: Connection) -> None:
        """It is closed, or about to be."""
        if connection in self._open:
            self._places.give_back(self._open.pop(connection))
            self._changed()

    def _make_room(self, whose: object | None) -> bool:
        """Have one that waits give way; whether there is one."""
        waiting = {who: one for one, who in reversed(self._open.items()) if one.is_waiting}
        if whose is None and waiting:
            whose = self._places.greediest(reversed(waiting))
        if whose not in waiting:
            return False
        longest = waiting[whose]
        self.gone(longest)
        self.gave_way += 1
        longest.give_way()
        return True


class ConnectionMetrics(Collector):
    """The same for Prometheus."""

    def __init__(self, connections: Connections):
        self._connections = connections

    def describe(self) -> Iterator[Metric]:
        return iter(())

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily(*_TAKEN, self._connections.taken)
        refused = CounterMetricFamily(*_REFUSED, labels=["reason"])
        for reason in REASONS:
            refused.add_metric([reason], self._connections.refused[reason])
        yield refused
        yield CounterMetricFamily(*_GAVE_WAY, self._connections.gave_way)


class SharedConnectionMetrics:
    """The same of one of several processes, whose sums are told: kept where Prometheus' client keeps what they count.

    Make it where `PROMETHEUS_MULTIPROC_DIR` is set.
    """

    def __init__(self, connections: Connections):
        self._connections = connections
        self._taken = Gauge(*_TAKEN, registry=None, multiprocess_mode="livesum")
        self._refused = Counter(*_REFUSED, ["reason"], registry=None)
        self._gave_way = Counter(*_GAVE_WAY, registry=None)
        self._told = dict.fromkeys((*REASONS, _GAVE_WAY[0]), 0)
        for reason in REASONS:
            self._refused.labels(reason)
        connections.on_change(self._tell)

    def _tell(self) -> None:
        self._taken.set(self._connections.taken)
        for reason in REASONS:
            self._count(reason, self._connections.refused[reason], self._refused.labels(reason))
        self._count(_GAVE_WAY[0], self._connections.gave_way, self._gave_way)

    def _count(self, name: str, count: int, counter: Counter) -> None:
        if more := count - self._told[name]:
            self._told[name] = count
            counter.inc(more)
