"""Transactions that the chain has: whose they are, their nonces, and the signed bytes, made again where need be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from anchor.sending.signed import NUMBERS
from registry.chain.rpc.client import ChainClient
from registry.chain.rpc.hexadecimal import ADDRESS_BYTES, HASH_BYTES, checksummed, data, quantity, to_hex
from registry.errors import ChainUnavailable

_NUMBERS: Final = (*NUMBERS, "r", "s")


@dataclass(frozen=True, slots=True)
class Sent:
    """A transaction that was sent: by which account (checksummed), and with which nonce.

    Attributes:
        raw: its signed bytes; None for one of a kind that this program does not make.
    """

    sender: str
    nonce: int
    raw: bytes | None


def sent(client: ChainClient, transaction_hash: bytes) -> Sent | None:
    """The transaction with that hash, as the chain has it; None when it has none.

    Raises:
        ChainUnavailable: no answer, or none that makes sense.
    """
    found = client.request("eth_getTransactionByHash", [to_hex(transaction_hash)])
    if found is None:
        return None
    try:
        if data(found["hash"], HASH_BYTES) != transaction_hash:
            raise ValueError("the answer is about another transaction")
        sender = checksummed(data(found["from"], ADDRESS_BYTES))
        return Sent(sender, quantity(found["nonce"]), _raw(found, transaction_hash))
    except (ValueError, KeyError, TypeError) as error:
        raise ChainUnavailable(
            f"the answer about transaction 0x{transaction_hash.hex()} makes no sense: {error}",
            where=client.where,
            remedy="Use another endpoint.",
            code="chain-garbage",
        ) from None


def _raw(found: Mapping[str, Any], transaction_hash: bytes) -> bytes | None:
    """The bytes that have that hash; they follow from what they say and from the signature."""
    # A command starts without them: not every one looks for what was sent.
    from eth_account.typed_transactions.typed_transaction import TypedTransaction
    from hexbytes import HexBytes

    from registry.keccak import keccak

    if quantity(found["type"]) != 2 or found.get("accessList"):
        return None
    fields: dict[str, Any] = {name: quantity(found[name]) for name in _NUMBERS}
    parity = quantity(found["yParity"] if "yParity" in found else found["v"])
    fields |= {"type": 2, "v": parity, "to": HexBytes(found["to"]), "data": HexBytes(found["input"]), "accessList": []}
    made = TypedTransaction.from_dict(fields)
    raw = bytes(made.encode())
    return raw if keccak(raw) == transaction_hash else None
