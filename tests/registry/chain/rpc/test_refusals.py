"""What endpoints mean: their own words, as people reported them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.chain.rpc.refusals import (
    LONGEST_RETRY_SECONDS,
    LONGEST_WORDS,
    WORDS,
    Refusal,
    asked_pause,
    meaning_of,
    refusal_of,
    retry_after,
    words_of,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("code", "words", "meaning"),
    [
        # Infura
        (-32602, "range 1000000 exceeds limit of 10000", Refusal.TOO_MUCH),
        (-32005, "query returned more than 10000 results", Refusal.TOO_MUCH),
        (-32005, "query returned more than 10000 results. Try with this block range [0x1, 0x2].", Refusal.TOO_MUCH),
        (-32005, "daily request count exceeded, request rate limited", Refusal.LIMITED),
        (-32005, "exceeded project rate limit", Refusal.LIMITED),
        (-32005, "project ID request rate exceeded", Refusal.LIMITED),
        # Alchemy
        (
            -32602,
            "Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range and no limit on "
            "the response size",
            Refusal.TOO_MUCH,
        ),
        (
            -32600,
            "Under the Free tier plan, you can make eth_getLogs requests with up to a 10 block range. Based on your "
            "parameters, this block range should work: [0x1180fca, 0x1180fd3].",
            Refusal.TOO_MUCH,
        ),
        (-32000, "Query timeout exceeded. Consider reducing your block range.", Refusal.TOO_MUCH),
        (-32000, "logs matched by query exceeds limit of 10000", Refusal.TOO_MUCH),
        (429, "Your app has exceeded its compute units per second capacity.", Refusal.LIMITED),
        # QuickNode, Base, thirdweb
        (-32614, "eth_getLogs is limited to a 10,000 range", Refusal.TOO_MUCH),
        (-32602, "eth_getLogs and eth_newFilter are limited to a 10,000 blocks range", Refusal.TOO_MUCH),
        (-32007, "100/second request limit reached - reduce calls per second", Refusal.LIMITED),
        (-32003, "daily request limit reached - upgrade your account", Refusal.LIMITED),
        (-32016, "over rate limit", Refusal.LIMITED),
        (-32014, "maximum 10 calls in 1 batch", Refusal.BATCH),
        (-32600, "batch too large", Refusal.BATCH),
        # Ankr, publicnode, Chainstack, BlockPI
        (-32600, "block range is too wide", Refusal.TOO_MUCH),
        (-32602, "maximum [from, to] blocks distance: 10000", Refusal.TOO_MUCH),
        (-32701, "exceed maximum block range: 50000", Refusal.TOO_MUCH),
        (
            -32602,
            "eth_getLogs is limited to 1024 block range. Please check the parameter requirements",
            Refusal.TOO_MUCH,
        ),
        (-32005, "Block range limit exceeded", Refusal.TOO_MUCH),
        (-32005, "You've exceeded the RPS limit available on the current plan.", Refusal.LIMITED),
        (-32090, "Too many requests, reason: call rate limit exhausted, retry in 10s", Refusal.LIMITED),
        # dRPC
        (35, "ranges over 10000 blocks are not supported on free plan", Refusal.TOO_MUCH),
        (30, "Request timeout on the free tier, please upgrade your tier to the paid one", Refusal.TOO_MUCH),
        (31, "Batch of more than 3 requests are not allowed on free tier", Refusal.BATCH),
        # geth, reth, besu, nethermind, erigon, Frontier
        (-32000, "query exceeds max results 20000, retry with the range 1-2", Refusal.TOO_MUCH),
        (-32602, "query exceeds max block range 5000", Refusal.TOO_MUCH),
        (-32008, "Response is too big", Refusal.TOO_MUCH),
        (-32005, "Batched requests are not supported by this server", Refusal.BATCH),
        (-32010, "The batch request was too large", Refusal.BATCH),
        (-32002, "request timed out", Refusal.TOO_MUCH),
        (-32003, "response too large", Refusal.TOO_MUCH),
        (-32005, "Requested range exceeds maximum RPC range limit", Refusal.TOO_MUCH),
        (-32005, "Transaction gas limit exceeds block gas limit", Refusal.OTHER),
        (-32600, "Batch size limit exceeded", Refusal.BATCH),
        (-32000, "query block range exceeds server limit, narrow your filter: 1000", Refusal.TOO_MUCH),
        (-32000, "query returns too many logs, narrow your filter: 20000", Refusal.TOO_MUCH),
        (-32603, "block range is too wide (maximum 1024)", Refusal.TOO_MUCH),
        (-32603, "requested too many blocks from 0 to 5000000, maximum is set to 1024", Refusal.TOO_MUCH),
        # Others
        (-32000, "block range is larger than max block range, block range = 5120", Refusal.TOO_MUCH),
        (-32600, "block range too high", Refusal.TOO_MUCH),
        (-32000, "exceed maximum block range: 5000", Refusal.TOO_MUCH),
        (-32005, "block range too large, max range: 1000", Refusal.TOO_MUCH),
        (-32005, "method eth_getLogs in batch triggered rate limit", Refusal.BATCH),
        (-32005, "limit exceeded", Refusal.LIMITED),
        (-32005, "rate limit exceeded", Refusal.LIMITED),
        (-32000, '429 Too Many Requests: {"error":{"code":-32016,"message":"over rate limit"}}', Refusal.LIMITED),
        # A state that is not kept: geth, reth, erigon, nethermind, besu, Avalanche, Ankr
        (-32000, "missing trie node 0xabc (path )", Refusal.STATE),
        (-32000, "missing trie node e6990f (path ) state 0xe6990f is not available, not found", Refusal.STATE),
        (-32000, "historical state not available in path scheme yet", Refusal.STATE),
        (-32602, "distance to target block exceeds maximum proof window", Refusal.STATE),
        (
            -32000,
            "requested block is too old, block must be within 1000 blocks of the head block number (currently 3696916)",
            Refusal.STATE,
        ),
        (-32000, "proofs are available only for the 'latest' block", Refusal.STATE),
        (-32000, "root hash mismatch witnessTrieRootHash(ba81)!=expectedRootHash(60f8)", Refusal.STATE),
        (-32002, "No state available for block 45615500 (0x3f9e)", Refusal.STATE),
        (-32603, "Internal error: Node A: P:2 H:0x992e is missing from the DB", Refusal.STATE),
        (-32000, "World state unavailable", Refusal.STATE),
        (
            -32000,
            "This request is not supported because your node is running with state pruning. Run with "
            "--pruning=archive.",
            Refusal.STATE,
        ),
        (-32061, "No archive nodes available", Refusal.STATE),
        # A method that is not offered
        (-32601, "the method eth_getBlockReceipts does not exist/is not available", Refusal.METHOD),
        (-32601, "The method 'eth_getProof' does not exist / is not available.", Refusal.METHOD),
        (-32601, "no such thing", Refusal.METHOD),
        (-32004, "eth_getProof: method not supported", Refusal.METHOD),
        (-32604, "Method not enabled", Refusal.METHOD),
        (-32075, "Method disabled", Refusal.METHOD),
        # Neither
        (-32000, "invalid block range params", Refusal.OTHER),
        (3, "execution reverted", Refusal.OTHER),
        (-39001, "Unknown block", Refusal.OTHER),
        (None, "", Refusal.OTHER),
    ],
)
def test_words_mean_what_who_says_them_means(code: object, words: str, meaning: Refusal) -> None:
    assert refusal_of(code, words) is meaning
    assert meaning_of({"code": code, "message": words}) is meaning
    assert refusal_of(code, words.upper()) is meaning


def test_every_row_can_be_reached() -> None:
    for words, meaning, who in WORDS:
        assert words == words.lower()
        assert who
        assert refusal_of(-32000, words) is meaning, words


def test_the_reason_may_be_beside_a_message_that_says_nothing() -> None:
    tenderly = {
        "code": -32602,
        "message": "invalid params",
        "data": {"payload": "range 9 is bigger than range limit 2"},
    }
    nested = {"code": -32005, "message": "no", "data": "Exceeded max limit of batch size 5"}
    thrown = {"code": 3, "message": "execution reverted", "data": "0x" + "ff" * 4000}
    assert (meaning_of(tenderly), meaning_of(nested)) == (Refusal.TOO_MUCH, Refusal.BATCH)
    assert words_of(thrown) == "execution reverted"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        (" 0 ", 0.0),
        ("86400", LONGEST_RETRY_SECONDS),
        ("9" * 400, LONGEST_RETRY_SECONDS),
        ("Thu, 01 Jan 2026 00:00:30 GMT", 30.0),
        ("Wed, 31 Dec 2025 23:59:00 GMT", 0.0),
        ("Thu, 01 Jan 2099 00:00:00 GMT", LONGEST_RETRY_SECONDS),
        (None, None),
        ("", None),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("٧", None),
        ("<script>", None),
    ],
)
def test_seconds_and_dates_are_understood_and_bounded(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, NOW) == seconds


JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["code", "message", "data", "rate", "backoff_seconds"]), inner, max_size=4)
    ),
    max_leaves=10,
)


@given(JSON, st.text(max_size=40))
def test_anything_in_the_place_of_an_error_has_a_meaning(error: Any, header: str) -> None:
    assert meaning_of(error) in Refusal
    assert len(words_of(error)) <= LONGEST_WORDS
    assert words_of(error).isprintable()
    for pause in (asked_pause(error), retry_after(header, NOW)):
        assert pause is None or 0 <= pause <= LONGEST_RETRY_SECONDS


def test_what_an_endpoint_asks_for_in_its_answer_is_read() -> None:
    asked = {"code": -32005, "message": "exceeded project rate limit", "data": {"rate": {"backoff_seconds": 30}}}
    assert asked_pause(asked) == 30
