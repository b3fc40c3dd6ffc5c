"""Accounts whose keys never leave the hardware they are in: it signs digests, and everything else is done here.

Hardware knows no transactions: it gives a pair (r, s) over 32 bytes. The lower of the two possible s is taken, the
recovery id is the one by which the signature leads to the account, and the signed transaction is taken apart and
compared as that of any other signer that is elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from eth_account.messages import encode_typed_data
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from eth_keys.constants import SECPK1_N

from anchor.sending.signed import TRANSACTION_TYPE
from anchor.sending.signer import SignedTransaction, TypedData
from anchor.sending.signer_answers import Differs, checked_signature, checked_transaction
from registry.chain.rpc.hexadecimal import checksummed
from registry.errors import SettingsError, SignerError
from registry.keccak import keccak


class DigestKey(Protocol):
    """A secp256k1 key in hardware.

    Every method raises `SignerError` with code `signer-unavailable` when the hardware does not do it.
    """

    @property
    def where(self) -> str:
        """Which key, for a person; no secret."""

    def public_point(self) -> bytes:
        """The public key, x and y, 32 bytes each."""

    def sign_digest(self, digest: bytes) -> tuple[int, int]:
        """r and s of a signature over 32 bytes, which are not hashed again."""


class HardwareSigner:
    """An account by its key in hardware.

    Raises:
        SignerError: the hardware does not give the public key.
    """

    def __init__(self, key: DigestKey):
        self._key = key
        self._address = checksummed("0x" + keccak(key.public_point())[-20:].hex())

    @property
    def address(self) -> str:
        """Checksummed; it follows from the public key."""
        return self._address

    def sign(self, transaction: dict[str, Any]) -> SignedTransaction:
        """Sign a transaction of type 2.

        Raises:
            SignerError: code `signer-unavailable`, or `signer-differs` when what came back is no signature of it.
        """
        fields = {**transaction, "to": checksummed(transaction["to"]), "type": TRANSACTION_TYPE}
        why = None
        for parity, r, s in self._signatures(TypedTransaction.from_dict(fields).hash()):
            signed = TypedTransaction.from_dict({**fields, "v": parity, "r": r, "s": s})
            try:
                return checked_transaction(signed.encode(), transaction, self._address)
            except Differs as error:
                why = error
        raise self._differs(why)

    def sign_typed(self, content: TypedData) -> bytes:
        """Sign typed data (EIP-712).

        Raises:
            SignerError: as with `sign`.
        """
        message = encode_typed_data(full_message=content.as_json())
        why = None
        for parity, r, s in self._signatures(keccak(b"\x19" + message.version + message.header + message.body)):
            signature = r.to_bytes(32) + s.to_bytes(32) + bytes([27 + parity])
            try:
                return checked_signature(signature, content, self._address)
            except Differs as error:
                why = error
        raise self._differs(why)

    def _signatures(self, digest: bytes) -> Iterator[tuple[int, int, int]]:
        """The same signature with each recovery id: which one is right, only the account it leads to can say."""
        r, s = self._key.sign_digest(digest)
        if not (0 < r < SECPK1_N and 0 < s < SECPK1_N):
            raise self._differs(None)
        for parity in (0, 1):
            yield parity, r, min(s, SECPK1_N - s)

    def _differs(self, why: Differs | None) -> SignerError:
        return SignerError(
            f"the hardware returned something else than it was asked for: {why or 'it is no signature'}",
            where=self._key.where,
            remedy="Nothing was sent. Find out which key this is before you go on.",
            code="signer-differs",
        )


def hardware_signer(url: str, *, pin: str | None, timeout: float) -> HardwareSigner:
    """The signer that a URL names: `awskms:KEY?region=REGION`, or a PKCS#11 URI (RFC 7512).

    Args:
        pin: of a PKCS#11 token.
        timeout: seconds for one request to a service.

    Raises:
        SettingsError: the URL names none, or its library is not installed.
        SignerError: the hardware does not answer.
    """
    scheme, _, _ = url.partition(":")
    if scheme == "awskms":
        from anchor.sending.kms_key import KmsKey

        return HardwareSigner(KmsKey.of(url, timeout))
    if scheme == "pkcs11":
        from anchor.sending.pkcs11_key import TokenKey

        return HardwareSigner(TokenKey.of(url, pin))
    raise SettingsError(
        "the signer is neither awskms:KEY?region=REGION nor a PKCS#11 URI",
        where="signer",
        remedy="docs/how-to/sign-in-hardware.md has examples. A remote signer is named by remote_signer.",
        code="signer-url",
    )
