"""Batches, parties and events as JSON writes them."""

from __future__ import annotations

from typing import Any

from registry.chain.contract import Reason
from registry.chain.rpc.hexadecimal import checksummed
from registry.index.facts import IndexedBatch, IndexedEvent, IndexedParty, Mark, shown_arguments
from registry.index.reader import Head
from registry.timestamps import from_unix, write_timestamp


def block_content(block: Mark) -> dict[str, Any]:
    """A block."""
    return {"number": block.number, "hash": f"0x{block.hash.hex()}", "timestamp": moment_text(block.time)}


def batch_content(batch: IndexedBatch, head: Head) -> dict[str, Any]:
    """A batch. Of a voided one all credentials are revoked, whatever `revoked` counts."""
    return {
        "issuer": batch.issuer,
        "sequence": batch.sequence,
        "root": f"0x{batch.root.hex()}",
        "leafCount": batch.leaf_count,
        "operator": checksummed(batch.operator),
        "transaction": f"0x{batch.transaction_hash.hex()}",
        "block": block_content(batch.block),
        "final": head.is_final(batch.block.number),
        "revoked": batch.revoked,
        "suspended": batch.suspended,
        "voidedAt": None if batch.voided_at is None else moment_text(batch.voided_at),
        "voidReason": None if batch.voided_at is None else Reason(batch.void_reason).word,
    }


def party_content(party: IndexedParty) -> dict[str, Any]:
    """A party."""
    return {
        "id": party.party,
        "uri": party.uri,
        "controller": checksummed(party.controller),
        "pendingController": party.pending_controller and checksummed(party.pending_controller),
        "registeredAt": moment_text(party.registered_at),
        "retiredAt": None if party.retired_at is None else moment_text(party.retired_at),
        "batches": party.sequence,
        "credentials": party.credentials,
        "profileHash": f"0x{party.profile_hash.hex()}",
    }


def event_content(event: IndexedEvent, head: Head) -> dict[str, Any]:
    """An event, with its arguments by the names of the contract's interface."""
    return {
        "block": block_content(event.block),
        "logIndex": event.log_index,
        "transaction": f"0x{event.transaction_hash.hex()}",
        "name": event.name,
        "party": event.party,
        "holder": event.holder,
        "root": None if event.root is None else f"0x{event.root.hex()}",
        "accreditation": event.accreditation,
        "final": head.is_final(event.block.number),
        "arguments": shown_arguments(event.arguments),
    }


def moment_text(seconds: int) -> str:
    """A Unix time as RFC 3339 writes it."""
    return write_timestamp(from_unix(seconds))
