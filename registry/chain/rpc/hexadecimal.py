"""The hexadecimal of JSON-RPC, read strictly: a value of the wrong type or length is a `ValueError`, never a guess."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

ADDRESS_BYTES = 20
HASH_BYTES = 32
MOST = 2**63 - 1
_ADDRESS = re.compile(r"[0-9a-fA-F]{40}")


def quantity(value: Any) -> int:
    """`"0x1a"` → 26."""
    if not isinstance(value, str) or not value.startswith("0x") or not 3 <= len(value) <= 66 or "_" in value:
        raise ValueError(f"a quantity was expected, not {_shown(value)}")
    return int(value, 16)


def count(value: Any) -> int:
    """A quantity of blocks, seconds, gas or places: of at most 63 bits, which is what databases keep."""
    number = quantity(value)
    if number > MOST:
        raise ValueError(f"a number of at most 63 bits was expected, not {_shown(value)}")
    return number


def data(value: Any, length: int | None = None) -> bytes:
    """`"0x00ff"` → two bytes; with `length`, exactly that many."""
    if not isinstance(value, str) or not value.startswith("0x"):
        raise ValueError(f"hexadecimal bytes were expected, not {_shown(value)}")
    raw = bytes.fromhex(value[2:])
    if length is not None and len(raw) != length:
        raise ValueError(f"{length} bytes were expected, not {len(raw)}")
    return raw


def to_hex(value: bytes | int) -> str:
    """The bytes or the number as JSON-RPC writes them."""
    return "0x" + value.hex() if isinstance(value, bytes) else hex(value)


def address_bytes(address: str) -> bytes:
    """The 20 bytes of `0x…`; upper and lower case are accepted as they come."""
    return data(address, ADDRESS_BYTES)


@lru_cache(maxsize=4096)
def checksummed(address: str | bytes) -> str:
    """The address as people read it, with the upper-case letters of EIP-55."""
    from registry.keccak import keccak

    digits = (address.hex() if isinstance(address, bytes) else address.removeprefix("0x")).lower()
    if len(digits) != 2 * ADDRESS_BYTES:
        raise ValueError(f"an address of {ADDRESS_BYTES} bytes was expected, not 0x{digits[:64]}")
    fingerprint = keccak(digits.encode()).hex()
    return "0x" + "".join(d.upper() if int(f, 16) >= 8 else d for d, f in zip(digits, fingerprint, strict=False))


def read_address(text: str) -> str:
    """The address that a person wrote, checksummed: 40 hexadecimal digits, with or without 0x.

    Digits in both cases carry a checksum (EIP-55), and one that does not fit betrays a typing mistake.

    Raises:
        ValueError: it is none, or it is mistyped; the message says which.
    """
    digits = text.strip().removeprefix("0x").removeprefix("0X")
    if _ADDRESS.fullmatch(digits) is None:
        raise ValueError(f"{_shown(text)} is not an address: an address is 0x and 40 hexadecimal digits")
    address = checksummed(digits)
    if digits not in (digits.lower(), digits.upper(), address[2:]):
        raise ValueError(
            f"{_shown(text)} is mistyped: its capital letters are a checksum (EIP-55), which does not fit its digits"
        )
    return address


def _shown(value: object) -> str:
    return repr(value)[:60]
