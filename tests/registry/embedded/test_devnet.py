"""The devnet over HTTP: one chain for web3, for the program's own client and for several processes; loopback only."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import urllib3
from web3 import HTTPProvider, Web3

from registry.chain.rpc.connect import connect
from registry.embedded import devnet as server
from registry.embedded.chain import EmbeddedChain
from registry.errors import SettingsError
from tests.registry.chain.worlds import World, devnet

REPOSITORY = Path(__file__).parents[3]
ABI = json.loads((REPOSITORY / "registry/chain/artifacts/CredentialRegistry.json").read_text())["abi"]


@dataclass
class Served:
    """A chain inside the process and the same one over HTTP."""

    chain: EmbeddedChain
    url: str
    web3: Web3
    world: World


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with EmbeddedChain(tmp_path / "chain") as chain, devnet(chain) as url:
        provider = HTTPProvider(url, exception_retry_configuration=None)
        yield Served(chain, url, Web3(provider), World("embedded", chain.client()))


def test_web3_registers_a_party_and_reads_what_the_program_reads(served: Served) -> None:
    web3, sender = served.web3, served.world.account()
    address, _ = served.world.deploy_registry()
    contract: Any = web3.eth.contract(address=web3.to_checksum_address(address), abi=ABI)
    transaction = contract.functions.registerParty("did:web:university.example", b"\x01" * 32).build_transaction(
        {"from": sender.address, "nonce": web3.eth.get_transaction_count(sender.address)}
    )
    hash_ = web3.eth.send_raw_transaction(sender.sign_transaction(transaction).raw_transaction)
    receipt = web3.eth.wait_for_transaction_receipt(hash_)
    assert receipt["status"] == 1
    party = contract.functions.partyOf(1).call()
    assert "did:web:university.example" in party
    (log,) = web3.eth.get_logs({"address": contract.address, "fromBlock": receipt["blockNumber"]})[:1]
    mined = connect(served.url).mined(bytes(hash_))
    assert mined == served.world.client.mined(bytes(hash_))
    assert mined is not None
    assert bytes(log["transactionHash"]) == mined.hash
    block = web3.eth.get_block(receipt["blockNumber"], full_transactions=True)
    assert bytes(block["hash"]) == mined.block_hash
    assert block["transactions"][0]["from"] == sender.address  # type: ignore[index]
    assert web3.eth.get_transaction(hash_)["blockNumber"] == mined.block_number
    assert web3.eth.fee_history(2, "latest")["oldestBlock"] == mined.block_number - 1


@pytest.mark.parametrize(
    "access_list", [None, [{"address": "0x" + "00" * 19 + "aa", "storageKeys": ["0x" + "00" * 32]}]]
)
def test_transactions_of_older_kinds_are_mined(served: Served, access_list: Any) -> None:
    sender = served.world.account()
    transaction = {
        "to": sender.address,
        "value": 0,
        "gas": 60_000,
        "gasPrice": served.web3.eth.gas_price,
        "chainId": served.web3.eth.chain_id,
        "nonce": 0,
    } | ({"accessList": access_list} if access_list else {})
    hash_ = served.web3.eth.send_raw_transaction(sender.sign_transaction(transaction).raw_transaction)
    assert served.web3.eth.wait_for_transaction_receipt(hash_)["status"] == 1
    assert served.web3.eth.get_transaction(hash_)["type"] == (1 if access_list else 0)


WRITE_AND_READ = """
import sys
from registry.chain.rpc.connect import connect
from tests.registry.chain.worlds import World
client = connect(sys.argv[1])
world, account = World("devnet", client, sys.argv[1]), int(sys.argv[2])
hashes = [world.send(world.account(account).address, account=account).hash.hex() for _ in range(5)]
print(*hashes)
"""


def test_several_processes_write_to_one_chain(served: Served) -> None:
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WRITE_AND_READ, served.url, str(account)],
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )
        for account in range(3)
    ]
    hashes = [hash_ for process in processes for hash_ in process.communicate(timeout=60)[0].split()]
    assert [process.returncode for process in processes] == [0, 0, 0]
    mined = [served.world.client.mined(bytes.fromhex(hash_)) for hash_ in hashes]
    assert sorted(one.block_number for one in mined if one) == list(range(1, 16))
    for number in range(1, 16):
        child, parent = served.world.client.block(number), served.world.client.block(number - 1)
        assert child is not None
        assert parent is not None
        assert child.parent_hash == parent.hash


ASKED = json.dumps({"jsonrpc": "2.0", "id": 7, "method": "eth_chainId", "params": []}).encode()


def post(url: str, body: bytes = ASKED, **headers: str) -> urllib3.BaseHTTPResponse:
    given = {"Content-Type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return urllib3.request("POST", url, body=body, headers=given, retries=False)


def test_a_web_page_of_another_site_gets_nothing(served: Served) -> None:
    assert post(served.url).json()["id"] == 7
    assert post(served.url, Content_Type="text/plain").status == 415
    assert post(served.url, Host="evil.example").status == 403
    assert post(served.url, Host="127.0.0.1.evil.example").status == 403
    asked_first = urllib3.request("OPTIONS", served.url, headers={"Origin": "https://evil.example"}, retries=False)
    assert asked_first.status == 405
    assert "access-control-allow-origin" not in asked_first.headers


@pytest.mark.parametrize(
    ("body", "code"),
    [(b"", -32700), (b"{", -32700), (b"[" * 100_000, -32700), (b"[]", -32600), (b"7", -32600), (b'{"id":1}', -32600)],
    ids=["nothing", "half", "deep", "empty batch", "number", "no method"],
)
def test_what_is_no_request_is_answered_as_the_specification_says(served: Served, body: bytes, code: int) -> None:
    assert post(served.url, body).json()["error"]["code"] == code
    assert post(served.url).json()["id"] == 7


def test_a_batch_is_answered_one_by_one_and_a_notification_not_at_all(served: Served) -> None:
    notification = {"jsonrpc": "2.0", "method": "eth_chainId"}
    batch = [json.loads(ASKED), notification, json.loads(ASKED) | {"id": "x", "method": "eth_nonsense"}]
    first, second = post(served.url, json.dumps(batch).encode()).json()
    assert (first["id"], second["id"], second["error"]["code"]) == (7, "x", -32601)
    assert post(served.url, json.dumps(notification).encode()).status == 204


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.org"])
def test_it_listens_on_loopback_only(served: Served, host: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        server.serve(served.chain, host, 0)
    assert refusal.value.code == "devnet-host"


def test_a_port_that_is_taken_is_named(served: Served) -> None:
    port = int(served.url.rpartition(":")[2])
    with pytest.raises(SettingsError, match=str(port)) as refusal:
        server.serve(served.chain, port=port)
    assert refusal.value.code == "devnet-port"
