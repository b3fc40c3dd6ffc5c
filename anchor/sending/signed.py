"""What the bytes of a signed transaction say. They are what is sent, so nothing stored beside them is asked instead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from anchor.sending.fees import Offer
from registry.chain.rpc.hexadecimal import checksummed

TRANSACTION_TYPE: Final = 2
NUMBERS: Final = ("chainId", "nonce", "value", "gas", "maxFeePerGas", "maxPriorityFeePerGas")
# What the plainest of all transactions needs: with less, no block can take it.
TRANSFER_GAS: Final = 21_000


@dataclass(frozen=True, slots=True)
class Terms:
    """What a transaction may use, and what it pays.

    Attributes:
        gas: its limit.
    """

    gas: int
    offer: Offer

    @property
    def can_be_mined(self) -> bool:
        """Whether any block could ever take it."""
        return self.gas >= TRANSFER_GAS


def terms_of(raw: bytes) -> Terms:
    """What signed bytes of type 2 offer."""
    said = unsigned(raw)
    return Terms(said["gas"], Offer(said["maxFeePerGas"], said["maxPriorityFeePerGas"]))


def unsigned(raw: bytes) -> dict[str, Any]:
    """The transaction in signed bytes of type 2, as a `Signer` takes it."""
    # Only who sends has it installed, and it takes a while to import.
    from eth_account.typed_transactions.typed_transaction import TypedTransaction
    from hexbytes import HexBytes

    decoded = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
    numbers = {name: int(decoded[name]) for name in NUMBERS}
    return {
        "type": TRANSACTION_TYPE,
        **numbers,
        "to": checksummed(bytes(decoded["to"])),
        "data": bytes(decoded["data"]),
    }


def public_key_of(raw: bytes) -> bytes:
    """The key of the account that signed bytes of type 2: 64 bytes, its two coordinates on secp256k1.

    A transaction says its sender by it alone, so that it is known of every account that has sent anything.
    """
    from eth_account.typed_transactions.typed_transaction import TypedTransaction
    from eth_keys.datatypes import Signature
    from hexbytes import HexBytes

    transaction = TypedTransaction.from_bytes(HexBytes(raw))
    signature = Signature(vrs=transaction.vrs())
    return bytes(signature.recover_public_key_from_msg_hash(transaction.hash()).to_bytes())


def offering(raw: bytes, offer: Offer) -> dict[str, Any]:
    """The same transaction at another price, to be signed."""
    return unsigned(raw) | {"maxFeePerGas": offer.max_fee, "maxPriorityFeePerGas": offer.tip}
