"""The age of the newest block by the pace of its chain, which enough endpoints have to tell alike."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

from registry.chain.agreement import agreed_block, agreed_blocks
from registry.chain.heads import age_of_head
from tests.registry.chain.test_agreement import Node, client_of
from tests.web.javascript import run_javascript

CHAIN = "eip155:1"
GENESIS = 1_700_000_000


class Paced(Node):
    """An endpoint of a chain with so many seconds a block, which may tell something else of a block before the head."""

    def __init__(self, name: str, head: int, spacing: int, *, older: str = ""):
        super().__init__(name, head)
        self.spacing, self.older = spacing, older

    def block(self, number: int) -> dict[str, Any]:
        found = {**super().block(number), "timestamp": hex(GENESIS + self.spacing * number)}
        if self.older == "another" and 0 < number < self.head:
            # Long ago, so that the chain would look slow.
            return found | {"hash": "0x" + "11" * 32, "timestamp": hex(GENESIS - 10**8)}
        return found

    def make_request(self, method: str, params: Any) -> Any:
        if self.older == "none" and params and params[0] not in ("latest", "0x0", hex(self.head)):
            return {"result": None}
        return super().make_request(method, params)


def case(head: int, spacing: int, age: timedelta, older: tuple[str, ...]) -> dict[str, Any]:
    nodes = [
        Paced(f"https://{name}.example", head, spacing, older=each) for name, each in zip("abc", older, strict=False)
    ]
    quorum = min(2, len(nodes))
    client = client_of(*nodes)
    block = agreed_block(client, quorum).block
    now = block.timestamp + age
    found = age_of_head(
        client, CHAIN, block, 600, lambda: now, block_at=lambda at: next(agreed_blocks(client, [at], quorum)).block
    )
    numbers = {head, max(0, head - 100)}
    return {
        "nodes": {
            node.where: {hex(each): node.make_request("", [hex(each)])["result"] for each in numbers} for node in nodes
        },
        "head": hex(head),
        "now": int(now.timestamp()),
        "expect": {"freshness": str(found.freshness), "code": found.code, "text": found.text},
    }


def test_a_slow_chain_is_not_late_where_enough_endpoints_say_that_it_is_slow(tmp_path: Path) -> None:
    minutes = [timedelta(minutes=each) for each in (-300, -2, 1, 11, 70, 200, 60 * 24 * 5, 60 * 24 * 7)]
    tellers = [
        ("",),
        ("another",),
        ("", ""),
        ("", "another"),
        ("", "", "none"),
        ("", "none", "none"),
        ("", "", "another"),
    ]
    made = product((0, 7, 100, 1_000), (1, 12, 900, 90_000), minutes, tellers)
    cases = {each: case(*each) for each in made}
    told = {each: found["expect"]["code"] for each, found in cases.items()}
    hour = timedelta(minutes=70)
    assert told[1_000, 12, hour, ("", "")] == "head-stale"
    assert told[1_000, 900, hour, ("", "")] == told[1_000, 900, hour, ("", "", "none")] == "head-fresh"
    # One that tells of another block excuses nothing, and neither does one alone where two have to.
    assert told[1_000, 12, hour, ("", "", "another")] == told[1_000, 900, hour, ("", "another")] == "head-stale"
    assert told[1_000, 900, hour, ("", "none", "none")] == "head-stale"
    assert set(told.values()) == {"head-fresh", "head-late", "head-stale", "head-ahead"}
    assert datetime.fromtimestamp(cases[0, 1, hour, ("",)]["now"], UTC).year == 2023
    run_javascript("pace", {"cases": list(cases.values())}, tmp_path)
