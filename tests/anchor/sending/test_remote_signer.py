"""A signer behind JSON-RPC that signs, signs something else, is slow or away: nothing of it is taken on trust."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from eth_account import Account
from eth_account._utils.legacy_transactions import encode_transaction
from eth_account.messages import encode_typed_data
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from eth_keys.constants import SECPK1_N
from hexbytes import HexBytes

from anchor.sending.relay import anchor_message
from anchor.sending.remote_signer import RemoteSigner
from anchor.sending.signer import KeySigner
from registry.embedded.genesis import PUBLICLY_KNOWN_KEYS
from registry.errors import SettingsError, SignerError
from tests.registry.chain.worlds import BrokenEndpoint, Exchange

KEY, OTHER_KEY = PUBLICLY_KNOWN_KEYS[:2]
ACCOUNT = Account.from_key(KEY)
CONTRACT = "0x" + "11" * 20
TRANSACTION: dict[str, Any] = {
    "type": 2,
    "chainId": 5,
    "nonce": 7,
    "to": "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
    "data": b"\x01\x02",
    "value": 0,
    "gas": 60_000,
    "maxFeePerGas": 10**10,
    "maxPriorityFeePerGas": 10**9,
}
MESSAGE = anchor_message(5, CONTRACT, 1, b"\xd1" * 32, 300, 2**40)


class Server:
    """A signer over HTTP; `tamper` changes what it signs, `key` is what it signs with."""

    def __init__(self) -> None:
        self.tamper: dict[str, Any] = {}
        self.key = KEY
        self.wrapped = False
        self.behaviour: Callable[[Exchange], None] | None = None
        self.endpoint = BrokenEndpoint(self._answer)

    def signer(self, timeout: float = 5.0) -> RemoteSigner:
        return RemoteSigner(self.endpoint.url, ACCOUNT.address, timeout)

    def _answer(self, exchange: Exchange) -> None:
        if self.behaviour is not None:
            self.behaviour(exchange)
        elif exchange.method == "eth_signTypedData":
            full = json.loads(exchange.request["params"][1])
            full["message"] |= self.tamper
            signature = Account.sign_message(encode_typed_data(full_message=full), self.key).signature
            exchange.answer("0x" + signature.hex())
        else:
            asked = {**exchange.request["params"][0]}
            asked.pop("from")
            signed = Account.from_key(self.key).sign_transaction({**asked, **self.tamper})
            raw = "0x" + signed.raw_transaction.hex()
            exchange.answer({"raw": raw, "tx": {}} if self.wrapped else raw)


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.endpoint.close()


@pytest.mark.parametrize("wrapped", [False, True])
def test_it_signs_what_a_key_in_the_process_would(server: Server, wrapped: bool) -> None:
    server.wrapped = wrapped
    assert server.signer().sign(TRANSACTION) == KeySigner(ACCOUNT).sign(TRANSACTION)


@pytest.mark.parametrize(
    "tamper",
    [
        {"to": CONTRACT},
        {"value": 1},
        {"nonce": 8},
        {"chainId": 1},
        {"data": "0x0103"},
        {"data": "0x"},
        {"gas": 60_001},
        {"maxFeePerGas": 10**12},
        {"maxPriorityFeePerGas": 10**10},
        {"accessList": [{"address": CONTRACT, "storageKeys": []}]},
    ],
)
def test_another_transaction_than_the_one_asked_for_is_refused(server: Server, tamper: dict[str, Any]) -> None:
    server.tamper = tamper
    with pytest.raises(SignerError) as refusal:
        server.signer().sign(TRANSACTION)
    assert refusal.value.code == "signer-differs"


def test_a_signature_of_another_key_is_refused(server: Server) -> None:
    server.key = OTHER_KEY
    for sign in (lambda: server.signer().sign(TRANSACTION), lambda: server.signer().sign_typed(MESSAGE)):
        with pytest.raises(SignerError) as refusal:
            sign()
        assert refusal.value.code == "signer-differs"


def of_type(kind: int) -> dict[str, Any]:
    """The same transaction of another type, which has members of its own."""
    common = {**TRANSACTION, "data": "0x0102", "type": kind}
    if kind == 4:
        authorization = {"chainId": 5, "address": CONTRACT, "nonce": 8}
        return common | {"authorizationList": [ACCOUNT.sign_authorization(authorization)]}
    del common["maxFeePerGas"], common["maxPriorityFeePerGas"]
    common["gasPrice"] = 10**10
    if kind == 0:
        del common["type"]
    return common


@pytest.mark.parametrize("kind", [0, 1, 4])
def test_a_transaction_of_another_type_is_refused(server: Server, kind: int) -> None:
    raw = ACCOUNT.sign_transaction(of_type(kind)).raw_transaction
    server.behaviour = lambda exchange: exchange.answer("0x" + raw.hex())
    with pytest.raises(SignerError) as refusal:
        server.signer().sign(TRANSACTION)
    assert refusal.value.code == "signer-differs"


def test_the_twin_of_a_good_signature_is_refused(server: Server) -> None:
    signed = TypedTransaction.from_bytes(HexBytes(KeySigner(ACCOUNT).sign(TRANSACTION).raw)).as_dict()
    v, r, s = 1 - signed.pop("v"), signed.pop("r"), SECPK1_N - signed.pop("s")
    raw = encode_transaction(TypedTransaction.from_dict(signed), vrs=(v, r, s))
    assert Account.recover_transaction(raw) == ACCOUNT.address
    server.behaviour = lambda exchange: exchange.answer("0x" + raw.hex())
    with pytest.raises(SignerError, match="high s"):
        server.signer().sign(TRANSACTION)


def test_the_twin_of_a_good_signature_of_typed_data_is_refused(server: Server) -> None:
    good = KeySigner(ACCOUNT).sign_typed(MESSAGE)
    high = good[:32] + (SECPK1_N - int.from_bytes(good[32:64], "big")).to_bytes(32, "big") + bytes([55 - good[64]])
    for signature in (high, good[:64] + bytes([good[64] - 27])):
        server.behaviour = lambda exchange, answer=signature: exchange.answer("0x" + answer.hex())
        with pytest.raises(SignerError, match="no contract takes"):
            server.signer().sign_typed(MESSAGE)


@pytest.mark.parametrize("answer", ["0x", "0xzz", "0x02c0", None, 5, [], {"raw": None}, "0x02" + "ff" * 200])
def test_what_is_no_transaction_is_refused(server: Server, answer: object) -> None:
    server.behaviour = lambda exchange: exchange.answer(answer)
    for sign in (lambda: server.signer().sign(TRANSACTION), lambda: server.signer().sign_typed(MESSAGE)):
        with pytest.raises(SignerError) as refusal:
            sign()
        assert refusal.value.code == "signer-differs"


@pytest.mark.parametrize(
    "behaviour",
    [
        lambda exchange: exchange.hang(),
        lambda exchange: exchange.hang_up(),
        lambda exchange: exchange.body(b"locked", status=503),
        lambda exchange: exchange.body(b"<html>"),
        lambda exchange: exchange.error({"code": -32000, "message": "signing key is locked"}),
    ],
)
def test_one_that_is_away_is_asked_again_later(server: Server, behaviour: Callable[[Exchange], None]) -> None:
    server.behaviour = behaviour
    with pytest.raises(SignerError) as refusal:
        server.signer(timeout=0.3).sign(TRANSACTION)
    assert refusal.value.code == "signer-unavailable"


def test_typed_data_is_signed_as_by_a_key_in_the_process(server: Server) -> None:
    assert server.signer().sign_typed(MESSAGE) == KeySigner(ACCOUNT).sign_typed(MESSAGE)
    server.tamper = {"leafCount": 301}
    with pytest.raises(SignerError):
        server.signer().sign_typed(MESSAGE)


def test_an_address_that_is_none_is_said_at_once() -> None:
    with pytest.raises(SettingsError):
        RemoteSigner("http://127.0.0.1:9", "0x12", 1.0)
