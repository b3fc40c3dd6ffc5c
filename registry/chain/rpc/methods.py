"""Which JSON-RPC methods only ask: those may be asked again, and of another endpoint, and several in one request."""

from __future__ import annotations

from typing import Final

SEND: Final = "eth_sendRawTransaction"
PROOF: Final = "eth_getProof"
_QUESTIONS: Final = frozenset(
    {
        "eth_accounts",
        "eth_blobBaseFee",
        "eth_blockNumber",
        "eth_call",
        "eth_chainId",
        "eth_createAccessList",
        "eth_estimateGas",
        "eth_feeHistory",
        "eth_gasPrice",
        "eth_maxPriorityFeePerGas",
        "eth_simulateV1",
        "eth_syncing",
    }
)
_OF_QUESTIONS: Final = ("eth_get", "net_", "web3_", "debug_trace", "trace_", "txpool_")
# A filter is of the endpoint that made it, and each answer moves it on.
_OF_FILTERS: Final = ("eth_getFilter",)


def is_question(method: str) -> bool:
    """Whether asking changes nothing, there or anywhere; False for a method that nobody here has heard of."""
    return method in _QUESTIONS or (method.startswith(_OF_QUESTIONS) and not method.startswith(_OF_FILTERS))
