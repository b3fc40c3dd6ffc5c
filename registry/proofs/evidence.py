"""Evidence: the header of a block, and what one account stores in it, as far as it was asked for.

It proves its statements to whoever knows the hash of the block, and rests on that alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from registry.errors import EvidenceError
from registry.proofs.header import MOST_BYTES, Header, read_header
from registry.proofs.slots import SLOT_BYTES
from registry.proofs.storage import MOST_NODE_BYTES, MOST_NODES, Account, prove_account, prove_slot

ADDRESS_BYTES: Final = 20
MOST_SLOTS: Final = 1_024
"""A batch of 262,144 credentials has as many status words of each purpose."""
TABLE_A_SLOT: Final = 8
"""Nodes in the JSON form for each slot that there may be, each of them once: neighbours share most of theirs."""
_MEMBERS: Final = frozenset({"header", "address", "nodes", "account", "slots"})

Nodes = Sequence[bytes]
_HEXADECIMAL: Final = re.compile(r"0x[0-9a-f]*", re.ASCII)


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
    def from_dict(cls, given: object, *, most_slots: int = MOST_SLOTS) -> Evidence:
        """From its JSON form, of which there is one for each evidence.

        Args:
            most_slots: more than strangers' for what one has written oneself.

        Raises:
            EvidenceError: code `evidence-form`: it is not that; `evidence-size`.
        """
        if not isinstance(given, dict) or given.keys() != _MEMBERS:
            raise _malformed(f"it has other members than {', '.join(sorted(_MEMBERS))}")
        slots = given["slots"]
        if not isinstance(slots, dict):
            raise _malformed("slots is no object")
        if len(slots) > most_slots:
            raise _too_large(f"it is about {len(slots):,} slots, and at most {most_slots:,} are read")
        table = _Table(given["nodes"], most_slots * TABLE_A_SLOT)
        read = cls(
            _bytes(given["header"], MOST_BYTES),
            _bytes(given["address"], ADDRESS_BYTES, exactly=True),
            table.nodes(given["account"]),
            {_bytes(slot, SLOT_BYTES, exactly=True): table.nodes(slots[slot]) for slot in sorted(map(str, slots))},
        )
        table.check_used()
        return read

    def to_dict(self) -> dict[str, Any]:
        """The JSON form: bytes in hexadecimal with `0x`, in lower case; a proof is numbers of nodes, from 0 on.

        Each node is there once, in the order in which the proofs come to need it: the account's, then those of slots
        in ascending order, whatever the order of members is in a file that others wrote anew.
        """
        numbers: dict[bytes, int] = {}

        def numbered(nodes: Nodes) -> list[int]:
            return [numbers.setdefault(node, len(numbers)) for node in nodes]

        account = numbered(self.account)
        slots = {_written(slot): numbered(self.slots[slot]) for slot in sorted(self.slots)}
        return {
            "header": _written(self.header),
            "address": _written(self.address),
            "nodes": [_written(node) for node in numbers],
            "account": account,
            "slots": slots,
        }

    def of(self, slots: Iterable[bytes]) -> Evidence:
        """The part of it that is about some slots; KeyError when it has none of one."""
        return replace(self, slots={slot: self.slots[slot] for slot in slots})

    def proved(self, block_hash: bytes, *, most_slots: int = MOST_SLOTS) -> Proved:
        """What it shows to whoever knows that this is the hash of a block of the chain.

        Args:
            most_slots: as for `from_dict`.

        Raises:
            EvidenceError: it shows nothing; code `other-block` where it is about another one, `no-account` where there
                is no such account in that block.
        """
        header = self._read_header(most_slots)
        if header.hash != block_hash:
            raise EvidenceError(
                f"the evidence is about block 0x{header.hash.hex()}, not about 0x{block_hash.hex()}", code="other-block"
            )
        return self._proved(header)

    def proved_of_its_block(self) -> Proved:
        """What it shows of the block in it, of which somebody else has to know that it is one of the chain.

        Raises:
            EvidenceError: as `proved`.
        """
        return self._proved(self._read_header(MOST_SLOTS))

    def _read_header(self, most_slots: int) -> Header:
        if len(self.slots) > most_slots:
            raise EvidenceError(f"evidence of more than {most_slots:,} slots is not read", code="evidence-size")
        return read_header(self.header)

    def _proved(self, header: Header) -> Proved:
        account = prove_account(header.state_root, self.address, self.account)
        if account is None:
            raise EvidenceError(
                f"in block {header.number} there is no account 0x{self.address.hex()}", code="no-account"
            )
        values = {slot: prove_slot(account.storage_root, slot, nodes) for slot, nodes in self.slots.items()}
        return Proved(header, account, values)


def evidence_schema(most_slots: int) -> dict[str, Any]:
    """The JSON Schema of `Evidence.to_dict`, as a part of that of a file that evidence of so many slots is in."""
    most_nodes = most_slots * TABLE_A_SLOT
    proof = {
        "type": "array",
        "items": {"type": "integer", "minimum": 0, "exclusiveMaximum": most_nodes},
        "maxItems": MOST_NODES,
    }
    return {
        "type": "object",
        "properties": {
            "header": {"type": "string", "pattern": _pattern("*"), "maxLength": 2 + 2 * MOST_BYTES},
            "address": {"type": "string", "pattern": _pattern(f"{{{ADDRESS_BYTES}}}")},
            "nodes": {
                "type": "array",
                "items": {"type": "string", "pattern": _pattern("*"), "maxLength": 2 + 2 * MOST_NODE_BYTES},
                "maxItems": most_nodes,
                "uniqueItems": True,
            },
            "account": proof,
            "slots": {
                "type": "object",
                "propertyNames": {"pattern": _pattern(f"{{{SLOT_BYTES}}}")},
                "additionalProperties": proof,
                "maxProperties": most_slots,
            },
        },
        "required": ["header", "address", "nodes", "account", "slots"],
        "additionalProperties": False,
    }


class _Table:
    """The nodes of a JSON form, which proofs name by their numbers."""

    def __init__(self, given: object, most: int):
        if not isinstance(given, list):
            raise _malformed("nodes is no list")
        if len(given) > most:
            raise _too_large(f"there are more than {most:,} nodes")
        self._nodes = [_bytes(node, MOST_NODE_BYTES) for node in given]
        if len(set(self._nodes)) != len(self._nodes):
            raise _malformed("a node is there twice")
        self._used = 0

    def nodes(self, given: object) -> Nodes:
        """Those of one proof; what is named first has the lowest number."""
        if not isinstance(given, list):
            raise _malformed("a proof is no list of nodes")
        if len(given) > MOST_NODES:
            raise _too_large(f"a proof has more than {MOST_NODES} nodes")
        for number in given:
            if type(number) is not int or not 0 <= number <= min(self._used, len(self._nodes) - 1):
                raise _malformed("a proof names a node that is not there, or not in its order")
            self._used = max(self._used, number + 1)
        return tuple(self._nodes[number] for number in given)

    def check_used(self) -> None:
        """That no node is there that no proof names."""
        if self._used != len(self._nodes):
            raise _malformed("a node is in no proof")


def _bytes(given: object, most: int, *, exactly: bool = False) -> bytes:
    if not isinstance(given, str):
        raise _malformed("bytes in hexadecimal were expected")
    if len(given) > 2 + 2 * most:
        raise _too_large(f"there are more than {most} bytes where as many are possible")
    if len(given) % 2 or not _HEXADECIMAL.fullmatch(given):
        raise _malformed("bytes in hexadecimal, with 0x and in lower case, were expected")
    found = bytes.fromhex(given[2:])
    if exactly and len(found) != most:
        raise _malformed(f"{most} bytes in hexadecimal were expected")
    return found


def _pattern(size: str) -> str:
    """Of bytes in hexadecimal, as many as a quantifier says."""
    return f"^0x(?:[0-9a-f]{{2}}){size}$"


def _written(value: bytes) -> str:
    return f"0x{value.hex()}"


def _too_large(why: str) -> EvidenceError:
    return EvidenceError(f"the evidence is not read: {why}", code="evidence-size")


def _malformed(why: str) -> EvidenceError:
    return EvidenceError(f"the evidence cannot be read: {why}", code="evidence-form")
