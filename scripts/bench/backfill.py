"""The indexer from the contract's first block to the head of a node with many events, and through providers.

    python -m scripts.bench.backfill [--events 50000] [--empty-blocks 20000] [--latency 30] [--turns 3] [--quick]

At a node, on both databases, two rivals in the same run: the same requests with nothing done to the answers but reading
their JSON, which no indexer can beat; and web3's own decoding of the same events, which stores nothing.

Then through providers on this machine that take a moment for each answer and limit blocks, logs and requests a second
(`scripts.bench.provider`): the blocks that are far below the head, into SQLite, in turns with

- the same one range after the other, as it was before several were read at once;
- a loop over `get_logs` of web3 with its own middleware, which decodes and stores nothing;
- the pattern of indexers such as Ponder, written here: fixed ranges, so many in flight, halved where they are refused,
  and the header of each block with events; it reads JSON and stores nothing;
- requests alone: ranges that are known to be allowed, so many in flight, and nothing but their JSON read.

Loopback only.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson
import requests
import urllib3
from web3 import Web3
from web3.exceptions import Web3RPCError

from registry.chain.contract import CredentialRegistry
from registry.chain.rpc.ahead import RANGES_AT_ONCE
from registry.chain.rpc.connect import connect
from registry.chain.rpc.hexadecimal import to_hex
from registry.chain.rpc.spans import FIRST_SPAN, LARGEST_SPAN, MANY_EVENTS
from registry.chain.web3 import registry_contract
from registry.database.engine import open_database
from registry.errors import ChainUnavailable
from registry.index.indexer import NEAR_BLOCKS, Indexer
from registry.index.reader import Index
from registry.index.writer import IndexWriter
from scripts.bench.postgres import postgres
from scripts.bench.provider import Plan, provider
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
            for _ in range(empty_blocks // blocks // 10):
                node.mine(10)
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


# Through providers


@dataclass(frozen=True)
class Far:
    """Blocks far below the head, and how many events they have."""

    first: int
    last: int
    events: int

    @property
    def blocks(self) -> int:
        return self.last - self.first + 1


def read_by_index(node: Chain, far: Far, urls: str, *, ranges: int) -> float:
    """Seconds for the far blocks, into SQLite. `ranges` 0: one range after the other."""
    client = connect(urls)
    contract = CredentialRegistry(client, node.contract.address)
    with tempfile.TemporaryDirectory() as folder:
        engine = open_database(f"sqlite:///{Path(folder) / 'index.db'}")
        writer = IndexWriter(engine, "eip155:31337", node.contract.address)
        indexer = Indexer(contract, writer, first_block=far.first, ranges=max(1, ranges))
        if not ranges:
            indexer._is_far = lambda _first, _last: False  # type: ignore[method-assign]
        begun = time.perf_counter()
        while (head := writer.head()) is None or head.cursor.number < far.last:
            try:
                indexer.step()
            except ChainUnavailable as error:
                # As `Indexer.run` waits.
                time.sleep(error.retry_after or 0.5)
        seconds = time.perf_counter() - begun
        indexer.close()
        engine.dispose()
    client.close()
    return seconds


def read_by_web3(node: Chain, far: Far, url: str, blocks: int) -> float:
    """Seconds for a loop over `get_logs`, one range after the other."""
    w3 = Web3(Web3.HTTPProvider(url))
    found, first, span = 0, far.first, blocks
    begun = time.perf_counter()
    while first <= far.last:
        last = min(far.last, first + span - 1)
        wanted: Any = {"fromBlock": first, "toBlock": last, "address": node.contract.address}
        try:
            found += len(w3.eth.get_logs(wanted))
        except Web3RPCError:
            span = max(1, span // 2)
        except requests.HTTPError:
            time.sleep(1.0)
        else:
            first = last + 1
    return _checked(found, far, begun)


class Asking:
    """Bare requests to a provider, asked again after a second where it limits them."""

    def __init__(self, url: str, at_once: int):
        self._url = url
        self._pool = urllib3.PoolManager(maxsize=at_once)

    def __call__(self, method: str, *params: object) -> Any:
        body = orjson.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        while True:
            answer = self._pool.request("POST", self._url, body=body, headers={"Content-Type": "application/json"})
            if answer.status != 429:
                return orjson.loads(answer.data)
            time.sleep(1.0)


def read_like_ponder(node: Chain, far: Far, url: str, blocks: int, at_once: int, *, headers: bool = True) -> float:
    """Seconds for fixed ranges, so many in flight, halved on an error; `headers` of each block with events."""
    ask = Asking(url, at_once)

    def logs(first: int, last: int) -> list[Any]:
        wanted = {"fromBlock": hex(first), "toBlock": hex(last), "address": node.contract.address}
        answer = ask("eth_getLogs", wanted)
        if "error" in answer:
            middle = (first + last) // 2
            return logs(first, middle) + logs(middle + 1, last)
        return list(answer["result"])

    begun = time.perf_counter()
    with ThreadPoolExecutor(at_once) as threads:
        starts = range(far.first, far.last + 1, blocks)
        found = [
            log
            for some in threads.map(lambda first: logs(first, min(far.last, first + blocks - 1)), starts)
            for log in some
        ]
        if headers:
            numbers = sorted({log["blockNumber"] for log in found})
            list(threads.map(lambda number: ask("eth_getBlockByNumber", number, False), numbers))
    return _checked(len(found), far, begun)


def _checked(found: int, far: Far, begun: float) -> float:
    seconds = time.perf_counter() - begun
    if found != far.events:
        raise RuntimeError(f"{found} events were read of {far.events}")
    return seconds


def through_providers(node: Chain, plan: Plan, turns: int) -> None:
    """All of them in turns; the median of each."""
    head = node.head()
    far = Far(node.deployment.block_number, head - NEAR_BLOCKS, 0)
    far = Far(far.first, far.last, len(node.client.logs(node.contract.address, (), far.first, far.last)))
    with provider(node.url, plan) as one, provider(node.url, plan) as two:
        both = f"{one} {two}"
        ways: dict[str, Callable[[], float]] = {
            "testamur, 4 ranges at each of two": lambda: read_by_index(node, far, both, ranges=RANGES_AT_ONCE),
            "testamur, 4 ranges at one": lambda: read_by_index(node, far, one, ranges=RANGES_AT_ONCE),
            "testamur, 8 ranges at one": lambda: read_by_index(node, far, one, ranges=8),
            "testamur, one range after the other": lambda: read_by_index(node, far, one, ranges=0),
            "web3, get_logs in a loop": lambda: read_by_web3(node, far, one, plan.blocks),
            "like Ponder, 4 in flight at one": lambda: read_like_ponder(node, far, one, plan.blocks, 4),
            "like Ponder, 8 in flight at one": lambda: read_like_ponder(node, far, one, plan.blocks, 8),
            "requests alone, 8 in flight at one": lambda: read_like_ponder(
                node, far, one, plan.blocks, 8, headers=False
            ),
        }
        taken: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(turns):
            for name, way in ways.items():
                taken[name].append(way())
    limits = f"{plan.blocks:,} blocks, {plan.logs:,} logs, {plan.requests or 'any number of'} requests a second"
    print(f"\n{far.blocks:,} blocks, {far.events:,} events through providers: {plan.latency * 1000:g} ms, {limits}")
    ours = statistics.median(taken["testamur, 4 ranges at each of two"])
    for name, seconds in taken.items():
        median = statistics.median(seconds)
        print(
            f"{name}: {far.blocks / median:,.0f} blocks/s, {far.events / median:,.0f} logs/s; "
            f"{median / ours:.2f} of the time of the first"
        )


def main() -> None:
    """At a node, then through providers."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--events", type=int)
    parser.add_argument("--empty-blocks", type=int)
    parser.add_argument("--latency", type=float, default=30, help="Milliseconds of a provider.")
    parser.add_argument("--blocks", type=int, default=500, help="That a provider allows in a range.")
    parser.add_argument("--logs", type=int, default=1_000, help="That a provider allows in an answer.")
    parser.add_argument("--turns", type=int)
    parser.add_argument("--quick", action="store_true", help="A small chain, one turn, no PostgreSQL.")
    arguments = parser.parse_args()
    events = arguments.events or (4_000 if arguments.quick else 50_000)
    empty = arguments.empty_blocks or (6_000 if arguments.quick else 20_000)
    turns = arguments.turns or (1 if arguments.quick else 3)
    with chain(issuers=ISSUERS) as node:
        fill(node, events, empty)
        at_a_node(node, with_postgres=not arguments.quick)
        plan = Plan(arguments.blocks, arguments.logs, latency=arguments.latency / 1000)
        through_providers(node, plan, turns)
        through_providers(node, replace(plan, latency=0.0), turns)
        if not arguments.quick:
            through_providers(node, replace(plan, requests=20), turns)


def at_a_node(node: Chain, *, with_postgres: bool) -> None:
    """Without latency or limits."""
    blocks, events = node.head(), len(node.client.logs(node.contract.address))
    limit = bare(node)
    print(f"{blocks:,} blocks, {events:,} events; read and thrown away: {events / limit:,.0f} events/s")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        databases = {"SQLite": f"sqlite:///{Path(folder) / 'index.db'}"}
        if with_postgres:
            databases["PostgreSQL"] = stack.enter_context(postgres())
        for name, url in databases.items():
            seconds = indexed(node, url)
            print(
                f"{name}: {events / seconds:,.0f} events/s, {blocks / seconds:,.0f} blocks/s, "
                f"{limit / seconds:.2f} of reading alone"
            )
    count, seconds = with_web3(node)
    print(f"web3, decoding {count:,} and storing nothing: {count / seconds:,.0f} events/s")


if __name__ == "__main__":
    main()
