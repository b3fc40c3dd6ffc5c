"""What happens in a run, composed from a seed and from nothing else: settings, blocks, faults, acts of persons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Final

GWEI: Final = 10**9


@dataclass(frozen=True)
class Event:
    """Something that happens.

    Attributes:
        at: seconds after the beginning.
        seconds: how long, where it lasts.
        choice, size: which one and how much, as parts of what there is then, from 0 to below 1.
    """

    at: float
    kind: str
    seconds: float
    choice: float
    size: float


@dataclass(frozen=True)
class Plan:
    """A whole run.

    Attributes:
        settings: beside those that name the place; none for a run with what ships.
        epoch: slots of an epoch of the node: twice as many blocks are not final.
        endpoints: how many the program is given of one and the same node.
        blocks: seconds after the beginning, ascending.
        kept: blocks whose state the endpoint still has.
        has_finalized: whether the endpoint knows the tag `finalized`.
    """

    seed: int
    minutes: float
    database: str
    settings: Mapping[str, str]
    epoch: int
    endpoints: int
    kept: int
    has_finalized: bool
    blocks: tuple[float, ...]
    events: tuple[Event, ...]


# How often each comes, relative to the others of its group; and between how many seconds it lasts.
ENDPOINT: Final[Mapping[str, tuple[int, tuple[float, float]]]] = {
    "heads lag": (4, (20, 120)),
    "logs lag": (4, (20, 120)),
    "a log left out": (3, (20, 90)),
    "a field wrong": (4, (10, 60)),
    "429": (3, (10, 60)),
    "429 with Retry-After": (3, (10, 60)),
    "400 with a JSON body": (3, (10, 60)),
    "answers lost": (3, (10, 60)),
    "requests lost": (3, (10, 60)),
    "503": (2, (10, 60)),
    "receipts null": (3, (10, 60)),
    "pruned": (3, (60, 300)),
    "sends swallowed": (2, (10, 60)),
    "replacements underpriced": (1, (60, 300)),
}
CHAIN: Final[Mapping[str, tuple[int, tuple[float, float]]]] = {
    "reorganisation": (5, (0, 0)),
    "fee surge": (3, (20, 120)),
    "pool wiped": (2, (0, 0)),
    "no blocks": (1, (30, 90)),
}
MACHINE: Final[Mapping[str, tuple[int, tuple[float, float]]]] = {
    "daemon killed": (4, (0, 60)),
    "daemon stopped and woken": (3, (10, 150)),
    "daemon ended": (2, (0, 60)),
    "second daemon": (2, (60, 240)),
    "service killed": (2, (0, 30)),
    "disk full": (3, (10, 90)),
    "clock ahead": (1, (30, 120)),
    "clock back": (1, (30, 120)),
    "database restarted": (2, (0, 0)),
    "backup restored": (1, (0, 0)),
}
PERSON: Final[Mapping[str, tuple[int, tuple[float, float]]]] = {
    "job": (24, (0, 0)),
    "job for the open queue": (8, (0, 0)),
    "job of what was sent before": (3, (0, 0)),
    "request repeated": (3, (0, 0)),
    "queued by command": (4, (0, 0)),
    "anchored by command": (3, (0, 0)),
    "cancel": (4, (0, 0)),
    "park": (3, (0, 0)),
    "retry": (4, (0, 0)),
    "status asked": (3, (0, 0)),
    "receipts asked": (2, (0, 0)),
    "revoke": (5, (0, 0)),
    "suspend": (3, (0, 0)),
    "reinstate": (3, (0, 0)),
    "maintenance": (3, (20, 120)),
}
# Mean seconds between two of a group.
PACE: Final = ((ENDPOINT, 25.0), (CHAIN, 45.0), (MACHINE, 40.0), (PERSON, 8.0))
KINDS: Final = frozenset(kind for group, _ in PACE for kind in group)
# Room at the beginning for the first jobs, so that there is something to break.
FIRST_FAULT_SECONDS: Final = 20.0


def compose(seed: int, minutes: float) -> Plan:
    """The run of a seed: of three seeds, one has every setting as it ships; of two, one has PostgreSQL."""
    random = Random(seed)
    length = 60.0 * minutes
    pace = random.choice([(2.0, 2.0), (2.0, 12.0), (12.0, 12.0), (4.0, 8.0)])
    blocks, at = [], 0.0
    while (at := at + random.uniform(*pace)) < length:
        blocks.append(at)
    events = []
    for group, mean in PACE:
        kinds, weights = list(group), [weight for weight, _ in group.values()]
        at = 0.0 if group is PERSON else FIRST_FAULT_SECONDS
        while (at := at + random.expovariate(1 / mean)) < length:
            (kind,) = random.choices(kinds, weights)
            events.append(Event(at, kind, random.uniform(*group[kind][1]), random.random(), random.random()))
    settings, epoch = {} if seed % 3 == 0 else _settings(random), random.choice([1, 2, 4, 16])
    has_finalized = not settings or random.random() < 0.7
    if not has_finalized:
        settings["finality_depth"] = str(2 * epoch)
    return Plan(
        seed,
        minutes,
        "sqlite" if seed % 2 else "postgresql",
        settings,
        epoch=epoch,
        endpoints=random.choice([1, 1, 2]),
        kept=random.choice([64, 128]),
        has_finalized=has_finalized,
        blocks=tuple(blocks),
        events=tuple(sorted(events, key=lambda event: event.at)),
    )


def _settings(random: Random) -> dict[str, str]:
    """Any values that make sense together; each is drawn for itself."""
    drawn = {
        "daemon_seconds": random.uniform(0.5, 8),
        "lease_seconds": random.uniform(10, 240),
        "bump_blocks": random.randint(1, 8),
        "republish_blocks": random.randint(1, 6),
        "most_in_flight": random.choice([1, 2, 8, 64, 200]),
        "queue_credentials": random.choice([1, 3, 10, 1000]),
        "queue_seconds": random.uniform(5, 900),
        "low_anchors": random.choice([0, 50, 500]),
        "index_seconds": random.uniform(0.5, 8),
        "index_lag": random.choice([0, 3, 20, 60]),
        "rpc_timeout": random.uniform(2, 30),
        "transaction_timeout": random.uniform(40, 400),
        "head_age_seconds": random.choice([120, 600, 3000]),
        "loop_timeout": random.uniform(30, 300),
        "fee_ceiling_gwei": random.choice([5, 50, 500]),
        "intake_idle_seconds": random.uniform(5, 60),
        "tree_cache_bytes": random.choice([1 << 20, 64 << 20]),
        "verify_workers": 1,
    }
    return {name: str(value) for name, value in drawn.items() if random.random() < 0.7}
