"""What a node's answer to a send means, from the words of the clients.

There is no standard for these errors: JSON-RPC codes are nearly always -32000, so the words have to do. Whatever is not
in the table is ambiguous, and then the chain is asked what happened: no answer is ever taken for success or failure.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from registry.chain.rpc.client import RpcRefused
from registry.errors import ChainUnavailable


class SendOutcome(StrEnum):
    """What became of bytes that were sent, as far as the answer tells.

    ACCEPTED: the node has them. KNOWN: it had them before. NONCE_USED: a transaction with that nonce is in a block.
    UNDERPRICED: another with that nonce is in the pool, and this one pays too little to replace it. FEE_TOO_LOW: the
    pool wants more. NO_FUNDS: the account cannot pay. REFUSED: these bytes can never be mined. BUSY: try again later.
    AMBIGUOUS: nobody knows.
    """

    ACCEPTED = "accepted"
    KNOWN = "known"
    NONCE_USED = "nonce-used"
    UNDERPRICED = "underpriced"
    FEE_TOO_LOW = "fee-too-low"
    NO_FUNDS = "no-funds"
    REFUSED = "refused"
    BUSY = "busy"
    AMBIGUOUS = "ambiguous"


WORDS: Final[tuple[tuple[str, SendOutcome, str], ...]] = (
    ("unknown transaction", SendOutcome.AMBIGUOUS, "whoever does not say: known transaction"),
    ("already known", SendOutcome.KNOWN, "geth, reth, erigon, nethermind"),
    ("already imported", SendOutcome.KNOWN, "anvil, openethereum"),
    ("alreadyknown", SendOutcome.KNOWN, "older nethermind"),
    ("known transaction", SendOutcome.KNOWN, "geth before 1.9, besu"),
    ("already_exists", SendOutcome.KNOWN, "erigon"),
    ("existing txn with same hash", SendOutcome.KNOWN, "erigon"),
    ("existing tx with same hash", SendOutcome.KNOWN, "erigon"),
    ("nonce too low", SendOutcome.NONCE_USED, "geth, reth, erigon, besu, nethermind, anvil"),
    ("nonce_too_low", SendOutcome.NONCE_USED, "besu"),
    ("nonce is too low", SendOutcome.NONCE_USED, "openethereum"),
    ("oldnonce", SendOutcome.NONCE_USED, "older nethermind"),
    ("replacement transaction underpriced", SendOutcome.UNDERPRICED, "geth, reth, erigon, besu, nethermind, anvil"),
    ("replacementnotallowed", SendOutcome.UNDERPRICED, "older nethermind"),
    ("transaction_replacement_underpriced", SendOutcome.UNDERPRICED, "besu"),
    ("could not replace existing tx", SendOutcome.UNDERPRICED, "erigon"),
    ("insufficient gas price to replace", SendOutcome.UNDERPRICED, "reth"),
    ("max fee per gas less than block base fee", SendOutcome.FEE_TOO_LOW, "geth, anvil"),
    ("fee cap less than block base fee", SendOutcome.FEE_TOO_LOW, "older geth"),
    ("below chain minimum", SendOutcome.FEE_TOO_LOW, "reth"),
    ("feetoolow", SendOutcome.FEE_TOO_LOW, "older nethermind"),
    ("fee too low", SendOutcome.FEE_TOO_LOW, "erigon"),
    ("gas price below", SendOutcome.FEE_TOO_LOW, "besu"),
    ("gas_price_too_low", SendOutcome.FEE_TOO_LOW, "besu"),
    ("transaction underpriced", SendOutcome.FEE_TOO_LOW, "geth, reth, nethermind, anvil"),
    ("underpriced", SendOutcome.FEE_TOO_LOW, "erigon"),
    ("insufficient funds", SendOutcome.NO_FUNDS, "geth, reth, erigon, nethermind, anvil"),
    ("insufficientfunds", SendOutcome.NO_FUNDS, "older nethermind"),
    ("upfront cost exceeds account balance", SendOutcome.NO_FUNDS, "besu"),
    ("upfront_cost_exceeds_balance", SendOutcome.NO_FUNDS, "besu"),
    ("intrinsic gas too low", SendOutcome.REFUSED, "geth, reth, erigon, anvil"),
    ("intrinsic gas exceeds gas limit", SendOutcome.REFUSED, "besu"),
    ("exceeds block gas limit", SendOutcome.REFUSED, "geth, reth, besu, erigon"),
    ("gas limit reached", SendOutcome.REFUSED, "nethermind"),
    ("gaslimitexceeded", SendOutcome.REFUSED, "older nethermind"),
    ("transaction gas limit too high", SendOutcome.REFUSED, "geth"),
    ("insufficient gas for floor data gas cost", SendOutcome.REFUSED, "geth"),
    ("exceeds the configured cap", SendOutcome.REFUSED, "geth, erigon"),
    ("transaction fee cap exceeded", SendOutcome.REFUSED, "besu"),
    ("invalid sender", SendOutcome.REFUSED, "geth, erigon"),
    ("invalid chain id", SendOutcome.REFUSED, "geth, anvil"),
    ("wrong_chain_id", SendOutcome.REFUSED, "besu"),
    ("wrong chainid", SendOutcome.REFUSED, "besu"),
    ("wrong chain id", SendOutcome.REFUSED, "older besu"),
    ("oversized data", SendOutcome.REFUSED, "geth, reth"),
    ("max initcode size exceeded", SendOutcome.REFUSED, "geth, anvil"),
    ("transaction type not supported", SendOutcome.REFUSED, "geth, erigon"),
    ("txpool is full", SendOutcome.BUSY, "geth, reth"),
    ("sub-pool is full", SendOutcome.BUSY, "erigon"),
    ("due to pool size constraints", SendOutcome.BUSY, "reth"),
    ("future transaction tries to replace pending", SendOutcome.BUSY, "geth"),
    ("transaction pool not accepting", SendOutcome.BUSY, "besu"),
    ("initial sync is still in progress", SendOutcome.BUSY, "besu"),
    ("rate limit", SendOutcome.BUSY, "providers"),
    ("too many requests", SendOutcome.BUSY, "providers"),
    ("request count exceeded", SendOutcome.BUSY, "providers"),
)
"""Words in lower case, what they mean, and who says them. The first that fits counts: longer ones come first."""

_BUSY_CODES: Final = frozenset({-32005, 429})
_NO_ANSWER: Final = frozenset(
    {
        "chain-unreachable",
        "chain-timeout",
        "chain-connection-lost",
        "chain-tls",
        "chain-http-status",
        "chain-rate-limited",
        "chain-access-refused",
    }
)


def classify(error: ChainUnavailable) -> SendOutcome:
    """What a failed send means."""
    if not isinstance(error, RpcRefused):
        # No answer, or one that is none (503 and 429 among them, which a gateway may send for a node that took it).
        return SendOutcome.AMBIGUOUS
    words = error.rpc_message.lower()
    for known, outcome, _ in WORDS:
        if known in words:
            return outcome
    return SendOutcome.BUSY if error.rpc_code in _BUSY_CODES else SendOutcome.AMBIGUOUS


def is_outage(error: ChainUnavailable) -> bool:
    """Whether the next question would get no answer either, whatever it is about."""
    return error.code in _NO_ANSWER or (isinstance(error, RpcRefused) and classify(error) is SendOutcome.BUSY)
