"""What to offer for a transaction (EIP-1559): a first offer, and one that a node takes in place of another.

The daemon and the commands ask the same here. All amounts are wei per gas.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from registry.chain.rpc.client import Fees

GWEI: Final = 10**9
# geth and most others want 10 % more on both before they replace a transaction; a little more leaves no doubt.
BUMP_PER_MILLE: Final = 125
# The base fee doubles in six full blocks: an offer of twice the base fee holds for at least that long.
BASE_FEE_MULTIPLE: Final = 2
# Without a ceiling: what no block takes at so many times the going rate does not wait for a higher fee. It must not
# cost the whole balance when it is taken after all.
MOST_MULTIPLE: Final = 20


@dataclass(frozen=True, slots=True)
class Offer:
    """The most that a transaction pays, and the part of it that goes to whoever makes the block."""

    max_fee: int
    tip: int


def ceiling_of(gwei: float | None) -> int | None:
    """The setting `fee_ceiling_gwei` in wei."""
    return None if gwei is None else int(gwei * GWEI)


def first_offer(fees: Fees, ceiling: int | None) -> Offer | None:
    """Enough for now and for some rise of the base fee; None when the ceiling does not even pay for now."""
    if ceiling is not None and fees.base_fee + fees.tip > ceiling:
        return None
    wanted = _comfortable(fees)
    return Offer(wanted if ceiling is None else min(wanted, ceiling), fees.tip)


def bumped(previous: Offer, fees: Fees, ceiling: int | None, *, too_cheap: bool = False) -> Offer | None:
    """An offer that replaces the previous one and is enough for now; None when that is more than may be paid.

    Args:
        ceiling: the most that may be paid; without one, many times the going rate.
        too_cheap: the endpoint did not want the previous one: it suggests a smaller tip than it takes, so double it.
    """
    limit = max(GWEI, MOST_MULTIPLE * _comfortable(fees)) if ceiling is None else ceiling
    # Less than this would not replace the previous one, or not pay for now.
    least_tip = max(fees.tip, _raised(previous.tip))
    least = max(_raised(previous.max_fee), fees.base_fee + least_tip)
    if least > limit:
        return None
    tip, wanted = least_tip, max(least, _comfortable(fees))
    if too_cheap:
        tip = max(tip, 2 * previous.tip)
        wanted = max(wanted, BASE_FEE_MULTIPLE * fees.base_fee + tip)
    max_fee = min(wanted, limit)
    return Offer(max_fee, min(tip, max_fee - fees.base_fee))


def in_place_of(
    unwanted: Iterable[Offer], own: Sequence[Offer], fees: Fees, ceiling: int | None, *, too_cheap: bool = False
) -> Offer | None:
    """An offer for what takes a nonce from transactions that nobody wants any more; None when it may not be paid.

    To outbid them may be too dear: they may have been signed when fees were high. Whether a node still has them only a
    cheaper offer can tell: a node that refuses it has one of them, which pays well and is mined.

    Args:
        own: what was signed in their place so far.
        too_cheap: the endpoint did not want the newest of these.
    """
    outbidding = bumped(dearest([*unwanted, *own]), fees, ceiling, too_cheap=too_cheap)
    if outbidding is not None:
        return outbidding
    return bumped(dearest(own), fees, ceiling, too_cheap=too_cheap) if own else first_offer(fees, ceiling)


def too_dear(fees: Fees, ceiling: int | None) -> str:
    """Why nothing is offered: what it costs now, in the unit of the setting, and what keeps it from being paid."""
    now = f"the base fee is {_in_gwei(fees.base_fee)} gwei per gas now and the tip {_in_gwei(fees.tip)}"
    if ceiling is None:
        return f"{now}: no more is offered by itself"
    return f"{now}: more than the {_in_gwei(ceiling)} of fee_ceiling_gwei would be needed"


def is_hopeless(offer: Offer, fees: Fees) -> bool:
    """Whether no block takes it before the base fee falls."""
    return offer.max_fee < fees.base_fee


def dearest(offers: Iterable[Offer]) -> Offer:
    """What a replacement of all of these has to outbid; 0 where there are none."""
    most = Offer(0, 0)
    for one in offers:
        most = Offer(max(most.max_fee, one.max_fee), max(most.tip, one.tip))
    return most


def _comfortable(fees: Fees) -> int:
    return BASE_FEE_MULTIPLE * fees.base_fee + fees.tip


def _in_gwei(wei: int) -> str:
    return f"{wei / GWEI:,.9f}".rstrip("0").rstrip(".")


def _raised(amount: int) -> int:
    """At least 12.5 % more, and at least 1."""
    return amount + max(1, -(-amount * BUMP_PER_MILLE // 1000))
