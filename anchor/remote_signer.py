"""A signer behind JSON-RPC, such as Web3Signer: the key is elsewhere, and nothing that comes back is taken on trust."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from eth_hash.auto import keccak
from eth_keys.constants import SECPK1_N
from hexbytes import HexBytes

from anchor.signed import NUMBERS, TRANSACTION_TYPE
from anchor.signer import SignedTransaction, TypedData
from registry.chain.hexadecimal import checksummed, read_address, to_hex
from registry.chain.transport import HttpTransport
from registry.errors import ChainUnavailable, SettingsError, SignerError

# Of the two signatures that the same key can make of one, only that with the lower s counts (EIP-2).
HIGHEST_S = SECPK1_N // 2


class RemoteSigner:
    """An account whose key a server holds (`eth_signTransaction`, `eth_signTypedData`).

    What it returns is decoded and compared: every field of the transaction, the account that the signature is of, and
    the hash. A server that was taken over, or that mixes up two requests, cannot have anything else sent.

    Args:
        address: whose signatures are expected.
        timeout: seconds for one request.

    Raises:
        SettingsError: the URL or the address is not one.
    """

    def __init__(self, url: str, address: str, timeout: float):
        try:
            self._address = read_address(address)
        except ValueError as error:
            raise SettingsError(
                f"the address of the remote signer {error}",
                where="remote_signer_address",
                remedy="Copy the address again from where it came.",
                code="address",
            ) from None
        self._transport = HttpTransport(url, timeout)

    @property
    def address(self) -> str:
        """Checksummed."""
        return self._address

    def sign(self, transaction: dict[str, Any]) -> SignedTransaction:
        """Have a transaction of type 2 signed.

        Raises:
            SignerError: code `signer-unavailable`, or `signer-differs` when what came back is not what was asked for.
        """
        wanted = {name: int(transaction[name]) for name in NUMBERS}
        to, data = checksummed(transaction["to"]), bytes(transaction["data"])
        fields = {name: hex(value) for name, value in wanted.items()}
        request = {"from": self._address, "to": to, "data": to_hex(data), "type": hex(TRANSACTION_TYPE), **fields}
        answer = self._asked("eth_signTransaction", [request])
        raw = self._bytes(answer.get("raw") if isinstance(answer, Mapping) else answer)
        try:
            decoded = TypedTransaction.from_bytes(HexBytes(raw))
            signed = decoded.as_dict()
            signer = Account.recover_transaction(raw)
        except Exception as error:
            # Whatever the decoder throws: this is no signed transaction.
            raise self._differs(f"it is no signed transaction ({type(error).__name__})") from None
        if decoded.transaction_type != TRANSACTION_TYPE:
            # Other types say more than the fields that are compared: one of type 4 gives the account's code away.
            raise self._differs(f"it is a transaction of type {decoded.transaction_type}, not {TRANSACTION_TYPE}")
        found = {**{name: int(signed[name]) for name in NUMBERS}, "to": to_hex(bytes(signed["to"])).lower()}
        asked = {**wanted, "to": to.lower()}
        for name, value in asked.items():
            if found[name] != value:
                raise self._differs(f"{name} is {found[name]}, not {value}")
        if bytes(HexBytes(signed["data"])) != data or signed.get("accessList"):
            raise self._differs("its data is another")
        if signer != self._address:
            raise self._differs(f"it is signed by {signer}, not {self._address}")
        if signed["s"] > HIGHEST_S:
            raise self._differs("its signature has a high s, which no node takes (EIP-2)")
        return SignedTransaction(raw, keccak(raw))

    def sign_typed(self, content: TypedData) -> bytes:
        """Have typed data signed (EIP-712).

        Raises:
            SignerError: as with `sign`.
        """
        text = orjson.dumps(content.as_json()).decode()
        signature = self._bytes(self._asked("eth_signTypedData", [self._address, text]))
        try:
            signer = Account.recover_message(encode_typed_data(full_message=content.as_json()), signature=signature)
        except Exception as error:
            raise self._differs(f"it is no signature ({type(error).__name__})") from None
        if signer != self._address:
            raise self._differs(f"it is signed by {signer}, not {self._address}")
        if int.from_bytes(signature[32:64], "big") > HIGHEST_S or signature[64] not in (27, 28):
            raise self._differs("its signature is of a form that no contract takes (high s, or v not 27 or 28)")
        return signature

    def _asked(self, method: str, params: list[Any]) -> Any:
        try:
            answer = self._transport.make_request(method, params)
        except ChainUnavailable as error:
            raise self._unavailable(error.what.removeprefix("the chain could not be read: ")) from None
        if "result" not in answer:
            reason = answer.get("error")
            raise self._unavailable(str(reason.get("message") if isinstance(reason, Mapping) else reason)[:200])
        return answer["result"]

    def _bytes(self, value: Any) -> bytes:
        try:
            return bytes.fromhex(str(value).removeprefix("0x"))
        except ValueError:
            raise self._differs("it is not hexadecimal") from None

    def _unavailable(self, why: str) -> SignerError:
        return SignerError(
            f"the remote signer did not sign: {why}",
            where=self._transport.where,
            remedy="Nothing was sent. It is asked again in a while; check that it runs and holds the key.",
            code="signer-unavailable",
        )

    def _differs(self, why: str) -> SignerError:
        return SignerError(
            f"what the remote signer returned is not what it was asked for: {why}",
            where=self._transport.where,
            remedy="Nothing was sent. Find out what answers at this address before you go on.",
            code="signer-differs",
        )
