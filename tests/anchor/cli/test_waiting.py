"""What a person is told while a batch becomes final: how far it is, by the chain's own pace, and nothing twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from anchor.anchoring.finality import Pace, way_to_final
from anchor.books.batches import BatchRow
from anchor.books.tables import BatchState
from anchor.cli import waiting
from anchor.cli.waiting import Watch
from registry.chain.rpc.client import Block
from registry.errors import ChainUnavailable

SECONDS_A_BLOCK = 12


def block(number: int) -> Block:
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=SECONDS_A_BLOCK * number)
    return Block(number=number, hash=bytes(32), parent_hash=bytes(32), timestamp=moment, base_fee=1)


class Chain:
    """A chain of twelve seconds a block that calls a block final when 64 are on it."""

    def __init__(self, head: int):
        self.head = head
        self.answers = True

    def block(self, number: int | str) -> Block:
        if not self.answers:
            raise ChainUnavailable("no answer")
        return block(self.head if isinstance(number, str) else number)

    def finalized(self, depth_when_no_tag: int | None) -> Block:
        return block(self.head - 64)


ROW = BatchRow(
    id=1, issuer=1, root=b"\xab" * 32, leaf_count=60, state=BatchState.SEALED, sealed_at=0, transaction_hash=None,
    block_number=None, block_hash=None, block_time=None, sequence=None,
)  # fmt: skip
MINED = replace(ROW, state=BatchState.MINED, block_number=1000)


def test_the_way_to_final_is_counted_in_blocks_and_estimated_by_the_pace() -> None:
    pace = Pace(depth=64, seconds=12)
    assert way_to_final(1000, 1016, pace) == (way := way_to_final(1000, 1016, pace))
    assert (way.done, way.blocks, way.seconds) == (16, 64, 48 * 12)
    assert way_to_final(1000, 990, pace).done == 0
    assert way_to_final(1000, 2000, pace).seconds == 0


def test_a_terminal_has_one_line_that_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "LOOK_SECONDS", 0)
    chain, live, said = Chain(1000), list[str](), list[str]()
    watch = Watch(chain, None, live=live.append, say=said.append)  # type: ignore[arg-type]
    watch(ROW)
    watch(MINED)
    chain.head = 1032
    watch(MINED)
    chain.head = 1064
    watch(MINED)
    chain.answers = False
    watch(MINED)
    watch(replace(MINED, state=BatchState.FINAL))
    assert said == []
    assert [line.split(": ")[0] for line in live] == [
        "sent, and not in a block yet",
        "mined in block 1,000, 0 of 64 blocks to final, about 13 min",
        "mined in block 1,000, 32 of 64 blocks to final, about 6 min",
        "mined in block 1,000, final as soon as the chain says so",
        "mined in block 1,000, the chain does not answer at the moment",
    ]


def test_without_a_terminal_there_is_a_line_at_each_change_and_none_for_the_result(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waiting, "LOOK_SECONDS", 0)
    said = list[str]()
    watch = Watch(Chain(1000), None, live=None, say=said.append)  # type: ignore[arg-type]
    for row in (ROW, ROW, MINED, MINED, replace(MINED, state=BatchState.FINAL)):
        watch(row)
    assert [line.split(",")[0] for line in said] == ["sent", "mined in block 1"]
