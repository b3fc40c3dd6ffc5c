"""The account that the settings name, wherever its key is: in a keystore, behind JSON-RPC, in hardware."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from eth_account import Account

from anchor.sending.signer import KeySigner, Signer, TypedSigner
from anchor.settings import Settings
from registry.embedded.genesis import CHAIN_ID, PUBLICLY_KNOWN_KEYS
from registry.errors import SignerError
from registry.privatefiles import refuse_readable, write_secret


def development_signer(number: int = 0) -> KeySigner:
    """A funded account of the embedded chain; its key is publicly known."""
    return KeySigner(Account.from_key(PUBLICLY_KNOWN_KEYS[number]))


AskPassword = Callable[[Path], str | None]
"""Asks a person for the password of a keystore; None where there is nobody to ask."""


def ask_nobody(keystore: Path) -> None:  # noqa: ARG001 - an `AskPassword`
    """For programs that nobody sits before."""
    return


def signer_from(settings: Settings, chain_id: int, ask: AskPassword = ask_nobody) -> Signer:
    """The signer that the settings name; on the embedded chain, else, the first development account.

    Args:
        ask: for the password, where the settings name a keystore and no file with its password.

    Raises:
        SignerError: none is named, or its key cannot be read.
    """
    if settings.signer is not None:
        from anchor.sending.hardware_signer import hardware_signer

        return hardware_signer(settings.signer, pin=_pin(settings), timeout=settings.rpc_timeout)
    if settings.remote_signer is not None:
        from anchor.sending.remote_signer import RemoteSigner

        if settings.remote_signer_address is None:
            raise SignerError(
                "a remote signer is named, but not whose signatures to expect from it",
                remedy="Set remote_signer_address to the account's address.",
                code="no-address",
            )
        url = settings.remote_signer.get_secret_value()
        if "@" in url:
            _refuse_readable_settings(settings, "remote_signer")
        return RemoteSigner(url, settings.remote_signer_address, settings.rpc_timeout)
    if settings.keystore is not None:
        return KeySigner(Account.from_key(_opened(settings.keystore, settings.keystore_password_file, ask)))
    if settings.key is not None:
        _refuse_readable_settings(settings, "key")
        try:
            return KeySigner(Account.from_key(settings.key.get_secret_value()))
        except ValueError:
            # Not chained: its message may contain the key.
            raise SignerError("the key is not a private key of 64 hexadecimal digits", where="key") from None
    if chain_id == CHAIN_ID:
        return development_signer()
    raise SignerError(
        "there is no key to sign with",
        remedy="Make one with `testamur account new FILE`; set keystore and keystore_password_file in testamur.toml.",
        code="no-key",
    )


def operator_from(settings: Settings, ask: AskPassword = ask_nobody) -> TypedSigner | None:
    """The account that signs the anchors, where another than the one that sends them does.

    Raises:
        SignerError: its key cannot be read.
    """
    if settings.operator_keystore is None:
        return None
    password_file = settings.operator_keystore_password_file
    return KeySigner(Account.from_key(_opened(settings.operator_keystore, password_file, ask)))


def _pin(settings: Settings) -> str | None:
    """The PIN of a token; its file goes first."""
    if settings.signer_pin_file is not None:
        try:
            return password_in(settings.signer_pin_file)
        except (OSError, ValueError) as error:
            raise SignerError(f"the PIN cannot be read: {error}", where=str(settings.signer_pin_file)) from None
    if settings.signer_pin is None:
        return None
    _refuse_readable_settings(settings, "signer_pin")
    return settings.signer_pin.get_secret_value()


def _refuse_readable_settings(settings: Settings, name: str) -> None:
    """Whoever can read the settings file could sign by what it has for this setting."""
    if (path := settings.file_with(name)) is not None:
        refuse_readable(path)


def _opened(keystore: Path, password_file: Path | None, ask: AskPassword) -> bytes:
    try:
        refuse_readable(keystore)
        content = json.loads(keystore.read_text(encoding="utf-8"))
        password = ask(keystore) if password_file is None else password_in(password_file)
    except OSError as error:
        raise SignerError(f"it cannot be read: {error.strerror}", where=str(error.filename)) from None
    except ValueError:
        raise SignerError("it is not a keystore file (Web3 Secret Storage)", where=str(keystore)) from None
    if password is None:
        raise SignerError(
            "the keystore has a password, and none is given",
            where=str(keystore),
            remedy="Set keystore_password_file to a file whose first line is the password, or run it at a terminal, "
            "where it asks.",
            code="no-password",
        )
    try:
        return bytes(Account.decrypt(content, password))
    except (ValueError, KeyError, TypeError) as error:
        reason = "the password does not open it" if "MAC" in str(error) else "it is not a keystore file"
        raise SignerError(reason, where=str(keystore), remedy="Check keystore and keystore_password_file.") from None


def password_in(path: Path) -> str:
    """The first line of a file that nobody else can read.

    Raises:
        SignerError: others can.
        OSError, ValueError: it cannot be read as text.
    """
    refuse_readable(path)
    return (path.read_text(encoding="utf-8").splitlines() or [""])[0]


def new_keystore(path: Path, password: str) -> str:
    """Make a key and write it, locked with the password, to a new file that its owner alone can read; its address.

    Web3 Secret Storage, which geth, Foundry and most wallets read.

    Raises:
        SignerError: the file is there already (`exists`), or cannot be written; the password is empty.
    """
    if not password:
        raise SignerError("a keystore needs a password", where=str(path), code="no-password")
    account = Account.create()
    write_secret(path, json.dumps(Account.encrypt(account.key, password)))
    return str(account.address)
