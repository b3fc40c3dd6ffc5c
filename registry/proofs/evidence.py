"""Evidence: the header of a block, and what one account stores in it, as far as it was asked for.

It proves its statements to whoever knows the hash of the block, and rests on that alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from registry.errors import EvidenceError
from registry.proofs.header import MOST_BYTES, Header, read_header
from registry.proofs.slots import SLOT_BYTES
from registry.proofs.storage import MOST_NODE_BYTES, MOST_NODES, Account, prove_account, prove_slot

ADDRESS_BYTES: Final = 20
MOST_SLOTS: Final = 1_024
"""A batch of 262,144 credentials has as many status words of each purpose."""

Nodes = Sequence[bytes]
_HEXADECIMAL: Final = re.compile(r"0x(?:[0-9a-f]{2})*", re.ASCII)


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

    @classmethod
    def from_dict(cls, given: object) -> Evidence:
        """From its JSON form.

        Raises:
            EvidenceError: code `evidence-form`: it is not that; `evidence-size`.
        """
        if not isinstance(given, dict) or given.keys() != {"header", "address", "account", "slots"}:
            raise _malformed("it has other members than header, address, account and slots")
        slots = given["slots"]
        if not isinstance(slots, dict) or len(slots) > MOST_SLOTS:
            raise _malformed(f"slots is no object of up to {MOST_SLOTS:,} members")
        return cls(
            _bytes(given["header"], MOST_BYTES),
            _bytes(given["address"], ADDRESS_BYTES, exactly=True),
            _nodes(given["account"]),
            {_bytes(slot, SLOT_BYTES, exactly=True): _nodes(nodes) for slot, nodes in slots.items()},
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON form: bytes in hexadecimal with `0x`, in lower case."""
        return {
            "header": _written(self.header),
            "address": _written(self.address),
            "account": [_written(node) for node in self.account],
            "slots": {_written(slot): [_written(node) for node in nodes] for slot, nodes in self.slots.items()},
        }

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


def _nodes(given: object) -> Nodes:
    if not isinstance(given, list):
        raise _malformed("a proof is no list of nodes")
    if len(given) > MOST_NODES:
        raise _too_large(f"a proof has more than {MOST_NODES} nodes")
    return tuple(_bytes(node, MOST_NODE_BYTES) for node in given)


def _bytes(given: object, most: int, *, exactly: bool = False) -> bytes:
    if not isinstance(given, str):
        raise _malformed("bytes in hexadecimal were expected")
    if len(given) > 2 + 2 * most:
        raise _too_large(f"there are more than {most} bytes where as many are possible")
    if not _HEXADECIMAL.fullmatch(given):
        raise _malformed("bytes in hexadecimal, with 0x and in lower case, were expected")
    found = bytes.fromhex(given[2:])
    if exactly and len(found) != most:
        raise _malformed(f"{most} bytes in hexadecimal were expected")
    return found


def _written(value: bytes) -> str:
    return f"0x{value.hex()}"


def _too_large(why: str) -> EvidenceError:
    return EvidenceError(f"the evidence is not read: {why}", code="evidence-size")


def _malformed(why: str) -> EvidenceError:
    return EvidenceError(f"the evidence cannot be read: {why}", code="evidence-form")
