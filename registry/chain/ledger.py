"""The contract's accreditation events, read for `registry.recognition.ledger`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from registry.chain.abi import artifact
from registry.chain.contract import CredentialRegistry, Event
from registry.chain.rpc.client import Block, ChainClient
from registry.errors import ChainUnavailable
from registry.recognition.ledger import EVENT_NAMES, Ledger, LedgerEvent
from registry.records import BlockRef


def read_ledger(contract: CredentialRegistry) -> Ledger:
    """Every accreditation and recognition up to the newest block, rebuilt from the events alone.

    Raises:
        ChainUnavailable: no answer, or one that another block contradicts.
        ChainError: the events do not follow from each other.
    """
    client = contract.client
    head = _block(client, client.block("latest"))
    topics = [topic for topic, item in artifact().events_by_topic.items() if item.name in EVENT_NAMES]
    logs = client.logs(contract.address, [topics], 0, head.number)
    ledger = Ledger.from_events(_dated(contract, contract.decode_events(logs)), as_of=_reference(head))
    if _block(client, client.block(head.number)).hash != head.hash:
        raise ChainUnavailable("the chain reorganised while it was read", where=client.where, code="chain-moved")
    return ledger


def _dated(contract: CredentialRegistry, events: Iterable[Event]) -> Iterator[LedgerEvent]:
    times: dict[int, Block] = {}
    for event in events:
        number = event.log.block_number
        if number not in times:
            times[number] = _block(contract.client, contract.client.block(number))
        yield LedgerEvent(event.name, event.arguments, times[number].timestamp)


def _block(client: ChainClient, block: Block | None) -> Block:
    if block is None:
        raise ChainUnavailable("a block of an event is not there", where=client.where, code="chain-moved")
    return block


def _reference(block: Block) -> BlockRef:
    return BlockRef(block.number, block.hash, block.timestamp)
