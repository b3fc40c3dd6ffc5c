"""What web3 costs against this program's own encoders and decoders, for the same values, in turns of one run.

    python scripts/bench/with_web3.py [rounds]

No network: both ask the same endpoint in the process, which gives the same answer at once. Times are a core's work
(user and system), and the best of the turns counts. A start is that of a new Python, less that of an empty one.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import process_time
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[2]))

from eth_account import Account
from hexbytes import HexBytes
from web3 import Web3

from registry.chain.abi import artifact
from registry.chain.contract import CredentialRegistry
from registry.chain.deployment import DETERMINISTIC_DEPLOYER, deploy_data
from registry.chain.editions import second
from registry.chain.rpc.client import ChainClient
from registry.chain.web3 import encode_call, registry_contract, web3_of
from registry.embedded.chain import EmbeddedChain
from registry.embedded.genesis import CHAIN_ID, PUBLICLY_KNOWN_KEYS

TURNS = 5
STARTS = 5
ROOT = bytes(range(32))
ACCOUNT = Account.from_key(PUBLICLY_KNOWN_KEYS[0])


class Row(NamedTuple):
    """What is measured, by us and by web3; seconds."""

    what: str
    ours: Callable[[], object]
    theirs: Callable[[], object]


class Start(NamedTuple):
    """What a process imports, without web3 and with it."""

    what: str
    ours: str
    theirs: str


STARTS_OF = (
    Start("start of what reads the chain", "import registry.chain.contract", "import web3"),
    Start("start of a command that reads", "import anchor.cli.app", "import anchor.cli.app, web3"),
    Start(
        "start of a command that sends",
        "import anchor.cli.app, eth_account, registry.chain.contract",
        "import anchor.cli.app, eth_account, registry.chain.contract, registry.chain.web3",
    ),
)


class Canned:
    """An endpoint with one answer."""

    def __init__(self, result: object):
        self._answer = {"jsonrpc": "2.0", "id": 1, "result": result}

    def make_request(self, _method: str, _params: Sequence[object]) -> Mapping[str, object]:
        """The answer."""
        return self._answer


def main() -> None:
    """Both, in turns, as a table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    print(f"| {'what, on one core':34} | {'ours':>10} | {'web3':>10} | web3 / ours |\n|---|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder, EmbeddedChain(Path(folder)) as chain:
        for row in rows(chain.client()):
            ours, theirs = in_turns(row, rounds)
            shown(row.what, ours, theirs)
    signing = best(lambda: ACCOUNT.sign_transaction(_transaction(b"")), 20)
    nothing = start("pass")
    for each in STARTS_OF:
        shown(each.what, start(each.ours) - nothing, start(each.theirs) - nothing)
    print(f"\nFor scale: signing one transaction takes {_written(signing)}, whoever encoded it.")


def rows(client: ChainClient) -> list[Row]:
    """One batch is anchored; its event and its record are what both read."""
    address = second().address
    for to, call in (
        (DETERMINISTIC_DEPLOYER, deploy_data(artifact().initcode)),
        (address, encode_call("registerParty", "did:web:university.example", bytes(32))),
        (address, encode_call("anchor", 1, ROOT, 5)),
    ):
        client.send_raw(ACCOUNT.sign_transaction(_transaction(call, to=to, nonce=_nonce(client))).raw_transaction)
    head = client.request("eth_getBlockByNumber", ["latest", False])["number"]
    (told,) = client.request("eth_getLogs", [{"fromBlock": head, "toBlock": head, "address": address}])
    (log,) = client.logs(address, from_block=int(head, 16))
    answer = client.request("eth_call", [{"to": address, "data": "0x" + _batch_of().hex()}, "latest"])
    asked = ChainClient(Canned(answer))
    binding, w3 = CredentialRegistry(asked, address), web3_of(asked)
    contract: Any = registry_contract(w3, address)
    event, item = contract.events.Anchored(), artifact().events_by_topic[log.topics[0]]
    formatted = _formatted(told)
    whole: Any = Web3().eth.contract(abi=contract.abi)
    batch_of = contract.functions.batchOf
    return [
        Row(
            "decode an `Anchored` event",
            lambda: item.decode_event(log.topics, log.data),
            lambda: event.process_log(formatted),
        ),
        Row("ask and decode `batchOf`", lambda: binding.batch(1, ROOT), lambda: batch_of(1, ROOT).call()),
        Row(
            "encode `anchor`",
            lambda: artifact().functions["anchor"].encode(1, ROOT, 5),
            lambda: encode_call("anchor", 1, ROOT, 5),
        ),
        Row(
            "encode `anchor`, whole interface",
            lambda: artifact().functions["anchor"].encode(1, ROOT, 5),
            lambda: whole.encode_abi("anchor", args=[1, ROOT, 5]),
        ),
    ]


def in_turns(row: Row, rounds: int) -> tuple[float, float]:
    """Seconds of each side: the best turn."""
    turns = [(took(row.ours, rounds), took(row.theirs, rounds)) for _ in range(TURNS)]
    return min(ours for ours, _ in turns), min(theirs for _, theirs in turns)


def took(run: Callable[[], object], rounds: int) -> float:
    """Seconds of work a time."""
    began = process_time()
    for _ in range(rounds):
        run()
    return (process_time() - began) / rounds


def best(run: Callable[[], object], rounds: int) -> float:
    """Seconds of the best turn."""
    return min(took(run, rounds) for _ in range(TURNS))


def start(program: str) -> float:
    """Seconds of work of a new Python with this program: the best of several."""
    seconds = []
    for _ in range(STARTS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[2])
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(seconds)


def shown(what: str, ours: float, theirs: float) -> None:
    """One row of the table."""
    print(f"| {what:34} | {_written(ours):>10} | {_written(theirs):>10} | {theirs / ours:.1f} |", flush=True)


def _written(seconds: float) -> str:
    return f"{seconds * 1e6:,.0f} µs" if seconds < 0.01 else f"{seconds:.2f} s"


def _nonce(client: ChainClient) -> int:
    return client.nonce(ACCOUNT.address)


def _batch_of() -> bytes:
    return artifact().functions["batchOf"].encode(1, ROOT)


def _formatted(told: Mapping[str, Any]) -> dict[str, Any]:
    """A log as `eth.get_logs` of web3 gives it."""
    numbers = ("blockNumber", "logIndex", "transactionIndex")
    return {
        **told,
        **{name: int(told[name], 16) for name in numbers},
        **{name: HexBytes(told[name]) for name in ("blockHash", "transactionHash", "data")},
        "address": Web3.to_checksum_address(told["address"]),
        "topics": [HexBytes(topic) for topic in told["topics"]],
    }


def _transaction(call: bytes, *, to: str = DETERMINISTIC_DEPLOYER, nonce: int = 0) -> dict[str, Any]:
    fees = {"gas": 12_000_000, "maxFeePerGas": 10**10, "maxPriorityFeePerGas": 10**9}
    return {"type": 2, "chainId": CHAIN_ID, "nonce": nonce, "to": to, "value": 0, "data": call, **fees}


if __name__ == "__main__":
    main()
