"""A signer behind JSON-RPC, such as Web3Signer: the key is elsewhere, and nothing that comes back is taken on trust."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from anchor.sending.signed import NUMBERS, TRANSACTION_TYPE
from anchor.sending.signer import SignedTransaction, TypedData
from anchor.sending.signer_answers import Differs, checked_signature, checked_transaction
from registry.chain.rpc.hexadecimal import checksummed, read_address, to_hex
from registry.chain.rpc.transport import HttpTransport
from registry.errors import ChainUnavailable, SettingsError, SignerError


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
        fields = {name: hex(int(transaction[name])) for name in NUMBERS}
        to, data = checksummed(transaction["to"]), to_hex(bytes(transaction["data"]))
        request = {"from": self._address, "to": to, "data": data, "type": hex(TRANSACTION_TYPE), **fields}
        answer = self._asked("eth_signTransaction", [request])
        raw = self._bytes(answer.get("raw") if isinstance(answer, Mapping) else answer)
        try:
            return checked_transaction(raw, transaction, self._address)
        except Differs as error:
            raise self._differs(str(error)) from None

    def sign_typed(self, content: TypedData) -> bytes:
        """Have typed data signed (EIP-712).

        Raises:
            SignerError: as with `sign`.
        """
        text = orjson.dumps(content.as_json()).decode()
        signature = self._bytes(self._asked("eth_signTypedData", [self._address, text]))
        try:
            return checked_signature(signature, content, self._address)
        except Differs as error:
            raise self._differs(str(error)) from None

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
