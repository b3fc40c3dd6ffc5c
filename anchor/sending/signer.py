"""Who signs: an account that turns a transaction into signed bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from eth_account.messages import encode_typed_data
from eth_account.signers.local import LocalAccount

from registry.chain.rpc.hexadecimal import checksummed


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """Bytes that can be sent, and the hash they will be known by."""

    raw: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class TypedData:
    """A message for a signature (EIP-712) with one flat type; bytes are hexadecimal texts.

    Attributes:
        members: name and type of each, in order.
    """

    domain: dict[str, Any]
    primary_type: str
    members: tuple[tuple[str, str], ...]
    message: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """As wallets and signers take it (`eth_signTypedData_v4`)."""
        domain = (("name", "string"), ("version", "string"), ("chainId", "uint256"), ("verifyingContract", "address"))
        types = {"EIP712Domain": domain, self.primary_type: self.members}
        described = {
            type_: [{"name": name, "type": kind} for name, kind in members] for type_, members in types.items()
        }
        return {
            "types": described,
            "primaryType": self.primary_type,
            "domain": self.domain,
            "message": self.message,
        }


class TypedSigner(Protocol):
    """An account that can sign typed data."""

    @property
    def address(self) -> str:
        """Checksummed."""

    def sign_typed(self, content: TypedData) -> bytes:
        """The signature (EIP-712), 65 bytes."""


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

    def sign_typed(self, content: TypedData) -> bytes:
        """Sign typed data."""
        return bytes(self._account.sign_message(encode_typed_data(full_message=content.as_json())).signature)
