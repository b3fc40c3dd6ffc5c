"""How long a range may be, in the words of endpoints: their own, as people reported them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.chain.rpc.client import RpcRefused
from registry.chain.rpc.hints import LENGTHS, RANGES, hinted_length
from registry.chain.rpc.spans import Spans

SAID = [
    # Infura
    ("query returned more than 10000 results. Try with this block range [0xBDE5F8, 0x102DBCC].", 4_519_381),
    ("range 1000000 exceeds limit of 10000", 10_000),
    # Alchemy
    (
        "Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range and no limit on the "
        "response size, or you can request any block range with a cap of 10K logs in the response. Based on your "
        "parameters and the response size limit, this block range should work: [0x0, 0xd043b8]",
        13_648_825,
    ),
    (
        "Under the Free tier plan, you can make eth_getLogs requests with up to a 10 block range. Based on your "
        "parameters, this block range should work: [0x1180fca, 0x1180fd3].",
        10,
    ),
    ("You can make eth_getLogs requests with up to a 2K block range", 2_000),
    # reth, Ankr, LlamaRPC
    ("query exceeds max results 20000, retry with the range 6000000-6000509", 510),
    ("query exceeds max block range 5000", 5_000),
    # QuickNode, 1RPC, BlockPI, Blast
    ("eth_getLogs is limited to a 10,000 range", 10_000),
    ("eth_getLogs and eth_newFilter are limited to a 10,000 blocks range", 10_000),
    ("eth_getLogs is limited to 1024 block range. Please check the parameter requirements", 1_024),
    ("exceeds the range allowed for your plan (5000 > 3000)", 3_000),
    # publicnode, Cloudflare, Tenderly, dRPC, Ankr, Sei
    ("exceed maximum block range: 50000", 50_000),
    ("block range too large, max range: 800", 800),
    ("invalid params: range 9009594 is bigger than range limit 2000", 2_000),
    ("ranges over 10000 blocks are not supported on freetier", 10_000),
    ("maximum [from, to] blocks distance: 1000", 1_000),
    ("block range too large (2000), maximum allowed is 1000 blocks", 1_000),
    # Avalanche, Frontier, thirdweb, Base, Merkle, Swell, Harmony
    ("requested too many blocks from 0 to 5000000, maximum is set to 1024", 1_024),
    ("block range is too wide (maximum 1024)", 1_024),
    ("Maximum allowed number of requested blocks is 3500", 3_500),
    ("please limit the query to at most 1000 blocks", 1_000),
    ("eth_getLogs range is too large, max is 10k blocks", 10_000),
    ("block range greater than 50,000 max", 50_000),
    ("query must be smaller than size 1024", 1_024),
    # These say nothing of blocks: Arbitrum, Infura, geth, besu, erigon
    ("logs matched by query exceeds limit of 10000", None),
    ("query returned more than 10000 results", None),
    ("Response size is larger than 150MB limit", None),
    ("Requested range exceeds maximum RPC range limit", None),
    ("query returns too many logs, narrow your filter: 20000", None),
    ("block range is too wide", None),
    # Nor do these say what they mean.
    ("Try with this block range [0x20, 0x10]", None),
    ("eth_getLogs is limited to a 0 range", None),
]


@pytest.mark.parametrize(("words", "length"), SAID)
def test_what_endpoints_say(words: str, length: int | None) -> None:
    assert hinted_length(words, 100_000_000) == length


@pytest.mark.parametrize(("words", "length"), [each for each in SAID if each[1]])
def test_a_hint_that_is_not_shorter_than_what_was_refused_is_none(words: str, length: int) -> None:
    assert hinted_length(words, length + 1) == length
    assert hinted_length(words, length) is None


@pytest.mark.parametrize("pattern", [pattern for pattern, _ in (*RANGES, *LENGTHS)])
def test_each_pattern_is_somebodys(pattern: str) -> None:
    assert any(re.search(pattern, words.lower()) for words, _ in SAID)


@given(
    words=st.one_of(st.text(), st.from_regex(r"limited to a [\d,.]{0,40}k? range"), st.from_regex(RANGES[0][0])),
    tried=st.integers(2, 100_000),
)
def test_whatever_is_said_the_next_range_is_shorter_and_has_a_block(words: str, tried: int) -> None:
    spans = Spans()
    spans.length = tried
    refusal = RpcRefused("no", rpc_code=-32005, rpc_message=f"block range: {words}", where=None, remedy=None)
    if spans.shorter(refusal, tried):
        assert 1 <= spans.length < tried
