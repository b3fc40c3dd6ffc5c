"""A chain inside the program: for practice, demos and tests."""

from typing import TYPE_CHECKING

from registry.faces import lazily

if TYPE_CHECKING:
    from registry.embedded.chain import EmbeddedChain
    from registry.embedded.devnet import create_app, serve
    from registry.embedded.genesis import CHAIN_ID, DEVELOPMENT_ACCOUNTS, PUBLICLY_KNOWN_KEYS
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "chain": "EmbeddedChain",
            "devnet": "create_app, serve",
            "genesis": "CHAIN_ID, DEVELOPMENT_ACCOUNTS, PUBLICLY_KNOWN_KEYS",
        },
    )

__all__ = ["CHAIN_ID", "DEVELOPMENT_ACCOUNTS", "PUBLICLY_KNOWN_KEYS", "EmbeddedChain", "create_app", "serve"]
