"""The indexer from the contract's first block to the head of a node with many events, on both databases.

    python -m scripts.bench.backfill [--events 50000] [--empty-blocks 20000]

Two rivals in the same run: the same requests with nothing done to the answers but reading their JSON, which no indexer
can beat; and web3's own decoding of the same events, which stores nothing. Loopback only.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

from web3 import Web3

from registry.chain.rpc.hexadecimal import to_hex
from registry.chain.rpc.spans import FIRST_SPAN, LARGEST_SPAN, MANY_EVENTS
from registry.chain.web3 import registry_contract
from registry.database.engine import open_database
from registry.index.indexer import Indexer
from registry.index.reader import Index
from registry.index.writer import IndexWriter
from scripts.bench.postgres import postgres
from tests.faults.harness import Chain, chain

ROOTS_A_TRANSACTION = 100
TRANSACTIONS_A_BLOCK = 8
ISSUERS = 20


def fill(node: Chain, events: int, empty_blocks: int) -> None:
    """Anchors of all issuers in turn, with empty blocks between them."""
    contract, account = node.contract, node.world.account()
    nonce = node.client.nonce(account.address)
    transactions = max(1, events // ROOTS_A_TRANSACTION)
    blocks = -(-transactions // TRANSACTIONS_A_BLOCK)
    fees = {"gas": 29_000_000 // TRANSACTIONS_A_BLOCK, "maxFeePerGas": 10**12}
    for number in range(transactions):
        roots = [(number * ROOTS_A_TRANSACTION + place + 1).to_bytes(32, "big") for place in range(ROOTS_A_TRANSACTION)]
        data = contract.anchor_many_data(number % ISSUERS + 1, roots, [7] * len(roots))
        node.client.send_raw(node.world.signed(contract.address, data, nonce=nonce + number, **fees))
        if number % TRANSACTIONS_A_BLOCK == TRANSACTIONS_A_BLOCK - 1:
            node.mine()
            for _ in range(empty_blocks // blocks // 50):
                node.mine(50)
    while node.client.nonce(account.address) < nonce + transactions:
        node.mine()


def indexed(node: Chain, url: str) -> float:
    """Seconds for the whole chain."""
    engine = open_database(url)
    writer = IndexWriter(engine, "eip155:31337", node.contract.address)
    begun = time.perf_counter()
    Indexer(node.contract, writer, first_block=node.deployment.block_number).catch_up()
    seconds = time.perf_counter() - begun
    found = Index(engine, "eip155:31337", node.contract.address).counts()["events"]
    if found != len(node.client.logs(node.contract.address)):
        raise RuntimeError(f"{found} events are in the index")
    engine.dispose()
    return seconds


def bare(node: Chain) -> float:
    """Seconds for the same ranges of events and the headers of their blocks, read and thrown away."""
    client, first, span, head = node.client, node.deployment.block_number, FIRST_SPAN, node.head()
    begun = time.perf_counter()
    while first <= head:
        last = min(head, first + span - 1)
        wanted = {"fromBlock": to_hex(first), "toBlock": to_hex(last), "address": node.contract.address}
        found = client.request("eth_getLogs", [wanted])
        for number in sorted({log["blockNumber"] for log in found}):
            client.request("eth_getBlockByNumber", [number, False])
        span = min(LARGEST_SPAN, span * 2) if len(found) < MANY_EVENTS else span
        first = last + 1
    return time.perf_counter() - begun


def with_web3(node: Chain) -> tuple[int, float]:
    """How many anchors web3 decodes, and in how many seconds; nothing is stored."""
    w3 = Web3(Web3.HTTPProvider(node.url))
    contract: Any = registry_contract(w3, node.contract.address)
    begun = time.perf_counter()
    some = min(node.head(), node.deployment.block_number + 2_000)
    found = contract.events.Anchored.get_logs(from_block=node.deployment.block_number, to_block=some)
    return len(found), time.perf_counter() - begun


def main() -> None:
    """Both databases, then the rivals."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--empty-blocks", type=int, default=20_000)
    arguments = parser.parse_args()
    with chain(issuers=ISSUERS) as node, tempfile.TemporaryDirectory() as folder, postgres() as database:
        fill(node, arguments.events, arguments.empty_blocks)
        blocks, events = node.head(), len(node.client.logs(node.contract.address))
        limit = bare(node)
        print(f"{blocks:,} blocks, {events:,} events; read and thrown away: {events / limit:,.0f} events/s")
        for name, url in (("SQLite", f"sqlite:///{Path(folder) / 'index.db'}"), ("PostgreSQL", database)):
            seconds = indexed(node, url)
            print(
                f"{name}: {events / seconds:,.0f} events/s, {blocks / seconds:,.0f} blocks/s, "
                f"{limit / seconds:.2f} of reading alone"
            )
        count, seconds = with_web3(node)
        print(f"web3, decoding {count:,} and storing nothing: {count / seconds:,.0f} events/s")


if __name__ == "__main__":
    main()
