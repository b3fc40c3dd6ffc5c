"""A chain whose blocks are of the days that a clock says: never before the block below, and read again as they were."""

from __future__ import annotations

from pathlib import Path

from registry.embedded.chain import EmbeddedChain
from tests.registry.chain.worlds import ECHO_INITCODE, World

DAY = 86_400
FIRST = 1_736_154_000
"""6 January 2025, 09:00 UTC; the genesis block is of the first of that month."""


def time_of(world: World, number: int) -> int:
    block = world.client.block(number)
    assert block is not None
    return int(block.timestamp.timestamp())


def test_blocks_have_the_time_of_the_clock_and_never_go_back(tmp_path: Path) -> None:
    times = iter((FIRST, FIRST + DAY, FIRST))
    with EmbeddedChain(tmp_path, clock=lambda: next(times)) as chain:
        world = World("embedded", chain.client())
        for _ in range(3):
            world.send(None, ECHO_INITCODE)
        # What came before stays; a clock that goes back does not move a block before the one below it.
        assert [time_of(world, number) for number in (1, 2, 3)] == [FIRST, FIRST + DAY, FIRST + DAY]
    with EmbeddedChain(tmp_path) as again:
        world = World("embedded", again.client())
        assert time_of(world, 2) == FIRST + DAY
        world.send(None, ECHO_INITCODE)
        assert time_of(world, 4) > FIRST + DAY
