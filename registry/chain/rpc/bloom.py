"""The bloom filter of a block header: what it says is not among the block's events is not there.

2,048 bits, three for the address and for each topic of every event (Ethereum yellow paper, section 4.4.3). Pure: header
and receipts in, a finding out.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple

BLOOM_BYTES: Final = 256
FULL_BLOOM: Final = (1 << 8 * BLOOM_BYTES) - 1
_LAST_BIT: Final = 8 * BLOOM_BYTES - 1


class BlockEvents(NamedTuple):
    """A block as far as it decides whether a contract's events in it are known.

    Attributes:
        bloom: of its header, or None where the chain has none.
        has_transactions: whether anything can have happened in it.
    """

    bloom: int | None
    has_transactions: bool


@lru_cache(maxsize=65_536)
def bits(value: bytes) -> int:
    """The three bits of an address of 20 bytes or a topic of 32."""
    from registry.keccak import keccak

    digest = keccak(value)
    found = 0
    for place in (0, 2, 4):
        found |= 1 << (int.from_bytes(digest[place : place + 2], "big") & _LAST_BIT)
    return found


def bloom_of(values: Iterable[bytes]) -> int:
    """The filter of a block whose events have these addresses and topics."""
    found = 0
    for value in values:
        found |= bits(value)
    return found


def may_hold(block: BlockEvents, address: bytes, topics: Iterable[bytes]) -> bool:
    """Whether events of that address with one of those first topics may be in the block.

    Some chains leave the filter out, or always empty: where it is empty and there are transactions, it says nothing.
    """
    if not block.bloom:
        return block.has_transactions
    # One that says of a block without transactions that it has events contradicts itself: the receipts have to tell.
    return covers(block.bloom, bits(address)) and any(covers(block.bloom, bits(topic)) for topic in topics)


def covers(bloom: int, part: int) -> bool:
    """Whether every bit of the part is set."""
    return bloom & part == part
