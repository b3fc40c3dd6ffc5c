"""One form of 32 bytes for everybody who writes them."""

from __future__ import annotations

import pytest

from registry.untrusted.hashes import read_hash

DIGITS = "aB" * 32


@pytest.mark.parametrize("text", [DIGITS, f"0x{DIGITS}", DIGITS.upper(), DIGITS.lower()])
def test_both_cases_with_and_without_a_prefix(text: str) -> None:
    assert read_hash(text) == bytes.fromhex(DIGITS)


@pytest.mark.parametrize(
    "text",
    [
        *("", "0x", DIGITS[:-1], DIGITS + "0", f" {DIGITS}", f"{DIGITS}\n", f"0X{DIGITS}", f"0x0x{DIGITS}"),
        *("g" * 64, " ".join("ab" for _ in range(32)), "\u0661" * 64, "\uff11" * 64),
    ],
)
def test_nothing_else(text: str) -> None:
    with pytest.raises(ValueError, match="hexadecimal"):
        read_hash(text)
