"""The block of a day, against looking at every block, and with few questions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.chain.agreement import agreed_blocks
from registry.chain.days import day_block
from registry.chain.rpc.client import Block, ChainClient
from registry.chain.rpc.endpoints import Endpoints
from registry.errors import ChainUnavailable

FIRST_DAY = date(2026, 1, 1)
BEGAN = int(datetime(2026, 1, 1, 17, tzinfo=UTC).timestamp())


class Node:
    """A chain in the process, by the times of its blocks; counts what it was asked."""

    def __init__(self, times: Sequence[int], where: str = "one"):
        self.times, self.where, self.asked = times, where, 0

    def make_request(self, method: str, params: Sequence[Any]) -> dict[str, Any]:
        if method == "eth_chainId":
            return {"result": "0x1"}
        if method == "eth_blockNumber":
            return {"result": hex(len(self.times) - 1)}
        self.asked += 1
        number = int(params[0], 16)
        return {"result": self.block(number) if number < len(self.times) else None}

    def block(self, number: int) -> dict[str, Any]:
        return {
            "number": hex(number),
            "hash": "0x" + sha256(f"{number}".encode()).hexdigest(),
            "parentHash": "0x" + "00" * 32,
            "timestamp": hex(self.times[number]),
        }

    def hide(self, text: str) -> str:
        return text

    def close(self) -> None:
        pass


def looked_up(times: Sequence[int], day: date, final: int) -> int | None:
    """The rule, by looking at every block."""
    midnight = datetime.combine(day, time(), UTC).timestamp()
    found = next((number for number, at in enumerate(times[: final + 1]) if at >= midnight), None)
    began = datetime.fromtimestamp(times[0], UTC).date()
    return None if found == 0 and began != day else found


def number_of(block: Block | None) -> int | None:
    return None if block is None else block.number


# Blocks in the same second, at a steady pace, and days without any.
GAPS = st.lists(st.sampled_from([0, 1, 12, 3_600, 40_000, 86_400, 400_000]), min_size=0, max_size=60)


@given(GAPS, st.integers(-2, 12), st.integers(0, 60))
def test_it_is_the_first_one_at_or_after_midnight(gaps: list[int], days: int, final: int) -> None:
    times = list(accumulate(gaps, initial=BEGAN))
    final = min(final, len(times) - 1)
    day = FIRST_DAY + timedelta(days=days)
    client = ChainClient(Node(times))
    found = day_block(client, day, final)
    assert number_of(found) == looked_up(times, day, final)
    if found is not None:
        for later in (day, day + timedelta(days=1), day + timedelta(days=3)):
            again = day_block(client, later, final, after=found)
            assert number_of(again) == looked_up(times, later, final)


def test_exactly_at_midnight_is_of_the_day() -> None:
    midnight = int(datetime(2026, 1, 2, tzinfo=UTC).timestamp())
    client = ChainClient(Node([BEGAN, midnight - 1, midnight, midnight, midnight + 1]))
    assert number_of(day_block(client, date(2026, 1, 2), 4)) == 2
    assert day_block(client, date(2026, 1, 2), 1) is None, "what is not final is not there yet"
    assert day_block(client, date(2026, 1, 3), 4) is None
    assert number_of(day_block(client, FIRST_DAY, 4)) == 0, "it began on that day"
    assert day_block(client, date(2025, 12, 31), 4) is None


def test_a_few_questions_find_it() -> None:
    steady = Node(range(BEGAN, BEGAN + 12 * 2_000_000, 12))
    day_block(ChainClient(steady), date(2026, 6, 1), len(steady.times) - 1)
    assert steady.asked <= 6
    # A chain that began with the time 0, as Ethereum did, and one that became a hundred times faster.
    for times in (
        [0, *range(BEGAN, BEGAN + 12 * 1_000_000, 12)],
        [*range(BEGAN, BEGAN + 100 * 10_000, 100), *range(BEGAN + 1_000_000, BEGAN + 2_000_000)],
    ):
        node = Node(times)
        day_block(ChainClient(node), date(2026, 1, 9), len(times) - 1)
        assert node.asked <= 2 * 20 + 2


def test_times_that_go_back_are_told() -> None:
    times = [BEGAN + 3_600 * each for each in range(100)]
    times[1:99] = [BEGAN - 1] * 98
    with pytest.raises(ChainUnavailable) as error:
        day_block(ChainClient(Node(times)), date(2026, 1, 3), 99)
    assert error.value.code == "chain-garbage"
    with pytest.raises(ChainUnavailable) as error:
        day_block(ChainClient(Node(times)), date(2026, 1, 3), 100)
    assert error.value.code == "no-block"


def test_blocks_are_those_that_enough_endpoints_name() -> None:
    times = range(BEGAN, BEGAN + 1_200, 12)
    nodes: list[Any] = [Node(times), Node(times, "two"), Node(times[:50], "three")]
    client = ChainClient(Endpoints(nodes), where="these")
    assert [(each.block.number, each.named_by) for each in agreed_blocks(client, [49, 50], 2)] == [
        (49, ("one", "two", "three")),
        (50, ("one", "two")),
    ]
    with pytest.raises(ChainUnavailable) as error:
        list(agreed_blocks(client, [49, 50], 3))
    assert error.value.code == "no-quorum"
    nodes[2].block = lambda number: {**nodes[0].block(number), "hash": "0x" + "ab" * 32}
    with pytest.raises(ChainUnavailable, match="three names 0xabab") as error:
        list(agreed_blocks(client, [49], 2))
    assert error.value.code == "endpoints-differ"
