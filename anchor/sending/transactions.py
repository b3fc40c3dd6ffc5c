"""Transactions to the contract: encoded, filled and sent through web3, over this program's endpoints."""

from __future__ import annotations

from typing import Any, Final

from anchor.sending.fees import Offer
from registry.chain.rpc.client import ChainClient
from registry.chain.web3 import encode_call, web3_of

# An estimate is for the head of now; the state the transaction meets may need a little more.
GAS_MARGIN_PERCENT: Final = 20


class Transactions:
    """Transactions of one account to one contract; signing and keeping them is the caller's.

    Args:
        client: the chain; it stays the caller's to close.
        chain_id: EIP-155, as the caller knows it: an endpoint can be pointed elsewhere.
        contract: its address.
        sender: the account's address, checksummed.

    Attributes:
        w3: web3 over the same endpoints, for whatever else is to be asked.
    """

    def __init__(self, client: ChainClient, *, chain_id: int, contract: str, sender: str):
        self.w3 = web3_of(client)
        self._chain_id = chain_id
        self._contract = self.w3.to_checksum_address(contract)
        self._sender = self.w3.to_checksum_address(sender)

    def encoded(self, function: str, *arguments: object) -> bytes:
        """The data of a transaction that calls a function of the contract.

        Raises:
            ValueError: there is no such function, or an argument does not fit.
        """
        return encode_call(function, *arguments)

    def gas(self, call_data: bytes) -> int:
        """How much gas to give it: what it needs now, and a margin.

        Raises:
            ContractReverted: it would revert, and why.
            ChainUnavailable: no answer.
        """
        needed = self.w3.eth.estimate_gas({"from": self._sender, "to": self._contract, "data": call_data})
        return needed * (100 + GAS_MARGIN_PERCENT) // 100

    def filled(self, call_data: bytes, *, nonce: int, offer: Offer, gas: int | None = None) -> dict[str, Any]:
        """The transaction as a `Signer` takes it (EIP-1559).

        Args:
            gas: what to give it; estimated where it is None.

        Raises:
            ContractReverted: it would revert, and why.
            ChainUnavailable: no answer.
        """
        return {
            "type": 2,
            "chainId": self._chain_id,
            "nonce": nonce,
            "to": self._contract,
            "data": call_data,
            "value": 0,
            "gas": self.gas(call_data) if gas is None else gas,
            "maxFeePerGas": offer.max_fee,
            "maxPriorityFeePerGas": offer.tip,
        }

    def send(self, raw: bytes) -> bytes:
        """Send signed bytes exactly once, to every endpoint; the hash that one of them gives for it.

        Raises:
            RpcRefused: none took it, or says so: `registry.chain.rpc.classify` tells what it means.
            ChainUnavailable: no usable answer; it may have been taken all the same.
        """
        return bytes(self.w3.eth.send_raw_transaction(raw))
