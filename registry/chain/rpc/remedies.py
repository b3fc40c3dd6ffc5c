"""What a person can do about an endpoint, in one sentence each."""

from __future__ import annotations

from typing import Final

CHECK_ENDPOINT: Final = "Check that the endpoint is a JSON-RPC endpoint of the right chain, or use another one."
TRY_LATER: Final = "Try again later, or use another endpoint."
WAIT_OR_ANOTHER: Final = "Wait, use an endpoint that allows more requests, or give several with commas between them."
AN_ARCHIVE: Final = "The endpoint keeps the state of few blocks, and this one is older: use one that keeps more."
WITH_PROOFS: Final = "Use an endpoint that answers eth_getProof, or name one besides, with a comma between them."
"""Where an endpoint has no proof of what was so in a block."""
