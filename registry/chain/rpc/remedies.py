"""What a person can do about an endpoint, in one sentence each."""

from __future__ import annotations

from typing import Final

CHECK_ENDPOINT: Final = "Check that the endpoint is a JSON-RPC endpoint of the right chain, or use another one."
TRY_LATER: Final = "Try again later, or use another endpoint."
WAIT_OR_ANOTHER: Final = "Wait, use an endpoint that allows more requests, or give several with commas between them."
