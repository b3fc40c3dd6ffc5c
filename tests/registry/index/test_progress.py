"""How far an index is, in a line: rates, and who is not asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from registry.chain.rpc.ahead import ReaderState
from registry.chain.rpc.patience import RATE_LIMITED
from registry.chain.rpc.transport import public_url
from registry.index.indexer import Step
from registry.index.progress import IndexProgress, line
from registry.index.reader import Head
from registry.records import BlockRef
from registry.service.metrics import ReadingMetrics

SECRET = "https://user:word@rpc.example/v2/0123456789abcdef?key=hush"
STATES = [
    ReaderState(public_url(SECRET), 2, 500, 7.4, RATE_LIMITED),
    ReaderState("https://other.example", 4, 10_000, 0.0, None),
    ReaderState("https://third.example", 4, 10_000, 31.0, "chain-timeout"),
]


def head_at(number: int, confirmed: int = 0, seen: int = 20_000_000) -> Head:
    cursor = BlockRef(number, bytes(32), datetime.fromtimestamp(0, UTC))
    known: dict[str, Any] = dict.fromkeys(Head.__annotations__)
    return Head(**{**known, "cursor": cursor, "confirmed": confirmed, "seen": seen})


@dataclass
class Stepping:
    """What a line is made of beside the head."""

    added: int = 0
    states: list[ReaderState] = field(default_factory=list)

    def reading(self) -> list[ReaderState]:
        return self.states


def test_the_line_says_where_it_is_how_fast_and_who_rests() -> None:
    assert line(head_at(1_234_567), 9_876.4, 321.2, STATES) == (
        "Block 1,234,567 of 20,000,000; 9,876 blocks and 321 events a second; confirmed to 0; "
        "https://rpc.example/… limits requests, 7 s; https://third.example rests (chain-timeout), 31 s"
    )
    assert line(head_at(7, confirmed=7, seen=3), 0, 0, []) == "Block 7 of 7; 0 blocks and 0 events a second"


def test_rates_are_of_the_time_since_the_line_before() -> None:
    clock, lines, of = [100.0], list[str](), Stepping()
    progress = IndexProgress(lines.append, clock=lambda: clock[0])
    progress.step(Step.ADDED, head_at(0))
    progress.indexer = of  # type: ignore[assignment]
    for at, block, added in ((100.0, 10, 0), (100.5, 500, 50), (102.0, 2_010, 400), (104.0, 1_000, 400)):
        clock[0], of.added = at, added
        progress.step(Step.ADDED, head_at(block))
    assert [text.split("; ")[1] for text in lines] == [
        "1,000 blocks and 200 events a second",
        # Taken back.
        "0 blocks and 0 events a second",
    ]


def test_metrics_name_who_is_not_asked_and_no_secret() -> None:
    metrics = {each.name: each for each in ReadingMetrics(lambda: STATES).collect()}
    rests = [
        (sample.labels["endpoint"], sample.labels["code"])
        for sample in metrics["testamur_index_endpoint_rests"].samples
    ]
    assert rests == [("https://rpc.example/…", RATE_LIMITED), ("https://third.example", "chain-timeout")]
    assert [sample.value for sample in metrics["testamur_index_endpoint_blocks"].samples] == [500, 10_000, 10_000]
    assert [sample.value for sample in metrics["testamur_index_endpoint_ranges"].samples] == [2, 4, 4]
    assert "hush" not in repr(metrics)
    assert "0123456789abcdef" not in repr(metrics)
    assert [each.samples for each in ReadingMetrics(list).collect()] == [[], [], []]
