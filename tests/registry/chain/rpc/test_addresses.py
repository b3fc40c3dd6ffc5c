"""Addresses as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.chain.rpc.hexadecimal import checksummed, read_address

RIGHT = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"


@pytest.mark.parametrize("text", [RIGHT, RIGHT[2:], RIGHT.lower(), "0x" + RIGHT[2:].upper(), RIGHT[2:].lower()])
def test_an_address_may_come_without_its_checksum(text: str) -> None:
    assert read_address(text) == RIGHT


@pytest.mark.parametrize("text", [RIGHT[:-1] + "9", RIGHT.replace("dc3A", "dC3A"), RIGHT[2:].replace("0e0d", "0e1d")])
def test_a_mistyped_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="mistyped"):
        read_address(text)


@pytest.mark.parametrize("text", ["", "0x", "0x12", RIGHT + "00", RIGHT[:-1] + "g", "0x" + "_1" * 20, "٣" * 40])
def test_what_is_no_address_is_called_so(text: str) -> None:
    with pytest.raises(ValueError, match="not an address"):
        read_address(text)


@given(st.binary(min_size=20, max_size=20), st.integers(0, 39))
def test_one_letter_in_the_other_case_is_noticed(raw: bytes, at: int) -> None:
    address = checksummed(raw)
    digit = address[2 + at]
    mistyped = address[: 2 + at] + digit.swapcase() + address[3 + at :]
    letters = [each for each in mistyped[2:] if each.isalpha()]
    if not digit.isalpha() or all(map(str.islower, letters)) or all(map(str.isupper, letters)):
        assert read_address(mistyped) == address
    else:
        with pytest.raises(ValueError, match="mistyped"):
            read_address(mistyped)
