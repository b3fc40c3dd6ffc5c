"""What an endpoint means when it refuses a question: wait, ask for less, do not ask together, ask another, or no.

There is no standard for these errors. Limits of requests and limits of one query come with the same JSON-RPC code
(-32005), so the words decide, and the code only where they say nothing. Pure: code and words in, a meaning out.
"""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any, Final

LONGEST_WORDS: Final = 500
LONGEST_RETRY_SECONDS: Final = 300.0
"""Whoever asks for a longer rest is asked again then: a limit may be lifted earlier."""


class Refusal(StrEnum):
    """What a refusal is about.

    LIMITED: the endpoint takes no more requests for now; the same question works later. TOO_MUCH: the range, the
    results or the time of this query; a smaller one works. BATCH: several questions at once. STATE: it does not keep
    what was so in that block; of a newer block, or asked of an archive node, it works. BEHIND: it does not have that
    block yet. METHOD: it does not offer the method. OTHER: anything else.
    """

    LIMITED = "limited"
    TOO_MUCH = "too-much"
    BATCH = "batch"
    STATE = "state"
    BEHIND = "behind"
    METHOD = "method"
    OTHER = "other"


WORDS: Final[tuple[tuple[str, Refusal, str], ...]] = (
    ("beyond current head", Refusal.BEHIND, "geth: the block range extends beyond current head block"),
    ("gas limit", Refusal.OTHER, "besu, with the code of limits: about a transaction"),
    ("invalid block range", Refusal.OTHER, "geth, reth: it ends before it begins"),
    ("out of range", Refusal.OTHER, "a number that is none"),
    ("in batch triggered rate limit", Refusal.BATCH, "BNB Smart Chain's public endpoints"),
    ("batch too large", Refusal.BATCH, "geth, Base"),
    ("batch request was too large", Refusal.BATCH, "reth (jsonrpsee)"),
    ("batched requests are not supported", Refusal.BATCH, "reth (jsonrpsee)"),
    ("batch of more than", Refusal.BATCH, "dRPC"),
    ("calls in 1 batch", Refusal.BATCH, "Base"),
    ("batch size", Refusal.BATCH, "nethermind, erigon, Ankr"),
    ("batch limit", Refusal.BATCH, "erigon"),
    ("batch requests", Refusal.BATCH, "besu, and those that take none"),
    ("pruned history unavailable", Refusal.STATE, "geth: blocks before the merge are not kept"),
    ("missing trie node", Refusal.STATE, "geth, op-geth, bor: older than 128 blocks"),
    ("historical state", Refusal.STATE, "geth with its path scheme"),
    ("state histories haven't been fully indexed", Refusal.STATE, "geth with its path scheme"),
    ("exceeds maximum proof window", Refusal.STATE, "reth: --rpc.eth-proof-window, which is 0 as it ships"),
    ("block is too old", Refusal.STATE, "erigon: within 1,000 or 100,000 blocks of the head"),
    ("only for the 'latest' block", Refusal.STATE, "erigon 3.0"),
    ("due to pruning", Refusal.STATE, "erigon"),
    ("root hash mismatch", Refusal.STATE, "erigon 3.0, of a block that it cannot go back to"),
    ("no state available for block", Refusal.STATE, "nethermind"),
    ("is missing from the db", Refusal.STATE, "nethermind: MissingTrieNodeException"),
    ("world state unavailable", Refusal.STATE, "besu"),
    ("with state pruning", Refusal.STATE, "OpenEthereum"),
    ("before the oldest allowed block", Refusal.STATE, "Avalanche: historical-proof-query-window"),
    ("no archive nodes", Refusal.STATE, "Ankr"),
    ("evm iavl store", Refusal.STATE, "Sei"),
    ("does not exist/is not available", Refusal.METHOD, "geth, erigon, polygon-edge"),
    ("does not exist / is not available", Refusal.METHOD, "MetaMask, gateways"),
    ("method not found", Refusal.METHOD, "JSON-RPC 2.0, reth, besu, Ankr"),
    ("method not supported", Refusal.METHOD, "EIP-1474, hardhat"),
    ("method is not supported", Refusal.METHOD, "nethermind, gateways"),
    ("method not enabled", Refusal.METHOD, "besu"),
    ("method disabled", Refusal.METHOD, "Ankr"),
    ("unsupported method", Refusal.METHOD, "Alchemy and others"),
    ("block range", Refusal.TOO_MUCH, "Alchemy, Ankr, publicnode, Chainstack, BlockPI, erigon, reth, Polygon"),
    ("blocks range", Refusal.TOO_MUCH, "QuickNode, Arbitrum"),
    ("range limit", Refusal.TOO_MUCH, "besu, Tenderly"),
    ("range is too", Refusal.TOO_MUCH, "Polygon, Filecoin"),
    ("range too", Refusal.TOO_MUCH, "Base"),
    ("ranges over", Refusal.TOO_MUCH, "dRPC"),
    ("exceed max range", Refusal.TOO_MUCH, "Ronin and others"),
    ("exceeds limit of", Refusal.TOO_MUCH, "Infura (a range), Alchemy (logs)"),
    ("is limited to", Refusal.TOO_MUCH, "QuickNode, Base, thirdweb"),
    ("blocks distance", Refusal.TOO_MUCH, "Ankr"),
    ("too many blocks", Refusal.TOO_MUCH, "Frontier"),
    ("limit the query to", Refusal.TOO_MUCH, "Hedera, Avalanche"),
    ("query returned more than", Refusal.TOO_MUCH, "Infura, geth"),
    ("query exceeds max", Refusal.TOO_MUCH, "reth"),
    ("too many results", Refusal.TOO_MUCH, "several"),
    ("too many logs", Refusal.TOO_MUCH, "erigon"),
    ("more than 10000 logs", Refusal.TOO_MUCH, "several"),
    ("narrow your filter", Refusal.TOO_MUCH, "erigon"),
    ("response size", Refusal.TOO_MUCH, "Alchemy, Arbitrum"),
    ("response is too big", Refusal.TOO_MUCH, "reth (jsonrpsee)"),
    ("response too large", Refusal.TOO_MUCH, "geth"),
    ("entity too large", Refusal.TOO_MUCH, "gateways"),
    ("query timeout", Refusal.TOO_MUCH, "Alchemy"),
    ("timed out", Refusal.TOO_MUCH, "geth, reth, nethermind"),
    ("request timeout", Refusal.TOO_MUCH, "dRPC"),
    ("deadline exceeded", Refusal.TOO_MUCH, "geth behind gateways"),
    ("execution timeout", Refusal.TOO_MUCH, "geth: eth_call"),
    ("execution aborted (timeout", Refusal.TOO_MUCH, "geth: eth_call"),
    ("rate limit", Refusal.LIMITED, "Infura, Tenderly, Base, Cloudflare"),
    ("rate-limit", Refusal.LIMITED, "several"),
    ("request rate", Refusal.LIMITED, "Infura"),
    ("too many requests", Refusal.LIMITED, "Ankr, publicnode, BlockPI"),
    ("request count exceeded", Refusal.LIMITED, "Infura"),
    ("compute units", Refusal.LIMITED, "Alchemy"),
    ("request limit reached", Refusal.LIMITED, "QuickNode"),
    ("rps limit", Refusal.LIMITED, "Chainstack"),
    ("requests per second", Refusal.LIMITED, "GetBlock and others"),
    ("throughput", Refusal.LIMITED, "Alchemy"),
    ("quota", Refusal.LIMITED, "Chainstack, Blast"),
    ("credits", Refusal.LIMITED, "QuickNode, Ankr"),
    ("usage limit", Refusal.LIMITED, "several"),
    ("retry in", Refusal.LIMITED, "Polygon, thirdweb"),
)
"""Words in lower case, what they mean, and who says them. The first that fits counts."""

FOR_ANOTHER: Final = frozenset({Refusal.STATE, Refusal.BEHIND, Refusal.METHOD})
"""What says nothing of the question: another endpoint may answer it."""

# JSON-RPC's own, and EIP-1474's.
_METHOD_CODES: Final = frozenset({-32601, -32004})
# EIP-1474's code of limits, HTTP's own inside of JSON, and those of QuickNode, Base and Ankr.
_LIMIT_CODES: Final = frozenset({-32005, 429, -32007, -32016, -32029, -32090})


def refusal_of(code: object, words: str) -> Refusal:
    """What a JSON-RPC error means."""
    lower = words.lower()
    for known, meaning, _ in WORDS:
        if known in lower:
            return meaning
    if not isinstance(code, int):
        return Refusal.OTHER
    return Refusal.LIMITED if code in _LIMIT_CODES else Refusal.METHOD if code in _METHOD_CODES else Refusal.OTHER


def meaning_of(error: object) -> Refusal:
    """What the `error` of an answer means; a node may send anything in its place."""
    return refusal_of(error.get("code") if isinstance(error, Mapping) else None, words_of(error))


def words_of(error: object) -> str:
    """What the `error` of an answer says: one line, cut at 500 characters, of what can be printed.

    Some put the reason beside a message that says nothing: a text in `data`, or one level deeper.
    """
    if not isinstance(error, Mapping):
        return _line(str(error))
    found = [str(error.get("message", error))]
    data = error.get("data")
    found += [
        text
        for text in (data, *(data.values() if isinstance(data, Mapping) else ()))
        # What a contract threw is no word of the node.
        if isinstance(text, str) and not text.startswith("0x") and " " in text
    ]
    return _line(": ".join(found))


def asked_pause(error: object) -> float | None:
    """The seconds that an error answer itself asks to wait (Infura's `backoff_seconds`), bounded."""
    found: Any = error
    for name in ("data", "rate", "backoff_seconds"):
        found = found.get(name) if isinstance(found, Mapping) else None
    return _bounded(found) if isinstance(found, int | float) and not isinstance(found, bool) else None


def retry_after(header: str | None, now: float) -> float | None:
    """The seconds of a `Retry-After` (RFC 9110, section 10.2.3: seconds or a date), bounded; None without one.

    Args:
        now: Unix seconds.
    """
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return _bounded(float(text[:9]))
    try:
        return _bounded(parsedate_to_datetime(text).timestamp() - now)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _bounded(seconds: float) -> float | None:
    # What is not a number equals nothing.
    return float(min(max(0, seconds), LONGEST_RETRY_SECONDS)) if seconds == seconds else None


def _line(text: str) -> str:
    # Cut first: an endpoint may say a gigabyte.
    one = " ".join(text[: 4 * LONGEST_WORDS].split())
    return "".join(each for each in one if each.isprintable())[:LONGEST_WORDS]
