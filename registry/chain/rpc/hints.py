"""How many blocks an endpoint says that it would answer for, in the words by which it refused a longer range.

There is no standard for that either. A hint is what a stranger says: it is followed only to a shorter range than was
refused, and where it says nothing that can be used, half is tried. Pure: words in, a number of blocks out.
"""

from __future__ import annotations

import re
from typing import Final

_NUMBER: Final = r"(?P<number>\d[\d,.]{0,15})(?P<thousands>k?)\b"
RANGES: Final[tuple[tuple[str, str], ...]] = (
    (r"block range \[(?P<first>0x[0-9a-f]{1,16}),\s*(?P<last>0x[0-9a-f]{1,16})\]", "Infura, zkSync"),
    (r"block range should work: \[(?P<first>0x[0-9a-f]{1,16}),\s*(?P<last>0x[0-9a-f]{1,16})\]", "Alchemy"),
    (r"retry with the range (?P<first>\d{1,16})\s*-\s*(?P<last>\d{1,16})", "reth, Ankr, LlamaRPC"),
)
"""A range from one block to another, both included, and who says it so. In lower case, as all here."""
LENGTHS: Final[tuple[tuple[str, str], ...]] = (
    (rf"limited to (?:an? )?{_NUMBER}(?: blocks?)?(?: range)?", "QuickNode, 1RPC, Blast, BlockPI"),
    (rf"up to an? {_NUMBER} block range", "Alchemy, Aurora"),
    (rf"range [\d,]+ exceeds limit of {_NUMBER}", "Infura"),
    (rf"range limit {_NUMBER}", "Tenderly"),
    (rf"max(?:imum)?(?: block)? range:? {_NUMBER}", "Cloudflare, publicnode, reth, Tron"),
    (rf"ranges over {_NUMBER} blocks", "dRPC"),
    (rf"blocks distance: {_NUMBER}", "Ankr"),
    (rf"maximum is set to {_NUMBER}", "Avalanche"),
    (rf"\(maximum {_NUMBER}\)", "Frontier"),
    (rf"maximum allowed is {_NUMBER} blocks", "Sei"),
    (rf"number of requested blocks is {_NUMBER}", "thirdweb"),
    (rf"allowed for your plan \(\d+ > {_NUMBER}\)", "Blast"),
    (rf"(?:limit the query to )?at most {_NUMBER} blocks", "Base, Coinbase"),
    (rf"max is {_NUMBER} blocks", "Merkle"),
    (rf"block range (?:greater than|exceeds) {_NUMBER}", "Swell, Somnia"),
    (rf"smaller than size {_NUMBER}", "Harmony"),
)
"""A number of blocks, and who says it so. What limits results (`more than 10000 results`) says nothing of blocks."""

_RANGES: Final = tuple(re.compile(pattern) for pattern, _ in RANGES)
_LENGTHS: Final = tuple(re.compile(pattern) for pattern, _ in LENGTHS)


def hinted_length(words: str, tried: int) -> int | None:
    """The number of blocks that an endpoint says would work; None where it says none that is fewer than were tried."""
    lower = words.lower()
    for pattern in _RANGES:
        if found := pattern.search(lower):
            first, last = (int(found[name], 16 if found[name].startswith("0x") else 10) for name in ("first", "last"))
            return _fewer(last - first + 1, tried)
    for pattern in _LENGTHS:
        if found := pattern.search(lower):
            # 10,000 and 10.000 are the same here: nobody allows a part of a block.
            digits = found["number"].replace(",", "").replace(".", "")
            return _fewer(int(digits) * (1_000 if found["thousands"] else 1), tried)
    return None


def _fewer(length: int, tried: int) -> int | None:
    return length if 0 < length < tried else None
