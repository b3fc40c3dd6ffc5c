"""Proofs by which a statement stands without whoever made it: what a contract stores, against the hash of a block.

And the hash of a block, by a list of blocks that witnesses signed.
"""

from typing import TYPE_CHECKING

from registry.faces import lazily

if TYPE_CHECKING:
    from registry.proofs.checkpoints import Checkpoints, TrustedBlock, TrustedBlocks, read_checkpoints
    from registry.proofs.header import Header, header_of, read_header
    from registry.proofs.seals import Sealed, sealed_by
    from registry.proofs.storage import Account, prove_account, prove_slot
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "checkpoints": "Checkpoints, TrustedBlock, TrustedBlocks, read_checkpoints",
            "header": "Header, header_of, read_header",
            "seals": "Sealed, sealed_by",
            "storage": "Account, prove_account, prove_slot",
        },
    )

__all__ = [
    "Account",
    "Checkpoints",
    "Header",
    "Sealed",
    "TrustedBlock",
    "TrustedBlocks",
    "header_of",
    "prove_account",
    "prove_slot",
    "read_checkpoints",
    "read_header",
    "sealed_by",
]
