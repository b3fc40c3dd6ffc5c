"""Bytes as text: base64url as JOSE writes it; and multibase, base58btc or base64url with a letter in front.

RFC 4648 section 5 and RFC 7515 section 2; Controlled Identifiers v1.0, section 2.4 (`z` base58btc, `u` base64url).
"""

from __future__ import annotations

import base64
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


def from_base58(text: str, most: int = LONGEST_BASE58) -> bytes:
    """The bytes that `to_base58` wrote.

    Args:
        most: characters that are read.

    Raises:
        ValueError: it does not begin with `z`, is longer than `most`, or has a character that is no digit.
    """
    if not text.startswith("z") or len(text) > most:
        raise ValueError(f"a base58btc text begins with z and has at most {most} characters")
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
    return "u" + to_url_text(data)


def from_base64url(text: str) -> bytes:
    """The bytes that `to_base64url` wrote.

    Raises:
        ValueError: it does not begin with `u`, or is not unpadded base64url.
    """
    if not text.startswith("u") or "=" in text:
        raise ValueError("an unpadded base64url text begins with u and has no =")
    return from_url_text(text[1:], loosely=True)


def to_url_text(data: bytes) -> str:
    """The base64url form without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def from_url_text(text: str, *, loosely: bool = False) -> bytes:
    """The bytes of a base64url text without padding, of which there is one for each.

    Args:
        loosely: also with padding, letters of the other alphabet, or bits at its end that stand for nothing, as some
            write it.

    Raises:
        ValueError: it has another character or length, or bits at its end that no writer should leave.
    """
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError as error:
        raise ValueError(f"it is no base64url: {error}") from None
    if not loosely and to_url_text(data) != text:
        raise ValueError("it is no base64url as it is written")
    return data
