"""Numbers and names as sentences have them."""

from __future__ import annotations

from typing import Final

WEI: Final = 10**18


def amount(number: int, one: str, many: str | None = None) -> str:
    """`1 credential`, `2 credentials`; the plural is given where it is not the word with an s."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def ether(wei: int) -> str:
    """Wei as ether, with as many digits as it deserves."""
    return f"{wei / WEI:,.6f} ether" if wei >= WEI // 10_000 or wei == 0 else f"{wei / WEI:.3g} ether"


def price(gas: int, wei: int) -> str:
    """`about 54,321 gas, with the fees of now 0.000123 ether`."""
    return f"about {gas:,} gas, with the fees of now {ether(wei)}"


def duration(seconds: float) -> str:
    """`40 s`, `13 min`, `2 h`: no more exact than an estimate is."""
    if seconds < 90:
        return f"{max(1, round(seconds)):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.0f} h"
