"""Proofs by which a statement stands without whoever made it: what a contract stores, against the hash of a block."""

from typing import TYPE_CHECKING

from registry.faces import lazily

if TYPE_CHECKING:
    from registry.proofs.header import Header, header_of, read_header
    from registry.proofs.seals import Sealed, sealed_by
    from registry.proofs.storage import Account, prove_account, prove_slot
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "header": "Header, header_of, read_header",
            "seals": "Sealed, sealed_by",
            "storage": "Account, prove_account, prove_slot",
        },
    )

__all__ = ["Account", "Header", "Sealed", "header_of", "prove_account", "prove_slot", "read_header", "sealed_by"]
