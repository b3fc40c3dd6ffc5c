"""Multibase texts as Multikey and Data Integrity use them: base58btc (`z`) and unpadded base64url (`u`).

Controlled Identifiers v1.0, section 2.4.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final

_ALPHABET: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_DIGITS: Final = {character: digit for digit, character in enumerate(_ALPHABET)}
LONGEST_BASE58: Final = 256
"""Longest base58btc text that is read: its cost is quadratic, and keys and signatures have under 100 characters."""


def to_base58(data: bytes) -> str:
    """`z` and the base58btc form of the bytes."""
    number, text = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = _ALPHABET[digit] + text
    zeros = len(data) - len(data.lstrip(b"\0"))
    return "z" + _ALPHABET[0] * zeros + text


def from_base58(text: str) -> bytes:
    """The bytes that `to_base58` wrote.

    Raises:
        ValueError: it does not begin with `z`, is longer than `LONGEST_BASE58`, or has a character that is no digit.
    """
    if not text.startswith("z") or len(text) > LONGEST_BASE58:
        raise ValueError(f"a base58btc text begins with z and has at most {LONGEST_BASE58} characters")
    digits = text[1:]
    number = 0
    for character in digits:
        if character not in _DIGITS:
            raise ValueError(f"{character!r} is no digit of base58btc")
        number = number * 58 + _DIGITS[character]
    zeros = len(digits) - len(digits.lstrip(_ALPHABET[0]))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")


def to_base64url(data: bytes) -> str:
    """`u` and the base64url form of the bytes, without padding (RFC 4648 section 5)."""
    return "u" + base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def from_base64url(text: str) -> bytes:
    """The bytes that `to_base64url` wrote.

    Raises:
        ValueError: it does not begin with `u`, or is not unpadded base64url.
    """
    if not text.startswith("u") or "=" in text:
        raise ValueError("an unpadded base64url text begins with u and has no =")
    digits = text[1:]
    try:
        return base64.b64decode(digits + "=" * (-len(digits) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError(f"it is no base64url: {error}") from None
