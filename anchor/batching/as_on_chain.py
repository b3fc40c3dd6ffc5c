"""The row of a batch, brought to what the chain says of it."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from anchor.books.batches import BatchRow
from anchor.books.on_chain import UNSTATED
from anchor.books.tables import ANCHORED_STATES, BatchState
from anchor.sending.waiting import wait_for
from registry.chain.contract import CredentialRegistry, Event
from registry.errors import ChainError, TransactionUnsettled

EVENT_SECONDS = 10.0


def as_on_chain(contract: CredentialRegistry, row: BatchRow, finality_depth: int | None) -> BatchRow:
    """The batch as the chain has it now, whatever the database says; nothing is written.

    One that is anchored is mined or final, even if a person took it back. One that is not stays what it is, unless it
    was in a block that is gone: then it is sealed again.

    Raises:
        ChainError: code `count-differs`: its root is anchored for another number of leaves.
        TransactionUnsettled: it is anchored, and the endpoint does not give the event.
    """
    found = contract.batch(row.issuer, row.root)
    if found is None:
        gone = row.state in ANCHORED_STATES or row.transaction_hash is not None
        return replace(row, state=BatchState.SEALED, **_NO_BLOCK) if gone else row
    if found.leaf_count not in (UNSTATED, row.leaf_count):
        raise ChainError(
            f"root 0x{row.root.hex()} is anchored with {found.leaf_count} leaves; its tree has {row.leaf_count}",
            where=contract.client.where,
            remedy="Somebody anchored this root by hand with a wrong count: void it, and anchor with --reissue.",
            code="count-differs",
        )
    number = found.block_number

    def anchored() -> tuple[Event, ...] | None:
        where = {"from_block": number, "to_block": number}
        return contract.anchored_events(issuer=row.issuer, root=row.root, **where) or None

    # A node may know a block's state a moment before its events.
    events = wait_for(anchored, EVENT_SECONDS)
    if events is None:
        raise TransactionUnsettled(
            f"the chain has batch 0x{row.root.hex()} and does not give its event",
            where=contract.client.where,
            remedy="The endpoint is behind, or the chain is reorganising. Run `testamur anchor --resume`.",
        )
    event, final = events[0], contract.client.finalized(finality_depth)
    return replace(
        row,
        state=BatchState.FINAL if number <= final.number else BatchState.MINED,
        sequence=found.sequence,
        transaction_hash=event.transaction,
        block_number=number,
        block_hash=event.block_hash,
        block_time=int(found.anchored_at.timestamp()),
        parked_code=None,
        parked_why=None,
    )


def taken_over(
    contract: CredentialRegistry, issuer: int, root: bytes, leaf_count: int, finality_depth: int | None
) -> BatchRow:
    """The row of a batch that the chain has and the database does not, with what the chain says of it.

    Raises:
        ChainError, TransactionUnsettled: as `as_on_chain`.
    """
    found = as_on_chain(contract, BatchRow(0, issuer, root, leaf_count, BatchState.SEALED, 0), finality_depth)
    moment = int(time.time())
    return replace(
        found,
        sealed_at=found.block_time or moment,
        mined_at=moment,
        final_at=moment if found.state is BatchState.FINAL else None,
    )


_NO_BLOCK: dict[str, Any] = dict.fromkeys(
    ("transaction_hash", "block_number", "block_hash", "block_time", "sequence"), None
)
