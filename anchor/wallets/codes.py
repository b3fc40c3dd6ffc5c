"""The secrets of an offer: the one in its link, all that follows from it, and the number that comes by another way.

The link holds 24 random bytes. The pre-authorised code is made of them, so that the link alone leads to the offer and
nothing that opens it need be stored: the books have the hash of the code, and the transaction code as an HMAC under it.
So whoever reads the books finds no code, and cannot try the hundred million transaction codes either.
"""

from __future__ import annotations

import hmac
import re
import secrets
import unicodedata
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from registry.proofs.signatures.multibase import to_url_text

DIGITS: Final = 8
"""Of a transaction code; wallets show a field for as many (OID4VCI 1.0, section 4.1.1)."""
LONGEST_TYPED: Final = 64
"""Characters of what somebody typed that are looked at."""
_LINK_BYTES: Final = 24
_ACCESS_BYTES: Final = 32
_LINK: Final = re.compile(r"[A-Za-z0-9_-]{32}\Z")
_CODE: Final = re.compile(r"[A-Za-z0-9_-]{43}\Z")
_NUMBER: Final = re.compile(rf"[0-9]{{{DIGITS}}}\Z")
_WRITTEN: Final = re.compile(r"[\s-]")
_CODE_OF_LINK: Final = b"testamur pre-authorised code"
_NOTIFICATION_OF_TOKEN: Final = b"testamur notification"


@dataclass(frozen=True, slots=True)
class Secrets:
    """What is given out of one offer, by two ways.

    Attributes:
        link: the secret in the address of the offer: 32 characters of base64url.
        transaction_code: `DIGITS` digits.
    """

    link: str
    transaction_code: str

    @property
    def code(self) -> str:
        """The pre-authorised code, 43 characters of base64url."""
        return _code_of(self.link)

    @property
    def stored(self) -> tuple[bytes, bytes]:
        """What the books have of the pre-authorised code and of the transaction code."""
        return _hashed(self.code), stored_number(self.code, self.transaction_code)


def new_secrets() -> Secrets:
    """Secrets that nobody has seen."""
    number = secrets.randbelow(10**DIGITS)
    return Secrets(to_url_text(secrets.token_bytes(_LINK_BYTES)), f"{number:0{DIGITS}}")


def new_access() -> tuple[str, bytes]:
    """An access token, or the secret of a link that is good for a while, and what the books have of it.

    Returns:
        43 characters of base64url, and their SHA-256.
    """
    access = to_url_text(secrets.token_bytes(_ACCESS_BYTES))
    return access, _hashed(access)


def code_of(link: str) -> str | None:
    """The pre-authorised code of an offer by the secret in its link; None where that is none by its form."""
    return _code_of(link) if _LINK.match(link) else None


def stored(secret: str) -> bytes | None:
    """What the books have of a code, token or link: its SHA-256; None where it is none by its form."""
    return _hashed(secret) if _CODE.match(secret) else None


def number_of(typed: str) -> str | None:
    """The transaction code in what somebody typed, with the digits of any script as ours; None where there is none.

    What makes eight digits readable is left out. What is anything else cannot be a code, and is no try of one.
    """
    digits = _WRITTEN.sub("", typed[:LONGEST_TYPED])
    number = "".join(str(unicodedata.decimal(each, each)) for each in digits)
    return number if _NUMBER.match(number) else None


def stored_number(code: str, transaction_code: str) -> bytes:
    """What the books have of a transaction code, made with the pre-authorised code that it belongs to."""
    return hmac.digest(code.encode("ascii"), transaction_code.encode("ascii"), "sha256")


def is_right(code: str, transaction_code: str, known: bytes) -> bool:
    """Whether a transaction code is the one that the books know, in the same time for every wrong one."""
    return hmac.compare_digest(stored_number(code, transaction_code), known)


def grouped(transaction_code: str) -> str:
    """As people read it: `1234 5678`."""
    return f"{transaction_code[: DIGITS // 2]} {transaction_code[DIGITS // 2 :]}"


def notification_of(token: str) -> str:
    """By which a wallet names what a token gave it; nothing follows from it."""
    return to_url_text(hmac.digest(token.encode("ascii"), _NOTIFICATION_OF_TOKEN, "sha256")[:18])


def _code_of(link: str) -> str:
    return to_url_text(hmac.digest(link.encode("ascii"), _CODE_OF_LINK, "sha256"))


def _hashed(secret: str) -> bytes:
    return sha256(secret.encode("ascii")).digest()
