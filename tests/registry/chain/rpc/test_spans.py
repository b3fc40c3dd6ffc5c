"""Ranges of blocks of endpoints that keep no old blocks, lack the newest ones, or have no events at all."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from registry.chain.rpc.client import RpcRefused
from registry.chain.rpc.spans import FIRST_SPAN, Spans, in_spans

PRUNED = "pruned history unavailable"
BEYOND = "block range extends beyond current head block"


def refusal(words: str) -> RpcRefused:
    return RpcRefused("no", rpc_code=-32000, rpc_message=words, where=None, remedy=None)


class Node:
    """Answers with the numbers of the blocks that it has; each question is counted."""

    def __init__(self, refuses: Callable[[int, int], str | None]):
        self.asked = 0
        self._refuses = refuses

    def read(self, first: int, last: int) -> list[int]:
        self.asked += 1
        if words := self._refuses(first, last):
            raise refusal(words)
        return list(range(first, last + 1))


def all_of(node: Node, first: int, last: int) -> list[int]:
    return put_into([], node, first, last)


def put_into(found: list[int], node: Node, first: int, last: int) -> list[int]:
    for _, numbers in in_spans(node.read, first, last):
        found += numbers
    return found


@pytest.mark.parametrize("words", ["method not found", "missing trie node 0xab", PRUNED])
def test_what_no_shorter_range_helps_is_asked_once(words: str) -> None:
    node = Node(lambda first, _last: words if first < 500 else None)
    with pytest.raises(RpcRefused) as refused:
        all_of(node, 0, 4_000)
    assert refused.value.rpc_message == words
    assert node.asked == 1
    assert all_of(node, 500, 4_000) == list(range(500, 4_001))


def test_what_lacks_the_newest_blocks_is_read_to_its_end() -> None:
    node = Node(lambda _first, last: BEYOND if last > 1_234 else None)
    found: list[int] = []
    with pytest.raises(RpcRefused, match="no"):
        put_into(found, node, 0, 4_000)
    assert found == list(range(1_235))
    assert node.asked < 40


def test_a_length_is_not_held_against_what_is_behind() -> None:
    spans = Spans()
    assert spans.shorter(refusal(BEYOND), FIRST_SPAN)
    assert spans.length == FIRST_SPAN // 2
    spans.worked(0, FIRST_SPAN // 2)
    assert spans.length == FIRST_SPAN
