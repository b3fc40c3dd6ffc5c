"""Batches, parties and events as JSON writes them."""

from __future__ import annotations

from typing import Any

from registry.chain.rpc.hexadecimal import checksummed
from registry.index.facts import digest_of, shown_arguments
from registry.index.reader import Head
from registry.records import Batch, DigestStatus, Event, Party
from registry.timestamps import write_timestamp


def batch_content(batch: Batch, head: Head) -> dict[str, Any]:
    """A batch. Of a voided one all credentials are revoked, whatever `revoked` counts; and it counts places, not what
    was said of credentials by their digests.
    """
    anchor = batch.seen
    return {
        "issuer": batch.issuer,
        "sequence": batch.sequence,
        "root": f"0x{batch.root.hex()}",
        "leafCount": batch.leaf_count,
        "operator": checksummed(anchor.operator),
        "transaction": f"0x{anchor.transaction.hex()}",
        "block": batch.block.to_dict(),
        "final": head.is_final(batch.block_number),
        "revoked": batch.revoked,
        "suspended": batch.suspended,
        "voidedAt": None if batch.voided_at is None else write_timestamp(batch.voided_at),
        "voidReason": None if batch.void_reason is None else batch.void_reason.word,
    }


def party_content(party: Party) -> dict[str, Any]:
    """A party."""
    return {
        "id": party.id,
        "uri": party.uri,
        "controller": checksummed(party.controller),
        "pendingController": party.pending_controller and checksummed(party.pending_controller),
        "registeredAt": write_timestamp(party.registered_at),
        "retiredAt": None if party.retired_at is None else write_timestamp(party.retired_at),
        "batches": party.sequence,
        "credentials": party.credentials,
        "profileHash": f"0x{party.profile_hash.hex()}",
    }


def digest_status_content(status: DigestStatus) -> dict[str, Any]:
    """What an issuer said of a credential by its digest."""
    revoked, suspended = status.revocation_reason, status.suspension_reason
    return {
        "revokedAt": None if status.revoked_at is None else write_timestamp(status.revoked_at),
        "revocationReason": None if revoked is None else revoked.word,
        "suspendedAt": None if status.suspended_at is None else write_timestamp(status.suspended_at),
        "suspensionReason": None if suspended is None else suspended.word,
    }


def event_content(event: Event, head: Head) -> dict[str, Any]:
    """An event, with its arguments by the names of the contract's interface."""
    return {
        "block": event.block.to_dict(),
        "logIndex": event.log_index,
        "transaction": f"0x{event.transaction.hex()}",
        "name": event.name,
        "party": event.party,
        "holder": event.holder,
        "root": None if event.root is None else f"0x{event.root.hex()}",
        "accreditation": event.accreditation,
        "digest": None if (digest := digest_of(event)) is None else digest.hex(),
        "final": head.is_final(event.block_number),
        "arguments": shown_arguments(event.arguments),
    }
