"""What an audit reads from the chain: its blocks and every event of the contract.

Nothing that the operator says is taken for granted: where the contract begins is found by asking for its code, and
every event is decoded again and dated by the header of its block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import groupby

from registry.chain.contract import CredentialRegistry
from registry.chain.rpc.client import Block, ChainClient, Log, MinedTransaction
from registry.chain.rpc.remedies import TRY_LATER
from registry.chain.rpc.spans import in_spans
from registry.errors import ChainUnavailable
from registry.records import Event

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Transaction:
    """The events of one transaction, and all logs of the contracts that the list of logs had of it."""

    hash: bytes
    block: Block
    events: tuple[Event, ...]
    logs: tuple[Log, ...]

    def agrees(self, mined: MinedTransaction, addresses: Sequence[str]) -> bool:
        """Whether its receipt is of the same block and has the same logs of the contracts."""
        logs = tuple(log for log in mined.logs if log.address in addresses)
        return mined.block_hash == self.block.hash and logs == self.logs


def transactions(contract: CredentialRegistry, first: int, last: int, progress: Progress) -> Iterator[Transaction]:
    """Every transaction with events of the contracts in a range of blocks, in the order of the chain.

    Raises:
        ChainUnavailable: no answer, or the chain reorganised meanwhile (code `chain-moved`).
    """
    client = contract.client
    for logs in walk(client, contract.addresses, first, last, progress):
        blocks = contract.blocks_of(logs)
        for (number, transaction), of_one in groupby(logs, key=lambda log: (log.block_number, log.transaction_hash)):
            its_logs = tuple(of_one)
            yield Transaction(transaction, blocks[number], contract.decode_events(its_logs, blocks), its_logs)


def walk(
    client: ChainClient, addresses: Sequence[str], first: int, last: int, progress: Progress
) -> Iterator[tuple[Log, ...]]:
    """Every log of these contracts, in order and piece by piece; the ranges of blocks fit what the endpoint answers.

    Raises:
        ChainUnavailable: the endpoint does not even answer for a single block.
    """
    for end, logs in in_spans(partial(client.logs, addresses, ()), first, last):
        yield logs
        progress(end - first + 1, last - first + 1)


def block_at(client: ChainClient, moment: datetime, *, after: bool) -> int:
    """The number of the first block at that time or later, or with `after=False` of the last one before it.

    Raises:
        ChainUnavailable: no answer.
    """
    low, high = 0, existing_block(client, "latest").number + 1
    while low < high:
        middle = (low + high) // 2
        if existing_block(client, middle).timestamp < moment:
            low = middle + 1
        else:
            high = middle
    return low if after else max(0, low - 1)


def existing_block(client: ChainClient, number: int | str) -> Block:
    """That block, or "latest".

    Raises:
        ChainUnavailable: the chain does not have it.
    """
    block = client.block("latest" if isinstance(number, str) else number)
    if block is None:
        raise ChainUnavailable(
            f"the chain has no block {number}", where=client.where, remedy=TRY_LATER, code="no-block"
        )
    return block
