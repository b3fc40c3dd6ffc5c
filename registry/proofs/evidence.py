"""Evidence: the header of a block, and what one account stores in it, as far as it was asked for.

It proves its statements to whoever knows the hash of the block, and rests on that alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from registry.errors import EvidenceError
from registry.proofs.header import Header, read_header
from registry.proofs.storage import Account, prove_account, prove_slot

MOST_SLOTS: Final = 1_024
"""A batch of 262,144 credentials has as many status words of each purpose."""

Nodes = Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Proved:
    """What evidence shows.

    Attributes:
        values: what is in each slot that was asked for; zero where nothing is.
    """

    header: Header
    account: Account
    values: Mapping[bytes, int]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was given as evidence; nothing of it is checked yet.

    Attributes:
        header: of the block, as it is hashed.
        address: of the account, 20 bytes.
        account: nodes from the block's state root to the account.
        slots: for each slot, of 32 bytes, the nodes from the account's storage root to it.
    """

    header: bytes
    address: bytes
    account: Nodes
    slots: Mapping[bytes, Nodes]

    def proved(self, block_hash: bytes) -> Proved:
        """What it shows to whoever knows that this is the hash of a block of the chain.

        Raises:
            EvidenceError: it shows nothing; code `other-block` where it is about another one, `no-account` where there
                is no such account in that block.
        """
        if len(self.slots) > MOST_SLOTS:
            raise EvidenceError(f"evidence of more than {MOST_SLOTS:,} slots is not read", code="evidence-size")
        header = read_header(self.header)
        if header.hash != block_hash:
            raise EvidenceError(
                f"the evidence is about block 0x{header.hash.hex()}, not about 0x{block_hash.hex()}", code="other-block"
            )
        account = prove_account(header.state_root, self.address, self.account)
        if account is None:
            raise EvidenceError(
                f"in block {header.number} there is no account 0x{self.address.hex()}", code="no-account"
            )
        values = {slot: prove_slot(account.storage_root, slot, nodes) for slot, nodes in self.slots.items()}
        return Proved(header, account, values)
