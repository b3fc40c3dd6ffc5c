"""Who signs: an account that turns a transaction into signed bytes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from eth_account import Account
from eth_account.signers.local import LocalAccount

from registry.chain.genesis import CHAIN_ID, PUBLICLY_KNOWN_KEYS
from registry.chain.hexadecimal import checksummed
from registry.errors import SignerError
from registry.settings import Settings


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """Bytes that can be sent, and the hash they will be known by."""

    raw: bytes
    hash: bytes


class Signer(Protocol):
    """An account that can sign transactions."""

    @property
    def address(self) -> str:
        """Checksummed."""

    def sign(self, transaction: dict[str, Any]) -> SignedTransaction:
        """Sign a transaction as `eth_account` takes it; nothing is sent."""


class KeySigner:
    """An account whose key is in this process."""

    def __init__(self, account: LocalAccount):
        self._account = account

    @property
    def address(self) -> str:
        """Checksummed."""
        return str(self._account.address)

    def sign(self, transaction: dict[str, Any]) -> SignedTransaction:
        """Sign a transaction."""
        addressed: dict[str, Any] = {**transaction, "to": checksummed(transaction["to"])}
        signed = self._account.sign_transaction(addressed)
        return SignedTransaction(bytes(signed.raw_transaction), bytes(signed.hash))


def development_signer(number: int = 0) -> KeySigner:
    """A funded account of the embedded chain; its key is publicly known."""
    return KeySigner(Account.from_key(PUBLICLY_KNOWN_KEYS[number]))


def signer_from(settings: Settings, chain_id: int) -> Signer:
    """The signer that the settings name; on the embedded chain, else, the first development account.

    Raises:
        SignerError: none is named, or its key cannot be read.
    """
    if settings.keystore is not None:
        return KeySigner(Account.from_key(_opened(settings.keystore, settings.keystore_password_file)))
    if settings.key is not None:
        try:
            return KeySigner(Account.from_key(settings.key.get_secret_value()))
        except ValueError:
            # Not chained: its message may contain the key.
            raise SignerError("the key is not a private key of 64 hexadecimal digits", where="key") from None
    if chain_id == CHAIN_ID:
        return development_signer()
    raise SignerError(
        "there is no key to sign with",
        remedy="Set keystore and keystore_password_file in testamur.toml (docs/how-to/sign.md).",
        code="no-key",
    )


def _opened(keystore: Path, password_file: Path | None) -> bytes:
    if password_file is None:
        raise SignerError(
            "the keystore has a password, and none is given",
            where=str(keystore),
            remedy="Set keystore_password_file to a file whose first line is the password.",
            code="no-password",
        )
    try:
        content = json.loads(keystore.read_text(encoding="utf-8"))
        password = (password_file.read_text(encoding="utf-8").splitlines() or [""])[0]
    except OSError as error:
        raise SignerError(f"it cannot be read: {error.strerror}", where=str(error.filename)) from None
    except ValueError:
        raise SignerError("it is not a keystore file (Web3 Secret Storage)", where=str(keystore)) from None
    try:
        return bytes(Account.decrypt(content, password))
    except (ValueError, KeyError, TypeError) as error:
        reason = "the password does not open it" if "MAC" in str(error) else "it is not a keystore file"
        raise SignerError(reason, where=str(keystore), remedy="Check keystore and keystore_password_file.") from None
