"""The contract's accreditation events, read for `registry.recognition.ledger`."""

from __future__ import annotations

from registry.chain.abi import topics_of
from registry.chain.contract import CredentialRegistry
from registry.chain.rpc.client import Block, ChainClient
from registry.errors import ChainUnavailable
from registry.recognition.ledger import EVENT_NAMES, Ledger


def read_ledger(contract: CredentialRegistry) -> Ledger:
    """Every accreditation and recognition up to the newest block, rebuilt from the events alone.

    Raises:
        ChainUnavailable: no answer, or one that another block contradicts.
        ChainError: the events do not follow from each other.
    """
    client = contract.client
    head = _block(client, client.block("latest"))
    logs = client.logs(contract.accreditations_address, [topics_of(*EVENT_NAMES)], 0, head.number)
    events = contract.decode_events(logs, contract.blocks_of(logs))
    ledger = Ledger.from_events(events, as_of=head.reference)
    if _block(client, client.block(head.number)).hash != head.hash:
        raise ChainUnavailable("the chain reorganised while it was read", where=client.where, code="chain-moved")
    return ledger


def _block(client: ChainClient, block: Block | None) -> Block:
    if block is None:
        raise ChainUnavailable("a block of an event is not there", where=client.where, code="chain-moved")
    return block
