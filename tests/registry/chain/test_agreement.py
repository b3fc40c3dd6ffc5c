"""Which block enough endpoints name alike: what differs is named, and nobody's word alone is enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.chain.agreement import MOST_APART, agreed_block, final_height, host_of
from registry.chain.rpc.client import ChainClient
from registry.chain.rpc.endpoints import Endpoints
from registry.errors import ChainUnavailable


class Node:
    """An endpoint in the process that has one chain up to a height, and may be on a branch of its own, or down."""

    def __init__(self, name: str, head: int = 100, *, branch_from: int | None = None, down: bool = False):
        self.where, self.head, self.branch_from, self.down = name, head, branch_from, down
        self.tells_of: int | None = None
        self.chain_id = "0x1"

    def make_request(self, method: str, params: Sequence[Any]) -> Mapping[str, Any]:
        if self.down:
            raise ChainUnavailable("nothing answers there", where=self.where)
        if method == "eth_chainId":
            return {"result": self.chain_id}
        if method == "eth_blockNumber":
            return {"result": hex(self.head if self.tells_of is None else self.tells_of)}
        if params[0] == "latest":
            return {"result": self.block(self.head if self.tells_of is None else self.tells_of)}
        number = int(params[0], 16)
        return {"result": self.block(number) if number <= self.head else None}

    def block(self, number: int) -> dict[str, Any]:
        branch = self.where if self.branch_from is not None and number >= self.branch_from else ""
        return {
            "number": hex(number),
            "hash": "0x" + sha256(f"{number} {branch}".encode()).hexdigest(),
            "parentHash": "0x" + "00" * 32,
            "timestamp": hex(1_700_000_000 + 12 * number),
        }

    def hide(self, text: str) -> str:
        return text

    def close(self) -> None:
        pass


def client_of(*nodes: Node) -> ChainClient:
    transport: Any = nodes[0] if len(nodes) == 1 else Endpoints(nodes)
    return ChainClient(transport, where=transport.where)


def test_the_newest_block_that_enough_of_them_have() -> None:
    agreed = agreed_block(client_of(Node("one", 103), Node("two", 101), Node("three", 99)), 2)
    assert (agreed.block.number, agreed.named_by, agreed.asked) == (101, ("one", "two"), 3)
    assert agreed_block(client_of(Node("alone", 7)), 1).named_by == ("alone",)


def test_several_urls_of_one_host_are_one_and_none_is_lost() -> None:
    """A gateway with two keys is one provider; and what its two endpoints say is compared."""
    one, two = Node("https://gw.example/…"), Node("https://gw.example/…")
    with pytest.raises(ChainUnavailable) as refused:
        agreed_block(client_of(one, two), 2)
    assert refused.value.code == "no-quorum"
    with pytest.raises(ChainUnavailable) as refused:
        agreed_block(client_of(one, two, Node("https://gw.example:443/…")), 2)
    assert refused.value.code == "no-quorum"
    other = Node("https://other.example/…")
    assert agreed_block(client_of(one, two, other), 2).named_by == ("gw.example", "other.example")
    two.branch_from = 90
    with pytest.raises(ChainUnavailable, match=r"no\. 2\) names 0x") as refused:
        agreed_block(client_of(one, two, other), 2)
    assert refused.value.code == "endpoints-differ"


def test_nobody_says_alone_which_chain_it_is() -> None:
    liar = Node("one")
    client = client_of(liar, Node("two"), Node("three"))
    client.chain_id()
    liar.chain_id = "0x89"
    with pytest.raises(ChainUnavailable, match="one is of chain 137") as refused:
        agreed_block(client, 2)
    assert refused.value.code == "endpoints-differ"


@pytest.mark.parametrize(
    ("where", "host"),
    [
        ("https://a.example/v3/…", "a.example"),
        ("https://a.example:443/", "a.example"),
        ("http://127.0.0.1:8545 (no. 2)", "127.0.0.1:8545"),
        ("one", "one"),
        ("https://[::1]:x/", "https://[::1]:x/"),
    ],
)
def test_whose_an_endpoint_is(where: str, host: str) -> None:
    assert host_of(where) == host


def test_one_that_tells_of_an_old_block_holds_nobody_back() -> None:
    behind = Node("two", 103)
    behind.tells_of = 60
    assert agreed_block(client_of(Node("one", 103), behind), 2).block.number == 103


def test_one_that_names_another_is_told_with_what_it_names() -> None:
    with pytest.raises(ChainUnavailable, match=r"one names 0x.*; two names 0x.*; three names 0x") as refused:
        agreed_block(client_of(Node("one"), Node("two", branch_from=90), Node("three")), 2)
    assert refused.value.code == "endpoints-differ"


@pytest.mark.parametrize(
    "nodes",
    [
        [Node("one"), Node("two", down=True), Node("three", down=True)],
        [Node("one", 100), Node("two", 100 - MOST_APART - 1)],
        [Node("one", 10**9), Node("two", 100)],
        [Node("alone")],
    ],
)
def test_too_few_are_no_quorum(nodes: list[Node]) -> None:
    with pytest.raises(ChainUnavailable) as refused:
        agreed_block(client_of(*nodes), 2)
    assert refused.value.code == "no-quorum"


def test_who_is_silent_is_told_and_why() -> None:
    with pytest.raises(ChainUnavailable) as refused:
        agreed_block(client_of(Node("one"), Node("two", down=True)), 2)
    assert refused.value.what == ("1 of 2 endpoints answered; 2 have to agree (`quorum`); two: nothing answers there")
    with pytest.raises(ChainUnavailable) as refused:
        agreed_block(client_of(Node("one"), Node("two", 50), Node("three", down=True)), 2)
    assert refused.value.what.startswith("the endpoints are too far apart: ")
    assert refused.value.what.endswith("; three: nothing answers there")


def test_a_tag_that_is_not_there_is_told_from_an_endpoint_that_is_not() -> None:
    class Untagged(Node):
        def make_request(self, method: str, params: Sequence[Any]) -> Mapping[str, Any]:
            return {"result": None} if params[:1] == ["finalized"] else super().make_request(method, params)

    with pytest.raises(ChainUnavailable) as refused:
        final_height(client_of(Untagged("one"), Untagged("two")), 2)
    assert (refused.value.code, "finality_depth" in str(refused.value.remedy)) == ("no-finality", True)
    with pytest.raises(ChainUnavailable) as refused:
        final_height(client_of(Untagged("one"), Untagged("two", down=True)), 2)
    assert (refused.value.code, "finality_depth" in str(refused.value.remedy)) == ("no-quorum", False)


@given(
    st.lists(st.tuples(st.integers(95, 105), st.none() | st.integers(90, 106), st.booleans()), min_size=1, max_size=4),
    st.integers(1, 3),
)
def test_whatever_they_say_a_block_that_was_agreed_is_named_by_enough_and_denied_by_none(
    given_nodes: list[tuple[int, int | None, bool]], quorum: int
) -> None:
    nodes = [
        Node(f"node {place}", head, branch_from=branch, down=down)
        for place, (head, branch, down) in enumerate(given_nodes)
    ]
    try:
        agreed = agreed_block(client_of(*nodes), quorum)
    except ChainUnavailable:
        return
    number, block_hash = agreed.block.number, "0x" + agreed.block.hash.hex()
    there = [each for each in nodes if not each.down and each.head >= number]
    assert len(agreed.named_by) >= quorum
    assert {each.where for each in there} >= set(agreed.named_by)
    # One of another chain than the first that answered is never asked; all of these are of one.
    assert {each.block(number)["hash"] for each in there if each.where in agreed.named_by} == {block_hash}
