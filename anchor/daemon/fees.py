"""What to offer for a transaction (EIP-1559): a first offer, and one that a node takes in place of another.

All amounts are wei per gas.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from registry.chain.client import Fees

# geth and most others want 10 % more on both before they replace a transaction; a little more leaves no doubt.
BUMP_PER_MILLE: Final = 125
# The base fee doubles in six full blocks: an offer of twice the base fee holds for at least that long.
BASE_FEE_MULTIPLE: Final = 2


@dataclass(frozen=True, slots=True)
class Offer:
    """The most that a transaction pays, and the part of it that goes to whoever makes the block."""

    max_fee: int
    tip: int


def first_offer(fees: Fees, ceiling: int | None) -> Offer | None:
    """Enough for now and for some rise of the base fee; None when the ceiling does not even pay for now."""
    if ceiling is not None and fees.base_fee + fees.tip > ceiling:
        return None
    wanted = _comfortable(fees)
    return Offer(wanted if ceiling is None else min(wanted, ceiling), fees.tip)


def bumped(previous: Offer, fees: Fees, ceiling: int | None) -> Offer | None:
    """An offer that replaces the previous one and is enough for now; None when the ceiling forbids it."""
    tip = max(fees.tip, _raised(previous.tip))
    # Less than this would not replace the previous one, or not pay for now.
    least = max(_raised(previous.max_fee), fees.base_fee + tip)
    if ceiling is not None and least > ceiling:
        return None
    wanted = max(least, _comfortable(fees))
    return Offer(wanted if ceiling is None else min(wanted, ceiling), tip)


def dearest(offers: Iterable[Offer]) -> Offer:
    """What a replacement of all of these has to outbid; 0 where there are none."""
    most = Offer(0, 0)
    for one in offers:
        most = Offer(max(most.max_fee, one.max_fee), max(most.tip, one.tip))
    return most


def _comfortable(fees: Fees) -> int:
    return BASE_FEE_MULTIPLE * fees.base_fee + fees.tip


def _raised(amount: int) -> int:
    """At least 12.5 % more, and at least 1."""
    return amount + max(1, -(-amount * BUMP_PER_MILLE // 1000))
