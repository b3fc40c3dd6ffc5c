"""The only part of `registry` that talks to a chain: reading it, the contract binding, and the embedded chain.

It holds no keys. It can send bytes that somebody else signed; it cannot sign.
"""

from typing import TYPE_CHECKING

from registry.faces import lazily

if TYPE_CHECKING:
    from registry.chain.contract import CredentialRegistry
    from registry.chain.deployment import Deployment
    from registry.chain.heads import Clock, utc_now
    from registry.chain.ledger import read_ledger
    from registry.chain.rpc.client import ChainClient, RpcRefused
    from registry.chain.rpc.connect import connect
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "contract": "CredentialRegistry",
            "deployment": "Deployment",
            "heads": "Clock, utc_now",
            "ledger": "read_ledger",
            "rpc.client": "ChainClient, RpcRefused",
            "rpc.connect": "connect",
        },
    )

__all__ = [
    "ChainClient", "Clock", "CredentialRegistry", "Deployment", "RpcRefused", "connect", "read_ledger", "utc_now",
]  # fmt: skip
