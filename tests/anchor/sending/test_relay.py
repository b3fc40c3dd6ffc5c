"""An operator signs, anybody sends and pays: on the chain, with signatures that fit and others."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account

from anchor.books.batches import BatchRow
from anchor.books.tables import BatchState
from anchor.sending.accounts import operator_from, signer_from
from anchor.sending.relay import GOOD_FOR_SECONDS, anchor_message, relayed
from anchor.sending.remote_signer import RemoteSigner
from anchor.sending.signer import KeySigner, TypedSigner
from anchor.settings import load_settings
from registry.chain.abi import artifact
from registry.chain.calls import Calls
from registry.chain.contract import CredentialRegistry
from registry.chain.rpc.hexadecimal import checksummed
from registry.embedded.chain import EmbeddedChain
from registry.embedded.genesis import CHAIN_ID, PUBLICLY_KNOWN_KEYS
from registry.errors import ContractReverted, SignerError
from tests.registry.chain.worlds import BrokenEndpoint, Exchange, World

CONTROLLER, RELAYER, OPERATOR = range(3)
PASSWORD = "correct horse"
ROW = BatchRow(id=1, issuer=1, root=b"\xd1" * 32, leaf_count=300, state=BatchState.SEALED, sealed_at=0)


class Relay:
    """A contract with one issuer whose only operator is `OPERATOR`, and a relayer without any right."""

    def __init__(self, world: World):
        self.world = world
        address, _ = world.deploy_registry()
        self.contract = CredentialRegistry(world.client, address)
        self.operator = KeySigner(world.account(OPERATOR))
        self.relayer = world.account(RELAYER).address
        world.send(address, Calls.register_party_data("did:web:issuer.example", bytes(32)), account=CONTROLLER)
        world.send(address, Calls.set_operator_data(1, self.operator.address, True), account=CONTROLLER)

    def call(self, operator: TypedSigner | None = None, chain_id: int | None = None, contract: str = "") -> bytes:
        """The data for the row; what is not given is as it should be."""
        where = (chain_id or self.world.client.chain_id(), contract or self.contract.address)
        return relayed(operator or self.operator, *where)(ROW)

    def signed(self, root: bytes, leaf_count: int, deadline: int) -> bytes:
        """The operator's signature."""
        here = (self.world.client.chain_id(), self.contract.address)
        return self.operator.sign_typed(anchor_message(*here, ROW.issuer, root, leaf_count, deadline))

    def refused(self, call_data: bytes) -> str:
        """The name of the contract's error; nothing is sent."""
        with pytest.raises(ContractReverted) as refusal:
            self.world.client.estimate_gas(sender=self.relayer, to=self.contract.address, call_data=call_data)
        return str(refusal.value.error)


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relay]:
    with EmbeddedChain(tmp_path_factory.mktemp("relay") / "chain") as chain:
        yield Relay(World("embedded", chain.client()))


def test_an_account_of_another_is_no_operator(relay: Relay) -> None:
    stranger = KeySigner(relay.world.account(RELAYER))
    assert relay.refused(relay.call(stranger)) == "NotOperator"


def test_a_signature_for_elsewhere_is_refused(relay: Relay) -> None:
    assert relay.refused(relay.call(chain_id=1)) == "InvalidSignature"
    assert relay.refused(relay.call(contract="0x" + "11" * 20)) == "InvalidSignature"


@pytest.mark.parametrize(
    ("root", "leaf_count", "later"), [(b"\xd2" * 32, 300, 0), (ROW.root, 301, 0), (ROW.root, 300, 1)]
)
def test_nothing_of_what_was_signed_can_be_changed(relay: Relay, root: bytes, leaf_count: int, later: int) -> None:
    deadline = 2**40
    signature = relay.signed(ROW.root, ROW.leaf_count, deadline)
    address = relay.operator.address
    call = Calls.anchor_by_signature_data(ROW.issuer, root, leaf_count, address, deadline + later, signature)
    assert relay.refused(call) == "InvalidSignature"


def test_a_signature_ends_with_its_deadline(relay: Relay) -> None:
    deadline = 1
    signature = relay.signed(ROW.root, ROW.leaf_count, deadline)
    call = Calls.anchor_by_signature_data(
        ROW.issuer, ROW.root, ROW.leaf_count, relay.operator.address, deadline, signature
    )
    assert relay.refused(call) == "SignatureExpired"


def test_the_relayer_pays_and_the_operator_is_named(relay: Relay) -> None:
    before = int(time.time())
    call = relay.call()
    item = artifact().functions["anchorBySignature"]
    assert item.selector == call[:4]
    deadline = item.decode_arguments(call[4:])["deadline"]
    assert before + GOOD_FOR_SECONDS <= deadline <= int(time.time()) + GOOD_FOR_SECONDS

    mined = relay.world.send(relay.contract.address, call, account=RELAYER)
    assert mined.succeeded
    (anchored,) = relay.contract.anchored_events()
    assert (*anchored.key, anchored.arguments["leafCount"]) == (ROW.issuer, ROW.root, ROW.leaf_count)
    assert checksummed(anchored.arguments["operator"]) == relay.operator.address
    assert relay.world.client.nonce(relay.operator.address) == 0
    assert not relay.contract.is_operator(1, relay.relayer)


def keystore(folder: Path, key: str) -> dict[str, Path]:
    """A key file with few rounds, which are as good for a test, and its password file."""
    content = Account.encrypt(bytes.fromhex(key[2:]), PASSWORD, kdf="pbkdf2", iterations=2)
    (folder / "key.json").write_text(json.dumps(content))
    (folder / "password").write_text(PASSWORD + "\n")
    for name in ("key.json", "password"):
        (folder / name).chmod(0o600)
    return {"operator_keystore": folder / "key.json", "operator_keystore_password_file": folder / "password"}


def test_the_settings_name_the_operator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert operator_from(load_settings()) is None
    key = PUBLICLY_KNOWN_KEYS[OPERATOR]
    operator = operator_from(load_settings(**keystore(tmp_path, key)))
    assert operator is not None
    assert operator.address == Account.from_key(key).address


@pytest.mark.parametrize(
    "spoil",
    [
        lambda paths: paths.pop("operator_keystore_password_file"),
        lambda paths: paths["operator_keystore_password_file"].write_text("wrong"),
        lambda paths: paths["operator_keystore_password_file"].write_text(""),
        lambda paths: paths["operator_keystore_password_file"].unlink(),
        lambda paths: paths["operator_keystore"].write_text("{}"),
        lambda paths: paths["operator_keystore"].write_text("no JSON"),
    ],
)
def test_a_keystore_that_does_not_open_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[dict[str, Path]], object]
) -> None:
    monkeypatch.chdir(tmp_path)
    paths = keystore(tmp_path, PUBLICLY_KNOWN_KEYS[OPERATOR])
    spoil(paths)
    with pytest.raises(SignerError) as refusal:
        operator_from(load_settings(**paths))
    assert PASSWORD not in str(refusal.value)


def test_the_settings_name_a_remote_signer_before_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    address = Account.from_key(PUBLICLY_KNOWN_KEYS[OPERATOR]).address
    url = "http://user:hunter2@signer.example:9000"
    named: dict[str, Any] = {"remote_signer": url, "key": PUBLICLY_KNOWN_KEYS[0]}
    settings = load_settings(remote_signer_address=address, **named)
    signer = signer_from(settings, CHAIN_ID)
    assert isinstance(signer, RemoteSigner)
    assert signer.address == address
    assert "hunter2" not in repr(settings)
    with pytest.raises(SignerError) as refusal:
        signer_from(load_settings(**named), CHAIN_ID)
    assert refusal.value.code == "no-address"


def test_a_remote_operator_is_as_good_as_one_in_the_process(relay: Relay) -> None:
    key = KeySigner(relay.world.account(OPERATOR))
    message = anchor_message(relay.world.client.chain_id(), relay.contract.address, 1, b"\xd3" * 32, 5, 2**40)

    def sign(exchange: Exchange) -> None:
        assert exchange.method == "eth_signTypedData"
        address, content = exchange.request["params"]
        assert (address, json.loads(content)) == (key.address, message.as_json())
        exchange.answer("0x" + key.sign_typed(message).hex())

    endpoint = BrokenEndpoint(sign)
    try:
        signature = RemoteSigner(endpoint.url, key.address, 5.0).sign_typed(message)
    finally:
        endpoint.close()
    call = Calls.anchor_by_signature_data(1, b"\xd3" * 32, 5, key.address, 2**40, signature)
    assert relay.world.send(relay.contract.address, call, account=RELAYER).succeeded
