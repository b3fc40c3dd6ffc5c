"""What comes back from a signer that is elsewhere, taken apart and compared with what it was asked to sign.

A signer that was taken over, or that mixes up two requests, cannot have anything else sent.
"""

from __future__ import annotations

from typing import Any, Final

from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from eth_keys.constants import SECPK1_N
from hexbytes import HexBytes

from anchor.sending.signed import NUMBERS, TRANSACTION_TYPE
from anchor.sending.signer import SignedTransaction, TypedData
from registry.chain.rpc.hexadecimal import checksummed, to_hex
from registry.errors import SignerError
from registry.keccak import keccak

POINT_BYTES: Final = 64
# Of the two signatures that the same key can make of one, only that with the lower s counts (EIP-2).
HIGHEST_S: Final = SECPK1_N // 2


class Differs(ValueError):
    """It is not what was asked for; the text says in what."""


def checked_transaction(raw: bytes, asked: dict[str, Any], address: str) -> SignedTransaction:
    """The signed transaction, once every field, its type and its signer are what they should be.

    Args:
        asked: as `Signer.sign` takes it.
        address: checksummed, of whoever should have signed.

    Raises:
        Differs: they are not.
    """
    wanted = {name: int(asked[name]) for name in NUMBERS}
    to, data = checksummed(asked["to"]), bytes(asked["data"])
    try:
        decoded = TypedTransaction.from_bytes(HexBytes(raw))
        signed = decoded.as_dict()
        signer = Account.recover_transaction(raw)
    except Exception as error:
        # Whatever the decoder throws: this is no signed transaction.
        raise Differs(f"it is no signed transaction ({type(error).__name__})") from None
    if decoded.transaction_type != TRANSACTION_TYPE:
        # Other types say more than the fields that are compared: one of type 4 gives the account's code away.
        raise Differs(f"it is a transaction of type {decoded.transaction_type}, not {TRANSACTION_TYPE}")
    found = {**{name: int(signed[name]) for name in NUMBERS}, "to": to_hex(bytes(signed["to"])).lower()}
    for name, value in {**wanted, "to": to.lower()}.items():
        if found[name] != value:
            raise Differs(f"{name} is {found[name]}, not {value}")
    if bytes(HexBytes(signed["data"])) != data or signed.get("accessList"):
        raise Differs("its data is another")
    if signer != address:
        raise Differs(f"it is signed by {signer}, not {address}")
    if signed["s"] > HIGHEST_S:
        raise Differs("its signature has a high s, which no node takes (EIP-2)")
    return SignedTransaction(raw, keccak(raw))


def checked_signature(signature: bytes, content: TypedData, address: str) -> bytes:
    """A signature of typed data (EIP-712), once it is clear that it is of that account and that a contract takes it.

    Raises:
        Differs: it is not.
    """
    try:
        signer = Account.recover_message(encode_typed_data(full_message=content.as_json()), signature=signature)
    except Exception as error:
        raise Differs(f"it is no signature ({type(error).__name__})") from None
    if signer != address:
        raise Differs(f"it is signed by {signer}, not {address}")
    if int.from_bytes(signature[32:64], "big") > HIGHEST_S or signature[64] not in (27, 28):
        raise Differs("its signature is of a form that no contract takes (high s, or v not 27 or 28)")
    return signature


def not_signed(where: str, why: str) -> SignerError:
    """The hardware did not do what it was asked; it is asked again later."""
    return SignerError(
        f"the hardware did not sign: {why}",
        where=where,
        remedy="Nothing was sent. It is asked again in a while; check that the key is enabled and may be used.",
        code="signer-unavailable",
    )
