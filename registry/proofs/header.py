"""The header of a block: what its hash is of, and the state root, number and time in it.

A header is known by how many fields it has, which grew with the forks. One with other fields, as of a chain that adds
its own, has a hash that nothing here can say anything of: it could not be checked. One that validators seal is known by
its `mixHash` (`qbft.py`): its hash is made without the seals, which are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import takewhile
from typing import Any, Final

from registry.errors import EvidenceError
from registry.keccak import keccak
from registry.proofs.qbft import FIELDS as QBFT_FIELDS
from registry.proofs.qbft import SealedHeader, claims_seals, sealed_header
from registry.proofs.refusals import unknown_header
from registry.proofs.rlp import Item, decode, encode, of_number, whole_number
from registry.records import BlockRef

MOST_BYTES: Final = 8_192
"""A header has some 600 bytes; one of a chain whose validators sign has their seals in it, 65 bytes each."""

_NAMES: Final = (
    *("parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot", "logsBloom"),
    *("difficulty", "number", "gasLimit", "gasUsed", "timestamp", "extraData", "mixHash", "nonce"),
    *("baseFeePerGas", "withdrawalsRoot", "blobGasUsed", "excessBlobGas", "parentBeaconBlockRoot", "requestsHash"),
)
_NUMBERS: Final = frozenset(
    {"difficulty", "number", "gasLimit", "gasUsed", "timestamp", "baseFeePerGas", "blobGasUsed", "excessBlobGas"}
)
_SIZES: Final = {
    **dict.fromkeys(("parentHash", "sha3Uncles", "stateRoot", "transactionsRoot", "receiptsRoot", "mixHash"), 32),
    **dict.fromkeys(("withdrawalsRoot", "parentBeaconBlockRoot", "requestsHash"), 32),
    "miner": 20,
    "logsBloom": 256,
    "nonce": 8,
}
FORKS: Final = {15: "Frontier", 16: "London", 17: "Shanghai", 20: "Cancun", 21: "Prague"}
"""How many fields the header of a fork has, from that fork on."""
_NUMBER_BYTES: Final = 8
_WIDE_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Header:
    """What a header says: hashes and roots have 32 bytes, the time is UTC.

    Attributes:
        hash: of `encoded`; where validators seal blocks, of the same without round and seals.
        sealed: the seals, which nobody has checked yet; None where validators do not seal blocks.
    """

    hash: bytes
    number: int
    timestamp: datetime
    state_root: bytes
    parent_hash: bytes
    encoded: bytes
    sealed: SealedHeader | None

    @property
    def reference(self) -> BlockRef:
        """Which block it is."""
        return BlockRef(self.number, self.hash, self.timestamp)


def read_header(encoded: bytes) -> Header:
    """A header from its encoding.

    Raises:
        EvidenceError: code `header-shape`: it has fields of no fork that is known here, or claims seals and has other
            `extraData`; `evidence-size`, or `evidence-encoding`.
    """
    if len(encoded) > MOST_BYTES:
        raise EvidenceError(f"the header of a block has more than {MOST_BYTES} bytes", code="evidence-size")
    fields = decode(encoded)
    if not isinstance(fields, list):
        raise unknown_header("it has no fields")
    if len(fields) not in FORKS and not (len(fields) == QBFT_FIELDS and claims_seals(fields)):
        raise unknown_header(f"it has {len(fields)} fields")
    named = dict(zip(_NAMES, fields, strict=False))
    for name, size in _SIZES.items():
        if name in named and (not isinstance(named[name], bytes) or len(named[name]) != size):
            raise unknown_header(f"{name} has not {size} bytes")
    if not isinstance(named["extraData"], bytes):
        raise unknown_header("extraData is a list")
    numbers = {
        name: whole_number(named[name], _WIDE_BYTES if name in ("difficulty", "baseFeePerGas") else _NUMBER_BYTES)
        for name in _NUMBERS & named.keys()
    }
    try:
        timestamp = datetime.fromtimestamp(numbers["timestamp"], UTC)
    except (ValueError, OverflowError, OSError):
        raise unknown_header("its time is in no calendar") from None
    sealed = sealed_header(fields)
    return Header(
        keccak(encoded) if sealed is None else sealed.block_hash,
        numbers["number"],
        timestamp,
        _bytes(named["stateRoot"]),
        _bytes(named["parentHash"]),
        encoded,
        sealed,
    )


def header_of(block: Mapping[str, Any]) -> Header:
    """The header of a block as JSON-RPC tells it (`eth_getBlockByNumber`), if what is told has the hash that is told.

    Raises:
        EvidenceError: code `header-shape`: the hash is of something else, so of fields that are not known here, or of
            other values.
    """
    # What comes after a field that is not there is in no header; the hash says whether that is so here.
    names = takewhile(lambda name: block.get(name) is not None, _NAMES)
    try:
        fields: list[Item] = [_field(name, block[name]) for name in names]
        told = bytes.fromhex(str(block["hash"]).removeprefix("0x"))
    except (ValueError, TypeError, KeyError):
        raise unknown_header("it is malformed") from None
    header = read_header(encode(fields))
    if header.hash != told:
        raise unknown_header("its fields do not have the hash that is told of it")
    return header


def _field(name: str, value: object) -> bytes:
    if not isinstance(value, str) or not value.startswith("0x"):
        raise ValueError(name)
    return of_number(int(value, 16)) if name in _NUMBERS else bytes.fromhex(value[2:])


def _bytes(item: Item) -> bytes:
    if not isinstance(item, bytes):
        raise unknown_header("a hash is a list")
    return item
